"""After each document write: did QuickBooks come to the same money? (promise G6)"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.contracts import RemoteRecord, Side
from syncapp.engine import documents, payments
from syncapp.engine.compiled import CompiledSpec, compile_spec
from syncapp.engine.projection import from_json, project
from syncapp.engine.taxes import RateDifference, Share
from syncapp.services.facts import books_of
from syncapp.store import reference_lists
from syncapp.store.intents import Intent
from syncapp.store.links import LinkRow

if TYPE_CHECKING:
    from syncapp.services.closing import Place

RATES_UNKNOWN = "QuickBooks does not say by which rate."
TAX_LISTS = ("TaxCode", "TaxRate")
WORDS = {
    "line": "The amount of a line",
    "lines": "The sum of the lines",
    "discount": "The discount",
    "shipping": "Shipping",
    "net": "The total before tax",
    "tax": "The tax",
}


def disagreement(
    place: Place, intent: Intent, record: RemoteRecord | None
) -> tuple[str, dict[str, Any]] | None:
    """The unit of the lines and what differs, in words and figures; None where all agrees or no lines were sent."""
    compiled = compile_spec(place.spec)
    checked = documents.is_document(compiled) or payments.is_payment(compiled)
    if intent.side is not Side.QUICKBOOKS or record is None or not checked:
        return None
    written = {change["key"]: change["after"] for change in intent.changes}
    unit = next((row.spec.unit for row in compiled.line_rows if row.key in written), "")
    if not unit:
        return None
    sent: Mapping[str, Any] = from_json(place.spec, written) or {}
    found = _found(place, compiled, sent, record)
    if found is None:
        return None
    figure = found.figure
    what = WORDS[figure.what] + (f" (line {figure.position})" if figure.position else "")
    told = {"what": what, "ours": str(figure.ours), "theirs": str(figure.theirs), "by": str(figure.by)}
    if figure.what == "tax":
        told |= {"of": "tax", "why": " ".join(map(_why, found.rates)) or RATES_UNKNOWN}
    return unit, told


def _found(
    place: Place, compiled: CompiledSpec, sent: Mapping[str, Any], record: RemoteRecord
) -> documents.Disagreement | None:
    if payments.is_payment(compiled):
        stored = project(Side.QUICKBOOKS, record, place.spec)
        figure = payments.difference(compiled, sent, stored)
        return documents.Disagreement(figure, ()) if figure is not None else None
    connection = place.connections[Side.QUICKBOOKS]
    books = books_of(connection)
    lists = {} if books.us else reference_lists.load(connection.pk, TAX_LISTS)
    return documents.disagreement(place.spec, sent, record.body, books, lists)


def _why(rate: RateDifference) -> str:
    """One sentence about a rate: what QuickBooks takes by it, and what was expected."""
    ours, theirs = rate.ours, rate.theirs
    if theirs is None or ours is None:
        share, told = (
            (ours, "was expected, and QuickBooks left it out")
            if ours
            else (theirs, "is asked for by no line")
        )
        return f"{rate.name}: {_taken(share)} {told}." if share else ""
    if ours.percent != theirs.percent:
        return (
            f"{rate.name}: QuickBooks takes {_plain(theirs.percent)} %, the list that was read of it says"
            f" {_plain(ours.percent)} %; {theirs.tax} in place of {ours.tax}."
        )
    if ours.base != theirs.base:
        return f"{rate.name}: QuickBooks takes {_taken(theirs)}, of {ours.base} it would be {ours.tax}."
    return f"{rate.name}: {_taken(ours)} comes to {ours.tax}, QuickBooks holds {theirs.tax}."


def _taken(share: Share) -> str:
    return f"{_plain(share.percent)} % of {share.base}"


def _plain(percent: Decimal) -> str:
    """A percentage without the zeros behind its last digit."""
    return f"{percent.normalize():f}"


def hold(link: LinkRow, details: Mapping[str, Any]) -> dict[str, Any]:
    """The hold of a document's lines that came to another amount, as `bases.held_after` keeps it."""
    return {
        "why": "money",
        "sf": {},
        "qbo": {},
        "base_sf": {},
        "base_qbo": {},
        "sf_token": link.sf_token,
        "qbo_token": link.qbo_token,
        "code": "engine.money_differs",
        "details": dict(details),
        "offers": ["leave"],
    }
