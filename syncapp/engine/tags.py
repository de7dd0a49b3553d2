"""Our mark in the private note of a document that we make (sync-semantics section 13): it names the write that made it.

It is evidence only together with equal customer, total and time of creation: QuickBooks' "copy" takes it along.
"""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

MARK = "SFSYNC:"
_TAG = re.compile(rf"\s*{MARK}([0-9a-f]{{16}})\s*\Z")
NOTE_LIMIT = 4000


def key_of(intent_id: UUID) -> str:
    """The part of a write's id that its tag carries: the last 16 hex digits, which are random."""
    return intent_id.hex[-16:]


def put(body: dict[str, Any], member: str, intent_id: UUID) -> dict[str, Any]:
    """The body with the tag of this write at the end of its note, instead of any other tag. A note that would become
    too long stays as a person wrote it."""
    note = stripped(body.get(member))
    marked = f"{note}\n{MARK}{key_of(intent_id)}" if note else f"{MARK}{key_of(intent_id)}"
    if len(marked) > NOTE_LIMIT:
        return dict(body)
    return {**body, member: marked}


def stripped(note: Any) -> str:
    """A note without our tag."""
    return _TAG.sub("", str(note or ""))


def without(text: str) -> str:
    """The text of a body without any tag of ours, to compare two bodies by."""
    return re.sub(rf"(\\n)?{MARK}[0-9a-f]{{16}}", "", text)


def found(note: Any) -> str:
    """The key that a note's tag carries; empty without one."""
    match = _TAG.search(str(note or ""))
    return match[1] if match else ""
