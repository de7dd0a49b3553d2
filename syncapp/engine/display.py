"""What people call a record: its name; money that has none by its number, else by whose it is, how much and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.contracts import Body, RemoteRecord, Side
from syncapp.engine.compiled import CompiledRow, CompiledSpec, compile_spec
from syncapp.engine.mapping import MappingSpec
from syncapp.engine.paths import read

TOTAL = "TotalAmt"
"""What every document and payment of QuickBooks comes to (quickbooks.md 3.6)."""


def display_name(side: Side, record: RemoteRecord | Body, spec: MappingSpec) -> str:
    """The name of a record as a person knows it, without the suffix of inactive ones; its id where nothing names it."""
    compiled = compile_spec(spec)
    body = record.body if isinstance(record, RemoteRecord) else record
    return str(_name(side, body, compiled) or _described(side, body, compiled) or body.get("Id") or "")


def paths_of_names(side: Side, compiled: CompiledSpec) -> Iterator[str]:
    """What has to be read, beside the mapped fields, to call a record something: whose payment it is."""
    if side is Side.SALESFORCE and _nameless(compiled):
        yield from filter(None, [_account_name(compiled)])


def _name(side: Side, body: Body, compiled: CompiledSpec) -> Any:
    path = compiled.traits(side).name_path
    row = next((row for row in compiled.rows if ".".join(row.members(side)) == path), None)
    return row.read(side)(body) if row is not None else body.get(path)


def _nameless(compiled: CompiledSpec) -> bool:
    """Whether a mapping makes money of records of which nobody reads a name."""
    traits = compiled.sf_traits
    named = {".".join(row.sf_members) for row in compiled.rows} | set(traits.system_fields)
    return compiled.qbo_traits.document is not None and traits.name_path not in named


def _described(side: Side, body: Body, compiled: CompiledSpec) -> str:
    """`CHK-7`, or `Acme, 80.00, 2026-11-25`: the rows are known by the member of QuickBooks that they map."""
    traits = compiled.qbo_traits
    if traits.document is None:
        return ""
    number = _value(traits.name_path, side, body, compiled)
    if number:
        return str(number)
    whose = read(
        body, f"{traits.document.party}.name" if side is Side.QUICKBOOKS else _account_name(compiled)
    )
    amount, day = (_value(path, side, body, compiled) for path in (TOTAL, traits.date_path))
    told = (
        str(whose or ""),
        f"{amount:,.2f}" if isinstance(amount, Decimal) else "",
        day.isoformat() if isinstance(day, date) else "",
    )
    return ", ".join(filter(None, told))


def _value(qbo_path: str, side: Side, body: Body, compiled: CompiledSpec) -> Any:
    row = _row_of(qbo_path, compiled)
    return row.read(side)(body) if row is not None else None


def _row_of(qbo_path: str, compiled: CompiledSpec) -> CompiledRow | None:
    return next((row for row in compiled.rows if qbo_path and row.spec.qbo_path == qbo_path), None)


def _account_name(compiled: CompiledSpec) -> str:
    """The path in Salesforce of the name of the account whose money it is: `Account__r.Name` for a row that maps
    `Account__c` (salesforce.md, relationships in SOQL); empty where no row maps one."""
    party = compiled.qbo_traits.document
    row = _row_of(party.party, compiled) if party is not None else None
    path = row.spec.sf_path if row is not None else ""
    if path.endswith("__c"):
        return f"{path.removesuffix('__c')}__r.Name"
    return f"{path.removesuffix('Id')}.Name" if path.endswith("Id") and path != "Id" else ""
