"""The lines and sums of a document on both sides, as a person compares them: to the cent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from connectors.contracts import Side
from syncapp.engine.comparing import Compared, LinePair, LinesCompared
from syncapp.engine.decision import Situation
from syncapp.engine.lines import ID, KIND, LABELS, Line
from syncapp.engine.lists import BY_ID, BY_SKU, NotListed
from syncapp.engine.mapping import MappingSpec
from syncapp.engine.pricing import AUTO
from syncapp.models import RecordLink

COLUMNS = ("quantity", "unit_price", "amount", "tax_code")
SUMS = {"lines": "Subtotal", "discount": "Discount", "shipping": "Shipping", "net": "Total before tax"}
APPLIED = {"lines": "Applied"}
"""What the lines of a payment come to."""
TOTALS = {
    "doc_tax": "Tax",
    "doc_total": "Total",
    "doc_balance": "Open balance",
    "paid_total": "Amount",
    "unapplied": "Not applied yet",
}
NAMES = ("item", "linked_invoice", "linked_credit", "linked_opportunity")
"""The rows of a line that say what it is for, best first."""

Names = Mapping[tuple[str, str], tuple[str, UUID | None]]


@dataclass(frozen=True, slots=True)
class LineShown:
    """One side's line. `link` is the record of its product here."""

    name: str
    kind: str
    description: str
    quantity: Decimal | None
    unit_price: Decimal | None
    amount: Decimal | None
    tax_code: str
    link: UUID | None = None
    discount: Decimal | None = None
    """In percent, taken off the amount."""


@dataclass(frozen=True, slots=True)
class LineSides:
    """One line on both sides. `differing` are what of it differs; `missing` is the side that lacks it; `by` is how much
    more QuickBooks has, and `explained` says why amounts differ that are meant to."""

    position: int
    sf: LineShown | None
    qbo: LineShown | None
    differing: frozenset[str]
    missing: str = ""
    by: Decimal | None = None
    explained: str = ""

    @property
    def agrees(self) -> bool:
        return not self.differing and not self.missing

    @property
    def shown(self) -> LineShown | None:
        """The side that names the line."""
        return self.sf or self.qbo


@dataclass(frozen=True, slots=True)
class Figure:
    """A sum of the document on both sides; `by` is how much more QuickBooks has, where they differ."""

    key: str
    label: str
    sf: Decimal | None
    qbo: Decimal | None
    by: Decimal | None = None


@dataclass(frozen=True, slots=True)
class DocumentSides:
    """Lines and sums. `columns` are what a line of this mapping has; `both` is whether there are two sides yet."""

    label: str
    currency: str
    lines: tuple[LineSides, ...]
    figures: tuple[Figure, ...]
    columns: tuple[str, ...]
    both: bool

    @property
    def differences(self) -> int:
        """How many lines and sums differ."""
        return sum(not line.agrees for line in self.lines) + sum(
            figure.by is not None for figure in self.figures
        )


def of(
    link: RecordLink, spec: MappingSpec, compared: Compared, names: Names, situation: Situation
) -> DocumentSides | None:
    """The document of a record that has lines; None for others, and where its lines were not read yet."""
    lines, both = compared.lines, bool(link.sf_id and link.qbo_id)
    if lines is None or not (lines.pairs or both):
        return None
    rows = {row.key: row for row in spec.lines_of(lines.key)}
    label = next(row.label for row in spec.header if row.key == lines.key)
    shown = _Shown(spec, rows, names)
    return DocumentSides(
        label=label,
        currency=_currency(compared, situation),
        lines=tuple(
            _line(place, pair, lines.target, shown, both) for place, pair in enumerate(lines.pairs, start=1)
        ),
        figures=(*_sums(lines, both, items="item" in rows), *_totals(spec, compared, both)),
        columns=tuple(key for key in COLUMNS if key in rows),
        both=both,
    )


def _currency(compared: Compared, situation: Situation) -> str:
    now = compared.now
    return str(now.qbo.get("currency") or now.sf.get("currency") or situation.books.currency)


@dataclass(frozen=True, slots=True)
class _Shown:
    """Turns canonical lines into what a person reads."""

    spec: MappingSpec
    rows: Mapping[str, Any]
    names: Names

    def line(self, line: Line | None) -> LineShown | None:
        if line is None:
            return None
        name, link = self._name(line)
        return LineShown(
            name=name,
            kind=str(line.get("line_type") or LABELS.get(str(line.get(KIND)), "")),
            description=_text(line.get("description")),
            quantity=_number(line.get("quantity")),
            unit_price=_number(line.get("unit_price")),
            amount=_number(line.get("amount")),
            tax_code=self._tax_code(line),
            discount=_number(line.get("discount")),
            link=link,
        )

    def _name(self, line: Line) -> tuple[str, UUID | None]:
        for key in NAMES:
            row, value = self.rows.get(key), line.get(key)
            if row is not None and value is not None and not isinstance(value, NotListed):
                text = str(value)
                found = self.names.get((row.refers_to, text)) or self.names.get((row.lookup, text))
                if found is not None:
                    return found
                if text.startswith((BY_ID, BY_SKU)):
                    return text.removeprefix(BY_ID).removeprefix(BY_SKU), None
        told = line.get("item_name") or _named_there(line) or _applied_to(line)
        return str(told or ""), None

    def _tax_code(self, line: Line) -> str:
        value = line.get("tax_code")
        if value is None or value == AUTO or isinstance(value, NotListed):
            return ""
        found = self.names.get(("TaxCode", str(value)))
        return found[0] if found is not None else str(value)


def _named_there(line: Line) -> str:
    """The item's name as QuickBooks wrote it into the line."""
    detail = (line.get("more") or {}).get("SalesItemLineDetail") or {}
    return str((detail.get("ItemRef") or {}).get("name") or "")


def _applied_to(line: Line) -> str:
    """What a payment was applied to."""
    kind = str(line.get("linked_type") or "")
    return f"{kind} {line.get('linked_id') or ''}".strip()


def _line(place: int, pair: LinePair, target: Side, shown: _Shown, both: bool) -> LineSides:
    source, held = shown.line(pair.source), shown.line(pair.held)
    sf, qbo = (source, held) if target is Side.QUICKBOOKS else (held, source)
    wanted = _number((pair.wanted or {}).get("amount"))
    by = None
    if "amount" in pair.differing and held is not None and held.amount is not None and wanted is not None:
        by = held.amount - wanted if target is Side.QUICKBOOKS else wanted - held.amount
    return LineSides(
        position=place,
        sf=sf,
        qbo=qbo,
        differing=frozenset(pair.differing) if both else frozenset(),
        missing=_missing(pair, target, source, held) if both else "",
        by=by,
        explained=_explained(pair, source, held),
    )


def _missing(pair: LinePair, target: Side, source: LineShown | None, held: LineShown | None) -> str:
    if held is None:
        return target.value
    if pair.wanted is None:
        return target.other.value
    return "" if source is not None or pair.agrees else target.other.value


def _explained(pair: LinePair, source: LineShown | None, held: LineShown | None) -> str:
    """Why a line that agrees shows two amounts, or stands on one side alone."""
    if not pair.agrees or held is None:
        return ""
    if source is None:
        return "Made by the mapping" if not str((pair.wanted or {}).get(ID) or "").isdigit() else ""
    if source.amount is not None and held.amount is not None and source.amount != held.amount:
        return "Tax or a discount stands apart"
    return ""


def _sums(lines: LinesCompared, both: bool, *, items: bool) -> list[Figure]:
    """Subtotal, discount, shipping, net: as the source's lines come to in the target, and as the target holds them."""
    made = []
    for key, label in (SUMS if items else APPLIED).items():
        wanted, held = getattr(lines.wanted, key), getattr(lines.held, key)
        sf, qbo = (wanted, held) if lines.target is Side.QUICKBOOKS else (held, wanted)
        if key in ("discount", "shipping") and not sf and not qbo:
            continue
        made.append(_figure(key, label, sf, qbo, both))
    nothing_between = [figure.key for figure in made] == ["lines", "net"]
    return made[:1] if nothing_between else made


def _totals(spec: MappingSpec, compared: Compared, both: bool) -> list[Figure]:
    """What QuickBooks computes and Salesforce shows."""
    keys = {row.key for row in spec.header}
    return [
        _figure(
            key,
            label,
            _number(compared.now.sf.get(key)),
            _number(compared.now.qbo.get(key)),
            both and key not in compared.agree,
        )
        for key, label in TOTALS.items()
        if key in keys and (both or compared.now.sf.get(key) or compared.now.qbo.get(key))
    ]


def _figure(key: str, label: str, sf: Decimal | None, qbo: Decimal | None, compared: bool) -> Figure:
    by = None
    if compared and sf != qbo:
        by = (qbo or Decimal(0)) - (sf or Decimal(0))
    return Figure(key, label, sf, qbo, by or None)


def _number(value: Any) -> Decimal | None:
    return value if isinstance(value, Decimal) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
