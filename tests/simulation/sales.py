"""Sales: opportunities with lines that become invoices. A document waits for its customer and its products, people
change, void and delete it on both sides, and at the end every total is right to the cent (sync-semantics 6, 9, 18.8).
"""

from __future__ import annotations

from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from syncapp.models import RecordLink
from tests.simulation import deeds, pairings
from tests.simulation.people import Refusal

if TYPE_CHECKING:
    from tests.simulation.oracle import View
    from tests.simulation.world import World

RECIPES = ("account_customer", "product_item", "opportunity_invoice")
LINES = (
    "SELECT Id, Product2Id, Quantity, UnitPrice, TotalPrice FROM OpportunityLineItem"
    " WHERE OpportunityId = '{}' ORDER BY Id"
)
Line = tuple[str, Decimal, Decimal, Decimal]
"""(product in the books, quantity, price, amount)"""


def _rows(world: World, soql: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.people._salesforce("GET", f"query?q={quote(soql)}")["records"]
    return found


def _make(world: World, name: str, **fields: Any) -> str:
    return str(world.people._salesforce("POST", f"sobjects/{name}", fields)["id"])


# --- what people do --------------------------------------------------------------------------------------------------


def product(world: World, chance: Random) -> str:
    """A new product with its standard price."""
    shop = world.shop
    if not shop.book:
        shop.book = str(_rows(world, "SELECT Id FROM Pricebook2 WHERE IsStandard = true")[0]["Id"])
    number = world.people.next_number()
    made = _make(world, "Product2", Name=f"Bench {number}", ProductCode=f"B{number}", IsActive=True)
    price = Decimal(chance.randint(1, 99_999)) / 100
    entry = _make(
        world,
        "PricebookEntry",
        Pricebook2Id=shop.book,
        Product2Id=made,
        UnitPrice=float(price),
        IsActive=True,
    )
    shop.prices.append(entry)
    return made


def sell(world: World, chance: Random) -> str:
    """A won opportunity of a customer, new or known, with a line or two; now and then read before its lines are in."""
    accounts = deeds.living(world, world.pairs[0], "sf")
    if not accounts or chance.random() < 0.3:
        accounts = [world.people.create(world.pairs[0], "sf", chance)]
    if not world.shop.prices or chance.random() < 0.3:
        product(world, chance)
    made = _make(
        world,
        "Opportunity",
        Name=f"Order {world.people.next_number()}",
        AccountId=chance.choice(accounts),
        StageName="Closed Won",
        CloseDate="2026-03-02",
        QBO_Generate__c="Invoice",
        Pricebook2Id=world.shop.book,
    )
    world.shop.sold.append(made)
    told = deeds.hint(world, chance) if chance.random() < 0.2 else ""
    for _ in range(chance.randint(1, 2)):
        _add_line(world, chance, made)
    return f"{made} {told}"


def _add_line(world: World, chance: Random, sale: str) -> None:
    _make(
        world,
        "OpportunityLineItem",
        OpportunityId=sale,
        PricebookEntryId=chance.choice(world.shop.prices),
        Quantity=chance.randint(1, 9),
        UnitPrice=chance.randint(1, 99_999) / 100,
    )


def change_sale(world: World, chance: Random) -> str:
    """A line gets another quantity or price, comes or goes; or the sale is another customer's."""
    if not world.shop.sold:
        return ""
    sale = chance.choice(world.shop.sold)
    lines, what = _rows(world, LINES.format(sale)), chance.choice(("quantity", "price", "more", "customer"))
    try:
        if what == "more" or not lines:
            _add_line(world, chance, sale)
        elif what == "customer":
            account = chance.choice(deeds.living(world, world.pairs[0], "sf"))
            world.people._salesforce("PATCH", f"sobjects/Opportunity/{sale}", {"AccountId": account})
        else:
            change = (
                {"Quantity": chance.randint(1, 9)}
                if what == "quantity"
                else {"UnitPrice": chance.randint(1, 9)}
            )
            line = chance.choice(lines)["Id"]
            world.people._salesforce("PATCH", f"sobjects/OpportunityLineItem/{line}", change)
    except Refusal:
        return ""
    return f"{sale} {what}"


def take_back(world: World, chance: Random) -> str:
    """Somebody voids or deletes an invoice in the books, or deletes the opportunity."""
    rows = RecordLink.all_companies.filter(qbo_entity="Invoice", lifecycle="linked").order_by("id")
    links = list(rows)
    if not links:
        return ""
    link, what = chance.choice(links), chance.choice(("void", "delete", "in Salesforce"))
    try:
        if what == "in Salesforce":
            world.people._salesforce("DELETE", f"sobjects/Opportunity/{link.sf_id}")
            world.people.gone.add(("sf", str(link.sf_id)))
        else:
            body = world.people._quickbooks("GET", f"invoice/{link.qbo_id}")["Invoice"]
            wanted = {"Id": body["Id"], "SyncToken": body["SyncToken"]}
            world.people._quickbooks("POST", f"invoice?operation={what}", wanted)
            world.people.gone.add(("qbo", f"Invoice:{link.qbo_id}"))
    except Refusal:
        return ""
    return f"{link.qbo_id} {what}"


DEEDS = {"product": product, "sell": sell, "change_sale": change_sale, "take_back": take_back}


# --- what must hold --------------------------------------------------------------------------------------------------


def examine(view: View) -> None:
    """Complain of sales without their one invoice, of invoices without a sale, and of money that differs."""
    if not view.world.shop.sold:
        return
    links = {link.sf_id: link for link in view.links if link.qbo_entity == "Invoice"}
    closed = set(
        RecordLink.all_companies.filter(qbo_entity="Invoice", lifecycle="unlinked").values_list(
            "qbo_id", flat=True
        )
    )
    made = Counter(
        entry["id"] for entry in view.ours if entry["object"] == "Invoice" and entry["operation"] == "create"
    )
    for extra in sorted(
        {id_.removeprefix("Invoice:") for id_ in made} - {link.qbo_id for link in links.values()} - closed
    ):
        view.world.complain("G2", f"invoice {extra} was made and belongs to no sale")
    for sale in view.world.shop.sold:
        link = links.get(sale)
        if link is None:
            if _sale(view, sale) is not None and not _was_closed(sale):
                view.world.complain("G5", f"the sale {sale} was never seen")
        elif link.lifecycle == "linked" and link.attention == "none" and not link.paused:
            _is_right(view, link)


def _was_closed(sale: str) -> bool:
    return RecordLink.all_companies.filter(sf_id=sale, lifecycle="unlinked").exists()


def _is_right(view: View, link: RecordLink) -> None:
    """An invoice in step has the customer, the lines and the sum of its sale (G6)."""
    if view.held.get(link.pk):
        return
    sale, invoice = _sale(view, str(link.sf_id)), view._last("qbo", f"Invoice:{link.qbo_id}")
    if sale is None or invoice is None:
        view.world.complain("I7", f"{link.name} is called in step and one side is gone")
        return
    wanted, actual = _wanted(view, str(link.sf_id)), _booked(invoice)
    if wanted != actual:
        view.world.complain("I8", f"{link.name}: sold {wanted}, booked {actual}")
    total = _total(view, str(link.sf_id))
    tax = Decimal(str((invoice.get("TxnTaxDetail") or {}).get("TotalTax") or 0))
    if Decimal(str(invoice["TotalAmt"])) - tax != total:
        view.world.complain("I8", f"{link.name}: sold for {total}, booked {invoice['TotalAmt']}, tax {tax}")
    customer = view.partner.get(("sf", str(sale["AccountId"])), "")
    customer = pairings.winner(view, "qbo", customer) or customer
    if customer and invoice["CustomerRef"]["value"] != customer:
        view.world.complain(
            "I8", f"{link.name} is {customer}'s and booked on {invoice['CustomerRef']['value']}"
        )


def _sale(view: View, sale: str) -> dict[str, Any] | None:
    found = _rows(view.world, f"SELECT Id, AccountId FROM Opportunity WHERE Id = '{sale}'")
    return found[0] if found else None


def _total(view: View, sale: str) -> Decimal:
    """What the lines come to as Salesforce says: a changed quantity may leave a total that its price does not give."""
    return sum((_cents(row["TotalPrice"]) for row in _rows(view.world, LINES.format(sale))), Decimal(0))


def _cents(amount: float) -> Decimal:
    """In cents, half a cent up, as both services round. A price has more places in the books where it takes them to
    come to a total that Salesforce held as it was: 6585.48 for 8 is 823.19 there and 823.185 here."""
    return Decimal(str(amount)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _wanted(view: View, sale: str) -> list[Line]:
    return sorted(
        (
            _item_of(view, row["Product2Id"]),
            Decimal(str(row["Quantity"])).normalize(),
            _cents(row["UnitPrice"]),
            _cents(row["TotalPrice"]),
        )
        for row in _rows(view.world, LINES.format(sale))
    )


def _item_of(view: View, product: str) -> str:
    """The product's item; where people took the two apart since, the one that it was booked with."""
    apart = RecordLink.all_companies.filter(sf_id=product, lifecycle="unlinked").values_list(
        "qbo_id", flat=True
    )
    return view.partner.get(("sf", product)) or next((str(id_) for id_ in apart if id_), "?")


def _booked(invoice: dict[str, Any]) -> list[Line]:
    return sorted(
        (
            line["SalesItemLineDetail"]["ItemRef"]["value"],
            Decimal(str(line["SalesItemLineDetail"]["Qty"])).normalize(),
            _cents(line["SalesItemLineDetail"]["UnitPrice"]),
            _cents(line["Amount"]),
        )
        for line in invoice["Line"]
        if line["DetailType"] == "SalesItemLineDetail"
    )
