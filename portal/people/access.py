"""Whose rows may this person see, and what may they do: one table, one door.

Every page of a company is wrapped in `company_page(action)`. It takes the company from the session, looks the role up,
asks the table below and runs the page inside `with tenant(company)`. Nothing else decides about access.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django_htmx.middleware import HtmxDetails

from portal.people.models import Membership, Role, User
from portal.refusals import answer_refusal, in_words
from syncapp.crypto import SecretUnreadable
from syncapp.models import Company
from syncapp.services.errors import Refused
from syncapp.tenancy import tenant

COMPANY_IN_SESSION = "company"

_EVERYBODY = frozenset(Role)
_WORKING = frozenset({Role.OWNER, Role.ADMIN, Role.OPERATOR})
_RUNNING = frozenset({Role.OWNER, Role.ADMIN})
_OWNING = frozenset({Role.OWNER})

ACTIONS: dict[str, frozenset[Role]] = {
    # seeing
    "site.enter": _EVERYBODY,
    "dashboard.view": _EVERYBODY,
    "records.view": _EVERYBODY,
    "problems.view": _EVERYBODY,
    "reconcile.view": _EVERYBODY,
    "lag.view": _EVERYBODY,
    "conflicts.view": _EVERYBODY,
    "runs.view": _EVERYBODY,
    "integrations.view": _EVERYBODY,
    "mappings.view": _EVERYBODY,
    "schedules.view": _EVERYBODY,
    "connections.view": _EVERYBODY,
    "members.view": _EVERYBODY,
    "company.view": _EVERYBODY,
    "notifications.view": _EVERYBODY,
    "notifications.choose": _EVERYBODY,
    "setup.view": _EVERYBODY,
    "audit.view": _RUNNING,
    "keys.view": _RUNNING,
    "invitations.view": _RUNNING,
    # the daily work
    "records.sync": _WORKING,
    "records.read": _WORKING,
    "records.link": _WORKING,
    "conflicts.answer": _WORKING,
    "problems.retry": _WORKING,
    "problems.export": _WORKING,
    "reconcile.export": _WORKING,
    "runs.start": _WORKING,
    "runs.control": _WORKING,
    "schedules.run": _WORKING,
    # how it is set up
    "company.edit": _RUNNING,
    "company.pause": _RUNNING,
    "notifications.edit": _RUNNING,
    "setup.edit": _RUNNING,
    "connections.edit": _RUNNING,
    "integrations.edit": _RUNNING,
    "mappings.edit": _RUNNING,
    "schedules.edit": _RUNNING,
    "keys.edit": _RUNNING,
    "members.edit": _RUNNING,
    "invitations.edit": _RUNNING,
    # who owns it
    "owners.edit": _OWNING,
}


class PortalRequest(HttpRequest):
    """A request inside `company_page`: somebody is signed in and acts for a company."""

    user: User
    htmx: HtmxDetails
    company: Company
    membership: Membership


View = Callable[..., HttpResponseBase]
Also = Callable[[Membership, dict[str, Any]], bool]


def may(role: str, action: str) -> bool:
    """Whether `role` may do `action`. Raises KeyError for an action that is not in the table."""
    return role in ACTIONS[action]


def may_connect(membership: Membership | None, side: str) -> bool:
    """Whether this person may connect that side: by role, or because a colleague asked them to."""
    if membership is None:
        return False
    return may(membership.role, "connections.edit") or membership.connects == side


def memberships_of(person: User) -> list[Membership]:
    """The companies a person belongs to, by name."""
    rows = Membership.all_companies.filter(user=person).exclude(company__state="closed")
    return list(rows.select_related("company").order_by("company__name", "company_id"))


def current_membership(request: HttpRequest) -> Membership | None:
    """The membership this session acts in: the company chosen last, else the first one; None without any."""
    mine = memberships_of(request.user)  # type: ignore[arg-type]
    chosen = request.session.get(COMPANY_IN_SESSION)
    return next((one for one in mine if one.company_id == chosen), mine[0] if mine else None)


def enter(request: HttpRequest, company_id: int) -> None:
    """Let this session act for a company from now on. The caller has checked that the person belongs to it."""
    request.session[COMPANY_IN_SESSION] = company_id


def helpers(company: Company, action: str) -> list[User]:
    """Who of the company may do `action`: the people to ask."""
    rows = Membership.all_companies.filter(company=company, role__in=ACTIONS[action], user__is_active=True)
    return [row.user for row in rows.select_related("user").order_by("role", "user__email")[:5]]


def company_page(action: str, *, also: Also | None = None) -> Callable[[View], View]:
    """Guard a page: signed in, member of the session's company, role may do `action`; runs it as that company.

    The page gets a PortalRequest (`company`, `membership`). Strangers go to sign-in, people without a company to
    setup, a role that may not gets a 403 page naming who can help; `Refused` becomes a notice on the page they were on.
    A form or htmx call that was made for another company than the session's now is refused (409). `also` lets single
    people in whose role does not (those who were asked to connect one side).
    """
    if action not in ACTIONS:
        raise KeyError(action)

    def decorate(view: View) -> View:
        @wraps(view)
        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            return _guarded(request, Guard(action, also), view, args, kwargs)

        page.action = action  # type: ignore[attr-defined]
        return page

    return decorate


def signed_in_page(view: View) -> View:
    """Guard a page that needs a person but no company (making the first company, accepting an invitation)."""

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        try:
            with all_or_nothing():
                return view(request, *args, **kwargs)
        except (Refused, SecretUnreadable) as refusal:
            return answer_refusal(request, in_words(refusal))

    page.action = ""  # type: ignore[attr-defined]
    return page


@dataclass(frozen=True, slots=True)
class Guard:
    """Who may enter a page: every role that may do `action`, and those whom `also` lets in."""

    action: str
    also: Also | None = None

    def admits(self, membership: Membership, kwargs: dict[str, Any]) -> bool:
        if may(membership.role, self.action):
            return True
        return self.also is not None and self.also(membership, kwargs)


def _guarded(
    request: HttpRequest, guard: Guard, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> HttpResponseBase:
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    membership = current_membership(request)
    if membership is None:
        return redirect("portal:setup-welcome")
    request.membership, request.company = membership, membership.company  # type: ignore[attr-defined]
    if _made_for_another_company(request, membership.company_id):
        return render(request, "errors/other_company.html", status=409)
    if not guard.admits(membership, kwargs):
        return forbidden(request, guard.action)
    with tenant(membership.company_id):
        return _answered(request, guard.action, view, args, kwargs)


def _answered(
    request: HttpRequest, action: str, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> HttpResponseBase:
    try:
        with all_or_nothing():
            response = view(request, *args, **kwargs)
    except (Refused, SecretUnreadable) as refusal:
        return answer_refusal(request, in_words(refusal))
    except PermissionDenied as denied:
        wanted = str(denied)
        return forbidden(request, wanted if wanted in ACTIONS else action)
    render_now = getattr(response, "render", None)
    if callable(render_now):
        response = render_now()
    if isinstance(response, StreamingHttpResponse):
        company_id = request.company.id  # type: ignore[attr-defined]
        response.streaming_content = _as_company(company_id, iter(response.streaming_content))  # type: ignore[arg-type]
    return response


def _as_company(company_id: int, parts: Iterator[Any]) -> Iterator[Any]:
    while True:
        with tenant(company_id):
            try:
                part = next(parts)
            except StopIteration:
                return
        yield part


def _made_for_another_company(request: HttpRequest, company_id: int) -> bool:
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return False
    made_for = request.headers.get("X-Company") or request.POST.get("_company")
    return bool(made_for) and made_for != str(company_id)


def all_or_nothing() -> AbstractContextManager[None]:
    """Inside the request's transaction a savepoint, so that what refuses has changed nothing; else nothing at all."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


def forbidden(request: HttpRequest, action: str) -> HttpResponse:
    """The page that says a role may not do this, and who can help."""
    company: Company = request.company  # type: ignore[attr-defined]
    return render(request, "errors/403.html", {"helpers": helpers(company, action)}, status=403)
