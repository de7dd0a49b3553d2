"""QuickBooks says that a name is taken (fault 6240): find out by whom, for the whole slice at once.

Names are unique across customers, vendors and employees, inactive ones included (quickbooks.md 3.1.7). A customer that
nobody holds becomes a candidate like any other; a vendor or an employee is named in the problem.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import structlog
from django.db import transaction

from connectors.contracts import Priority, RecordState, RemoteRecord, Side
from connectors.errors import ConnectorError, Failure
from connectors.quickbooks.client import QuickBooksClient
from syncapp.engine.entities import traits
from syncapp.models import Problem, RecordLink
from syncapp.services import capture
from syncapp.services.slice_context import SliceContext
from syncapp.services.watched import one_mapping
from syncapp.store import bulk, leases, links

log = structlog.get_logger()


def look_up(context: SliceContext, refused: Sequence[tuple[UUID, Failure]]) -> None:
    """Add to each refused link's problem who has its name; a free customer of that name makes the link due again."""
    names = _names(context, refused)
    if not names:
        return
    try:
        with context.client(Side.QUICKBOOKS) as client:
            if not isinstance(client, QuickBooksClient):
                return
            found = client.names(sorted(set(names.values())))
    except ConnectorError as error:
        log.warning("name_lookup_failed", code=error.failure.code)
        return
    holders = {_clean(record): record for record in found}
    with transaction.atomic():
        for link_id, name in names.items():
            record = holders.get(name.casefold())
            if record is not None:
                _tell(link_id, record)
        _take_in_customers(context, names, holders)


def _names(context: SliceContext, refused: Sequence[tuple[UUID, Failure]]) -> dict[UUID, str]:
    """The names that were asked for, as the refused intents hold them; none of a kind (items) whose names are its own:
    a customer of that name is not in its way."""
    named = traits(Side.QUICKBOOKS, context.spec.qbo_entity)
    if not refused or not named.name_rivals:
        return {}
    rows = bulk.fetch(
        "select distinct on (link_id) link_id, body::jsonb->>%s from syncapp_writeintent"
        " where link_id = any(%s) and side = 'qbo' order by link_id, id desc",
        [named.name_path, [link_id for link_id, _ in refused]],
    )
    return {link_id: name for link_id, name in rows if name}


def _clean(record: RemoteRecord) -> str:
    return str(record.body.get("DisplayName", "")).removesuffix(" (deleted)").casefold()


def _tell(link_id: UUID, record: RemoteRecord) -> None:
    """Put the holder of the name into the problem and the record's own words."""
    holder = {
        "holder_type": record.object,
        "holder_id": record.id,
        "holder_name": str(record.body.get("DisplayName", "")),
        "holder_inactive": record.state is RecordState.INACTIVE,
    }
    text = bulk.dumps(holder)
    bulk.execute(
        "update syncapp_recordlink set attention_values = attention_values || %s::jsonb where id = %s",
        [text, link_id],
    )
    bulk.execute(
        f'update "{Problem._meta.db_table}" set "values" = "values" || %s::jsonb'  # noqa: S608  our own table
        " where link_id = %s and closed_at is null",
        [text, link_id],
    )


def _take_in_customers(
    context: SliceContext, names: Mapping[UUID, str], holders: Mapping[str, RemoteRecord]
) -> None:
    """Customers of these names that capture has not seen yet are taken in; the refused links are matched with them.

    One that the mapping's filter leaves out, or whose pair a person closed, is taken in by nobody: a write that met its
    name would meet it again, and stays refused.
    """
    entity = context.spec.qbo_entity
    records = [record for record in holders.values() if record.object == entity]
    held = _held(context, records)
    unseen = [record for record in records if record.id not in held]
    if not unseen:
        return
    target = one_mapping(context.mapping, context.spec, Side.QUICKBOOKS)
    capture.take_in(target, unseen, "read", run=None, cause="Its name was looked up")
    new = _held(context, unseen)
    taken = {_clean(record) for record in unseen if record.id in new}
    again = [link_id for link_id, name in names.items() if name.casefold() in taken]
    RecordLink.objects.filter(id__in=again).update(attention="none")
    leases.make_due(context.company_id, again, Priority.NORMAL, cause="A record of its name was found")


def _held(context: SliceContext, records: Sequence[RemoteRecord]) -> Collection[str]:
    """Those of these customers that some link holds."""
    return links.linked_ids(
        context.mapping.integration_id,
        context.spec.sf_object,
        context.spec.qbo_entity,
        Side.QUICKBOOKS,
        [record.id for record in records],
    ).keys()
