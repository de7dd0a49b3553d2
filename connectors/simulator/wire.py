"""A small HTTP/1.1 server on asyncio: requests in, responses out, and the misbehaviours a fault plan asks for.

It bears what clients in the wild send: kept connections and pipelining, chunked uploads, `Expect: 100-continue`,
gzip both ways, doubled slashes, HEAD. TCP_NODELAY is set, or every second answer would wait 40 ms.
"""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Protocol, cast
from urllib.parse import parse_qsl, unquote

from connectors.simulator import jsontext

MAX_HEAD = 256 * 1024
MAX_BODY = 160 * 1024 * 1024
_GZIP_FROM = 1400
_REASONS = {status.value: status.phrase for status in HTTPStatus}


class BadRequest(Exception):
    """The bytes are not an HTTP request that we can answer; `status` is what to say before closing."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(slots=True)
class Request:
    """One request. Header names are lower case; `segments` are the decoded path parts without empty ones."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""
    scheme: str = "http"
    path: str = ""
    query_text: str = ""
    segments: tuple[str, ...] = ()
    params: dict[str, str] = field(default_factory=dict)
    _query: dict[str, str] | None = None

    def __post_init__(self) -> None:
        raw_path, _, self.query_text = self.target.partition("?")
        if "://" in raw_path:  # absolute form, as proxies send it
            raw_path = "/" + raw_path.split("://", 1)[1].partition("/")[2]
        self.segments = tuple(unquote(part, errors="replace") for part in raw_path.split("/") if part)
        self.path = "/" + "/".join(self.segments)

    @property
    def query(self) -> dict[str, str]:
        """Query parameters; of a repeated one the first counts."""
        if self._query is None:
            self._query = {}
            for name, value in parse_qsl(self.query_text, keep_blank_values=True, errors="replace"):
                self._query.setdefault(name, value)
        return self._query

    def header(self, name: str) -> str:
        """A header's value, or an empty text."""
        return self.headers.get(name.lower(), "")

    def text(self) -> str:
        """The body as UTF-8. Raises `UnicodeDecodeError`."""
        return self.body.decode("utf-8")

    def json(self) -> Any:
        """The body as JSON with exact decimals. Raises `ValueError`."""
        return jsontext.loads(self.body)

    def form(self) -> dict[str, str]:
        """The body as a form; of a repeated field the last counts."""
        text = self.body.decode("utf-8", errors="replace")
        return dict(parse_qsl(text, keep_blank_values=True, errors="replace"))

    def base_url(self) -> str:
        """Scheme and host as the client named them, e.g. `http://127.0.0.1:8802`."""
        return f"{self.scheme}://{self.header('host')}"


@dataclass(slots=True)
class Response:
    """One answer. `endpoint`, `metered` and `counted` are for the call meter; the rest shapes the bytes.

    mode: `send`, `abort` (connection reset, nothing sent), `truncate` (half the body, then closed) or
    `drip` (the body in small pieces over `drip_seconds`).
    """

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: list[tuple[str, str]] = field(default_factory=list)
    endpoint: str = ""
    metered: int = 0
    counted: bool = True
    mode: str = "send"
    drip_seconds: float = 0.0
    #: The Date header when the simulator's clock does not show wall time.
    date: str = ""

    @classmethod
    def json(cls, value: Any, status: int = 200, content_type: str = "application/json") -> Response:
        """A JSON answer; decimals are written exactly."""
        return cls(status, jsontext.dumps(value).encode(), content_type)

    @classmethod
    def text(cls, text: str, status: int = 200, content_type: str = "text/plain;charset=utf-8") -> Response:
        return cls(status, text.encode(), content_type)

    @classmethod
    def html(cls, text: str, status: int = 200) -> Response:
        """A page for people: never counted as a call."""
        return cls(status, text.encode(), "text/html;charset=utf-8", counted=False)

    @classmethod
    def redirect(cls, location: str, status: int = 302) -> Response:
        return cls(status, b"", "text/html;charset=utf-8", [("Location", location)], counted=False)


class Application(Protocol):
    """What a port serves: called once per request, must lead to exactly one `connection.respond`."""

    def answer(self, request: Request, connection: Connection) -> None: ...


_date_second = 0
_date_text = ""


def _date() -> str:
    global _date_second, _date_text
    second = int(time.time())
    if second != _date_second:
        _date_second, _date_text = second, formatdate(second, usegmt=True)
    return _date_text


class Connection(asyncio.Protocol):
    """One client connection. Requests on it are answered one after another, in order."""

    def __init__(self, application: Application, scheme: str, registry: set[Connection]) -> None:
        self._application = application
        self._scheme = scheme
        self._registry = registry
        self._buffer = bytearray()
        self._request: Request | None = None
        self._head: tuple[str, str, dict[str, str], bool] | None = None
        self._wanted = 0  # body length; -1 = chunked
        self._chunks = bytearray()
        self._keep_alive = True
        self.transport: asyncio.Transport | None = None

    # -- asyncio ------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._registry.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._registry.discard(self)
        self.transport = None

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._request is None:
            self._advance()

    # -- reading ------------------------------------------------------------------------------------------------

    def _advance(self) -> None:
        try:
            if self._head is None and not self._read_head():
                return
            body = self._read_body()
        except BadRequest as error:
            self._refuse(error)
            return
        if body is None or self._head is None:
            return
        method, target, headers, self._keep_alive = self._head
        self._head = None
        try:
            body = _decoded(body, headers.get("content-encoding", ""))
        except BadRequest as error:
            self._refuse(error)
            return
        self._request = Request(method, target, headers, body, self._scheme)
        self._application.answer(self._request, self)

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD:
                raise BadRequest(431, "request head too large")
            return False
        lines = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        del self._buffer[: end + 4]
        if not lines[0] and len(lines) > 1:  # a stray line end between kept requests is allowed
            lines = lines[1:]
        self._head = _parse_head(lines)
        headers = self._head[2]
        self._wanted = _body_length(headers)
        self._chunks = bytearray()
        if headers.get("expect", "").lower() == "100-continue" and self.transport is not None:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def _read_body(self) -> bytes | None:
        if self._wanted < 0:
            return self._read_chunks()
        if len(self._buffer) < self._wanted:
            return None
        body = bytes(self._buffer[: self._wanted])
        del self._buffer[: self._wanted]
        return body

    def _read_chunks(self) -> bytes | None:
        while True:
            end = self._buffer.find(b"\r\n")
            if end < 0:
                return None
            try:
                size = int(bytes(self._buffer[:end]).split(b";")[0], 16)
            except ValueError as error:
                raise BadRequest(400, "bad chunk size") from error
            if size < 0 or size + len(self._chunks) > MAX_BODY:
                raise BadRequest(413, "body too large")
            if size == 0:
                trailer = self._buffer.find(b"\r\n\r\n", end)
                if trailer < 0:
                    return None
                del self._buffer[: trailer + 4]
                return bytes(self._chunks)
            if len(self._buffer) < end + 2 + size + 2:
                return None
            self._chunks += self._buffer[end + 2 : end + 2 + size]
            del self._buffer[: end + 2 + size + 2]

    def _refuse(self, error: BadRequest) -> None:
        self._keep_alive = False
        self._request = Request("GET", "/", {})
        self.respond(Response.text(f"{error}\n", error.status))

    # -- writing ------------------------------------------------------------------------------------------------

    def respond(self, response: Response) -> None:
        """Send the answer to the request in hand and go on with the next one."""
        request, self._request = self._request, None
        transport = self.transport
        if transport is None or request is None or transport.is_closing():
            return
        if response.mode == "abort":
            self._abort(transport)
            return
        head, body = _serialise(request, response, self._keep_alive)
        if response.mode == "truncate":
            transport.write(head + body[: len(body) // 2])
            transport.close()
        elif response.mode == "drip":
            transport.write(head)
            self._drip(transport, body, response.drip_seconds)
        else:
            transport.write(head + body)
            self._next(transport)

    def _next(self, transport: asyncio.Transport) -> None:
        if not self._keep_alive:
            transport.close()
        elif self._buffer:
            asyncio.get_running_loop().call_soon(self._advance_if_idle)

    def _advance_if_idle(self) -> None:
        if self._request is None and self.transport is not None:
            self._advance()

    def _drip(self, transport: asyncio.Transport, body: bytes, seconds: float, pieces: int = 20) -> None:
        self._request = Request("GET", "/", {})  # busy: no pipelined request overtakes the drip
        size = max(1, -(-len(body) // pieces))
        loop = asyncio.get_running_loop()

        def step(offset: int) -> None:
            if transport.is_closing():
                return
            transport.write(body[offset : offset + size])
            if offset + size < len(body):
                loop.call_later(seconds / pieces, step, offset + size)
            else:
                self._request = None
                self._next(transport)

        step(0)

    @staticmethod
    def _abort(transport: asyncio.Transport) -> None:
        sock = transport.get_extra_info("socket")
        if sock is not None:  # linger 0 turns the close into a reset
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()


def _parse_head(lines: list[str]) -> tuple[str, str, dict[str, str], bool]:
    parts = lines[0].split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise BadRequest(400, "malformed request line")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise BadRequest(400, "malformed header")
        name = name.lower()
        value = value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    connection = headers.get("connection", "").lower()
    keep_alive = "close" not in connection if parts[2] == "HTTP/1.1" else "keep-alive" in connection
    return parts[0].upper(), parts[1], headers, keep_alive


def _body_length(headers: dict[str, str]) -> int:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return -1
    text = headers.get("content-length", "0")
    if not text.isascii() or not text.isdigit():
        raise BadRequest(400, "bad Content-Length")
    if int(text) > MAX_BODY:
        raise BadRequest(413, "body too large")
    return int(text)


def _decoded(body: bytes, encoding: str) -> bytes:
    encoding = encoding.strip().lower()
    if not body or encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise BadRequest(415, f"content encoding {encoding} is not supported")
    unpacker = zlib.decompressobj(wbits=47)  # gzip or zlib, told apart by the header
    try:
        plain = unpacker.decompress(body, MAX_BODY)
    except zlib.error as error:
        raise BadRequest(400, "body is not what Content-Encoding says") from error
    if unpacker.unconsumed_tail:
        raise BadRequest(413, "body too large")
    return plain


def _serialise(request: Request, response: Response, keep_alive: bool) -> tuple[bytes, bytes]:
    body = response.body
    extra = ""
    if len(body) >= _GZIP_FROM and "gzip" in request.header("accept-encoding"):
        body = gzip.compress(body, compresslevel=1, mtime=0)
        extra = "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n"
    start = (
        f"HTTP/1.1 {response.status} {_REASONS.get(response.status, 'Unknown')}\r\n"
        f"Date: {response.date or _date()}\r\nConnection: {'keep-alive' if keep_alive else 'close'}\r\n{extra}"
    )
    lines = [start]
    if response.status not in (204, 304):
        lines.append(f"Content-Type: {response.content_type}\r\nContent-Length: {len(body)}\r\n")
    else:
        body = b""
    for name, value in response.headers:
        lines.append(f"{name}: {_clean(value)}\r\n")
    lines.append("\r\n")
    if request.method == "HEAD":
        body = b""
    return "".join(lines).encode("latin-1", errors="replace"), body


def _clean(value: str) -> str:
    """A header value without line ends: a client's text must not be able to add headers."""
    return value.replace("\r", " ").replace("\n", " ")


class Listener:
    """One listening port. Can be closed for a while (a fault plan's "refuse") and opened again on the same port."""

    def __init__(self, application: Application, port: int, scheme: str = "http", tls: Any = None) -> None:
        self.port = port
        self._application = application
        self._scheme = scheme
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()

    async def open(self) -> None:
        """Start listening on loopback. Raises `OSError` when the port is taken."""
        loop = asyncio.get_running_loop()
        make: Callable[[], Connection] = lambda: Connection(  # noqa: E731 - a protocol factory
            self._application, self._scheme, self._connections
        )
        self._server = await loop.create_server(
            make, "127.0.0.1", self.port, ssl=self._tls, reuse_address=True, backlog=512
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self._connections):
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(0)
