"""The audit trail: what was written to either side and who decided what. Read only."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.people.access import PortalRequest, company_page
from portal.site import TenantModelAdmin, portal_site
from portal.templatetags.portal import side
from syncapp.models import AuditEvent


@admin.register(AuditEvent, site=portal_site)
class AuditAdmin(TenantModelAdmin):
    """Append-only: nobody adds, changes or deletes a line."""

    folder = "audit"
    view_action = edit_action = "audit.view"
    can_add = can_change = can_delete = False
    heading_list = "Audit trail"
    lede = "Every write to either side and every decision of a person, newest first. Nothing here can be changed."
    list_display = ("at", "action", "where", "record", "actor", "cause")
    ordering = ("-id",)
    fields = (
        "at",
        "action",
        "actor",
        "cause",
        "where",
        "object",
        "remote_id",
        "request_id",
        "before",
        "after",
    )
    readonly_fields = fields

    @admin.display(description="Side")
    def where(self, event: AuditEvent) -> SafeString | str:
        return format_html('<span class="row fixed">{}</span>', side(event.side)) if event.side else "—"

    @admin.display(description="Record")
    def record(self, event: AuditEvent) -> SafeString | str:
        if not event.remote_id:
            return "—"
        return format_html('{} <span class="id">{}</span>', event.object, event.remote_id)


@company_page("audit.view")
def audit_page(_request: PortalRequest) -> HttpResponse:
    """The short address of the trail."""
    return redirect("portal:syncapp_auditevent_changelist")


urls: list[URLPattern] = [path("audit-trail/", audit_page, name="audit")]
