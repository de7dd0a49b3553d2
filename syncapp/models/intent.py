from __future__ import annotations

from django.db import models
from django.db.models import Q

from syncapp.ids import uuid7
from syncapp.tenancy import TenantModel


class IntentState(models.TextChoices):
    PLANNED = "planned"
    SENDING = "sending"
    UNKNOWN = "unknown"
    ASK = "ask"
    APPLIED = "applied"
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"


OPEN_STATES = [IntentState.PLANNED, IntentState.SENDING, IntentState.UNKNOWN, IntentState.ASK]


class BatchSend(TenantModel):
    """One write call (a QuickBooks batch, a Salesforce composite): its request id and items never change once sent."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey(
        "syncapp.Connection", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    side = models.CharField(max_length=3)
    request_id = models.CharField(max_length=36)
    state = models.CharField(max_length=10, choices=IntentState.choices, default=IntentState.PLANNED)
    size = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    owner = models.CharField(max_length=64, blank=True)
    fence = models.BigIntegerField(default=0)
    sends = models.PositiveSmallIntegerField(default=0)
    probes = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    first_sent_at = models.DateTimeField(null=True)
    last_sent_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["company", "next_at"],
                name="batch_open",
                condition=Q(state__in=["sending", "unknown"]),
            )
        ]
        base_manager_name = "all_companies"


class WriteIntent(TenantModel):
    """One remote write, stored before it is sent (the outbox; sync-semantics section 11)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey(
        "syncapp.Connection", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    link = models.ForeignKey(
        "syncapp.RecordLink", on_delete=models.CASCADE, related_name="intents", db_index=False
    )
    batch = models.ForeignKey(BatchSend, null=True, on_delete=models.CASCADE, related_name="intents")
    bid = models.CharField(max_length=10, blank=True)
    side = models.CharField(max_length=3)
    object = models.CharField(max_length=80)
    remote_id = models.CharField(max_length=32, blank=True)
    operation = models.CharField(max_length=12)
    external_field = models.CharField(max_length=80, blank=True)
    external_value = models.CharField(max_length=255, blank=True)
    body = models.TextField()
    """Canonical JSON, exactly as sent; empty once the retention time is over."""
    body_sha256 = models.CharField(max_length=64)
    units = models.JSONField(default=list)
    """The merge units this write carries, with the source values it was decided from."""
    source_base = models.JSONField(default=dict)
    changes = models.JSONField(default=list)
    """Per field: {unit, key, label, before, after}: what the audit row and the attempt will say."""
    expected_token = models.CharField(max_length=40, blank=True)
    guard = models.CharField(max_length=20, blank=True)
    rests = models.CharField(max_length=8, blank=True)
    """What follows once it is applied: `undone` (its units are held), `closed` (the link is), empty for neither."""
    state = models.CharField(max_length=10, choices=IntentState.choices, default=IntentState.PLANNED)
    fence = models.BigIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    run = models.ForeignKey(
        "syncapp.Run", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    cause = models.CharField(max_length=120, blank=True)
    mapping_version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    first_sent_at = models.DateTimeField(null=True)
    last_sent_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    result_id = models.CharField(max_length=32, blank=True)
    result_token = models.CharField(max_length=40, blank=True)
    result_code = models.CharField(max_length=80, blank=True)
    request_id = models.CharField(max_length=80, blank=True)
    """The vendor's own id of the answer."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["link", "side"],
                condition=Q(state__in=OPEN_STATES),
                name="one_open_intent_per_link_and_side",
            ),
            models.UniqueConstraint(
                fields=["connection", "object", "remote_id"],
                condition=Q(state__in=OPEN_STATES) & ~Q(remote_id=""),
                name="one_open_intent_per_remote_record",
            ),
        ]
        indexes = [models.Index(fields=["link", "-id"], name="intent_link")]
        base_manager_name = "all_companies"
