"""What the product says of itself at the end, held against what is there: records called gone, waits, creations beside
a record that we knew, writes that changed nothing."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

from syncapp.models import DoNotMatch, LinkWait, RecordLink, WriteIntent
from tests.simulation.pairs import Pair
from tests.simulation.world import unique

if TYPE_CHECKING:
    from tests.simulation.oracle import View

SIDES = ("sf", "qbo")
GONE = ("deleted", "inactive", "missing", "merged")
NOISE = frozenset(
    {"MetaData", "SyncToken", "SystemModstamp", "LastModifiedDate", "LastModifiedById", "sparse"}
)


def examine(view: View) -> None:
    """Complain of every claim that is not true."""
    nothing_is_called_gone_that_lives(view)
    nobody_waits_for_what_is_there(view)
    nothing_is_made_beside_its_like(view)
    no_write_is_empty(view)


# --- G5 --------------------------------------------------------------------------------------------------------------


def nothing_is_called_gone_that_lives(view: View) -> None:
    """Absent is not deleted: whoever is called gone was removed over there by somebody."""
    for link in view.links:
        qbo_id = unique("qbo", link.qbo_entity, link.qbo_id) if link.qbo_id else None
        for side, record, state in (("sf", link.sf_id, link.sf_state), ("qbo", qbo_id, link.qbo_state)):
            if record and state in GONE and _was_never_gone(view, side, record):
                view.world.complain(
                    "G5", f"{link.name}: {side} {record} is called {state} and nobody removed it"
                )
        if link.attention == "gone" and all(
            record and _was_never_gone(view, side, record)
            for side, record in (("sf", link.sf_id), ("qbo", qbo_id))
        ):
            view.world.complain(
                "G5", f"{link.name} (sf {link.sf_id}, qbo {link.qbo_id}) is called gone and nobody removed it"
            )


def _was_never_gone(view: View, side: str, record: str) -> bool:
    if (side, record) in view.world.people.gone:
        return False
    return not any(
        entry["operation"] in ("delete", "merge") or (entry["after"] or {}).get("Active") is False
        for entry in view.by_record.get((side, record), [])
    )


def nobody_waits_for_what_is_there(view: View) -> None:
    """Who waits names a record that is not linked yet; once it is, nobody waits for it any more. Not looked at are
    records that a person ignores: the answer of a write that was under way at that moment may say so of them."""
    waits: dict[Any, list[Any]] = {}
    for child, parent in LinkWait.all_companies.values_list("child_id", "parent_id"):
        waits.setdefault(child, []).append(parent)
    linked = set(RecordLink.all_companies.filter(lifecycle="linked").values_list("pk", flat=True))
    for link in view.links:
        if link.attention != "waiting" or link.paused:
            continue
        parents = waits.get(link.pk, [])
        if not parents or set(parents) <= linked:
            view.world.complain(
                "G5", f"{link.name} waits for {len(parents)} records, all of which are linked"
            )


# --- G2 --------------------------------------------------------------------------------------------------------------


def nothing_is_made_beside_its_like(view: View) -> None:
    """Where a person typed the same customer in on both sides and we had seen both, nothing is created: the two are
    linked, or a person is asked. What was there before the scan is seen before anything is created (the creation
    barrier, sync-semantics 8)."""
    seen = {**_first_seen(view), **_before_the_scan(view)}
    kept_apart = {id_ for row in DoNotMatch.all_companies.values_list("sf_id", "qbo_id") for id_ in row}
    for entry in view.ours:
        pair = next((one for one in view.world.pairs if entry["object"] == one.object(entry["side"])), None)
        if pair is None or entry["operation"] != "create":
            continue
        for record in view.world.people.records.get((entry["side"], entry["object"]), []):
            if record in kept_apart:
                continue
            known = seen.get((entry["side"], record))
            staged = _staged(view, entry)
            if known is None or staged is None or known >= staged or record == entry["id"]:
                continue
            if _like(view, pair, entry, record):
                view.world.complain(
                    "G2",
                    f"{entry['side']} {entry['id']} was made although {record} was known and is the same",
                )


def _first_seen(view: View) -> dict[tuple[str, str], datetime]:
    seen: dict[tuple[str, str], datetime] = {}
    for link in RecordLink.all_companies.filter(qbo_entity="Customer"):
        for side, record in (("sf", link.sf_id), ("qbo", link.qbo_id)):
            if record:
                seen[side, record] = min(link.created_at, seen.get((side, record), link.created_at))
    return seen


def _before_the_scan(view: View) -> dict[tuple[str, str], datetime]:
    began = view.world.scan_began
    if began is None:
        return {}
    return {
        (typed.side, typed.record): began for typed in view.world.people.typed if typed.at < began.timestamp()
    }


def _staged(view: View, entry: dict[str, Any]) -> datetime | None:
    """When the creation behind this entry was decided."""
    rows = WriteIntent.all_companies.filter(
        side=entry["side"], object=entry["object"], result_id=entry["id"], remote_id=""
    )
    return rows.order_by("created_at").values_list("created_at", flat=True).first()


def _like(view: View, pair: Pair, entry: dict[str, Any], record: str) -> bool:
    """Whether a record had the name and the telephone number of the new one when that was made."""
    before = [one for one in view.by_record[entry["side"], record] if one["seq"] < entry["seq"]]
    merged = (entry["side"], record) in view.world.people.merged
    if not before or before[-1]["operation"] == "delete" or merged:
        return False
    return all(
        (value := _recognised(pair, name, entry["side"], entry["after"])) != ("",)
        and _recognised(pair, name, entry["side"], before[-1]["after"]) == value
        for name in (pair.name.name, "phone")
    )


def _recognised(pair: Pair, unit: str, side: str, record: dict[str, Any]) -> tuple[str, ...]:
    """What is compared when two records may be one: names without their legal form."""
    return tuple(part.removesuffix(" Inc.") for part in pair.unit(unit).read(side, record))


# --- G3 --------------------------------------------------------------------------------------------------------------


def no_write_is_empty(view: View) -> None:
    """A write that changes nothing is not sent (sync-semantics 4): what a server made of our value is no edit. Not
    counted are repetitions of writes without an answer, and our id in Salesforce beyond its first write. That one goes
    again where the record was read between the decision and the first write: Salesforce gives no body to a write, so
    that the body in hand lacks the id while the base has it, and what looks like somebody's clearing is undone. Leaving
    it out would leave a real clearing unmended."""
    empty = Counter(
        (entry["side"], entry["id"])
        for entry in view.ours
        if entry["operation"] == "update" and _changed_nothing(entry["before"] or {}, entry["after"] or {})
    )
    ids = Counter(
        WriteIntent.all_companies.filter(state="applied", units=["external_id"], side="sf").values_list(
            "side", "remote_id"
        )
    )
    repeated = view.healed() + (ids - Counter(list(ids)))
    for (side, record), count in empty.items():
        if count > repeated[side, record]:
            view.world.complain("G3", f"{count} writes of {side} {record} changed nothing")


def _changed_nothing(before: dict[str, Any], after: dict[str, Any]) -> bool:
    return all(before.get(key) == after.get(key) for key in before.keys() | after.keys() if key not in NOISE)
