"""QuickBooks' faults, read into the closed set of kinds (reference quickbooks.md 2.6 and 8)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import requests

from connectors import jsonwire
from connectors.errors import Failure, FailureKind
from connectors.http import request_id
from connectors.transport import retry_after

MAX_TEXT = 2000
THROTTLE_PAUSE_S = 60.0
"""Intuit's advice where it names no time (7.1)."""

HEAD = 120
"""A whole-call fault stands this near to the beginning; an answer of a megabyte is not parsed twice to find none."""

_K = FailureKind


def _table() -> dict[int, FailureKind]:
    by_kind: dict[FailureKind, Sequence[int]] = {
        _K.AUTH: (100, 110, 120, 3100, 3200),
        _K.THROTTLED: (3001,),
        _K.TRANSIENT: (130, 140, 150, 1000, 1010, 1020, 10000),
        _K.PERMISSION: (5020, 6190),
        _K.CONFIG: (3000, 5030, 10200, 6160, 6230),
        _K.CONFLICT: (600, 5010),
        _K.EXISTS: (630, 6140, 6240),
        _K.MISSING: (610,),
        _K.WAITING: (2500, 6250, 6560),
        _K.BUG: (
            *(
                500,
                1040,
                1050,
                2000,
                2010,
                2020,
                2030,
                2060,
                2070,
                2080,
                2090,
                2100,
                2110,
                2120,
                2130,
                2170,
                2190,
            ),
            *(
                2220,
                2230,
                2260,
                2270,
                2280,
                2600,
                3202,
                4000,
                4001,
                4002,
                5000,
                6010,
                6020,
                6030,
                6040,
                6050,
                6060,
            ),
            *(6090, 6150, 6170, 6420, 6530, 10100),
        ),
        _K.DATA: (
            *(
                620,
                700,
                800,
                900,
                2040,
                2050,
                2140,
                2150,
                2160,
                2180,
                2200,
                2210,
                2240,
                2250,
                2290,
                2300,
                6000,
                6070,
            ),
            *(
                6080,
                6100,
                6110,
                6120,
                6130,
                6180,
                6200,
                6210,
                6220,
                6270,
                6280,
                *range(6290, 6400, 10),
                6400,
                6430,
            ),
            *(6440, 6450, 6460, 6470, 6480, 6490, 6500, 6510, 6520, 6540),
        ),
    }
    return {code: kind for kind, codes in by_kind.items() for code in codes}


KINDS = _table()
"""Fault code -> kind. A code that is not here is a data error with QuickBooks' own words (8.2, last lines)."""

STATUS_KINDS: dict[int, FailureKind] = {
    401: _K.AUTH,
    403: _K.AUTH,
    404: _K.CONFIG,
    413: _K.BUG,
    429: _K.THROTTLED,
}

_SERVER_ERRORS = 500
_BAD_REQUEST = 400
_XML_ERROR = re.compile(rb"<Error\b([^>]*)>(.*?)</Error>", re.DOTALL)
_XML_CODE = re.compile(rb"""code\s*=\s*["']\s*(\d+)""")
_XML_ELEMENT = re.compile(rb"""element\s*=\s*["']([^"']*)["']""")
_CODE_IN_TEXT = re.compile(r"errorCode=0*(\d+)")


def judge(response: requests.Response) -> Failure | None:
    """The failure that this answer reports as a whole; None for a good one.

    Faults come as JSON in two spellings, as XML even to JSON callers, and inside HTTP 200 (2.5, 2.6).
    """
    status = response.status_code
    if status == 200 and _looks_good(response.content[:HEAD]):
        return None
    errors = _errors(response.content)
    if not errors and status == 200:
        return None
    return _failure(errors, status, request_id(response), retry_after(response))


def judge_body(response: requests.Response) -> Failure | None:
    """The fault inside an answer, wherever it stands in it; None when there is none to be read."""
    errors = _errors(response.content)
    return (
        _failure(errors, response.status_code, request_id(response), retry_after(response))
        if errors
        else None
    )


def _looks_good(head: bytes) -> bool:
    return head.lstrip().startswith(b"{") and b'ault"' not in head


def from_fault(fault: Mapping[str, Any], tid: str = "") -> Failure:
    """The failure of one item in a batch's or upload's answer."""
    return _failure(list(_fault_errors(fault)), None, tid, None)


def _errors(content: bytes) -> list[dict[str, str]]:
    text = content.lstrip()
    if text.startswith(b"<"):
        return [_xml_error(*match.groups()) for match in _XML_ERROR.finditer(text)]
    try:
        body = jsonwire.decode(text)
    except ValueError:
        return []
    if not isinstance(body, Mapping):
        return []
    fault = _member(body, "Fault")
    return list(_fault_errors(fault)) if isinstance(fault, Mapping) else []


def _fault_errors(fault: Mapping[str, Any]) -> Sequence[dict[str, str]]:
    listed = _member(fault, "Error")
    names = ("Message", "Detail", "code", "element")
    return [
        {part.lower(): str(_member(error, part) or "") for part in names}
        for error in (listed if isinstance(listed, list) else ())
        if isinstance(error, Mapping)
    ]


def _member(body: Mapping[str, Any], key: str) -> Any:
    """A member in either spelling: the gateway writes it in lower case."""
    return body.get(key, body.get(key.lower()))


def _xml_error(attributes: bytes, inner: bytes) -> dict[str, str]:
    code, element = _XML_CODE.search(attributes), _XML_ELEMENT.search(attributes)
    return {
        "code": code.group(1).decode() if code else "",
        "element": element.group(1).decode("utf-8", "replace") if element else "",
        "message": _xml_text(inner, b"Message"),
        "detail": _xml_text(inner, b"Detail"),
    }


def _xml_text(inner: bytes, tag: bytes) -> str:
    found = re.search(rb"<" + tag + rb"\b[^>]*>(.*?)</" + tag + rb">", inner, re.DOTALL)
    return found.group(1).decode("utf-8", "replace").strip() if found else ""


def _failure(
    errors: Sequence[Mapping[str, str]], status: int | None, tid: str, wait: float | None
) -> Failure:
    if not errors:
        return _without_fault(status or 0, tid, wait)
    first = errors[0]
    code = _code(first)
    kind = _kind(code, status, first)
    further = [f"{error['message']}: {error['detail']}" for error in errors[1:]]
    return Failure(
        kind,
        f"qbo.{code}" if code else f"qbo.{status or 'fault'}",
        first["message"][:MAX_TEXT],
        "; ".join([first["detail"], *further])[:MAX_TEXT],
        tuple(error["element"] for error in errors if error["element"]),
        status,
        tid,
        (wait or THROTTLE_PAUSE_S) if kind is _K.THROTTLED else wait,
    )


def _code(error: Mapping[str, str]) -> int:
    """The number, also where it comes with leading zeros or only inside the message (8.1)."""
    text = error["code"].strip()
    if text.isdigit():
        return int(text)
    found = _CODE_IN_TEXT.search(error["message"])
    return int(found.group(1)) if found else 0


def _kind(code: int, status: int | None, error: Mapping[str, str]) -> FailureKind:
    if status == 429:
        return _K.THROTTLED
    if code == 2020 and error["element"]:
        return _K.DATA
    known = KINDS.get(code)
    if known is not None:
        return known
    if status is not None and status != _BAD_REQUEST:
        return _status_kind(status)
    return _K.DATA


def _status_kind(status: int) -> FailureKind:
    return _K.TRANSIENT if status >= _SERVER_ERRORS else STATUS_KINDS.get(status, _K.CONFIG)


def _without_fault(status: int, tid: str, wait: float | None) -> Failure:
    kind = _K.BUG if status == _BAD_REQUEST else _status_kind(status)
    words = f"QuickBooks answered with status {status}."
    pause = (wait or THROTTLE_PAUSE_S) if kind is _K.THROTTLED else wait
    return Failure(kind, f"qbo.http_{status}", words, http_status=status, request_id=tid, retry_after=pause)
