from __future__ import annotations

from django.db import models

from syncapp.tenancy import TenantModel


class FollowUpKind(models.TextChoices):
    EMAIL = "email", "E-mail it to the customer"
    PDF = "pdf", "Attach its PDF in Salesforce"


class FollowUpState(models.TextChoices):
    DUE = "due", "Due"
    SENDING = "sending", "On its way"
    DONE = "done", "Done"
    DROPPED = "dropped", "Not wanted any more"
    FAILED = "failed", "Failed"


class FollowUp(TenantModel):
    """One thing to be done once for a document that we made, beside its fields: an intent of its own, stored in the
    transaction that records the document. One row per document and kind, so that it is never asked for twice."""

    link = models.ForeignKey(
        "syncapp.RecordLink", on_delete=models.CASCADE, related_name="follow_ups", db_index=False
    )
    kind = models.CharField(max_length=8, choices=FollowUpKind.choices)
    remote_id = models.CharField(max_length=32)
    """The document's id in QuickBooks."""
    state = models.CharField(max_length=8, choices=FollowUpState.choices, default=FollowUpState.DUE)
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    """When to look at it (again); None once it has ended."""
    sent_at = models.DateTimeField(null=True)
    """When it went out last: whether it arrived is looked up before it goes out again."""
    done_at = models.DateTimeField(null=True)
    failure_code = models.CharField(max_length=80, blank=True)
    failure_values = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["link", "kind", "remote_id"], name="one_follow_up_per_document")
        ]
        indexes = [
            models.Index(
                fields=["next_at"],
                name="follow_up_due",
                condition=models.Q(next_at__isnull=False),
            )
        ]
        base_manager_name = "all_companies"

    def __str__(self) -> str:
        return f"{self.kind} {self.remote_id}"
