"""From the facts of a connection to the client that speaks to it. Sign-in: `connectors.<side>.oauth`."""

from __future__ import annotations

from connectors.contracts import (
    AccessSource,
    CallMeter,
    ConnectionFacts,
    Limiter,
    Priority,
    Side,
    VendorClient,
)
from connectors.http import Session
from connectors.quickbooks import hosts as quickbooks_hosts
from connectors.quickbooks.client import QuickBooksClient
from connectors.salesforce import hosts as salesforce_hosts
from connectors.salesforce.client import SalesforceClient

OWN_DOORS: dict[str, str] = {
    "oauth2/token": "Neither library does the web flow with PKCE, rotation-safe refresh or the hard-expiry header.",
    "oauth2/revoke": "simple-salesforce has no revoke; intuit-oauth calls out at construction without a time limit.",
    "oauth2/introspect": "simple-salesforce cannot ask the login host about a token.",
    "identity": "The identity address is on the login host, where simple-salesforce does not speak.",
    "userinfo": "intuit-oauth calls out at construction without a time limit.",
    "discovery": "intuit-oauth fetches it at every construction; here it is fetched when signing in only.",
    "versions": "simple-salesforce only makes addresses below one pinned version; this list lies above them.",
}
"""Each call that does not leave through simple-salesforce or python-quickbooks, and why (docs/decisions)."""


def client_for(
    facts: ConnectionFacts,
    access: AccessSource,
    limiter: Limiter,
    meter: CallMeter,
    *,
    priority: Priority = Priority.NORMAL,
) -> VendorClient:
    """A client of this connection, for one task. `priority` is the class of its reads."""
    if facts.side is Side.SALESFORCE:
        return salesforce_client(facts, access, limiter, meter, priority=priority)
    return quickbooks_client(facts, access, limiter, meter, priority=priority)


def salesforce_client(
    facts: ConnectionFacts,
    access: AccessSource,
    limiter: Limiter,
    meter: CallMeter,
    *,
    priority: Priority = Priority.NORMAL,
    kept: bool = False,
) -> SalesforceClient:
    """The same, with what only Salesforce can do. `kept`: over a connection that stays open for the next look; not for
    writes, which must not run into one that the other end has closed."""
    session = Session(salesforce_hosts.host_rule(facts.environment), ca_file=facts.ca_file, kept=kept)
    return SalesforceClient(session, access, limiter, meter, priority=priority)


def quickbooks_client(
    facts: ConnectionFacts,
    access: AccessSource,
    limiter: Limiter,
    meter: CallMeter,
    *,
    priority: Priority = Priority.NORMAL,
) -> QuickBooksClient:
    """The same, with what only QuickBooks can do."""
    session = Session(quickbooks_hosts.api_rule(facts.environment), ca_file=facts.ca_file)
    return QuickBooksClient(facts.remote_id, session, access, limiter, meter, priority=priority)


def base_url(facts: ConnectionFacts, instance_url: str = "") -> str:
    """What `Access.base_url` must be: the grant's instance_url for Salesforce, the API host for QuickBooks."""
    return quickbooks_hosts.api_origin(facts) if facts.side is Side.QUICKBOOKS else instance_url
