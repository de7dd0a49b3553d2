"""Which of our records does somebody mean? From an id of either side, the type wanted and the pair of companies, as
requests from Salesforce, its buttons and the API name them.

A record that nobody has noticed yet is read where it lies and taken in like any other news: the mapping's filter
decides whether it belongs to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.contracts import RecordState, RemoteRecord, Side
from connectors.errors import ConnectorError, FailureKind
from connectors.salesforce.ids import is_id, to_18
from syncapp.engine.decide import why_left_out
from syncapp.engine.filters import first_unmet
from syncapp.models import (
    CLOSED_LIFECYCLES,
    Connection,
    FieldList,
    Integration,
    Lifecycle,
    Mapping,
    MappingMode,
    RecordLink,
)
from syncapp.services import capture, field_lists
from syncapp.services.clients import AnyClient
from syncapp.services.errors import Refused
from syncapp.services.watched import Watched, object_of
from syncapp.store import specs, transactions

OWNER_OF = {"Contact": ("AccountId", "Account")}
"""Records without a mapping of their own that go along with another one: the field that names it."""
Found = dict["Wanted", RecordLink | Refused]
"""What was found for each, or why it cannot be."""
LONGEST_QUICKBOOKS_ID = 19
NOT_THERE = frozenset({RecordState.MISSING, RecordState.DELETED, RecordState.NONE})


@dataclass(frozen=True, slots=True)
class Wanted:
    """A record as somebody names it. `type` is the QuickBooks type wanted, `object` the Salesforce object where known;
    both may be empty. A Salesforce id is in its 18-character form."""

    side: Side
    id: str
    type: str = ""
    object: str = ""


def side_of(id_: str, named: Side | None) -> Side | None:
    """The side that an id belongs to: its form tells, and where both fit, what was `named`. None for no id at all."""
    may_be_salesforce = is_id(id_)
    may_be_quickbooks = id_.isascii() and id_.isdecimal() and len(id_) <= LONGEST_QUICKBOOKS_ID
    if may_be_salesforce and may_be_quickbooks:
        return named or Side.QUICKBOOKS
    if may_be_salesforce:
        return Side.SALESFORCE
    return Side.QUICKBOOKS if may_be_quickbooks else None


def mappings_for(integrations: Iterable[Integration], type_: str = "") -> list[Mapping]:
    """The published mappings that are on, those of one QuickBooks type only where one is named ("Sales Receipt" is
    SalesReceipt). Raises Refused `locate.no_mapping`, `locate.unknown_type`."""
    rows = list(
        Mapping.objects.filter(integration__in=list(integrations), published_number__gt=0)
        .exclude(mode=MappingMode.OFF)
        .select_related("integration__salesforce", "integration__quickbooks", "company")
        .order_by("id")
    )
    if not rows:
        raise Refused("locate.no_mapping")
    if not type_:
        return rows
    chosen = [row for row in rows if _plain(row.qbo_entity) == _plain(type_)]
    if not chosen:
        known = sorted({row.qbo_entity for row in rows})
        raise Refused("locate.unknown_type", type=type_[:80], known=known)
    return chosen


def _plain(name: str) -> str:
    return "".join(name.split()).replace("_", "").casefold()


def known(mappings: Sequence[Mapping], wanted: Wanted) -> RecordLink | None:
    """The link of this record that is there already; None where there is none. No call is made.

    Raises Refused `locate.which_type` where an id of QuickBooks means several records.
    """
    return _chosen(_links(mappings, wanted.side, [wanted.id]).get(wanted.id, []), wanted)


def _links(mappings: Sequence[Mapping], side: Side, ids: Sequence[str]) -> dict[str, list[RecordLink]]:
    column = "sf_id" if side is Side.SALESFORCE else "qbo_id"
    rows = RecordLink.objects.filter(mapping__in=list(mappings), **{f"{column}__in": list(ids)})
    found: dict[str, list[RecordLink]] = {}
    for row in rows.exclude(lifecycle__in=CLOSED_LIFECYCLES).select_related("integration").order_by("id"):
        found.setdefault(getattr(row, column), []).append(row)
    return found


def _chosen(found: Sequence[RecordLink], wanted: Wanted) -> RecordLink | None:
    if wanted.object:
        found = [row for row in found if row.sf_object.casefold() == wanted.object.casefold()]
    types = sorted({row.qbo_entity for row in found})
    if wanted.side is Side.QUICKBOOKS and len(types) > 1:
        raise Refused("locate.which_type", id=wanted.id, known=types)
    return next(iter(sorted(found, key=lambda row: row.lifecycle != Lifecycle.LINKED)), None)


def locate(mappings: Sequence[Mapping], wanted: Wanted, client: AnyClient) -> RecordLink:
    """The link of this record; one that nobody has noticed yet is read and taken in.

    `client` is one of the side that the id belongs to. Raises Refused (`locate.…`, or the rule by which the mapping
    leaves the record out) and ConnectorError.
    """
    found = locate_all(mappings, [wanted], client)[wanted]
    if isinstance(found, Refused):
        raise found
    return found


def meant(mappings: Sequence[Mapping], wanted: Wanted, client: AnyClient) -> Wanted:
    """The record itself, or the one that it goes along with (a contact's account). Reads at most; stores no record.

    Raises Refused and ConnectorError.
    """
    name = _object(_connection(mappings, wanted.side), mappings, wanted, client)
    if name not in OWNER_OF or _of(mappings, wanted.side, name):
        return wanted
    field, owner = OWNER_OF[name]
    (record,) = client.read(name, [wanted.id], (field,))
    if record.state in NOT_THERE:
        raise Refused("locate.no_record", object=name, id=wanted.id)
    owner_id = to_18(str(record.body.get(field) or ""))
    if not owner_id:
        raise Refused("locate.no_owner", object=name, owner=owner)
    return Wanted(wanted.side, owner_id, wanted.type, owner)


def locate_all(mappings: Sequence[Mapping], wanted: Sequence[Wanted], client: AnyClient) -> Found:
    """`locate` for many records of one side: what stands in the way of one is its value. Those of one object are read
    in as few calls as the wire allows. Raises ConnectorError."""
    search = _Search(mappings, client)
    search.look_up(wanted)
    search.read(search.missing(wanted))
    return {one: search.found[one] for one in wanted}


class _Search:
    """One search for several records: what was found so far, and why some cannot be."""

    def __init__(self, mappings: Sequence[Mapping], client: AnyClient) -> None:
        self.mappings = mappings
        self.client = client
        self.found: dict[Wanted, RecordLink | Refused] = {}

    def look_up(self, wanted: Sequence[Wanted]) -> None:
        """Find what has a link already."""
        if not wanted:
            return
        links = _links(self.mappings, wanted[0].side, [one.id for one in wanted])
        for one in wanted:
            try:
                link = _chosen(links.get(one.id, []), one)
            except Refused as refused:
                self.found[one] = refused
            else:
                if link is not None:
                    self.found[one] = link

    def missing(self, wanted: Sequence[Wanted]) -> list[Wanted]:
        return [one for one in dict.fromkeys(wanted) if one not in self.found]

    def read(self, wanted: Sequence[Wanted]) -> None:
        """Read what nobody has noticed yet and take it in."""
        if not wanted:
            return
        connection = _connection(self.mappings, wanted[0].side)
        by_object: dict[str, list[Wanted]] = {}
        for one in wanted:
            try:
                by_object.setdefault(_object(connection, self.mappings, one, self.client), []).append(one)
            except Refused as refused:
                self.found[one] = refused
        for name, some in sorted(by_object.items()):
            chosen = _of(self.mappings, some[0].side, name)
            if chosen:
                self._take_in(connection, chosen, name, some)
            else:
                self._follow_owners(name, some)

    def _take_in(
        self, connection: Connection, chosen: Sequence[Mapping], name: str, wanted: Sequence[Wanted]
    ) -> None:
        published = [(row, spec) for row in chosen if (spec := specs.published_spec(row)) is not None]
        target = Watched(connection, wanted[0].side, name, tuple(published))
        records = self._read(name, wanted, target.fields)
        news = list(records.values())
        transactions.run(lambda: capture.take_in(target, news, "button", run=None, cause="Asked for"))
        self.look_up(list(records))
        for one in self.missing(list(records)):
            self.found[one] = _left_out(published, records[one], one)

    def _read(self, name: str, wanted: Sequence[Wanted], fields: Sequence[str]) -> dict[Wanted, RemoteRecord]:
        read = {record.id: record for record in self.client.read(name, [one.id for one in wanted], fields)}
        records = {}
        for one in wanted:
            record = read.get(one.id)
            if record is None or record.state in NOT_THERE:
                self.found[one] = Refused("locate.no_record", object=name, id=one.id)
            else:
                records[one] = record
        return records

    def _follow_owners(self, name: str, wanted: Sequence[Wanted]) -> None:
        """Records without a mapping of their own stand for those that they go along with."""
        if name not in OWNER_OF:
            self.found |= {one: Refused("locate.not_mapped", object=name) for one in wanted}
            return
        field, owner = OWNER_OF[name]
        owners: dict[Wanted, Wanted] = {}
        for one, record in self._read(name, wanted, (field,)).items():
            owner_id = to_18(str(record.body.get(field) or ""))
            if owner_id:
                owners[one] = Wanted(one.side, owner_id, one.type, owner)
            else:
                self.found[one] = Refused("locate.no_owner", object=name, owner=owner)
        wanted_owners = list(owners.values())
        self.look_up(wanted_owners)
        self.read(self.missing(wanted_owners))
        self.found |= {one: self.found[own] for one, own in owners.items()}


def _connection(mappings: Sequence[Mapping], side: Side) -> Connection:
    integration = mappings[0].integration
    found = integration.salesforce if side is Side.SALESFORCE else integration.quickbooks
    if found is None:
        raise Refused("setup.not_connected")
    return found


def _of(mappings: Sequence[Mapping], side: Side, name: str) -> list[Mapping]:
    return [row for row in mappings if object_of(row, side).casefold() == name.casefold()]


def _object(connection: Connection, mappings: Sequence[Mapping], wanted: Wanted, client: AnyClient) -> str:
    """The object that the record is of; Raises Refused where nothing tells."""
    names = sorted({object_of(row, wanted.side) for row in mappings})
    if wanted.side is Side.QUICKBOOKS:
        if len(names) > 1:
            raise Refused("locate.which_type", id=wanted.id, known=names)
        return names[0]
    prefixes = _prefixes(connection, (*names, *OWNER_OF), client)
    found = prefixes.get(wanted.id[:3], "")
    if not found:
        raise Refused("locate.not_mapped", object=wanted.object or wanted.id)
    return found


def _prefixes(connection: Connection, names: Sequence[str], client: AnyClient) -> dict[str, str]:
    """How the ids of these objects begin, as the org describes them (reference salesforce.md 2.7); asked for once."""
    rows = FieldList.objects.filter(connection=connection, object__in=names, read_at__isnull=False)
    known_ = {row.object: str(row.info.get("key_prefix") or "") for row in rows}
    for name in names:
        if not known_.get(name):
            known_[name] = _described_prefix(connection, name, client)
    return {prefix: name for name, prefix in known_.items() if prefix}


def _described_prefix(connection: Connection, name: str, client: AnyClient) -> str:
    try:
        info = client.describe(name)
    except ConnectorError as error:
        if error.failure.kind is not FailureKind.MISSING:
            raise
        return ""
    field_lists.keep(connection, [info])
    return info.key_prefix


def _left_out(published: Sequence[Any], record: RemoteRecord, wanted: Wanted) -> Refused:
    """Why no mapping takes this record."""
    for _, spec in published:
        unmet = first_unmet(spec.filter_of(wanted.side), record.body)
        if unmet is not None:
            reason = why_left_out(record, unmet)
            return Refused(reason.code, **reason.values)
    return Refused("locate.unlinked")
