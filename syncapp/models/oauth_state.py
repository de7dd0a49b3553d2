from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from syncapp.crypto import Sealed
from syncapp.models.app_credentials import ConnectionEnvironment, VendorSide
from syncapp.tenancy import TenantModel


class OAuthState(TenantModel):
    """One started consent: single use, bound to person, session, company, side and environment (DESIGN rule 6)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state_hash = models.CharField(max_length=64, unique=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    session_hash = models.CharField(max_length=64)
    side = models.CharField(max_length=3, choices=VendorSide.choices)
    environment = models.CharField(max_length=10, choices=ConnectionEnvironment.choices)
    login_host = models.CharField(max_length=255, blank=True)
    app_credentials = models.ForeignKey("syncapp.AppCredentials", on_delete=models.CASCADE, related_name="+")
    reconnects = models.ForeignKey(
        "syncapp.Connection", null=True, on_delete=models.CASCADE, related_name="+"
    )
    return_to = models.CharField(max_length=255, blank=True)
    verifier_sealed = models.TextField(blank=True)
    verifier = Sealed()
    redirect_uri = models.CharField(max_length=255)
    created_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        base_manager_name = "all_companies"
