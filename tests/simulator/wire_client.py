"""A bare HTTP client for the simulator's tests: no vendor library, nothing of our connectors."""

from __future__ import annotations

import gzip
import http.client
import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from connectors.simulator.testing import Side, Simulator


@dataclass
class Got:
    """One answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body, parse_float=Decimal)

    @property
    def fault(self) -> dict[str, Any]:
        """The first error of a Fault."""
        found: dict[str, Any] = self.json["Fault"]["Error"][0]
        return found

    @property
    def code(self) -> str:
        return str(self.fault["code"])


def call(
    url: str,
    method: str = "GET",
    body: Any = None,
    headers: dict[str, str] | None = None,
    timeout: float = 20,
) -> Got:
    """One call on a connection of its own; redirects are not followed."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=timeout)
    try:
        target = parts.path or "/"
        if parts.query:
            target += f"?{parts.query}"
        data = body if body is None or isinstance(body, str | bytes) else json.dumps(body, default=float)
        connection.request(method, target, data, headers or {})
        response = connection.getresponse()
        content = response.read()
        found = {name.lower(): value for name, value in response.getheaders()}
        if found.get("content-encoding") == "gzip":
            content = gzip.decompress(content)
        return Got(response.status, found, content)
    finally:
        connection.close()


@dataclass
class Books:
    """One QuickBooks company over the wire."""

    side: Side
    credentials: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, sim: Simulator, number: int = 0) -> Books:
        """The nth company of a simulator, with its standing access token."""
        return cls(sim.quickbooks, sim.quickbooks.credentials()["all"][number])

    @property
    def base(self) -> str:
        return f"{self.side.url}/v3/company/{self.credentials['realm_id']}"

    def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **query: str
    ) -> Got:
        """A call below the company; keyword arguments become the query string."""
        url = f"{self.base}/{path}" + (f"?{urlencode(query)}" if query else "")
        sent = {
            "Authorization": f"Bearer {self.credentials['access_token']}",
            "Accept": "application/json",
            "Content-Type": "application/json",
            **self.headers,
            **(headers or {}),
        }
        return call(url, method, body, sent)

    def post(self, path: str, body: Any, **query: str) -> dict[str, Any]:
        """A write that must succeed: the record in the answer."""
        got = self.call("POST", path, body, **query)
        assert got.status == 200, got.body
        return next(value for name, value in got.json.items() if name != "time")  # type: ignore[no-any-return]

    def get(self, path: str) -> dict[str, Any]:
        """A read that must succeed: the record in the answer."""
        got = self.call("GET", path)
        assert got.status == 200, got.body
        return next(value for name, value in got.json.items() if name != "time")  # type: ignore[no-any-return]

    def query(self, statement: str) -> Got:
        return self.call("GET", f"query?query={quote(statement)}")

    def rows(self, statement: str) -> list[dict[str, Any]]:
        """The rows of a query that must succeed."""
        got = self.query(statement)
        assert got.status == 200, got.body
        return next((rows for rows in got.json["QueryResponse"].values() if isinstance(rows, list)), [])

    def change(self, path: str, record: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """A sparse update that must succeed."""
        return self.post(
            path, {"Id": record["Id"], "SyncToken": record["SyncToken"], "sparse": True, **changes}
        )
