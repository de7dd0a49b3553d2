"""A person's answers to fields on hold: for one field or a thousand records, bound to the versions that were seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from syncapp.models import LinkBase, RecordLink, Run
from syncapp.services import audit, conflicts, sync
from syncapp.services.conflicts import ANSWERS, Which
from syncapp.services.errors import Refused

MOST = 1_000
"""Records that one press answers; the rest stays for the next one."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The answers for one record: by unit, or one for every unit that takes it (`every`; only for one unit: `only`).

    `seen` are the digests of the values that the person had before them, by unit; what moved since is not answered.
    Where it is None the person decided for all alike, whatever they hold.
    """

    link_id: UUID
    sides: Mapping[str, str] = field(default_factory=dict)
    every: str = ""
    only: str = ""
    seen: Mapping[str, str] | None = None

    def of(self, held: Mapping[str, Any]) -> dict[str, str]:
        """The answers that these held units take."""
        wanted = dict.fromkeys([self.only] if self.only else held, self.every) if self.every else self.sides
        return {
            unit: side
            for unit, side in wanted.items()
            if unit in held and side in conflicts.offers(held[unit]) and self._unmoved(unit, held[unit])
        }

    def _unmoved(self, unit: str, entry: Mapping[str, Any]) -> bool:
        return self.seen is None or self.seen.get(unit) == conflicts.seen(entry)


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a press: the run that carries it out, and how many records it took and left out."""

    run: Run
    taken: int
    left_out: int


def answer(link: RecordLink, unit: str, side: str, person: Any, *, seen: str | None = None) -> Run:
    """Take this side's value for a held unit (sf or qbo), or leave both as they are (leave); synced at once.

    The answer is bound to the versions the person saw (`seen`, of `HeldUnit`): if a side moves before it is carried
    out, it is asked again. Raises Refused: `conflict.unknown_side`, `conflict.gone` (nothing on hold any more),
    `conflict.not_offered` (a lock leaves no such choice), `conflict.moved`, and what `sync.request` does.
    """
    if side not in ANSWERS:
        raise Refused("conflict.unknown_side", side=side)
    with transaction.atomic():
        base = LinkBase.objects.select_for_update().filter(link=link).first()
        if base is None or unit not in base.held:
            raise Refused("conflict.gone", unit=unit)
        if side not in conflicts.offers(base.held[unit]):
            raise Refused("conflict.not_offered", unit=unit)
        if seen is not None and seen != conflicts.seen(base.held[unit]):
            raise Refused("conflict.moved")
        _take({link.pk: base}, {link.pk: {unit: side}}, person)
        return sync.request([link.pk], target=None, person=person, cause=f"Answer: {unit}")


def settle(choices: Sequence[Choice], person: Any) -> Answered:
    """Carry out these answers as one run. Records that moved or are decided already are left out and counted.

    Raises Refused: `conflict.unknown_side`, `conflict.none_left` (none could be taken), and what `sync.request` does.
    """
    named = {side for choice in choices for side in (*choice.sides.values(), choice.every) if side}
    if named - set(ANSWERS):
        raise Refused("conflict.unknown_side")
    with transaction.atomic():
        wanted = {choice.link_id: choice for choice in choices[:MOST]}
        rows = LinkBase.objects.select_for_update().filter(link_id__in=wanted).order_by("link_id")
        bases = {row.link_id: row for row in rows}
        taken = {link_id: wanted[link_id].of(base.held) for link_id, base in bases.items()}
        taken = {link_id: answers for link_id, answers in taken.items() if answers}
        if not taken:
            raise Refused("conflict.none_left")
        _take(bases, taken, person)
        run = sync.request(list(taken), target=None, person=person, cause="Answer")
    return Answered(run, len(taken), len(wanted) - len(taken))


def settle_all(which: Which, side: str, person: Any) -> Answered:
    """One answer for every record of a choice, the newest thousand at a time."""
    chosen = conflicts.ids(which, MOST)
    return settle([Choice(link_id, every=side, only=which.unit) for link_id in chosen], person)


def _take(bases: Mapping[UUID, LinkBase], taken: Mapping[UUID, Mapping[str, str]], person: Any) -> None:
    at, by = timezone.now(), audit.name_of(person)
    events = []
    for link_id, sides in taken.items():
        held = bases[link_id].held
        for unit, side in sides.items():
            entry = held[unit]
            tokens = {name: entry[name] for name in ("sf_token", "qbo_token") if name in entry}
            entry["answer"] = {"side": side, "by": by, "at": at.isoformat(), **tokens}
            before = {"sf": entry.get("sf"), "qbo": entry.get("qbo")}
            events.append(audit.Decided(link_id, cause=unit, before=before, after={"side": side}))
    LinkBase.objects.bulk_update([bases[link_id] for link_id in taken], ["held"], batch_size=200)
    audit.decided_many("conflict.answered", person, events)
