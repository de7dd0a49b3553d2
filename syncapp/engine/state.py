"""How a record stands, in the one vocabulary of states (reference product 6.3), from what the store knows of its link.

The keys are those of the portal's table of looks; the words of the state itself belong there. `about` follows the word
(the parent waited for, the reason of a skip), `next_step` is the line under it: what happens next, or who is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from syncapp.engine import reasons

IGNORED = "person.ignored"
"""The code of a skip that a person asked for."""


@dataclass(frozen=True, slots=True)
class StateWords:
    """A state of the vocabulary with what belongs to this record."""

    key: str
    about: str = ""
    next_step: str = ""


_ASKING = {
    "candidate": "A possible match waits for you",
    "data_error": "Not tried again until something changes",
    "blocked": "Not tried again until something changes",
    "unknown": "Finding out what became of the last write",
    "quarantined": "Set aside after several failures",
    "oscillation": "Both sides keep changing it back",
}
_SKIPS = {
    reasons.FILTERED: "left out by the filter",
    reasons.MAPPING_OFF: "its mapping is off",
    reasons.BUTTON_ONLY: "by button only",
    reasons.WRITES_OFF: "writing is switched off",
    reasons.FIRST_SCAN: "the first reading is not done",
    reasons.NOTHING_THERE: "deleted before it was sent",
    reasons.NEVER_LIVED: "deleted before it was sent",
    reasons.INACTIVE_ALONE: "inactive in QuickBooks",
    reasons.SF_INACTIVE: "inactive in Salesforce",
    reasons.CREATE_OFF: "new records are not created",
    reasons.BEFORE_GO_LIVE: "before go-live",
    reasons.NO_RECREATE: "not created a second time",
}


def state_of(
    *,
    lifecycle: str,
    attention: str,
    code: str = "",
    values: Mapping[str, Any] | None = None,
    paused: bool = False,
    due: bool = False,
    leased: bool = False,
    cause: str = "",
) -> StateWords:
    """The state of a link. `due` means it has work, `leased` that somebody works on it now; `cause` are the words for
    what a person has to see to."""
    seen = values or {}
    if leased:
        return StateWords("syncing", next_step="Being compared and written now")
    if due:
        return StateWords("queued", next_step="Starts by itself")
    if lifecycle in {"unlinked", "absorbed"}:
        return StateWords("unlinked", next_step="Not kept in step")
    if attention == "skipped" and code == IGNORED:
        return _skipped(code, seen)
    if paused:
        return StateWords("paused", next_step="Nothing is sent until you resume it")
    if lifecycle == "gone":
        return StateWords("deleted_there", next_step="Gone on both sides")
    return _by_attention(attention, code, seen, cause) or _by_lifecycle(lifecycle)


def _by_attention(attention: str, code: str, seen: Mapping[str, Any], cause: str) -> StateWords | None:
    if attention in _ASKING:
        return StateWords("needs_attention", next_step=_blocked_by(code, seen) or cause or _ASKING[attention])
    if attention == "conflict":
        return StateWords("conflict", next_step="Waits for your choice")
    if attention == "gone":
        voided = code == reasons.QBO_VOIDED
        return StateWords("voided" if voided else "deleted_there", next_step="Waits for you")
    if attention == "waiting" and code == reasons.CLOSED_WAITS:
        return StateWords("waiting", about="the books to be opened", next_step="Goes on by itself then")
    if attention == "waiting":
        return StateWords("waiting", about=str(seen.get("name", "")), next_step="Goes on by itself")
    if attention == "drift":
        side = "changed_sf" if seen.get("side") == "sf" else "changed_qbo"
        return StateWords(side, next_step="Left as it is")
    if attention == "skipped":
        return _skipped(code, seen)
    return None


_PARENTS = {
    reasons.PARENT_PROBLEM: "which needs attention",
    reasons.PARENT_SKIPPED: "which is left out",
    reasons.PARENT_GONE: "which is gone",
}


def _blocked_by(code: str, seen: Mapping[str, Any]) -> str:
    """What a record waits for that will not come by itself; empty where it waits for nothing."""
    parent = seen.get("parent")
    return f"Waits for {parent}, {_PARENTS[code]}" if parent and code in _PARENTS else ""


def _skipped(code: str, seen: Mapping[str, Any]) -> StateWords:
    if code == IGNORED:
        return StateWords("ignored", next_step="Left alone until you say otherwise")
    if code == reasons.FIELD_EMPTY and seen.get("label"):
        return StateWords(
            "skipped", about=f"{seen['label']} is empty", next_step="Goes on once it is filled in"
        )
    return StateWords("skipped", about=_SKIPS.get(code, "by rule"), next_step="Not sent while the rule holds")


def _by_lifecycle(lifecycle: str) -> StateWords:
    if lifecycle == "linked":
        return StateWords("in_sync", next_step="Nothing to send")
    return StateWords("not_synced", next_step="Not on the other side yet")
