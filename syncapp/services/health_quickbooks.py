"""What a QuickBooks company must offer (quickbooks.md 3.14, 3.16, 3.17, 3.19)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.quickbooks.client import QuickBooksClient
from connectors.quickbooks.custom_fields import names_in
from syncapp.models import Connection
from syncapp.services.checks import Check, bad, good, warn

DEAD_SUBSCRIPTIONS = frozenset({"EXPIRED", "CANCELLED", "CANCELED", "SUSPENDED"})
SIMPLE = ("Simple Start", "EasyStart", "Self-Employed", "Ledger")
"""Offerings without what later objects need (classes, inventory, bills)."""


def check(client: QuickBooksClient, connection: Connection) -> tuple[list[Check], dict[str, Any]]:
    """All checks of the company and what it said of itself. Raises ConnectorError when it cannot be reached at all."""
    company, preferences = client.company_info(), client.preferences()
    accounts = client.query("select * from Account where AccountType = 'Accounts Receivable'")
    receivable = (accounts.get("QueryResponse") or {}).get("Account") or []
    said = _facts(company, preferences)
    checks = [
        _right_company(company, connection),
        _subscription(said),
        _edition(said),
        _receivable(receivable),
        _tax(said),
        _currency(said, connection),
        _numbers(said),
        _closing_date(said),
    ]
    return checks, said


def _named(company: Mapping[str, Any]) -> dict[str, str]:
    rows = company.get("NameValue") or []
    return {str(row.get("Name")): str(row.get("Value", "")) for row in rows}


def _facts(company: Mapping[str, Any], preferences: Mapping[str, Any]) -> dict[str, Any]:
    named = _named(company)
    return {
        "name": company.get("CompanyName"),
        "country": company.get("Country"),
        "edition": named.get("OfferingSku", ""),
        "subscription": named.get("SubscriptionStatus", ""),
        "zone": company.get("DefaultTimeZone", ""),
        **settings_of(preferences),
    }


def settings_of(preferences: Mapping[str, Any]) -> dict[str, Any]:
    """What the company's settings say of it: the part of its facts that a person there may change any day."""
    books = preferences.get("AccountingInfoPrefs") or {}
    tax = preferences.get("TaxPrefs") or {}
    currency = preferences.get("CurrencyPrefs") or {}
    sales = preferences.get("SalesFormsPrefs") or {}
    return {
        "tax": _tax_mode(tax),
        "currency": (currency.get("HomeCurrency") or {}).get("value", ""),
        "multicurrency": bool(currency.get("MultiCurrencyEnabled")),
        "custom_numbers": bool(sales.get("CustomTxnNumbers")),
        "auto_apply_credit": sales.get("AutoApplyCredit"),
        "closing_date": books.get("BookCloseDate", ""),
        "discounts": bool(sales.get("AllowDiscount")),
        "shipping": bool(sales.get("AllowShipping")),
        "discount_account": str(sales.get("DefaultDiscountAccount") or ""),
        "classes": _classes(books),
        "locations": bool(books.get("TrackDepartments")),
        "custom_fields": names_in(preferences),
    }


def _classes(books: Mapping[str, Any]) -> str:
    """Where a document's class belongs: on its lines, on its header, or nowhere (quickbooks.md 3.6)."""
    if books.get("ClassTrackingPerTxnLine"):
        return "line"
    return "header" if books.get("ClassTrackingPerTxn") else ""


def _tax_mode(tax: Mapping[str, Any]) -> str:
    if not tax.get("UsingSalesTax"):
        return "off"
    return "automated" if tax.get("PartnerTaxEnabled") else "manual"


def _right_company(company: Mapping[str, Any], connection: Connection) -> Check:
    return good("company", f"Connected to {company.get('CompanyName')}", f"Realm {connection.remote_id}")


def _subscription(said: Mapping[str, Any]) -> Check:
    status = str(said["subscription"]).upper()
    if status in DEAD_SUBSCRIPTIONS:
        return bad(
            "subscription",
            f"The QuickBooks subscription is {status.lower()}",
            "QuickBooks refuses every change then.",
            "Renew the subscription in QuickBooks, Account and settings, Billing.",
        )
    if status == "TRIAL":
        return warn(
            "subscription",
            "A trial subscription",
            "When it ends QuickBooks refuses every change.",
            "Choose a plan before the trial ends.",
        )
    return good("subscription", "The subscription is active", status.title())


def _edition(said: Mapping[str, Any]) -> Check:
    edition = str(said["edition"])
    if any(word in edition for word in SIMPLE):
        return warn(
            "edition",
            edition,
            "Customers sync; classes, inventory and bills are not part of this plan.",
            "Move to Essentials or Plus when you want to sync those.",
        )
    return good("edition", edition or "Plan not named")


def _receivable(accounts: list[Mapping[str, Any]]) -> Check:
    living = [row for row in accounts if row.get("Active", True)]
    if living:
        return good("receivable", "An accounts receivable account is there", str(living[0].get("Name", "")))
    return bad(
        "receivable",
        "No accounts receivable account",
        "QuickBooks books what customers owe on it; invoices and opening balances need it.",
        "Add an account of type Accounts receivable (A/R) in the chart of accounts, or make it active.",
    )


def _tax(said: Mapping[str, Any]) -> Check:
    words = {
        "off": "Sales tax is switched off",
        "automated": "Automated sales tax: QuickBooks calculates",
        "manual": "Sales tax by your own rates",
    }
    return good("tax", words[str(said["tax"])])


def _currency(said: Mapping[str, Any], connection: Connection) -> Check:
    home, ours = str(said["currency"]), connection.company.currency
    more = " and other currencies are on" if said["multicurrency"] else ""
    if home and home != ours:
        return warn(
            "currency",
            f"The home currency is {home}{more}",
            f"This company is set to {ours} in Ledgerbridge.",
            f"Set the currency to {home} under Company, unless you really keep books in {ours}.",
        )
    return good("currency", f"Home currency {home or ours}{more}")


def _numbers(said: Mapping[str, Any]) -> Check:
    if said["custom_numbers"]:
        return good(
            "numbers", "Custom transaction numbers are on", "Invoices keep the numbers that Salesforce gives."
        )
    return warn(
        "numbers",
        "Custom transaction numbers are off",
        "QuickBooks numbers invoices itself; for customers it makes no difference.",
        "Switch on Custom transaction numbers under Account and settings, Sales, before you sync invoices.",
    )


def _closing_date(said: Mapping[str, Any]) -> Check:
    closed = str(said["closing_date"])
    if not closed:
        return good("closing_date", "The books are open")
    return good(
        "closing_date", f"The books are closed up to {closed}", "Documents before that day are left alone."
    )
