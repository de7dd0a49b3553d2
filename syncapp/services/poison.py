"""What was refused as it is does not go out again and again by itself.

Two rules on the writes of one record. Poison (sync-semantics section 13): the same body was refused for its content
twice, and the record still has that problem; it is left alone. Circle: the same body was refused with the same code
several times within an hour, whatever took the problem away and put the record back to work in between; the record is
stopped, and a person is told.

A person's press sends it nonetheless, once. So does any change of the record's mapped values, of the record that it
would be written to, of a parent, of the mapping, or of the connection. Passing failures (throttling, outages) count for
nothing here: they have their own back-off.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from connectors import jsonwire
from connectors.contracts import Side
from syncapp.engine import reasons
from syncapp.engine.decision import DecisionKind
from syncapp.messages import words_for
from syncapp.models import RecordLink, Run, RunKind
from syncapp.services import composing
from syncapp.services.deciding import Decided, SliceDecisions
from syncapp.services.facts import changed_at
from syncapp.services.references import Parents
from syncapp.services.slice_context import SliceContext
from syncapp.store import bulk
from syncapp.store.intents import Plan, digest

PRESSED = (RunKind.BUTTON, RunKind.RETRY)
POISON = 2
MOST_REFUSALS = 4
"""As often within `WINDOW` the same body is refused with the same code before it is taken to go round."""
WINDOW = timedelta(hours=1)

# A try that ended in front of a person has its attempt, stored with the refusal; rounds of reading again and passing
# failures have none, or one that says so.
REFUSED = """
select n.link_id, n.side, n.body_sha256, n.expected_token, n.result_code, l.attention, l.attention_code,
       array_agg(n.closed_at order by n.closed_at),
       array_agg(n.closed_at order by n.closed_at) filter (where a.id is not null),
       array_agg(n.run_id) filter (where n.run_id is not null),
       (array_agg(a.failure_values order by n.closed_at desc) filter (where a.id is not null))[1]
from syncapp_writeintent n
join syncapp_recordlink l on l.id = n.link_id
left join syncapp_attempt a on a.company_id = n.company_id and a.link_id = n.link_id and a.finished_at = n.closed_at
  and a.outcome = 'failed' and a.failure_kind <> 'transient'
  and a.direction = case n.side when 'qbo' then 'to_qbo' else 'to_sf' end
where n.link_id = any(%s) and n.state = 'refused' and n.mapping_version = %s
group by 1, 2, 3, 4, 5, 6, 7 having count(*) >= %s
"""

Key = tuple[UUID, str, str, str]
"""(link, side, digest of the body, the version that it would change)."""


@dataclass(frozen=True, slots=True)
class Refusals:
    """The same write of one record, refused with the same code so often."""

    code: str
    attention: str
    attention_code: str
    times: tuple[datetime, ...]
    told: tuple[datetime, ...]
    """When a person was told of it; passing failures left out."""
    runs: frozenset[UUID]
    values: Mapping[str, Any]
    """What the last refusal said."""

    def is_poison(self, since: datetime) -> bool:
        """Whether the record still has this very problem after two tries."""
        kept = self.attention == "data_error" and self.attention_code == self.code
        return kept and len([at for at in self.times if at > since]) >= POISON

    def is_circle(self, since: datetime) -> bool:
        """Whether it was ever refused that often within the window; once it was, a press later on changes nothing."""
        counted = [at for at in self.told if at > since]
        return any(
            last - first <= WINDOW for first, last in zip(counted, counted[MOST_REFUSALS - 1 :], strict=False)
        )


@dataclass(frozen=True, slots=True)
class Held:
    """What is not sent: links that keep the problem they have, and those that get the circle as their problem."""

    left_alone: frozenset[UUID] = frozenset()
    stopped: Mapping[UUID, Decided] = field(default_factory=dict)


def hold(context: SliceContext, decisions: SliceDecisions, items: Sequence[Decided]) -> Held:
    """Which of these decisions are not to be sent as they stand. One query for all records of the slice that were ever
    refused, none where none was."""
    suspects = [item for item in items if item.link.failed_before]
    plans = {item.link.id: listed for item in suspects if (listed := composing.plans(context, item))}
    known = refusals(context, plans) if plans else {}
    if not known:
        return Held()
    since = _changes(context, decisions.parents, {key[0] for key in known})
    left_alone, circles = set(), {}
    for link_id, listed in plans.items():
        found = [known.get(_key(link_id, side, plan), ()) for side, plan in listed]
        if all(any(one.is_poison(since[link_id]) for one in group) for group in found):
            left_alone.add(link_id)
        elif going := [one for group in found for one in group if one.is_circle(since[link_id])]:
            circles[link_id] = going[0]
    pressed = _pressed(context, {*left_alone, *circles}, known)
    told = {link_id for link_id, one in circles.items() if one.attention_code == reasons.SENT_AGAIN}
    return Held(
        frozenset((left_alone | told) - pressed),
        {
            item.link.id: _stop(item, circles[item.link.id])
            for item in suspects
            if item.link.id in circles.keys() - told - pressed
        },
    )


def refusals(
    context: SliceContext, plans: Mapping[UUID, Sequence[tuple[Side, Plan]]]
) -> dict[Key, list[Refusals]]:
    """What was refused more than once of these links under this version of the mapping."""
    known: dict[Key, list[Refusals]] = {}
    for row in bulk.fetch(REFUSED, [list(plans), context.spec.version, POISON]):
        code, attention, attention_code, times, told, runs, values = row[4:]
        one = Refusals(
            code, attention, attention_code, tuple(times), tuple(told or ()), frozenset(runs or ()),
            bulk.loads(values) or {},
        )  # fmt: skip
        known.setdefault(row[:4], []).append(one)
    return known


def _key(link_id: UUID, side: Side, plan: Plan) -> Key:
    expected = plan.write.expected.version if plan.write.expected else ""
    return link_id, side.value, digest(jsonwire.encode(plan.write.body).decode()), expected


def _changes(context: SliceContext, parents: Parents, link_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """When the connections or a parent of these links changed last: what was refused before says nothing of now."""
    connections = max(changed_at(connection) for connection in context.connections.values())
    theirs = {
        link_id: {
            parents.links[key]
            for need in parents.needs.get(link_id, ())
            if (key := (need.mapping, need.side, need.remote_id)) in parents.links
        }
        for link_id in link_ids
    }
    rows = RecordLink.objects.filter(id__in=set().union(*theirs.values()))
    moved = {
        parent: max((at for at in stamps if at is not None), default=connections)
        for parent, *stamps in rows.values_list("id", "sf_modified", "qbo_modified")
    }
    never = datetime.min.replace(tzinfo=UTC)
    return {
        link_id: max([connections, *(moved.get(parent, never) for parent in theirs.get(link_id, ()))])
        for link_id in link_ids
    }


def _pressed(
    context: SliceContext, found: Collection[UUID], known: Mapping[Key, Sequence[Refusals]]
) -> set[UUID]:
    """Those that a person pressed a button for and that were not refused in that run yet: each press sends once."""
    used = {(key[0], run) for key, group in known.items() for one in group for run in one.runs}
    runs = {link_id: context.work[link_id].run_id for link_id in found}
    fresh = {link_id: run for link_id, run in runs.items() if run and (link_id, run) not in used}
    if not fresh:
        return set()
    by_hand = set(
        Run.objects.filter(id__in=set(fresh.values()), kind__in=PRESSED).values_list("id", flat=True)
    )
    return {link_id for link_id, run in fresh.items() if run in by_hand}


def _stop(item: Decided, circle: Refusals) -> Decided:
    """The decision without its writes, with the circle as what a person sees."""
    said = words_for(circle.code, circle.values)
    reason = reasons.because(
        reasons.SENT_AGAIN,
        refusal=circle.code,
        times=len(circle.told),
        said=said.title,
        message=str(circle.values.get("message") or ""),
    )
    stopped = replace(
        item.decision,
        kind=DecisionKind.HOLD,
        reasons=(reason, *item.decision.reasons),
        create_on=None,
        changes=(),
        set_state=None,
        lifecycle="",
        attention="data_error",
    )
    return replace(item, decision=stopped, rests="")
