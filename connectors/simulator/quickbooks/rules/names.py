"""Names of lists: uniqueness, hierarchy, deactivation; and the customers, vendors and employees that share them.

quickbooks.md 3.1.5, 3.1.7, 3.3, 3.4.
"""

from __future__ import annotations

from decimal import Decimal

from connectors.simulator.quickbooks import faults
from connectors.simulator.quickbooks.context import Context
from connectors.simulator.quickbooks.definitions import ENTITIES
from connectors.simulator.quickbooks.faults import Fault
from connectors.simulator.quickbooks.model import Entity
from connectors.simulator.quickbooks.records import Body
from connectors.simulator.quickbooks.rules import charges
from connectors.simulator.quickbooks.rules.base import (
    Rules,
    check_opening,
    currency_reference,
    invalid_parent,
)
from connectors.simulator.quickbooks.rules.taxes import CUSTOM_SALES_TAX, custom_sales_tax

_SUFFIX = " (deleted)"
_MAX_LEVEL = 4
_NAME_PARTS = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")


class ListRules(Rules):
    """A list whose records have a unique name and can be made inactive but not deleted."""

    sticky = frozenset({"Name"})
    #: Whether records carry FullyQualifiedName on the wire.
    qualified = True

    def require(self, context: Context, entity: Entity, clean: Body) -> None:
        super().require(context, entity, clean)

    def fill(self, context: Context, entity: Entity, body: Body, old: Body | None, clean: Body) -> None:
        super().fill(context, entity, body, old, clean)
        self.default_name(context, entity, body, old)
        self.check_name(entity, body)
        body.setdefault("Active", True)
        self._place(context, entity, body, old)
        if old is not None and old.get("Active", True) and body["Active"] is False:
            self.before_deactivation(context, entity, body)
            self._add_suffix(context, entity, body)
        self._check_unique(context, entity, body, old)

    def default_name(self, context: Context, entity: Entity, body: Body, old: Body | None) -> None:
        """Make sure there is a name."""
        if not body.get(entity.name_field):
            raise Fault(faults.missing(entity.name_field))

    def check_name(self, entity: Entity, body: Body) -> None:
        """Refuse characters that no name may hold."""
        name = body[entity.name_field]
        if any(character in name for character in entity.forbidden_in_name):
            raise Fault(faults.invalid_string(entity.name_field, name))

    def before_deactivation(self, context: Context, entity: Entity, body: Body) -> None:
        """Refuse to make the record inactive."""

    # -- hierarchy ------------------------------------------------------------------------------------------------

    def _place(self, context: Context, entity: Entity, body: Body, old: Body | None) -> None:
        """FullyQualifiedName and Level from the parent."""
        name = body[entity.name_field]
        flag = entity.hierarchy_flag
        parent = self._parent(context, entity, body)
        if flag:
            if parent is None and body.get(flag):
                raise faults.business(
                    "ParentRef is required.", "6150", "Parent reference required", "ParentRef"
                )
            if parent is None:
                body.pop("Level", None)
        full = (
            name
            if parent is None
            else f"{parent.get('FullyQualifiedName') or parent[entity.name_field]}:{name}"
        )
        if self.qualified:
            body["FullyQualifiedName"] = full
        if parent is not None and "Level" in entity.fields:
            body["Level"] = int(parent.get("Level", 0)) + 1
            if body["Level"] > _MAX_LEVEL:
                raise faults.business(
                    "You've reached the limit of 5 levels.", "6180", "Sub level limit exceeded", "ParentRef"
                )

    def _parent(self, context: Context, entity: Entity, body: Body) -> Body | None:
        reference = body.get("ParentRef")
        if not reference or "ParentRef" not in entity.fields:
            return None
        parent = context.get(entity.path, reference["value"])
        if parent is None:
            raise invalid_parent()
        above: Body | None = parent
        while above is not None:
            if above["Id"] == body.get("Id"):
                raise faults.business(
                    "Parent cannot be a child", "900", "Parent cannot be a child", "ParentRef"
                )
            upper = above.get("ParentRef")
            above = context.get(entity.path, upper["value"]) if upper else None
        return parent

    # -- names ------------------------------------------------------------------------------------------------------

    def unique_key(self, context: Context, entity: Entity, body: Body) -> str:
        """What must be unique in the family."""
        if context.knobs.unique_names == "display" and entity.name_family == "names":
            return str(body[entity.name_field])
        return str(body.get("FullyQualifiedName") or body[entity.name_field])

    def _check_unique(self, context: Context, entity: Entity, body: Body, old: Body | None) -> None:
        owner = context.records.name_owner(
            context.realm, entity.name_family, self.unique_key(context, entity, body)
        )
        mine = (entity.path, old["Id"]) if old else None
        if owner is not None and owner != mine:
            raise faults.duplicate_name()

    def _add_suffix(self, context: Context, entity: Entity, body: Body) -> None:
        plain = body[entity.name_field]
        full = str(body.get("FullyQualifiedName") or plain)
        suffix, number = _SUFFIX, 1
        while context.records.name_owner(context.realm, entity.name_family, full + suffix) not in (
            None,
            (entity.path, body["Id"]),
        ):
            number += 1
            suffix = f" (deleted-{number})"
        body[entity.name_field] = plain + suffix
        if self.qualified:
            body["FullyQualifiedName"] = full + suffix

    def saved(self, context: Context, entity: Entity, old: Body | None, new: Body) -> None:
        key = self.unique_key(context, entity, new)
        if old is not None:
            former = self.unique_key(context, entity, old)
            if former != key:
                context.records.free_name(context.realm, entity.name_family, former, new["Id"])
            if old.get("FullyQualifiedName") != new.get("FullyQualifiedName"):
                self._rename_children(context, entity, new)
        context.records.take_name(context.realm, entity, key, new["Id"])

    def _rename_children(self, context: Context, entity: Entity, parent: Body) -> None:
        for child in context.records.children(context.realm, entity, parent["Id"]):
            full = f"{parent['FullyQualifiedName']}:{child[entity.name_field]}"
            former = self.unique_key(context, entity, child)
            changes: Body = {"FullyQualifiedName": full}
            if "Level" in entity.fields:
                changes["Level"] = int(parent.get("Level", 0)) + 1
            context.touch(entity.path, child["Id"], changes)
            context.records.free_name(context.realm, entity.name_family, former, child["Id"])
            renamed = {**child, **changes}
            context.records.take_name(
                context.realm, entity, self.unique_key(context, entity, renamed), child["Id"]
            )
            self._rename_children(context, entity, renamed)

    def operation(self, entity: Entity, old: Body | None, new: Body) -> str:
        return "Create" if old is None else "Update"


class PersonRules(ListRules):
    """Customers, vendors and employees: a display name made from name parts, and one namespace for all three."""

    sticky = frozenset({"DisplayName", "PrintOnCheckName"})
    qualified = False

    def default_name(self, context: Context, entity: Entity, body: Body, old: Body | None) -> None:
        if not body.get("DisplayName"):
            name = " ".join(body[part] for part in _NAME_PARTS if body.get(part))
            if not name:
                raise faults.business(
                    "At least one of DisplayName, Title, GivenName, MiddleName, FamilyName or Suffix is required.",
                    "6080",
                    "No name provided",
                    "DisplayName",
                )
            body["DisplayName"] = name
        if not body.get("PrintOnCheckName"):
            body["PrintOnCheckName"] = (body.get("CompanyName") or body["DisplayName"])[:110]

    def check_name(self, entity: Entity, body: Body) -> None:
        for name in ("DisplayName", *_NAME_PARTS):
            if any(character in body.get(name, "") for character in entity.forbidden_in_name):
                raise Fault(faults.invalid_string(name, body[name]))

    def keep_currency(self, context: Context, body: Body, old: Body | None) -> None:
        """The currency is given once: the company's own unless another was asked for at creation."""
        if old is not None:
            body["CurrencyRef"] = old["CurrencyRef"]
            return
        asked = (body.get("CurrencyRef") or {}).get("value", context.home_currency)
        reference = currency_reference(asked)
        if asked != context.home_currency and not context.preference(
            "CurrencyPrefs", "MultiCurrencyEnabled", False
        ):
            raise faults.business("Multi-currency must be enabled to use a foreign currency.")
        body["CurrencyRef"] = reference


class CustomerRules(PersonRules):
    """Customers and their sub-customers."""

    qualified = True
    kept = frozenset({"CurrencyRef", "Balance", "BalanceWithJobs", "IsProject", "ClientEntityId"})

    def fill(self, context: Context, entity: Entity, body: Body, old: Body | None, clean: Body) -> None:
        body.setdefault("Job", False)
        body.setdefault("BillWithParent", False)
        body.setdefault("IsProject", False)
        body.setdefault("ClientEntityId", "0")
        body.setdefault("PreferredDeliveryMethod", "Print")
        if old is None:
            check_opening(clean, "Balance", "OpenBalanceDate")
            body["Balance"] = 0
            body["BalanceWithJobs"] = 0
        self.keep_currency(context, body, old)
        self._tax(context, body)
        self._check_biller(context, body, old)
        super().fill(context, entity, body, old, clean)

    @staticmethod
    def _check_biller(context: Context, body: Body, old: Body | None) -> None:
        """Who is billed cannot change once there are invoices (6130)."""
        if old is None or bool(old.get("BillWithParent")) == bool(body.get("BillWithParent")):
            return
        if context.records.find(context.realm, ENTITIES["invoice"], "f_CustomerRef = ?", (old["Id"],)):
            raise faults.business(
                "You cannot change who this customer bills with.",
                "6130",
                "Cannot change who customer bills with",
            )

    def before_deactivation(self, context: Context, entity: Entity, body: Body) -> None:
        if Decimal(body.get("Balance") or 0) and context.knobs.deactivate_with_balance == "refuse":
            raise faults.business(
                "You cannot make a customer inactive that has an open balance.", "6220", "Open balance"
            )
        if context.knobs.deactivate_with_balance == "refuse" and charges.unbilled(context, body["Id"]):
            raise faults.business(
                "You cannot make a customer inactive that has unbilled charges.", "6280", "Unbilled charges"
            )

    @staticmethod
    def _tax(context: Context, body: Body) -> None:
        uses_tax = bool(context.preference("TaxPrefs", "UsingSalesTax", False))
        named = (body.get("DefaultTaxCodeRef") or {}).get("value")
        if named == CUSTOM_SALES_TAX and context.preference("TaxPrefs", "PartnerTaxEnabled", False):
            raise custom_sales_tax("6230", "DefaultTaxCodeRef")
        body.setdefault("Taxable", uses_tax)
        group = context.preference("TaxPrefs", "TaxGroupCodeRef")
        if body["Taxable"] and uses_tax and group:
            body.setdefault("DefaultTaxCodeRef", dict(group))
        elif not body["Taxable"]:
            body.pop("DefaultTaxCodeRef", None)


class VendorRules(PersonRules):
    """Vendors."""

    kept = frozenset({"CurrencyRef", "Balance"})

    def fill(self, context: Context, entity: Entity, body: Body, old: Body | None, clean: Body) -> None:
        body.setdefault("Vendor1099", False)
        if old is None:
            body["Balance"] = 0
        self.keep_currency(context, body, old)
        if "TaxIdentifier" in clean and body.get("TaxIdentifier"):
            kept = "".join(c for c in body["TaxIdentifier"] if c.isalnum())
            body["TaxIdentifier"] = "X" * max(0, len(kept) - 4) + kept[-4:]
        super().fill(context, entity, body, old, clean)


class EmployeeRules(PersonRules):
    """Employees."""

    def require(self, context: Context, entity: Entity, clean: Body) -> None:
        if not clean.get("GivenName") and not clean.get("FamilyName"):
            raise Fault(faults.missing("GivenName or FamilyName"))

    def fill(self, context: Context, entity: Entity, body: Body, old: Body | None, clean: Body) -> None:
        body.setdefault("BillableTime", False)
        if body.get("SSN"):
            body["SSN"] = "XXX-XX-XXXX"
        if old is None and "DisplayName" not in clean:
            body.pop("DisplayName", None)
        super().fill(context, entity, body, old, clean)
