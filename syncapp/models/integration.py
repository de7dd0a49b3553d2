from __future__ import annotations

from django.db import models

from syncapp.tenancy import TenantModel


class IntegrationState(models.TextChoices):
    SETUP = "setup", "Being set up"
    ACTIVE = "active", "Active"
    RESTORED = "restored", "Restored from a backup"
    """The database is older than the two sides: they are read anew, and nothing is written until a person says so."""


class Integration(TenantModel):
    """One Salesforce connection paired with one QuickBooks connection; mappings, links and runs hang from it.

    Until `switched_on_at` is set by a person, nothing is written to either side.
    """

    name = models.CharField(max_length=120, default="Salesforce and QuickBooks")
    salesforce = models.ForeignKey(
        "syncapp.Connection", null=True, on_delete=models.PROTECT, related_name="+"
    )
    quickbooks = models.ForeignKey(
        "syncapp.Connection", null=True, on_delete=models.PROTECT, related_name="+"
    )
    template = models.CharField(max_length=20, blank=True)
    winner = models.CharField(max_length=6, blank=True)
    state = models.CharField(max_length=10, choices=IntegrationState.choices, default=IntegrationState.SETUP)
    switched_on_at = models.DateTimeField(null=True, blank=True)
    switched_on_by = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["company", "id"], name="integration_company")]
        base_manager_name = "all_companies"

    def __str__(self) -> str:
        return self.name
