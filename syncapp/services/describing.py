"""A new mapping's fields, described by themselves: asked for when a mapping is made or published, read by a worker.

What is asked for is a row of `FieldList` that was never read, written in the transaction that changed the mapping; the
message only says that there is some. QuickBooks' fields are known by heart and are kept at once: no call at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connectors.contracts import ObjectInfo, Priority, Side
from connectors.errors import ConnectorError
from connectors.quickbooks import entities
from syncapp import queue
from syncapp.engine.filters import fields_read, paths_in
from syncapp.engine.lines import child_objects
from syncapp.engine.mapping import MappingSpec
from syncapp.models import Connection, ConnectionStatus, FieldList, Mapping
from syncapp.services import field_lists
from syncapp.services.clients import AnyClient, UsageMeter, client_for, flush
from syncapp.store import specs

MOST_IN_A_TURN = 60
"""Objects that one turn describes, each at the cost of one call of Salesforce. The sweeper rings for what is left."""


def ask_for(mapping: Mapping) -> None:
    """After this transaction: have the objects of this draft described that never were. Call it inside one."""
    integration = mapping.integration
    spec = specs.draft_spec(mapping)
    if integration.quickbooks is not None:
        _keep_by_heart(integration.quickbooks, mapping.qbo_entity)
    if integration.salesforce is not None:
        wanted = [*objects_of(spec), *_behind(spec, _infos(integration.salesforce))]
        if _ask(integration.salesforce, wanted):
            queue.describe(integration.salesforce_id)


def objects_of(spec: MappingSpec) -> list[str]:
    """The Salesforce objects whose records a mapping reads: its own and those of its lines."""
    return list(dict.fromkeys((spec.sf_object, *(one.sf_object for one in child_objects(spec)))))


def relations_in(spec: MappingSpec) -> set[str]:
    """The relationships that a mapping's rows and criteria go through: `Owner` of `Owner.Name`."""
    paths = [row.sf_path for row in spec.fields]
    paths += [path for row in spec.fields if row.formula for path in fields_read(row.formula)]
    paths += paths_in(spec.filter_of(Side.SALESFORCE))
    return {path.split(".", 1)[0] for path in paths if "." in path}


def _keep_by_heart(connection: Connection, entity: str) -> None:
    if FieldList.objects.filter(connection=connection, object=entity, read_at__isnull=False).exists():
        return
    try:
        info = entities.describe(entity)
    except KeyError:
        return
    field_lists.keep(connection, [field_lists.with_custom_fields(info, connection.facts or {})])


def _ask(connection: Connection, names: Iterable[str]) -> bool:
    """Note what is to be described; whether any of it was not known or noted before."""
    wanted = list(names)
    known = set(
        FieldList.objects.filter(connection=connection, object__in=wanted).values_list("object", flat=True)
    )
    rows = [
        FieldList(company_id=connection.company_id, connection=connection, object=name)
        for name in wanted
        if name not in known
    ]
    FieldList.objects.bulk_create(rows, ignore_conflicts=True)
    return bool(rows)


def describe(connection: Connection) -> int:
    """Describe what was asked for of an org, then what its mappings refer to; returns how many objects. Does not raise:
    an object that cannot be described says why, and is tried again at night."""
    if connection.side != Side.SALESFORCE or connection.status != ConnectionStatus.LIVE:
        return 0
    meter = UsageMeter()
    described = 0
    try:
        client = client_for(connection, Priority.NORMAL, meter)
        while described < MOST_IN_A_TURN and (names := _asked_for(connection)):
            described += _describe(connection, names[: MOST_IN_A_TURN - described], client)
            _ask(connection, _referred_to(connection))
    except ConnectorError:
        return described
    finally:
        flush(connection, meter)
    return described


def _describe(connection: Connection, names: list[str], client: AnyClient) -> int:
    return len([field_lists.refresh(connection, name, client) for name in names])


def _asked_for(connection: Connection) -> list[str]:
    rows = FieldList.objects.filter(connection=connection, read_at=None, failure_code="")
    return list(rows.order_by("id").values_list("object", flat=True))


def _referred_to(connection: Connection) -> list[str]:
    """The objects behind the relationships of an org's mappings."""
    infos = _infos(connection)
    found: dict[str, None] = {}
    for mapping in Mapping.objects.filter(integration__salesforce=connection).order_by("id"):
        spec = specs.draft_spec(mapping)
        found |= dict.fromkeys(_behind(spec, infos))
    return [name for name in found if name not in infos]


def _infos(connection: Connection) -> dict[str, ObjectInfo]:
    rows = FieldList.objects.filter(connection=connection, read_at__isnull=False).exclude(info={})
    return {row.object: field_lists.info_of(row.info) for row in rows}


def _behind(spec: MappingSpec, infos: dict[str, ObjectInfo]) -> Iterator[str]:
    used = relations_in(spec)
    for name in objects_of(spec):
        if name in infos:
            yield from field_lists.related(infos[name], used)


def ring_forgotten() -> int:
    """Orgs of which something was asked for that nobody described, because a message was lost or an org was away."""
    rows = FieldList.all_companies.filter(
        read_at=None,
        failure_code="",
        connection__side=Side.SALESFORCE,
        connection__status=ConnectionStatus.LIVE,
    )
    waiting = list(rows.order_by("connection_id").values_list("connection_id", flat=True).distinct())
    for connection_id in waiting:
        queue.describe(connection_id)
    return len(waiting)
