"""The one known way out of what is wrong with a record: the words of its cause, and the button that helps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from syncapp.engine.reasons import CLOSED_DATE
from syncapp.messages import Words, words_for
from syncapp.messages.words import BUTTONS as LABELS
from syncapp.models import Problem, RecordLink
from syncapp.services import naming


@dataclass(frozen=True, slots=True)
class Button:
    """A button of a remedy. `do` is posted to `url_name` (a page of the record, or another page when `is_link`)."""

    label: str
    icon: str
    url_name: str
    do: str = ""
    is_link: bool = False
    action: str = "records.sync"
    pk: str = ""
    """The record that a link opens; empty for this one's own pages."""
    field: str = ""
    """Label of what a person may type beside it (posted as `remote_id`); empty for a plain button."""
    example: str = ""
    """What is taken where nothing was typed."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """What happened, what to do, and the buttons, best first. `code` is shown under Advanced only."""

    tone: str
    icon: str
    words: Words
    buttons: tuple[Button, ...]
    code: str


RETRY = Button(LABELS["retry"], "sync", "portal:record-sync", "again")
IGNORE = Button(LABELS["ignore"], "eye-off", "portal:record-match", "ignore", action="records.link")
CREATE = Button(LABELS["create_new"], "plus", "portal:record-match", "create_new", action="records.link")
CONNECTIONS = Button(
    LABELS["connections"], "plug", "portal:connections", is_link=True, action="connections.view"
)
EXISTS = Button(
    LABELS["exists"],
    "link",
    "portal:record-outcome",
    "exists",
    action="records.link",
    field="Its id or address, if several fit",
)
SEND_ANEW = Button(LABELS["does_not"], "right", "portal:record-outcome", "does_not", action="records.link")
REACTIVATE = Button(LABELS["reactivate"], "sync", "portal:record-gone", "reactivate", action="records.link")
VOID = Button(LABELS["void"], "trash", "portal:record-gone", "void", action="records.link")
LEAVE_GONE = Button(LABELS["leave_gone"], "eye-off", "portal:record-gone", "leave", action="records.link")
SUFFIX = Button(
    LABELS["suffix"],
    "plus",
    "portal:record-match",
    "suffix",
    action="records.link",
    field="Behind the name",
    example=naming.USUAL.strip(),
)
CLOSED_PERIOD = (
    Button(LABELS["next_open"], "calendar", "portal:record-closed", "next_open", action="records.link"),
    Button(LABELS["when_open"], "hourglass", "portal:record-closed", "hold", action="records.link"),
    replace(IGNORE, label=LABELS["leave_closed"]),
)
"""What a person may say of a new document whose date lies in closed books."""
TAKEN_NAMES = {"qbo.6240", "engine.match_other_type"}
BUTTONS: dict[str, Button] = {
    "reactivate": REACTIVATE,
    "void": VOID,
    "leave_gone": LEAVE_GONE,
    "deletions": Button(
        LABELS["deletions"], "trash", "portal:problems", is_link=True, action="problems.view"
    ),
    "exists": EXISTS,
    "retry": RETRY,
    "again": RETRY,
    "send": Button(LABELS["send"], "right", "portal:record-sync", "send"),
    "fetch": Button(LABELS["fetch"], "left", "portal:record-sync", "fetch"),
    "create_new": CREATE,
    "suffix": SUFFIX,
    "ignore": IGNORE,
    "unlink": Button(LABELS["unlink"], "unlink", "portal:record-match", "unlink", action="records.link"),
    "reconnect": CONNECTIONS,
    "connections": CONNECTIONS,
    "notifications": Button(
        LABELS["notifications"], "gear", "portal:notifications", is_link=True, action="notifications.view"
    ),
    "mapping": Button(LABELS["mapping"], "map", "portal:mapping", is_link=True, action="mappings.view"),
}
"""The buttons that words of the registry may name."""

_TONES = {"conflict": ("clash", "clash"), "deleted_there": ("warn", "trash"), "changed_qbo": ("drift", "delta"),
          "changed_sf": ("drift", "delta"), "waiting": ("wait", "hourglass")}  # fmt: skip
SILENT = {"none", "skipped", "waiting"}
SETTLED_BY_CHOOSING = {"conflict", "drift", "oscillation"}
SEE_MATCHES = Button("See the possible match", "link", "#c-match", is_link=True, action="records.view")


OPEN_PARENT = Button(
    "Open the record it waits for", "next", "portal:record", is_link=True, action="records.view"
)


def for_record(
    link: RecordLink, problem: Problem | None, state: Any, *, held: bool = False, matches: bool = False
) -> Remedy | None:
    """The remedy of a record that needs a person; None for one that goes on by itself, or where the values on hold
    are themselves what is to be decided (`held`). With `matches` the page shows possible matches below."""
    if problem is None and link.attention in SILENT:
        return None
    if state.key in {"queued", "syncing", "unlinked", "ignored"} or (
        held and link.attention in SETTLED_BY_CHOOSING
    ):
        return None
    code = problem.code if problem else link.attention_code or link.attention
    values = problem.values if problem else link.attention_values
    words = words_for(code, {"name": link.name, **(values or {})})
    tone, icon = _TONES.get(state.key, ("bad", "alert"))
    parent = str((values or {}).get("parent_link", ""))
    buttons = _buttons(link, words, matches=matches, parent=parent)
    if code in TAKEN_NAMES and link.sf_id and not link.qbo_id:
        buttons = (*buttons[:1], SUFFIX, *buttons[1:])
    if code == CLOSED_DATE and link.sf_id and not link.qbo_id:
        buttons = CLOSED_PERIOD
    return Remedy(tone, icon, words, buttons, code)


def _buttons(link: RecordLink, words: Words, *, matches: bool, parent: str = "") -> tuple[Button, ...]:
    if words.button == "exists":
        return EXISTS, SEND_ANEW
    if words.button == "leave_gone":
        return (LEAVE_GONE,)
    if words.button in ("reactivate", "void"):
        return BUTTONS[words.button], LEAVE_GONE
    named = BUTTONS.get(words.button)
    first = [SEE_MATCHES] if matches else [named] if named is not None else []
    if parent:
        first.insert(0, replace(OPEN_PARENT, pk=parent))
    rest = [RETRY]
    if not (link.sf_id and link.qbo_id):
        rest.append(IGNORE)
    return tuple(dict.fromkeys([*first, *rest]))
