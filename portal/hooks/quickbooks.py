"""Intuit's webhook notices, one address per app (reference quickbooks.md 6).

A notice that is not Intuit's is refused (401). One that is, is answered 200 whatever it holds: anything else would make
Intuit send it again and hold back later ones (6.5). Nothing is read or synced here.
"""

from __future__ import annotations

from uuid import UUID

import structlog
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from connectors.quickbooks import webhooks
from portal.hooks import bodies
from syncapp.services import deliveries, verifiers

log = structlog.get_logger()


@csrf_exempt
@require_POST
def notices(request: HttpRequest, app_id: UUID) -> HttpResponse:
    """Take in one delivery: 401 unsigned or forged, 404 no such app, 413 too large, else 200."""
    try:
        bodies.check_length(request)
        raw = bodies.read(request)
        signed = verifiers.is_signed(app_id, raw, request.headers.get(webhooks.SIGNATURE_HEADER, ""))
    except bodies.TooLarge:
        return HttpResponse(status=413)
    except verifiers.NoSuchApp:
        return HttpResponse(status=404)
    if not signed:
        log.warning("notice_refused", app=str(app_id), bytes=len(raw))
        return HttpResponse(status=401)
    try:
        named = webhooks.parse(raw)
    except (ValueError, RecursionError):
        log.warning("notice_unreadable", app=str(app_id), bytes=len(raw))
        return HttpResponse(status=200)
    deliveries.receive(app_id, named, raw)
    return HttpResponse(status=200)
