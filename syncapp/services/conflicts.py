"""Fields on hold: what both sides hold and last agreed on, who changed what and when; of one record or of all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils.dateparse import parse_datetime

from connectors.contracts import Side
from syncapp.engine.mapping import MappingSpec
from syncapp.engine.merge import AS_IS
from syncapp.messages import Words, words_for
from syncapp.models import CLOSED_LIFECYCLES, Attention, LinkBase, RecordLink
from syncapp.models import Mapping as MappingRow
from syncapp.services.sides import unit_label
from syncapp.store import bulk, specs
from syncapp.tenancy import current_company_id

LEAVE = "leave"
ANSWERS = (Side.SALESFORCE.value, Side.QUICKBOOKS.value, LEAVE)
PAGE = 20
KINDS: dict[str, tuple[Attention, ...]] = {
    "open": (Attention.CONFLICT, Attention.OSCILLATION),
    "drift": (Attention.DRIFT,),
}
"""`open` waits for a person; `drift` was changed on one side only and is left until somebody says otherwise."""
MOST_FIELDS = 12


@dataclass(frozen=True, slots=True)
class HeldField:
    """One field of a held unit: what both sides hold, and what they held when they last agreed."""

    key: str
    label: str
    sf: Any
    qbo: Any
    base_sf: Any
    base_qbo: Any


@dataclass(frozen=True, slots=True)
class HeldUnit:
    """A unit that waits: why (conflict, drift, locked, oscillation, initial …), and its fields on both sides."""

    unit: str
    label: str
    why: str
    fields: tuple[HeldField, ...]
    answer: str = ""
    """The side a person chose; empty while nobody has."""
    offers: tuple[str, ...] = ANSWERS
    """The answers that a person may give; empty where the value itself has to be corrected."""
    code: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    """The rule that holds it and what its words name (a lock: both totals, what was paid)."""

    since: datetime | None = None
    sf_at: datetime | None = None
    qbo_at: datetime | None = None
    sf_by: str = ""
    """When it began to wait, when each record was saved last, and who saved Salesforce's."""
    seen: str = ""
    """What the shown values come to: an answer that brings it is refused once they are others."""

    @property
    def rule(self) -> Words:
        """Why it waits, in words."""
        return words_for(self.code, {**self.details, "label": self.label})


def held(link: RecordLink) -> list[HeldUnit]:
    """What is on hold for this link, in the order of the mapping."""
    row = LinkBase.objects.filter(link=link).first()
    return _units(row.held if row is not None else {}, specs.published_spec(link.mapping))


def _units(stored: Mapping[str, Any], spec: MappingSpec | None) -> list[HeldUnit]:
    if spec is None or not stored:
        return []
    waiting = {name: entry for name, entry in stored.items() if entry.get("why") != AS_IS}
    return [_unit(name, waiting[name], spec) for name in spec.units() if name in waiting]


def _unit(name: str, entry: Mapping[str, Any], spec: MappingSpec) -> HeldUnit:
    rows = spec.units()[name]
    fields = tuple(
        HeldField(
            row.key,
            row.label,
            *(_value(entry, part, row.key) for part in ("sf", "qbo", "base_sf", "base_qbo")),
        )
        for row in rows
    )
    answer = (entry.get("answer") or {}).get("side", "")
    return HeldUnit(
        name,
        unit_label(rows),
        str(entry.get("why", "")),
        fields,
        answer,
        offers=offers(entry),
        code=str(entry.get("code", "")),
        details=entry.get("details") or {},
        since=_moment(entry, "since"),
        sf_at=_moment(entry, "sf_at"),
        qbo_at=_moment(entry, "qbo_at"),
        sf_by=str(entry.get("sf_by", "")),
        seen=seen(entry),
    )


def _moment(entry: Mapping[str, Any], name: str) -> datetime | None:
    return parse_datetime(str(entry.get(name) or ""))


def seen(entry: Mapping[str, Any]) -> str:
    """A short digest of what a person sees of a held unit."""
    shown = json.dumps([entry.get(part) for part in ("why", "sf", "qbo", "offers")], sort_keys=True)
    return hashlib.sha256(shown.encode()).hexdigest()[:16]


def offers(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The answers that a person may give to a held unit, as stored."""
    if "offers" in entry:
        return tuple(entry["offers"])
    return () if entry.get("why") in ("locked", "data") else ANSWERS


def _value(entry: Mapping[str, Any], part: str, key: str) -> Any:
    return (entry.get(part) or {}).get(key)


# --- all of them -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Which:
    """A choice among the records on hold: their kind, one mapping, one unit."""

    kind: str = "open"
    mapping: int | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One record with its units on hold. `answered` means that all of them are decided and being carried out."""

    link: RecordLink
    units: Sequence[HeldUnit]

    @property
    def answered(self) -> bool:
        return bool(self.units) and all(unit.answer for unit in self.units)

    @property
    def offers(self) -> tuple[str, ...]:
        """The answers that fit at least one of its units."""
        open_ = [unit for unit in self.units if not unit.answer]
        return tuple(side for side in ANSWERS if any(side in unit.offers for unit in open_))


@dataclass(frozen=True, slots=True)
class Page:
    """Up to 20 records; `older` is the key for the next page, empty on the last."""

    rows: Sequence[Waiting]
    older: str


def page(which: Which, before: str = "") -> Page:
    """Records on hold, newest first. Three queries and one per mapping."""
    links = _links(which).select_related("base", "mapping__integration").order_by("-id")
    key = _uuid(before)
    if key is not None:
        links = links.filter(id__lt=key)
    found = list(links[: PAGE + 1])
    known: dict[int, MappingSpec | None] = {}
    for link in found[:PAGE]:
        if link.mapping_id not in known:
            known[link.mapping_id] = specs.published_spec(link.mapping)
    rows = [Waiting(link, _shown(link, known[link.mapping_id], which.unit)) for link in found[:PAGE]]
    return Page(rows, str(found[PAGE - 1].pk) if len(found) > PAGE else "")


def _shown(link: RecordLink, spec: MappingSpec | None, unit: str) -> list[HeldUnit]:
    base = getattr(link, "base", None)
    units = _units(base.held if base is not None else {}, spec)
    return [one for one in units if one.unit == unit] if unit else units


def _links(which: Which) -> QuerySet[RecordLink]:
    links = RecordLink.objects.filter(attention__in=KINDS.get(which.kind, KINDS["open"]))
    links = links.exclude(lifecycle__in=CLOSED_LIFECYCLES)
    if which.mapping:
        links = links.filter(mapping_id=which.mapping)
    return links.filter(base__held__has_key=which.unit) if which.unit else links


def ids(which: Which, most: int) -> list[UUID]:
    """The newest records on hold of this choice."""
    return list(_links(which).order_by("-id").values_list("id", flat=True)[:most])


def counts(mapping: int | None = None) -> dict[str, int]:
    """How many records are on hold, by kind."""
    links = RecordLink.objects.exclude(lifecycle__in=CLOSED_LIFECYCLES)
    if mapping:
        links = links.filter(mapping_id=mapping)
    wanted = [attention for kind in KINDS.values() for attention in kind]
    rows = links.filter(attention__in=wanted).order_by().values_list("attention").annotate(n=Count("id"))
    found = dict(rows)
    return {kind: sum(found.get(attention, 0) for attention in of) for kind, of in KINDS.items()}


@dataclass(frozen=True, slots=True)
class FieldCount:
    """How many records of a mapping wait for an answer about one unit."""

    mapping: int
    unit: str
    label: str
    count: int


FIELDS = """
select l.mapping_id, held.unit, count(*) as n
from syncapp_recordlink l
join syncapp_linkbase b on b.link_id = l.id
cross join lateral jsonb_object_keys(b.held) as held(unit)
where l.company_id = %s and l.attention = any(%s) and l.lifecycle <> all(%s)
group by l.mapping_id, held.unit
order by n desc, held.unit limit %s
"""


def fields(which: Which) -> list[FieldCount]:
    """The units that most records are held by, largest first."""
    wanted = [attention.value for attention in KINDS.get(which.kind, KINDS["open"])]
    closed = [lifecycle.value for lifecycle in CLOSED_LIFECYCLES]
    found = bulk.fetch(FIELDS, [current_company_id(), wanted, closed, MOST_FIELDS])
    mappings = MappingRow.objects.in_bulk({row[0] for row in found})
    rows = [_counted(mappings[mapping], unit, n) for mapping, unit, n in found if mapping in mappings]
    return [row for row in rows if which.mapping in (None, row.mapping)]


def _counted(mapping: MappingRow, unit: str, count: int) -> FieldCount:
    spec = specs.published_spec(mapping)
    units = spec.units() if spec is not None else {}
    return FieldCount(mapping.pk, unit, unit_label(units[unit]) if unit in units else unit, count)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
