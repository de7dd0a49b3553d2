"""Members of a company: who they are, their role, removing them."""

from __future__ import annotations

from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.people.access import ACTIONS, may
from portal.people.models import Membership, Role
from portal.site import TenantModelAdmin, portal_site
from portal.templatetags.portal import icon, time_of
from syncapp.services import audit
from syncapp.services.errors import Refused


@admin.register(Membership, site=portal_site)
class MembershipAdmin(TenantModelAdmin):
    """People come in by invitation alone, so there is no adding here."""

    folder = "members"
    view_action = "members.view"
    edit_action = "members.edit"
    can_add = False
    heading_list = "Members"
    lede = "People who may sign in to this company, and what they may do."
    list_display = ("person", "email", "role_word", "second_factor", "last_seen")
    list_filter = ("role",)
    list_select_related = ("user", "company")
    ordering = ("user__email",)
    fields = ("person", "email", "role")
    readonly_fields = ("person", "email")
    change_list_template = "portal_admin/members.html"

    @admin.display(description="Name")
    def person(self, member: Membership) -> str:
        return str(member.user)

    @admin.display(description="E-mail")
    def email(self, member: Membership) -> str:
        return member.user.email

    @admin.display(description="Role")
    def role_word(self, member: Membership) -> str:
        word = member.get_role_display()
        return f"{word}, asked to connect {member.get_connects_display()}" if member.connects else word

    @admin.display(description="Second factor")
    def second_factor(self, member: Membership) -> SafeString:
        tone, mark, word = (
            ("good", "check", "On") if is_mfa_enabled(member.user) else ("warn", "alert", "Off")
        )
        return format_html(
            '<span class="row fixed tone {} small">{}<span><span class="narrow-only">{}</span>{}</span></span>',
            tone,
            icon(mark),
            "Second factor: ",
            word,
        )

    @admin.display(description="Last signed in")
    def last_seen(self, member: Membership) -> SafeString:
        return time_of(member.user.last_login, member.company.zone)

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool) -> None:
        """Change a role. Raises Refused where only an owner may, or where no owner would be left."""
        before = Membership.objects.select_for_update().get(pk=obj.pk).role
        _check_owners(request, [before, obj.role])
        if before == Role.OWNER and obj.role != Role.OWNER:
            _keep_an_owner(obj)
        super().save_model(request, obj, form, change)
        audit.decided(
            "member.role",
            request.user,
            before={"role": before},
            after={"role": obj.role, "email": obj.user.email},
        )

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        """Remove somebody from the company; they keep their sign-in. Raises Refused for the last owner."""
        _check_owners(request, [obj.role])
        if obj.role == Role.OWNER:
            _keep_an_owner(obj)
        super().delete_model(request, obj)
        audit.decided("member.removed", request.user, before={"role": obj.role, "email": obj.user.email})

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for member in queryset:
            self.delete_model(request, member)

    def response_change(self, request: HttpRequest, obj: Membership) -> HttpResponse:
        messages.success(request, f"{obj.user} is {obj.get_role_display().lower()} now.")
        return redirect("portal:people_membership_changelist")

    def response_delete(self, request: HttpRequest, obj_display: str, _obj_id: Any) -> HttpResponse:
        messages.success(request, f"{obj_display} no longer belongs to this company.")
        return redirect("portal:index")

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        text = "They can no longer open this company. What they did stays in the history; their sign-in stays theirs."
        return super().delete_view(request, object_id, {**(extra_context or {}), "delete_text": text})


def _check_owners(request: HttpRequest, roles: list[str]) -> None:
    membership: Membership = request.membership  # type: ignore[attr-defined]
    if Role.OWNER in roles and not may(membership.role, "owners.edit"):
        raise Refused("people.only_owners")


def _keep_an_owner(leaving: Membership) -> None:
    owners = Membership.objects.select_for_update().filter(role__in=ACTIONS["owners.edit"])
    if not [one for one in owners if one.pk != leaving.pk]:
        raise Refused("people.last_owner")
