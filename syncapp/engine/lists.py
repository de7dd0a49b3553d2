"""Lists that records refer to by name: terms, tax codes, accounts, classes, locations, payment methods, items.

A row with a `lookup` holds on the Salesforce side what a person calls the entry (its name, number or SKU) and on the
QuickBooks side its id. The lists are cached per QuickBooks company; a decision is given those that its mapping needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

BY_ID = "@id:"
BY_SKU = "@sku:"
"""In front of a reference that does not go through a link: a QuickBooks id, or the SKU of an item."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a list. `number` is an account's number, `kind` a type (an account's or an item's), `more` what else
    decisions rest on (a tax code's rates, whether an item is taxable)."""

    id: str
    name: str
    number: str = ""
    sku: str = ""
    kind: str = ""
    active: bool = True
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ReferenceList:
    """The entries of one list of one QuickBooks company."""

    entity: str
    entries: tuple[Entry, ...] = ()

    def find(self, text: str) -> Entry | None:
        """The active entry that a person means: by id where the text says so, else by name, number, SKU or id."""
        if text.startswith(BY_ID):
            return self.by_id(text.removeprefix(BY_ID))
        if text.startswith(BY_SKU):
            return self._by_sku.get(text.removeprefix(BY_SKU).strip().casefold())
        wanted = text.strip().casefold()
        for index in (self._by_name, self._by_number, self._by_sku):
            if wanted in index:
                return index[wanted]
        return self.by_id(text.strip())

    def by_id(self, id: str) -> Entry | None:
        """The entry of that id, also an inactive one."""
        return self._by_id.get(id)

    @cached_property
    def _by_id(self) -> dict[str, Entry]:
        return {entry.id: entry for entry in self.entries}

    @cached_property
    def _by_name(self) -> dict[str, Entry]:
        return self._index("name")

    @cached_property
    def _by_number(self) -> dict[str, Entry]:
        return self._index("number")

    @cached_property
    def _by_sku(self) -> dict[str, Entry]:
        return self._index("sku")

    def _index(self, attribute: str) -> dict[str, Entry]:
        """Entries that one word names without doubt: what two active entries share names none of them."""
        found: dict[str, Entry | None] = {}
        for entry in self.entries:
            word = str(getattr(entry, attribute)).strip().casefold()
            if word and entry.active:
                found[word] = None if word in found else entry
        return {word: entry for word, entry in found.items() if entry is not None}


Lists = Mapping[str, ReferenceList]


@dataclass(frozen=True, slots=True)
class NotListed:
    """Stands for a name that its list does not hold: such a value is never written."""

    entity: str
    text: str


def find(lists: Lists, entity: str, text: str) -> Entry | None:
    """An entry by what a person calls it; None where the list or the entry is not there."""
    listed = lists.get(entity)
    return listed.find(text) if listed is not None else None


def entry_of(body: Mapping[str, Any]) -> Entry:
    """The entry that a QuickBooks body of a list entity makes (quickbooks.md 3.5, 3.12, 3.13)."""
    rates = body.get("SalesTaxRateList") or {}
    more = {
        "taxable": body.get("Taxable"),
        "due_days": body.get("DueDays"),
        "due_day": body.get("DayOfMonthDue"),
        "next_month_days": body.get("DueNextMonthDays"),
        "rate": body.get("RateValue"),
        "rates": [_value(detail.get("TaxRateRef")) for detail in rates.get("TaxRateDetail") or ()],
        "subtype": body.get("AccountSubType"),
        "income_account": _value(body.get("IncomeAccountRef")),
        "tax_code": _value(body.get("SalesTaxCodeRef")),
        "inventory_start": body.get("InvStartDate"),
    }
    return Entry(
        id=str(body.get("Id") or body.get("Code") or ""),
        name=str(body.get("FullyQualifiedName") or body.get("Name") or body.get("Code") or ""),
        number=str(body.get("AcctNum") or ""),
        sku=str(body.get("Sku") or ""),
        kind=str(body.get("Type") or body.get("AccountType") or ""),
        active=body.get("Active") is not False,
        more={name: value for name, value in more.items() if value not in (None, "", [])},
    )


def _value(reference: Any) -> str:
    return str(reference.get("value") or "") if isinstance(reference, Mapping) else ""


def listed(entity: str, entries: Iterable[Entry]) -> ReferenceList:
    """A list of these entries."""
    return ReferenceList(entity, tuple(entries))
