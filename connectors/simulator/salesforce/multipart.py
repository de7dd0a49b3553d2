"""multipart/form-data as Salesforce takes it: a JSON part and a part with the content."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.simulator.salesforce.errors import Refused, bad_json

if TYPE_CHECKING:
    from connectors.simulator.wire import Request

_NAME = re.compile(rb'name="([^"]*)"', re.IGNORECASE)
_BOUNDARY = re.compile(r'boundary="?([^";,]+)"?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts by name."""

    by_name: dict[str, bytes]

    def json(self, name: str) -> Any:
        """A part as JSON. Raises Refused."""
        try:
            return json.loads(self.raw(name))
        except ValueError as error:
            raise bad_json(f"The part {name} is not JSON: {error}") from None

    def text(self, name: str) -> str:
        try:
            return self.raw(name).decode()
        except UnicodeDecodeError:
            raise bad_json(f"The part {name} is not UTF-8") from None

    def raw(self, name: str) -> bytes:
        """Raises Refused when there is no such part."""
        if name not in self.by_name:
            raise Refused("INVALID_MULTIPART_REQUEST", f"The multipart request lacks the part {name}")
        return self.by_name[name]


def parts_of(request: Request) -> Parts:
    """The parts of a multipart body. Raises Refused."""
    match = _BOUNDARY.search(request.header("content-type"))
    if match is None:
        raise Refused("INVALID_MULTIPART_REQUEST", "The Content-Type header lacks a boundary")
    mark = b"--" + match[1].encode()
    found: dict[str, bytes] = {}
    for piece in request.body.split(mark)[1:]:
        head, blank, content = piece.lstrip(b"\r\n").partition(b"\r\n\r\n")
        if not blank:
            head, blank, content = piece.lstrip(b"\n").partition(b"\n\n")
        name = _NAME.search(head)
        if blank and name is not None:
            found[name[1].decode(errors="replace")] = content.removesuffix(b"\r\n")
    return Parts(found)
