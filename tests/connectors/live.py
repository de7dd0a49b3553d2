"""Both clients on a running simulator, over real HTTP, signed in the way a person does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

from connectors.contracts import Access, AppCredentials, ConnectionFacts, Environment, Grant, Side
from connectors.quickbooks import oauth as quickbooks_oauth
from connectors.quickbooks.client import QuickBooksClient
from connectors.registry import quickbooks_client, salesforce_client
from connectors.salesforce import oauth as salesforce_oauth
from connectors.salesforce.client import SalesforceClient
from connectors.simulator.testing import Side as SimulatorSide
from connectors.simulator.testing import Simulator
from tests.connectors.builders import Meter, Slots

CALLBACK = "http://127.0.0.1:9/callback"
OAUTH = {Side.SALESFORCE: salesforce_oauth, Side.QUICKBOOKS: quickbooks_oauth}


@dataclass
class LiveVault:
    """An access source that really refreshes, as the token store does, and keeps the latest pair."""

    facts: ConnectionFacts
    app: AppCredentials
    grant: Grant
    version: int = 0
    refreshes: int = 0

    def current(self) -> Access:
        base = self.grant.instance_url or self.facts.simulator_url
        return Access(self.grant.access_token, self.version, base)

    def renew(self, stale: Access) -> Access:
        if stale.version == self.version:
            self.grant = OAUTH[self.facts.side].refresh(self.facts, self.app, self.grant.refresh_token)
            self.version += 1
            self.refreshes += 1
        return self.current()


@dataclass
class Live:
    """One connection to the simulator with everything a test looks at."""

    side: SimulatorSide
    facts: ConnectionFacts
    app: AppCredentials
    vault: LiveVault
    slots: Slots = field(default_factory=Slots)
    meter: Meter = field(default_factory=Meter)

    def salesforce(self) -> SalesforceClient:
        return salesforce_client(self.facts, self.vault, self.slots, self.meter)

    def quickbooks(self) -> QuickBooksClient:
        return quickbooks_client(self.facts, self.vault, self.slots, self.meter)

    def log(self, operation: str = "") -> list[dict[str, Any]]:
        return [entry for entry in self.side.log() if not operation or entry["operation"] == operation]

    def expire(self) -> None:
        """Let the next call find its access token expired."""
        self.side.plan({"match": {}, "action": "expire_token"})


def connect(simulator: Simulator, side: Side) -> Live:
    """A connection with the tokens that the simulator hands out at its side door."""
    own = simulator.salesforce if side is Side.SALESFORCE else simulator.quickbooks
    known = own.credentials()
    facts = ConnectionFacts(
        side, Environment.SIMULATOR, known.get("realm_id") or known["org_id"], simulator_url=own.url
    )
    app = AppCredentials(known["client_id"], known["client_secret"])
    instance = own.url if side is Side.SALESFORCE else ""
    grant = Grant(known["access_token"], known["refresh_token"], instance_url=instance)
    return Live(own, facts, app, LiveVault(facts, app, grant))


class _Form(HTMLParser):
    """The first form of a page: its address and what it would send."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action, self.fields = "", dict[str, str]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = given.get("action", "")
        elif tag == "input" and (given.get("type") != "radio" or "checked" in given):
            self.fields[given.get("name", "")] = given.get("value", "")


def consent(url: str, **chosen: str) -> Mapping[str, str]:
    """Open a consent page, choose, press the button: the parameters of the redirect back to us."""
    page = requests.get(url, timeout=10)
    form = _Form(page.text)
    answer = requests.post(
        urljoin(url, form.action), data={**form.fields, **chosen}, allow_redirects=False, timeout=10
    )
    target = answer.headers["Location"]
    assert target.startswith(CALLBACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
