"""What records mean for one mapping: new half-links for those that its filter lets in, due work for those it holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.contracts import Priority, RecordState, RemoteRecord, Side
from syncapp.engine.display import display_name
from syncapp.engine.filters import first_unmet
from syncapp.engine.mapping import MappingSpec
from syncapp.engine.match import keys_of
from syncapp.models import Mapping, MappingMode, Run
from syncapp.services import deletions
from syncapp.services.surroundings import around
from syncapp.services.watched import Watched, mappings_of
from syncapp.store import clock, leases, links, match_index

GONE = frozenset({RecordState.DELETED, RecordState.MERGED, RecordState.MISSING})


def feed(
    target: Watched,
    mapping: Mapping,
    spec: MappingSpec,
    records: Sequence[RemoteRecord],
    run: Run | None,
    cause: str,
    tally: deletions.Tally | None,
    at: datetime,
) -> None:
    """What these records mean for one mapping: new half-links for those its filter lets in, due work for the known."""
    rules = spec.filter_of(target.side)
    held = links.linked_ids(
        mapping.integration_id,
        mapping.sf_object,
        mapping.qbo_entity,
        target.side,
        [item.id for item in records],
    )
    if tally is not None:
        tally.count(mapping, spec, [record for record in records if record.id in held])
    let_go = links.let_go_ids(
        mapping.integration_id,
        mapping.sf_object,
        mapping.qbo_entity,
        target.side,
        [item.id for item in records if item.id not in held],
    )
    born = [
        (record, display_name(target.side, record, spec))
        for record in records
        if record.id not in held
        and record.id not in let_go
        and record.state not in GONE
        and first_unmet(rules, record.body) is None
    ]
    ids = links.ensure_half_links(
        company_id=target.connection.company_id,
        integration_id=mapping.integration_id,
        mapping_id=mapping.pk,
        sf_object=mapping.sf_object,
        qbo_entity=mapping.qbo_entity,
        side=target.side,
        records=born,
        at=at,
    )
    ids |= {remote_id: row[0] for remote_id, row in held.items()}
    present = [record for record in records if record.id in ids]
    realm = _realm(target, mapping) if present else ""
    match_index.put_keys(
        target.connection,
        target.object,
        [
            (record.id, keys_of(target.side, record, spec, realm))
            for record in present
            if record.state not in GONE
        ],
    )
    if target.side is Side.SALESFORCE:
        leases.give_back(
            mapping.company_id, mapping.pk, [item.id for item in records if _still_holds(item, let_go, spec)]
        )
    switched_on = mapping.integration.switched_on_at is not None
    run_id = run.pk if run is not None and run.mapping_id == mapping.pk else None
    if switched_on and (mapping.mode == MappingMode.CHANGES or run_id is not None):
        due = [ids[record.id] for record in present]
        leases.make_due(mapping.company_id, due, Priority.NORMAL, cause=cause, run_id=run_id)


def _still_holds(record: RemoteRecord, let_go: set[str], spec: MappingSpec) -> bool:
    """Whether this record of an unlinked pair holds our id: it was in the bin when that was to be taken back."""
    live = record.id in let_go and record.state is RecordState.LIVE
    return live and bool(spec.external_id_field and record.body.get(spec.external_id_field))


def tell_others(target: Watched, mapping: Mapping, records: Sequence[RemoteRecord]) -> None:
    """Records that were read for a decision of one mapping, and are news: the other mappings of the object are told,
    for whom no reading of changes will bring this version again. Runs in the transaction that stores what was read."""
    at = clock.now()
    for other, spec in mappings_of(target.connection, target.object) if records else ():
        if other.pk != mapping.pk:
            with around(target.connection.company, at, other.integration.quickbooks_id):
                feed(target, other, spec, records, None, "As it changes", None, at)


def _realm(target: Watched, mapping: Mapping) -> str:
    """The id of the pair's QuickBooks company; "" without one."""
    if target.side is Side.QUICKBOOKS:
        return target.connection.remote_id
    books = mapping.integration.quickbooks
    return books.remote_id if books else ""
