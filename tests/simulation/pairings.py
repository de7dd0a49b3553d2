"""Who belongs to whom, held against what people decided: closed pairs, ignored records, merges, parents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncapp.models import AuditEvent, RecordLink, WriteIntent
from tests.simulation import decisions
from tests.simulation.world import unique

if TYPE_CHECKING:
    from tests.simulation.oracle import View

OUR_FIELDS = {"Customer": "QBO_Customer_Id__c", "Item": "QBO_Item_Id__c", "Invoice": "QBO_Invoice_Id__c"}
BY_PEOPLE = ("match.relinked", "match.linked")


def examine(view: View) -> None:
    """Complain of every pair that is not as people said."""
    decisions.all_are_left_alone(view.world)
    what_was_closed_stays_closed(view)
    a_link_follows_its_record(view)
    parents_are_the_same(view)


# --- unlinked (sync-semantics 8) -------------------------------------------------------------------------------------


def what_was_closed_stays_closed(view: View) -> None:
    """An unlinked pair is not written to any more, but for our id, which leaves Salesforce; nobody links it again but a
    person."""
    again = set(AuditEvent.all_companies.filter(action__in=BY_PEOPLE).values_list("link_id", flat=True))
    winners = {(side, winner) for (side, _), winner in view.world.people.merged.items()}
    for row in RecordLink.all_companies.filter(lifecycle="unlinked"):
        _nothing_more_was_written(view, row)
        holders = [
            one
            for one in view.links
            if one.qbo_entity == row.qbo_entity and (one.sf_id == row.sf_id or one.qbo_id == row.qbo_id)
        ]
        if {("sf", row.sf_id), ("qbo", row.qbo_id)} & winners:
            continue
        for one in holders:
            if one.pk not in again:
                view.world.complain("unlink", f"{row.name} was unlinked and {one.pk} took it up by itself")
        if not holders and (view._last("sf", row.sf_id) or {}).get(OUR_FIELDS[row.qbo_entity]):
            view.world.complain("unlink", f"sf {row.sf_id} was unlinked and still holds our id")


def _nothing_more_was_written(view: View, row: RecordLink) -> None:
    closed = AuditEvent.all_companies.filter(link=row, action="match.unlinked").order_by("at").last()
    if closed is None:
        return
    later = WriteIntent.all_companies.filter(link=row, created_at__gt=closed.at).exclude(first_sent_at=None)
    for intent in later:
        if intent.units != ["external_id"]:
            view.world.complain(
                "unlink", f"{row.name} was unlinked and {intent.side} was written: {intent.units}"
            )


# --- merged (sync-semantics 10) --------------------------------------------------------------------------------------


def a_link_follows_its_record(view: View) -> None:
    """Where only the loser of a merge was linked, its link goes on with the winner. In QuickBooks only a notice names
    both, so that what is held is only that nobody calls such a link in step (I7). A winner that people took from its
    own other half meanwhile was linked: which of the two it is to have is theirs to say."""
    taken_apart = set(
        RecordLink.all_companies.filter(lifecycle="unlinked")
        .exclude(sf_id=None)
        .values_list("sf_id", flat=True)
    )
    holders = {link.sf_id: link for link in view.links if link.sf_id}
    for link in view.links:
        now = winner(view, "sf", link.sf_id or "")
        if (
            not now
            or now in taken_apart
            or not link.qbo_id
            or link.paused
            or view._last("qbo", unique("qbo", link.qbo_entity, link.qbo_id or "")) is None
        ):
            continue
        other = holders.get(now)
        if (other is None or not other.qbo_id) and view._last("sf", now) is not None:
            view.world.complain("merge", f"{link.name}: {link.sf_id} is {now} now and its link stayed behind")


def winner(view: View, side: str, record: str) -> str:
    """The record that this one was merged into, chains followed; empty where it was not."""
    seen = record
    while (side, seen) in view.world.people.merged:
        seen = view.world.people.merged[side, seen]
    return "" if seen == record else seen


# --- parents (sync-semantics 9, 10) ----------------------------------------------------------------------------------


def parents_are_the_same(view: View) -> None:
    """A record in step whose parent is linked has that one's counterpart for its parent in QuickBooks."""
    for link in view.links:
        if link.lifecycle != "linked" or link.attention != "none" or link.paused or view.held.get(link.pk):
            continue
        sf, qbo = (
            view._last("sf", link.sf_id),
            view._last("qbo", unique("qbo", link.qbo_entity, link.qbo_id or "")),
        )
        parent = (sf or {}).get("ParentId") if link.sf_object == "Account" else ""
        if sf is None or qbo is None or not parent:
            continue
        expected, actual = view.partner.get(("sf", parent)), (qbo.get("ParentRef") or {}).get("value")
        if expected and expected != actual:
            view.world.complain(
                "parents", f"{link.name} is under {parent} ({expected}) and in QuickBooks under {actual}"
            )
