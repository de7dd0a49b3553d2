"""Sales documents and payments (quickbooks.md 3.6 to 3.11)."""

from __future__ import annotations

from connectors.simulator.quickbooks.definitions.names import META
from connectors.simulator.quickbooks.model import Entity, parse_fields

TXN = """CustomField [CustomField]; DocNumber str(21) FO; TxnDate date FO; DepartmentRef ref; CurrencyRef ref
ExchangeRate num; PrivateNote str(4000); TxnStatus str; LinkedTxn [LinkedTxn]; Line [Line]
TxnTaxDetail TxnTaxDetail; TxnSource str; TaxFormType str; TaxFormNum str; TransactionLocationType str; Tag any
TxnApprovalInfo any; RecurDataRef ref; RecurringInfo any; ProjectRef ref F; TotalCostAmount num
HomeTotalCostAmount num; TxnSubType str; AttachableRef [AttachableRef]"""
_SALES = f"""{TXN}; AutoDocNumber bool; CustomerRef ref F; CustomerMemo MemoRef; BillAddr PhysicalAddress
ShipAddr PhysicalAddress; FreeFormAddress bool r; ShipFromAddr PhysicalAddress; RemitToRef ref; ClassRef ref
SalesTermRef ref F; DueDate date FO; SalesRepRef ref; PONumber str(15); FOB str(15); ShipMethodRef ref
ShipDate date; TrackingNum str; GlobalTaxCalculation enum(TaxInclusive|TaxExcluded|NotApplicable)
TotalAmt num FOr; HomeTotalAmt num r; ApplyTaxAfterDiscount bool; ShippingTaxIncludedInTotalTax bool
TemplateRef ref; PrintStatus enum(NotSet|NeedToPrint|PrintComplete); EmailStatus enum(NotSet|NeedToSend|EmailSent)
BillEmail EmailAddress; BillEmailCc EmailAddress; BillEmailBcc EmailAddress; ARAccountRef ref; Balance num FOr
HomeBalance num r; FinanceCharge bool; PaymentMethodRef ref; PaymentRefNum str
PaymentType enum(Cash|Check|CreditCard|Expense|Other); CheckPayment CheckPayment
CreditCardPayment CreditCardPayment; DepositToAccountRef ref; DeliveryInfo DeliveryInfo r; DiscountRate num
DiscountAmt num; GovtTxnRefIdentifier str(30); TaxExemptionRef any"""
_ONLINE = """AllowIPNPayment bool; AllowOnlinePayment bool; AllowOnlineCreditCardPayment bool
AllowOnlineACHPayment bool"""
_NEWEST = ("MetaData.LastUpdatedTime", True)
_WRITES = frozenset({"create", "update", "delete", "query", "read"})
_EVENTS = frozenset({"Create", "Update", "Delete", "Void", "Emailed"})

INVOICE = Entity(
    name="Invoice",
    kind="transaction",
    sequence="transactions",
    fields=parse_fields(
        f"""{_ONLINE}; {META}; {_SALES}; Deposit num; InvoiceLink str r; EInvoiceStatus str
        ECloudStatusTimeStamp time; invoiceStatus str; callToAction str; invoiceStatusLog any; InvoiceEx any
        LessCIS num; PaymentDetailsMessage str; ConvenienceFeeDetail any; AllowOnlinePayPalPayment bool
        InvoiceLinkSecurityCode str; InvoiceLinkExpiryDate date; AutoPayEligible bool; SchedulePayEligible bool
        ScheduledPaymentId str; GratuityEnabled bool; FinancingProductType str; SubscriptionPaymentsSetting str
        EnabledSurchargeInfo any; AllowOnlineAffirmPayment bool; TxnRetainageDetail any; CfdiUse int
        Exportation str; GlobalInfo any"""
    ),
    operations=_WRITES | {"void", "send", "pdf"},
    required=("CustomerRef", "Line"),
    default_order=_NEWEST,
    events=_EVENTS,
)

ESTIMATE = Entity(
    name="Estimate",
    kind="transaction",
    sequence="transactions",
    fields=parse_fields(
        f"{META}; {_SALES}; ExpirationDate date; AcceptedBy str; AcceptedDate date; EstimateEx any"
    ),
    operations=_WRITES | {"send", "pdf"},
    required=("CustomerRef", "Line"),
    default_order=_NEWEST,
    events=_EVENTS - {"Void"},
)

SALES_RECEIPT = Entity(
    name="SalesReceipt",
    kind="transaction",
    sequence="transactions",
    fields=parse_fields(f"{META}; {_SALES}; SalesReceiptEx any; LessCIS num"),
    operations=_WRITES | {"void", "send", "pdf"},
    required=("Line",),
    default_order=_NEWEST,
    events=_EVENTS,
)

CREDIT_MEMO = Entity(
    name="CreditMemo",
    kind="transaction",
    sequence="transactions",
    fields=parse_fields(f"{META}; {_SALES}; RemainingCredit num r; InvoiceRef ref; CreditMemoEx any"),
    operations=_WRITES | {"void", "send", "pdf"},
    required=("CustomerRef", "Line"),
    default_order=_NEWEST,
    events=_EVENTS,
)

REFUND_RECEIPT = Entity(
    name="RefundReceipt",
    kind="transaction",
    sequence="transactions",
    fields=parse_fields(f"{META}; {_SALES}; RemainingCredit num r; RefundReceiptEx any"),
    operations=_WRITES | {"void", "send", "pdf"},
    required=("Line", "DepositToAccountRef"),
    default_order=_NEWEST,
    events=_EVENTS,
)

PAYMENT = Entity(
    name="Payment",
    kind="transaction",
    sequence="transactions",
    fields=parse_fields(
        f"""CustomerRef ref F; DepositToAccountRef ref; TotalAmt num FO; UnappliedAmt num r; ProcessPayment bool
        {META}; {TXN}; RemitToRef ref; ARAccountRef ref; PaymentMethodRef ref F; PaymentRefNum str(21) F
        PaymentType enum(Cash|Check|CreditCard|Expense|Other); CheckPayment CheckPayment
        CreditCardPayment CreditCardPayment; PaymentEx any; PaymentExtendedType str; TaxExemptionRef any"""
    ),
    operations=_WRITES | {"void", "send", "pdf"},
    required=("CustomerRef", "TotalAmt"),
    default_order=_NEWEST,
    events=_EVENTS,
)
