"""What QuickBooks' entities are like, as data: it has no describe call (reference quickbooks.md 3, 5.2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connectors.contracts import FieldInfo, ObjectInfo


class EntityKind(StrEnum):
    """How records of an entity end: name lists are made inactive, transactions are deleted or voided (3.1.4, 3.1.5)."""

    NAME_LIST = "name_list"
    TRANSACTION = "transaction"
    READ_ONLY = "read_only"


class VoidWay(StrEnum):
    """How a transaction is voided on the wire (3.1.6)."""

    NONE = ""
    OPERATION = "operation=void"
    INCLUDE = "operation=update&include=void"


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity. `key` is the member that names a record for people; `cdc` whether change capture knows it; `active`
    whether it can be filtered by Active."""

    name: str
    kind: EntityKind
    key: str = ""
    cdc: bool = True
    void: VoidWay = VoidWay.NONE
    parent: bool = False

    @property
    def active(self) -> bool:
        """Whether queries must ask for inactive records expressly (4.3)."""
        return self.kind is EntityKind.NAME_LIST


_N, _T, _R = EntityKind.NAME_LIST, EntityKind.TRANSACTION, EntityKind.READ_ONLY

ENTITIES: dict[str, Entity] = {
    entity.name: entity
    for entity in (
        Entity("Customer", _N, "DisplayName", parent=True),
        Entity("Vendor", _N, "DisplayName"),
        Entity("Employee", _N, "DisplayName"),
        Entity("Item", _N, "Name", parent=True),
        Entity("Account", _N, "Name", parent=True),
        Entity("Class", _N, "Name", parent=True),
        Entity("Department", _N, "Name", parent=True),
        Entity("Term", _N, "Name"),
        Entity("PaymentMethod", _N, "Name"),
        Entity("CompanyCurrency", _N, "Code"),
        Entity("CustomerType", _R, "Name"),
        Entity("TaxCode", _R, "Name", cdc=False),
        Entity("TaxRate", _R, "Name", cdc=False),
        Entity("TaxAgency", _R, "DisplayName", cdc=False),
        Entity("Invoice", _T, "DocNumber", void=VoidWay.OPERATION),
        Entity("SalesReceipt", _T, "DocNumber", void=VoidWay.INCLUDE),
        Entity("CreditMemo", _T, "DocNumber"),
        Entity("RefundReceipt", _T, "DocNumber"),
        Entity("Estimate", _T, "DocNumber"),
        Entity("Payment", _T, "PaymentRefNum", void=VoidWay.INCLUDE),
        Entity("Bill", _T, "DocNumber"),
        Entity("BillPayment", _T, "DocNumber", void=VoidWay.INCLUDE),
        Entity("Purchase", _T, "DocNumber"),
        Entity("PurchaseOrder", _T, "DocNumber"),
        Entity("VendorCredit", _T, "DocNumber"),
        Entity("Deposit", _T, "DocNumber"),
        Entity("Transfer", _T),
        Entity("JournalEntry", _T, "DocNumber"),
        Entity("TimeActivity", _T, cdc=False),
    )
}

SHARED_NAMES = ("Customer", "Vendor", "Employee")
"""A display name is unique across these three together, inactive ones included (3.1.7; sync-semantics section 8)."""
DELETED_SUFFIX = " (deleted)"
"""What QuickBooks appends to the name of an inactive record (3.1.5)."""


def entity(name: str) -> Entity:
    """The facts of an entity, its name in any case. Raises KeyError for one we do not know."""
    known = ENTITIES.get(name) or _BY_LOWER.get(name.lower())
    if known is None:
        raise KeyError(name)
    return known


_BY_LOWER = {name.lower(): known for name, known in ENTITIES.items()}


def describe(name: str) -> ObjectInfo:
    """The entity's fields with lengths and rights. Raises KeyError for an entity we do not know."""
    known = entity(name)
    writable = known.kind is not EntityKind.READ_ONLY
    text = _FIELDS.get(known.name, f"{known.key}|{known.key}|string|-|RO" if known.key else "")
    fields = tuple(_field(line) for line in f"{text}\n{_COMMON}".splitlines() if line)
    return ObjectInfo(known.name, known.name, fields, createable=writable, updateable=writable)


def _field(line: str) -> FieldInfo:
    name, label, kind, length, flags, *more = line.split("|")
    choices = tuple(more[0].split(",")) if kind == "picklist" else ()
    references = tuple(more[0].split(",")) if kind == "reference" and more else ()
    return FieldInfo(
        name=name,
        label=label,
        type=kind,
        length=int(length) if length != "-" else None,
        precision=15 if kind == "currency" else None,
        scale=2 if kind == "currency" else None,
        required="R" in flags.split(","),
        createable="RO" not in flags.split(","),
        updateable=not {"RO", "WC"} & set(flags.split(",")),
        unique="U" in flags.split(","),
        references=references,
        picklist=choices,
    )


# name|label|type|length|flags[|choices or references]; flags: R required to create, RO read only, WC at creation only,
# U unique, - none.
_COMMON = """
Id|Id|id|-|RO
SyncToken|Sync token|string|-|RO
MetaData.CreateTime|Created|datetime|-|RO
MetaData.LastUpdatedTime|Last updated|datetime|-|RO
"""


def _address(member: str, label: str) -> str:
    lines = "".join(f"{member}.Line{n}|{label} line {n}|string|500|-\n" for n in range(1, 6))
    return lines + (
        f"{member}.City|{label} city|string|255|-\n"
        f"{member}.CountrySubDivisionCode|{label} state|string|255|-\n"
        f"{member}.PostalCode|{label} postal code|string|30|-\n"
        f"{member}.Country|{label} country|string|255|-\n"
    )


_PERSON = """Title|Title|string|16|-
GivenName|First name|string|100|-
MiddleName|Middle name|string|100|-
FamilyName|Last name|string|100|-
Suffix|Suffix|string|16|-
PrintOnCheckName|Name on checks|string|110|-
Active|Active|boolean|-|-
PrimaryPhone.FreeFormNumber|Phone|phone|30|-
Mobile.FreeFormNumber|Mobile|phone|30|-
"""
_REACH = """AlternatePhone.FreeFormNumber|Other phone|phone|30|-
Fax.FreeFormNumber|Fax|phone|30|-
PrimaryEmailAddr.Address|E-mail|email|100|-
WebAddr.URI|Website|url|1000|-
"""

_ITEM = """Name|Name|string|100|R,U
Sku|SKU|string|100|-
Type|Type|picklist|-|R|Service,NonInventory,Inventory,Group,Category
Active|Active|boolean|-|-
FullyQualifiedName|Full name|string|-|RO
SubItem|Is a sub-item|boolean|-|-
ParentRef|Category|reference|-|-|Item
Description|Sales description|textarea|4000|-
UnitPrice|Sales price|double|-|-
PurchaseDesc|Purchase description|textarea|1000|-
PurchaseCost|Purchase cost|double|-|-
Taxable|Taxable|boolean|-|-
SalesTaxIncluded|Sales tax included|boolean|-|-
SalesTaxCodeRef|Sales tax code|reference|-|-|TaxCode
PurchaseTaxIncluded|Purchase tax included|boolean|-|-
PurchaseTaxCodeRef|Purchase tax code|reference|-|-|TaxCode
IncomeAccountRef|Income account|reference|-|-|Account
ExpenseAccountRef|Expense account|reference|-|-|Account
AssetAccountRef|Inventory asset account|reference|-|-|Account
TrackQtyOnHand|Track quantity|boolean|-|-
QtyOnHand|Quantity on hand|double|-|-
InvStartDate|Inventory start date|date|-|-
ReorderPoint|Reorder point|double|-|-
PrefVendorRef|Preferred vendor|reference|-|-|Vendor
ClassRef|Class|reference|-|-|Class"""

_DOCUMENT = (
    """DocNumber|Number|string|21|-
TxnDate|Date|date|-|-
CustomerRef|Customer|reference|-|R|Customer
CurrencyRef|Currency|reference|-|-|CompanyCurrency
ExchangeRate|Exchange rate|double|-|-
GlobalTaxCalculation|Tax calculation|picklist|-|-|TaxExcluded,TaxInclusive,NotApplicable
ApplyTaxAfterDiscount|Tax after discount|boolean|-|-
TxnTaxDetail|Tax|object|-|-
Line|Lines|lines|-|R
TotalAmt|Total|currency|-|RO
HomeTotalAmt|Total in home currency|currency|-|RO
BillEmail.Address|E-mail|email|100|-
EmailStatus|E-mail status|picklist|-|-|NotSet,NeedToSend,EmailSent
PrintStatus|Print status|picklist|-|-|NotSet,NeedToPrint,PrintComplete
CustomerMemo.value|Message to the customer|textarea|1000|-
PrivateNote|Private note|textarea|4000|-
ClassRef|Class|reference|-|-|Class
DepartmentRef|Location|reference|-|-|Department
ShipDate|Shipping date|date|-|-
TrackingNum|Tracking number|string|-|-
ShipMethodRef|Shipping method|reference|-|-
"""
    + _address("BillAddr", "Billing")
    + _address("ShipAddr", "Shipping")
)
_OWED = """DueDate|Due date|date|-|-
SalesTermRef|Terms|reference|-|-|Term
BillEmailCc.Address|E-mail copy|email|100|-
BillEmailBcc.Address|E-mail blind copy|email|100|-
"""
_BALANCE = "Balance|Open balance|currency|-|RO\nHomeBalance|Balance in home currency|currency|-|RO\n"
_PAID = """DepositToAccountRef|Deposit to|reference|-|-|Account
PaymentMethodRef|Payment method|reference|-|-|PaymentMethod
PaymentRefNum|Reference number|string|21|-
"""

_FIELDS: dict[str, str] = {
    "Item": _ITEM,
    "Invoice": _DOCUMENT
    + _OWED
    + _BALANCE
    + """Deposit|Deposit|currency|-|-
DepositToAccountRef|Deposit to|reference|-|-|Account
AllowOnlineACHPayment|Pay online by bank transfer|boolean|-|-
AllowOnlineCreditCardPayment|Pay online by card|boolean|-|-""",
    "Estimate": _DOCUMENT
    + _OWED
    + """TxnStatus|Status|picklist|-|-|Pending,Accepted,Closed,Rejected,Converted
ExpirationDate|Expires on|date|-|-
AcceptedBy|Accepted by|string|-|-
AcceptedDate|Accepted on|date|-|-""",
    "SalesReceipt": _DOCUMENT + _PAID + _BALANCE,
    "CreditMemo": _DOCUMENT
    + _BALANCE
    + "RemainingCredit|Remaining credit|currency|-|RO\nSalesTermRef|Terms|reference|-|-|Term",
    "RefundReceipt": _DOCUMENT + _PAID,
    "Payment": """CustomerRef|Customer|reference|-|R|Customer
TotalAmt|Amount|currency|-|R
TxnDate|Date|date|-|-
PaymentMethodRef|Payment method|reference|-|-|PaymentMethod
PaymentRefNum|Reference number|string|21|-
DepositToAccountRef|Deposit to|reference|-|-|Account
CurrencyRef|Currency|reference|-|-|CompanyCurrency
ExchangeRate|Exchange rate|double|-|-
PrivateNote|Private note|textarea|4000|-
UnappliedAmt|Unapplied amount|currency|-|RO
Line|Lines|lines|-|-""",
    "Customer": "DisplayName|Display name|string|500|R,U\nCompanyName|Company name|string|100|-\n"
    + _PERSON
    + _REACH
    + _address("BillAddr", "Billing")
    + _address("ShipAddr", "Shipping")
    + """FullyQualifiedName|Full name|string|-|RO
Level|Level|int|-|RO
Job|Is a sub-customer|boolean|-|-
ParentRef|Parent customer|reference|-|-|Customer
BillWithParent|Bill with parent|boolean|-|-
IsProject|Is a project|boolean|-|RO
Notes|Notes|textarea|2000|-
Taxable|Taxable|boolean|-|-
TaxExemptionReasonId|Tax exemption reason|int|-|-
ResaleNum|Resale number|string|16|-
DefaultTaxCodeRef|Tax code|reference|-|-|TaxCode
SalesTermRef|Terms|reference|-|-|Term
PaymentMethodRef|Payment method|reference|-|-|PaymentMethod
PreferredDeliveryMethod|Delivery method|picklist|-|-|Print,Email,None
CustomerTypeRef|Customer type|reference|-|-|CustomerType
CurrencyRef|Currency|reference|-|WC|CompanyCurrency
Balance|Balance|currency|-|WC
OpenBalanceDate|Opening balance date|date|-|WC
BalanceWithJobs|Balance with sub-customers|currency|-|RO""",
    "Vendor": "DisplayName|Display name|string|500|R,U\nCompanyName|Company name|string|100|-\n"
    + _PERSON
    + _REACH
    + _address("BillAddr", "Address")
    + """AcctNum|Account number|string|100|-
TaxIdentifier|Tax id|string|20|-
Vendor1099|1099 vendor|boolean|-|-
TermRef|Terms|reference|-|-|Term
CurrencyRef|Currency|reference|-|WC|CompanyCurrency
Balance|Balance|currency|-|WC
BillRate|Bill rate|double|-|-
CostRate|Cost rate|double|-|-""",
    "Employee": "DisplayName|Display name|string|500|U\n" + _PERSON + _address("PrimaryAddr", "Address"),
    "Account": """Name|Name|string|100|R,U
AcctNum|Account number|string|20|-
Description|Description|string|100|-
AccountType|Type|string|-|-
AccountSubType|Detail type|string|-|-
Classification|Classification|string|-|RO
ParentRef|Parent account|reference|-|-|Account
FullyQualifiedName|Full name|string|-|RO
CurrentBalance|Balance|currency|-|RO
CurrencyRef|Currency|reference|-|WC|CompanyCurrency
Active|Active|boolean|-|-""",
    "Class": """Name|Name|string|100|R
ParentRef|Parent class|reference|-|-|Class
FullyQualifiedName|Full name|string|-|RO
Active|Active|boolean|-|-""",
    "Department": """Name|Name|string|100|R
ParentRef|Parent location|reference|-|-|Department
FullyQualifiedName|Full name|string|-|RO
Active|Active|boolean|-|-""",
    "Term": """Name|Name|string|31|R
DueDays|Due in days|int|-|-
DayOfMonthDue|Due on day of month|int|-|-
DiscountDays|Discount days|int|-|-
DiscountPercent|Discount percent|double|-|-
Type|Type|string|-|RO
Active|Active|boolean|-|-""",
    "PaymentMethod": """Name|Name|string|31|R
Type|Type|picklist|-|-|CREDIT_CARD,NON_CREDIT_CARD
Active|Active|boolean|-|-""",
}
