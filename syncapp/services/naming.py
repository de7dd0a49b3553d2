"""A record whose name QuickBooks has given away already: a person says what goes behind it (fault 6240)."""

from __future__ import annotations

from typing import Any

from syncapp.engine.compiled import name_suffix, usual_suffix
from syncapp.engine.creation import NAME
from syncapp.models import RecordLink
from syncapp.services import held_answers
from syncapp.services.errors import Refused
from syncapp.store import specs

USUAL = usual_suffix("Customer")
LONGEST = 40
FORBIDDEN = frozenset(':"\t\r\n')
"""Not in a name of QuickBooks (quickbooks.md, names)."""


def add_suffix(link: RecordLink, text: str, person: Any) -> None:
    """Create this record in QuickBooks with `text` behind its name, in Salesforce it stays as it is; the mapping's own
    suffix, or ` (Customer)`, where nothing was typed. Raises Refused: `naming.exists_there`, `naming.forbidden`."""
    held_answers.keep(
        link,
        NAME,
        "name",
        {"text": _suffix(link, text)},
        person,
        action="name.suffix",
        check=held_answers.only_new("naming.exists_there"),
    )


def _suffix(link: RecordLink, text: str) -> str:
    typed = text.strip()
    if len(typed) > LONGEST or FORBIDDEN & set(typed):
        raise Refused("naming.forbidden", longest=LONGEST)
    if typed:
        return f" {typed}"
    spec = specs.published_spec(link.mapping)
    return (name_suffix(spec) if spec is not None else "") or usual_suffix(link.qbo_entity)
