"""The fields of the objects that mappings use, as each side describes them: kept per connection, read by a button.

Salesforce describes its objects with the connected user's rights. QuickBooks describes nothing: its entities' standard
fields are known by heart (`connectors.quickbooks.entities`), custom fields come from its preferences.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from collections.abc import Mapping as Facts
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

import structlog
from django.db.models import F, Q

from connectors.contracts import FieldInfo, ObjectInfo, Priority, Side
from connectors.errors import ConnectorError
from connectors.quickbooks.client import QuickBooksClient
from connectors.quickbooks.custom_fields import SALES_FORMS, names_in, sales_form_fields
from syncapp.engine.lines import child_objects
from syncapp.models import Connection, FieldList, Integration, Mapping
from syncapp.services.clients import AnyClient, UsageMeter, client_for, flush
from syncapp.services.watched import object_of
from syncapp.store import clock, specs

log = structlog.get_logger()
EVERY = {Side.SALESFORCE: timedelta(days=1), Side.QUICKBOOKS: timedelta(days=7)}
"""How old a description may become. What vanished is then flagged on the mappings that use it, before a run fails for
it. QuickBooks' own fields do not move, its custom fields come with the settings."""
MOST_AT_ONCE = 10
"""Objects described anew in one turn of capture."""


@dataclass(frozen=True, slots=True)
class BothSides:
    """What both sides of a mapping are known to have; None for a side that was never described."""

    sf: ObjectInfo | None
    qbo: ObjectInfo | None
    related: dict[str, ObjectInfo]
    """The other described objects of Salesforce, by name: those that the first one refers to, and those of lines."""

    def of(self, side: Side) -> ObjectInfo | None:
        return self.sf if side is Side.SALESFORCE else self.qbo


def known(mapping: Mapping) -> BothSides:
    """The fields that were described last; two queries, no call."""
    integration: Integration = mapping.integration
    sf, qbo = integration.salesforce_id, integration.quickbooks_id
    rows = FieldList.objects.filter(connection_id__in=[pk for pk in (sf, qbo) if pk], read_at__isnull=False)
    rows = rows.exclude(info={})
    infos = {(row.connection_id, row.object): info_of(row.info) for row in rows}
    related = {name: info for (connection_id, name), info in infos.items() if connection_id == sf}
    return BothSides(
        infos.get((sf, mapping.sf_object)) if sf else None,
        infos.get((qbo, mapping.qbo_entity)) if qbo else None,
        related,
    )


def read_for(mapping: Mapping) -> list[FieldList]:
    """Describe both sides of a mapping now, and the Salesforce objects of its relationships and lines."""
    integration = mapping.integration
    children = [one.sf_object for one in child_objects(specs.draft_spec(mapping))]
    read: list[FieldList] = []
    for side, connection in (
        (Side.SALESFORCE, integration.salesforce),
        (Side.QUICKBOOKS, integration.quickbooks),
    ):
        if connection is not None:
            beside = children if side is Side.SALESFORCE else []
            read += _read(connection, side, object_of(mapping, side), beside)
    return read


def _read(connection: Connection, side: Side, object_name: str, beside: Iterable[str]) -> list[FieldList]:
    meter = UsageMeter()
    client = client_for(connection, Priority.INTERACTIVE, meter)
    try:
        first = refresh(connection, object_name, client)
        if side is Side.QUICKBOOKS or not first.info:
            return [first]
        names = dict.fromkeys((*beside, *related(info_of(first.info))))
        return [first, *(refresh(connection, name, client) for name in names)]
    finally:
        flush(connection, meter)


def related(info: ObjectInfo, used: Collection[str] = ()) -> list[str]:
    """The objects behind the relationships that people map: each lookup with one target, but for the audit ones; first
    those behind the relationships that are `used` already (`Owner`, `Region__r`)."""
    lookups = [field for field in info.fields if len(field.references) == 1]
    lookups.sort(key=lambda field: relation_of(field.name) not in used)
    chosen = dict.fromkeys(field.references[0] for field in lookups if field.references[0] != info.name)
    return list(chosen)[:MOST_RELATED]


MOST_RELATED = 8
"""Objects described beside the mapping's own; each costs one call."""


def relation_of(name: str) -> str:
    """The relationship of a lookup field: OwnerId leads to Owner, Parent__c to Parent__r."""
    return f"{name[:-3]}__r" if name.endswith("__c") else name.removesuffix("Id")


def refresh_due(connection: Connection, side: Side, client: AnyClient) -> int:
    """Describe again what has become old, and what was asked for and could not be described; returns how many objects.
    Does not raise."""
    old = FieldList.objects.filter(connection=connection)
    old = old.filter(Q(read_at__lte=clock.now() - EVERY[side]) | Q(read_at=None))
    due = list(old.order_by(F("read_at").asc(nulls_first=True), "id").values_list("object", flat=True))
    due += _never_asked_for(connection) if side is Side.SALESFORCE else []
    for name in due[:MOST_AT_ONCE]:
        row = refresh(connection, name, client)
        if row.failure_code:
            # Looked at, and not again before its time; the page of lists says why it keeps what it held.
            FieldList.objects.filter(pk=row.pk).update(read_at=clock.now())
            log.warning("fields_not_read", object=name, code=row.failure_code)
    return len(due[:MOST_AT_ONCE])


def _never_asked_for(connection: Connection) -> list[str]:
    """Objects that the published mappings of an org use, their lines too, and that nobody asked for: of mappings that
    are older than the asking."""
    rows = Mapping.objects.filter(integration__salesforce=connection, published_number__gt=0).order_by("id")
    names: dict[str, None] = {}
    for mapping in rows:
        spec = specs.published_spec(mapping)
        children = child_objects(spec) if spec is not None else ()
        names |= dict.fromkeys((mapping.sf_object, *(one.sf_object for one in children)))
    known = set(FieldList.objects.filter(connection=connection).values_list("object", flat=True))
    return [name for name in names if name not in known]


def refresh(connection: Connection, object_name: str, client: AnyClient) -> FieldList:
    """Describe one object now. Does not raise: one that cannot be described keeps its fields and says why."""
    try:
        info = _describe(connection, client, object_name)
    except (ConnectorError, KeyError) as error:
        failure = getattr(error, "failure", None)
        values = (
            {"message": failure.message, "detail": failure.detail} if failure else {"message": str(error)}
        )
        row, _ = FieldList.objects.update_or_create(
            connection=connection,
            object=object_name,
            defaults={
                "failure_code": failure.code if failure else "mapping.no_object",
                "failure_values": values,
            },
        )
        return row
    row, _ = FieldList.objects.update_or_create(
        connection=connection,
        object=object_name,
        defaults={"info": asdict(info), "read_at": clock.now(), "failure_code": "", "failure_values": {}},
    )
    return row


def _describe(connection: Connection, client: AnyClient, object_name: str) -> ObjectInfo:
    info = client.describe(object_name)
    if not isinstance(client, QuickBooksClient) or object_name not in SALES_FORMS:
        return info
    facts = connection.facts or {}
    if "custom_fields" not in facts:
        facts = {"custom_fields": names_in(client.preferences())}
    return with_custom_fields(info, facts)


def with_custom_fields(info: ObjectInfo, facts: Facts[str, Any]) -> ObjectInfo:
    """A QuickBooks entity with the custom fields that the company's settings told of last."""
    own = sales_form_fields(facts.get("custom_fields") or {}, info.name)
    return replace(info, fields=(*info.fields, *own)) if own else info


def keep(connection: Connection, infos: Iterable[ObjectInfo]) -> None:
    """Keep what was described for another reason, at no further cost."""
    for info in infos:
        FieldList.objects.update_or_create(
            connection=connection,
            object=info.name,
            defaults={"info": asdict(info), "read_at": clock.now(), "failure_code": "", "failure_values": {}},
        )


def info_of(data: dict[str, Any]) -> ObjectInfo:
    """The description that a row keeps."""
    fields = tuple(_field_of(one) for one in data.get("fields", ()))
    return ObjectInfo(**{**data, "fields": fields})


def _field_of(data: dict[str, Any]) -> FieldInfo:
    lists = {name: tuple(data.get(name) or ()) for name in ("references", "picklist")}
    return FieldInfo(**{**data, **lists})
