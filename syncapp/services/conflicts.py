"""Fields on hold: both values, and a person's answer, bound to the versions that the person saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from connectors.contracts import Side
from syncapp.engine.mapping import MappingSpec
from syncapp.messages import Words, words_for
from syncapp.models import LinkBase, RecordLink, Run
from syncapp.services import audit, sync
from syncapp.services.errors import Refused
from syncapp.store import specs

LEAVE = "leave"
ANSWERS = (Side.SALESFORCE.value, Side.QUICKBOOKS.value, LEAVE)


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
    """One unit that waits: why (conflict, drift, locked, oscillation, initial …), and its fields on both sides."""

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

    @property
    def rule(self) -> Words:
        """Why it waits, in words."""
        return words_for(self.code, {**self.details, "label": self.label})


def held(link: RecordLink) -> list[HeldUnit]:
    """What is on hold for this link, in the order of the mapping."""
    stored = _stored(link)
    spec = specs.published_spec(link.mapping)
    if spec is None or not stored:
        return []
    return [_unit(name, stored[name], spec) for name in spec.units() if name in stored]


def _stored(link: RecordLink) -> Mapping[str, Any]:
    row = LinkBase.objects.filter(link=link).first()
    return row.held if row is not None else {}


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
        rows[0].label,
        str(entry.get("why", "")),
        fields,
        answer,
        offers=_offers(entry),
        code=str(entry.get("code", "")),
        details=entry.get("details") or {},
    )


def _offers(entry: Mapping[str, Any]) -> tuple[str, ...]:
    if "offers" in entry:
        return tuple(entry["offers"])
    return () if entry.get("why") in ("locked", "data") else ANSWERS


def _value(entry: Mapping[str, Any], part: str, key: str) -> Any:
    return (entry.get(part) or {}).get(key)


def answer(link: RecordLink, unit: str, side: str, person: Any) -> Run:
    """Take this side's value for a held unit (sf or qbo), or leave both as they are (leave); synced at once.

    The answer is bound to the versions the person saw: if a side moves before it is carried out, it is asked again.
    Raises Refused: `conflict.unknown_side`, `conflict.gone` (nothing on hold any more), `conflict.not_offered` (a lock
    leaves no such choice), and what `sync.request` does.
    """
    if side not in ANSWERS:
        raise Refused("conflict.unknown_side", side=side)
    with transaction.atomic():
        base = LinkBase.objects.select_for_update().filter(link=link).first()
        if base is None or unit not in base.held:
            raise Refused("conflict.gone", unit=unit)
        entry = base.held[unit]
        if side not in _offers(entry):
            raise Refused("conflict.not_offered", unit=unit)
        entry["answer"] = {
            "side": side,
            "by": audit.name_of(person),
            "at": timezone.now().isoformat(),
            **{name: entry[name] for name in ("sf_token", "qbo_token") if name in entry},
        }
        base.save(update_fields=["held"])
        audit.decided(
            "conflict.answered",
            person,
            link=link,
            cause=unit,
            before={"sf": entry.get("sf"), "qbo": entry.get("qbo")},
            after={"side": side},
        )
        return sync.request([link.pk], target=None, person=person, cause=f"Answer: {unit}")
