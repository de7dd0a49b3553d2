"""Conditions that people filter by, in QuickBooks' query language: only what it can answer (quickbooks.md 4.1, 4.4)."""

from __future__ import annotations

from connectors.contracts import Condition
from connectors.quickbooks import query
from connectors.quickbooks.entities import Entity

_NAMES = "DisplayName GivenName MiddleName FamilyName CompanyName PrintOnCheckName Active Balance"
_TIMES = "MetaData.CreateTime MetaData.LastUpdatedTime"
_FILTERABLE = {
    "Customer": f"{_NAMES} FullyQualifiedName PrimaryEmailAddr",
    "Vendor": _NAMES,
    "Employee": "DisplayName GivenName MiddleName FamilyName PrintOnCheckName Active",
    "Item": "Name Type FullyQualifiedName Active Taxable SubItem Sku",
    "Invoice": "CustomerRef DocNumber TxnDate DueDate Balance SalesTermRef ProjectRef",
    "SalesReceipt": "CustomerRef DocNumber TxnDate TotalAmt Balance ProjectRef",
    "CreditMemo": "CustomerRef DocNumber TxnDate Balance SalesTermRef ProjectRef",
    "RefundReceipt": "CustomerRef DocNumber TxnDate PaymentType Balance ProjectRef",
    "Estimate": "CustomerRef DocNumber TxnDate DueDate ProjectRef",
    "Payment": "CustomerRef TotalAmt TxnDate PaymentMethodRef PaymentRefNum",
    "Account": "Name AccountType AccountSubType Classification FullyQualifiedName Active SubAccount CurrentBalance",
}
_BY_ID = frozenset({"eq", "in"})
_BOOLEANS = frozenset({"active", "taxable", "subitem", "subaccount"})
_COMPARISONS = {"eq": "=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def fitted(known: Entity, condition: Condition) -> Condition | None:
    """The condition with its member as QuickBooks spells it; None where it cannot answer it: not every member is
    filterable, and there is no OR, no NOT and no test for empty."""
    reference = condition.path.removesuffix(".value").removesuffix(".Address")
    names = {name.lower(): name for name in f"Id {_TIMES} {_FILTERABLE.get(known.name, '')}".split()}
    name = names.get(reference.lower())
    if name is None or condition.value is None or condition.operator in ("ne", "blank"):
        return None
    if name == "Id" and condition.operator not in _BY_ID:
        return None
    if condition.operator in ("contains", "starts") and "%" in str(condition.value):
        return None  # a percent sign within LIKE cannot be escaped
    return Condition(name, condition.operator, condition.value)


def text(condition: Condition) -> str:
    """The condition as the language writes it."""
    if condition.operator in ("contains", "starts"):
        pattern = f"%{condition.value}%" if condition.operator == "contains" else f"{condition.value}%"
        return f"{query.name(condition.path)} LIKE {query.literal(pattern)}"
    if condition.operator == "in":
        listed = condition.value if isinstance(condition.value, list | tuple) else [condition.value]
        return query.within(condition.path, [_typed(condition.path, str(one)) for one in listed])
    value = _typed(condition.path, str(condition.value))
    return f"{query.name(condition.path)} {_COMPARISONS[condition.operator]} {query.literal(value)}"


def _typed(path: str, value: str) -> query.Value:
    return value.lower() == "true" if path.lower() in _BOOLEANS else value
