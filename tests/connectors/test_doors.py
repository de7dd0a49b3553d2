"""API calls leave through the two libraries; every other call is named with its reason."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from quickbooks.client import QuickBooks
from simple_salesforce.api import Salesforce

import connectors
from connectors.contracts import AppCredentials, Grant, Operation, Priority, Side, Watch, Write
from connectors.errors import ConnectorError
from connectors.http import Session
from connectors.quickbooks import oauth as quickbooks_oauth
from connectors.registry import OWN_DOORS, quickbooks_client, salesforce_client
from connectors.salesforce import oauth as salesforce_oauth
from tests.connectors.builders import Meter, Reply, Slots, Vault, facts, server, version, write

APP = AppCredentials("key", "secret")


class Doorman:
    """Counts calls that leave, by whether a library made them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.inside = 0
        self.own: Counter[str] = Counter()
        self.through_libraries: Counter[str] = Counter()
        self._watch(monkeypatch, Salesforce, "_call_salesforce")
        self._watch(monkeypatch, QuickBooks, "make_request")
        call = Session.call

        def counted(session: Session, method: str, url: str, *, label: str, **more: Any) -> requests.Response:
            (self.through_libraries if self.inside else self.own)[label] += 1
            return call(session, method, url, label=label, **more)

        monkeypatch.setattr(Session, "call", counted)

    def _watch(self, monkeypatch: pytest.MonkeyPatch, owner: type, name: str) -> None:
        original: Callable[..., Any] = getattr(owner, name)

        def watched(*args: Any, **kwargs: Any) -> Any:
            self.inside += 1
            try:
                return original(*args, **kwargs)
            finally:
                self.inside -= 1

        monkeypatch.setattr(owner, name, watched)


@pytest.fixture
def doorman(monkeypatch: pytest.MonkeyPatch) -> Doorman:
    return Doorman(monkeypatch)


@contextlib.contextmanager
def any_answer() -> Iterator[str]:
    body = {
        "time": "2026-01-01T00:00:00Z",
        "QueryResponse": {},
        "CDCResponse": [],
        "records": [],
        "done": True,
    }
    with server(Reply(200, json.dumps(body).encode())) as stub:
        yield stub.url


def test_every_operation_of_the_clients_leaves_through_a_library(doorman: Doorman) -> None:
    since, fast = datetime.now(UTC), {"request_id": "r", "priority": Priority.BULK}
    with any_answer() as url:
        vault = Vault(url, ["t"])
        sf = salesforce_client(facts(Side.SALESFORCE, url), vault, Slots(), Meter())
        qbo = quickbooks_client(facts(Side.QUICKBOOKS, url, remote_id="9"), vault, Slots(), Meter())
        account = Write("0", Operation.CREATE, "Account", {"Name": "x"})
        old = {"id": "1", "expected": version("0")}
        operations: list[Callable[[], Any]] = [
            lambda: sf.describe("Account"),
            lambda: sf.read("Account", ["001000000000001AAA"], []),
            lambda: sf.scan("Account", []),
            lambda: list(sf.changes([Watch("Account", since)])),
            lambda: sf.stamps("Account", []),
            lambda: sf.write([account], **fast),
            sf.organization,
            sf.limits,
            sf.objects,
            lambda: qbo.read("Customer", ["1"], []),
            lambda: qbo.read("Customer", ["1", "2"], []),
            lambda: qbo.scan("Customer", []),
            lambda: list(qbo.changes([Watch("Customer", since)])),
            lambda: qbo.names(["x"]),
            lambda: qbo.lists("Term"),
            qbo.company_info,
            qbo.preferences,
            lambda: qbo.write([write()], **fast),
            lambda: qbo.write([write("0"), write("1", Operation.UPDATE, **old)], **fast),
            lambda: qbo.write([write("0", Operation.DELETE, "Payment", **old)], **fast),
            lambda: qbo.write([write("0", Operation.VOID, "Invoice", **old)], **fast),
        ]
        for operation in operations:
            before = doorman.through_libraries.total()
            with contextlib.suppress(
                ConnectorError, KeyError, IndexError, TypeError
            ):  # the answers are empty
                operation()
            assert doorman.through_libraries.total() > before
        with contextlib.suppress(TypeError):
            sf.versions()
    assert doorman.own == {"versions": 1}


def test_every_call_by_another_door_is_named_with_its_reason(doorman: Doorman) -> None:
    with any_answer() as url, server(Reply(200, b"{}")) as stub:
        sf, qbo = facts(Side.SALESFORCE, stub.url), facts(Side.QUICKBOOKS, stub.url)
        known = quickbooks_oauth.Endpoints(url, url, url, url)
        grant = Grant("t", identity_url=stub.url)
        with contextlib.suppress(ConnectorError):
            quickbooks_oauth.refresh(qbo, APP, "t")
        quickbooks_oauth._kept[(qbo.environment, qbo.simulator_url)] = (datetime.now(UTC), known)
        for sign_in in (
            lambda: salesforce_oauth.refresh(sf, APP, "t"),
            lambda: salesforce_oauth.revoke(sf, APP, "t"),
            lambda: salesforce_oauth.introspect(sf, APP, "t"),
            lambda: salesforce_oauth.identity(sf, grant),
            lambda: quickbooks_oauth.refresh(qbo, APP, "t"),
            lambda: quickbooks_oauth.revoke(qbo, APP, "t"),
            lambda: quickbooks_oauth.userinfo(qbo, "t"),
        ):
            with contextlib.suppress(ConnectorError):
                sign_in()
        client = salesforce_client(sf, Vault(stub.url, ["t"]), Slots(), Meter())
        assert client.versions() == []
    assert doorman.through_libraries == {}
    assert set(doorman.own) == set(OWN_DOORS)


def test_no_file_but_the_session_knows_how_to_call_out() -> None:
    root = Path(connectors.__file__).parent
    files = [
        path
        for path in (*root.glob("*.py"), *root.glob("salesforce/*.py"), *root.glob("quickbooks/*.py"))
        if any(
            way in path.read_text()
            for way in ("requests.get", "requests.post", "urlopen", "HTTPConnection", "httpx")
        )
    ]
    assert files == []


def test_the_decision_names_every_door() -> None:
    text = (Path(connectors.__file__).parent.parent / "docs/decisions/0006-vendor-libraries.md").read_text()
    assert [door for door in OWN_DOORS if f"`{door}`" not in text] == []
