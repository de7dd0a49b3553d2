"""Documents that were in both systems before we came: linked as they are, and not exported again.

A document of QuickBooks and a record of Salesforce are the same where number, customer and amount are, and no other
record shares the three. What is not that clear is listed and left to a person; nothing is guessed. What is linked so
keeps the values of both sides: nothing is written to QuickBooks before the record changes in Salesforce; number, status
and balance come back like everywhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any
from uuid import UUID

from connectors.contracts import Condition, Priority, Side
from connectors.errors import ConnectorError
from syncapp.engine.compiled import compile_spec
from syncapp.engine.entities import traits
from syncapp.engine.mapping import FieldSpec, MappingSpec
from syncapp.engine.merge import AS_IS
from syncapp.engine.paths import read
from syncapp.models import (
    Attention,
    DoNotMatch,
    Lifecycle,
    LinkBase,
    LinkWork,
    PreviewItem,
    RecordLink,
    Run,
    RunKind,
)
from syncapp.models import Mapping as MappingRow
from syncapp.services import audit, matching, setup, sync
from syncapp.services.clients import UsageMeter, client_for, flush
from syncapp.services.errors import Refused
from syncapp.services.records import IGNORED
from syncapp.services.watched import connection_of
from syncapp.store import bulk, links, specs, transactions

AT_ONCE = 200
"""Pairs that one transaction links."""
CENT = Decimal("0.01")
SEVERAL, AMOUNT, ACCOUNT, NONE = "several", "amount", "account", "none"
WHY = {
    SEVERAL: "Several have this number, customer and amount",
    AMOUNT: "Number and customer fit, the amount does not",
    ACCOUNT: "The number fits; the account is not linked, or with another customer",
    NONE: "No document has its number",
}


@dataclass(frozen=True, slots=True)
class Old:
    """A record or document from before go-live, with what it is recognised by."""

    link: UUID
    id: str
    name: str
    number: str
    party: str
    amounts: tuple[Decimal, ...]
    day: str


@dataclass(frozen=True, slots=True)
class Left:
    """A record that is not linked: why, and the documents that it might be."""

    record: Old
    why: str
    might_be: tuple[Old, ...] = ()

    @property
    def words(self) -> str:
        return WHY[self.why]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What linking would do. `alone` counts documents of QuickBooks that no record fits: they stay as they are."""

    pairs: tuple[tuple[Old, Old], ...]
    left: tuple[Left, ...]
    alone: int
    unread: int
    """Documents of QuickBooks that were noticed and not read yet."""
    calls: int


@dataclass(frozen=True, slots=True)
class _Fields:
    """Where a mapping's records hold what they are recognised by."""

    spec: MappingSpec
    number: str
    amount: str
    party: FieldSpec
    day: str


def number_field(mapping: MappingRow) -> str:
    """The Salesforce field that shows the document's number; empty where nothing is mapped."""
    spec = specs.published_spec(mapping)
    row = _row(spec, "DocNumber") if spec is not None else None
    return row.sf_path if row is not None else ""


def can_link(mapping: MappingRow) -> bool:
    """Whether the mapping makes documents of QuickBooks from records that have an amount, a date and a customer."""
    spec = specs.published_spec(mapping)
    try:
        return spec is not None and bool(_fields(spec, "x"))
    except Refused:
        return False


def _fields(spec: MappingSpec, number: str) -> _Fields:
    party, day = _row(spec, "CustomerRef"), _row(spec, "TxnDate")
    lines = spec.options.get("lines") or {}
    amount = str((lines.get("single") or {}).get("amount") or "")
    entity = traits(Side.QUICKBOOKS, spec.qbo_entity)
    if entity.document is None or party is None or day is None or not amount:
        raise Refused("link_documents.not_possible", label=spec.label)
    if not number:
        raise Refused("link_documents.no_number", label=spec.label)
    return _Fields(spec, number, amount, party, day.sf_path)


def _row(spec: MappingSpec, qbo_path: str) -> FieldSpec | None:
    return next((row for row in spec.header if row.qbo_path == qbo_path and row.sf_path), None)


# --- proposing -------------------------------------------------------------------------------------------------------


def propose(mapping: MappingRow, go_live: date, number: str = "") -> Proposal:
    """What would be linked, of the records dated before go-live. Salesforce is asked for them (one call for 2,000);
    documents of QuickBooks are taken as they were read. `number` is the Salesforce field that holds the number.

    Not inside a transaction. Raises Refused: `mapping.not_published`, `setup.scan_first`, `link_documents.…`,
    `filter.unknown_field`, `connect.unreachable`.
    """
    spec = specs.published_spec(mapping)
    if spec is None:
        raise Refused("mapping.not_published", label=mapping.label)
    fields = _fields(spec, number.strip() or number_field(mapping))
    records, calls = _records(mapping, fields, go_live)
    documents, unread = _documents(mapping, go_live)
    customers = _customers(mapping, fields, sorted({one.party for one in records}))
    return _compared(records, documents, customers, unread, calls)


def _compared(
    records: Sequence[Old], documents: Sequence[Old], customers: Mapping[str, str], unread: int, calls: int
) -> Proposal:
    """Pure: who fits whom, and why the others do not."""
    by_number: dict[str, list[Old]] = defaultdict(list)
    for document in documents:
        if document.number:
            by_number[document.number].append(document)
    fitting = {one.link: _fitting(one, by_number.get(one.number, ()), customers) for one in records}
    wanted: dict[UUID, int] = defaultdict(int)
    for found in fitting.values():
        for document in found:
            wanted[document.link] += 1
    pairs, left = [], []
    for one in records:
        found = fitting[one.link]
        if len(found) == 1 and wanted[found[0].link] == 1:
            pairs.append((one, found[0]))
        else:
            left.append(_left(one, found, by_number.get(one.number, ()), customers))
    alone = sum(1 for document in documents if not wanted[document.link])
    return Proposal(tuple(pairs), tuple(left), alone, unread, calls)


def _fitting(one: Old, same_number: Sequence[Old], customers: Mapping[str, str]) -> list[Old]:
    customer = customers.get(one.party)
    return [
        document
        for document in same_number
        if customer and document.party == customer and set(one.amounts) & set(document.amounts)
    ]


def _left(one: Old, found: Sequence[Old], same_number: Sequence[Old], customers: Mapping[str, str]) -> Left:
    if found:
        return Left(one, SEVERAL, tuple(found))
    if not one.number or not same_number:
        return Left(one, NONE)
    customer = customers.get(one.party)
    of_customer = [document for document in same_number if document.party == customer]
    if of_customer:
        return Left(one, AMOUNT, tuple(of_customer))
    return Left(one, ACCOUNT, tuple(same_number))


def _records(mapping: MappingRow, fields: _Fields, go_live: date) -> tuple[list[Old], int]:
    """The half-links of Salesforce from before go-live, as they are there now."""
    connection, meter = connection_of(mapping, Side.SALESFORCE), UsageMeter()
    wanted = ("Id", fields.number, fields.amount, fields.party.sf_path, fields.day)
    found: list[Any] = []
    try:
        client = client_for(connection, Priority.NORMAL, meter)
        client.fitted(
            mapping.sf_object, Condition(fields.number, "eq", "1")
        )  # raises LookupError for no such field
        before = client.fitted(mapping.sf_object, Condition(fields.day, "lt", go_live.isoformat()))
        cursor = ""
        while True:
            page = client.find(mapping.sf_object, wanted, [before] if before else [], cursor)
            found += page.records
            cursor = page.next
            if not cursor:
                break
    except ConnectorError as error:
        raise Refused("connect.unreachable", detail=error.failure.message) from error
    except LookupError as error:
        raise Refused("filter.unknown_field", field=fields.number, object=mapping.sf_object) from error
    finally:
        calls, _ = flush(connection, meter)
    held = _half_links(mapping, [record.id for record in found])
    return [_old(held[record.id], record, fields) for record in found if record.id in held], calls


def _half_links(mapping: MappingRow, ids: Sequence[str]) -> dict[str, tuple[UUID, str]]:
    """Salesforce id -> (link, name) of records without a partner that nobody set aside."""
    rows = bulk.fetch(
        "select sf_id, id, name from syncapp_recordlink where company_id = %s and mapping_id = %s"
        " and sf_id = any(%s) and qbo_id is null and lifecycle in ('creating', 'candidate') and not paused",
        [mapping.company_id, mapping.pk, list(ids)],
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def _old(held: tuple[UUID, str], record: Any, fields: _Fields) -> Old:
    amount = _money(read(record.body, fields.amount))
    return Old(
        link=held[0],
        id=record.id,
        name=held[1],
        number=_number(read(record.body, fields.number)),
        party=str(read(record.body, fields.party.sf_path) or ""),
        amounts=(amount,) if amount is not None else (),
        day=str(read(record.body, fields.day) or ""),
    )


_DOCUMENTS = """
select l.id, l.qbo_id, l.name, o.body->>'DocNumber', o.body->'CustomerRef'->>'value', o.body->>'TotalAmt',
       o.body->'TxnTaxDetail'->>'TotalTax', o.body->>'TxnDate', o.body is null
from syncapp_recordlink l
join syncapp_observation o on o.connection_id = %(connection)s and o.object = %(object)s and o.remote_id = l.qbo_id
where l.company_id = %(company)s and l.mapping_id = %(mapping)s and l.sf_id is null and o.state = 'live'
  and l.lifecycle in ('creating', 'candidate') and (o.body is null or o.body->>'TxnDate' < %(before)s)
"""


def _documents(mapping: MappingRow, go_live: date) -> tuple[list[Old], int]:
    """The half-links of QuickBooks from before go-live, as they were read last: no metered read."""
    rows = bulk.fetch_named(
        _DOCUMENTS,
        {
            "connection": mapping.integration.quickbooks_id,
            "object": mapping.qbo_entity,
            "company": mapping.company_id,
            "mapping": mapping.pk,
            "before": go_live.isoformat(),
        },
    )
    return [_document(row) for row in rows if not row[8]], sum(1 for row in rows if row[8])


def _document(row: Sequence[Any]) -> Old:
    link, id_, name, number, party, total, tax, day, _ = row
    gross, taxes = _money(total), _money(tax) or Decimal(0)
    amounts = () if gross is None else (gross, gross - taxes)  # the amount of an opportunity is without tax
    return Old(link, id_, name, _number(number), party or "", amounts, day or "")


def _number(value: Any) -> str:
    return " ".join(str(value or "").casefold().split())


def _money(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value)).quantize(CENT) if value not in (None, "") else None
    except InvalidOperation:
        return None


def _customers(mapping: MappingRow, fields: _Fields, accounts: Sequence[str]) -> dict[str, str]:
    """Account -> customer: as they are linked, else as the newest plan of the first load would link them."""
    through = MappingRow.objects.filter(
        integration_id=mapping.integration_id, key=fields.party.refers_to
    ).first()
    if through is None:
        return {}
    known = links.linked_ids(
        mapping.integration_id, through.sf_object, through.qbo_entity, Side.SALESFORCE, accounts
    )
    planned = dict(_planned(through, accounts))
    return {**planned, **{id_: row[1] for id_, row in known.items() if row[1]}}


def _planned(through: MappingRow, accounts: Sequence[str]) -> Iterator[tuple[str, str]]:
    plans = Run.objects.filter(mapping=through, kind=RunKind.PREVIEW, scope__of__isnull=True)
    newest = plans.order_by("-id").first()
    if newest is None:
        return
    items = PreviewItem.objects.filter(run=newest, link__sf_id__in=list(accounts)).select_related("link")
    for item in items:
        partner = item.decision.get("link_to") or {}
        if partner.get("side") == Side.QUICKBOOKS.value and item.link is not None:
            yield str(item.link.sf_id), str(partner["id"])


# --- linking ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Done:
    """What was done: pairs linked, records left alone, pairs that moved meanwhile and were left out."""

    linked: int
    left_alone: int
    moved: int


def link(
    mapping: MappingRow, go_live: date, person: Any | None, number: str = "", *, leave_rest: bool = True
) -> Done:
    """Link what is clear, as it is now over there. With `leave_rest` the other records from before go-live are set
    aside, so that none of them is exported; each can be taken back on its page. Raises Refused as `propose` does.
    """
    proposal = propose(mapping, go_live, number)
    spec = specs.published_spec(mapping)
    if spec is None:
        raise Refused("mapping.not_published", label=mapping.label)
    units = [unit.name for unit in compile_spec(spec).units if unit.allows(Side.QUICKBOOKS)]
    linked = 0
    for start in range(0, len(proposal.pairs), AT_ONCE):
        some = proposal.pairs[start : start + AT_ONCE]
        joined = transactions.run(partial(_join, [(sf.link, qbo.link) for sf, qbo in some], units, person))
        linked += len(joined)
        _make_due(mapping, joined, person)
    alone = _set_aside([one.record.link for one in proposal.left]) if leave_rest else 0
    told = {"before": go_live.isoformat(), "linked": linked, "set_aside": alone}
    audit.decided("documents.linked", person, after=told, cause=mapping.label)
    if mapping.integration.switched_on_at is None:
        setup.preview(mapping, person)  # the plan of the first load is made anew
    return Done(linked, alone, len(proposal.pairs) - linked)


def _join(pairs: Sequence[tuple[UUID, UUID]], units: Sequence[str], person: Any | None) -> list[UUID]:
    """Link these pairs and hold what would be written to QuickBooks; returns the links. What moved is left out."""
    ids = [link_id for pair in pairs for link_id in pair]
    rows = {row.pk: row for row in RecordLink.objects.select_for_update().filter(pk__in=ids).order_by("id")}
    taken, apart = matching.busy(ids), _kept_apart(list(rows.values()))
    joined = []
    for ours, theirs in ((rows.get(sf), rows.get(qbo)) for sf, qbo in pairs):
        if ours is None or theirs is None or {ours.pk, theirs.pk} & taken or not _halves(ours, theirs):
            continue
        if (ours.sf_id, theirs.qbo_id) in apart:
            continue
        matching.join_halves(ours, theirs)
        LinkBase.objects.filter(link=ours).update(held={unit: {"why": AS_IS} for unit in units})
        audit.decided("match.linked", person, link=ours, after={"sf": ours.sf_id, "qbo": ours.qbo_id})
        joined.append(ours.pk)
    return joined


def _halves(ours: RecordLink, theirs: RecordLink) -> bool:
    open_ = (Lifecycle.CREATING, Lifecycle.CANDIDATE)
    return not ours.qbo_id and not theirs.sf_id and ours.lifecycle in open_ and theirs.lifecycle in open_


def _kept_apart(rows: Sequence[RecordLink]) -> set[tuple[str, str]]:
    """Pairs that a person said are not the same."""
    found = DoNotMatch.objects.filter(
        sf_id__in=[row.sf_id for row in rows if row.sf_id],
        qbo_id__in=[row.qbo_id for row in rows if row.qbo_id],
    )
    return set(found.values_list("sf_id", "qbo_id"))


def _make_due(mapping: MappingRow, link_ids: Sequence[UUID], person: Any | None) -> None:
    """Where the pair is switched on, both sides are compared now: what QuickBooks knows comes back."""
    if link_ids and mapping.integration.switched_on_at is not None:
        sync.request(list(link_ids), target=None, person=person, cause="Linked as they are")


def _set_aside(link_ids: Sequence[UUID]) -> int:
    """Leave these records alone, like a person who ignores each of them; returns how many."""
    set_aside = 0
    for start in range(0, len(link_ids), AT_ONCE):
        set_aside += transactions.run(partial(_ignore, link_ids[start : start + AT_ONCE]))
    return set_aside


def _ignore(link_ids: Sequence[UUID]) -> int:
    rows = RecordLink.objects.select_for_update().filter(pk__in=link_ids, qbo_id=None, paused=False)
    ids = [row.pk for row in rows.order_by("id")]
    RecordLink.objects.filter(pk__in=ids).update(
        paused=True, attention=Attention.SKIPPED, attention_code=IGNORED, attention_values={}
    )
    LinkWork.objects.filter(link_id__in=ids, lease_until=None).delete()
    return len(ids)
