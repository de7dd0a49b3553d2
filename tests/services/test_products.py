"""Products with their standard price, and QuickBooks items: both ways on the simulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.contracts import Side
from syncapp.models import AuditEvent, FieldList, Mapping
from syncapp.services import mappings
from syncapp.store import specs
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine(recipes=("product_item",)) as made:
        yield made


def standard_book(spine: Spine) -> str:
    return str(spine.rows("SELECT Id FROM Pricebook2 WHERE IsStandard = true")[0]["Id"])


def a_product(spine: Spine, name: str, code: str, price: float) -> str:
    product = spine.make("Product2", Name=name, ProductCode=code, IsActive=True)
    spine.make(
        "PricebookEntry",
        Pricebook2Id=standard_book(spine),
        Product2Id=product,
        UnitPrice=price,
        IsActive=True,
    )
    return product


def item_named(spine: Spine, name: str) -> dict:
    return next(row for row in spine.booked("Item") if row["Name"] == name)


def test_a_product_becomes_an_item_with_its_standard_price(spine):
    product = a_product(spine, "Cedar bench", "CB-1", 129.5)
    spine.first_load()
    item = item_named(spine, "Cedar bench")
    assert (item["Sku"], item["UnitPrice"], item["Type"]) == ("CB-1", 129.5, "NonInventory")
    assert item["IncomeAccountRef"]["name"] == "Sales of Product Income"
    assert spine.row("Product2", product)["QBO_Item_Id__c"].endswith(f":Item:{item['Id']}")
    assert spine.link("Cedar bench").attention == "none"


def test_an_item_becomes_a_product_with_an_entry_in_the_standard_price_book(spine):
    spine.book(
        "Item", Name="Hedge trim", Sku="HT", Type="Service", UnitPrice=75, IncomeAccountRef={"value": "1"}
    )
    spine.first_load()
    entry = spine.rows(
        "SELECT Id, UnitPrice, IsActive, Pricebook2Id, Product2.ProductCode FROM PricebookEntry"
        " WHERE Product2.Name = 'Hedge trim'"
    )
    assert [(row["UnitPrice"], row["IsActive"], row["Pricebook2Id"]) for row in entry] == [
        (75, True, standard_book(spine))
    ]
    assert entry[0]["Product2"]["ProductCode"] == "HT"
    link = spine.link("Hedge trim")
    assert link.lifecycle == "linked"
    told = AuditEvent.all_companies.filter(link_id=link.pk, side="sf").exclude(intent=None)
    assert set(told.values_list("object", "remote_id")) == {
        ("Product2", link.sf_id),
        ("PricebookEntry", entry[0]["Id"]),
    }
    price = told.get(object="PricebookEntry")
    assert (price.action, price.before, list(price.after.values())) == ("create", {}, ["75.00"])


def test_a_price_follows_from_either_side_and_nothing_is_written_twice(spine):
    product = a_product(spine, "Cedar bench", "CB-1", 100)
    spine.first_load()
    entry = spine.rows(f"SELECT Id FROM PricebookEntry WHERE Product2Id = '{product}'")[0]["Id"]
    spine.edit("PricebookEntry", entry, UnitPrice=110)
    spine.sync()
    item = item_named(spine, "Cedar bench")
    assert item["UnitPrice"] == 110
    spine.book("Item", Id=item["Id"], SyncToken=item["SyncToken"], sparse=True, UnitPrice=120)
    spine.sync()
    assert spine.row("PricebookEntry", entry)["UnitPrice"] == 120
    mark = spine.mark()
    spine.sync()
    spine.press(spine.link("Cedar bench"), Side.QUICKBOOKS)
    assert spine.writes(mark) == []


def test_products_and_items_of_one_code_are_the_same_thing(spine):
    product = a_product(spine, "Bench, cedar", "CB-1", 100)
    item = spine.book("Item", Name="Cedar bench", Sku="cb-1", Type="NonInventory", UnitPrice=100,
                      IncomeAccountRef={"value": "79"})  # fmt: skip
    spine.first_load()
    link = spine.link("Bench, cedar")
    assert (link.sf_id[:15], link.qbo_id) == (product[:15], item["Id"])


def test_an_inventory_item_is_made_with_quantity_date_and_accounts(spine):
    with tenant(spine.company.pk):
        mapping = Mapping.objects.get(key="product_item")
        rules = {"inventory": "yes", "quantity_field": "Description"}
        mapping.policies["options"] = {**mapping.policies["options"], "rules": rules}
        mapping.save()
        # No product of the seed has a number of its own; a text stands for it where nobody has described the types.
        FieldList.objects.filter(object="Product2").delete()
        mappings.publish(mapping, spine.person)
    for name, kind in (("Cedar bench", "Inventory"), ("Advice", "Service")):
        product = a_product(spine, name, name[:2], 100)
        spine.edit("Product2", product, QBO_Item_Type__c=kind, Description="12")
    spine.first_load()
    bench, advice = item_named(spine, "Cedar bench"), item_named(spine, "Advice")
    assert (bench["Type"], bench["QtyOnHand"], bench["TrackQtyOnHand"]) == ("Inventory", 12, True)
    assert bench["AssetAccountRef"]["name"] == "Inventory Asset"
    assert bench["ExpenseAccountRef"]["name"] == "Cost of Goods Sold"
    assert bench["InvStartDate"]
    assert (advice["Type"], advice.get("QtyOnHand"), advice.get("AssetAccountRef")) == ("Service", None, None)
    mark = spine.mark()
    spine.sync()
    assert spine.writes(mark) == []


# --- active and inactive


@pytest.fixture
def followed(spine) -> str:
    """A product in step whose mapping keeps active and inactive in step; its id in Salesforce."""
    with tenant(spine.company.pk):
        mapping = Mapping.objects.get(key="product_item")
        options = mapping.policies.get("options") or specs.draft_spec(mapping).options
        mapping.policies = {**mapping.policies, "options": {**options, "rules": {"active": "yes"}}}
        mapping.save()
        mappings.publish(mapping, spine.person)
    product = a_product(spine, "Cedar bench", "CB-1", 129.5)
    spine.first_load()
    spine.sync()
    return product


def every_item(spine: Spine) -> dict[str, bool]:
    query = "query?query=select%20*%20from%20Item%20where%20Active%20in%20(true,%20false)"
    rows = spine.qbo("GET", query)["QueryResponse"]["Item"]
    return {row["Name"]: row["Active"] for row in rows if row.get("Sku") == "CB-1"}


def in_step_and_quiet(spine: Spine) -> None:
    spine.sync()
    mark = spine.mark()
    spine.sync()
    assert spine.writes(mark) == []
    link = spine.link("Cedar bench")
    assert (link.attention, link.lifecycle) == ("none", "linked")


def test_a_product_that_is_made_inactive_and_active_again_takes_its_item_along(spine, followed):
    spine.edit("Product2", followed, IsActive=False)
    spine.sync()
    assert every_item(spine) == {"Cedar bench (deleted)": False}
    in_step_and_quiet(spine)
    spine.edit("Product2", followed, IsActive=True, Description="Of cedar")
    spine.sync()
    assert every_item(spine) == {"Cedar bench": True}
    assert item_named(spine, "Cedar bench")["Description"] == "Of cedar"
    in_step_and_quiet(spine)


def test_an_item_that_is_made_inactive_and_active_again_takes_its_product_along(spine, followed):
    item = item_named(spine, "Cedar bench")
    gone = spine.book("Item", Id=item["Id"], SyncToken=item["SyncToken"], sparse=True, Active=False)
    spine.sync()
    row = spine.row("Product2", followed)
    assert (row["IsActive"], row["Name"]) == (False, "Cedar bench")
    in_step_and_quiet(spine)
    again = spine.qbo("GET", f"item/{item['Id']}")["Item"]
    assert again["SyncToken"] == gone["SyncToken"]
    spine.book(
        "Item", Id=item["Id"], SyncToken=again["SyncToken"], sparse=True, Active=True, Name="Cedar bench"
    )
    spine.sync()
    assert spine.row("Product2", followed)["IsActive"] is True
    in_step_and_quiet(spine)


def test_an_inactive_product_is_not_made_in_quickbooks(spine, followed):
    spine.make("Product2", Name="Old bench", ProductCode="OB", IsActive=False)
    spine.sync()
    link = spine.link("Old bench")
    assert (link.qbo_id, link.attention, link.attention_code) == (None, "skipped", "engine.sf_inactive")


def test_without_the_rule_an_inactive_item_is_told_and_nothing_is_written(spine):
    product = a_product(spine, "Cedar bench", "CB-1", 129.5)
    spine.first_load()
    item = item_named(spine, "Cedar bench")
    spine.book("Item", Id=item["Id"], SyncToken=item["SyncToken"], sparse=True, Active=False)
    spine.sync()
    assert spine.row("Product2", product)["IsActive"] is True
    assert spine.link("Cedar bench").attention == "gone"
