"""Opening a company: the lists every company has, and books that resemble the vendor's US sample company."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.simulator import seed as facts
from connectors.simulator.quickbooks import samples
from connectors.simulator.quickbooks.context import Context
from connectors.simulator.quickbooks.definitions import ENTITIES
from connectors.simulator.quickbooks.realms import Realm
from connectors.simulator.quickbooks.records import Body
from connectors.simulator.quickbooks.rules.base import currency_reference
from connectors.simulator.quickbooks.rules.lists import CLASSIFICATIONS
from connectors.simulator.quickbooks.rules.sales import exchange_rate
from connectors.simulator.quickbooks.services import store_rate
from connectors.simulator.quickbooks.times import stamp
from connectors.simulator.quickbooks.writes import in_order, write

if TYPE_CHECKING:
    from connectors.simulator.quickbooks.standin import QuickBooks


class Bookkeeper:
    """Fills companies."""

    def __init__(self, standin: QuickBooks) -> None:
        self._standin = standin

    def open_company(self, realm: Realm, plan: str) -> None:
        """Make a company; `plan` is `empty` (only the lists), `small` or a number of accounts on the other side."""
        now = self._standin.world.clock.now()
        self._standin.realms.add(realm, now)
        context = self._standin.context_for(realm.id)
        context.now = now - timedelta(days=400)
        context.emit = _quiet
        context.journal = _NoJournal()  # type: ignore[assignment]
        self._lists(context, realm)
        if plan != "empty":
            self._names(context, realm)
            self._matching(context, plan)
            self._products(context)
            self._documents(context, now)

    # -- lists ----------------------------------------------------------------------------------------------------

    def _lists(self, context: Context, realm: Realm) -> None:
        self._put(context, "preferences", "1", samples.preferences(realm, realm.currency))
        context.forget_settings()
        self._put(context, "companyinfo", "1", samples.company_info(realm, stamp(context.now)))
        for number, name, kind, sub_type, parent in samples.ACCOUNTS:
            self._put(context, "account", number, _account(context, name, kind, sub_type, parent))
        for path, rows in samples.SIMPLE_LISTS.items():
            for number, body in rows:
                self._put(context, path, number, dict(body))
        for path, rows in samples.TAXES[realm.country].items():
            for number, body in rows:
                self._put(context, path, number, dict(body))
        for path, last in samples.SEQUENCES.items():
            context.store.set_sequence(f"quickbooks:{context.realm}:{path}", last)
        if realm.multi_currency:
            for code in ("USD", "EUR", "GBP"):
                write(context, "companycurrency", {"Code": code})
                store_rate(context, {"SourceCurrencyCode": code, "Rate": exchange_rate(context, code)})
        for row in samples.ITEMS:
            write(context, "item", samples.item(row), "create")

    def _put(self, context: Context, path: str, number: str, body: Body) -> None:
        """Store a record under a number of our choosing."""
        entity = ENTITIES[path]
        now = context.time_text
        system: Body = {"Id": number, "MetaData": {"CreateTime": now, "LastUpdatedTime": now}}
        if number not in ("TAX", "NON"):
            system |= {"SyncToken": "0", "domain": "QBO", "sparse": False}
        body = {**body, **system}
        context.records.put(context.realm, entity, in_order(entity, body))
        if entity.name_field and entity.name_field in body:
            name = body.get("FullyQualifiedName") or body[entity.name_field]
            context.records.take_name(context.realm, entity, name, number)

    # -- people ---------------------------------------------------------------------------------------------------

    def _names(self, context: Context, realm: Realm) -> None:
        ids: dict[str, str] = {}
        for row in samples.CUSTOMERS:
            payload = samples.person(row)
            parent = row.get("parent")
            if parent:
                payload |= {"Job": True, "ParentRef": {"value": ids[parent]}}
            payload["Taxable"] = bool(row.get("taxable")) and realm.country == "US"
            ids[row["name"]] = write(context, "customer", payload)["Id"]
        for row in samples.VENDORS:
            write(context, "vendor", samples.person(row))
        for given, family in samples.EMPLOYEES:
            write(context, "employee", {"GivenName": given, "FamilyName": family})
        for path, name in (("employee", "Emily Platt"), ("vendor", "United States Treasury")):
            self._deactivate(context, path, name)

    def _deactivate(self, context: Context, path: str, name: str) -> None:
        entity = ENTITIES[path]
        found = context.records.find(context.realm, entity, f"f_{entity.name_field} = ?", (name,))
        for body in found:
            write(
                context,
                path,
                {"Id": body["Id"], "SyncToken": body["SyncToken"], "sparse": True, "Active": False},
            )

    def _matching(self, context: Context, plan: str) -> None:
        """The customers that are accounts on the other side, those that are not, and the ones that teach."""
        many = [b for b in facts.businesses(plan) if b.in_books] + list(facts.books_only(plan))
        for business in many:
            write(context, "customer", _business_customer(business))
        if plan == "small":
            for lesson in facts.lessons():
                if lesson.lesson == "inactive_twin":
                    write(context, "customer", _business_customer(lesson))
                    self._deactivate(context, "customer", lesson.books_name)

    def _products(self, context: Context) -> None:
        """Items for those products of the other side that the books know."""
        for product in facts.PRODUCTS:
            if product.in_books:
                write(context, "item", _product_item(product), "create")
            if product.in_books == "inactive":
                self._deactivate(context, "item", product.name)

    # -- documents ------------------------------------------------------------------------------------------------

    def _documents(self, context: Context, now: Any) -> None:
        """Documents of the last months; invoices are open, overdue, partly paid and paid."""
        for path, days_ago, customer, lines in samples.OTHER_DOCUMENTS:
            owner = self._customer(context, customer)
            context.now = now - timedelta(days=days_ago)
            write(context, path, samples.invoice(owner, lines, context))
        for days_ago, customer, lines, paid in samples.INVOICES:
            owner = self._customer(context, customer)
            context.now = now - timedelta(days=days_ago)
            invoice = write(context, "invoice", samples.invoice(owner, lines, context))
            amount = {"paid": invoice["TotalAmt"], "part": 50, "open": 0}[paid]
            if amount:
                context.now = now - timedelta(days=max(0, days_ago - 12))
                write(
                    context,
                    "payment",
                    {
                        "CustomerRef": {"value": owner},
                        "TotalAmt": amount,
                        "Line": [
                            {
                                "Amount": amount,
                                "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}],
                            }
                        ],
                    },
                )

    @staticmethod
    def _customer(context: Context, name: str) -> str:
        """The id of a seeded customer."""
        found = context.records.find(context.realm, ENTITIES["customer"], "f_DisplayName = ?", (name,))
        return str(found[0]["Id"])


class _NoJournal:
    """Seeding is not an accepted write."""

    def append(self, **_: Any) -> None:
        return None


def _quiet(realm: str, entity: str, record_id: str, operation: str) -> None:
    """Seeding raises no webhooks."""


def _account(context: Context, name: str, kind: str, sub_type: str, parent: str) -> Body:
    body: Body = {
        "Name": name,
        "FullyQualifiedName": name,
        "SubAccount": bool(parent),
        "Active": True,
        "Classification": CLASSIFICATIONS[kind],
        "AccountType": kind,
        "AccountSubType": sub_type,
        "CurrentBalance": 0,
        "CurrentBalanceWithSubAccounts": 0,
        "CurrencyRef": currency_reference(context.home_currency),
    }
    if parent:
        above = context.get("account", parent) or {}
        body["ParentRef"] = {"value": parent}
        body["FullyQualifiedName"] = f"{above['FullyQualifiedName']}:{name}"
    return body


def _product_item(product: facts.Product) -> Body:
    body: Body = {
        "Name": product.name,
        "Type": "Service" if product.service else "NonInventory",
        "Description": product.description,
        "UnitPrice": Decimal(product.price),
        "Taxable": not product.service,
        "IncomeAccountRef": {"value": "1" if product.service else "79"},
    }
    if product.in_books != "name":
        body["Sku"] = product.code
    return body


def _business_customer(business: facts.Business) -> Body:
    address = {
        "Line1": business.street,
        "City": business.city,
        "CountrySubDivisionCode": business.state_code,
        "PostalCode": business.postal_code,
        "Country": "USA",
    }
    return {
        "DisplayName": business.books_name,
        "CompanyName": business.books_name[:100],
        "GivenName": business.contact_given,
        "FamilyName": business.contact_family,
        "PrimaryPhone": {"FreeFormNumber": business.phone[:30]},
        "PrimaryEmailAddr": {"Address": business.email},
        "WebAddr": {"URI": business.website},
        "BillAddr": address,
        "ShipAddr": dict(address),
        "Taxable": False,
    }
