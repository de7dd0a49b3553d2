"""What happened to a record, as lines that a person reads: who or what did it, what came of it, which fields moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from syncapp.messages import words_for
from syncapp.models import Attempt, Outcome

NAMES = {"sf": "Salesforce", "qbo": "QuickBooks"}
_ARROWS = {"to_qbo": "right", "to_sf": "left", "both": "both"}
_PLACES = {"to_qbo": "in QuickBooks", "to_sf": "in Salesforce", "both": "on both sides"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the history. `changes` are {label, side, before, after}; `note` is the sentence under the title."""

    id: Any
    icon: str
    tone: str
    title: str
    by: str
    note: str
    changes: Sequence[Mapping[str, Any]]
    request_id: str
    code: str
    at: datetime


def line(attempt: Attempt) -> Line:
    """One attempt as a line of history."""
    icon, tone, title = _headline(attempt)
    return Line(
        id=attempt.pk,
        icon=icon,
        tone=tone,
        title=title,
        by=by(attempt),
        note=_note(attempt),
        changes=_moved(attempt),
        request_id=attempt.request_id,
        code=attempt.failure_code,
        at=attempt.finished_at or attempt.started_at,
    )


def _moved(attempt: Attempt) -> list[Mapping[str, Any]]:
    """The fields that moved; what a new record leaves empty did not."""
    if attempt.outcome not in {Outcome.CREATED, Outcome.UPDATED, Outcome.ASKED}:
        return []
    return [change for change in attempt.changes if change["before"] != change["after"]]


def by(attempt: Attempt) -> str:
    """Who pressed what, or what started it by itself."""
    if attempt.person_id and attempt.person is not None:
        return f"by {attempt.person}{f', {attempt.cause}' if attempt.cause else ''}"
    return attempt.cause


def _headline(attempt: Attempt) -> tuple[str, str, str]:
    arrow = _ARROWS.get(attempt.direction, "check")
    place = _PLACES.get(attempt.direction, "")
    outcome = attempt.outcome
    if outcome == Outcome.CREATED:
        return "plus", "good", f"Created {place}".strip()
    if outcome == Outcome.UPDATED:
        return arrow, "good", f"Updated {place}".strip()
    if outcome in {Outcome.FAILED, Outcome.UNKNOWN}:
        return "alert", "bad", _failure_title(attempt)
    plain = {
        Outcome.LINKED: ("link", "good", "Linked with the record that was there already"),
        Outcome.NOTHING: ("check", "mute", "Looked at; nothing to do"),
        Outcome.SKIPPED: ("skip", "mute", "Skipped by rule"),
        Outcome.WAITING: ("hourglass", "wait", "Waited for another record"),
        Outcome.ASKED: ("eye", "warn", "Left for a person to decide"),
        Outcome.MOVED: ("delta", "warn", "Left out: it moved since the plan was made"),
    }
    return plain.get(Outcome(outcome), ("check", "mute", str(outcome).capitalize()))


def _failure_title(attempt: Attempt) -> str:
    if not attempt.failure_code:
        return (
            "It is not known yet what became of it"
            if attempt.outcome == Outcome.UNKNOWN
            else "It did not work"
        )
    return words_for(attempt.failure_code, attempt.failure_values).title


def _note(attempt: Attempt) -> str:
    if attempt.outcome in {Outcome.FAILED, Outcome.UNKNOWN}:
        return ""
    for reason in attempt.reasons or ():
        code, values = (
            (reason.get("code", ""), reason.get("values", {})) if isinstance(reason, dict) else (reason, {})
        )
        words = words_for(code, values) if known(code) else None
        if words is not None:
            return words.title
    return ""


def known(code: str) -> bool:
    """Whether somebody has written words for this code."""
    from syncapp.messages import registry

    return code in registry()
