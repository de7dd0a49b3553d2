"""What people decide at our pages about pairs: link, not the same, create new, ignore, watch again, unlink, link again,
and what shall become of a record whose other half is gone (sync-semantics 6 and 8)."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from django.db.models import QuerySet

from syncapp.models import AuditEvent, LinkWork, RecordLink, WriteIntent
from syncapp.services import gone, matching
from tests.simulation import deeds
from tests.simulation.world import World

OPEN = ("creating", "candidate", "linked")


def _one(world: World, chance: Random, rows: QuerySet[RecordLink]) -> RecordLink | None:
    found = list(rows.order_by("id"))
    return chance.choice(found) if found else None


def _decide(world: World, chance: Random, link: RecordLink, name: str, work: Callable[[], object]) -> str:
    told = deeds.as_person(world, chance, name, work)
    return f"{told}: {link.name} (sf {link.sf_id}, qbo {link.qbo_id})"


def unlink(world: World, chance: Random) -> str:
    link = _one(world, chance, RecordLink.all_companies.filter(lifecycle="linked"))
    if link is None:
        return ""
    return _decide(world, chance, link, "unlink", lambda: matching.unlink(link, None))


def relink(world: World, chance: Random) -> str:
    link = _one(world, chance, RecordLink.all_companies.filter(lifecycle="unlinked"))
    if link is None:
        return ""
    return _decide(world, chance, link, "link again", lambda: matching.relink(link, None))


def link_halves(world: World, chance: Random) -> str:
    """A person says that two half-links are one: the best candidate, or any record of the other side."""
    halves = RecordLink.all_companies.filter(lifecycle__in=OPEN)
    ours = _one(world, chance, halves.exclude(sf_id=None).filter(qbo_id=None))
    if ours is None:
        return ""
    theirs = _one(world, chance, halves.exclude(qbo_id=None).filter(sf_id=None, qbo_entity=ours.qbo_entity))
    if theirs is None:
        return ""
    if chance.random() < 0.5:
        return _decide(world, chance, ours, "link", lambda: matching.link_to(ours, str(theirs.qbo_id), None))
    return _decide(world, chance, theirs, "link", lambda: matching.link_to(theirs, str(ours.sf_id), None))


def keep_apart(world: World, chance: Random) -> str:
    """Not the same, or none of them: create new."""
    link = _one(world, chance, RecordLink.all_companies.filter(lifecycle="candidate"))
    if link is None:
        return ""
    if chance.random() < 0.5:
        return _decide(world, chance, link, "create new", lambda: matching.create_new(link, None))

    def first_is_not_it() -> None:
        found = matching.candidates(link)
        if found:
            matching.not_the_same(link, found[0].id, None)

    return _decide(world, chance, link, "not the same", first_is_not_it)


def ignore(world: World, chance: Random) -> str:
    """Leave a record alone; what no worker had in hand is not written any more from then on."""
    link = _one(world, chance, RecordLink.all_companies.filter(lifecycle__in=OPEN, paused=False))
    if link is None:
        return ""
    told = _decide(world, Random(0), link, "ignore", lambda: matching.ignore(link, None))
    if not LinkWork.all_companies.filter(link=link).exists():
        world.left_alone[link.pk] = set(
            WriteIntent.all_companies.filter(link=link).values_list("pk", flat=True)
        )
    return told


def watch_again(world: World, chance: Random) -> str:
    link = _one(world, chance, RecordLink.all_companies.filter(paused=True, lifecycle__in=OPEN))
    if link is None:
        return ""
    _nothing_was_written(world, link.pk)
    world.left_alone.pop(link.pk, None)
    return _decide(world, chance, link, "watch again", lambda: matching.watch_again(link, None))


def _nothing_was_written(world: World, link_id: object) -> None:
    before = world.left_alone.get(link_id)
    if before is None:
        return
    more = WriteIntent.all_companies.filter(link_id=link_id).exclude(pk__in=before)
    unlinked = (
        AuditEvent.all_companies.filter(link_id=link_id, action="match.unlinked").order_by("at").first()
    )
    for intent in more.exclude(first_sent_at=None):
        if unlinked is not None and intent.created_at >= unlinked.at and _takes_our_id_back(intent):
            continue
        world.complain("ignored", f"{intent.side} {intent.remote_id} was written although it is ignored")


def _takes_our_id_back(intent: WriteIntent) -> bool:
    """Unlinking empties the field of our id in Salesforce, whether the record was ignored before or not."""
    return intent.side == "sf" and intent.units == ["external_id"]


def all_are_left_alone(world: World) -> None:
    """Nothing of what is ignored now was written since."""
    for link_id in world.left_alone:
        _nothing_was_written(world, link_id)


def answer_gone(world: World, chance: Random) -> str:
    """Make an inactive half active again, or leave it."""
    link = _one(world, chance, RecordLink.all_companies.filter(attention_code__in=list(gone.ANSWERS)))
    if link is None:
        return ""
    choice = chance.choice(gone.ANSWERS[link.attention_code])
    return _decide(world, chance, link, choice, lambda: gone.answer(link, choice, None))


DECISIONS = {
    "unlink": unlink,
    "relink": relink,
    "link_halves": link_halves,
    "keep_apart": keep_apart,
    "ignore": ignore,
    "watch_again": watch_again,
    "answer_gone": answer_gone,
}
