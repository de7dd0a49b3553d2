"""Structured logs without secrets: everything that is logged passes `redact` before it is printed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import structlog

HIDDEN = "[hidden]"

_SECRET_NAMES = re.compile(
    r"(?i)(authorization|cookie|password|passwd|secret|token|verifier|assertion|api_?key|private_?key|session_?id|(?<![a-z])sid(?![a-z])"
    r"|refresh|code_challenge|signature|otp|totp)"
)
_SECRET_VALUES = re.compile(
    r"(?i)"
    r"(bearer\s+|basic\s+)[a-z0-9._~+/=!-]{8,}"  # authorization headers
    r"|00D[a-z0-9]{12,15}![a-z0-9._]{8,}"  # Salesforce session ids
    r"|eyJ[a-z0-9_-]{8,}\.[a-z0-9_.-]{8,}"  # JSON web tokens
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"  # user:password in addresses
    r"|(/hooks/salesforce/[0-9a-f-]{36}/)[^\s\"'?]+"  # the address itself is the secret
    r"|((?:access_token|refresh_token|client_secret|code|password|assertion|token)=)[^&\s]+"
)


def redact(value: Any, *, name: str = "") -> Any:
    """`value` without secrets: fields by their name, texts by what looks like a token; containers inside out."""
    if name and _SECRET_NAMES.search(name) and not isinstance(value, bool | int | float | None):
        return HIDDEN
    if isinstance(value, str):
        return _SECRET_VALUES.sub(_hide, value)
    if isinstance(value, Mapping):
        return {key: redact(item, name=str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item) for item in value]
    return value


def _hide(match: re.Match[str]) -> str:
    return next((kept for kept in match.groups() if kept), "") + HIDDEN


def _redact_event(_logger: Any, _method: str, event: Any) -> Any:
    for key, value in list(event.items()):
        if key not in {"exc_info", "_record", "_from_structlog", "stack_info"}:
            event[key] = redact(value, name="" if key == "event" else key)
    return event


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.StackInfoRenderer(),
]


def logging_settings(level: str, output: str) -> dict[str, Any]:
    """Configure structlog and return Django's LOGGING.

    `output` is "text" (for people) or "json" (one object a line).
    """
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "ours": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [*_SHARED, structlog.stdlib.ExtraAdder()],
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    _redact_event,
                    _renderer(output),
                ],
            },
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "ours"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # one line per outgoing request with its full address, and everything Django already says elsewhere
            "urllib3": {"level": "WARNING"},
            "requests_oauthlib": {"level": "WARNING"},
            "oauthlib": {"level": "WARNING"},
            "zeep": {"level": "WARNING"},
            "django.server": {"handlers": [], "propagate": True},
            # a line for every message sent, received and done says nothing that the attempts do not say better
            "celery.beat": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
        },
    }


def _renderer(output: str) -> Any:
    if output == "json":
        return structlog.processors.JSONRenderer(default=str)
    return structlog.dev.ConsoleRenderer(
        colors=False, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
    )
