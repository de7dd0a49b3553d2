from __future__ import annotations

import uuid

from django.db import models

from syncapp.crypto import Sealed


class VendorSide(models.TextChoices):
    SALESFORCE = "sf", "Salesforce"
    QUICKBOOKS = "qbo", "QuickBooks"


class ConnectionEnvironment(models.TextChoices):
    PRODUCTION = "production", "Production"
    SANDBOX = "sandbox", "Sandbox"
    SIMULATOR = "simulator", "Simulator"


class AppCredentials(models.Model):
    """Keys of a vendor app: of one company, or deployment-wide (company empty; seeded from the environment)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    company = models.ForeignKey(
        "syncapp.Company", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    side = models.CharField(max_length=3, choices=VendorSide.choices)
    environment = models.CharField(max_length=10, choices=ConnectionEnvironment.choices)
    login_host = models.CharField(max_length=255, blank=True)
    client_id = models.CharField(max_length=255)
    client_secret_sealed = models.TextField(blank=True)
    client_secret = Sealed()
    verifier_token_sealed = models.TextField(blank=True)
    verifier_token = Sealed()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "app credentials"
        constraints = [
            models.UniqueConstraint(
                fields=["company", "side", "environment", "login_host"],
                nulls_distinct=False,
                name="one_app_per_company_side_environment",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_side_display()} app {self.client_id[:8]}…"
