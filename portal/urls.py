"""Addresses of the portal."""

from __future__ import annotations

from django.urls import include, path

from portal import health

urlpatterns = [
    path("healthz/live", health.live, name="health-live"),
    path("healthz", health.ready, name="health-ready"),
    path("accounts/", include("allauth.urls")),
]
