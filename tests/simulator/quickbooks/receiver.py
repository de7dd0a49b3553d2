"""A receiver of notifications for the simulator's tests."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from connectors.simulator.testing import Simulator
from tests.simulator.wire_client import Books


@dataclass
class Endpoint:
    """A receiver: what came in, and how it answers (the last status stays), at once or after some seconds."""

    url: str = ""
    statuses: list[int] = field(default_factory=lambda: [200])
    answers_after: float = 0.0
    deliveries: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def wait(self, count: int) -> list[Any]:
        """The bodies of the first `count` deliveries."""
        deadline = time.monotonic() + 15
        while len(self.deliveries) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(self.deliveries) >= count
        return [json.loads(body) for _, body in self.deliveries]


@contextmanager
def endpoint_for(*statuses: int) -> Iterator[Endpoint]:
    """A receiver that runs for the block and answers with these statuses; 200 without."""
    endpoint = Endpoint(statuses=list(statuses) or [200])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = endpoint.statuses.pop(0) if len(endpoint.statuses) > 1 else endpoint.statuses[0]
            endpoint.deliveries.append(({n.lower(): v for n, v in self.headers.items()}, body))
            time.sleep(endpoint.answers_after)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    endpoint.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()


def subscribe(sim: Simulator, endpoint: Endpoint, **options: Any) -> Books:
    """Let notifications go there, soon and with short waits between attempts."""
    sim.quickbooks.post("knobs", {"webhook_seconds": 0.2, "webhook_retry_scale": 0.01})
    sim.quickbooks.post("webhooks", {"url": endpoint.url, **options})
    return Books.of(sim)
