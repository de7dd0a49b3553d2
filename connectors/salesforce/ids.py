"""Salesforce record ids: 15 characters with case, or 18 that survive its loss (reference salesforce.md 2.7)."""

from __future__ import annotations

import re

_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
SHORT = 15


def is_id(text: str) -> bool:
    """Whether this has the form of a Salesforce id, short or long."""
    return _ID.fullmatch(text) is not None


def to_18(id_: str) -> str:
    """The 18-character form, the only one that is stored and compared; other texts come back unchanged."""
    if len(id_) != SHORT or not is_id(id_):
        return id_
    groups = (id_[0:5], id_[5:10], id_[10:15])
    return id_ + "".join(
        _CHECK[sum(1 << bit for bit, char in enumerate(group) if "A" <= char <= "Z")] for group in groups
    )
