"""Health pages for supervisors and load balancers: is the process alive, and can it do its work."""

from __future__ import annotations

import structlog
from django.core.cache import cache
from django.db import connection, transaction
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

log = structlog.get_logger(__name__)


@never_cache
@transaction.non_atomic_requests
def live(_request: HttpRequest) -> JsonResponse:
    """200 while the process answers; looks at nothing else, so that a database outage restarts no web server."""
    return JsonResponse({"status": "ok"})


@never_cache
@transaction.non_atomic_requests
def ready(_request: HttpRequest) -> JsonResponse:
    """200 when database and cache answer, else 503 with the name of what is missing and no detail."""
    parts = {"database": _database_answers(), "cache": _cache_answers()}
    healthy = all(parts.values())
    body = {
        "status": "ok" if healthy else "unavailable",
        **{name: "ok" if up else "down" for name, up in parts.items()},
    }
    return JsonResponse(body, status=200 if healthy else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
            return bool(cursor.fetchone() == (1,))
    except Exception:
        log.warning("health_database_down", exc_info=True)
        return False


def _cache_answers() -> bool:
    try:
        cache.set("healthz", 1, timeout=5)
    except Exception:
        log.warning("health_cache_down", exc_info=True)
        return False
    return True
