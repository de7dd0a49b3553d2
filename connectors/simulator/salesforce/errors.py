"""Salesforce's refusals: HTTP status, errorCode, message, fields (reference/salesforce.md 2.5 and 4.9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Refused(Exception):
    """A call or a row that Salesforce refuses.

    `status` is the HTTP status when the refusal is the whole answer. `fields` is left out of the body when None.
    `more` are further members of the error object (such as `duplicateResult`).
    """

    def __init__(
        self,
        code: str,
        message: str,
        fields: Sequence[str] | None = None,
        status: int = 400,
        more: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = fields
        self.status = status
        self.more = more or {}

    def body(self) -> list[dict[str, Any]]:
        """The JSON list that a single call answers."""
        error: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            error["fields"] = list(self.fields)
        return [{**error, **self.more}]

    def row(self) -> dict[str, Any]:
        """The failed row of a collection: no id, and `statusCode` instead of `errorCode`."""
        error = {"statusCode": self.code, "message": self.message, "fields": list(self.fields or ())}
        return {"success": False, "errors": [error]}


def not_found() -> Refused:
    return Refused("NOT_FOUND", "The requested resource does not exist", status=404)


def is_deleted() -> Refused:
    return Refused("ENTITY_IS_DELETED", "entity is deleted", (), status=404)


def bad_session() -> Refused:
    return Refused("INVALID_SESSION_ID", "Session expired or invalid", status=401)


def malformed_id(label: str, text: str, field: str = "Id") -> Refused:
    return Refused("MALFORMED_ID", f"{label}: id value of incorrect type: {text}", (field,))


def bad_json(sentence: str) -> Refused:
    return Refused("JSON_PARSER_ERROR", sentence)


def unsupported_media_type(kind: str) -> Refused:
    return Refused("UNSUPPORTED_MEDIA_TYPE", f"The content type {kind} is not supported here", status=415)


def wrong_method(method: str, allowed: str) -> Refused:
    return Refused(
        "METHOD_NOT_ALLOWED", f"HTTP Method '{method}' not allowed. Allowed are {allowed}", status=405
    )
