"""Attachments: multipart upload, links to records, download addresses that live fifteen minutes (quickbooks.md 5.3)."""

from __future__ import annotations

import base64
import binascii
import re
from email import message_from_bytes
from email.message import Message
from typing import TYPE_CHECKING, Any

from connectors.simulator import jsontext
from connectors.simulator.quickbooks import faults
from connectors.simulator.quickbooks.clean import Reader
from connectors.simulator.quickbooks.context import Context
from connectors.simulator.quickbooks.definitions import ENTITIES
from connectors.simulator.quickbooks.faults import ApiError, Fault
from connectors.simulator.quickbooks.model import Entity
from connectors.simulator.quickbooks.records import Body
from connectors.simulator.quickbooks.rules.base import Rules
from connectors.simulator.store import Column, Table
from connectors.simulator.wire import Request, Response

if TYPE_CHECKING:
    from connectors.simulator.quickbooks.standin import QuickBooks

_LINK_SECONDS = 900
_MAX_BYTES = 100 * 1024 * 1024
#: Lists whose records can have files; every transaction can.
_ATTACHABLE_LISTS = frozenset({"customer", "vendor", "employee", "item", "account"})
_FORBIDDEN_TYPES = {"exe", "bat", "com", "js", "msi"}


class AttachableRules(Rules):
    """Files and notes, linked to records that must exist."""

    def fill(self, context: Context, entity: Entity, body: Body, old: Body | None, clean: Body) -> None:
        super().fill(context, entity, body, old, clean)
        if not body.get("FileName") and not body.get("Note"):
            raise Fault(faults.missing("FileName"))
        for link in body.get("AttachableRef", []):
            link.setdefault("IncludeOnSend", False)
            target = link.get("EntityRef")
            if not target:
                continue
            kind, number = str(target.get("type", "")), str(target.get("value", ""))
            if kind.lower() not in ENTITIES or context.get(kind.lower(), number) is None:
                raise faults.business(
                    f"The entity {kind} {number} that you are trying to link does not exist. {kind} {number}"
                )
            if ENTITIES[kind.lower()].kind != "transaction" and kind.lower() not in _ATTACHABLE_LISTS:
                raise faults.business(
                    f"{kind} cannot have attachments.", "6050", "Entity not attachable", "EntityRef.type"
                )
        if old is not None:
            for name in ("FileAccessUri", "Size", "ContentType", "FileName"):
                if name in old:
                    body.setdefault(name, old[name])

    def deleted(self, context: Context, entity: Entity, body: Body) -> None:
        context.store.write("DELETE FROM qbo_file WHERE realm = ? AND id = ?", (context.realm, body["Id"]))


class Attachments:
    """Upload and download."""

    def __init__(self, standin: QuickBooks) -> None:
        self._standin = standin
        self._store = standin.world.store
        self._store.define(
            Table("qbo_file", (Column("realm"), Column("id"), Column("content", "BLOB")), ("realm", "id"))
        )
        standin.router.add("GET", "/files/{realm}/{id}", self.file)

    def upload(self, context: Context, request: Request) -> str:
        """`POST /upload`: pairs of metadata and content; refusals come inside the 200."""
        parts = _parts(request)
        answers = []
        for number in sorted({name.rsplit("_", 1)[-1] for name in parts}):
            metadata = parts.get(f"file_metadata_{number}")
            content = parts.get(f"file_content_{number}")
            try:
                with self._store.savepoint():
                    body = self._one(context, metadata, content)
                answers.append(f'{{"Attachable":{jsontext.dumps(self.with_link(context, body))}}}')
            except Fault as fault:
                answers.append(f'{{"Fault":{jsontext.dumps(fault.body())}}}')
        if not answers:
            raise faults.business("Upload needs at least one file.", "6020", "Invalid upload")
        return f'"AttachableResponse":[{",".join(answers)}]'

    def _one(self, context: Context, metadata: Message | None, content: Message | None) -> Body:
        if content is None:
            raise faults.business("The content of the file is missing.", "6020", "Invalid content length")
        payload = _content_of(content)
        if len(payload) > _MAX_BYTES:
            raise faults.business("The file is larger than 100 MB.", "6030", "Invalid file size")
        described: Any = {}
        if metadata is not None:
            try:
                described = jsontext.loads(_content_of(metadata))
            except ValueError:
                raise Fault(ApiError("6040", "Invalid metadata", "The metadata cannot be read.")) from None
        if not isinstance(described, dict):
            raise Fault(ApiError("6040", "Invalid metadata", "The metadata cannot be read."))
        name = str(described.get("FileName") or content.get_filename() or "file")
        if name.rsplit(".", 1)[-1].lower() in _FORBIDDEN_TYPES:
            raise faults.business("This kind of file is not supported.", "6041", "Invalid file type")
        from connectors.simulator.quickbooks.writes import create

        Reader(ENTITIES["attachable"]).read(described)
        body = create(context, ENTITIES["attachable"], {**described, "FileName": name})
        body |= {
            "FileAccessUri": f"/v3/company/{context.realm}/download/{body['Id']}",
            "Size": len(payload),
            "ContentType": str(described.get("ContentType") or content.get_content_type()),
        }
        context.records.put(context.realm, ENTITIES["attachable"], body)
        self._store.write(
            "INSERT OR REPLACE INTO qbo_file VALUES (?, ?, ?)", (context.realm, body["Id"], payload)
        )
        return body

    def with_link(self, context: Context, body: Body) -> Body:
        """The record with a fresh download address."""
        if "FileAccessUri" not in body:
            return body
        return {**body, "TempDownloadUri": self.link(context, body["Id"])}

    def link(self, context: Context, record_id: str) -> str:
        """An address of the file that works for fifteen minutes, without a token."""
        until = int(context.now.timestamp()) + _LINK_SECONDS
        signature = self._signature(context.realm, record_id, until)
        base = self._standin.world.urls.get(self._standin.name, "")
        return f"{base}/files/{context.realm}/{record_id}?X-Amz-Expires={_LINK_SECONDS}&until={until}&signature={signature}"

    def _signature(self, realm: str, record_id: str, until: int) -> str:
        return self._standin.world.fixed(f"file {realm} {record_id} {until}", 32)

    def file(self, request: Request) -> Response:
        """The bytes behind a download address."""
        realm, record_id = request.params["realm"], request.params["id"]
        until = int(request.query.get("until", "0")) if request.query.get("until", "0").isdigit() else 0
        good = request.query.get("signature") == self._signature(realm, record_id, until)
        if not good or until < self._standin.world.clock.now().timestamp():
            return Response(
                403, b"<Error><Code>AccessDenied</Code></Error>", "application/xml", counted=False
            )
        row = self._store.row("SELECT content FROM qbo_file WHERE realm = ? AND id = ?", (realm, record_id))
        if row is None:
            return Response(404, b"<Error><Code>NoSuchKey</Code></Error>", "application/xml", counted=False)
        return Response(200, row[0], "application/octet-stream", counted=False)


def _parts(request: Request) -> dict[str, Message]:
    """The parts of a multipart body by their name."""
    head = f"Content-Type: {request.header('content-type')}\r\n\r\n".encode()
    message = message_from_bytes(head + request.body)
    if not message.is_multipart():
        raise Fault(ApiError("1050", "Invalid content type", "Content-Type must be multipart/form-data"))
    found: dict[str, Message] = {}
    for part in message.get_payload():
        if isinstance(part, Message):
            name = part.get_param("name", header="content-disposition")
            if isinstance(name, str) and re.fullmatch(r"file_(metadata|content)_\w+", name):
                found[name] = part
    return found


def _content_of(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    if str(part.get("Content-Transfer-Encoding", "")).lower() == "base64":
        return content
    if part.get_param("name", header="content-disposition") and part.get("Content-Encoding") == "base64":
        try:
            return base64.b64decode(content)
        except binascii.Error:
            return content
    return content.removesuffix(b"\r\n")
