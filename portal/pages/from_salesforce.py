"""Where a button in Salesforce leads: the record it stands on, what would be done, and a button to do it.

The company is the one that holds the org named in the address, among those that the person belongs to. Following the
link does nothing, whatever it says.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from connectors.contracts import Priority, Side
from connectors.errors import ConnectorError
from connectors.salesforce.ids import is_id, to_18
from portal.people.access import (
    COMPANY_IN_SESSION,
    PortalRequest,
    company_page,
    current_membership,
    enter,
    forbidden,
    may,
    memberships_of,
    signed_in_page,
)
from portal.people.models import Membership, User
from portal.refusals import refused_page
from syncapp.models import Connection, ConnectionStatus, Integration, Mapping, RecordLink, VendorSide
from syncapp.services import locating, org_buttons, sync, why
from syncapp.services.clients import UsageMeter, client_for, flush
from syncapp.services.errors import Refused
from syncapp.services.locating import Wanted
from syncapp.tenancy import tenant

WAYS = {org_buttons.TO_QUICKBOOKS: Side.QUICKBOOKS, org_buttons.FROM_QUICKBOOKS: Side.SALESFORCE}
ACTION = "records.sync"
CAUSE = "Button in Salesforce"


@company_page("connections.view")
@require_GET
def buttons(request: PortalRequest, pk: str) -> HttpResponse:
    """The buttons to copy into Salesforce."""
    rows = Connection.objects.exclude(status=ConnectionStatus.DISCONNECTED)
    connection = get_object_or_404(rows, pk=pk, side=VendorSide.SALESFORCE)
    context = {"connection": connection, "buttons": org_buttons.offered(connection)}
    return render(request, "connections/buttons.html", context)


@dataclass(frozen=True, slots=True)
class Press:
    """What a button in Salesforce asks for."""

    connection: Connection
    record: str
    type: str
    target: Side


@never_cache
@transaction.non_atomic_requests
@signed_in_page
@require_http_methods(["GET", "POST"])
def press(request: HttpRequest, org: str, record: str, way: str) -> HttpResponseBase:
    """The page that asks (GET), and doing it (POST)."""
    if way not in WAYS:
        raise Http404
    found = _membership(request, org)
    if found is None:
        return refused_page(request, Refused("button.unknown_org"), again="", status=404)
    membership, connection = found
    request.membership, request.company = membership, membership.company  # type: ignore[attr-defined]
    with tenant(membership.company_id):
        if not may(membership.role, ACTION):
            return forbidden(request, ACTION)
        if not is_id(record):
            return refused_page(request, Refused("locate.no_id", id=record[:80]), again="", status=404)
        wanted = Press(connection, to_18(record), request.GET.get("type", "")[:80], WAYS[way])
        try:
            return _start(request, wanted) if request.method == "POST" else _ask(request, wanted)
        except ConnectorError as error:
            refusal = Refused(error.failure.code, message=error.failure.message, detail=error.failure.detail)
            return refused_page(request, refusal, again=request.get_full_path(), status=503)


def _membership(request: HttpRequest, org: str) -> tuple[Membership, Connection] | None:
    """The company of this person that holds the org, that of the session first."""
    person = request.user
    if not is_id(org) or not isinstance(person, User):
        return None
    rows = Connection.all_companies.filter(side=VendorSide.SALESFORCE, remote_id=to_18(org))
    holders = {row.company_id: row for row in rows.exclude(status=ConnectionStatus.DISCONNECTED)}
    mine = [one for one in memberships_of(person) if one.company_id in holders]
    mine.sort(key=lambda one: one.company_id != request.session.get(COMPANY_IN_SESSION))
    return (mine[0], holders[mine[0].company_id]) if mine else None


def _ask(request: HttpRequest, wanted: Press) -> HttpResponse:
    try:
        mappings = _mappings(wanted)
        meant = _meant(mappings, wanted)
        link = locating.known(mappings, meant)
        answer = _answer(mappings, meant, link)
    except Refused as refusal:
        return refused_page(request, refusal, again="", status=404)
    context = {"answer": answer, "link": link if _is_here(request) else None, "target": wanted.target.value}
    return render(request, "record/from_salesforce.html", context)


def _is_here(request: HttpRequest) -> bool:
    """Whether the session acts for the company already, so that links into it work."""
    now = current_membership(request)
    return now is not None and now.company_id == request.company.pk  # type: ignore[attr-defined]


def _start(request: HttpRequest, wanted: Press) -> HttpResponseBase:
    """Make the record due at once and lead to it, in the company that holds the org."""
    mappings = _mappings(wanted)
    meant = _meant(mappings, wanted)
    meter = UsageMeter()
    try:
        client = client_for(wanted.connection, Priority.INTERACTIVE, meter)
        link = locating.locate(mappings, meant, client)
    finally:
        flush(wanted.connection, meter)
    sync.request([link.pk], target=wanted.target, person=request.user, cause=CAUSE)
    enter(request, wanted.connection.company_id)
    return redirect("portal:record", pk=link.pk)


def _mappings(wanted: Press) -> list[Mapping]:
    return locating.mappings_for(
        Integration.objects.filter(salesforce=wanted.connection, quickbooks__isnull=False), wanted.type
    )


def _meant(mappings: list[Mapping], wanted: Press) -> Wanted:
    """The record itself, or the one that it goes along with (a contact's account). Reads at most; stores nothing."""
    own = Wanted(Side.SALESFORCE, wanted.record, wanted.type)
    if locating.known(mappings, own) is not None:
        return own
    meter = UsageMeter()
    try:
        return locating.meant(mappings, own, client_for(wanted.connection, Priority.INTERACTIVE, meter))
    finally:
        flush(wanted.connection, meter)


def _answer(mappings: list[Mapping], meant: Wanted, link: RecordLink | None) -> why.Answer:
    """What would be done now. Raises Refused where there is no such record."""
    if link is not None:
        return why.explain_link(link)
    labels = {row.label for row in mappings}
    answers = [one for one in why.explain(meant.id) if one.mapping in labels]
    if not answers:
        raise Refused("locate.no_record", object="The record", id=meant.id)
    return next((one for one in answers if one.outcome != "skip"), answers[0])


urls: list[URLPattern] = [
    path("connections/<uuid:pk>/buttons/", buttons, name="connection-buttons"),
    path("from-salesforce/<str:org>/<str:record>/<str:way>/", press, name="from-salesforce"),
]
