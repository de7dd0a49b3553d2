from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.utils import timezone

from syncapp.crypto import Sealed
from syncapp.models.app_credentials import ConnectionEnvironment, VendorSide
from syncapp.tenancy import TenantModel


class ConnectionStatus(models.TextChoices):
    LIVE = "live", "Connected"
    NEEDS_REAUTH = "needs_reauth", "Reconnect"
    DISCONNECTED = "disconnected", "Disconnected"


class AuthMethod(models.TextChoices):
    OAUTH = "oauth", "Sign-in in the browser"
    JWT = "jwt", "JWT bearer"
    CLIENT_CREDENTIALS = "client_credentials", "Client credentials"
    PASSWORD = "password", "User name, password and security token"


class Connection(TenantModel):
    """One authorised link of a company to one Salesforce org or one QuickBooks realm.

    `remote_id` is the 18-character org id or the realm id; another one is always a new connection. The token columns
    are written by the token vault alone (`services.tokens`), on its own database connection.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    side = models.CharField(max_length=3, choices=VendorSide.choices)
    environment = models.CharField(max_length=10, choices=ConnectionEnvironment.choices)
    remote_id = models.CharField("org or realm id", max_length=32)
    name = models.CharField(max_length=255, blank=True)
    app_credentials = models.ForeignKey(
        "syncapp.AppCredentials", null=True, on_delete=models.PROTECT, related_name="+"
    )
    status = models.CharField(max_length=12, choices=ConnectionStatus.choices, default=ConnectionStatus.LIVE)
    status_code = models.CharField(max_length=80, blank=True)
    auth_method = models.CharField(max_length=20, choices=AuthMethod.choices, default=AuthMethod.OAUTH)
    login_host = models.CharField(max_length=255, blank=True)
    connected_user = models.CharField(max_length=255, blank=True)
    facts = models.JSONField(default=dict, blank=True)
    """What the side said of itself: edition, country, currency, tax mode …; refreshed by the health check."""
    facts_at = models.DateTimeField(null=True, blank=True)
    notices_off = models.JSONField(default=list, blank=True)
    """Objects whose webhook notices are ignored; their changes are found by the regular reading alone."""
    connected_at = models.DateTimeField(auto_now_add=True)
    disconnected_at = models.DateTimeField(null=True, blank=True)

    base_url = models.CharField(max_length=255, blank=True)
    access_token_sealed = models.TextField(blank=True)
    access_token = Sealed()
    refresh_token_sealed = models.TextField(blank=True)
    refresh_token = Sealed()
    previous_refresh_token_sealed = models.TextField(blank=True)
    previous_refresh_token = Sealed()
    previous_refresh_until = models.DateTimeField(null=True, blank=True)
    message_secret_sealed = models.TextField(blank=True)
    message_secret = Sealed()
    """Of the address for Salesforce's outbound messages; empty until one was made."""
    old_message_secret_sealed = models.TextField(blank=True)
    old_message_secret = Sealed()
    """Of the address before this one, which works until `old_message_until`."""
    old_message_until = models.DateTimeField(null=True, blank=True)
    advanced_secret_sealed = models.TextField(blank=True)
    advanced_secret = Sealed()
    """JSON of the non-browser methods: private key, or password and security token."""
    token_version = models.PositiveIntegerField(default=0)
    access_expires_at = models.DateTimeField(null=True, blank=True)
    refresh_expires_at = models.DateTimeField(null=True, blank=True)
    refresh_hard_expires_at = models.DateTimeField(null=True, blank=True)
    refreshed_at = models.DateTimeField(null=True, blank=True)
    refresh_lease_until = models.DateTimeField(null=True, blank=True)
    refresh_lease_owner = models.CharField(max_length=64, blank=True)

    breaker_failures = models.PositiveIntegerField(default=0)
    breaker_window_at = models.DateTimeField(null=True, blank=True)
    breaker_open_until = models.DateTimeField(null=True, blank=True)
    breaker_step = models.PositiveSmallIntegerField(default=0)

    deletions_stopped_at = models.DateTimeField(null=True, blank=True)
    """Too many deletions came at once: none is followed until a person says whether they are right."""
    deletions_stopped_count = models.PositiveIntegerField(default=0)

    metered_budget = models.PositiveIntegerField(null=True, blank=True, default=500_000)
    """Metered reads a month that this connection may take; empty for no limit. Intuit's smallest plan includes as many
    for all companies of an app together. Salesforce meters nothing."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["side", "environment", "remote_id"],
                condition=~models.Q(status="disconnected"),
                name="one_company_per_live_org_or_realm",
            )
        ]
        indexes = [models.Index(fields=["company", "side"], name="connection_company_side")]
        base_manager_name = "all_companies"

    @property
    def resting_until(self) -> datetime | None:
        """When work goes on after several calls in a row failed; None while it goes on."""
        until = self.breaker_open_until
        return until if until is not None and until > timezone.now() else None

    def __str__(self) -> str:
        return self.name or self.remote_id
