"""The deals of the small seed: opportunities at every step of their life, with the quotes, orders and bills beside.

A deal teaches something or stands for a kind of document; `make run` shows them all. Prices are list prices unless
told. Products are named by their codes, accounts by their place in the small seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from .objects.sales import STAGES
from .times import wire

if TYPE_CHECKING:
    from .seeding import Row, Seeder

_CENT = Decimal("0.01")
WHOLESALE = "Wholesale"
WON, LOST, PROPOSAL = "Closed Won", "Closed Lost", "Proposal/Price Quote"


@dataclass(frozen=True)
class DealLine:
    """Some of a product; `price` when it is not the list price, `discount` in percent."""

    code: str
    quantity: str
    price: str = ""
    discount: str = ""


@dataclass(frozen=True)
class Deal:
    """One opportunity. `account` is None for one that nobody has assigned yet; `amount` counts without lines."""

    account: int | None
    name: str
    stage: str
    generate: str = ""
    lines: tuple[DealLine, ...] = ()
    amount: str = ""
    sku: str = ""
    book: str = ""
    days: int = -5


DEALS = (
    Deal(1, "Courtyard fountain", WON, "Invoice",
         (DealLine("SVC-DES", "4"), DealLine("FTN-ROCK", "1"), DealLine("SVC-INS", "6.5"))),
    Deal(3, "Front garden", WON, "Invoice",
         (DealLine("SVC-DES", "12.25"), DealLine("LGT-PATH", "8", discount="10"), DealLine("IRR-HEAD", "3"))),
    Deal(2, "Parts over the counter", WON, "Sales Receipt", (DealLine("FTN-PUMP", "2"), DealLine("IRR-PIPE", "7"))),
    Deal(11, "Returned path lights", WON, "Credit Memo", (DealLine("LGT-PATH", "-2"),)),
    Deal(5, "Roof terrace", PROPOSAL, "Estimate",
         (DealLine("SVC-DES", "20", "70"), DealLine("SOIL-50", "40", "9.5")), days=21),
    Deal(6, "Irrigation, phase 1", WON, "", (DealLine("IRR-HEAD", "24"), DealLine("IRR-PIPE", "60"))),
    Deal(7, "Design flat fee", WON, "Invoice", amount="1500.00", sku="SVC-DES"),
    Deal(9, "Emergency call-out", WON, "Invoice", amount="448.39"),
    Deal(10, "Copper birdbaths", WON, "Invoice", (DealLine("ORN-BATH", "3"), DealLine("SVC-INS", "1"))),
    Deal(13, "Trade order", WON, "Invoice", (DealLine("FTN-PUMP", "30", "11.25"),), book=WHOLESALE),
    Deal(14, "Welcome package", WON, "Invoice", (DealLine("SVC-PEST", "1", discount="100"), DealLine("SVC-CARE", "1"))),
    Deal(15, "Pflanzen für den Innenhof – Ältestenrat", WON, "Invoice", (DealLine("SOIL-50", "12"),)),
    Deal(17, "Spring care", "Negotiation/Review", "Invoice", (DealLine("SVC-CARE", "4", discount="5"),), days=14),
    Deal(18, "Hotel atrium", "Qualification", "", (DealLine("FTN-ROCK", "3"),), days=60),
    Deal(19, "Park benches", LOST, "", (DealLine("SVC-INS", "10"),), days=-20),
    Deal(None, "Walk-in request", WON, "Invoice", (DealLine("SVC-DES", "1"),)),
)  # fmt: skip
#: (deal, status) of quotes; (account, status, lines) of orders; (account, status, lines) of bills.
QUOTES = (("Roof terrace", "Accepted"), ("Spring care", "Draft"))
ORDERS = (
    (20, "Activated", (DealLine("IRR-HEAD", "10"), DealLine("IRR-PIPE", "25"))),
    (22, "Draft", (DealLine("FTN-ROCK", "2"),)),
)
BILLS = (
    (3, "Approved", (DealLine("SVC-CARE", "2"), DealLine("SOIL-50", "2.5", "10.125"))),
    (23, "Draft", (DealLine("SVC-PEST", "1"),)),
)


class Deals:
    """Writes the deals into an org that has its accounts, contacts and products."""

    def __init__(
        self, seeder: Seeder, accounts: list[str], contacts: list[str], entries: list[tuple[Row, Row]]
    ) -> None:
        self._seeder = seeder
        self._org = seeder.org
        self._accounts, self._contacts = accounts, contacts
        self._entries = {str(product["ProductCode"]): (product, entry) for product, entry in entries}
        self._books: dict[str, dict[str, str]] = {
            "": {c: str(e["Id"]) for c, (_, e) in self._entries.items()}
        }
        self._stamp = wire(seeder.now - timedelta(days=2))

    def write(self) -> None:
        """Everything; quotes and orders where the org has them."""
        self._wholesale()
        made = {deal.name: (deal, self._opportunity(deal)) for deal in DEALS}
        if self._org.flavour.quotes:
            for name, status in QUOTES:
                self._quote(*made[name], status)
        if self._org.flavour.orders:
            for number, (account, status, lines) in enumerate(ORDERS, 1):
                self._order(number, account, status, lines)
        for number, (account, status, lines) in enumerate(BILLS, 1):
            self._bill(number, account, status, lines)

    def _wholesale(self) -> None:
        """A second price book, a quarter cheaper."""
        book = self._seeder.one("Pricebook2", Name=WHOLESALE, IsActive=1)
        self._books[WHOLESALE] = {}
        self._org.facts["wholesale_price_book"] = book
        for code in ("FTN-PUMP", "FTN-ROCK", "IRR-HEAD", "IRR-PIPE"):
            product, entry = self._entries[code]
            self._books[WHOLESALE][code] = self._seeder.one(
                "PricebookEntry", Name=product["Name"], ProductCode=code, Pricebook2Id=book, Product2Id=product["Id"],
                UnitPrice=float(Decimal(str(entry["UnitPrice"])) * 3 / 4), IsActive=1,
            )  # fmt: skip

    # -- opportunities --------------------------------------------------------------------------------------

    def _opportunity(self, deal: Deal) -> str:
        record_id = self._org.new_id("006")
        lines = [self._line(record_id, deal, line) for line in deal.lines]
        amount = sum((Decimal(str(line["TotalPrice"])) for line in lines), Decimal(deal.amount or 0))
        pieces = sum(Decimal(line.quantity) for line in deal.lines)
        account = None if deal.account is None else self._accounts[deal.account]
        row: Row = {
            "Id": record_id, "AccountId": account, "Name": deal.name, "Amount": float(amount),
            "QBO_Generate__c": deal.generate or None, "Product_SKU__c": deal.sku or None,
            "HasOpportunityLineItem": int(bool(lines)), "Pricebook2Id": self._book_id(deal.book) if lines else None,
            "TotalOpportunityQuantity": float(pieces) if lines else None,
            **stage_values(deal.stage, amount, self._date(deal.days)),
        }  # fmt: skip
        self._seeder.insert("Opportunity", [row], self._stamp)
        self._seeder.insert("OpportunityLineItem", lines, self._stamp)
        if deal.account is not None:
            self._seeder.one(
                "OpportunityContactRole", OpportunityId=record_id, ContactId=self._contacts[deal.account],
                Role="Decision Maker", IsPrimary=1,
            )  # fmt: skip
        return record_id

    def _book_id(self, name: str) -> str:
        book: str = self._org.facts["wholesale_price_book" if name else "standard_price_book"]
        return book

    def _line(self, parent: str, deal: Deal, line: DealLine) -> Row:
        product, _ = self._entries[line.code]
        return {
            "Id": self._org.new_id("00k"), "OpportunityId": parent, "Name": f"{deal.name} {product['Name']}",
            "ProductCode": line.code, "Subtotal": float(self._gross(line)), "TotalPrice": float(self._net(line)),
            **self._priced(line, deal.book),
        }  # fmt: skip

    # -- lines ----------------------------------------------------------------------------------------------

    def _priced(self, line: DealLine, book: str = "") -> Row:
        product, entry = self._entries[line.code]
        return {
            "PricebookEntryId": self._books[book][line.code], "Product2Id": product["Id"],
            "Quantity": float(line.quantity), "UnitPrice": float(self._price(line)),
            "ListPrice": entry["UnitPrice"], "Description": product["Description"],
            "Discount": float(line.discount) if line.discount else None,
        }  # fmt: skip

    def _price(self, line: DealLine) -> Decimal:
        return Decimal(line.price or str(self._entries[line.code][1]["UnitPrice"]))

    def _gross(self, line: DealLine) -> Decimal:
        return (Decimal(line.quantity) * self._price(line)).quantize(_CENT, ROUND_HALF_UP)

    def _net(self, line: DealLine) -> Decimal:
        kept = 1 - Decimal(line.discount or 0) / 100
        return (Decimal(line.quantity) * self._price(line) * kept).quantize(_CENT, ROUND_HALF_UP)

    def _total(self, lines: tuple[DealLine, ...]) -> Decimal:
        return sum((self._net(line) for line in lines), Decimal(0))

    # -- quotes, orders, bills ------------------------------------------------------------------------------

    def _quote(self, deal: Deal, opportunity: str, status: str) -> None:
        total = self._total(deal.lines)
        gross = sum((self._gross(line) for line in deal.lines), Decimal(0))
        quote = self._seeder.one(
            "Quote", Name=f"{deal.name} quote", OpportunityId=opportunity, Status=status,
            AccountId=self._accounts[deal.account or 0], ContactId=self._contacts[deal.account or 0],
            Pricebook2Id=self._book_id(deal.book),
            Subtotal=float(gross), TotalPrice=float(total), GrandTotal=float(total), LineItemCount=len(deal.lines),
            Discount=float((1 - total / gross) * 100), ExpirationDate=self._day(30),
        )  # fmt: skip
        for line in deal.lines:
            self._seeder.one(
                "QuoteLineItem", QuoteId=quote, Subtotal=float(self._gross(line)),
                TotalPrice=float(self._net(line)), **self._priced(line, deal.book),
            )  # fmt: skip

    def _order(self, number: int, account: int, status: str, lines: tuple[DealLine, ...]) -> None:
        active = status == "Activated"
        order = self._seeder.one(
            "Order", AccountId=self._accounts[account], Status=status, StatusCode=status,
            EffectiveDate=self._day(-3), Pricebook2Id=self._book_id(""), TotalAmount=float(self._total(lines)),
            PoNumber=f"PO-{4400 + number}",
            ActivatedDate=self._stamp if active else None, ActivatedById=self._seeder.admin if active else None,
            QBO_Generate__c="Invoice",
        )  # fmt: skip
        for line in lines:
            priced = self._priced(line)
            priced.pop("Discount")
            self._seeder.one(
                "OrderItem", OrderId=order, AvailableQuantity=priced["Quantity"],
                TotalPrice=float(self._net(line)), **priced,
            )  # fmt: skip

    def _bill(self, number: int, account: int, status: str, lines: tuple[DealLine, ...]) -> None:
        bill = self._seeder.one(
            "Billing__c", Account__c=self._accounts[account], Status__c=status,
            Contact__c=self._contacts[account], Billing_Date__c=self._day(-3), Due_Date__c=self._day(27),
            PO_Number__c=f"PO-{7700 + number}", Total__c=float(self._total(lines)),
        )  # fmt: skip
        for position, line in enumerate(lines, 1):
            product, _ = self._entries[line.code]
            self._seeder.one(
                "Billing_Line__c", Billing__c=bill, Product__c=product["Id"],
                Position__c=float(position), Description__c=product["Description"], Quantity__c=float(line.quantity),
                Unit_Price__c=float(self._price(line)), Amount__c=float(self._net(line)),
            )  # fmt: skip

    def _date(self, days: int) -> date:
        return (self._seeder.now + timedelta(days=days)).date()

    def _day(self, days: int) -> str:
        return self._date(days).isoformat()


def stage_values(stage: str, amount: Decimal, closes: date) -> Row:
    """The fields of an opportunity that follow from its stage, amount and close date."""
    _, category, probability, closed, won = next(known for known in STAGES if known[0] == stage)
    quarter = (closes.month - 1) // 3 + 1
    return {
        "StageName": stage, "CloseDate": closes.isoformat(), "Probability": float(probability),
        "IsClosed": int(closed), "IsWon": int(won), "ExpectedRevenue": float(amount * probability / 100),
        "ForecastCategory": category, "ForecastCategoryName": category,
        "FiscalYear": closes.year, "FiscalQuarter": quarter, "Fiscal": f"{closes.year} {quarter}",
    }  # fmt: skip
