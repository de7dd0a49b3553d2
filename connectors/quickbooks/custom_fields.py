"""QuickBooks' custom fields as fields that can be mapped (reference quickbooks.md 3.15).

The three old text fields of sales forms stand in the company's preferences. They are addressed by their definition:
`CustomField.1`. The newer ones are defined through GraphQL, which only production serves; one that is known by its
definition id can be mapped all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.contracts import FieldInfo

SALES_FORMS = frozenset({"Invoice", "Estimate", "SalesReceipt", "CreditMemo", "RefundReceipt"})
LONGEST = 31
"""Characters of an old custom field's value: what its form takes (assumed for the API)."""
_USED, _NAMED = "SalesFormsPrefs.UseSalesCustom", "SalesFormsPrefs.SalesCustomName"


def sales_form_fields(names: Mapping[str, str], entity: str) -> tuple[FieldInfo, ...]:
    """The old custom fields of these names (`names_in`), for an entity that has them; none for others."""
    if entity not in SALES_FORMS:
        return ()
    return tuple(FieldInfo(path, name, "string", length=LONGEST) for path, name in sorted(names.items()))


def names_in(preferences: Mapping[str, Any]) -> dict[str, str]:
    """What the company calls its old custom fields, by path; only those that are switched on."""
    said = dict(_settings(preferences))
    return {
        f"CustomField.{number}": str(said.get(f"{_NAMED}{number}") or f"Custom field {number}")
        for number in "123"
        if said.get(f"{_USED}{number}") is True
    }


def _settings(preferences: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Name and value of each custom-field setting: two nested blocks, one of switches and one of names."""
    for block in (preferences.get("SalesFormsPrefs") or {}).get("CustomField") or ():
        for one in block.get("CustomField") or (block,):
            name = str(one.get("Name") or "")
            value = one.get("BooleanValue", one.get("StringValue"))
            yield name, value if not isinstance(value, str) or name.startswith(_NAMED) else value == "true"
