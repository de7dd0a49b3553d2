"""Which rules belong to which entity."""

from __future__ import annotations

from connectors.simulator.quickbooks.rules import lists, names
from connectors.simulator.quickbooks.rules.base import Rules

REGISTRY: dict[str, Rules] = {
    "": Rules(),
    "customer": names.CustomerRules(),
    "vendor": names.VendorRules(),
    "employee": names.EmployeeRules(),
    "item": lists.ItemRules(),
    "account": lists.AccountRules(),
    "class": lists.TreeRules(),
    "department": lists.TreeRules(),
    "term": lists.TermRules(),
    "paymentmethod": lists.PaymentMethodRules(),
    "customertype": lists.PlainListRules(),
    "taxcode": lists.PlainListRules(),
    "taxrate": lists.PlainListRules(),
    "taxagency": lists.AgencyRules(),
    "companycurrency": lists.CurrencyRules(),
    "companyinfo": lists.CompanyRules(),
    "preferences": lists.CompanyRules(),
}
