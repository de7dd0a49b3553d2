"""When a link is tried again after a failure, and when a person is asked (sync-semantics section 14)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connectors.errors import KIND_RULES, Failure, Reaction
from syncapp.engine.timing import Timing


class Next(StrEnum):
    """What becomes of a link whose try failed."""

    DUE_LATER = "due_later"
    DUE_NOW = "due_now"
    WITH_CONNECTION = "with_connection"
    """Stays due; the connection's pause or breaker decides when. Costs no attempt."""
    ASK = "ask"
    BLOCKED = "blocked"
    FIND_OUT = "find_out"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Retry:
    """`after` in seconds from now where it is due later; `attempts` is the link's new count."""

    next: Next
    attempts: int
    after: float = 0.0
    attention: str = "none"


def backoff(attempts: int, chance: float, timing: Timing, *, cap: float | None = None) -> float:
    """Seconds to wait after so many attempts: full jitter, `chance` (0 to 1, drawn by the caller) of the ceiling
    min(cap, base x 2^attempts)."""
    ceiling = timing.backoff_cap if cap is None else cap
    return chance * min(ceiling, timing.backoff_base * 2.0 ** min(attempts, 60))


def after_failure(failure: Failure, attempts: int, rounds: int, chance: float, timing: Timing) -> Retry:
    """What follows from a failed try. `attempts` were counted before it; `rounds` are reads and merges against a record
    that keeps moving, in this claim."""
    rule = KIND_RULES[failure.kind]
    count = attempts + 1 if rule.counts_as_attempt else attempts
    if rule.reaction is Reaction.BACK_OFF:
        return _slower_each_time(failure, count, chance, timing)
    if rule.reaction is Reaction.WAIT_FOR_CONNECTION:
        return Retry(Next.WITH_CONNECTION, count, failure.retry_after or 0.0)
    if rule.reaction is Reaction.READ_AGAIN and rounds >= timing.cas_max:
        return Retry(Next.DUE_LATER, count, backoff(rounds, chance, timing))
    if rule.reaction is Reaction.QUARANTINE and count < timing.attempts_bug:
        return Retry(Next.DUE_LATER, count, backoff(count, chance, timing))
    if rule.reaction is Reaction.WAIT_FOR_PARENT:
        wait = backoff(count, chance, timing, cap=timing.backoff_cap_blocked)
        return Retry(Next.BLOCKED, count, wait, "blocked")
    if rule.reaction is Reaction.FIND_OUT:
        return Retry(Next.FIND_OUT, count, timing.unknown_wait, "unknown")
    following, attention = _AT_ONCE[rule.reaction]
    return Retry(following, count, attention=attention)


_AT_ONCE = {
    Reaction.READ_AGAIN: (Next.DUE_NOW, "none"),
    Reaction.MATCH: (Next.DUE_NOW, "none"),
    Reaction.EXISTENCE: (Next.DUE_NOW, "none"),
    Reaction.ASK_PERSON: (Next.ASK, "data_error"),
    Reaction.QUARANTINE: (Next.QUARANTINED, "quarantined"),
}


def _slower_each_time(failure: Failure, count: int, chance: float, timing: Timing) -> Retry:
    """A transient failure waits longer each time; after its budget a person is told, and it goes on slowly."""
    wait = max(backoff(count, chance, timing), failure.retry_after or 0.0)
    attention = "data_error" if count >= timing.attempts_transient else "none"
    return Retry(Next.DUE_LATER, count, wait, attention)
