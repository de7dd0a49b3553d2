"""After each document write: did QuickBooks come to the same money? (promise G6)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connectors.contracts import RemoteRecord, Side
from syncapp.engine import documents
from syncapp.engine.compiled import compile_spec
from syncapp.engine.projection import from_json
from syncapp.services.facts import books_of
from syncapp.store import reference_lists
from syncapp.store.intents import Intent
from syncapp.store.links import LinkRow

if TYPE_CHECKING:
    from syncapp.services.closing import Place

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
    if intent.side is not Side.QUICKBOOKS or record is None or not documents.is_document(compiled):
        return None
    written = {change["key"]: change["after"] for change in intent.changes}
    unit = next((row.spec.unit for row in compiled.line_rows if row.key in written), "")
    if not unit:
        return None
    connection = place.connections[Side.QUICKBOOKS]
    books = books_of(connection)
    lists = {} if books.us else reference_lists.load(connection.pk, TAX_LISTS)
    sent: Mapping[str, Any] = from_json(place.spec, written) or {}
    found = documents.disagreement(place.spec, sent, record.body, books, lists)
    if found is None:
        return None
    what = WORDS[found.what] + (f" (line {found.position})" if found.position else "")
    return unit, {"what": what, "ours": str(found.ours), "theirs": str(found.theirs), "by": str(found.by)}


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
