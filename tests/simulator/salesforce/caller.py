"""A caller of the Salesforce stand-in for tests: plain HTTP, parsed answers, short ways to common calls."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from connectors.simulator.testing import Side

V = "/services/data/v66.0"
CALLBACK = "http://127.0.0.1:9/oauth/salesforce/callback"


@dataclass
class Reply:
    """One answer: status, headers by lower-case name, and the body as text."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text) if self.text else None

    @property
    def code(self) -> str:
        """The errorCode of an error body."""
        found: str = self.json[0]["errorCode"]
        return found


@dataclass
class Caller:
    """Calls one stand-in as one org's integration user."""

    side: Side
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Send one request; a body that is not text or bytes goes out as JSON."""
        address = urlsplit(self.side.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
        sent = {"Content-Type": "application/json", **self.headers}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        data = body if isinstance(body, (str, bytes)) or body is None else json.dumps(body)
        connection.request(method, path, data, sent)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, text)

    def form(self, path: str, **fields: str) -> Reply:
        return self.call("POST", path, urlencode(fields), Content_Type="application/x-www-form-urlencoded")

    def get(self, path: str, **headers: str) -> Reply:
        return self.call("GET", f"{V}{path}", **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Reply:
        return self.call("POST", f"{V}{path}", body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Reply:
        return self.call("PATCH", f"{V}{path}", body, **headers)

    def delete(self, path: str, **headers: str) -> Reply:
        return self.call("DELETE", f"{V}{path}", **headers)

    def query(self, soql: str, resource: str = "query", **headers: str) -> Reply:
        return self.get(f"/{resource}?q={quote(soql)}", **headers)

    def rows(self, soql: str) -> list[dict[str, Any]]:
        """The records of a query, without their attributes."""
        records = self.query(soql).json["records"]
        return [{name: value for name, value in one.items() if name != "attributes"} for one in records]

    def values(self, soql: str) -> list[Any]:
        """The one selected field of every record."""
        return [next(iter(row.values())) for row in self.rows(soql)]

    def make(self, object_name: str, **values: Any) -> str:
        """Create a record that must succeed; its id."""
        reply = self.post(f"/sobjects/{object_name}", values)
        assert reply.status == 201, reply.text
        record_id: str = reply.json["id"]
        return record_id

    def read(self, object_name: str, record_id: str) -> dict[str, Any]:
        reply = self.get(f"/sobjects/{object_name}/{record_id}")
        assert reply.status == 200, reply.text
        found: dict[str, Any] = reply.json
        return found


def caller_of(side: Side, org: int = 1) -> Caller:
    """A caller with a fresh token of the n-th org."""
    return Caller(side, side.credentials()["all"][org - 1]["access_token"])


VERIFIER = "a-code-verifier-of-sufficient-length-0123456789"


def challenge(verifier: str = VERIFIER) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def authorize(side: Side, decision: str = "allow", org: str = "1", **more: str) -> dict[str, str]:
    """Click through the consent page; the query of the callback."""
    credentials = side.credentials()
    asked = {
        "client_id": credentials["client_id"], "redirect_uri": CALLBACK, "response_type": "code",
        "scope": "api refresh_token id", "state": "s1", "code_challenge": challenge(),
        "code_challenge_method": "S256", **more,
    }  # fmt: skip
    caller = Caller(side)
    page = caller.call("GET", f"/services/oauth2/authorize?{urlencode(asked)}")
    if page.status == 200:
        page = caller.form("/services/oauth2/authorize", **asked, decision=decision, org=org)
    assert page.status == 302, page.text
    return dict(parse_qsl(urlsplit(page.headers["location"]).query))


def exchange(side: Side, code: str, /, **more: str) -> Reply:
    """Trade an authorization code for tokens."""
    credentials = side.credentials()
    fields = {
        "grant_type": "authorization_code", "code": code, "client_id": credentials["client_id"],
        "client_secret": credentials["client_secret"], "redirect_uri": CALLBACK, "code_verifier": VERIFIER, **more,
    }  # fmt: skip
    return Caller(side).form(
        "/services/oauth2/token", **{name: value for name, value in fields.items() if value}
    )


def refresh(side: Side, token: str, **more: str) -> Reply:
    credentials = side.credentials()
    fields = {"client_id": credentials["client_id"], "client_secret": credentials["client_secret"], **more}
    return Caller(side).form(
        "/services/oauth2/token", grant_type="refresh_token", refresh_token=token, **fields
    )
