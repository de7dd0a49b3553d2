"""Salesforce's faults, read into the closed set of kinds (reference salesforce.md 1.7, 2.5, 3.5 and 4.9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import requests

from connectors import jsonwire
from connectors.errors import Failure, FailureKind
from connectors.http import request_id
from connectors.transport import retry_after

MAX_TEXT = 2000
CONCURRENT_PAUSE_S = 60.0
DAILY_PAUSE_S = 900.0

_K = FailureKind

KINDS: dict[str, FailureKind] = {
    "INVALID_SESSION_ID": _K.AUTH,
    "REQUEST_LIMIT_EXCEEDED": _K.THROTTLED,
    "SERVER_UNAVAILABLE": _K.TRANSIENT,
    "UNABLE_TO_LOCK_ROW": _K.TRANSIENT,
    "QUERY_TIMEOUT": _K.TRANSIENT,
    "API_CURRENTLY_DISABLED": _K.TRANSIENT,
    "TXN_SECURITY_METERING_ERROR": _K.TRANSIENT,
    "INVALID_QUERY_LOCATOR": _K.TRANSIENT,
    "PROCESSING_HALTED": _K.TRANSIENT,
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": _K.TRANSIENT,
    "UNKNOWN_EXCEPTION": _K.TRANSIENT,
    "STORAGE_LIMIT_EXCEEDED": _K.QUOTA,
    "TXN_SECURITY_NO_ACCESS": _K.PERMISSION,
    "TXN_SECURITY_RUNTIME_ERROR": _K.PERMISSION,
    "TXN_SECURITY_APEX_ERROR": _K.PERMISSION,
    "INSUFFICIENT_ACCESS": _K.PERMISSION,
    "INSUFFICIENT_ACCESS_OR_READONLY": _K.PERMISSION,
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": _K.PERMISSION,
    "API_DISABLED_FOR_ORG": _K.CONFIG,
    "UNSUPPORTED_API_VERSION": _K.CONFIG,
    "INVALID_FIELD": _K.CONFIG,
    "INVALID_TYPE": _K.CONFIG,
    "INVALID_FIELD_FOR_INSERT_UPDATE": _K.CONFIG,
    "QUERY_TOO_COMPLICATED": _K.CONFIG,
    "OPERATION_TOO_LARGE": _K.CONFIG,
    "INVALID_REPLICATION_DATE": _K.CONFIG,
    "ENTITY_IS_DELETED": _K.MISSING,
    "NOT_FOUND": _K.MISSING,
    "INVALID_CROSS_REFERENCE_KEY": _K.WAITING,
    "STANDARD_PRICE_NOT_DEFINED": _K.WAITING,
    "DUPLICATES_DETECTED": _K.EXISTS,
    "DUPLICATE_VALUE": _K.EXISTS,
    "DUPLICATE_EXTERNAL_ID": _K.DATA,
    "REQUIRED_FIELD_MISSING": _K.DATA,
    "STRING_TOO_LONG": _K.DATA,
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": _K.DATA,
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": _K.DATA,
    "FIELD_INTEGRITY_EXCEPTION": _K.DATA,
    "INVALID_EMAIL_ADDRESS": _K.DATA,
    "NUMBER_OUTSIDE_VALID_RANGE": _K.DATA,
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": _K.DATA,
    "CANNOT_EXECUTE_FLOW_TRIGGER": _K.DATA,
    "APEX_ERROR": _K.DATA,
    "INACTIVE_OWNER_OR_USER": _K.DATA,
    "MALFORMED_ID": _K.BUG,
    "MALFORMED_QUERY": _K.BUG,
    "INVALID_QUERY_FILTER_OPERATOR": _K.BUG,
    "INVALID_QUERY_LOCATOR_FORMAT": _K.BUG,
    "LIMIT_EXCEEDED": _K.BUG,
    "EXCEEDED_ID_LIMIT": _K.BUG,
    "JSON_PARSER_ERROR": _K.BUG,
    "METHOD_NOT_ALLOWED": _K.BUG,
    "UNSUPPORTED_MEDIA_TYPE": _K.BUG,
    "MIXED_DML_OPERATION": _K.BUG,
}
"""Error code -> kind. A code that is not here is a data error with Salesforce's own words."""

STATUS_KINDS: dict[int, FailureKind] = {
    300: _K.DATA,
    400: _K.DATA,
    401: _K.AUTH,
    403: _K.PERMISSION,
    404: _K.CONFIG,
    405: _K.BUG,
    409: _K.CONFLICT,
    410: _K.CONFIG,
    412: _K.CONFLICT,
    414: _K.BUG,
    415: _K.BUG,
    420: _K.TRANSIENT,
    428: _K.BUG,
    429: _K.THROTTLED,
    431: _K.BUG,
}
"""Status -> kind, for answers that carry no error code."""

_SERVER_ERRORS = 500


def judge(response: requests.Response) -> Failure | None:
    """The failure that this answer reports as a whole; None for a good one (2xx)."""
    if response.ok and response.status_code < 300:
        return None
    try:
        body = jsonwire.decode(response.content) if response.content else None
    except ValueError:
        body = None
    return from_body(response.status_code, body, request_id(response), retry_after(response))


def from_body(status: int, body: Any, tid: str = "", wait: float | None = None) -> Failure:
    """The failure in a fault's body: a list of errors, as on single calls and inside a composite, or anything else."""
    errors = [error for error in body if isinstance(error, Mapping)] if isinstance(body, list) else []
    if not errors:
        kind = _K.TRANSIENT if status >= _SERVER_ERRORS else STATUS_KINDS.get(status, _K.CONFIG)
        return Failure(
            kind,
            f"sf.{status}",
            _status_words(status, body),
            http_status=status,
            request_id=tid,
            retry_after=wait,
        )
    return _from_errors(errors, status, tid, wait)


def from_row(errors: Sequence[Mapping[str, Any]], tid: str = "") -> Failure:
    """The failure of one row in a collection's answer (2.5: the code is called `statusCode` there)."""
    return _from_errors(errors or [{}], None, tid, None)


def _from_errors(
    errors: Sequence[Mapping[str, Any]], status: int | None, tid: str, wait: float | None
) -> Failure:
    first = errors[0]
    code = str(first.get("errorCode") or first.get("statusCode") or "UNKNOWN")
    message = str(first.get("message") or "")
    kind, wait = _kind(code, message, status, wait)
    return Failure(
        kind,
        f"sf.{code}",
        message[:MAX_TEXT],
        "; ".join(str(error.get("message") or "") for error in errors[1:])[:MAX_TEXT],
        tuple(str(field) for error in errors for field in error.get("fields") or ()),
        status,
        tid,
        wait,
    )


def _kind(
    code: str, message: str, status: int | None, wait: float | None
) -> tuple[FailureKind, float | None]:
    if code == "REQUEST_LIMIT_EXCEEDED":
        daily = "TotalRequests" in message
        pause = wait or (DAILY_PAUSE_S if daily else CONCURRENT_PAUSE_S)
        return (_K.QUOTA if daily else _K.THROTTLED), pause
    if code == "NOT_FOUND" and "external ID field" in message:
        return _K.CONFIG, wait
    if code in KINDS:
        return KINDS[code], wait
    if status is not None and (status >= _SERVER_ERRORS or status in {401, 403, 409, 412, 420, 429}):
        return (_K.TRANSIENT if status >= _SERVER_ERRORS else STATUS_KINDS[status]), wait
    return _K.DATA, wait


def _status_words(status: int, body: Any) -> str:
    if status == 300 and isinstance(body, list):
        return f"{len(body)} records hold this external id."
    return f"Salesforce answered with status {status}."
