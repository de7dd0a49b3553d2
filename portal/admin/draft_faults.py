"""What stands in the way of publishing a draft, put where a person can mend it: at its row, or above all rows."""

from __future__ import annotations

from dataclasses import dataclass, field

from syncapp.messages import Words, words_for
from syncapp.models import Mapping
from syncapp.services import mapping_checks


@dataclass(frozen=True, slots=True)
class Doubt:
    """One sentence about a draft. `serious` ones stand in the way of publishing."""

    words: Words
    serious: bool


@dataclass(frozen=True, slots=True)
class DraftFaults:
    """All that is to be said about a draft: by the row's id, and about the whole. `count` are the serious ones."""

    by_row: dict[int, list[Doubt]] = field(default_factory=dict)
    whole: list[Doubt] = field(default_factory=list)
    count: int = 0


def faults_of(mapping: Mapping) -> DraftFaults:
    """The faults and doubts of the draft as it is stored; makes no call."""
    rows = [row.pk for row in mapping.rows.all() if row.enabled]
    found = mapping_checks.validate(mapping)
    told = DraftFaults(count=len(mapping_checks.serious(found)))
    for fault in found:
        doubt = Doubt(words_for(fault.code, fault.values), fault.serious)
        at = fault.position or 0
        # Rows that rules make stand behind the draft's own and have no place of theirs on the page.
        place = told.by_row.setdefault(rows[at - 1], []) if 0 < at <= len(rows) else told.whole
        place.append(doubt)
    return told
