from __future__ import annotations

from django.conf import settings
from django.db import models

from syncapp.tenancy import TenantModel


class SyncTestState(models.TextChoices):
    """How far a test sync has come. What follows DONE only happens when a person says so."""

    MAKING = "making", "Making test records in Salesforce"
    SENDING = "sending", "Carrying them to QuickBooks"
    DONE = "done", "Looked at"
    TAKING_BACK = "taking_back", "Taking back what was made in QuickBooks"
    DELETING = "deleting", "Deleting the test records in Salesforce"
    CLEAN = "clean", "Cleaned up"
    FAILED = "failed", "Stopped"


WORKING = (
    SyncTestState.MAKING,
    SyncTestState.SENDING,
    SyncTestState.TAKING_BACK,
    SyncTestState.DELETING,
)
"""States in which something goes on by itself."""


class SyncTest(TenantModel):
    """A test sync of an integration: an account and a won opportunity, carried to QuickBooks, looked at on both sides
    and cleaned up again."""

    integration = models.ForeignKey(
        "syncapp.Integration", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    state = models.CharField(max_length=12, choices=SyncTestState.choices, default=SyncTestState.MAKING)
    name = models.CharField(max_length=80)
    """What its records are called over there; no other test has it."""
    picked = models.CharField(max_length=18, blank=True)
    """The opportunity that a person chose; empty where one is made."""
    begun = models.JSONField(default=list)
    """Objects of which a record was asked for: it is looked for by its name before it is asked for again."""
    account = models.CharField(max_length=18, blank=True)
    opportunity = models.CharField(max_length=18, blank=True)
    own_account = models.BooleanField(default=True)
    """Whether the account's customer was made by this test, so that cleaning up takes it back."""
    stage = models.CharField(max_length=255, blank=True)
    """The stage that a chosen opportunity had before."""
    ticks = models.JSONField(default=list)
    """What was seen on both sides, tick by tick (`services.sync_test_ticks`)."""
    plan = models.ForeignKey(
        "syncapp.Run", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    """What is being taken back now."""
    taken = models.JSONField(default=list)
    """Links that were taken back, or that have to stay."""
    left = models.JSONField(default=list)
    """Names of what could not be taken back."""
    failure_code = models.CharField(max_length=80, blank=True)
    failure_values = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["company", "integration", "-id"], name="sync_test_newest"),
            models.Index(
                fields=["id"],
                name="sync_test_working",
                condition=models.Q(state__in=["making", "sending", "taking_back", "deleting"]),
            ),
        ]
        base_manager_name = "all_companies"

    def __str__(self) -> str:
        return self.name
