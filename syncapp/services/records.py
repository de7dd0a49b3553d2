"""Lists of records: by state, by mapping, by name or id, page by page, and how many there are of each state.

A page is read by key, never by number, so that the millionth record costs what the first does. Rows are plain values:
51 are read to know whether there is a next page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from connectors.contracts import Side
from syncapp.engine.entities import traits
from syncapp.engine.state import StateWords, state_of
from syncapp.messages import words_for
from syncapp.models import (
    CLOSED_LIFECYCLES,
    Attention,
    Connection,
    Integration,
    Lifecycle,
    LinkBase,
    LinkWait,
    LinkWork,
    RecordLink,
)
from syncapp.services import addresses, records_folding
from syncapp.tenancy import current_company_id

PAGE = 50
IGNORED = "person.ignored"
"""The attention code of a record that a person said to leave alone."""

_OPEN = (Lifecycle.CREATING, Lifecycle.CANDIDATE, Lifecycle.LINKED)
_ASKING = (
    Attention.DATA_ERROR,
    Attention.CANDIDATE,
    Attention.BLOCKED,
    Attention.UNKNOWN,
    Attention.QUARANTINED,
    Attention.OSCILLATION,
)

STATE_FILTERS: dict[str, tuple[tuple[Lifecycle, Attention], ...]] = {
    "in_sync": ((Lifecycle.LINKED, Attention.NONE),),
    "waiting": tuple((lifecycle, Attention.WAITING) for lifecycle in _OPEN),
    "needs_attention": tuple((lifecycle, attention) for attention in _ASKING for lifecycle in _OPEN),
    "conflict": tuple((lifecycle, Attention.CONFLICT) for lifecycle in _OPEN),
    "changed": tuple((lifecycle, Attention.DRIFT) for lifecycle in _OPEN),
    "deleted_there": (
        *((lifecycle, Attention.GONE) for lifecycle in _OPEN),
        *((Lifecycle.GONE, attention) for attention in Attention),
    ),
    "not_synced": ((Lifecycle.CREATING, Attention.NONE), (Lifecycle.CANDIDATE, Attention.NONE)),
    "skipped": tuple((lifecycle, Attention.SKIPPED) for lifecycle in _OPEN),
    "unlinked": tuple((Lifecycle.UNLINKED, attention) for attention in Attention),
}
"""Which stored pairs of lifecycle and attention a filter of the list means. A record that is due shows as queued or
syncing, whatever else it is; `syncing` and `queued` are filters of their own."""
WORK_FILTERS = ("syncing", "queued")
FILTERS = (*WORK_FILTERS, *STATE_FILTERS)
SUMS = ("kept", "all")

_COLUMNS = (
    "id", "name", "name_key", "mapping_id", "mapping__label", "integration_id", "sf_object", "qbo_entity", "sf_id",
    "qbo_id", "lifecycle", "attention", "attention_code", "attention_values", "paused", "sf_state", "qbo_state",
    "last_ok_at", "last_error_at", "last_cause", "created_at", "work__due_at", "work__lease_until",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One line of the list. `changed_at` is the last time something was tried or came of it."""

    id: UUID
    name: str
    mapping: str
    sf_object: str
    qbo_entity: str
    sf_id: str
    qbo_id: str
    state: StateWords
    changed_at: datetime
    cause: str
    sf_url: str
    qbo_url: str


@dataclass(frozen=True, slots=True)
class Page:
    """Up to 50 rows. `older` is the key to give as `before` for the next page, empty on the last. `folded` says how
    many were left out, because another mapping keeps the record."""

    rows: Sequence[RecordRow]
    older: str
    folded: int = 0


def page(*, state: str = "", mapping: int | None = None, query: str = "", before: str = "") -> Page:
    """One page of the company's records, newest first; a search is in the order of names.

    `state` is one of FILTERS (anything else means all), `query` the beginning of a name, an id of either side or the
    pasted address of a record. In a list that is narrowed to no state and no mapping, a record that several mappings
    look at is one line. At most three queries, whatever the number of records, and three more where some are left out.
    """
    if query.strip():
        return _found(query, state, mapping, before)
    if not state and not mapping:
        return _newest_of_all(before)
    rows = _newest(state, mapping, before)
    more = len(rows) > PAGE
    return Page(_rows(rows[:PAGE]), str(rows[PAGE - 1]["id"]) if more else "")


def state_of_link(link: RecordLink, *, now: datetime | None = None) -> StateWords:
    """The state of one record in the words of the one vocabulary; as fresh as the link and the work it came with."""
    values = {column: getattr(link, column) for column in _COLUMNS if "__" not in column}
    work = getattr(link, "work", None)
    values |= {
        "work__due_at": work.due_at if work else None,
        "work__lease_until": work.lease_until if work else None,
    }
    return _state(values, _parents([values]), now or timezone.now())


# --- reading pages ---


def _existing() -> QuerySet[RecordLink]:
    """The links that are records to a person: a half that was joined with its other half is not one any more."""
    return RecordLink.objects.exclude(lifecycle=Lifecycle.ABSORBED)


def _newest(state: str, mapping: int | None, before: str) -> list[dict[str, Any]]:
    links = _existing()
    if mapping:
        links = links.filter(mapping_id=mapping)
    key = _uuid(before)
    if key:
        links = links.filter(id__lt=key)
    if state in STATE_FILTERS:
        ids = _newest_of_state(links, STATE_FILTERS[state])
        links = RecordLink.objects.filter(id__in=ids)
    elif state in WORK_FILTERS:
        links = links.filter(_being_worked_on(state, timezone.now()))
    return list(links.order_by("-id").values(*_COLUMNS)[: PAGE + 1])


ROUNDS = 5
"""Readings of 50 links for one page, where most of them are left out."""


def _newest_of_all(before: str) -> Page:
    """The newest records, each once."""
    shown: list[dict[str, Any]] = []
    folded = 0
    for _ in range(ROUNDS):
        found = _newest("", None, before)
        hidden = records_folding.hidden(found[:PAGE])
        for row in found[:PAGE]:
            if len(shown) == PAGE:
                return Page(_rows(shown), before, folded)
            before = str(row["id"])
            folded += row["id"] in hidden
            shown += [row] if row["id"] not in hidden else []
        if len(found) <= PAGE:
            before = ""
            break
        if len(shown) == PAGE:
            break
    return Page(_rows(shown), before, folded)


def _newest_of_state(links: QuerySet[RecordLink], pairs: Iterable[tuple[str, str]]) -> list[UUID]:
    """Ids of the newest links with one of these pairs: one walk of the state index per pair, then the best of them."""
    walks = [
        links.filter(lifecycle=lifecycle, attention=attention, work__isnull=True)
        .order_by("-id")
        .values("id")[: PAGE + 1]
        for lifecycle, attention in pairs
    ]
    if len(walks) == 1:
        return [row["id"] for row in walks[0]]
    together = walks[0].union(*walks[1:], all=True).order_by("-id")
    return [row["id"] for row in together[: PAGE + 1]]


def _being_worked_on(state: str, now: datetime) -> Q:
    leased = Q(work__lease_until__gt=now)
    return leased if state == "syncing" else Q(work__isnull=False) & ~leased


def _found(query: str, state: str, mapping: int | None, before: str) -> Page:
    ids = addresses.ids_in(query)
    if ids.salesforce or ids.quickbooks:
        exact = _by_id(ids, mapping)
        if exact or "://" in query:
            return Page(_rows(exact), "")
    rows = _by_name(query, state, mapping, before)
    more = len(rows) > PAGE
    last = rows[PAGE - 1] if more else None
    hidden = records_folding.hidden(rows[:PAGE]) if not state and not mapping else set()
    shown = [row for row in rows[:PAGE] if row["id"] not in hidden]
    return Page(_rows(shown), f"{last['id']} {last['name_key']}" if last else "", len(hidden))


def _by_id(ids: addresses.Ids, mapping: int | None) -> list[dict[str, Any]]:
    """Records with that id on either side. Live ones are found through the unique indexes of the pairs."""
    named = reduce(
        or_,
        [
            Q(**{column: value})
            for column, value in (("sf_id", ids.salesforce), ("qbo_id", ids.quickbooks))
            if value
        ],
    )
    integrations = list(Integration.objects.values_list("id", flat=True))
    live = RecordLink.objects.filter(
        named, ~Q(lifecycle__in=CLOSED_LIFECYCLES), integration_id__in=integrations
    )
    closed = RecordLink.objects.filter(named, lifecycle=Lifecycle.UNLINKED)
    found: list[dict[str, Any]] = []
    for links in (live, closed):
        wanted = links.filter(mapping_id=mapping) if mapping else links
        found += wanted.order_by("-id").values(*_COLUMNS)[:PAGE]
    return found[:PAGE]


def _by_name(query: str, state: str, mapping: int | None, before: str) -> list[dict[str, Any]]:
    prefix = query.strip().lower()
    links = _existing().filter(name_key__gte=prefix, name_key__lt=successor(prefix))
    if mapping:
        links = links.filter(mapping_id=mapping)
    if state in STATE_FILTERS:
        pairs = STATE_FILTERS[state]
        links = links.filter(
            reduce(or_, [Q(lifecycle=lifecycle, attention=attention) for lifecycle, attention in pairs]),
            work__isnull=True,
        )
    elif state in WORK_FILTERS:
        links = links.filter(_being_worked_on(state, timezone.now()))
    key, _, name = before.partition(" ")
    if _uuid(key):
        links = links.filter(Q(name_key__gt=name) | Q(name_key=name, id__gt=key), name_key__gte=name)
    return list(links.order_by("name_key", "id").values(*_COLUMNS)[: PAGE + 1])


def successor(prefix: str) -> str:
    """The first text that is not a beginning of `prefix`…: its last character moved on by one (collation "C")."""
    last = ord(prefix[-1]) + 1
    if 0xD800 <= last <= 0xDFFF:
        last = 0xE000
    return prefix[:-1] + chr(last) if last <= 0x10FFFF else prefix + chr(0x10FFFF)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


# --- rows ---


def _rows(found: Sequence[Mapping[str, Any]]) -> list[RecordRow]:
    connections, parents, now = _connections(found), _parents(found), timezone.now()
    return [_row(values, connections.get(values["integration_id"], {}), parents, now) for values in found]


def _row(
    values: Mapping[str, Any],
    connections: Mapping[str, Connection | None],
    parents: Mapping[UUID, str],
    now: datetime,
) -> RecordRow:
    links = addresses.urls(
        connections, values["sf_object"], values["sf_id"], values["qbo_entity"], values["qbo_id"]
    )
    moments = (values["last_ok_at"], values["last_error_at"], values["created_at"])
    return RecordRow(
        id=values["id"],
        name=values["name"],
        mapping=values["mapping__label"],
        sf_object=values["sf_object"],
        qbo_entity=values["qbo_entity"],
        sf_id=values["sf_id"] or "",
        qbo_id=values["qbo_id"] or "",
        state=_state(values, parents, now),
        changed_at=max(moment for moment in moments if moment is not None),
        cause=values["last_cause"],
        sf_url=links["sf"],
        qbo_url=links["qbo"],
    )


def _state(values: Mapping[str, Any], parents: Mapping[UUID, str], now: datetime) -> StateWords:
    lease = values["work__lease_until"]
    seen = dict(values["attention_values"] or {})
    if values["id"] in parents:
        seen["name"] = parents[values["id"]]
    return state_of(
        lifecycle=values["lifecycle"],
        attention=values["attention"],
        code=values["attention_code"],
        values=seen,
        paused=values["paused"],
        due=values["work__due_at"] is not None,
        leased=lease is not None and lease > now,
        cause=_cause(values),
    )


def _cause(values: Mapping[str, Any]) -> str:
    """What a person has to see to, in a few words; empty where the state itself says it."""
    if values["attention"] not in (Attention.DATA_ERROR, Attention.BLOCKED) or not values["attention_code"]:
        return ""
    told = {"name": values["name"], **(values["attention_values"] or {})}
    return words_for(values["attention_code"], told).title


def _parents(found: Iterable[Mapping[str, Any]]) -> dict[UUID, str]:
    """What each waiting record waits for, with its kind: customer Acme."""
    waiting = [values["id"] for values in found if values["attention"] == Attention.WAITING]
    if not waiting:
        return {}
    waits = LinkWait.objects.filter(child_id__in=waiting).order_by("-id")
    return {
        child: f"{traits(Side.QUICKBOOKS, entity).label.lower()} {name}" if name else ""
        for child, entity, name in waits.values_list("child_id", "parent__qbo_entity", "parent__name")
    }


def name_in_quickbooks(link: RecordLink) -> str:
    """What the QuickBooks half is called: a document by its kind and number."""
    entity = traits(Side.QUICKBOOKS, link.qbo_entity)
    if entity.document is None or not link.qbo_id:
        return link.name
    base = LinkBase.objects.filter(link_id=link.pk).values_list("qbo_base", flat=True).first()
    number = (base or {}).get("doc_number") or (base or {}).get("reference")
    return f"{entity.label} {number}" if number else entity.label


def _connections(found: Iterable[Mapping[str, Any]]) -> dict[int, dict[str, Connection | None]]:
    wanted = {values["integration_id"] for values in found}
    if not wanted:
        return {}
    rows = Integration.objects.filter(id__in=wanted).select_related("salesforce", "quickbooks")
    return {row.id: {"sf": row.salesforce, "qbo": row.quickbooks} for row in rows}


def connections_of(integration: Integration) -> dict[str, Connection | None]:
    """Both connections of a pair, keyed `sf` and `qbo`, for `addresses.urls`."""
    return {"sf": integration.salesforce, "qbo": integration.quickbooks}


# --- counts ---

_MANY = 20_000
"""Above so many links the counts are kept for a few seconds."""
_KEPT_SECONDS = 15

Counts = dict[str, int]


def counts(mapping: int | None = None) -> Counts:
    """How many records there are of each filter, `all`, and `kept`: those that are to be kept in step, which is all
    but what a rule skips and what a person unlinked. Large companies: at most fifteen seconds old.

    The figures add up: a record that is due counts as queued or syncing and nowhere else.
    """
    figures = counts_by_mapping()
    if mapping is not None:
        return figures.get(mapping, _none())
    return {name: sum(one[name] for one in figures.values()) for name in (*FILTERS, *SUMS)}


def listed(figures: Counts) -> int:
    """How many lines the list of all records has: a record that several mappings look at is one. `figures` are the
    `counts` of the whole company; as old as those."""
    if figures["all"] <= _MANY:
        return figures["all"] - records_folding.hidden_in_all(current_company_id())
    key = f"record-lines:{current_company_id()}"
    kept = cache.get(key)
    if kept is None:
        kept = figures["all"] - records_folding.hidden_in_all(current_company_id())
        cache.set(key, kept, _KEPT_SECONDS)
    return int(kept)


def counts_by_mapping() -> dict[int, Counts]:
    """`counts` of every mapping that has records: two queries for the whole company."""
    key = f"record-counts:{current_company_id()}"
    kept = cache.get(key)
    if kept is not None:
        return dict(kept)
    figures = _counted()
    if sum(one["all"] for one in figures.values()) > _MANY:
        cache.set(key, figures, _KEPT_SECONDS)
    return figures


def _none() -> Counts:
    return dict.fromkeys((*FILTERS, *SUMS), 0)


def _counted() -> dict[int, Counts]:
    rows = _existing().order_by().values("mapping_id", "lifecycle", "attention").annotate(n=Count("id"))
    pairs = {(row["mapping_id"], row["lifecycle"], row["attention"]): row["n"] for row in rows}
    figures: dict[int, Counts] = {}
    for (mapping, _, _), n in pairs.items():
        figures.setdefault(mapping, _none())["all"] += n
    for (mapping, lifecycle, attention, held), n in _working(timezone.now()).items():
        pairs[(mapping, lifecycle, attention)] = max(0, pairs.get((mapping, lifecycle, attention), 0) - n)
        figures.setdefault(mapping, _none())["syncing" if held else "queued"] += n
    for name, wanted in STATE_FILTERS.items():
        for mapping, figure in figures.items():
            figure[name] = sum(pairs.get((mapping, *pair), 0) for pair in wanted)
    for figure in figures.values():
        figure["kept"] = figure["all"] - figure["skipped"] - figure["unlinked"]
    return figures


def _working(now: datetime) -> dict[tuple[int, str, str, bool], int]:
    rows = (
        LinkWork.objects.order_by()
        .annotate(held=Q(lease_until__isnull=False) & Q(lease_until__gt=now))
        .values("mapping_id", "held", lifecycle=F("link__lifecycle"), attention=F("link__attention"))
        .annotate(n=Count("link_id"))
    )
    return {(row["mapping_id"], row["lifecycle"], row["attention"], row["held"]): row["n"] for row in rows}
