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
from portal.hooks.refused import Refusals
from syncapp.services import deliveries, verifiers

log = structlog.get_logger()

refusals = Refusals("notice_refused")


@csrf_exempt
@require_POST
def notices(request: HttpRequest, app_id: UUID) -> HttpResponse:
    """Take in one delivery: 413 too large, 401 unsigned or forged, 404 no such app, else 200."""
    signature = request.headers.get(webhooks.SIGNATURE_HEADER, "")
    try:
        bodies.check_length(request)
        if not webhooks.is_signature(signature):
            return _refused(app_id)
        raw = bodies.read(request)
        signed = verifiers.is_signed(app_id, raw, signature)
    except bodies.TooLarge:
        return HttpResponse(status=413)
    except verifiers.NoSuchApp:
        return HttpResponse(status=404)
    if not signed:
        return _refused(app_id)
    try:
        named = webhooks.parse(raw)
    except (ValueError, RecursionError):
        log.warning("notice_unreadable", app=str(app_id), bytes=len(raw))
        return HttpResponse(status=200)
    deliveries.receive(app_id, named, raw)
    return HttpResponse(status=200)


def _refused(app_id: UUID) -> HttpResponse:
    refusals.note(app=str(app_id))
    return HttpResponse(status=401)
