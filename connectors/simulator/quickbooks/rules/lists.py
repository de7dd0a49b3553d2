"""Items, accounts, terms, payment methods, classes, departments, currencies, agencies (quickbooks.md 3.5, 3.12, 3.13)."""

from __future__ import annotations

from connectors.simulator.quickbooks import faults
from connectors.simulator.quickbooks.clean import is_blank
from connectors.simulator.quickbooks.context import Context
from connectors.simulator.quickbooks.faults import ApiError, Fault
from connectors.simulator.quickbooks.model import Entity
from connectors.simulator.quickbooks.records import Body
from connectors.simulator.quickbooks.rules.base import Rules, check_opening, currency_reference
from connectors.simulator.quickbooks.rules.names import ListRules

CLASSIFICATIONS = {
    "Bank": "Asset",
    "Accounts Receivable": "Asset",
    "Other Current Asset": "Asset",
    "Fixed Asset": "Asset",
    "Other Asset": "Asset",
    "Accounts Payable": "Liability",
    "Credit Card": "Liability",
    "Other Current Liability": "Liability",
    "Long Term Liability": "Liability",
    "Equity": "Equity",
    "Income": "Revenue",
    "Other Income": "Revenue",
    "Cost of Goods Sold": "Expense",
    "Expense": "Expense",
    "Other Expense": "Expense",
}
# The sub type an account gets when only its type was given, and the types that sub types belong to.
DEFAULT_SUB_TYPES = {
    "Bank": "Checking",
    "Accounts Receivable": "AccountsReceivable",
    "Other Current Asset": "OtherCurrentAssets",
    "Fixed Asset": "OtherFixedAssets",
    "Other Asset": "OtherLongTermAssets",
    "Accounts Payable": "AccountsPayable",
    "Credit Card": "CreditCard",
    "Other Current Liability": "OtherCurrentLiabilities",
    "Long Term Liability": "OtherLongTermLiabilities",
    "Equity": "OwnersEquity",
    "Income": "OtherPrimaryIncome",
    "Other Income": "OtherMiscellaneousIncome",
    "Cost of Goods Sold": "SuppliesMaterialsCogs",
    "Expense": "OtherMiscellaneousServiceCost",
    "Other Expense": "OtherMiscellaneousExpense",
}
_TYPES_OF_SUB_TYPES = {
    **{sub: kind for kind, sub in DEFAULT_SUB_TYPES.items()},
    "Savings": "Bank",
    "MoneyMarket": "Bank",
    "UndepositedFunds": "Other Current Asset",
    "Inventory": "Other Current Asset",
    "PrepaidExpenses": "Other Current Asset",
    "SalesOfProductIncome": "Income",
    "ServiceFeeIncome": "Income",
    "DiscountsRefundsGiven": "Income",
    "AdvertisingPromotional": "Expense",
    "OfficeGeneralAdministrativeExpenses": "Expense",
    "GlobalTaxPayable": "Other Current Liability",
    "SalesTaxPayable": "Other Current Liability",
    "NotesPayable": "Long Term Liability",
    "OpeningBalanceEquity": "Equity",
    "RetainedEarnings": "Equity",
}


class ItemRules(ListRules):
    """Products and services; what each type needs, and which accounts it may use."""

    kept = frozenset({"Type"})

    def require(self, context: Context, entity: Entity, clean: Body) -> None:
        super().require(context, entity, clean)
        kind = clean.get("Type") or ("Inventory" if clean.get("TrackQtyOnHand") else "Service")
        if kind == "Group":
            raise faults.operation_not_allowed("create", "Item of type Group")
        needed: tuple[str, ...] = ("IncomeAccountRef",) if kind in ("Service", "NonInventory") else ()
        if kind == "Inventory":
            if not context.preference("ProductAndServicesPrefs", "QuantityOnHand", False):
                raise faults.business("Feature Not Supported Error", "5030", "Feature not supported")
            if clean.get("QtyOnHand") is None:
                raise faults.business(
                    "Tracked inventory items need a quantity on hand.",
                    "6520",
                    "Quantity missing",
                    "QtyOnHand",
                )
            if clean["QtyOnHand"] < 0:
                raise faults.invalid_quantity("QtyOnHand", clean["QtyOnHand"])
            needed = ("AssetAccountRef", "IncomeAccountRef", "ExpenseAccountRef", "InvStartDate")
        for name in needed:
            if name not in clean or is_blank(clean[name]):
                raise Fault(faults.missing(name))

    def fill(self, context: Context, entity: Entity, body: Body, old: Body | None, clean: Body) -> None:
        body.setdefault("Type", "Inventory" if body.get("TrackQtyOnHand") else "Service")
        if old is not None and old["Type"] == "Inventory":
            body["Type"], body["TrackQtyOnHand"] = "Inventory", True
        if body["Type"] == "Category":
            for name in ("UnitPrice", "PurchaseCost", "Taxable", "TrackQtyOnHand"):
                body.pop(name, None)
        else:
            body.setdefault("Taxable", False)
            body.setdefault("UnitPrice", 0)
            body.setdefault("PurchaseCost", 0)
            body.setdefault("TrackQtyOnHand", body["Type"] == "Inventory")
        super().fill(context, entity, body, old, clean)
        self._check_accounts(context, body, clean)

    @staticmethod
    def _check_accounts(context: Context, body: Body, clean: Body) -> None:
        allowed = {
            "IncomeAccountRef": ("Income", "Other Income"),
            "ExpenseAccountRef": ("Cost of Goods Sold",)
            if body["Type"] == "Inventory"
            else ("Expense", "Other Expense", "Cost of Goods Sold"),
            "AssetAccountRef": ("Other Current Asset",),
        }
        for name, types in allowed.items():
            if name not in clean or name not in body:
                continue
            account = context.get("account", body[name]["value"]) or {}
            if account.get("AccountType") not in types:
                raise faults.business("Invalid account type used.", "6430", "Invalid account type used", name)


class AccountRules(ListRules):
    """The chart of accounts."""

    kept = frozenset({"AccountType", "AccountSubType", "Classification", "CurrentBalance", "CurrencyRef"})

    def require(self, context: Context, entity: Entity, clean: Body) -> None:
        super().require(context, entity, clean)
        if clean.get("AccountSubType") == "":
            raise Fault(faults.invalid_enumeration(""))
        if not clean.get("AccountType") and not clean.get("AccountSubType"):
            raise faults.business(
                "AccountType or AccountSubType needs to be specified.", "6010", "AccountType needed"
            )

    def fill(self, context: Context, entity: Entity, body: Body, old: Body | None, clean: Body) -> None:
        if not body.get("AccountType"):
            kind = _TYPES_OF_SUB_TYPES.get(body["AccountSubType"])
            if kind is None:
                raise Fault(faults.invalid_enumeration(body["AccountSubType"]))
            body["AccountType"] = kind
        body.setdefault("AccountSubType", DEFAULT_SUB_TYPES[body["AccountType"]])
        body["Classification"] = CLASSIFICATIONS[body["AccountType"]]
        body["SubAccount"] = "ParentRef" in body
        body.setdefault("CurrentBalance", 0)
        body.setdefault("CurrentBalanceWithSubAccounts", body["CurrentBalance"])
        if "CurrencyRef" not in body:
            body["CurrencyRef"] = currency_reference(context.home_currency)
        if old is None:
            check_opening(clean, "OpeningBalance", "OpeningBalanceDate")
        super().fill(context, entity, body, old, clean)


class TreeRules(ListRules):
    """Classes and departments."""

    def fill(self, context: Context, entity: Entity, body: Body, old: Body | None, clean: Body) -> None:
        body[entity.hierarchy_flag] = "ParentRef" in body
        super().fill(context, entity, body, old, clean)


class TermRules(ListRules):
    """Payment terms: due after days, or on a day of the month."""

    qualified = False

    def fill(self, context: Context, entity: Entity, body: Body, old: Body | None, clean: Body) -> None:
        if ("DueDays" in body) == ("DayOfMonthDue" in body):
            raise Fault(faults.missing("DueDays"))
        days, limit = ("DueDays", 999) if "DueDays" in body else ("DayOfMonthDue", 31)
        if not 0 <= body[days] <= limit:
            raise Fault(ApiError("2240", "Number out of range", f"{days} must be 0 to {limit}", days))
        body["Type"] = "STANDARD" if "DueDays" in body else "DATE_DRIVEN"
        body.setdefault("DiscountPercent", 0)
        super().fill(context, entity, body, old, clean)


class PaymentMethodRules(ListRules):
    """Payment methods."""

    qualified = False

    def fill(self, context: Context, entity: Entity, body: Body, old: Body | None, clean: Body) -> None:
        body.setdefault("Type", "NON_CREDIT_CARD")
        if body["Type"] not in ("CREDIT_CARD", "NON_CREDIT_CARD"):
            raise Fault(faults.invalid_enumeration(body["Type"]))
        super().fill(context, entity, body, old, clean)


class PlainListRules(ListRules):
    """Lists with a name and nothing else of their own."""

    qualified = False


class CurrencyRules(ListRules):
    """The company's extra currencies: only with multi-currency on."""

    qualified = False

    def fill(self, context: Context, entity: Entity, body: Body, old: Body | None, clean: Body) -> None:
        if not context.preference("CurrencyPrefs", "MultiCurrencyEnabled", False):
            raise faults.business("Feature Not Supported Error", "5030", "Feature not supported")
        body["Code"] = body.get("Code", "").upper()
        body["Name"] = currency_reference(body["Code"])["name"]
        super().fill(context, entity, body, old, clean)


class AgencyRules(ListRules):
    """Tax agencies."""

    qualified = False

    def fill(self, context: Context, entity: Entity, body: Body, old: Body | None, clean: Body) -> None:
        body.setdefault("TaxTrackedOnPurchases", False)
        body.setdefault("TaxTrackedOnSales", True)
        body.setdefault("TaxAgencyConfig", "USER_DEFINED")
        super().fill(context, entity, body, old, clean)
        body.pop("Active", None)


class CompanyRules(Rules):
    """CompanyInfo and Preferences: one record, updated only."""

    def merge(self, context: Context, entity: Entity, old: Body, clean: Body, sparse: bool) -> Body:
        if entity.name != "Preferences":
            return super().merge(context, entity, old, clean, sparse)
        body = dict(old)
        for name, value in clean.items():  # groups are merged by member: a client sends what it changes
            both = isinstance(value, dict) and isinstance(old.get(name), dict)
            body[name] = {**old[name], **value} if both else value
        return body

    def fill(self, context: Context, entity: Entity, body: Body, old: Body | None, clean: Body) -> None:
        if entity.name == "Preferences":
            wanted = body["CurrencyPrefs"].get("MultiCurrencyEnabled")
            if old and old["CurrencyPrefs"].get("MultiCurrencyEnabled") and not wanted:
                raise faults.business("Multi-currency cannot be turned off.")
        context.forget_settings()
        super().fill(context, entity, body, old, clean)
