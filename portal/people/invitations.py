"""Invitations: sent by mail, bound to one address, used once, ended after seven days."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from portal.people.access import enter
from portal.people.models import Invitation, Membership, Role, User, hash_token
from syncapp.models import Company, VendorSide
from syncapp.services import audit
from syncapp.services.errors import Refused
from syncapp.tenancy import tenant

TOKEN_IN_SESSION = "invitation"  # noqa: S105  the name of a session key


def invite(
    company: Company, by: User, email: str, role: str, *, connects: str = "", note: str = ""
) -> Invitation:
    """Invite `email` into the company and send the mail once the transaction is over.

    An open invitation of the same address is replaced, so that only the newest link works. Raises Refused when the
    person belongs to the company already (and was not asked to connect a side).
    """
    email = email.strip().lower()
    if not connects and Membership.objects.filter(user__email=email).exists():
        raise Refused("people.already_member", email=email)
    now = timezone.now()
    Invitation.objects.filter(email=email, accepted_at=None, withdrawn_at=None).update(withdrawn_at=now)
    invitation = Invitation(
        company=company, email=email, role=role, connects=connects, note=note, invited_by=by
    )
    _send(invitation, invitation.renew(now))
    audit.decided("invitation.sent", by, after={"email": email, "role": role, "connects": connects})
    return invitation


def send_again(invitation: Invitation, by: User) -> None:
    """Send a fresh link; the old one stops working. Raises Refused when it was accepted meanwhile."""
    if invitation.accepted_at is not None:
        raise Refused("people.invitation_used")
    invitation.withdrawn_at = None
    _send(invitation, invitation.renew(timezone.now()))
    audit.decided("invitation.sent", by, after={"email": invitation.email, "role": invitation.role})


def withdraw(invitation: Invitation, by: User) -> None:
    """The link stops working. Raises Refused when it was accepted meanwhile."""
    if invitation.accepted_at is not None:
        raise Refused("people.invitation_used")
    invitation.withdrawn_at = timezone.now()
    invitation.save(update_fields=["withdrawn_at"])
    audit.decided("invitation.withdrawn", by, after={"email": invitation.email})


def _send(invitation: Invitation, token: str) -> None:
    invitation.save()
    context = {
        "invitation": invitation,
        "company": invitation.company,
        "side": VendorSide(invitation.connects).label if invitation.connects else "",
        "url": settings.BASE_URL + reverse("join", args=[token]),
    }
    subject = render_to_string("emails/invitation_subject.txt", context).strip()
    body = render_to_string("emails/invitation.txt", context)
    transaction.on_commit(lambda: send_mail(subject, body, None, [invitation.email]))


def find(token: str) -> Invitation | None:
    """The invitation of a link, open or not."""
    rows = Invitation.all_companies.filter(token_hash=hash_token(token))
    return rows.select_related("company", "invited_by").first()


def pending(request: HttpRequest, now: datetime) -> Invitation | None:
    """The open invitation whose link this session has followed."""
    token = request.session.get(TOKEN_IN_SESSION, "")
    invitation = find(token) if token else None
    return invitation if invitation is not None and invitation.is_open(now) else None


@never_cache
def join(request: HttpRequest, token: str) -> HttpResponseBase:
    """The page behind the link: says who invites whom to what; a POST by the right person accepts."""
    invitation = find(token)
    if invitation is None or not invitation.is_open(timezone.now()):
        return render(request, "people/join_ended.html", {"invitation": invitation}, status=410)
    if not request.user.is_authenticated:
        return _ask_to_sign_in(request, invitation, token)
    assert isinstance(request.user, User)  # noqa: S101  the only user model
    if request.user.email != invitation.email:
        return render(request, "people/join_other.html", {"invitation": invitation}, status=403)
    if request.method == "POST":
        return accept(request, invitation, request.user)
    return render(request, "people/join.html", {"invitation": invitation})


def _ask_to_sign_in(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
    request.session[TOKEN_IN_SESSION] = token
    known = User.objects.filter(email=invitation.email).exists()
    way = reverse("account_login" if known else "account_signup")
    here = reverse("join", args=[token])
    return render(
        request,
        "people/join_sign_in.html",
        {"invitation": invitation, "known": known, "way": f"{way}?next={here}"},
    )


def accept(request: HttpRequest, invitation: Invitation, person: User) -> HttpResponseBase:
    """Make the person a member, once; two clicks at the same moment make one member."""
    now = timezone.now()
    claimed = Invitation.all_companies.filter(
        pk=invitation.pk, accepted_at=None, withdrawn_at=None, expires_at__gt=now
    ).update(accepted_at=now)
    if not claimed:
        return render(request, "people/join_ended.html", {"invitation": invitation}, status=410)
    with tenant(invitation.company_id):
        _become_member(invitation, person)
        audit.decided("invitation.accepted", person, after={"role": invitation.role})
    request.session.pop(TOKEN_IN_SESSION, None)
    enter(request, invitation.company_id)
    if invitation.connects:
        step = "setup-salesforce" if invitation.connects == VendorSide.SALESFORCE else "setup-quickbooks"
        return redirect(f"portal:{step}")
    return redirect("portal:index")


def _become_member(invitation: Invitation, person: User) -> None:
    membership, new = Membership.objects.get_or_create(
        company_id=invitation.company_id,
        user=person,
        defaults={"role": invitation.role, "connects": invitation.connects},
    )
    if not new and invitation.connects:
        membership.connects = invitation.connects
        membership.save(update_fields=["connects"])


def ask_to_connect(company: Company, by: User, email: str, side: str, note: str) -> Invitation:
    """Ask a colleague to connect one side. As a viewer they see the company and may do just that."""
    return invite(company, by, email, Role.VIEWER, connects=side, note=note)
