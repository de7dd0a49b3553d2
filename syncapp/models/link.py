from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Func, Q, Value

from connectors.contracts import RecordState as EngineRecordState
from syncapp.ids import uuid7
from syncapp.tenancy import TenantModel

RECORD_STATES = [(state.value, state.value) for state in EngineRecordState]


class Lifecycle(models.TextChoices):
    CANDIDATE = "candidate", "Possible match"
    CREATING = "creating", "Not linked yet"
    LINKED = "linked", "Linked"
    UNLINKED = "unlinked", "Unlinked"
    GONE = "gone", "Gone on both sides"
    ABSORBED = "absorbed", "Joined with another"


class Attention(models.TextChoices):
    NONE = "none", "None"
    SKIPPED = "skipped", "Skipped"
    WAITING = "waiting", "Waiting for a parent"
    CANDIDATE = "candidate", "Possible match"
    CONFLICT = "conflict", "Conflict"
    DRIFT = "drift", "Changed on one side"
    DATA_ERROR = "data_error", "Needs attention"
    BLOCKED = "blocked", "Blocked"
    UNKNOWN = "unknown", "Outcome unknown"
    QUARANTINED = "quarantined", "Set aside"
    OSCILLATION = "oscillation", "Goes back and forth"
    GONE = "gone", "Deleted there"


CLOSED_LIFECYCLES = [Lifecycle.UNLINKED, Lifecycle.ABSORBED]


class RecordLink(TenantModel):
    """ "This Salesforce record and that QuickBooks record are the same thing"; one id may still be empty.

    Tokens and states are what the last agreement or reading said (sync-semantics section 1). Live links are unique per
    remote record and object over there, in the database.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    integration = models.ForeignKey(
        "syncapp.Integration", on_delete=models.CASCADE, db_index=False, related_name="+"
    )
    mapping = models.ForeignKey("syncapp.Mapping", on_delete=models.CASCADE, db_index=False, related_name="+")
    sf_object = models.CharField(max_length=80)
    qbo_entity = models.CharField(max_length=80)
    sf_id = models.CharField(max_length=18, null=True, blank=True)
    qbo_id = models.CharField(max_length=32, null=True, blank=True)
    name = models.CharField(max_length=500, blank=True)
    name_key = models.CharField(max_length=500, blank=True, db_collation="C")

    sf_token = models.CharField(max_length=40, blank=True)
    sf_modified = models.DateTimeField(null=True, blank=True)
    qbo_token = models.CharField(max_length=40, blank=True)
    qbo_modified = models.DateTimeField(null=True, blank=True)
    sf_state = models.CharField(max_length=8, choices=RECORD_STATES, default="none")
    qbo_state = models.CharField(max_length=8, choices=RECORD_STATES, default="none")

    lifecycle = models.CharField(max_length=10, choices=Lifecycle.choices, default=Lifecycle.CREATING)
    attention = models.CharField(max_length=12, choices=Attention.choices, default=Attention.NONE)
    attention_code = models.CharField(max_length=80, blank=True)
    attention_values = models.JSONField(default=dict, blank=True)
    no_recreate = models.BooleanField(default=False)
    paused = models.BooleanField(default=False)
    absorbed_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    attempts = models.PositiveSmallIntegerField(default=0)
    last_ok_at = models.DateTimeField(null=True, blank=True)
    last_cause = models.CharField(max_length=120, blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["integration", "sf_object", "sf_id", "qbo_entity"],
                condition=Q(sf_id__isnull=False) & ~Q(lifecycle__in=["unlinked", "absorbed"]),
                name="one_live_link_per_salesforce_record",
            ),
            models.UniqueConstraint(
                fields=["integration", "qbo_entity", "qbo_id", "sf_object"],
                condition=Q(qbo_id__isnull=False) & ~Q(lifecycle__in=["unlinked", "absorbed"]),
                name="one_live_link_per_quickbooks_record",
            ),
        ]
        indexes = [
            models.Index(fields=["company", "-id"], name="link_company_newest"),
            models.Index(fields=["company", "lifecycle", "attention", "-id"], name="link_company_state"),
            models.Index(fields=["company", "mapping", "-id"], name="link_company_mapping"),
            models.Index(fields=["company", "name_key"], name="link_company_name"),
        ]
        base_manager_name = "all_companies"

    def __str__(self) -> str:
        return self.name or self.sf_id or self.qbo_id or str(self.id)


def _figure(function: str, *parts: Any, kind: models.Field[Any, Any]) -> Any:
    """A column that PostgreSQL works out from the values of the row, with a function of migration 0021."""
    return models.GeneratedField(
        expression=Func(*parts, function=function), output_field=kind, db_persist=True, null=True
    )


class LinkBase(TenantModel):
    """The wide part of a link: per side, the canonical values that side held at the last agreement, and held units."""

    link = models.OneToOneField(RecordLink, primary_key=True, on_delete=models.CASCADE, related_name="base")
    sf_base = models.JSONField(null=True)
    qbo_base = models.JSONField(null=True)
    base_version = models.PositiveIntegerField(default=0)
    held = models.JSONField(default=dict)
    candidates = models.JSONField(default=list)
    """Possible matches shown to a person, as of the last decision."""
    seen = models.JSONField(default=dict, db_default=Value({}, models.JSONField()))
    """By side, what a document is and comes to while it is on that side only; empty once both have it."""

    doc_net_sf = _figure(
        "lb_net",
        Value("sf"),
        F("held"),
        F("sf_base"),
        F("seen"),
        kind=models.DecimalField(max_digits=24, decimal_places=8),
    )
    """What the lines of each side come to, without tax, as it holds them now; empty without lines."""
    doc_net_qbo = _figure(
        "lb_net",
        Value("qbo"),
        F("held"),
        F("qbo_base"),
        F("seen"),
        kind=models.DecimalField(max_digits=24, decimal_places=8),
    )
    doc_tax_sf = _figure(
        "lb_tax",
        Value("sf"),
        F("sf_base"),
        F("seen"),
        kind=models.DecimalField(max_digits=24, decimal_places=8),
    )
    doc_tax_qbo = _figure(
        "lb_tax",
        Value("qbo"),
        F("qbo_base"),
        F("seen"),
        kind=models.DecimalField(max_digits=24, decimal_places=8),
    )
    doc_customer_sf = _figure("lb_party", Value("sf"), F("sf_base"), F("seen"), kind=models.TextField())
    doc_customer_qbo = _figure("lb_party", Value("qbo"), F("qbo_base"), F("seen"), kind=models.TextField())
    doc_currency = _figure(
        "lb_first", Value("currency"), F("qbo_base"), F("sf_base"), F("seen"), kind=models.TextField()
    )
    doc_day = _figure(
        "lb_first", Value("doc_date,date"), F("qbo_base"), F("sf_base"), F("seen"), kind=models.TextField()
    )

    class Meta:
        base_manager_name = "all_companies"


class LinkWork(TenantModel):
    """Exists only while a link is due. Leases and fences live here (sync-semantics section 17)."""

    link = models.OneToOneField(RecordLink, primary_key=True, on_delete=models.CASCADE, related_name="work")
    mapping = models.ForeignKey("syncapp.Mapping", on_delete=models.CASCADE, db_index=False, related_name="+")
    priority = models.PositiveSmallIntegerField()
    """0 interactive, 1 normal, 2 bulk."""
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    owner = models.CharField(max_length=64, blank=True)
    fence = models.BigIntegerField(default=0)
    again = models.BooleanField(default=False)
    """Something arrived while leased: due again at release."""
    run = models.ForeignKey(
        "syncapp.Run", null=True, on_delete=models.SET_NULL, db_index=False, related_name="+"
    )
    forced = models.CharField(max_length=3, blank=True)
    """The target side of a person's press, else empty."""
    cause = models.CharField(max_length=120, blank=True)
    outcome = models.CharField(max_length=8, blank=True, db_default="")
    """What the link counts as in its run so far; a later outcome takes its place there, so that it counts once."""

    class Meta:
        indexes = [
            models.Index(fields=["company", "priority", "due_at"], name="work_company_due"),
            models.Index(fields=["run"], name="work_run", condition=Q(run__isnull=False)),
            models.Index(fields=["lease_until"], name="work_lease", condition=Q(lease_until__isnull=False)),
        ]
        base_manager_name = "all_companies"


class LinkWait(TenantModel):
    """A child that waits for a parent to be linked."""

    child = models.ForeignKey(RecordLink, on_delete=models.CASCADE, related_name="waits", db_index=False)
    parent = models.ForeignKey(
        RecordLink, on_delete=models.CASCADE, related_name="awaited_by", db_index=False
    )
    run = models.ForeignKey(
        "syncapp.Run", null=True, on_delete=models.SET_NULL, db_index=False, related_name="+"
    )
    """The run that counts the child as waiting: it goes on in it when its parent is linked in time."""
    outcome = models.CharField(max_length=8, blank=True, db_default="")
    """What the child counts as in that run while it waits."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["child", "parent"], name="one_wait_per_pair")]
        indexes = [
            models.Index(fields=["parent"], name="wait_parent"),
            models.Index(fields=["run"], name="wait_run", condition=Q(run__isnull=False)),
        ]
        base_manager_name = "all_companies"


class DoNotMatch(TenantModel):
    """A person said that these two are not the same thing."""

    integration = models.ForeignKey("syncapp.Integration", on_delete=models.CASCADE, related_name="+")
    sf_object = models.CharField(max_length=80)
    sf_id = models.CharField(max_length=18)
    qbo_entity = models.CharField(max_length=80)
    qbo_id = models.CharField(max_length=32)
    by = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["integration", "sf_object", "sf_id", "qbo_entity", "qbo_id"], name="one_do_not_match"
            )
        ]
        base_manager_name = "all_companies"


class Alias(TenantModel):
    """A merge loser: every reference to `old_id` means `new_id` (sync-semantics section 10)."""

    connection = models.ForeignKey("syncapp.Connection", on_delete=models.CASCADE, related_name="+")
    object = models.CharField(max_length=80)
    old_id = models.CharField(max_length=32)
    new_id = models.CharField(max_length=32)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "object", "old_id"], name="one_alias_per_id")
        ]
        base_manager_name = "all_companies"


class MatchKey(TenantModel):
    """Normalised identity keys of remote records, both sides, for matching without a query per record."""

    connection = models.ForeignKey(
        "syncapp.Connection", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    object = models.CharField(max_length=80)
    remote_id = models.CharField(max_length=32)
    kind = models.CharField(max_length=12)
    value = models.CharField(max_length=255, db_collation="C")

    class Meta:
        # The look-up by value is the unique index itself: with two that could answer, the planner takes the wrong one
        # while it knows nothing of a freshly filled table.
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "object", "kind", "value", "remote_id"], name="one_match_key"
            )
        ]
        indexes = [models.Index(fields=["connection", "object", "remote_id"], name="match_key_record")]
        base_manager_name = "all_companies"
