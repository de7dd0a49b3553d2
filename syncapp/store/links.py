"""Record links and their bases: read and changed a slice at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from connectors.contracts import RecordState, RemoteRecord, Side
from syncapp.ids import uuid7
from syncapp.models import LinkBase, RecordLink
from syncapp.models import Mapping as MappingRow
from syncapp.store import bulk


@dataclass(slots=True)
class LinkRow:
    """A link with its base as one slice works on it. Changed in place; written back by `save`."""

    id: UUID
    sf_id: str
    qbo_id: str
    name: str
    lifecycle: str
    attention: str
    sf_token: str
    sf_modified: datetime | None
    qbo_token: str
    qbo_modified: datetime | None
    sf_state: str
    qbo_state: str
    no_recreate: bool
    attempts: int
    sf_base: dict[str, Any] | None
    qbo_base: dict[str, Any] | None
    base_version: int
    held: dict[str, Any] = field(default_factory=dict)
    candidates: list[Any] = field(default_factory=list)
    seen: dict[str, Any] = field(default_factory=dict)
    """What a document is and comes to while it is on one side only."""
    failed_before: bool = False
    """Whether a write of it was ever refused, or its work broke off."""

    def become(self, other: LinkRow) -> None:
        """Take over every value of another row."""
        for each in fields(self):
            setattr(self, each.name, getattr(other, each.name))

    def copy(self) -> LinkRow:
        """Another row with these values."""
        return LinkRow(*_VALUES(self))

    def remote_id(self, side: Side) -> str:
        return self.sf_id if side is Side.SALESFORCE else self.qbo_id

    def base(self, side: Side) -> dict[str, Any] | None:
        return self.sf_base if side is Side.SALESFORCE else self.qbo_base

    def token(self, side: Side) -> str:
        return self.sf_token if side is Side.SALESFORCE else self.qbo_token

    def forget_version(self, side: Side) -> None:
        """This side was written to and says nothing of what it holds now: it is read before the next decision."""
        if side is Side.SALESFORCE:
            self.sf_token = ""
        else:
            self.qbo_token = ""


_VALUES = attrgetter(*(each.name for each in fields(LinkRow)))

LOAD = """
select l.id, coalesce(l.sf_id, ''), coalesce(l.qbo_id, ''), l.name, l.lifecycle, l.attention,
       l.sf_token, l.sf_modified, l.qbo_token, l.qbo_modified, l.sf_state, l.qbo_state, l.no_recreate, l.attempts,
       b.sf_base, b.qbo_base, coalesce(b.base_version, 0), coalesce(b.held, '{}'), coalesce(b.candidates, '[]'),
       coalesce(b.seen, '{}'), l.last_error_at is not null
from syncapp_recordlink l left join syncapp_linkbase b on b.link_id = l.id
where l.company_id = %s and l.id = any(%s) order by l.id
"""


def load(company_id: int, link_ids: Sequence[UUID]) -> dict[UUID, LinkRow]:
    """These links with their bases, the oldest first."""
    found = bulk.fetch(LOAD, [company_id, list(link_ids)])
    return {row[0]: _loaded(row) for row in found}


def _loaded(row: tuple[Any, ...]) -> LinkRow:
    link = LinkRow(*row[:14], *(bulk.loads(cell) for cell in row[14:20]))
    link.failed_before = row[20]
    return link


def load_answered(
    company_id: int, link_ids: Sequence[UUID], mapping: MappingRow, side: Side, made: Sequence[str]
) -> tuple[dict[UUID, LinkRow], bool]:
    """These links with their bases, and whether another link holds one of the records that were made on that side.

    Asked together; a link that capture makes after this look meets the unique index, and the work is done again.
    """
    ours = "sf_id" if side is Side.SALESFORCE else "qbo_id"
    taken = (
        f" or (l.integration_id = %s and l.sf_object = %s and l.qbo_entity = %s and l.{ours} = any(%s)"
        " and l.lifecycle not in ('unlinked', 'absorbed'))"
    )
    place = [mapping.integration_id, mapping.sf_object, mapping.qbo_entity, list(made)]
    sql, more = (
        (LOAD, []) if not made else (LOAD.replace("l.id = any(%s)", f"(l.id = any(%s){taken})"), place)
    )
    found = bulk.fetch(sql, [company_id, list(link_ids), *more])
    rows = {row[0]: _loaded(row) for row in found}
    return rows, len(rows) > len(set(link_ids))


def ensure_half_links(
    *,
    company_id: int,
    integration_id: int,
    mapping_id: int,
    sf_object: str,
    qbo_entity: str,
    side: Side,
    records: Sequence[tuple[RemoteRecord, str]],
    at: datetime,
) -> dict[str, UUID]:
    """One live link for each of these records (with its name); new ones get the other id empty.

    Returns remote id -> link id for all of them, known ones included.
    """
    if not records:
        return {}
    column = "sf_id" if side is Side.SALESFORCE else "qbo_id"
    rows: list[dict[str, Any]] = [
        {
            "id": uuid7(),
            "company_id": company_id,
            "integration_id": integration_id,
            "mapping_id": mapping_id,
            "sf_object": sf_object,
            "qbo_entity": qbo_entity,
            column: record.id,
            "name": name[:500],
            "name_key": name_key(name),
            f"{'sf' if side is Side.SALESFORCE else 'qbo'}_state": record.state.value,
            f"{'qbo' if side is Side.SALESFORCE else 'sf'}_state": RecordState.NONE.value,
            "lifecycle": "creating",
            "attention": "none",
            "sf_token": "",
            "qbo_token": "",
            "attention_code": "",
            "attention_values": {},
            "no_recreate": False,
            "paused": False,
            "attempts": 0,
            "last_cause": "",
            "created_at": at,
        }
        for record, name in sorted(records, key=lambda pair: pair[0].id)
    ]
    bulk.insert(RecordLink, rows, on_conflict="do nothing")
    known = (
        RecordLink.objects.filter(
            integration_id=integration_id,
            sf_object=sf_object,
            qbo_entity=qbo_entity,
            **{f"{column}__in": [record.id for record, _ in records]},
        )
        .exclude(lifecycle__in=["unlinked", "absorbed"])
        .values_list(column, "id")
    )
    return dict(known)


def name_key(name: str) -> str:
    """What lists search by: case folded by us, so that a plain range of the index answers."""
    return name.casefold()[:500]


LINK_COLUMNS = (
    "sf_id",
    "qbo_id",
    "name",
    "lifecycle",
    "attention",
    "sf_token",
    "sf_modified",
    "qbo_token",
    "qbo_modified",
    "sf_state",
    "qbo_state",
    "no_recreate",
    "attempts",
)


def save(
    company_id: int, changed: Iterable[LinkRow], extra: Mapping[UUID, Mapping[str, Any]] | None = None
) -> None:
    """Write links and their bases back. `extra` holds further columns per link (attention_code, last_ok_at …); every
    entry must have the same columns."""
    links = list(changed)
    if not links:
        return
    extra = extra or {}
    rows = [
        {
            "id": link.id,
            **{column: getattr(link, column) for column in LINK_COLUMNS},
            "sf_id": link.sf_id or None,
            "qbo_id": link.qbo_id or None,
            "name_key": name_key(link.name),
            **extra.get(link.id, {}),
        }
        for link in sorted(links, key=lambda item: item.id)
    ]
    bulk.update(RecordLink, rows)
    save_bases(company_id, links)


def save_bases(company_id: int, links: Sequence[LinkRow]) -> None:
    """Write the bases, held units and candidates of these links."""
    rows = [
        {
            "link_id": link.id,
            "company_id": company_id,
            "sf_base": link.sf_base,
            "qbo_base": link.qbo_base,
            "base_version": link.base_version,
            "held": link.held,
            "candidates": link.candidates,
            "seen": link.seen,
        }
        for link in sorted(links, key=lambda item: item.id)
    ]
    bulk.insert(
        LinkBase,
        rows,
        on_conflict=(
            "(link_id) do update set sf_base = excluded.sf_base, qbo_base = excluded.qbo_base,"
            " base_version = excluded.base_version, held = excluded.held, candidates = excluded.candidates,"
            " seen = excluded.seen"
        ),
    )


def linked_ids(
    integration_id: int, sf_object: str, qbo_entity: str, side: Side, ids: Sequence[str]
) -> dict[str, tuple[UUID, str, str, str]]:
    """Live links that hold these records of one side: remote id -> (link, other side's id, lifecycle, attention)."""
    column, other = ("sf_id", "qbo_id") if side is Side.SALESFORCE else ("qbo_id", "sf_id")
    rows = (
        RecordLink.objects.filter(
            integration_id=integration_id,
            sf_object=sf_object,
            qbo_entity=qbo_entity,
            **{f"{column}__in": list(ids)},
        )
        .exclude(lifecycle__in=["unlinked", "absorbed"])
        .values_list(column, "id", other, "lifecycle", "attention")
    )
    return {row[0]: (row[1], row[2] or "", row[3], row[4]) for row in rows}


def held_values(link_ids: Collection[UUID], key: str) -> dict[UUID | None, Any]:
    """What QuickBooks held of a row for these links when it was last read, by link; what holds none is left out."""
    rows = LinkBase.objects.filter(link_id__in=list(link_ids)).values_list("link_id", f"qbo_base__{key}")
    return {link_id: value for link_id, value in rows if value is not None}


def currencies(ids: Sequence[UUID]) -> dict[UUID, str]:
    """What the records of these links are kept in, as agreed last; those of which nobody knows are left out."""
    rows = LinkBase.objects.filter(link_id__in=list(ids)).exclude(doc_currency=None)
    return {link_id: str(code) for link_id, code in rows.values_list("link_id", "doc_currency")}


def first_seen(
    integration_id: int, sf_object: str, qbo_entity: str, side: Side, ids: Sequence[str]
) -> dict[str, datetime]:
    """When these records of one side became half-links, where they still are: remote id -> moment."""
    column, other = ("sf_id", "qbo_id") if side is Side.SALESFORCE else ("qbo_id", "sf_id")
    rows = RecordLink.objects.filter(
        integration_id=integration_id,
        sf_object=sf_object,
        qbo_entity=qbo_entity,
        **{f"{column}__in": list(ids), f"{other}__isnull": True},
    ).exclude(lifecycle__in=["unlinked", "absorbed"])
    return {str(remote_id): at for remote_id, at in rows.values_list(column, "created_at")}


def linked_as(
    integration_id: int, sf_object: str, entities: Sequence[str], ids: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """The QuickBooks entities, among these, that Salesforce records are linked with and that are still there."""
    if not entities or not ids:
        return {}
    rows = (
        RecordLink.objects.filter(
            integration_id=integration_id,
            sf_object=sf_object,
            sf_id__in=list(ids),
            qbo_entity__in=list(entities),
            qbo_id__isnull=False,
            qbo_state=RecordState.LIVE.value,
        )
        .exclude(lifecycle__in=["unlinked", "absorbed"])
        .order_by("qbo_entity")
        .values_list("sf_id", "qbo_entity")
    )
    found: dict[str, tuple[str, ...]] = {}
    for sf_id, entity in rows:
        if sf_id:
            found[sf_id] = (*found.get(sf_id, ()), entity)
    return found


def let_go_ids(
    integration_id: int, sf_object: str, qbo_entity: str, side: Side, ids: Sequence[str]
) -> set[str]:
    """Records of one side whose link a person closed: later changes of theirs do nothing (sync-semantics section 8)."""
    if not ids:
        return set()
    column = "sf_id" if side is Side.SALESFORCE else "qbo_id"
    rows = RecordLink.all_companies.filter(
        integration_id=integration_id,
        sf_object=sf_object,
        qbo_entity=qbo_entity,
        lifecycle="unlinked",
        no_recreate=True,
        **{f"{column}__in": list(ids)},
    )
    return set(rows.values_list(column, flat=True))
