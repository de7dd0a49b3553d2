from __future__ import annotations

from django.db import models

from syncapp.tenancy import TenantModel


class RequestState(models.TextChoices):
    NEW = "new", "New"
    STARTED = "started", "Started"
    ENDED = "ended", "Ended"


class RequestStatus(models.TextChoices):
    """What the record in Salesforce is told (reference salesforce.md 7.3); a new one says New there."""

    QUEUED = "Queued", "Queued"
    PROCESSING = "Processing", "Processing"
    PROCESSED = "Processed", "Processed"
    ERROR = "Error", "Error"
    SKIPPED = "Skipped", "Skipped"


class SyncRequest(TenantModel):
    """A QBO_Sync__c record that asks for a sync, and what it is to be told. One row per record over there, so that the
    same request never starts twice (reference salesforce.md 5.7)."""

    connection = models.ForeignKey(
        "syncapp.Connection", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    remote_id = models.CharField(max_length=18)
    """The id of the QBO_Sync__c record."""
    stamp = models.DateTimeField(null=True)
    """The SystemModstamp of the record when it asked."""
    asked = models.JSONField(default=dict)
    """What it asks for: record, platform, realm, type, object, operation, direction."""
    state = models.CharField(max_length=8, choices=RequestState.choices, default=RequestState.NEW)
    link = models.ForeignKey(
        "syncapp.RecordLink", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    run = models.ForeignKey(
        "syncapp.Run", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    status = models.CharField(max_length=10, choices=RequestStatus.choices, blank=True)
    message = models.TextField(blank=True)
    outcome = models.JSONField(default=dict)
    """Of the QuickBooks record: object, id, url."""
    number = models.PositiveIntegerField(default=0)
    """Counts what there was to tell; `told_number` of it stands over there."""
    told_number = models.PositiveIntegerField(default=0)
    told_at = models.DateTimeField(null=True)
    """Salesforce's clock when it took what it was told last."""
    telling = models.JSONField(default=dict)
    """The answer that is being written, its number and values by field, stored before it leaves. It stays until it is
    known what came of it."""
    failures = models.PositiveSmallIntegerField(default=0)
    failure_code = models.CharField(max_length=80, blank=True)
    failure_values = models.JSONField(default=dict)
    tell_at = models.DateTimeField(null=True)
    """When to tell it; None while there is nothing to tell."""
    received_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "remote_id"], name="one_request_per_record")
        ]
        indexes = [
            models.Index(fields=["link"], name="request_link", condition=models.Q(state="started")),
            models.Index(fields=["connection"], name="request_open", condition=~models.Q(state="ended")),
            models.Index(
                fields=["connection", "tell_at"],
                name="request_to_tell",
                condition=models.Q(tell_at__isnull=False),
            ),
            models.Index(fields=["company", "connection", "-id"], name="request_newest"),
        ]
        base_manager_name = "all_companies"

    def __str__(self) -> str:
        return self.remote_id
