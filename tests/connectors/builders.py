"""Stand-ins for what the services hand to a client, and a server of a few lines for what no simulator can do."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from connectors.contracts import Access, ConnectionFacts, Environment, Operation, Priority, Side, Token, Write
from connectors.errors import ConnectorError, Failure, FailureKind

WHEN = "2026-11-21T09:30:00+00:00"


@dataclass
class Vault:
    """An access source with a list of tokens: each renewal goes on to the next."""

    base_url: str
    tokens: list[str]
    renewals: int = 0

    def current(self) -> Access:
        return Access(self.tokens[self.renewals], self.renewals, self.base_url)

    def renew(self, stale: Access) -> Access:
        if stale.version == self.renewals:
            if self.renewals + 1 == len(self.tokens):
                raise ConnectorError(Failure(FailureKind.AUTH, "oauth.invalid_grant"))
            self.renewals += 1
        return self.current()


@dataclass
class Slots:
    """A limiter that grants everything and remembers what it was told."""

    taken: list[tuple[str, Priority]] = field(default_factory=list)
    open: int = 0
    throttles: list[float | None] = field(default_factory=list)
    usage: tuple[int, int] | None = None

    def acquire(self, cost: str, priority: Priority) -> str:
        self.taken.append((cost, priority))
        self.open += 1
        return "slot"

    def release(self, lease: str) -> None:
        self.open -= 1

    def throttled(self, retry_after: float | None) -> None:
        self.throttles.append(retry_after)

    def observed(self, used: int, limit: int) -> None:
        self.usage = (used, limit)

    def told(self) -> tuple[int, int] | None:
        return self.usage

    def retry(self, calls: int) -> float:
        return 0.0


class Meter(Counter[tuple[str, str]]):
    """Calls by method and label; `metered` counts what Intuit bills."""

    metered = 0

    def count(self, method: str, endpoint: str, *, metered: bool) -> None:
        self[(method, endpoint)] += 1
        self.metered += metered


@dataclass
class Seen:
    """One request as the little server got it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    """One answer of the little server; `cut` closes the connection instead."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


Answer = Reply | Callable[[Seen], Reply]


@dataclass
class Stub:
    url: str
    seen: list[Seen]


@contextmanager
def server(*answers: Answer) -> Iterator[Stub]:
    """A server on loopback that gives these answers in order; the last one again and again."""
    left, seen = list(answers), []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            request = Seen(self.command, self.path, dict(self.headers), self.rfile.read(length))
            seen.append(request)
            answer = left.pop(0) if len(left) > 1 else left[0]
            reply = answer if isinstance(answer, Reply) else answer(request)
            if reply.cut:
                self.close_connection = True
                self.connection.close()
                return
            self.send_response_only(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815 - the library calls them so

        def log_message(self, *_: Any) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield Stub(f"http://127.0.0.1:{httpd.server_port}", seen)
    finally:
        httpd.shutdown()
        httpd.server_close()


def facts(side: Side, url: str = "", **more: Any) -> ConnectionFacts:
    return ConnectionFacts(side, Environment.SIMULATOR, simulator_url=url, **more)


def write(
    ref: str = "0", operation: Operation = Operation.CREATE, object: str = "Customer", **more: Any
) -> Write:
    return Write(ref, operation, object, more.pop("body", {}), **more)


def version(text: str, modified: Any = None) -> Token:
    from datetime import datetime

    return Token(text, modified or datetime.fromisoformat(WHEN))
