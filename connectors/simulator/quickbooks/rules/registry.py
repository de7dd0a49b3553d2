"""Which rules belong to which entity."""

from __future__ import annotations

from connectors.simulator.quickbooks.attachments import AttachableRules
from connectors.simulator.quickbooks.rules import invoices, lists, names, payments, plain, sales
from connectors.simulator.quickbooks.rules.base import Rules

_PLAIN = plain.PlainRules()

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
    "invoice": invoices.InvoiceRules(),
    "estimate": sales.EstimateRules(),
    "salesreceipt": sales.ReceiptRules(),
    "refundreceipt": sales.ReceiptRules(),
    "creditmemo": sales.CreditMemoRules(),
    "payment": payments.PaymentRules(),
    "bill": _PLAIN,
    "billpayment": _PLAIN,
    "purchaseorder": _PLAIN,
    "vendorcredit": _PLAIN,
    "purchase": _PLAIN,
    "transfer": _PLAIN,
    "deposit": plain.DepositRules(),
    "journalentry": plain.JournalRules(),
    "timeactivity": plain.TimeRules(),
    "attachable": AttachableRules(),
}
