"""The fields of the objects that mappings use, as each side describes them: kept per connection, read by a button.

Salesforce describes its objects with the connected user's rights. QuickBooks describes nothing: its entities' standard
fields are known by heart (`connectors.quickbooks.entities`), custom fields come from its preferences.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from connectors.contracts import FieldInfo, ObjectInfo, Priority, Side
from connectors.errors import ConnectorError
from connectors.quickbooks.client import QuickBooksClient
from connectors.quickbooks.custom_fields import sales_form_fields
from syncapp.models import Connection, FieldList, Integration, Mapping
from syncapp.services.clients import AnyClient, UsageMeter, client_for, flush
from syncapp.services.watched import object_of
from syncapp.store import clock


@dataclass(frozen=True, slots=True)
class BothSides:
    """What both sides of a mapping are known to have; None for a side that was never described."""

    sf: ObjectInfo | None
    qbo: ObjectInfo | None
    related: dict[str, ObjectInfo]
    """Salesforce objects that the first one refers to, by name, for relationship paths."""

    def of(self, side: Side) -> ObjectInfo | None:
        return self.sf if side is Side.SALESFORCE else self.qbo


def known(mapping: Mapping) -> BothSides:
    """The fields that were described last; two queries, no call."""
    integration: Integration = mapping.integration
    sf, qbo = integration.salesforce_id, integration.quickbooks_id
    rows = FieldList.objects.filter(connection_id__in=[pk for pk in (sf, qbo) if pk], read_at__isnull=False)
    infos = {(row.connection_id, row.object): info_of(row.info) for row in rows}
    related = {name: info for (connection_id, name), info in infos.items() if connection_id == sf}
    return BothSides(
        infos.get((sf, mapping.sf_object)) if sf else None,
        infos.get((qbo, mapping.qbo_entity)) if qbo else None,
        related,
    )


def read_for(mapping: Mapping) -> list[FieldList]:
    """Describe both sides of a mapping now, and the objects that its Salesforce object refers to."""
    integration = mapping.integration
    read: list[FieldList] = []
    for side, connection in (
        (Side.SALESFORCE, integration.salesforce),
        (Side.QUICKBOOKS, integration.quickbooks),
    ):
        if connection is not None:
            read += _read(connection, side, object_of(mapping, side))
    return read


def _read(connection: Connection, side: Side, object_name: str) -> list[FieldList]:
    meter = UsageMeter()
    client = client_for(connection, Priority.INTERACTIVE, meter)
    try:
        first = refresh(connection, object_name, client)
        if side is Side.QUICKBOOKS or not first.info:
            return [first]
        return [first, *(refresh(connection, name, client) for name in _related(info_of(first.info)))]
    finally:
        flush(connection, meter)


def _related(info: ObjectInfo) -> list[str]:
    """The objects behind the relationships that people map: each lookup with one target, but for the audit ones."""
    names = [field.references[0] for field in info.fields if len(field.references) == 1]
    chosen = dict.fromkeys(name for name in names if name != info.name)
    return list(chosen)[:MOST_RELATED]


MOST_RELATED = 8
"""Objects described beside the mapping's own; each costs one call."""


def refresh(connection: Connection, object_name: str, client: AnyClient) -> FieldList:
    """Describe one object now. Does not raise: one that cannot be described keeps its fields and says why."""
    try:
        info = _describe(client, object_name)
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


def _describe(client: AnyClient, object_name: str) -> ObjectInfo:
    info = client.describe(object_name)
    if not isinstance(client, QuickBooksClient):
        return info
    own = sales_form_fields(client.preferences(), object_name)
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
