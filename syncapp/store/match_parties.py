"""Codes that count together with a reference: the same document number is the same document only for one customer.

Each side has ids of its own for the customer, so that whether it is the same one is asked of the links, now: a customer
that was linked after the documents were read counts as well.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from connectors.contracts import Side
from syncapp.engine.compiled import compile_spec
from syncapp.engine.mapping import MappingSpec
from syncapp.engine.match import NUMBER, match_rules
from syncapp.models import Mapping as MappingRow
from syncapp.models import MatchKey
from syncapp.store import links

Shared = tuple[str, str, list[str]]
"""Two records (near, far) and the kinds of keys that they share."""


@dataclass(frozen=True, slots=True)
class End:
    """One side of a mapping in the index."""

    side: Side
    connection: uuid.UUID
    object: str


def confirmed(
    mapping: MappingRow, spec: MappingSpec, near: End, far: End, rows: Sequence[Shared]
) -> list[Shared]:
    """The same pairs; a number is a code where every reference that it counts with is the same over there. Three
    queries at most for the whole slice, none where nothing counts with a reference."""
    references = _references(spec)
    numbered = [row for row in rows if NUMBER in row[2]] if references else []
    if not numbered:
        return list(rows)
    ours = _parties(near, {row[0] for row in numbered})
    theirs = _parties(far, {row[1] for row in numbered})
    held = ours if near.side is Side.SALESFORCE else theirs
    known = {key: _over_there(mapping, through, key, held.values()) for key, through in references.items()}
    return [
        _promoted(row)
        if NUMBER in row[2] and _same(near, ours.get(row[0], {}), theirs.get(row[1], {}), known)
        else row
        for row in rows
    ]


def _promoted(row: Shared) -> Shared:
    return row[0], row[1], ["code" if kind == NUMBER else kind for kind in row[2]]


def _references(spec: MappingSpec) -> dict[str, str]:
    """The references among the codes' parts: canonical key -> key of the mapping it goes through."""
    rows = compile_spec(spec).by_key
    parts = {key for code in match_rules(spec).codes for key in code}
    return {key: rows[key].spec.refers_to for key in sorted(parts) if rows[key].reference}


def _parties(end: End, ids: Iterable[str]) -> dict[str, dict[str, str]]:
    """record -> canonical key -> the id that it refers to there."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    rows = MatchKey.all_companies.filter(
        connection_id=end.connection, object=end.object, remote_id__in=sorted(ids), kind="party"
    )
    for remote_id, value in rows.values_list("remote_id", "value"):
        key, _, party = value.partition("=")
        found[remote_id][key] = party
    return found


def _over_there(
    mapping: MappingRow, refers_to: str, key: str, held: Iterable[Mapping[str, str]]
) -> dict[str, str]:
    """Salesforce id -> QuickBooks id of the linked records that these refer to."""
    through = MappingRow.all_companies.filter(integration_id=mapping.integration_id, key=refers_to).first()
    ids = sorted({parties[key] for parties in held if key in parties})
    if through is None or not ids:
        return {}
    known = links.linked_ids(
        mapping.integration_id, through.sf_object, through.qbo_entity, Side.SALESFORCE, ids
    )
    return {sf_id: row[1] for sf_id, row in known.items() if row[1]}


def _same(
    near: End, ours: Mapping[str, str], theirs: Mapping[str, str], known: Mapping[str, Mapping[str, str]]
) -> bool:
    sf, qbo = (ours, theirs) if near.side is Side.SALESFORCE else (theirs, ours)
    return bool(sf) and sf.keys() == qbo.keys() and all(known[key].get(sf[key]) == qbo[key] for key in sf)
