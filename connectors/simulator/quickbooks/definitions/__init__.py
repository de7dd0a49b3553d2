"""Every entity of the stand-in, by its resource name."""

from __future__ import annotations

from connectors.simulator.quickbooks.definitions import company, lists, names, purchases, sales
from connectors.simulator.quickbooks.model import Entity

ENTITIES: dict[str, Entity] = {
    value.path: value
    for module in (names, lists, company, sales, purchases)
    for value in vars(module).values()
    if isinstance(value, Entity)
}

# Which list a reference points to, by the member's name. A reference that is not named here is kept as sent.
REFERENCES: dict[str, str] = {
    "CustomerRef": "customer",
    "VendorRef": "vendor",
    "EmployeeRef": "employee",
    "PrefVendorRef": "vendor",
    "ItemRef": "item",
    "GroupItemRef": "item",
    "AccountRef": "account",
    "IncomeAccountRef": "account",
    "ExpenseAccountRef": "account",
    "AssetAccountRef": "account",
    "DepositToAccountRef": "account",
    "DiscountAccountRef": "account",
    "ARAccountRef": "account",
    "APAccountRef": "account",
    "BankAccountRef": "account",
    "CCAccountRef": "account",
    "FromAccountRef": "account",
    "ToAccountRef": "account",
    "ClassRef": "class",
    "DepartmentRef": "department",
    "SalesTermRef": "term",
    "TermRef": "term",
    "PaymentMethodRef": "paymentmethod",
    "CustomerTypeRef": "customertype",
    "TaxCodeRef": "taxcode",
    "DefaultTaxCodeRef": "taxcode",
    "TxnTaxCodeRef": "taxcode",
    "SalesTaxCodeRef": "taxcode",
    "PurchaseTaxCodeRef": "taxcode",
    "TaxRateRef": "taxrate",
    "AgencyRef": "taxagency",
}
