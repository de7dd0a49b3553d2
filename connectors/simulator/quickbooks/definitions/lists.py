"""The other lists: items, accounts, terms, classes, tax codes and so on (quickbooks.md 3.5, 3.12, 3.13)."""

from __future__ import annotations

from connectors.simulator.quickbooks.definitions.names import META
from connectors.simulator.quickbooks.model import Entity, parse_fields

_READ_ONLY = frozenset({"query", "read"})
_TAIL = "CustomField [CustomField]; AttachableRef [AttachableRef]"
_CHANGES = frozenset({"Create", "Update", "Delete"})
_MERGES = frozenset({"Create", "Update", "Delete", "Merge"})
_BY_NAME = ("Name", False)

ITEM = Entity(
    name="Item",
    sequence="Item",
    name_field="Name",
    name_family="Item",
    fields=parse_fields(
        f"""Name str(100) FO; Sku str(100) FO; Description str(4000); Active bool FO; SubItem bool F; ParentRef ref
        Level int r; FullyQualifiedName str FOr; Taxable bool F; SalesTaxIncluded bool; UnitPrice num O
        Type enum(Assembly|Category|Fixed Asset|Group|Inventory|NonInventory|Other Charge|Payment|Service|Subtotal|Discount|Tax|Tax Group|Bundle) FO
        IncomeAccountRef ref; PurchaseDesc str(4000); PurchaseTaxIncluded bool; PurchaseCost num O
        ExpenseAccountRef ref; AssetAccountRef ref; TrackQtyOnHand bool; QtyOnHand num; InvStartDate date
        ReorderPoint num; PrefVendorRef ref; SalesTaxCodeRef ref; PurchaseTaxCodeRef ref; ClassRef ref
        TaxClassificationRef ref; PrintGroupedItems bool; ItemGroupDetail ItemGroupDetail; ItemCategoryType str
        {META}; {_TAIL}; PercentBased bool; RatePercent num; PaymentMethodRef ref; UOMSetRef ref
        COGSAccountRef ref; AvgCost num; QtyOnPurchaseOrder num; QtyOnSalesOrder num; ManPartNum str
        DepositToAccountRef ref; BuildPoint num; SpecialItem bool; SpecialItemType str; ItemAssemblyDetail any
        AbatementRate num; ReverseChargeRate num; ServiceType str; ItemEx any; UQCDisplayText str; UQCId str
        Source str; DeferredRevenue bool; CustomExtensions any"""
    ),
    required=("Name",),
    default_order=_BY_NAME,
    events=_MERGES,
    hierarchy_flag="SubItem",
    reference_word="Items",
)

ACCOUNT = Entity(
    name="Account",
    sequence="Account",
    name_field="Name",
    name_family="Account",
    fields=parse_fields(
        f"""Name str(100) FO; SubAccount bool Fr; ParentRef ref; Description str(100); FullyQualifiedName str FOr
        Active bool FO; Classification enum(Asset|Equity|Expense|Liability|Revenue) FO
        AccountType enum(Bank|Accounts Receivable|Other Current Asset|Fixed Asset|Other Asset|Accounts Payable|Credit Card|Other Current Liability|Long Term Liability|Equity|Income|Cost of Goods Sold|Expense|Other Income|Other Expense|Non-Posting) FO
        AccountSubType str FO; AcctNum str(20); CurrentBalance num FOr; CurrentBalanceWithSubAccounts num r
        CurrencyRef ref; {META}; {_TAIL}; TaxCodeRef ref; AccountAlias str(100); TxnLocationType str(50)
        AccountPurposes any; AcctNumExtn str; BankNum str; OpeningBalance num; OpeningBalanceDate date
        TaxAccount bool; OnlineBankingEnabled bool r; FIName str r; JournalCodeRef ref r; AccountEx any"""
    ),
    required=("Name",),
    default_order=("FullyQualifiedName", False),
    events=_MERGES,
    reference_word="Accounts",
    forbidden_in_name=':"',
)

CLASS = Entity(
    name="Class",
    sequence="Class",
    name_field="Name",
    name_family="Class",
    fields=parse_fields(
        f"""Name str(100) FO; SubClass bool; ParentRef ref; FullyQualifiedName str FOr; Active bool FO; {META}
        {_TAIL}; ClassEx any"""
    ),
    required=("Name",),
    default_order=("FullyQualifiedName", False),
    events=_CHANGES,
    hierarchy_flag="SubClass",
    reference_word="Klasses",
)

DEPARTMENT = Entity(
    name="Department",
    sequence="Department",
    name_field="Name",
    name_family="Department",
    fields=parse_fields(
        f"""Name str(100) FO; SubDepartment bool; ParentRef ref; FullyQualifiedName str FOr; Active bool FO
        Address PhysicalAddress; {META}; {_TAIL}; DepartmentEx any"""
    ),
    required=("Name",),
    default_order=("FullyQualifiedName", False),
    events=_CHANGES,
    hierarchy_flag="SubDepartment",
    reference_word="Depts",
)

TERM = Entity(
    name="Term",
    sequence="Term",
    name_field="Name",
    name_family="Term",
    fields=parse_fields(
        f"""Name str(31) FO; Active bool FO; Type str r; DiscountPercent num; DueDays int; DiscountDays int
        DayOfMonthDue int; DueNextMonthDays int; DiscountDayOfMonth int; {META}; {_TAIL}; SalesTermEx any"""
    ),
    required=("Name",),
    default_order=_BY_NAME,
    events=_CHANGES,
    reference_word="Terms",
)

PAYMENT_METHOD = Entity(
    name="PaymentMethod",
    sequence="PaymentMethod",
    name_field="Name",
    name_family="PaymentMethod",
    fields=parse_fields(
        f"Name str(31) FO; Active bool FO; Type str FO; {META}; {_TAIL}; PaymentMethodEx any"
    ),
    required=("Name",),
    default_order=_BY_NAME,
    events=_CHANGES,
    reference_word="PaymentMethods",
)

CUSTOMER_TYPE = Entity(
    name="CustomerType",
    sequence="CustomerType",
    name_field="Name",
    name_family="CustomerType",
    fields=parse_fields(
        f"Name str(100); Active bool FO; ParentRef ref; FullyQualifiedName str; {META}; {_TAIL}"
    ),
    operations=_READ_ONLY,
    default_order=("n", False),
)

TAX_CODE = Entity(
    name="TaxCode",
    sequence="TaxCode",
    name_field="Name",
    name_family="TaxCode",
    fields=parse_fields(
        f"""Name str(100) FO; Description str(100) FO; Active bool FO; Taxable bool; TaxGroup bool; Hidden bool
        SalesTaxRateList TaxRateList; PurchaseTaxRateList TaxRateList; AdjustmentTaxRateList TaxRateList
        TaxCodeConfigType str; {META}; {_TAIL}; TaxCodeEx any"""
    ),
    operations=_READ_ONLY,
    in_cdc=False,
    reference_word="TaxCodes",
)

TAX_RATE = Entity(
    name="TaxRate",
    sequence="TaxRate",
    name_field="Name",
    name_family="TaxRate",
    fields=parse_fields(
        f"""Name str FO; Description str FO; Active bool FO; RateValue num; AgencyRef ref FO; TaxReturnLineRef ref
        EffectiveTaxRate [EffectiveTaxRate]; SpecialTaxType str; DisplayType str; OriginalTaxRate ref; {META}
        {_TAIL}; TaxRateEx any"""
    ),
    operations=_READ_ONLY,
    in_cdc=False,
    reference_word="TaxRates",
)

TAX_AGENCY = Entity(
    name="TaxAgency",
    sequence="TaxAgency",
    name_field="DisplayName",
    name_family="TaxAgency",
    fields=parse_fields(
        f"""DisplayName str(100) F; TaxTrackedOnPurchases bool; TaxTrackedOnSales bool; TaxRegistrationNumber str
        ReportingPeriod str; LastFileDate date r; TaxAgencyConfig str r; TaxOnTax bool; {META}; {_TAIL}"""
    ),
    operations=frozenset({"create", "query", "read"}),
    required=("DisplayName",),
    in_cdc=False,
    events=_CHANGES,
)

COMPANY_CURRENCY = Entity(
    name="CompanyCurrency",
    sequence="CompanyCurrency",
    name_field="Code",
    name_family="CompanyCurrency",
    fields=parse_fields(f"Code str; Name str; Active bool F; {META}; {_TAIL}; CompanyCurrencyEx any"),
    required=("Code",),
    events=frozenset({"Create", "Update"}),
    event_name="Currency",
)

EXCHANGE_RATE = Entity(
    name="ExchangeRate",
    kind="other",
    sequence="ExchangeRate",
    fields=parse_fields(
        f"""SourceCurrencyCode str F; TargetCurrencyCode str; Rate num; AsOfDate date FO; {META}; {_TAIL}
        ExchangeRateEx any"""
    ),
    operations=frozenset({"query"}),
    in_cdc=False,
)
