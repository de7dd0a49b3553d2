"""Filling orgs: their people, price books and stages, and accounts with contacts, products and opportunities."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from connectors.simulator import seed as facts

from .deals import Deals, stage_values
from .metadata.effects import list_definitions
from .objects.places import COUNTRIES, STATES
from .objects.sales import STAGES
from .orgs import Org, Orgs
from .times import wire

if TYPE_CHECKING:
    from connectors.simulator.world import World

Row = dict[str, Any]
_CHUNK = 2000
#: Every so many accounts there is an opportunity.
_OPPORTUNITY_EACH = 4
#: Accounts of the small seed that sell to us, by number; the second one buys as well.
_SUPPLIERS = {12: "Vendor", 21: "Vendor and Customer"}
_ORGS: tuple[dict[str, Any], ...] = (
    {"name": "Cascade Garden Supply", "kind": "production", "edition": "Enterprise Edition", "package": True,
     "daily": 115_000},
    {"name": "Cascade Garden Supply (sandbox)", "kind": "sandbox", "edition": "Enterprise Edition",
     "package": False, "daily": 5_000_000},
    {"name": "Juniper Consulting", "kind": "production", "edition": "Developer Edition", "package": True,
     "daily": 15_000, "multicurrency": True},
)  # fmt: skip


def seed_orgs(world: World, orgs: Orgs, plan: str) -> None:
    """The orgs of a fresh simulator: the default one by `plan`, the others small (or empty too)."""
    for index, about in enumerate(_ORGS):
        make_org(world, orgs, about, plan if index == 0 or plan == "empty" else "small")


def fresh_org(world: World, orgs: Orgs, kind: str, plan: str = "small", **more: Any) -> Org:
    """A further org, as the consent page makes them."""
    about = {
        "name": f"Fresh Org {len(orgs) + 1}",
        "kind": kind if kind in ("production", "sandbox") else "production",
        "edition": "Developer Edition",
        "package": True,
        "daily": 15_000,
        **more,
    }
    return make_org(world, orgs, about, plan)


def make_org(world: World, orgs: Orgs, about: Row, plan: str) -> Org:
    """One org with its people and set-up, and the accounts of the plan."""
    flavour = {"package": bool(about.get("package", True)), "multicurrency": bool(about.get("multicurrency"))}
    flavour.update(
        {
            name: bool(about[name])
            for name in ("quotes", "orders", "products", "state_picklists")
            if name in about
        }
    )
    number = len(orgs) + 1
    org = orgs.add(
        {
            "name": about["name"],
            "kind": about["kind"],
            "edition": about["edition"],
            "flavour": flavour,
            "metadata_changed": wire(world.clock.now() - timedelta(days=30)),
            "username": f"integration@org{number}.example.com",
            "user_id": "",
            "password": world.fixed(f"password {number}", 16),
            "security_token": world.fixed(f"security token {number}", 24),
            "settings": {"daily_api_requests": about.get("daily", 15_000)},
        }
    )
    seeder = Seeder(org)
    seeder.people()
    seeder.set_up()
    seeder.businesses(plan)
    return org


class Seeder:
    """Writes rows straight into the tables: seeds are history, not writes."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self.now = org.now().replace(microsecond=0)
        self.admin = ""
        self.born = wire(self.now - timedelta(days=400))

    # -- rows -----------------------------------------------------------------------------------------------

    def insert(self, object_name: str, rows: Iterable[Row], stamp: str = "") -> None:
        """Store rows, defaults and audit fields filled in. Rows bring their Id."""
        entity = self.org.catalog.get(object_name)
        names = entity.stored_names
        empty: Row = dict.fromkeys(names)
        for known in entity.object.fields:
            if known.type == "boolean":
                empty[known.name] = int(bool(known.default))
            elif known.stored:
                empty[known.name] = next((one.value for one in known.choices if one.default), known.default)
        stamp = stamp or self.born
        if entity.stamped:
            for name in ("CreatedDate", "LastModifiedDate", "SystemModstamp"):
                empty[name] = stamp
            empty["CreatedById"] = empty["LastModifiedById"] = self.admin
        if "OwnerId" in empty:
            empty["OwnerId"] = self.admin
        columns = ", ".join(f'"{name}"' for name in names)
        sql = f'INSERT INTO "{entity.table}" ({columns}) VALUES ({", ".join("?" * len(names))})'
        self.org.world.store.write_many(sql, (tuple((empty | row).values()) for row in rows))

    def one(self, object_name: str, **values: Any) -> str:
        """Store one row, numbered like a record made later; returns its id."""
        entity = self.org.catalog.get(object_name)
        record_id: str = values.get("Id") or self.org.new_id(entity.object.prefix)
        numbers = {
            known.name: self.org.next_auto_number(entity, known)
            for known in entity.object.fields
            if known.auto_number is not None and known.name not in values
        }
        self.insert(object_name, [{"Id": record_id, **numbers, **values}])
        return record_id

    # -- people and set-up ----------------------------------------------------------------------------------

    def people(self) -> None:
        org = self.org
        self.admin = org.new_id("005")
        org.facts["admin_id"] = self.admin
        org.facts["user_id"] = org.new_id("005")
        profile = self.one("Profile", Name="System Administrator", UserType="Standard")
        api = self.one("Profile", Name="Salesforce API Only System Integrations", UserType="Standard")
        role = self.one("UserRole", Name="CEO", DeveloperName="CEO")
        self._user(
            self.admin, "Avery", "Admin", f"admin@org{org.number}.example.com", "aadmin", profile, role
        )
        self._user(org.user_id, "Integration", "User", org.username, "integ", api, None)
        clerk = org.new_id("005")
        self._user(clerk, "Sam", "Sales", f"sam@org{org.number}.example.com", "ssales", profile, role)
        org.facts["clerk_id"] = clerk
        is_sandbox = org.kind == "sandbox"
        self.one(
            "Organization", Id=org.id, Name=org.name, Street="1 Market Street", City="San Francisco", State="CA",
            PostalCode="94105", Country="US", Phone="(415) 555-0100", PrimaryContact="Avery Admin",
            DefaultLocaleSidKey="en_US", TimeZoneSidKey=org.zone.key, LanguageLocaleKey="en_US",
            FiscalYearStartMonth=org.fiscal_start, OrganizationType=org.facts["edition"], UiSkin="Theme3",
            InstanceName=f"SIM{org.number}", IsSandbox=int(is_sandbox), DefaultAccountAccess="Edit",
            DefaultContactAccess="ControlledByParent", DefaultOpportunityAccess="Edit",
            DefaultLeadAccess="ReadEditTransfer", DefaultCaseAccess="ReadEditTransfer",
            DefaultCalendarAccess="HideDetailsInsert", DefaultPricebookAccess="ReadSelect",
            DefaultCampaignAccess="All", NumKnowledgeService=0, MonthlyPageViewsUsed=0,
            MonthlyPageViewsEntitlement=0, SignupCountryIsoCode="US", WebToCaseDefaultOrigin="Web",
        )  # fmt: skip
        org.save()

    def _user(
        self, user_id: str, first: str, last: str, username: str, alias: str, profile: str, role: str | None
    ) -> None:
        self.one(
            "User", Id=user_id, Username=username, FirstName=first, LastName=last, Name=f"{first} {last}",
            Email=username, Alias=alias, CommunityNickname=f"{alias}{self.org.number}", IsActive=1,
            TimeZoneSidKey=self.org.zone.key, LocaleSidKey="en_US", EmailEncodingKey="UTF-8",
            ProfileId=profile, UserRoleId=role, UserType="Standard", LanguageLocaleKey="en_US", Country="US",
        )  # fmt: skip

    def set_up(self) -> None:
        """Stages, the price books, permission sets of the package, currencies."""
        org = self.org
        for order, (label, category, probability, closed, won) in enumerate(STAGES, 1):
            self.one(
                "OpportunityStage", MasterLabel=label, ApiName=label, IsActive=1, SortOrder=order,
                IsClosed=int(closed), IsWon=int(won), ForecastCategory=category, ForecastCategoryName=category,
                DefaultProbability=float(probability),
            )  # fmt: skip
        if org.flavour.products:
            org.facts["standard_price_book"] = self.one(
                "Pricebook2", Name="Standard Price Book", IsStandard=1, IsActive=1
            )
        if org.flavour.multicurrency:
            for code, rate, corporate, places in (
                ("USD", 1.0, 1, 2),
                ("EUR", 0.92, 0, 2),
                ("GBP", 0.79, 0, 2),
                ("CAD", 1.37, 0, 2),
                ("JPY", 149.0, 0, 0),
            ):
                self.one(
                    "CurrencyType", IsoCode=code, ConversionRate=rate, DecimalPlaces=places, IsActive=1,
                    IsCorporate=corporate,
                )  # fmt: skip
        if org.flavour.package:
            self._permission_sets()
        list_definitions(org)
        org.save()

    def _permission_sets(self) -> None:
        for name, label in (("QBO_Integration", "QuickBooks Integration"), ("QBO_User", "QuickBooks User")):
            made = self.one("PermissionSet", Name=name, Label=label, IsCustom=1)
            if name == "QBO_Integration":
                self.one(
                    "PermissionSetAssignment", PermissionSetId=made, AssigneeId=self.org.user_id, IsActive=1
                )

    # -- business -------------------------------------------------------------------------------------------

    def businesses(self, plan: str) -> None:
        """Accounts with a contact each, some with opportunities on the products of the plan."""
        if plan == "empty":
            return
        entries = self.products() if self.org.flavour.products else []
        sold = [entry for entry in entries if entry[0]["IsActive"]]
        kinds = _SUPPLIERS if plan == "small" and self.org.flavour.package else {}
        source = facts.businesses(plan)
        index = 0
        while chunk := list(islice(source, _CHUNK)):
            stamp = wire(self.now - timedelta(days=90) + timedelta(seconds=index // 10))
            accounts = list(zip(self.org.new_ids("001", len(chunk)), chunk, strict=True))
            rows = (self.placed(_account(one, company, kinds)) for one, company in accounts)
            self.insert("Account", rows, stamp)
            people = list(self.org.new_ids("003", len(chunk)))
            contacts = zip(people, accounts, strict=True)
            self.insert(
                "Contact",
                (self.placed(_contact(one, account, company)) for one, (account, company) in contacts),
                stamp,
            )
            if sold:
                self.opportunities(accounts[::_OPPORTUNITY_EACH], sold, stamp)
            if entries and plan == "small" and self.org.flavour.package:
                Deals(self, [one for one, _ in accounts], people, entries).write()
            index += len(chunk)

    def placed(self, row: Row) -> Row:
        """With state and country picklists the codes have fields of their own, and the texts are names."""
        if not self.org.flavour.state_picklists:
            return row
        for name in [one for one in row if one.endswith(("State", "Country"))]:
            code = str(row[name])
            labels = STATES["US"] if name.endswith("State") else COUNTRIES
            row[name], row[f"{name}Code"] = labels.get(code), code
        return row

    def products(self) -> list[tuple[Row, Row]]:
        """The products with their standard prices, as (product, entry); one that is no longer made is inactive."""
        book = self.org.facts["standard_price_book"]
        made = []
        for one in facts.PRODUCTS:
            product = {
                "Id": self.org.new_id("01t"), "Name": one.name, "ProductCode": one.code,
                "IsActive": int(not one.discontinued), "Description": one.description, "Family": "None",
                "StockKeepingUnit": one.code,
            }  # fmt: skip
            entry = {
                "Id": self.org.new_id("01u"), "Name": one.name, "ProductCode": one.code, "Pricebook2Id": book,
                "Product2Id": product["Id"], "UnitPrice": float(Decimal(one.price)), "IsActive": 1,
            }  # fmt: skip
            made.append((product, entry))
        self.insert("Product2", (product for product, _ in made))
        self.insert("PricebookEntry", (entry for _, entry in made))
        return made

    def opportunities(
        self, accounts: list[tuple[str, Any]], entries: list[tuple[Row, Row]], stamp: str
    ) -> None:
        lines: list[Row] = []
        rows = [self._opportunity(account, company, entries, lines) for account, company in accounts]
        self.insert("Opportunity", rows, stamp)
        for line, record_id in zip(lines, self.org.new_ids("00k", len(lines)), strict=True):
            line["Id"] = record_id
        self.insert("OpportunityLineItem", lines, stamp)

    def _opportunity(
        self, account: str, company: Any, entries: list[tuple[Row, Row]], lines: list[Row]
    ) -> Row:
        stage = STAGES[company.number % len(STAGES)][0]
        closes = (self.now + timedelta(days=company.number % 120 - 60)).date()
        record_id, name = self.org.new_id("006"), f"{company.name} {closes.year}"[:120]
        amount, pieces = Decimal(0), Decimal(0)
        for position in range(1 + company.number % 3):
            product, entry = entries[(company.number + position) % len(entries)]
            quantity, price = Decimal(1 + (company.number + position) % 5), Decimal(str(entry["UnitPrice"]))
            amount, pieces = amount + quantity * price, pieces + quantity
            lines.append(_line(record_id, name, product, entry, quantity, price))
        row: Row = {
            "Id": record_id, "AccountId": account, "Name": name, "Amount": float(amount), "HasOpportunityLineItem": 1,
            "TotalOpportunityQuantity": float(pieces), "Pricebook2Id": self.org.facts["standard_price_book"],
            **stage_values(stage, amount, closes),
        }  # fmt: skip
        if self.org.flavour.package and row["IsWon"]:
            row["QBO_Generate__c"] = "Invoice"
        return row


def _account(record_id: str, company: Any, kinds: dict[int, str]) -> Row:
    return {
        "Id": record_id, "Name": company.name, "Phone": company.phone, "Website": company.website,
        "BillingStreet": company.street, "BillingCity": company.city, "BillingState": company.state_code,
        "BillingPostalCode": company.postal_code, "BillingCountry": company.country_code,
        "ShippingStreet": company.street, "ShippingCity": company.city, "ShippingState": company.state_code,
        "ShippingPostalCode": company.postal_code, "ShippingCountry": company.country_code,
        "Industry": company.industry, "NumberOfEmployees": company.employees,
        "AccountNumber": f"A-{company.number + 1:06d}", "Type": kinds.get(company.number, "Customer - Direct"),
    }  # fmt: skip


def _contact(record_id: str, account: str, company: Any) -> Row:
    return {
        "Id": record_id, "AccountId": account, "FirstName": company.contact_given,
        "LastName": company.contact_family, "Name": f"{company.contact_given} {company.contact_family}",
        "Email": company.contact_email, "Phone": company.contact_phone, "MailingStreet": company.street,
        "MailingCity": company.city, "MailingState": company.state_code,
        "MailingPostalCode": company.postal_code, "MailingCountry": company.country_code,
    }  # fmt: skip


def _line(parent: str, name: str, product: Row, entry: Row, quantity: Decimal, price: Decimal) -> Row:
    total = float(quantity * price)
    return {
        "OpportunityId": parent, "PricebookEntryId": entry["Id"], "Product2Id": product["Id"],
        "ProductCode": product["ProductCode"], "Name": f"{name} {product['Name']}"[:376],
        "Quantity": float(quantity), "UnitPrice": float(price), "ListPrice": float(price), "TotalPrice": total,
        "Subtotal": total,
    }  # fmt: skip
