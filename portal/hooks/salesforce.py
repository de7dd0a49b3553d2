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
from syncapp.services import org_messages

log = structlog.get_logger()

MOST_BYTES = 2 * 1024 * 1024
"""A hundred notifications with a few fields each are far smaller; more is not read."""
XML = "text/xml; charset=utf-8"


@csrf_exempt
@require_POST
@sensitive_variables("secret")
def notifications(request: HttpRequest, connection_id: UUID, secret: str) -> HttpResponse:
    """Take in one message: 404 for an address that is none, 413 too large, 400 unreadable, 403 another org's."""
    if _length(request) > MOST_BYTES:
        return HttpResponse(status=413)
    connection = org_messages.connection_at(connection_id, secret)
    if connection is None:
        log.warning("message_refused", connection=str(connection_id))
        return HttpResponse(status=404)
    raw = request.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        return HttpResponse(status=413)
    try:
        message = outbound.parse(raw)
    except outbound.Unreadable as error:
        log.warning("message_unreadable", connection=str(connection_id), bytes=len(raw), why=str(error))
        return HttpResponse(status=400)
    if not org_messages.is_of_org(connection, message.org_id):
        log.warning("message_of_another_org", connection=str(connection_id))
        return HttpResponse(status=403)
    org_messages.receive(connection, message)
    return HttpResponse(outbound.ACK, content_type=XML)


def _length(request: HttpRequest) -> int:
    text = request.headers.get("Content-Length", "")
    return int(text) if text.isdecimal() else 0
