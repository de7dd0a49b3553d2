"""Which limits hold for a connection: a named profile, shared by all processes (sync-semantics section 17)."""

from __future__ import annotations

from connectors.contracts import ConnectionFacts, Limiter, Priority
from syncapp.models import Connection


class Unlimited:
    """No limits: for the few calls of a sign-in, made before there is a connection to count them for."""

    def acquire(self, cost: str, priority: Priority) -> str:
        del cost, priority
        return ""

    def release(self, lease: str) -> None: ...

    def throttled(self, retry_after: float | None) -> None: ...

    def observed(self, used: int, limit: int) -> None: ...


def limiter_for(connection: Connection) -> Limiter:
    """The shared limiter of a stored connection."""
    return Unlimited()


def unshared_limiter(facts: ConnectionFacts) -> Limiter:
    """What holds while a connection is being made."""
    return Unlimited()
