from __future__ import annotations

from django.conf import settings
from django.db import models

from syncapp.ids import uuid7
from syncapp.tenancy import TenantModel


class RunKind(models.TextChoices):
    BUTTON = "button", "Button"
    SCHEDULE = "schedule", "Schedule"
    FIRST_LOAD = "first_load", "First load"
    RETRY = "retry", "Retry"
    PREVIEW = "preview", "Preview"
    SHELL = "shell", "Command line"
    SYNC_NOW = "sync_now", "Sync now"
    APPLY = "apply", "Applied plan"
    UNDO = "undo", "Undo"
    HISTORY = "history", "History"
    CHECK = "check", "Check for missed changes"


EXACT_KINDS = (RunKind.APPLY, RunKind.UNDO)
"""Runs that carry out the stored decisions of their `origin`, and no others."""
ASKED_KINDS = (RunKind.BUTTON, RunKind.RETRY, RunKind.SHELL, RunKind.SYNC_NOW, RunKind.APPLY, RunKind.HISTORY)
"""Runs that a person asked for record by record: a mapping that runs by button only lets them through."""


class RunState(models.TextChoices):
    QUEUED = "queued", "Queued"
    READING = "reading", "Reading"
    RUNNING = "running", "Running"
    STOPPED = "stopped", "Paused"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    DROPPED = "dropped", "Discarded"
    CANCELLED = "canceled", "Cancelled"


class Run(TenantModel):
    """One pass over many links: a button, a schedule, a first load, a preview."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    integration = models.ForeignKey(
        "syncapp.Integration", on_delete=models.CASCADE, related_name="runs", db_index=False
    )
    mapping = models.ForeignKey(
        "syncapp.Mapping", null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    schedule = models.ForeignKey("syncapp.Schedule", null=True, on_delete=models.SET_NULL, related_name="+")
    kind = models.CharField(max_length=10, choices=RunKind.choices)
    state = models.CharField(max_length=8, choices=RunState.choices, default=RunState.QUEUED)
    direction = models.CharField(max_length=6, default="both")
    priority = models.PositiveSmallIntegerField(default=1)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    cause = models.CharField(max_length=120, blank=True)
    total = models.PositiveIntegerField(default=0)
    created_count = models.PositiveIntegerField(default=0)
    updated_count = models.PositiveIntegerField(default=0)
    linked_count = models.PositiveIntegerField(default=0)
    unchanged_count = models.PositiveIntegerField(default=0)
    skipped_count = models.PositiveIntegerField(default=0)
    waiting_count = models.PositiveIntegerField(default=0)
    asked_count = models.PositiveIntegerField(default=0)
    failed_count = models.PositiveIntegerField(default=0)
    moved_count = models.PositiveIntegerField(default=0)
    """Records that were left out because they are not what the plan saw any more."""
    origin = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="later")
    """The preview that this run applies, or the run that it undoes; of a preview: the run that it is about."""
    scope = models.JSONField(default=dict, blank=True)
    """Which records, where it is not all of the mapping: `services.scope`; `position` of a plan under way."""
    calls = models.PositiveIntegerField(default=0)
    metered_reads = models.PositiveIntegerField(default=0)
    failure_code = models.CharField(max_length=80, blank=True)
    failure_values = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    stop_requested = models.BooleanField(default=False)
    lease_until = models.DateTimeField(null=True)
    """While a worker reads both sides for this run."""

    class Meta:
        indexes = [
            models.Index(fields=["company", "-id"], name="run_company_newest"),
            models.Index(
                fields=["company", "state"],
                name="run_open",
                condition=models.Q(state__in=["queued", "reading", "running"]),
            ),
        ]
        base_manager_name = "all_companies"

    @property
    def done_count(self) -> int:
        """Links that ended in this run, one way or another."""
        return (
            self.created_count
            + self.updated_count
            + self.linked_count
            + self.unchanged_count
            + self.skipped_count
            + self.waiting_count
            + self.asked_count
            + self.failed_count
            + self.moved_count
        )


class Outcome(models.TextChoices):
    CREATED = "created", "Created"
    UPDATED = "updated", "Updated"
    LINKED = "linked", "Linked"
    NOTHING = "nothing", "Nothing to do"
    SKIPPED = "skipped", "Skipped"
    WAITING = "waiting", "Waiting"
    ASKED = "asked", "Waits for a person"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Outcome unknown"
    MOVED = "moved", "Moved meanwhile"


class Attempt(TenantModel):
    """One try at one link: decision, before, after, outcome, failure, request ids."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    link = models.ForeignKey(
        "syncapp.RecordLink", on_delete=models.CASCADE, related_name="tries", db_index=False
    )
    run = models.ForeignKey(Run, null=True, on_delete=models.SET_NULL, related_name="tries", db_index=False)
    cause = models.CharField(max_length=120, blank=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    decision = models.CharField(max_length=10)
    direction = models.CharField(max_length=6, blank=True)
    reasons = models.JSONField(default=list)
    changes = models.JSONField(default=list)
    """Per field: {unit, key, label, side, before, after}."""
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    failure_kind = models.CharField(max_length=14, blank=True)
    failure_code = models.CharField(max_length=80, blank=True)
    failure_values = models.JSONField(default=dict, blank=True)
    """field, value, vendor message and detail, redacted."""
    request_id = models.CharField(max_length=80, blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["company", "link", "-id"], name="attempt_link_newest"),
            models.Index(fields=["company", "run", "-id"], name="attempt_run"),
            models.Index(fields=["company", "-finished_at"], name="attempt_company_time"),
        ]
        base_manager_name = "all_companies"


class PreviewItem(TenantModel):
    """One decision of a preview run, stored to be shown; nothing is written to either side."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="items", db_index=False)
    mapping = models.ForeignKey(
        "syncapp.Mapping", null=True, on_delete=models.CASCADE, db_index=False, related_name="+"
    )
    """None in plans that were made before plans had more than one mapping: the run's."""
    link = models.ForeignKey(
        "syncapp.RecordLink", null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    record = models.JSONField(default=dict, blank=True)
    """{side, object, id, name} of a record that has no link: one that the mapping's filter leaves out."""
    mapping_version = models.PositiveIntegerField(default=0)
    kind = models.CharField(max_length=10)
    group = models.CharField(max_length=12)
    """linked, alike, new_qbo, new_sf, skipped: what the first load would do."""
    decision = models.JSONField(default=dict)
    """`engine.plan.to_json`, with `seen` (both sides' versions) and `then` (of two half-links, once they are one)."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "link"], name="one_item_per_link")]
        indexes = [
            models.Index(fields=["company", "run", "group", "id"], name="preview_group"),
            models.Index(fields=["company", "run", "kind", "id"], name="preview_kind"),
        ]
        base_manager_name = "all_companies"

    @property
    def name(self) -> str:
        """What people call the record."""
        return str(self.link) if self.link else str(self.record.get("name") or self.record.get("id") or "")

    def remote_id(self, side: str) -> str:
        """The record's id on one side; empty where it has none."""
        if self.link is not None:
            return (self.link.sf_id if side == "sf" else self.link.qbo_id) or ""
        return str(self.record.get("id", "")) if self.record.get("side") == side else ""
