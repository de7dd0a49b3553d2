"""Purchases and the other transactions: stored, validated by their field lists, queryable; no accounting effect."""

from __future__ import annotations

from connectors.simulator.quickbooks.definitions.names import META
from connectors.simulator.quickbooks.definitions.sales import TXN
from connectors.simulator.quickbooks.model import Entity, parse_fields

_WRITES = frozenset({"create", "update", "delete", "query", "read"})
_CHANGES = frozenset({"Create", "Update", "Delete"})
_TAX = "GlobalTaxCalculation enum(TaxInclusive|TaxExcluded|NotApplicable)"
_PURCHASE = f"""{META}; {TXN}; VendorRef ref F; APAccountRef ref; TotalAmt num FOr; BillEmail EmailAddress
ReplyEmail EmailAddress; Memo str; {_TAX}; VendorAddr PhysicalAddress"""


def _transaction(
    name: str, fields: str, required: tuple[str, ...], *more: str, void: bool = False, cdc: bool = True
) -> Entity:
    return Entity(
        name=name,
        kind="transaction",
        sequence="transactions",
        fields=parse_fields(fields),
        operations=_WRITES | set(more) | ({"void"} if void else set()),
        required=required,
        default_order=("MetaData.LastUpdatedTime", True),
        events=_CHANGES | ({"Void"} if void else set()) | ({"Emailed"} if "send" in more else set()),
        in_cdc=cdc,
    )


BILL = _transaction(
    "Bill",
    f"""{_PURCHASE}; PayerRef ref; SalesTermRef ref F; DueDate date FO; RemitToAddr PhysicalAddress
    ShipAddr PhysicalAddress; Balance num FOr; HomeBalance num r; BillEx any; LessCIS num
    IncludeInAnnualTPAR bool""",
    ("VendorRef", "Line"),
)
BILL_PAYMENT = _transaction(
    "BillPayment",
    f"""{META}; {TXN}; VendorRef ref F; VendorAddr PhysicalAddress; APAccountRef ref; TotalAmt num FO
    PayType enum(Check|CreditCard); CheckPayment BillPaymentCheck; CreditCardPayment BillPaymentCreditCard
    BillPaymentEx any""",
    ("VendorRef", "PayType", "TotalAmt", "Line"),
    void=True,
)
PURCHASE_ORDER = _transaction(
    "PurchaseOrder",
    f"""{_PURCHASE}; TaxCodeRef ref; ClassRef ref; ReimbursableInfoRef ref; SalesTermRef ref; DueDate date FO
    ExpectedDate date; ShipTo ref; DropShipToEntity ref; InventorySiteRef ref; ShipAddr PhysicalAddress
    ShipMethodRef ref; FOB str; POEmail EmailAddress; TemplateRef ref; PrintStatus str
    EmailStatus enum(NotSet|NeedToSend|EmailSent); ManuallyClosed bool; POStatus enum(Open|Closed)
    PurchaseOrderEx any""",
    ("VendorRef", "Line"),
    "send",
    "pdf",
)
VENDOR_CREDIT = _transaction(
    "VendorCredit",
    f"{_PURCHASE}; VendorCreditEx any; Balance num FOr; IncludeInAnnualTPAR bool",
    ("VendorRef", "Line"),
)
PURCHASE = _transaction(
    "Purchase",
    f"""{META}; {TXN}; AccountRef ref; PaymentMethodRef ref; PaymentRefNum str; CheckPayment CheckPayment
    PaymentType enum(Cash|Check|CreditCard|Expense|Other) F; CreditCardPayment CreditCardPayment; EntityRef EntityRef
    Credit bool; RemitToAddr PhysicalAddress; TotalAmt num FOr; TxnId str; TxnNum str; Memo str; PrintStatus str
    {_TAX}; PurchaseEx any; LessCIS num; IncludeInAnnualTPAR bool""",
    ("PaymentType", "AccountRef", "Line"),
    void=True,
)
DEPOSIT = _transaction(
    "Deposit",
    f"""{META}; {TXN}; DepositToAccountRef ref; CashBack CashBackInfo; {_TAX}; TotalAmt num FOr
    HomeTotalAmt num r; DepositEx any""",
    ("DepositToAccountRef", "Line"),
)
JOURNAL_ENTRY = _transaction(
    "JournalEntry",
    f"""{META}; {TXN}; Adjustment bool; HomeCurrencyAdjustment bool; EnteredInHomeCurrency bool; {_TAX}
    TotalAmt num r; HomeTotalAmt num r; JournalEntryEx any""",
    ("Line",),
)
TRANSFER = _transaction(
    "Transfer",
    f"{META}; {TXN}; FromAccountRef ref; ToAccountRef ref; Amount num; ClassRef ref; TransferEx any",
    ("FromAccountRef", "ToAccountRef", "Amount"),
    void=True,
)
TIME_ACTIVITY = _transaction(
    "TimeActivity",
    f"""{META}; TimeZone str; TxnDate date FO; NameOf enum(Employee|Other|Vendor); EmployeeRef ref; VendorRef ref
    OtherNameRef ref; CustomerRef ref; DepartmentRef ref; ItemRef ref; ClassRef ref; PayrollItemRef ref
    ProjectRef ref; TimeChargeId int; BillableStatus enum(Billable|NotBillable|HasBeenBilled); Taxable bool
    HourlyRate num; CostRate num; Hours int; Minutes int; Seconds int; BreakHours int; BreakMinutes int
    BreakSeconds int; StartTime time; EndTime time; Description str(4000); TimeActivityEx any
    HoursInEmployeeTimeZone bool; CustomField [CustomField]; AttachableRef [AttachableRef]""",
    ("NameOf",),
)
ATTACHABLE = Entity(
    name="Attachable",
    kind="transaction",
    sequence="Attachable",
    fields=parse_fields(
        f"""FileName str(1000) F; FileAccessUri str r; TempDownloadUri str r; Size int Fr; ContentType str F
        Category str(100) F; Lat str; Long str; PlaceName str; Note str(2000) F; Tag str F
        ThumbnailFileAccessUri str r; ThumbnailTempDownloadUri str r; AttachableRef [AttachableRef]; {META}
        CustomField [CustomField]; AttachableEx any; documentId str"""
    ),
    operations=_WRITES,
    default_order=("n", False),
    in_cdc=False,
)
