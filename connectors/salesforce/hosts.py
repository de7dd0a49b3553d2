"""Where Salesforce lives, and which addresses we believe to be Salesforce (reference salesforce.md 1.1, 2.2)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from connectors.contracts import ConnectionFacts, Environment
from connectors.http import HostRule

API_VERSION = "66.0"
"""Pinned: every org has it since February 2026, and what we know of the wire is of this version (2.1)."""
DATA_PATH = f"/services/data/v{API_VERSION}"
PRODUCTION_LOGIN = "login.salesforce.com"
SANDBOX_LOGIN = "test.salesforce.com"

# <MyDomain>.my.salesforce.com, with --<sandbox>.sandbox, -dev-ed.develop, .scratch and their like before ".my".
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_MY_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL}){{0,2}}\.my\.salesforce\.com")


def host_rule(environment: Environment) -> HostRule:
    """The addresses a connection of this environment may talk to: Salesforce's, or only our own machine."""
    if environment is Environment.SIMULATOR:
        return HostRule(loopback=True)
    return HostRule(frozenset({PRODUCTION_LOGIN, SANDBOX_LOGIN}), _MY_DOMAIN)


def login_origin(facts: ConnectionFacts) -> str:
    """Scheme and host where people of this connection sign in. Raises CallError when it is not Salesforce's."""
    if facts.environment is Environment.SIMULATOR:
        origin = facts.simulator_url.rstrip("/")
    else:
        usual = SANDBOX_LOGIN if facts.environment is Environment.SANDBOX else PRODUCTION_LOGIN
        origin = f"https://{_bare_host(facts.login_host) or usual}"
    host_rule(facts.environment).check(origin)
    return origin


def _bare_host(text: str) -> str:
    """The host in what a person typed: a host name, or a whole address."""
    text = text.strip().lower()
    return (urlsplit(text if "//" in text else f"//{text}").netloc) if text else ""
