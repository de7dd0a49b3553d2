"""Sales tax: US manual, US automated by a small rate table, and the non-US kind per line (quickbooks.md 3.17, 3.18)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connectors.simulator.quickbooks import faults
from connectors.simulator.quickbooks.context import Context
from connectors.simulator.quickbooks.faults import Fault
from connectors.simulator.quickbooks.records import Body
from connectors.simulator.quickbooks.rules.lines import discount_of, extra_lines, item_lines
from connectors.simulator.quickbooks.times import cents, money

# Where the automated sales tax of the stand-in knows rates: state to tax code. Anywhere else the rate is nil.
_AUTOMATED = {"CA": "2", "AZ": "3"}
_HUNDRED = Decimal(100)
#: The tax code of the automated tax itself, which nobody may name.
CUSTOM_SALES_TAX = "CustomSalesTax"


def set_taxes(context: Context, body: Body, clean: Body, customer: Body | None) -> Decimal:
    """Fill `TxnTaxDetail` and give back the total tax."""
    sent = clean.get("TxnTaxDetail") if isinstance(clean.get("TxnTaxDetail"), dict) else None
    if not context.preference("TaxPrefs", "UsingSalesTax", False):
        body["TxnTaxDetail"] = {"TotalTax": 0}
        return Decimal(0)
    if context.is_us:
        return _us(context, body, sent, customer)
    return _elsewhere(context, body)


def check_not_applicable(body: Body, clean: Body) -> None:
    """Refuse tax figures on a document that says there is no tax, in any country (6170)."""
    sent = clean.get("TxnTaxDetail")
    if body.get("GlobalTaxCalculation") != "NotApplicable" or not isinstance(sent, dict):
        return
    if sent.get("TaxLine") or sent.get("TotalTax") or sent.get("TxnTaxCodeRef"):
        raise faults.business(
            "TxnTaxDetail is not allowed when GlobalTaxCalculation is NotApplicable.",
            "6170",
            "Tax detail not allowed",
        )


def _us(context: Context, body: Body, sent: Body | None, customer: Body | None) -> Decimal:
    automated = bool(context.preference("TaxPrefs", "PartnerTaxEnabled", False))
    _check_sent(sent, automated)
    code = _automated_code(body) if automated else _manual_code(context, body, sent, customer)
    taxable = _taxable(body, "TAX")
    rates = _rates(context, code) if code else []
    if not automated and not taxable and not code:
        body["TxnTaxDetail"] = {"TotalTax": 0}
        return Decimal(0)
    lines = [(number, rate, taxable) for number, rate in rates]
    override = sent.get("TotalTax") if sent is not None and sent.get("TotalTax") is not None else None
    return _store(body, code, lines, None if override is None else cents(Decimal(override)))


def _check_sent(sent: Body | None, automated: bool) -> None:
    """Refuse the automated tax's own code (6160), and a tax line that names no rate (6470)."""
    asked = (sent or {}).get("TxnTaxCodeRef")
    if automated and isinstance(asked, dict) and asked.get("value") == CUSTOM_SALES_TAX:
        raise custom_sales_tax("6160", "TxnTaxCodeRef")
    for line in (sent or {}).get("TaxLine") or []:
        detail = line.get("TaxLineDetail")
        if isinstance(detail, dict) and not detail.get("TaxRateRef"):
            raise faults.business(
                "A tax line needs a tax rate.", "6470", "Tax rate is missing", "TaxLineDetail.TaxRateRef"
            )


def custom_sales_tax(code: str, element: str) -> Fault:
    """The refusal of the code that the automated tax keeps to itself."""
    return faults.business(
        "CustomSalesTax id cannot be used.", code, "CustomSalesTax id cannot be used", element
    )


def _manual_code(context: Context, body: Body, sent: Body | None, customer: Body | None) -> str:
    asked = (sent or {}).get("TxnTaxCodeRef") or (
        (body.get("TxnTaxDetail") or {}).get("TxnTaxCodeRef") if sent is None else None
    )
    if isinstance(asked, dict) and asked.get("value"):
        if context.get("taxcode", asked["value"]) is None:
            raise faults.invalid_reference("TaxCodes", asked["value"])
        return str(asked["value"])
    if not _taxable(body, "TAX"):
        return ""
    default = (customer or {}).get("DefaultTaxCodeRef") or {}
    return str(default.get("value", ""))


def _automated_code(body: Body) -> str:
    address = body.get("ShipAddr") or body.get("BillAddr") or {}
    return _AUTOMATED.get(str(address.get("CountrySubDivisionCode", "CA")), "")


def _taxable(body: Body, code: str) -> Decimal:
    """The taxed amount, less its share of the discount when tax comes after it."""
    lines = body.get("Line", [])
    taxed = _sum(line for line in item_lines(lines) if _code(line) == code)
    if body.get("ApplyTaxAfterDiscount"):
        everything = _sum(item_lines(lines))
        if everything:
            taxed -= cents(discount_of(lines) * taxed / everything)
    return taxed + _sum(line for line in extra_lines(lines) if _code(line) == code)


def _rates(context: Context, code: str) -> list[tuple[str, Decimal]]:
    """The rates of a tax code: (rate id, percent)."""
    found = context.get("taxcode", code) or {}
    details = (found.get("SalesTaxRateList") or {}).get("TaxRateDetail", [])
    rates = []
    for detail in details:
        number = detail["TaxRateRef"]["value"]
        rate = context.get("taxrate", number) or {}
        rates.append((number, Decimal(rate.get("RateValue", 0))))
    return rates


def _elsewhere(context: Context, body: Body) -> Decimal:
    mode = body.setdefault("GlobalTaxCalculation", "TaxExcluded")
    if mode == "NotApplicable":
        body.pop("TxnTaxDetail", None)
        return Decimal(0)
    lines = body.get("Line", [])
    everything = _sum(item_lines(lines))
    share = discount_of(lines) / everything if everything else Decimal(0)
    bases: dict[str, tuple[Decimal, Decimal]] = {}
    remainder = Decimal(0)
    for line in [*item_lines(lines), *extra_lines(lines)]:
        code = _code(line)
        if not code:
            continue
        net = Decimal(line["Amount"]) * (1 - share)
        line_tax = Decimal(0)
        for number, rate in _rates(context, code):
            base, _ = bases.get(number, (Decimal(0), rate))
            bases[number] = (base + net, rate)
            line_tax += net * rate / _HUNDRED
        gross = line["SalesItemLineDetail"].get("TaxInclusiveAmt")
        if mode == "TaxInclusive" and gross:
            remainder += Decimal(gross) * (1 - share) - net - line_tax
    taxed = [(number, rate, cents(base)) for number, (base, rate) in bases.items()]
    plain = sum((cents(base * rate / _HUNDRED) for _, rate, base in taxed), Decimal(0))
    exact = sum((base * rate / _HUNDRED for base, rate in bases.values()), Decimal(0))
    total = cents(exact + remainder) if mode == "TaxInclusive" and remainder else plain
    return _store(body, "", taxed, total)


def _store(
    body: Body, code: str, taxed: list[tuple[str, Decimal, Decimal]], total: Decimal | None
) -> Decimal:
    """Write the tax lines; a given `total` is spread over the rates, the last one taking the rest."""
    amounts = [cents(base * rate / _HUNDRED) for _, rate, base in taxed]
    computed = sum(amounts, Decimal(0))
    if total is not None and amounts and total != computed:
        spread = [cents(amount * total / computed) if computed else Decimal(0) for amount in amounts]
        spread[-1] += total - sum(spread, Decimal(0))
        amounts = spread
    result = computed if total is None else total
    detail: Body = {"TxnTaxCodeRef": {"value": code}} if code else {}
    detail["TotalTax"] = money(result)
    if taxed:
        detail["TaxLine"] = [
            {
                "Amount": money(amount),
                "DetailType": "TaxLineDetail",
                "TaxLineDetail": {
                    "TaxRateRef": {"value": number},
                    "PercentBased": True,
                    "TaxPercent": rate,
                    "NetAmountTaxable": money(base),
                },
            }
            for (number, rate, base), amount in zip(taxed, amounts, strict=True)
        ]
    body["TxnTaxDetail"] = detail
    return result


def _code(line: Body) -> str:
    reference = (line.get("SalesItemLineDetail") or {}).get("TaxCodeRef") or {}
    return str(reference.get("value", ""))


def _sum(lines: Any) -> Decimal:
    return sum((Decimal(line.get("Amount") or 0) for line in lines), Decimal(0))
