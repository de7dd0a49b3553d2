"""Invitations: who was asked to join, asking somebody, sending again, withdrawing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.people import invitations
from portal.people.access import PortalRequest, company_page, may
from portal.people.forms import InvitationForm
from portal.people.models import Invitation, Role, User
from portal.site import TenantModelAdmin, portal_site
from portal.templatetags.portal import mails_url, time_of
from syncapp.models import Company


@admin.register(Invitation, site=portal_site)
class InvitationAdmin(TenantModelAdmin):
    """An invitation is sent, sent again or withdrawn; it is never edited."""

    folder = "invitations"
    view_action = "invitations.view"
    edit_action = "invitations.edit"
    can_change = can_delete = False
    heading_list = "Invitations"
    heading_add = "Invite a member"
    lede = "Each works once, only for its address, and ends after 7 days."
    form = InvitationForm
    fields = ("email", "role", "note")
    list_display = ("email", "role", "connects_word", "standing", "sent", "ends", "verbs")
    list_display_links = None
    list_filter = ("role",)
    list_select_related = ("company",)
    ordering = ("-created_at",)
    change_list_template = "portal_admin/invitations.html"
    change_form_template = "portal_admin/invite.html"

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.allowed_roles = [role.value for role in Role if role != Role.OWNER or _is_owner(request)]
        form.base_fields["role"].choices = [
            (key, word) for key, word in Role.choices if key in form.allowed_roles
        ]
        form.base_fields["role"].help_text = (
            "Viewers look. Operators send, sync and link records. Admins also change mappings, connections and people. "
            "Owners can do everything."
        )
        return form

    def save_model(self, request: HttpRequest, obj: Any, _form: ModelForm[Any], _change: bool) -> None:
        """Send it; the row is written by the service."""
        assert isinstance(request.user, User)  # noqa: S101  the only user model
        company: Company = request.company  # type: ignore[attr-defined]
        sent = invitations.invite(company, request.user, obj.email, obj.role, note=obj.note)
        obj.pk = sent.pk

    def response_add(
        self, request: HttpRequest, obj: Invitation, _post_url_continue: Any = None
    ) -> HttpResponse:
        messages.success(request, f"The invitation is on its way to {obj.email}.")
        return redirect("portal:people_invitation_changelist")

    @admin.display(description="Asked to connect")
    def connects_word(self, invitation: Invitation) -> str:
        return invitation.get_connects_display() if invitation.connects else "—"

    @admin.display(description="State")
    def standing(self, invitation: Invitation) -> SafeString:
        tone, word = _standing(invitation)
        return format_html('<span class="badge {}">{}</span>', tone, word)

    @admin.display(description="Sent")
    def sent(self, invitation: Invitation) -> SafeString:
        return time_of(invitation.created_at, invitation.company.zone)

    @admin.display(description="Ends")
    def ends(self, invitation: Invitation) -> SafeString:
        return time_of(invitation.expires_at, invitation.company.zone)

    @admin.display(description="What to do")
    def verbs(self, invitation: Invitation) -> SafeString | str:
        if invitation.accepted_at is not None:
            return ""
        button = '<button class="btn tiny-size" form="invitation-verbs" formaction="{}">{}</button> '
        again = format_html(button, f"{invitation.pk}/send/", "Send again")
        if invitation.is_open(timezone.now()):
            again += format_html(button, f"{invitation.pk}/withdraw/", "Withdraw")
        return format_html('<span class="row fixed">{}</span>', again)

    def get_urls(self) -> list[URLPattern]:
        """The two verbs beside the list."""
        return [
            path("<uuid:pk>/send/", send, name="people_invitation_send"),
            path("<uuid:pk>/withdraw/", withdraw, name="people_invitation_withdraw"),
            *super().get_urls(),
        ]


def _is_owner(request: HttpRequest) -> bool:
    return may(request.membership.role, "owners.edit")  # type: ignore[attr-defined]


def _standing(invitation: Invitation) -> tuple[str, str]:
    if invitation.accepted_at is not None:
        return "good", "Accepted"
    if invitation.withdrawn_at is not None:
        return "mute", "Withdrawn"
    return ("warn", "Open") if invitation.is_open(timezone.now()) else ("mute", "Ended")


@company_page("invitations.edit")
def send(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Send a fresh link."""
    invitation = get_object_or_404(Invitation.objects, pk=pk)
    if request.method != "POST":
        return redirect("portal:people_invitation_changelist")
    invitations.send_again(invitation, request.user)
    where = " (see the mails of this installation)" if mails_url() else ""
    messages.success(
        request, f"A new link is on its way to {invitation.email}{where}; the old one no longer works."
    )
    return redirect("portal:people_invitation_changelist")


@company_page("invitations.edit")
def withdraw(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Make the link useless."""
    invitation = get_object_or_404(Invitation.objects, pk=pk)
    if request.method != "POST":
        return redirect("portal:people_invitation_changelist")
    invitations.withdraw(invitation, request.user)
    messages.success(request, f"The invitation of {invitation.email} no longer works.")
    return redirect("portal:people_invitation_changelist")
