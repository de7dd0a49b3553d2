"""Fault bodies of the API and its gateway (quickbooks.md 2.6, 8; recorded bodies)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_LIKE_A_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class ApiError:
    """One entry of `Fault.Error`. `element` None leaves the member out, as several recorded faults do."""

    code: str
    message: str
    detail: str
    element: str | None = ""

    def body(self) -> dict[str, str]:
        entry = {"Message": self.message, "Detail": self.detail, "code": self.code}
        if self.element is not None:
            entry["element"] = self.element
        return entry


class Fault(Exception):
    """A refusal by the API: HTTP `status` with a `Fault` body. `timed` False leaves `time` out (recorded for 2030)."""

    def __init__(
        self, *errors: ApiError, status: int = 400, kind: str = "ValidationFault", timed: bool = True
    ) -> None:
        super().__init__("; ".join(f"{error.code} {error.detail}" for error in errors))
        self.errors = errors
        self.status = status
        self.kind = kind
        self.timed = timed

    def body(self) -> dict[str, Any]:
        return {"Error": [error.body() for error in self.errors], "type": self.kind}


def unsupported_operation(full_path: str) -> Fault:
    inner = f"https://c50.sandbox.qbo.intuit.com/qbo50{full_path}"
    detail = f"Operation Could not find resource for relative : {full_path} of full path: {inner} is not supported."
    return Fault(ApiError("500", "Unsupported Operation", detail, None))


def operation_not_allowed(operation: str, entity: str) -> Fault:
    detail = f"Operation {operation} is not supported for {entity}."
    return Fault(ApiError("500", "Unsupported Operation", detail, None))


def not_utf8() -> Fault:
    detail = "com.sun.org.apache.xerces.internal.impl.io.MalformedByteSequenceException: Invalid byte 1 of 1-byte UTF-8 sequence."
    return Fault(ApiError("500", "Unsupported Operation", detail, None))


def unknown_property(name: str, class_name: str, known: list[str]) -> Fault:
    listed = ", ".join(f'"{item}"' for item in known[:60])
    detail = (
        f'Property Name:Unrecognized field "{name}" (class com.intuit.schema.finance.v3.{class_name}), '
        f"not marked as ignorable ({len(known)} known properties: {listed} [truncated]])\n"
        " specified is unsupported or invalid"
    )
    return Fault(ApiError("2010", "Request has invalid or unsupported property", detail, None))


def unreadable_body(reason: str) -> Fault:
    detail = f"Property Name:{reason} specified is unsupported or invalid"
    return Fault(ApiError("2010", "Request has invalid or unsupported property", detail, None))


def missing(element: str) -> ApiError:
    return ApiError(
        "2020",
        "Required param missing, need to supply the required value for the API",
        f"Required parameter {element} is missing in the request",
        element,
    )


def invalid_id(value: str) -> Fault:
    detail = f"Id should be a valid number. Supplied value:{value}"
    return Fault(ApiError("2030", "Invalid ID", detail, "Id"), timed=False)


def invalid_string(element: str, value: str) -> ApiError:
    detail = f"String contains characters that are not allowed. Supplied value:{value}"
    return ApiError("2040", "Invalid String", detail, element)


def too_long(element: str, minimum: int, maximum: int, length: int) -> ApiError:
    return ApiError(
        "2050",
        "Invalid String Length",
        "String length is either shorter or longer than supported by specification. "
        f"Min:{minimum} Max:{maximum} supported. Supplied length:{length}",
        element,
    )


def invalid_date(element: str, value: str) -> ApiError:
    """2060 for a text that is no date at all, 2070 for a day that no calendar has."""
    if _LIKE_A_DATE.match(value):
        return ApiError("2070", "Invalid Date", f"Invalid Date. Supplied value:{value}", element)
    return ApiError("2060", "Invalid Date format", f"Invalid Date. Supplied value:{value}", element)


def number_format(element: str, value: str, *, whole: bool) -> ApiError:
    """A value that is no number: 2080 for a whole one, 2100 for a decimal."""
    code, word = ("2080", "Number") if whole else ("2100", "Decimal")
    return ApiError(code, f"Invalid {word} format", f"Invalid {word} : {value}", element)


def number_value(element: str, value: str, *, whole: bool) -> ApiError:
    """A number that does not fit: 2090 for a whole one, 2110 for a decimal."""
    code, word = ("2090", "Number") if whole else ("2110", "Decimal")
    return ApiError(code, f"Invalid {word}", f"Invalid {word} : {value}", element)


def invalid_amount(element: str, value: str) -> ApiError:
    return ApiError("2140", "Invalid Amount", f"Invalid Amount. Supplied value:{value}", element)


def invalid_percent(value: object) -> Fault:
    detail = f"Invalid Percent. Supplied value:{value}"
    return Fault(ApiError("2150", "Invalid Percent", detail, "DiscountLineDetail.DiscountPercent"))


def invalid_quantity(element: str, value: object) -> Fault:
    return Fault(ApiError("2160", "Invalid Quantity", f"Invalid Quantity. Supplied value:{value}", element))


def invalid_request_id(value: str, maximum: int) -> Fault:
    detail = f"Request Id must have 1 to {maximum} characters. Supplied value:{value}"
    return Fault(ApiError("2130", "Invalid Request Id format", detail))


def invalid_enumeration(value: str) -> ApiError:
    return ApiError("2170", "Invalid Enumeration", f"Invalid Enumeration : {value}", "")


def malformed_web_address(value: str) -> ApiError:
    return ApiError(
        "2200",
        "Malformed Web Site Address format",
        f"Web Site URL does not have correct format. Supplied value:{value}",
        "WebAddr",
    )


def invalid_email(element: str, value: str) -> ApiError:
    return ApiError(
        "2210",
        "Invalid Email Address format",
        f"Email Address does not conform to the syntax rules of RFC 822. Supplied value:{value}",
        element,
    )


def invalid_boolean(element: str, value: str) -> ApiError:
    return ApiError("2230", "Invalid Boolean", f"Invalid Boolean. Supplied value:{value}", element)


def invalid_reference(word: str, value: str) -> Fault:
    detail = f"Invalid Reference Id : {word} element id {value} not found"
    return Fault(ApiError("2500", "Invalid Reference Id", detail))


def not_found() -> Fault:
    return Fault(
        ApiError(
            "610",
            "Object Not Found",
            "Object Not Found : Something you're trying to use has been made inactive. "
            "Check the fields with accounts, customers, items, vendors or employees.",
        )
    )


def stale(person: str) -> Fault:
    detail = (
        f"Stale Object Error : You and {person} were working on this at the same time. "
        f"{person} finished before you did, so your work was not saved."
    )
    return Fault(ApiError("5010", "Stale Object Error", detail))


def business(text: str, code: str = "6000", message: str = "", element: str = "") -> Fault:
    words = message or "A business validation error has occurred while processing your request"
    detail = f"Business Validation Error: {text}" if code == "6000" else text
    return Fault(ApiError(code, words, detail, element))


def subscription_ended() -> Fault:
    detail = (
        "Subscription period has ended or been canceled, or there was a billing problem : You can't add data to "
        "QuickBooks Online Plus because your trial or subscription period ended. Please contact the administrator "
        "of this company."
    )
    return Fault(ApiError("6190", "Invalid Company Status", detail))


def duplicate_name() -> Fault:
    return Fault(
        ApiError("6240", "Duplicate Name Exists Error", "The name supplied already exists. : null", None)
    )


def query_parse(text: str) -> Fault:
    return Fault(ApiError("4000", "Error parsing query", f"QueryParserError: {text}", None))


def query_invalid(text: str) -> Fault:
    return Fault(ApiError("4001", "Invalid query", f"QueryValidationError: {text}", None))


def gateway(
    code: str, name: str, status: int, detail: str | None, kind: str, epoch_ms: int
) -> dict[str, Any]:
    """The gateway's own body: lower-case `fault`, many null siblings, `time` in epoch milliseconds."""
    error = {
        "message": f"message={name}; errorCode=00{code}; statusCode={status}",
        "detail": detail,
        "code": code,
        "element": None,
    }
    return {
        "warnings": None,
        "intuitObject": None,
        "fault": {"error": [error], "type": kind},
        "report": None,
        "queryResponse": None,
        "batchItemResponse": [],
        "attachableResponse": [],
        "syncErrorResponse": None,
        "requestId": None,
        "time": epoch_ms,
        "status": None,
        "cdcresponse": [],
    }


def throttle_xml(time: str) -> str:
    """The throttle body as recorded: XML, whatever the caller accepts."""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        f'<IntuitResponse time="{time}" xmlns="http://schema.intuit.com/finance/v3">\n'
        '    <Fault type="SERVICE">\n        <Error code="3001">\n'
        "            <Message>message=ThrottleExceeded; errorCode=003001; statusCode=429</Message>\n"
        "            <Detail>The request limit was reached.  Try again later</Detail>\n"
        "        </Error>\n    </Fault>\n</IntuitResponse>\n"
    )
