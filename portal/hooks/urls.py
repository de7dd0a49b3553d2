"""Addresses of the vendors' doors, below `hooks/`."""

from __future__ import annotations

from django.urls import path

from portal.hooks import quickbooks, salesforce

urlpatterns = [
    path("quickbooks/<uuid:app_id>", quickbooks.notices, name="hook-quickbooks"),
    path("salesforce/<uuid:connection_id>/<str:secret>", salesforce.notifications, name="hook-salesforce"),
]
