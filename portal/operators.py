"""The operators' site: the stock admin for superusers of this installation, behind a second factor.

It sees people and companies, never a company's records or secrets.
"""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import secure_admin_login
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import admin
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from portal.people.models import User
from syncapp.models import Company


class OperatorsSite(AdminSite):
    """Superusers only; outside development only with a second factor."""

    site_header = site_title = "Ledgerbridge: this installation"
    index_title = "People and companies"

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        if not (user.is_active and getattr(user, "is_superuser", False)):
            return False
        return settings.DEVELOPMENT or is_mfa_enabled(user)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Superusers without a second factor are sent to make one; others sign in through the accounts pages."""
        if getattr(request.user, "is_superuser", False) and not self.has_permission(request):
            return redirect("mfa_index")
        return secure_admin_login(super().login)(request, extra_context)


operators_site = OperatorsSite(name="operators")


@admin.register(User, site=operators_site)
class UserAdmin(admin.ModelAdmin):
    """Who may sign in. Passwords are set by their owners alone."""

    list_display = ("email", "first_name", "is_active", "is_superuser", "last_login", "date_joined")
    list_filter = ("is_active", "is_superuser")
    search_fields = ("email", "first_name")
    fields = ("email", "first_name", "is_active", "is_staff", "is_superuser", "last_login", "date_joined")
    readonly_fields = ("last_login", "date_joined")

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False


@admin.register(Company, site=operators_site)
class CompanyAdmin(admin.ModelAdmin):
    """Which companies there are, and closing one. Their records are their own."""

    list_display = ("name", "state", "zone", "currency", "is_demo", "paused", "created_at")
    list_filter = ("state", "is_demo")
    search_fields = ("name",)
    readonly_fields = ("created_at",)

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Company | None = None) -> bool:
        return False
