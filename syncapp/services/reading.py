"""Stage 3, read: both sides of a whole slice in as few calls as the wire allows.

Bodies that capture already brought are not read again; a side that is known unchanged since its base is not read at
all (QuickBooks reads are metered), its SyncToken guards the write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from connectors.contracts import RecordState, RemoteRecord, Side, Token
from syncapp.engine.compiled import compile_spec
from syncapp.engine.decision import Projection
from syncapp.engine.entities import traits
from syncapp.engine.projection import from_json
from syncapp.models import CLOSED_LIFECYCLES
from syncapp.services import feeding
from syncapp.services.clients import AnyClient
from syncapp.services.slice_context import SliceContext
from syncapp.services.watched import Watched, one_mapping
from syncapp.store import aliases, observations, transactions
from syncapp.store.links import LinkRow
from syncapp.store.observations import Seen

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Sides:
    """Both sides of one link: the records as read, and the projections of sides known to be unchanged."""

    records: dict[Side, RemoteRecord] = field(default_factory=dict)
    known: dict[Side, Projection] = field(default_factory=dict)
    unsettled: frozenset[Side] = frozenset()
    """Sides whose version may still be shared by another write, though a plan takes it as it is."""

    def read(self, side: Side) -> RemoteRecord | None:
        """The record of this side if its body is in hand."""
        return None if side in self.known else self.records.get(side)


def with_answer(sides: Sides, answer: RemoteRecord) -> Sides:
    """The same sides with one replaced by the record that the server returned for our write."""
    known = {side: values for side, values in sides.known.items() if side is not answer.side}
    return Sides({**sides.records, answer.side: answer}, known)


def gather(
    context: SliceContext, links: Sequence[LinkRow], *, keep: bool = True, anew: bool = False
) -> dict[UUID, Sides]:
    """Both sides of these links. Raises ConnectorError when a side that must be read cannot be.

    What had to be read is kept as news, unless the caller only looks (`keep`): whoever carries these links later must
    not take a look for the news itself. `anew` reads every record, whatever is known of it.
    """
    sides = {link.id: Sides() for link in links}
    for side in Side:
        _gather_side(context, links, side, sides, keep=keep, anew=anew)
    return sides


def _gather_side(
    context: SliceContext,
    links: Sequence[LinkRow],
    side: Side,
    sides: Mapping[UUID, Sides],
    *,
    keep: bool,
    anew: bool,
) -> None:
    present = [link for link in links if link.remote_id(side)]
    if not present:
        return
    connection = context.connections[side]
    seen = observations.load(
        connection.id, side, context.object(side), [link.remote_id(side) for link in present]
    )
    missing: list[LinkRow] = []
    for link in present:
        news = seen.get(link.remote_id(side))
        must = anew or bool(context.work[link.id].forced)
        if news is not None and news.record is not None and not must:
            sides[link.id].records[side] = news.record
        elif must or _must_read(context, link, side, news):
            missing.append(link)
        else:
            sides[link.id].records[side] = unread(link, side, context.object(side))
            sides[link.id].known[side] = from_json(context.spec, link.base(side)) or {}
    # A closed link's record may belong to an open one by now: what only the closed one reads stays news to that.
    closed = [link for link in missing if link.lifecycle in CLOSED_LIFECYCLES]
    for some, kept in (([link for link in missing if link not in closed], keep), (closed, False)):
        fresh = read_now(context, side, [link.remote_id(side) for link in some], keep=kept) if some else {}
        for link in some:
            sides[link.id].records[side] = fresh[link.remote_id(side)]


def _must_read(context: SliceContext, link: LinkRow, side: Side, news: Seen | None) -> bool:
    """Whether this side may have changed since its base without us holding its body."""
    state = link.sf_state if side is Side.SALESFORCE else link.qbo_state
    return (
        link.base(side) is None
        or not link.token(side)  # made by us and never read: no version guards a write against an edit since
        or traits(side, context.object(side)).lockable  # what money hangs on it is not in the bases
        or (side is Side.SALESFORCE and compile_spec(context.spec).writes_children)
        or link.base_version != context.spec.version
        or bool(link.held)
        or state != RecordState.LIVE
        or (news is not None and (news.hinted or news.state is not RecordState.LIVE))
        or (
            news is not None and news.token != link.token(side)
        )  # another link of it agreed, and dropped the body
    )


def unread(link: LinkRow, side: Side, object: str) -> RemoteRecord:
    """A side that is taken to be as it was, with the version known of it."""
    modified = link.sf_modified if side is Side.SALESFORCE else link.qbo_modified
    return RemoteRecord(
        side=side,
        object=object,
        id=link.remote_id(side),
        token=Token(link.token(side), modified or EPOCH),
        state=RecordState.LIVE,
        body={},
    )


def read_now(
    context: SliceContext, side: Side, ids: Sequence[str], *, keep: bool = True
) -> dict[str, RemoteRecord]:
    """Read these records now and store them as observations (`keep`), so that a crash does not pay for them twice."""
    target = one_mapping(context.mapping, context.spec, side)
    with context.client(side) as client:
        records = client.read(target.object, ids, target.fields)
        records = _confirmed(client, target, records) if len(ids) > 1 else records
    if keep:
        transactions.run(lambda: _keep(context, target, records))
    return {record.id: record for record in records}


def _keep(context: SliceContext, target: Watched, records: Sequence[RemoteRecord]) -> None:
    """Store what was read. Capture takes what is known for no news, so other mappings of the object are told here."""
    connection = target.connection
    ids = [record.id for record in records]
    before = observations.versions(connection.id, target.object, ids) if target.others else {}
    observations.note(context.company_id, connection.id, records, "read", context.now, for_decision=True)
    aliases.note(context.company_id, connection.id, records)
    if target.others:
        news = [record for record in records if before.get(record.id) != (record.token.version, record.state)]
        feeding.tell_others(target, context.mapping, news)


def _confirmed(client: AnyClient, target: Watched, records: list[RemoteRecord]) -> list[RemoteRecord]:
    """Absent is not deleted: what many records' reading does not show is read on its own before anything follows; only
    that tells a deleted document from one that cannot be seen (sync-semantics section 3)."""
    absent = [record.id for record in records if record.state is RecordState.MISSING]
    told = {id_: client.read(target.object, [id_], target.fields)[0] for id_ in absent[:MOST_CONFIRMED]}
    return [told.get(record.id, record) for record in records]


MOST_CONFIRMED = 50
"""Direct reads of one slice: where more vanish at once, something else is wrong than fifty deletions."""
