"""The one door of the API: the key names the company and the role; everything behind it runs as that company.

Nothing of a person's session counts here: cookies are not looked at, so that no page elsewhere can make a browser call.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import structlog
from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from portal.api import keys
from portal.api.answers import Stopped, problem
from portal.people.access import may
from portal.people.models import ApiKey
from syncapp.models import Company
from syncapp.tenancy import tenant

log = structlog.get_logger()

CALLS_A_MINUTE = 120
WRONG_KEYS_A_MINUTE = 30
MOST_BYTES = 1_000_000


class ApiRequest(HttpRequest):
    """A request behind the door."""

    api_key: ApiKey
    company: Company


def guarded(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let in who has a live key, within its rate; the view runs inside the key's company."""

    @wraps(view)
    def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        stopped = _stopped(request)
        if stopped is not None:
            return stopped
        key: ApiKey = request.api_key  # type: ignore[attr-defined]
        with tenant(key.company_id):
            answer = _answer(view, request, args, kwargs)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    door.csrf_exempt = True  # type: ignore[attr-defined]  # no cookie counts here
    return door


def _answer(
    view: Callable[..., HttpResponseBase], request: HttpRequest, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> HttpResponseBase:
    """The view's answer. What is refused has changed nothing; what breaks has a number to find it by."""
    answer: HttpResponseBase
    try:
        answer = view(request, *args, **kwargs)
    except Exception:
        trace = uuid4().hex[:12]
        log.exception("api_broke", trace=trace, path=request.path)
        answer = problem(500, "api.broke", values={"trace": trace})
    if answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = answer.headers.get("Allow", "")
        answer = problem(405, "api.method", values={"allowed": allowed})
        answer.headers["Allow"] = allowed
    if answer.status_code >= HTTPStatus.BAD_REQUEST and connection.in_atomic_block:
        transaction.set_rollback(True)
    return answer


def _stopped(request: HttpRequest) -> HttpResponse | None:
    """The answer for who may not go on; else the request has its key and company."""
    length = request.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > MOST_BYTES:
        return problem(413, "api.too_large")
    caller = f"api-wrong:{_address(request)}"
    if cache.get(caller, 0) >= WRONG_KEYS_A_MINUTE:
        return problem(429, "api.too_many_wrong", retry_after=60)
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    key = keys.find(text.strip()) if scheme.lower() == "bearer" else None
    if key is None:
        _count(caller)
        log.warning("api_key_refused")
        answer = problem(401, "api.no_key")
        answer.headers["WWW-Authenticate"] = 'Bearer realm="Ledgerbridge"'
        return answer
    if _count(f"api-calls:{key.pk}") > CALLS_A_MINUTE:
        return problem(429, "api.too_many", retry_after=60, values={"most": CALLS_A_MINUTE})
    keys.note_use(key, timezone.now())
    request.api_key, request.company = key, key.company  # type: ignore[attr-defined]
    return None


def _address(request: HttpRequest) -> str:
    """Where the call comes from, behind the proxies that the installation trusts; empty where nothing tells."""
    try:
        return str(get_adapter(request).get_client_ip(request))
    except PermissionDenied:
        return ""


def _count(name: str) -> int:
    """How often this was counted within its minute, this time included."""
    if cache.add(name, 1, timeout=60):
        return 1
    try:
        return int(cache.incr(name))
    except ValueError:  # its minute ended just now
        cache.set(name, 1, timeout=60)
        return 1


def must(request: HttpRequest, action: str) -> ApiRequest:
    """The request, if the key's role may do `action`. Raises Stopped (403)."""
    key: ApiKey = request.api_key  # type: ignore[attr-defined]
    if not may(key.role, action):
        raise Stopped(403, "api.role", role=key.get_role_display().lower())
    return request  # type: ignore[return-value]


def cause(request: HttpRequest) -> str:
    """What runs say of who asked for them."""
    return f"API: {request.api_key.name}"[:120]  # type: ignore[attr-defined]
