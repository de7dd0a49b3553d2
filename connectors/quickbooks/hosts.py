"""Where QuickBooks Online lives (reference quickbooks.md 1.1, 1.2)."""

from __future__ import annotations

from connectors.contracts import ConnectionFacts, Environment
from connectors.http import HostRule

MINOR_VERSION = 75
"""The base version since August 2025; older ones are answered as this one (2.2)."""
API_HOSTS = {
    Environment.PRODUCTION: "quickbooks.api.intuit.com",
    Environment.SANDBOX: "sandbox-quickbooks.api.intuit.com",
}
SIGN_IN_HOSTS = frozenset(
    {
        "appcenter.intuit.com",
        "oauth.platform.intuit.com",
        "developer.api.intuit.com",
        "developer.intuit.com",
        "accounts.platform.intuit.com",
        "sandbox-accounts.platform.intuit.com",
    }
)


def api_rule(environment: Environment) -> HostRule:
    """The one API host that may be called with this environment's keys, or our own machine."""
    if environment is Environment.SIMULATOR:
        return HostRule(loopback=True)
    return HostRule(frozenset({API_HOSTS[environment]}))


def sign_in_rule(environment: Environment) -> HostRule:
    """The hosts of discovery, token, revoke and userinfo."""
    return HostRule(loopback=True) if environment is Environment.SIMULATOR else HostRule(SIGN_IN_HOSTS)


def api_origin(facts: ConnectionFacts) -> str:
    """Scheme and host of this connection's API. Raises CallError when a simulator's address is not our own machine."""
    if facts.environment is Environment.SIMULATOR:
        origin = facts.simulator_url.rstrip("/")
        api_rule(facts.environment).check(origin)
        return origin
    return f"https://{API_HOSTS[facts.environment]}"
