"""Webhook notices of a QuickBooks company: the address to copy, the token, what to tick, and what came last."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from portal.people.access import PortalRequest, company_page
from syncapp.models import Connection, ConnectionStatus, VendorSide
from syncapp.services import notices as service


def _connection(pk: UUID) -> Connection:
    rows = Connection.objects.exclude(status=ConnectionStatus.DISCONNECTED).select_related("app_credentials")
    return get_object_or_404(rows, pk=pk, side=VendorSide.QUICKBOOKS)


@company_page("connections.view")
def notices(request: PortalRequest, pk: UUID) -> HttpResponse:
    """How changes in QuickBooks are told of."""
    connection = _connection(pk)
    context = {"connection": connection, "standing": service.standing(connection)}
    return render(request, "connections/notices.html", context)


@company_page("connections.edit")
@require_POST
def save_verifier(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """Store the verifier token of the company's own app."""
    connection = _connection(pk)
    if not request.POST.get("verifier_token", "").strip():
        messages.error(request, "Enter the verifier token first. Nothing has been changed.")
    else:
        service.save_verifier(connection, request.POST["verifier_token"], request.user)
        messages.success(request, "The verifier token is stored.")
    return redirect("portal:connection-notices", pk=pk)


@company_page("connections.edit")
@require_POST
def switch(request: PortalRequest, pk: UUID, name: str) -> HttpResponseBase:
    """Heed or ignore the notices of one object."""
    on = request.POST.get("on") == "1"
    service.switch(_connection(pk), name[:80], request.user, on=on)
    messages.success(request, f"Notices of {name} are {'heeded' if on else 'ignored'} from now on.")
    return redirect("portal:connection-notices", pk=pk)


@transaction.non_atomic_requests
@company_page("connections.edit")
@require_POST
def try_out(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """Send a test to our own address."""
    service.try_out(_connection(pk))
    messages.success(request, "A signed test notice reached the address and was accepted.")
    return redirect("portal:connection-notices", pk=pk)


urls: list[URLPattern] = [
    path("connections/<uuid:pk>/webhooks/", notices, name="connection-notices"),
    path("connections/<uuid:pk>/webhooks/verifier/", save_verifier, name="connection-notices-verifier"),
    path("connections/<uuid:pk>/webhooks/test/", try_out, name="connection-notices-test"),
    path("connections/<uuid:pk>/webhooks/<str:name>/", switch, name="connection-notices-switch"),
]
