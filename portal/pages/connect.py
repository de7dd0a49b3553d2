"""Connections: the two sides, connecting and reconnecting them, advanced properties, validation, disconnecting."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.pages.connect_forms import ADVANCED, AdvancedForm, EndPointForm
from portal.pages.sides import WORDS, asked_to_connect
from portal.people.access import (
    COMPANY_IN_SESSION,
    PortalRequest,
    company_page,
    enter,
    may_connect,
    signed_in_page,
)
from portal.people.models import Membership
from portal.refusals import refused_page
from syncapp.models import (
    AppCredentials,
    AuthMethod,
    Connection,
    ConnectionEnvironment,
    ConnectionStatus,
    Integration,
    VendorSide,
)
from syncapp.services import budget, connect, daily_calls
from syncapp.services.errors import Refused

STARTED_FROM = "connecting from"  # in the session: where a refusal offers to try again
SIDES = [VendorSide.SALESFORCE.value, VendorSide.QUICKBOOKS.value]


@company_page("connections.view")
def connections(request: PortalRequest) -> HttpResponse:
    """Cards of both sides: who is connected to what, how it stands, what can be done."""
    rows = list(Connection.objects.order_by("side", "-connected_at"))
    live = [row for row in rows if row.status != ConnectionStatus.DISCONNECTED]
    columns = [
        {
            "side": side,
            "label": VendorSide(side).label,
            "connections": [row for row in live if row.side == side],
            "may_connect": may_connect(request.membership, side),
        }
        for side in SIDES
    ]
    for row in live:
        row.daily = daily_calls.of(row)  # type: ignore[attr-defined]
        row.month = budget.of(row) if budget.is_metered(row) else None  # type: ignore[attr-defined]
    missing = [column["side"] for column in columns if not column["connections"]]
    context = {
        "columns": columns,
        "gone": [row for row in rows if row.status == ConnectionStatus.DISCONNECTED],
        "first_missing": missing[0] if missing else "",
    }
    return render(request, "connections/list.html", context)


@company_page("connections.edit", also=asked_to_connect)
@require_http_methods(["GET", "POST"])
def connect_side(request: PortalRequest, side: str) -> HttpResponseBase:
    """Choose the end point; a POST goes on to the vendor's consent page."""
    form = EndPointForm(side, connect.environments(side), request.POST or None, initial=end_point_of(request))
    if request.method == "POST" and form.is_valid():
        return begin(request, form, return_to=reverse("portal:connections"))
    context = {
        "form": form,
        "side": side,
        "label": VendorSide(side).label,
        "without_app": without_app(request, side),
    }
    return render(request, "connections/connect.html", context, status=422 if form.errors else 200)


def without_app(request: PortalRequest, side: str) -> list[str]:
    """The vendors' own environments for which there are no app keys yet, neither the company's nor ours."""
    real = (ConnectionEnvironment.PRODUCTION.value, ConnectionEnvironment.SANDBOX.value)
    return [where for where in real if connect.app_credentials(request.company, side, where) is None]


def end_point_of(request: PortalRequest) -> dict[str, str]:
    """The end point chosen beforehand: the simulator for a demo company."""
    return {"end_point": "simulator" if request.company.is_demo else "production"}


def begin(request: PortalRequest, form: EndPointForm, *, return_to: str) -> HttpResponseRedirect:
    """Start the consent for the chosen end point. Raises Refused."""
    url = connect.start(
        request.company,
        request.user,
        session_key(request),
        form.side,
        form.environment,
        login_host=form.login_host,
        return_to=return_to,
    )
    request.session[STARTED_FROM] = return_to
    return HttpResponseRedirect(url)


def session_key(request: HttpRequest) -> str:
    """The key that binds a consent to this browser; signing in has made one."""
    return request.session.session_key or ""


@company_page("connections.edit")
@require_POST
def reconnect(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """Sign in again for an existing connection; the same org or realm must come back."""
    connection = get_object_or_404(Connection.objects, pk=pk)
    url = connect.start(
        request.company,
        request.user,
        session_key(request),
        connection.side,
        connection.environment,
        login_host=connection.login_host,
        reconnect=connection,
        return_to=reverse("portal:connections"),
    )
    return HttpResponseRedirect(url)


@transaction.non_atomic_requests
@company_page("connections.edit")
@require_POST
def validate(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Try the connection out now; answers with the panel of what was found."""
    connection = get_object_or_404(Connection.objects, pk=pk)
    report = connect.validate(connection)
    context = {"report": report, "connection": connection}
    if request.htmx:
        return render(request, "connections/validation.html", context)
    return render(request, "connections/validated.html", context)


@transaction.non_atomic_requests
@company_page("connections.edit")
@require_http_methods(["GET", "POST"])
def disconnect(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """Ask, then revoke the access and forget the tokens."""
    connection = get_object_or_404(Connection.objects.exclude(status=ConnectionStatus.DISCONNECTED), pk=pk)
    if request.method == "POST":
        told = connect.disconnect(connection, request.user)
        _say_disconnected(request, connection, told)
        return redirect("portal:connections")
    used = Integration.objects.filter(**{WORDS[connection.side]: connection})
    return render(request, "connections/disconnect.html", {"connection": connection, "integrations": used})


def _say_disconnected(request: PortalRequest, connection: Connection, told: bool) -> None:
    vendor = connection.get_side_display()
    if told:
        messages.success(request, f"{connection} is disconnected and {vendor} has withdrawn the access.")
    else:
        messages.warning(
            request,
            f"{connection} is disconnected here, but {vendor} could not be told. Withdraw the access there as well.",
        )


@company_page("connections.edit")
@require_POST
def set_budget(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """How many metered reads a month a QuickBooks connection may take."""
    connection = get_object_or_404(Connection, pk=pk, side=VendorSide.QUICKBOOKS)
    budget.set_limit(connection, request.POST.get("reads", ""), request.user)
    messages.success(request, "The budget is stored.")
    return redirect("portal:connections")


@transaction.non_atomic_requests
@company_page("connections.edit")
@require_http_methods(["GET", "POST"])
def advanced(request: PortalRequest, side: str) -> HttpResponseBase:
    """Advanced properties of a side; saved only after they pass validation."""
    allowed = connect.environments(side)
    form = ADVANCED[side](allowed, request.POST or None, initial=_stored_properties(request, side))
    report = None
    if request.method == "POST" and form.is_valid():
        report = connect.save_advanced(request.company, request.user, side, _entered(form, side))
        if report.ok:
            messages.success(request, "Validated and saved.")
            for check in report.warnings:
                messages.warning(request, f"{check.title}. {check.detail} {check.fix}")
            return redirect("portal:connections")
        _mark_fields(form, report)
    context = {
        "form": form,
        "side": side,
        "label": VendorSide(side).label,
        "report": report,
        "latest": _latest(side),
        "callback": connect.redirect_uri(side),
        "groups": [(title, [form[name] for name in names]) for title, names in form.groups],  # type: ignore[attr-defined]
    }
    return render(request, "connections/advanced.html", context, status=200 if report is None else 422)


def _entered(form: AdvancedForm, side: str) -> dict[str, str]:
    """The form's values, with the stored connection whose secrets fill fields left empty."""
    values = form.values()
    latest = _latest(side)
    if latest is not None and latest.environment == values["environment"]:
        values["connection"] = str(latest.pk)
    return values


def _latest(side: str) -> Connection | None:
    rows = Connection.objects.filter(side=side).exclude(status=ConnectionStatus.DISCONNECTED)
    return rows.order_by("-connected_at").first()


def _stored_properties(request: PortalRequest, side: str) -> dict[str, Any]:
    """What may be shown of what is stored: never a secret."""
    latest = _latest(side)
    app = AppCredentials.objects.filter(company=request.company, side=side).order_by("-created_at").first()
    values = {
        "environment": "simulator" if request.company.is_demo else "production",
        "auth_method": AuthMethod.OAUTH,
    }
    if app is not None:
        values |= {"environment": app.environment, "client_id": app.client_id, "login_host": app.login_host}
    if latest is not None:
        values |= {
            "environment": latest.environment,
            "auth_method": latest.auth_method,
            "login_host": latest.login_host,
            "username": latest.connected_user,
            "realm_id": latest.remote_id,
        }
    return values


def _mark_fields(form: AdvancedForm, report: connect.ValidationReport) -> None:
    for check in report.errors:
        if check.field in form.fields:
            form.add_error(check.field, check.title)


@never_cache
@transaction.non_atomic_requests
@signed_in_page
@require_GET
def callback(request: HttpRequest, side: str) -> HttpResponseBase:
    """The end of a consent page. Everything is checked again; the company is the one that the state was made for."""
    try:
        outcome = connect.finish(
            side,
            request.GET.dict(),
            request.user,
            session_key(request),
            may_connect=lambda person, company: _may_connect(person, company, side),
        )
    except Refused as refusal:
        return refused_page(
            request, refusal, again=request.session.get(STARTED_FROM) or reverse("portal:connections")
        )
    _asked_no_more(request, outcome.company_id, side)
    _say_connected(request, outcome)
    return redirect(outcome.return_to or "portal:connections")


def _may_connect(person_id: int, company_id: int, side: str) -> bool:
    row = Membership.all_companies.filter(user_id=person_id, company_id=company_id).first()
    return may_connect(row, side)


def _asked_no_more(request: HttpRequest, company_id: int, side: str) -> None:
    Membership.all_companies.filter(user=request.user.pk, company_id=company_id, connects=side).update(
        connects=""
    )


def _say_connected(request: HttpRequest, outcome: connect.ConnectOutcome) -> None:
    connection = outcome.connection
    text = f"{connection.get_side_display()} is connected: {connection}."
    if request.session.get(COMPANY_IN_SESSION) not in (None, outcome.company_id):
        text += f" You had switched to another company meanwhile; this belongs to {connection.company}, shown now."
    enter(request, outcome.company_id)
    messages.success(request, text)


urls: list[URLPattern] = [
    path("connections/", connections, name="connections"),
    path("connections/<side:side>/", connect_side, name="connect"),
    path("connections/<uuid:pk>/budget/", set_budget, name="connection-budget"),
    path("connections/<side:side>/advanced/", advanced, name="connection-advanced"),
    path("connections/<uuid:pk>/reconnect/", reconnect, name="connection-reconnect"),
    path("connections/<uuid:pk>/validate/", validate, name="connection-validate"),
    path("connections/<uuid:pk>/disconnect/", disconnect, name="connection-disconnect"),
    path("oauth/<side:side>/callback", callback, name="oauth-callback"),
]
