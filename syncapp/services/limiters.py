"""Which limits hold for a connection: a named profile, shared by all processes (sync-semantics section 17)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import redis
from django.conf import settings

from connectors import limits
from connectors.contracts import ConnectionFacts, Environment, Limiter, Priority, Side
from connectors.errors import ConnectorError
from syncapp.models import Connection
from syncapp.services.facts import facts_of


def limiter_for(connection: Connection) -> Limiter:
    """The limiter of a stored connection. Intuit counts by app and realm, Salesforce by org."""
    facts = facts_of(connection)
    app = f"{connection.app_credentials_id}:" if facts.side is Side.QUICKBOOKS else ""
    return _limiter(facts, f"{facts.environment.value}:{app}{facts.remote_id}")


_kept: dict[tuple[str, str, str], Limiter] = {}
_MOST_KEPT = 5000


def _kept_limiter(connection: Connection) -> Limiter:
    """The limiter of a Salesforce connection, one per process: it need not be made for every look, and passes on what
    the org tells of its day's calls only when that has changed."""
    facts = facts_of(connection)
    key = (settings.REDIS_URL, profile_of(facts).name, f"{facts.environment.value}:{facts.remote_id}")
    if key not in _kept:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        _kept[key] = limiter_for(connection)
    return _kept[key]


def admitted(connections: Sequence[Connection]) -> list[Limiter | ConnectorError]:
    """One short call of each of these Salesforce connections, asked for together; in order, the limiter that the call
    is made with, or why it may not be made now."""
    return limits.admitted([_kept_limiter(one) for one in connections], "call", Priority.NORMAL)


def is_paced(connection: Connection) -> bool:
    """Whether calls by the minute are counted there, so that a load cannot go faster than they allow."""
    return bool(profile_of(facts_of(connection)).rates)


def signing_in_limiter(facts: ConnectionFacts) -> Limiter:
    """What holds while a connection is being made: the few calls that ask who it belongs to."""
    return _limiter(facts, f"{facts.environment.value}:signing-in:{facts.remote_id}")


def _limiter(facts: ConnectionFacts, key: str) -> Limiter:
    return limits.limiter_for(profile_of(facts), key, _redis(settings.REDIS_URL))


def profile_of(facts: ConnectionFacts) -> limits.Profile:
    """The vendor's profile; none for a stand-in that was started without limits (SIM_LIMITS)."""
    if facts.environment is Environment.SIMULATOR and settings.SIM_LIMITS == "off":
        return limits.NONE
    if facts.side is Side.SALESFORCE:
        return limits.SALESFORCE
    return limits.INTUIT.with_batches(settings.QUICKBOOKS_BATCHES_PER_MINUTE)


@lru_cache(maxsize=2)
def _redis(url: str) -> redis.Redis:
    return limits.connect(url)
