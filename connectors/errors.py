"""The closed set of failure kinds and the one table that says what each of them means.

Clients read every fault of both vendors into a `Failure`; the engine and the services act on its kind alone, and
the words for people come from `syncapp.messages` by its code (DESIGN sections 1.7 and 8; sync-semantics section 14).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FailureKind(StrEnum):
    """What sort of failure it was; decides what the engine does next."""

    TRANSIENT = "transient"
    THROTTLED = "throttled"
    AUTH = "auth"
    PERMISSION = "permission"
    CONFIG = "config"
    DATA = "data"
    CONFLICT = "conflict"
    EXISTS = "exists"
    MISSING = "missing"
    WAITING = "waiting"
    UNKNOWN_WRITE = "unknown_write"
    QUOTA = "quota"
    BUG = "bug"


class Reaction(StrEnum):
    """What the engine does with a link whose write or read ended in a failure."""

    BACK_OFF = "back_off"
    """Due again later, with full jitter; a limited number of attempts."""
    WAIT_FOR_CONNECTION = "wait_for_connection"
    """Stays due; the connection's pause, limiter or breaker decides when. Spends no attempt."""
    ASK_PERSON = "ask_person"
    """Not tried again until the record, the mapping or the connection changes, or a person asks."""
    READ_AGAIN = "read_again"
    """Read both sides and decide afresh, a limited number of rounds."""
    MATCH = "match"
    """Something over there has this identity already: take the match path (sync-semantics section 8)."""
    EXISTENCE = "existence"
    """The record is gone: the existence matrix decides (sync-semantics section 6)."""
    WAIT_FOR_PARENT = "wait_for_parent"
    """Blocked until another link is linked (sync-semantics section 9)."""
    FIND_OUT = "find_out"
    """Nobody knows whether the write happened (sync-semantics section 13)."""
    QUARANTINE = "quarantine"
    """An exception in our own code: three times, then left out and shown with its trace id."""


@dataclass(frozen=True, slots=True)
class KindRule:
    """One row of the table: the reaction and whether a try that failed so counts against the link's budget."""

    reaction: Reaction
    counts_as_attempt: bool


KIND_RULES: dict[FailureKind, KindRule] = {
    FailureKind.TRANSIENT: KindRule(Reaction.BACK_OFF, True),
    FailureKind.THROTTLED: KindRule(Reaction.WAIT_FOR_CONNECTION, False),
    FailureKind.AUTH: KindRule(Reaction.WAIT_FOR_CONNECTION, False),
    FailureKind.PERMISSION: KindRule(Reaction.ASK_PERSON, True),
    FailureKind.CONFIG: KindRule(Reaction.ASK_PERSON, True),
    FailureKind.DATA: KindRule(Reaction.ASK_PERSON, True),
    FailureKind.CONFLICT: KindRule(Reaction.READ_AGAIN, False),
    FailureKind.EXISTS: KindRule(Reaction.MATCH, False),
    FailureKind.MISSING: KindRule(Reaction.EXISTENCE, False),
    FailureKind.WAITING: KindRule(Reaction.WAIT_FOR_PARENT, False),
    FailureKind.UNKNOWN_WRITE: KindRule(Reaction.FIND_OUT, False),
    FailureKind.QUOTA: KindRule(Reaction.WAIT_FOR_CONNECTION, False),
    FailureKind.BUG: KindRule(Reaction.QUARANTINE, True),
}


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure as a value: safe to store, show and compare.

    `code` is ours and stable: `qbo.6240`, `sf.STRING_TOO_LONG`, `net.timeout`, `oauth.invalid_grant` …; the words
    registry is keyed by it. `message` and `detail` are the vendor's own words, redacted. `fields` are the vendor's
    field names, where it named any. `request_id` is what the vendor's support asks for (`intuit_tid` …).
    `retry_after` is in seconds, only where the vendor or the limiter named a time.
    """

    kind: FailureKind
    code: str
    message: str = ""
    detail: str = ""
    fields: tuple[str, ...] = ()
    http_status: int | None = None
    request_id: str = ""
    retry_after: float | None = None


class ConnectorError(Exception):
    """A call to a vendor failed as a whole; `failure` says how. Never carries tokens or bodies with secrets."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.code}: {failure.message}")
        self.failure = failure
