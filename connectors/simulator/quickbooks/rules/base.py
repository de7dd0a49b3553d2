"""What every entity's rules have in common: required members, references, sparse and full updates.

Subclasses override the hooks; `writes.Writer` calls them in order. quickbooks.md 3.1.
"""

from __future__ import annotations

from typing import Any

from connectors.simulator.quickbooks import faults
from connectors.simulator.quickbooks.clean import is_absent, is_blank
from connectors.simulator.quickbooks.context import Context, new_address_id
from connectors.simulator.quickbooks.definitions import ENTITIES, REFERENCES
from connectors.simulator.quickbooks.faults import Fault
from connectors.simulator.quickbooks.model import Entity
from connectors.simulator.quickbooks.records import Body

# References that come back without a name (recorded bodies).
_NAMELESS = {
    "ParentRef",
    "DefaultTaxCodeRef",
    "TaxCodeRef",
    "TxnTaxCodeRef",
    "TaxRateRef",
    "AgencyRef",
    "CustomerTypeRef",
    "TermRef",
}
_ADDRESSES = ("BillAddr", "ShipAddr", "PrimaryAddr", "VendorAddr", "ShipFromAddr", "RemitToAddr")


class Rules:
    """Plain storage of an entity by its field list."""

    #: Members that a sparse update cannot clear.
    sticky: frozenset[str] = frozenset()
    #: Members that survive a full update that leaves them out.
    kept: frozenset[str] = frozenset()

    def require(self, context: Context, entity: Entity, clean: Body) -> None:
        """Refuse a create without what it needs (2020)."""
        for name in entity.required:
            value = clean.get(name)
            if value is None or is_blank(value) or value == []:
                raise Fault(faults.missing(name))

    def merge(self, context: Context, entity: Entity, old: Body, clean: Body, sparse: bool) -> Body:
        """The body after an update, before defaults: a sparse one changes what it names, a full one clears the rest."""
        if sparse:
            body = dict(old)
            for name, value in clean.items():
                if is_absent(value):
                    continue
                if is_blank(value):
                    if name not in self.sticky:
                        body.pop(name, None)
                else:
                    body[name] = value
            return body
        body = {
            name: value
            for name, value in old.items()
            if name in self.kept or entity.fields[name].read_only or name in ("Id", "SyncToken", "sparse")
        }
        body.update(
            {name: value for name, value in clean.items() if not is_blank(value) and not is_absent(value)}
        )
        return body

    def fill(self, context: Context, entity: Entity, body: Body, old: Body | None, clean: Body) -> None:
        """Add the server's defaults and derived members, in place; refuse what the rules forbid."""
        self.resolve(context, entity, body, clean)
        self.number_addresses(context, body, old)

    def saved(self, context: Context, entity: Entity, old: Body | None, new: Body) -> None:
        """Side effects on other records, after the record itself is stored."""

    def operation(self, entity: Entity, old: Body | None, new: Body) -> str:
        """The name of this change for the log and the webhooks."""
        return "Create" if old is None else "Update"

    def before_delete(self, context: Context, entity: Entity, body: Body) -> None:
        """Refuse a deletion that the rules forbid."""

    def deleted(self, context: Context, entity: Entity, body: Body) -> None:
        """Side effects of a deletion."""

    def void(self, context: Context, entity: Entity, body: Body) -> Body:
        """The body after a void."""
        raise faults.operation_not_allowed("void", entity.name)

    # -- for subclasses -------------------------------------------------------------------------------------------

    def resolve(self, context: Context, entity: Entity, body: Body, clean: Body) -> None:
        """Look up every reference that the request names; fill in the names."""
        for name, field in entity.fields.items():
            if field.type == "ref" and name in body and name in clean:
                body[name] = resolve_reference(context, entity, name, body[name])

    def number_addresses(self, context: Context, body: Body, old: Body | None) -> None:
        """Give each address its id: an address that was there keeps it."""
        for name in _ADDRESSES:
            address = body.get(name)
            if not isinstance(address, dict):
                continue
            before = (old or {}).get(name) or {}
            number = before.get("Id") or address.get("Id") or new_address_id(context)
            body[name] = {"Id": number, **{key: value for key, value in address.items() if key != "Id"}}


def check_opening(clean: Body, balance: str, day: str) -> None:
    """An opening balance comes with its date (6060)."""
    if clean.get(balance) and not clean.get(day):
        raise faults.business(f"{day} is required with {balance}.", "6060", f"{day} is required", day)


def invalid_parent() -> Fault:
    return faults.business("Invalid Parent Reference", "700", "Invalid Parent Reference", "ParentRef")


def resolve_reference(context: Context, entity: Entity, name: str, reference: Any) -> Any:
    """The reference as it is stored, with its name. Raises 2500 for an unknown target, 610 for an inactive one."""
    if not isinstance(reference, dict) or "value" not in reference:
        return reference
    path = entity.path if name == "ParentRef" else REFERENCES.get(name)
    if name == "CurrencyRef":
        return currency_reference(reference["value"])
    if path is None or path not in ENTITIES:
        return reference
    target = ENTITIES[path]
    found = context.get(path, str(reference["value"]))
    if found is None and name == "ParentRef":
        raise invalid_parent()
    if found is None:
        raise faults.invalid_reference(target.reference_word or target.name, str(reference["value"]))
    if found.get("Active") is False:
        raise faults.not_found()
    return described(name, target, found)


def described(name: str, target: Entity, found: Body) -> Body:
    """A reference to `found` under the member `name`, with or without its label."""
    if name in _NAMELESS:
        return {"value": found["Id"]}
    label = found.get("FullyQualifiedName") or found.get(target.name_field) or found.get("Name", "")
    return {"value": found["Id"], "name": label}


CURRENCIES = {
    "USD": "United States Dollar",
    "CAD": "Canadian Dollar",
    "EUR": "Euro",
    "GBP": "British Pound Sterling",
    "AUD": "Australian Dollar",
    "JPY": "Japanese Yen",
    "MXN": "Mexican Peso",
    "CHF": "Swiss Franc",
    "INR": "Indian Rupee",
    "NZD": "New Zealand Dollar",
    "SEK": "Swedish Krona",
    "ANG": "Dutch Guilder",
}


def currency_reference(code: str) -> Body:
    """`{"value": "USD", "name": "United States Dollar"}`. Raises 2220 for a code that is none."""
    name = CURRENCIES.get(code)
    if name is None:
        raise Fault(
            faults.ApiError("2220", "Invalid Currency Type", f"Invalid Currency Type : {code}", "CurrencyRef")
        )
    return {"value": code, "name": name}
