"""Money outside the plain US company, from Salesforce to QuickBooks and back: a company with GST, tax in or on top of
the prices, discounts, zero and negative lines, another currency, and tax that comes out otherwise than forecast."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.test import override_settings

from connectors.contracts import Side
from connectors.simulator import testing as sim_testing
from connectors.simulator.testing import Side as SimSide
from syncapp.messages import words_for
from syncapp.models import Mapping, RecordLink, ReferenceEntry
from syncapp.services import health, mappings, reconcile
from syncapp.store import specs
from syncapp.tenancy import tenant
from tests.services import trail
from tests.services.sales import a_product, an_opportunity, sold, standard_book
from tests.services.spine import Spine, connect
from tests.services.test_document_rules import rules, stands

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)

PAIRS = ("account_customer", "product_item", "opportunity_invoice")
GST, HST = "GST", "HST ON"


class OneOf(SimSide):
    """The stand-in with one of its companies or orgs as the one that tests look at."""

    chosen: dict[str, Any]

    def credentials(self) -> dict[str, Any]:
        return self.chosen


def _looking_at(side: SimSide, chosen: dict[str, Any]) -> OneOf:
    made = OneOf(side.url, side.tls_url)
    made.chosen = chosen
    return made


@contextmanager
def a_company_abroad(
    *,
    country: str = "CA",
    tax_code: str = GST,
    currencies: bool = False,
    recipes: tuple[str, ...] = PAIRS,
    **options: Any,
) -> Iterator[Spine]:
    """A Canadian (or other) company beside an org; with `currencies` both keep several."""
    with sim_testing.simulator(seed="empty") as plain:
        realms = plain.quickbooks.credentials()["all"]
        if not any(one["country"] == country for one in realms):
            plain.quickbooks.post("realms", {"country": country})
            realms = plain.quickbooks.credentials()["all"]
        sim = replace(
            plain,
            quickbooks=_looking_at(
                plain.quickbooks, next(one for one in realms if one["country"] == country)
            ),
        )
        if currencies:
            org = plain.salesforce.post("orgs", {"multicurrency": True, "seed": "empty", "name": "Several"})
            sim = replace(sim, salesforce=_looking_at(plain.salesforce, org))
        urls = {"SIM_SALESFORCE_URL": sim.salesforce.url, "SIM_QUICKBOOKS_URL": sim.quickbooks.url}
        with override_settings(**urls):
            spine = connect(sim, winner="sf", recipes=recipes)
            with tenant(spine.company.pk):
                health.check(spine.integration)
            rules(spine, default_tax_code=tax_code, **options)
            yield spine
            trail.check(sim)


@pytest.fixture
def abroad() -> Iterator[Spine]:
    with a_company_abroad() as spine:
        yield spine


def invoice_of(spine: Spine) -> dict[str, Any]:
    """The newest invoice of Acme, among those that the company had before."""
    found = [one for one in spine.booked("Invoice") if one["CustomerRef"].get("name") == "Acme"]
    return max(found, key=lambda one: int(one["Id"]))


def link_of(spine: Spine) -> RecordLink:
    return RecordLink.all_companies.get(qbo_entity="Invoice", name="Spring")


def figures(body: dict[str, Any]) -> tuple[Decimal, Decimal]:
    """Total and tax of a document in QuickBooks."""
    tax = (body.get("TxnTaxDetail") or {}).get("TotalTax") or 0
    return Decimal(str(body["TotalAmt"])), Decimal(str(tax))


def reconciled(spine: Spine) -> list[tuple[Decimal, Decimal, int]]:
    with tenant(spine.company.pk):
        found = reconcile.summary(Mapping.objects.get(key="opportunity_invoice"))
    return [(one.sf, one.qbo, one.differing) for one in found.sums]


def agreed(spine: Spine, opportunity: str, total: str, tax: str) -> dict[str, Any]:
    """Both sides hold this total and this tax, nothing is asked, and nothing is written a second time."""
    spine.sync()
    invoice = invoice_of(spine)
    assert figures(invoice) == (Decimal(total), Decimal(tax))
    row = spine.row("Opportunity", opportunity)
    shown = (Decimal(str(row["QBO_Total__c"])), Decimal(str(row["QBO_Tax__c"])))
    assert shown == (Decimal(total), Decimal(tax))
    assert stands(link_of(spine)) == ("none", "")
    mark = spine.mark()
    spine.sync()
    assert spine.writes(mark) == []
    return invoice


def test_gst_on_top_of_the_prices_comes_to_the_same_on_both_sides(abroad):
    bench = a_product(abroad, "Cedar bench", "CB", 100)
    made = an_opportunity(
        abroad,
        "Spring",
        {"PricebookEntryId": bench, "Quantity": 3, "UnitPrice": 33.33},
        {"PricebookEntryId": bench, "Quantity": 1, "UnitPrice": 100, "Discount": 12.5},
        {"PricebookEntryId": bench, "Quantity": 1, "UnitPrice": 0},
    )
    abroad.first_load()
    invoice = agreed(abroad, made, "196.86", "9.37")
    assert invoice["GlobalTaxCalculation"] == "TaxExcluded"
    assert [line[3] for line in sold(invoice)] == [99.99, 87.5, 0]
    assert reconciled(abroad) == [(Decimal("196.86"), Decimal("196.86"), 0)]


def test_gst_inside_the_prices_leaves_the_gross_total_as_it_was_sold():
    with a_company_abroad(tax_calculation="TaxInclusive") as spine:
        bench = a_product(spine, "Cedar bench", "CB", 100)
        made = an_opportunity(spine, "Spring", {"PricebookEntryId": bench, "Quantity": 2, "UnitPrice": 105})
        spine.first_load()
        invoice = agreed(spine, made, "210", "10")
        assert invoice["GlobalTaxCalculation"] == "TaxInclusive"
        assert reconciled(spine) == [(Decimal(210), Decimal(210), 0)]


def test_each_line_may_name_its_own_tax_code(abroad):
    bench = a_product(abroad, "Cedar bench", "CB", 100)
    made = an_opportunity(
        abroad,
        "Spring",
        {"PricebookEntryId": bench, "Quantity": 1, "UnitPrice": 100, "QBO_Tax_Code__c": HST},
        {"PricebookEntryId": bench, "Quantity": 1, "UnitPrice": 100, "QBO_Tax_Code__c": "GST/QST QC"},
        {"PricebookEntryId": bench, "Quantity": 1, "UnitPrice": 100, "QBO_Tax_Code__c": "Exempt"},
    )
    abroad.first_load()
    agreed(abroad, made, "327.98", "27.98")


def test_a_negative_line_takes_its_tax_along(abroad):
    bench = a_product(abroad, "Cedar bench", "CB", 100)
    made = an_opportunity(
        abroad,
        "Spring",
        {"PricebookEntryId": bench, "Quantity": 1, "UnitPrice": 100},
        {"PricebookEntryId": bench, "Quantity": -1, "UnitPrice": 20},
    )
    abroad.first_load()
    agreed(abroad, made, "84", "4")


def test_tax_beyond_the_forecast_is_a_problem_that_says_by_how_much_and_why(abroad):
    bench = a_product(abroad, "Cedar bench", "CB", 100)
    an_opportunity(abroad, "Winter", {"PricebookEntryId": bench, "Quantity": 1, "UnitPrice": 100})
    abroad.first_load()
    known = ReferenceEntry.all_companies.filter(list__entity="TaxRate", name="GST 5%")
    assert known.update(more={"rate": "4"}) == 1  # as it was before the rate rose, half a day ago
    an_opportunity(abroad, "Spring", {"PricebookEntryId": bench, "Quantity": 2, "UnitPrice": 100})
    abroad.sync()
    link = link_of(abroad)
    assert figures(invoice_of(abroad)) == (Decimal(210), Decimal(10))
    assert stands(link) == ("data_error", "engine.money_differs")
    told = link.attention_values
    assert (told["ours"], told["theirs"], told["by"]) == ("8.00", "10.00", "2.00")
    assert words_for(link.attention_code, told).what == (
        "The tax: 8.00 was expected, QuickBooks holds 10.00, a difference of 2.00. GST 5%: QuickBooks takes 5 %, the"
        " list that was read of it says 4 %; 10.00 in place of 8.00."
    )


def test_a_document_in_another_currency_has_its_rate_and_its_own_total():
    with a_company_abroad(currencies=True) as spine:
        foreign = {"CurrencyIsoCode": "USD"}
        product = spine.make("Product2", Name="Cedar bench", ProductCode="CB", IsActive=True, **foreign)
        entry = spine.make("PricebookEntry", Pricebook2Id=standard_book(spine), Product2Id=product, UnitPrice=12.34,
                           IsActive=True, **foreign)  # fmt: skip
        account = spine.make("Account", Name="Acme", BillingStreet="1 Main St", **foreign)
        made = an_opportunity(
            spine,
            "Spring",
            {"PricebookEntryId": entry, "Quantity": 2, "UnitPrice": 12.34},
            AccountId=account,
            **foreign,
        )
        spine.first_load()
        invoice = agreed(spine, made, "25.91", "1.23")
        assert invoice["CurrencyRef"]["value"] == "USD"
        assert Decimal(str(invoice["ExchangeRate"])) > 1
        with tenant(spine.company.pk):
            sums = reconcile.summary(Mapping.objects.get(key="opportunity_invoice")).sums
        assert [(one.currency, one.sf, one.qbo) for one in sums] == [
            ("USD", Decimal("25.91"), Decimal("25.91"))
        ]


def a_sale_in(spine: Spine, currency: str, account_in: str = "") -> str:
    """A won opportunity of Acme in this currency, two benches at 12.34."""
    own = {"CurrencyIsoCode": currency}
    product = spine.make("Product2", Name="Cedar bench", ProductCode="CB", IsActive=True, **own)
    book = standard_book(spine)
    entry = spine.make(
        "PricebookEntry", Pricebook2Id=book, Product2Id=product, UnitPrice=12.34, IsActive=True, **own
    )
    account = spine.make(
        "Account", Name="Acme", BillingStreet="1 Main St", CurrencyIsoCode=account_in or currency
    )
    line = {"PricebookEntryId": entry, "Quantity": 2, "UnitPrice": 12.34}
    return an_opportunity(spine, "Spring", line, AccountId=account, **own)


def in_currency(spine: Spine, **chosen: str) -> None:
    """The mapping's rule for the currency of its invoices, published."""
    with tenant(spine.company.pk):
        mapping = Mapping.objects.get(key="opportunity_invoice")
        options = dict(mapping.policies["options"])
        options["rules"] = {**options.get("rules", {}), **chosen}
        mapping.policies = {**mapping.policies, "options": options}
        mapping.save()
        mappings.publish(mapping, spine.person)


def told(spine: Spine) -> tuple[str, str, Any]:
    link = link_of(spine)
    values = link.attention_values
    return link.attention_code, values.get("value", ""), values.get("wanted", "")


def test_a_sale_in_another_currency_than_its_customer_is_told_before_it_is_sent():
    with a_company_abroad(currencies=True) as spine:
        made = a_sale_in(spine, "USD", account_in="CAD")
        spine.first_load()
        assert told(spine) == ("engine.customer_currency", "USD", "CAD")
        assert spine.row("Opportunity", made)["QBO_Doc_Number__c"] is None
        link = link_of(spine)
        words = words_for(link.attention_code, link.attention_values)
        assert words.todo.startswith("Change the currency of the record to CAD; or make a customer in USD")


def test_documents_may_always_be_in_the_home_currency_and_nothing_is_converted_in_silence():
    with a_company_abroad(currencies=True) as spine:
        in_currency(spine, currency="home")
        made = a_sale_in(spine, "USD", account_in="CAD")
        spine.first_load()
        assert told(spine) == ("engine.other_currency", "USD", "CAD")
        in_currency(spine, currency_other="as_it_is")
        spine.press(link_of(spine), Side.QUICKBOOKS)
        assert agreed(spine, made, "25.91", "1.23")["CurrencyRef"]["value"] == "CAD"


def test_documents_may_always_be_in_one_fixed_currency():
    with a_company_abroad(currencies=True) as spine:
        in_currency(spine, currency="fixed", currency_code="USD")
        made = a_sale_in(spine, "USD")
        spine.first_load()
        assert agreed(spine, made, "25.91", "1.23")["CurrencyRef"]["value"] == "USD"


def test_the_home_currency_is_named_anew_when_a_mapping_is_published_and_goes_back_to_the_records():
    with a_company_abroad(currencies=True) as spine, tenant(spine.company.pk):
        mapping = Mapping.objects.get(key="opportunity_invoice")
        in_currency(spine, currency="home")
        mapping.refresh_from_db()
        published = specs.published_spec(mapping)
        assert [(row.constant, row.sf_path) for row in published.header if row.key == "currency"] == [
            ("CAD", "")
        ]
        mappings.discard_draft(mapping, spine.person)
        assert mapping.policies["options"]["rules"] == {"currency": "home"}
        in_currency(spine, currency="")
        mapping.refresh_from_db()
        own = [row.sf_path for row in specs.published_spec(mapping).header if row.key == "currency"]
        assert own == ["CurrencyIsoCode"]


def test_yen_among_several_currencies_go_there_and_back_without_cents():
    """One org with dollars and yen: each document, its record and its payment in the currency of its own."""
    with a_company_abroad(currencies=True, recipes=(*PAIRS, "invoice_record", "payment_payment")) as spine:
        book = standard_book(spine)
        for code, price in (("JPY", 1000), ("USD", 12.34)):
            foreign = {"CurrencyIsoCode": code}
            product = spine.make("Product2", Name=f"Bench {code}", ProductCode=code, IsActive=True, **foreign)
            entry = spine.make("PricebookEntry", Pricebook2Id=book, Product2Id=product, UnitPrice=price,
                               IsActive=True, **foreign)  # fmt: skip
            account = spine.make("Account", Name=f"Acme {code}", BillingStreet="1 Main St", **foreign)
            lines = [
                {"PricebookEntryId": entry, "Quantity": 3, "UnitPrice": 333.5, "QBO_Tax_Code__c": "Exempt"},
                {"PricebookEntryId": entry, "Quantity": 1, "UnitPrice": 98, "QBO_Tax_Code__c": "Exempt"},
            ]
            an_opportunity(spine, f"Deal {code}", *lines, AccountId=account, **foreign)
        spine.first_load()
        spine.sync()
        invoices = {one["CurrencyRef"]["value"]: one for one in spine.booked("Invoice")}
        amounts = {code: [line[3] for line in sold(one)] for code, one in invoices.items() if code != "CAD"}
        assert amounts == {"JPY": [1001, 98], "USD": [1000.5, 98]}
        shown = {
            row["CurrencyIsoCode"]: row
            for row in spine.rows(
                "SELECT Id, CurrencyIsoCode, Total__c, Account__c FROM QBO_Invoice__c WHERE CurrencyIsoCode <> 'CAD'"
            )
        }
        assert {code: row["Total__c"] for code, row in shown.items()} == {"JPY": 1099, "USD": 1098.5}
        for code, row in shown.items():
            paid = spine.make(
                "QBO_Payment__c", Type__c="Payment", Account__c=row["Account__c"], Date__c="2026-11-25",
                Amount__c=row["Total__c"], CurrencyIsoCode=code,
            )  # fmt: skip
            spine.make(
                "QBO_Payment_Line__c", Payment__c=paid, Invoice__c=row["Id"], Amount__c=row["Total__c"]
            )
        spine.sync()
        spine.sync()
        made = [link for link in spine.links if link.qbo_entity == "Payment" and link.sf_id]
        payments = {one["CurrencyRef"]["value"]: one["TotalAmt"] for one in spine.booked("Payment")}
        assert payments == {"JPY": 1099, "USD": 1098.5} | {
            code: total for code, total in payments.items() if code == "CAD"
        }
        balances = {one["CurrencyRef"]["value"]: one["Balance"] for one in spine.booked("Invoice")}
        assert (balances["JPY"], balances["USD"]) == (0, 0)
        assert {(link.attention, link.attention_code) for link in made} == {("none", "")}
        mark = spine.mark()
        spine.sync()
        assert spine.writes(mark) == []


def test_a_company_without_cents_gets_whole_amounts_and_whole_tax():
    with a_company_abroad(country="JP", tax_code="10%") as spine:
        bench = a_product(spine, "Cedar bench", "CB", 1000)
        made = an_opportunity(
            spine,
            "Spring",
            {"PricebookEntryId": bench, "Quantity": 3, "UnitPrice": 333.5},
            {"PricebookEntryId": bench, "Quantity": 1, "UnitPrice": 1234, "Discount": 10},
            {"PricebookEntryId": bench, "Quantity": 1, "UnitPrice": 98, "QBO_Tax_Code__c": "8%"},
        )
        spine.first_load()
        invoice = agreed(spine, made, "2429", "219")
        assert invoice["CurrencyRef"]["value"] == "JPY"
        assert [line[3] for line in sold(invoice)] == [1001, 1111, 98]
        # Salesforce keeps the fractions of its lines: that is told as rounding.
        assert reconciled(spine) == [(Decimal("2428.10"), Decimal(2429), 1)]
        with tenant(spine.company.pk):
            [told] = reconcile.summary(Mapping.objects.get(key="opportunity_invoice")).documents
        assert (told.reason, told.difference) == ("rounding", Decimal("0.90"))
