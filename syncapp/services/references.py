"""The parents that a slice's records refer to: are they linked, and what is their id on the other side?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from connectors.contracts import Side
from syncapp.engine.compiled import CompiledSpec, compile_spec
from syncapp.engine.decision import ParentNeed, Projection
from syncapp.engine.documents import is_document
from syncapp.engine.payments import is_payment
from syncapp.engine.ruled_rows import BILL_EMAIL
from syncapp.models import Mapping as MappingRow
from syncapp.services.facts import books_of
from syncapp.services.slice_context import SliceContext
from syncapp.services.watched import object_of
from syncapp.store import aliases, links, specs

PROBLEM_STATES = {
    "data_error": "problem",
    "blocked": "problem",
    "candidate": "problem",
    "quarantined": "problem",
}

OWN_EMAIL = "PrimaryEmailAddr.Address"
OPEN_AMOUNT = "doc_balance"
"""The row of a document that says what is open on it."""


@dataclass(frozen=True, slots=True)
class Parents:
    """What the slice's references came to: needs per link, and the parents' link ids by (mapping key, side, id)."""

    needs: Mapping[UUID, tuple[ParentNeed, ...]]
    links: Mapping[tuple[str, Side, str], UUID]


Wanted = tuple[UUID, str, str, Side, str]
"""(link, canonical key, mapping key, side, the id that this side's record holds)."""


def resolve(
    context: SliceContext,
    projections: Mapping[UUID, Mapping[Side, Projection]],
    planned: Mapping[UUID, str] | None = None,
) -> Parents:
    """Look up every reference in these projections: one query per mapping, side and alias table, not per record.

    `planned` are links that count as linked (link -> what stands for the id on the missing side).
    """
    compiled = compile_spec(context.spec)
    wanted: list[Wanted] = list(
        dict.fromkeys(
            (link_id, row.key, row.spec.refers_to, side, str(value))
            for link_id, by_side in projections.items()
            for side, projection in by_side.items()
            for row, value in compiled.referred(projection)
        )
    )
    if not wanted:
        return Parents({}, {})
    needs: dict[UUID, list[ParentNeed]] = {}
    found: dict[tuple[str, Side, str], UUID] = {}
    mappings = {
        row.key: row for row in MappingRow.objects.filter(integration_id=context.mapping.integration_id)
    }
    for mapping_key, side in sorted({(item[2], item[3]) for item in wanted}):
        mapping = mappings.get(mapping_key)
        chosen = [item for item in wanted if item[2] == mapping_key and item[3] is side]
        _resolve_one(context, mapping, side, chosen, needs, found, planned or {})
    if is_payment(compiled):
        _with_open_amounts(needs, found)
    if is_document(compiled):
        _with_emails(compiled, needs, found, mappings)
    _with_currencies(context, needs, found)
    return Parents({link_id: tuple(items) for link_id, items in needs.items()}, found)


def _with_open_amounts(
    needs: dict[UUID, list[ParentNeed]], found: Mapping[tuple[str, Side, str], UUID]
) -> None:
    """Give each document that a payment is applied to what was open on it, by one query."""
    amounts = links.held_values(set(found.values()), OPEN_AMOUNT)
    for link_id, items in needs.items():
        needs[link_id] = [
            need if amount is None else replace(need, open_amount=Decimal(str(amount)))
            for need in items
            for amount in (amounts.get(found.get((need.mapping, need.side, need.remote_id))),)
        ]


def _with_emails(
    compiled: CompiledSpec,
    needs: dict[UUID, list[ParentNeed]],
    found: Mapping[tuple[str, Side, str], UUID],
    mappings: Mapping[str, MappingRow],
) -> None:
    """Give each document's customer the e-mail address that QuickBooks held for it, without a call."""
    party = compiled.qbo_traits.document
    mailed = any(row.spec.qbo_path == BILL_EMAIL for row in compiled.rows)
    whose = {row.key for row in compiled.references if party and row.spec.qbo_path == party.party}
    customers = {need.mapping for items in needs.values() for need in items if need.key in whose}
    for mapping_key in sorted(customers) if mailed else ():
        spec = specs.published_spec(mappings[mapping_key]) if mapping_key in mappings else None
        row = next((row for row in spec.fields if row.qbo_path == OWN_EMAIL), None) if spec else None
        if row is None:
            continue
        ids = {link_id for (key, _, _), link_id in found.items() if key == mapping_key}
        emails = links.held_values(ids, row.key)
        for link_id, items in needs.items():
            needs[link_id] = [
                replace(
                    need, email=str(emails.get(found.get((mapping_key, need.side, need.remote_id))) or "")
                )
                if need.key in whose and need.mapping == mapping_key
                else need
                for need in items
            ]


CUSTOMER = "customer"
"""Key of the row that names whom a document is for."""


def _with_currencies(
    context: SliceContext,
    needs: dict[UUID, list[ParentNeed]],
    found: Mapping[tuple[str, Side, str], UUID],
) -> None:
    """Add what customers are kept in, where a company has several currencies; one query."""
    customers = {
        (need.mapping, need.side, need.remote_id)
        for items in needs.values()
        for need in items
        if need.key == CUSTOMER
    }
    links_ = {key: found[key] for key in customers if key in found}
    if not links_ or not books_of(context.connections[Side.QUICKBOOKS]).multicurrency:
        return
    known = links.currencies(list(links_.values()))
    for link_id, items in needs.items():
        needs[link_id] = [
            replace(need, currency=known.get(links_[key], ""))
            if need.key == CUSTOMER and (key := (need.mapping, need.side, need.remote_id)) in links_
            else need
            for need in items
        ]


def _resolve_one(
    context: SliceContext,
    mapping: MappingRow | None,
    side: Side,
    wanted: Sequence[Wanted],
    needs: dict[UUID, list[ParentNeed]],
    found: dict[tuple[str, Side, str], UUID],
    planned: Mapping[UUID, str],
) -> None:
    ids = sorted({item[4] for item in wanted})
    winner: dict[str, str] = {}
    known: dict[str, tuple[UUID, str, str, str]] = {}
    if mapping is not None:
        winner = aliases.winners(context.connections[side].id, object_of(mapping, side), ids)
        known = links.linked_ids(
            mapping.integration_id,
            mapping.sf_object,
            mapping.qbo_entity,
            side,
            sorted({winner.get(id_, id_) for id_ in ids}),
        )
    for link_id, key, mapping_key, _, remote_id in wanted:
        parent = known.get(winner.get(remote_id, remote_id))
        if parent is not None:
            found[mapping_key, side, remote_id] = parent[0]
            if parent[0] in planned and not parent[1]:
                parent = (parent[0], planned[parent[0]], "linked", "none")
        needs.setdefault(link_id, []).append(
            ParentNeed(
                key=key,
                mapping=mapping_key,
                side=side,
                remote_id=remote_id,
                state=_state(parent),
                other_id=parent[1] if parent is not None else "",
            )
        )


def _state(parent: tuple[UUID, str, str, str] | None) -> str:
    if parent is None:
        return "missing"
    _, other_id, lifecycle, attention = parent
    if lifecycle == "linked" and other_id:
        return "linked"
    if lifecycle == "gone":
        return "gone"
    if attention == "skipped":
        return "skipped"
    return PROBLEM_STATES.get(attention, "unlinked")
