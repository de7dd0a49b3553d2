"""Intuit's webhook notices, one address per app (reference quickbooks.md 6).

A notice that is not Intuit's is refused (401). One that is, is answered 200 whatever it holds: anything else would make
Intuit send it again and hold back later ones (6.5). Nothing is read or synced here.
"""

from __future__ import annotations

from uuid import UUID

import structlog
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from connectors.contracts import Side
from connectors.quickbooks import webhooks
from syncapp.crypto import SecretUnreadable
from syncapp.models import AppCredentials
from syncapp.services import deliveries

log = structlog.get_logger()

MOST_BYTES = 2 * 1024 * 1024
"""Twice what Intuit says a delivery may hold; more is not read."""


@transaction.non_atomic_requests  # one statement stores everything: nothing to hold together, no round trips for it
@csrf_exempt
@require_POST
def notices(request: HttpRequest, app_id: UUID) -> HttpResponse:
    """Take in one delivery: 401 unsigned or forged, 404 no such app, 413 too large, else 200."""
    if _length(request) > MOST_BYTES:
        return HttpResponse(status=413)
    rows = AppCredentials.objects.filter(pk=app_id, side=Side.QUICKBOOKS.value)
    app = rows.only("company_id", "verifier_token_sealed").first()
    if app is None:
        return HttpResponse(status=404)
    raw = request.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        return HttpResponse(status=413)
    if not webhooks.verify(raw, request.headers.get(webhooks.SIGNATURE_HEADER, ""), _verifier(app)):
        log.warning("notice_refused", app=str(app.pk), bytes=len(raw))
        return HttpResponse(status=401)
    try:
        named = webhooks.parse(raw)
    except (ValueError, RecursionError):
        log.warning("notice_unreadable", app=str(app.pk), bytes=len(raw))
        return HttpResponse(status=200)
    deliveries.receive(app, named, raw)
    return HttpResponse(status=200)


def _length(request: HttpRequest) -> int:
    text = request.headers.get("Content-Length", "")
    return int(text) if text.isdecimal() else 0


def _verifier(app: AppCredentials) -> str:
    try:
        return app.verifier_token
    except SecretUnreadable:
        return ""
