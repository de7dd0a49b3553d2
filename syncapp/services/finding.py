"""Records that fit what a person typed: asked of the side itself as far as it can answer, the rest looked at here.

A filter run reads no more than what it finds. What a side cannot be asked for at all (QuickBooks knows neither NOT nor
every member) is looked for among the records that the mapping knows already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F

from connectors.contracts import Condition, Priority, RemoteRecord, Side
from syncapp import queue
from syncapp.engine import plan as plans
from syncapp.engine.conditions import FilterError, Group, looks_like_conditions, parse
from syncapp.engine.decide import why_left_out
from syncapp.engine.display import display_name
from syncapp.engine.entities import traits
from syncapp.engine.filters import first_unmet
from syncapp.engine.mapping import Criterion, MappingSpec
from syncapp.models import CLOSED_LIFECYCLES, Outcome, PreviewItem, RecordLink, Run, RunKind, RunState
from syncapp.models import Mapping as MappingRow
from syncapp.services import addresses, capture, preview, scope
from syncapp.services.clients import AnyClient, UsageMeter, client_for, flush
from syncapp.services.errors import Refused
from syncapp.services.scope import FORCED
from syncapp.services.watched import Watched, connection_of, object_of
from syncapp.store import bulk, leases, links, observations, runs, specs, transactions

PAGE = 1000
MOST = 50_000
OPEN = (RunState.QUEUED, RunState.READING, RunState.RUNNING)
CHANGED = {Side.SALESFORCE: "SystemModstamp", Side.QUICKBOOKS: "MetaData.LastUpdatedTime"}


# --- asking ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for on the Sync now page. `text` is what the filter box holds; days are the company's."""

    mapping: MappingRow
    direction: str = "both"
    text: str = ""
    since: date | None = None
    until: date | None = None


def request(
    wish: Wish,
    person: Any | None,
    *,
    only_preview: bool,
    kind: RunKind = RunKind.SYNC_NOW,
    cause: str = "",
) -> Run:
    """Find what the wish is about and sync it, or plan only what that would do. The same wish again, while its run is
    open, returns that run. `cause` is what the run says of why it is there; without one, the filter itself.

    Raises Refused: `mapping.not_published`, `sync.not_switched_on`, and the filter's mistakes (`filter.…`, each with
    `position`).
    """
    mapping = wish.mapping
    if not mapping.published_number:
        raise Refused("mapping.not_published", label=mapping.label)
    if mapping.integration.switched_on_at is None and not only_preview:
        raise Refused("sync.not_switched_on")
    side, groups = _understood(wish)
    about = {
        "of": scope.FILTER,
        "text": wish.text.strip(),
        "side": side.value,
        "groups": [[_stored(condition) for condition in group] for group in groups],
        "since": wish.since.isoformat() if wish.since else "",
        "until": wish.until.isoformat() if wish.until else "",
        **({"gentle": True} if kind == RunKind.HISTORY else {}),
    }
    with transaction.atomic():
        MappingRow.objects.select_for_update().get(pk=mapping.pk)
        kind_of = RunKind.PREVIEW if only_preview else kind
        running = _running(mapping, kind_of, wish.direction, about)
        if running is not None:
            return running
        run = Run.objects.create(
            integration_id=mapping.integration_id,
            mapping=mapping,
            kind=kind_of,
            direction=wish.direction,
            priority=leases.RANK[Priority.BULK if kind == RunKind.HISTORY else Priority.NORMAL],
            person=person,
            cause=(cause or wish.text.strip() or str(kind.label))[:120],
            scope=about,
        )
        queue.prepare(run.pk, leases.PRIORITY[run.priority])
    return run


def _running(mapping: MappingRow, kind: RunKind, direction: str, about: Mapping[str, Any]) -> Run | None:
    """The open run that does just this already."""
    rows = Run.objects.filter(
        mapping=mapping, kind=kind, direction=direction, state__in=OPEN, stop_requested=False
    )
    return next(
        (run for run in rows if all(run.scope.get(key) == value for key, value in about.items())), None
    )


def _understood(wish: Wish) -> tuple[Side, list[Group]]:
    """The side that is asked, and what: the source of the direction; where it is both, Salesforce, unless an id or an
    address says otherwise. A plain text is the beginning of a name."""
    target = FORCED.get(wish.direction)
    side = Side.SALESFORCE if target is None else target.other
    text = wish.text.strip()
    ids = addresses.ids_in(text)
    if ids.salesforce or ids.quickbooks:
        side = side if _has(ids, side) else side.other
        id_ = ids.salesforce if side is Side.SALESFORCE else ids.quickbooks
        return side, [(Condition("Id", "eq", id_), *window(wish, side))]
    if text and not looks_like_conditions(text):
        name = traits(side, object_of(wish.mapping, side)).name_path
        return side, [(Condition(name, "starts", text), *window(wish, side))]
    try:
        groups = parse(text)
    except FilterError as error:
        raise Refused(error.code, **error.values) from error
    return side, [(*group, *window(wish, side)) for group in groups or ((),)]


def _has(ids: addresses.Ids, side: Side) -> bool:
    return bool(ids.salesforce if side is Side.SALESFORCE else ids.quickbooks)


def window(wish: Wish, side: Side) -> list[Condition]:
    """Conditions on when a record was last changed, from the company's days."""
    zone = ZoneInfo(wish.mapping.company.zone)
    found = []
    if wish.since is not None:
        found.append(Condition(CHANGED[side], "ge", _instant(wish.since, zone)))
    if wish.until is not None:
        found.append(Condition(CHANGED[side], "lt", _instant(wish.until + timedelta(days=1), zone)))
    return found


def _instant(day: date, zone: ZoneInfo) -> str:
    moment = datetime.combine(day, time(), zone).astimezone(UTC)
    return moment.isoformat()


def _stored(condition: Condition) -> list[Any]:
    return [condition.path, condition.operator, condition.value]


# --- finding ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    """One page of what fits: links of the mapping, and records that its filter leaves out."""

    links: tuple[UUID, ...]
    left_out: tuple[tuple[RemoteRecord, Criterion], ...] = ()
    next: tuple[int, str] = (0, "")
    """Where to go on behind this page: a group of conditions and its cursor."""


def carry_out(run: Run, keep: Any) -> bool:
    """Find what the run is about, page by page, and plan it or make it due. `keep` renews the run's lease. False when
    the run was stopped meanwhile. A run that was broken off goes on behind the last page whose work was stored. Raises
    ConnectorError, Refused (`filter.unknown_field`, `filter.bad_value`, `filter.too_many`)."""
    seen: set[UUID] = set()
    for found in find(run):
        fresh = [link_id for link_id in found.links if link_id not in seen]
        if run.kind != RunKind.HISTORY:  # which has no limit, and one group
            seen.update(fresh)
        if len(seen) > MOST:
            raise Refused("filter.too_many", most=MOST)
        plan = preview.decide_links(run, fresh) if run.kind == RunKind.PREVIEW else None
        transactions.run(partial(_take, run, fresh, found, plan))
        if not keep():
            return False
    return True


def _take(run: Run, fresh: Sequence[UUID], found: Found, plan: preview.Plan | None) -> None:
    """Store what was planned of a page or make it due, and remember that it was."""
    if plan is not None:
        preview.store(plan)
        _store_left_out(run, found)
    else:
        _make_due(run, fresh, found)
    run.scope = {**run.scope, "position": list(found.next)}
    Run.objects.filter(pk=run.pk).update(scope=run.scope)


def is_read(run: Run) -> bool:
    """Whether everything that the run is about has been found."""
    return list(run.scope.get("position") or ()) == [len(run.scope.get("groups") or ()), ""]


def find(run: Run) -> Iterator[Found]:
    """What fits the run's filter, page by page, from where it was left."""
    mapping = run.mapping
    spec = specs.published_spec(mapping) if mapping is not None else None
    if mapping is None or spec is None:
        raise ValueError("a filter is about one published mapping")
    side = Side(run.scope["side"])
    target = Watched(connection_of(mapping, side), side, object_of(mapping, side), ((mapping, spec),))
    meter = UsageMeter()
    client = client_for(target.connection, leases.PRIORITY[run.priority], meter)
    first, cursor = run.scope.get("position") or (0, "")
    try:
        for number, group in enumerate(run.scope["groups"]):
            if number < first:
                continue
            conditions = [Condition(*one) for one in group]
            pages = _of_group(target, client, mapping, spec, conditions, cursor if number == first else "")
            for found in pages:
                behind = found.next[1]
                yield replace(found, next=(number, behind) if behind else (number + 1, ""))
    finally:
        runs.add_calls(run.pk, *flush(target.connection, meter))


def _of_group(
    target: Watched,
    client: AnyClient,
    mapping: MappingRow,
    spec: MappingSpec,
    conditions: Sequence[Condition],
    cursor: str,
) -> Iterator[Found]:
    asked, rest = _divided(client, target, conditions)
    if conditions and not asked:
        yield from _among_known(target, mapping, spec, rest, cursor)
        return
    ids = _ids(asked)
    while True:
        if ids is not None:
            records, cursor = client.read(target.object, ids, target.fields), ""
        else:
            page = client.find(target.object, _fields(target, rest), asked, cursor)
            records, cursor = list(page.records), page.next
        fitting = [one for one in records if one.body and first_unmet(rest, one.body) is None]
        capture.take_in(target, fitting, "button", run=None, cause="As it changes")
        yield replace(_found(target, mapping, spec, fitting), next=(0, cursor))
        if not cursor:
            return


def _fields(target: Watched, rest: Sequence[Condition]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*target.fields, *(condition.path for condition in rest))))


def _divided(
    client: AnyClient, target: Watched, conditions: Sequence[Condition]
) -> tuple[list[Condition], list[Condition]]:
    """What the side can be asked, and what has to be looked at here."""
    asked, rest = [], []
    for condition in conditions:
        try:
            fitted = client.fitted(target.object, condition)
        except LookupError as error:
            raise Refused("filter.unknown_field", field=condition.path, object=target.object) from error
        except ValueError as error:
            raise Refused("filter.bad_value", field=condition.path, value=str(condition.value)) from error
        if fitted is None:
            rest.append(condition)
        else:
            asked.append(fitted)
    return asked, rest


def _ids(asked: Sequence[Condition]) -> list[str] | None:
    """The ids, where nothing but ids is asked: those are read directly, deleted records too."""
    if len(asked) != 1 or asked[0].path != "Id" or asked[0].operator not in ("eq", "in"):
        return None
    value = asked[0].value
    return [str(one) for one in value] if isinstance(value, list | tuple) else [str(value)]


def _found(target: Watched, mapping: MappingRow, spec: MappingSpec, records: Sequence[RemoteRecord]) -> Found:
    held = links.linked_ids(
        mapping.integration_id,
        mapping.sf_object,
        mapping.qbo_entity,
        target.side,
        [record.id for record in records],
    )
    own = spec.filter_of(target.side)
    left_out = [
        (record, unmet)
        for record in records
        if record.id not in held and (unmet := first_unmet(own, record.body)) is not None
    ]
    return Found(tuple(held[record.id][0] for record in records if record.id in held), tuple(left_out))


# --- among what is known ---------------------------------------------------------------------------------------------


def _among_known(
    target: Watched, mapping: MappingRow, spec: MappingSpec, conditions: Sequence[Condition], cursor: str
) -> Iterator[Found]:
    """Links of the mapping whose record, as it was last read, fits."""
    after = UUID(cursor) if cursor else scope.NONE
    while True:
        rows = RecordLink.objects.filter(mapping=mapping, id__gt=after).exclude(
            lifecycle__in=CLOSED_LIFECYCLES
        )
        ids = list(rows.order_by("id").values_list("id", flat=True)[:PAGE])
        if not ids:
            return
        after = ids[-1]
        behind = str(after) if len(ids) == PAGE else ""
        yield Found(tuple(_fitting(target, mapping, spec, ids, conditions)), next=(0, behind))


def _fitting(
    target: Watched,
    mapping: MappingRow,
    spec: MappingSpec,
    link_ids: Sequence[UUID],
    conditions: Sequence[Condition],
) -> Iterator[UUID]:
    rows = links.load(mapping.company_id, link_ids)
    seen = observations.load(
        target.connection.id,
        target.side,
        target.object,
        [remote_id for row in rows.values() if (remote_id := row.remote_id(target.side))],
    )
    for link_id, row in rows.items():
        news = seen.get(row.remote_id(target.side))
        record = news.record if news is not None else None
        body = record.body if record is not None else known_body(target.side, spec, row.base(target.side))
        if (
            row.remote_id(target.side)
            and first_unmet(conditions, {**body, "Id": row.remote_id(target.side)}) is None
        ):
            yield link_id


def known_body(side: Side, spec: MappingSpec, base: Mapping[str, Any] | None) -> dict[str, Any]:
    """A record's body as far as the last agreement tells it: the mapped fields."""
    body: dict[str, Any] = {}
    for row in spec.fields:
        path = row.sf_path if side is Side.SALESFORCE else row.qbo_path
        value = (base or {}).get(row.key)
        if not path or value is None:
            continue
        *outer, last = path.split(".")
        part = body
        for member in outer:
            part = part.setdefault(member, {})
        part[last] = value
    return body


# --- what becomes of it ----------------------------------------------------------------------------------------------


def _store_left_out(run: Run, found: Found) -> None:
    mapping = run.mapping
    spec = specs.published_spec(mapping) if mapping is not None else None
    if mapping is None or spec is None:
        return
    bulk.insert(
        PreviewItem,
        [
            {
                "company_id": run.company_id,
                "run_id": run.pk,
                "mapping_id": mapping.pk,
                "mapping_version": spec.version,
                "link_id": None,
                "record": {
                    "side": record.side.value,
                    "object": record.object,
                    "id": record.id,
                    "name": display_name(record.side, record, spec),
                },
                "kind": "skip",
                "group": preview.SKIPPED,
                "decision": {"reasons": [plans.reason_json(why_left_out(record, unmet))]},
            }
            for record, unmet in found.left_out
        ],
    )


def _make_due(run: Run, fresh: Sequence[UUID], found: Found) -> None:
    leases.make_due(
        run.company_id,
        fresh,
        leases.PRIORITY[run.priority],
        cause=run.cause,
        run_id=run.pk,
        forced=scope.forced(run),
    )
    if found.left_out:
        Run.objects.filter(pk=run.pk).update(total=F("total") + len(found.left_out))
        runs.add(run.pk, Outcome.SKIPPED.value, len(found.left_out))
    queue.wake(leases.PRIORITY[run.priority], run.company_id)
