"""What the API says when it does not do something: problem+json (RFC 9457) in the words that pages use."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse

from syncapp.messages import words_for

PROBLEM = "application/problem+json"
STATUS_OF = {"records.unknown": 404, "api.not_found": 404}
"""Refusals that are no conflict (409) with how things stand."""


class Stopped(Exception):
    """A call ends with this status and these words."""

    def __init__(self, status: int, code: str, **values: Any) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.values = values


def problem(
    status: int,
    code: str,
    *,
    values: Mapping[str, Any] | None = None,
    retry_after: int | None = None,
    **more: Any,
) -> HttpResponse:
    """An answer that says what stopped the call: title, detail, what to do, and the code for machines."""
    words = words_for(code, values)
    body = {
        "type": "about:blank",
        "status": status,
        "title": words.title,
        "detail": words.what,
        "todo": words.todo,
        "code": code,
        **more,
    }
    answer = HttpResponse(json.dumps(body, default=str), status=status, content_type=PROBLEM)
    if retry_after is not None:
        answer.headers["Retry-After"] = str(retry_after)
    return answer


def status_of(code: str) -> int:
    """The status of a refusal of the services."""
    if code.startswith(("filter.", "locate.")):
        return 422
    return STATUS_OF.get(code, 409)
