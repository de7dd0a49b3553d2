"""How a Salesforce org tells us of changes and asks for syncs: requests (QBO_Sync__c) and what came of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET, require_POST

from connectors.errors import ConnectorError
from portal.people.access import PortalRequest, company_page
from syncapp.models import Connection, ConnectionStatus, VendorSide
from syncapp.services import clients, org_messages, request_answers, sync_requests
from syncapp.services.errors import Refused

LOOKS = {
    "": "queued",
    "Queued": "queued",
    "Processing": "waiting",
    "Processed": "in_sync",
    "Error": "needs_attention",
    "Skipped": "skipped",
}
"""How the statuses of requests look, in the one vocabulary of states."""


def _connection(pk: UUID) -> Connection:
    rows = Connection.objects.exclude(status=ConnectionStatus.DISCONNECTED)
    return get_object_or_404(rows, pk=pk, side=VendorSide.SALESFORCE)


@company_page("connections.view")
@require_GET
def real_time(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Requests of this org, and how to make them."""
    return render(request, "connections/real_time.html", _context(_connection(pk)))


def _context(connection: Connection) -> dict[str, Any]:
    rows = sync_requests.newest(connection.pk)
    for row in rows:
        row.look = LOOKS.get(row.status, "queued")  # type: ignore[attr-defined]
    return {
        "connection": connection,
        "watched": sync_requests.is_watched(connection),
        "fields": sorted(request_answers.fields_there(connection)),
        "requests": rows,
        "messages_of": org_messages.standing(connection),
    }


@transaction.non_atomic_requests
@company_page("connections.edit")
@require_POST
def look_again(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """See whether the org has the object of requests by now."""
    connection = _connection(pk)
    meter = clients.UsageMeter()
    try:
        found = sync_requests.look_for(connection, clients.salesforce_client(connection, meter))
    except ConnectorError as error:
        failure = error.failure
        raise Refused(failure.code, message=failure.message, detail=failure.detail) from error
    finally:
        clients.flush(connection, meter)
    if found:
        messages.success(request, "The org has the object. New requests are looked for every 15 seconds.")
    else:
        messages.warning(
            request,
            "The org has no QBO_Sync__c that the connected user may read and edit. Nothing has changed.",
        )
    return redirect("portal:connection-real-time", pk=pk)


@company_page("connections.edit")
@require_POST
def new_address(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """Make the address for outbound messages, or another one in its place."""
    connection = _connection(pk)
    first = not org_messages.address_of(connection)
    org_messages.renew_address(connection, request.user)
    messages.success(
        request,
        "The address is made. Enter it in Salesforce."
        if first
        else "There is a new address. Enter it in Salesforce: the old one works for 24 hours more.",
    )
    return redirect("portal:connection-real-time", pk=pk)


@company_page("connections.edit")
@require_POST
def end_old_address(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """Stop answering the address before this one."""
    org_messages.end_old_address(_connection(pk), request.user)
    messages.success(request, "The old address is not answered any more.")
    return redirect("portal:connection-real-time", pk=pk)


urls: list[URLPattern] = [
    path("connections/<uuid:pk>/real-time/", real_time, name="connection-real-time"),
    path("connections/<uuid:pk>/real-time/address/", new_address, name="connection-new-address"),
    path("connections/<uuid:pk>/real-time/old-address/", end_old_address, name="connection-end-old-address"),
    path("connections/<uuid:pk>/real-time/look-again/", look_again, name="connection-look-again"),
]
