"""Salesforce's outbound messages, one secret address per connected org (reference salesforce.md 5.6).

A message is acknowledged only after what it names is stored; without an acknowledgement Salesforce sends it again for a
day. Nothing is read or synced here.
"""

from __future__ import annotations

from uuid import UUID

import structlog
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from connectors.salesforce import outbound
from portal.hooks import bodies
from portal.hooks.refused import Refusals
from syncapp.services import org_messages

log = structlog.get_logger()

XML = "text/xml; charset=utf-8"

refusals = Refusals("message_refused")


@csrf_exempt
@require_POST
@sensitive_variables("secret")
def notifications(request: HttpRequest, connection_id: UUID, secret: str) -> HttpResponse:
    """Take in one message: 404 for an address that is none, 413 too large, 400 unreadable, 403 another org's."""
    try:
        bodies.check_length(request)
    except bodies.TooLarge:
        return HttpResponse(status=413)
    connection = org_messages.connection_at(connection_id, secret)
    if connection is None:
        refusals.note(connection=str(connection_id))
        return HttpResponse(status=404)
    try:
        raw = bodies.read(request)
        message = outbound.parse(raw)
    except bodies.TooLarge:
        return HttpResponse(status=413)
    except outbound.Unreadable as error:
        log.warning("message_unreadable", connection=str(connection_id), bytes=len(raw), why=str(error))
        return HttpResponse(status=400)
    if not org_messages.is_of_org(connection, message.org_id):
        log.warning("message_of_another_org", connection=str(connection_id))
        return HttpResponse(status=403)
    org_messages.receive(connection, message)
    return HttpResponse(outbound.ACK, content_type=XML)
