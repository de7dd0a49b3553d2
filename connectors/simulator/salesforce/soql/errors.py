"""What SOQL answers when a query cannot be run: code, and the excerpt with the caret under the fault.

Shapes: reference/salesforce.md section 3.5 and its catalogue of error bodies.
"""

from __future__ import annotations

#: Characters of the query shown on either side of the fault.
EXCERPT_REACH = 40

NO_SUCH_COLUMN_HINT = (
    " If you are attempting to use a custom field, be sure to append the '__c' after the custom field name."
    " Please reference your WSDL or the describe call for the appropriate names."
)
NO_SUCH_OBJECT_HINT = (
    " If you are attempting to use a custom object, be sure to append the '__c' after the entity name."
    " Please reference your WSDL or the describe call for the appropriate names."
)


class SoqlError(Exception):
    """A query that is refused; `code` is Salesforce's errorCode, `str()` its message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def pointed_at(text: str, offset: int, sentence: str) -> str:
    """The message with the line of the query around `offset`, a caret below it, and row and column (from 1)."""
    offset = min(offset, len(text))
    row = text.count("\n", 0, offset) + 1
    line_start = text.rfind("\n", 0, offset) + 1
    line_end = text.find("\n", offset)
    line_end = len(text) if line_end < 0 else line_end
    start = max(line_start, offset - EXCERPT_REACH)
    excerpt = text[start : min(line_end, offset + EXCERPT_REACH)]
    caret = " " * (offset - start) + "^"
    return f"\n{excerpt}\n{caret}\nERROR at Row:{row}:Column:{offset - line_start + 1}\n{sentence}"


def malformed(text: str, offset: int, sentence: str) -> SoqlError:
    return SoqlError("MALFORMED_QUERY", pointed_at(text, offset, sentence))


def unexpected(text: str, offset: int, token: str) -> SoqlError:
    return malformed(text, offset, f"unexpected token: '{token or '<EOF>'}'")


def no_such_column(text: str, offset: int, name: str, entity: str) -> SoqlError:
    sentence = f"No such column '{name}' on entity '{entity}'.{NO_SUCH_COLUMN_HINT}"
    return SoqlError("INVALID_FIELD", pointed_at(text, offset, sentence))


def no_such_relation(text: str, offset: int, name: str) -> SoqlError:
    sentence = (
        f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom"
        " relationship, be sure to append the '__r' after the custom relationship name. Please reference"
        " your WSDL or the describe call for the appropriate names."
    )
    return SoqlError("INVALID_FIELD", pointed_at(text, offset, sentence))


def no_such_child(text: str, offset: int, name: str) -> SoqlError:
    sentence = (
        f"Didn't understand relationship '{name}' in FROM part of query call. If you are attempting to use a"
        " custom relationship, be sure to append the '__r' after the custom relationship name. Please"
        " reference your WSDL or the describe call for the appropriate names."
    )
    return SoqlError("INVALID_TYPE", pointed_at(text, offset, sentence))


def no_such_object(text: str, offset: int, name: str) -> SoqlError:
    sentence = f"sObject type '{name}' is not supported.{NO_SUCH_OBJECT_HINT}"
    return SoqlError("INVALID_TYPE", pointed_at(text, offset, sentence))


def not_filterable(text: str, offset: int, name: str) -> SoqlError:
    sentence = f"field '{name}' can not be filtered in a query call"
    return SoqlError("INVALID_FIELD", pointed_at(text, offset, sentence))


def bad_value(text: str, offset: int, sentence: str) -> SoqlError:
    return SoqlError("INVALID_FIELD", pointed_at(text, offset, sentence))
