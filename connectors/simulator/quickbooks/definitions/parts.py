"""The sub-objects of the API as field lists (quickbooks.md 3.2, 3.6; schema of the vendor's SDKs)."""

from __future__ import annotations

from connectors.simulator.quickbooks.model import Field, parse_fields

_ITEM_DETAIL = """ItemRef ref; ClassRef ref; UnitPrice num; UnitCostPrice num; RatePercent num; PriceLevelRef ref
MarkupInfo MarkupInfo; Qty num; UOMRef any; ItemAccountRef ref r; InventorySiteRef ref; TaxCodeRef ref
TaxClassificationRef ref"""
_BILLABLE = "BillableStatus enum(Billable|NotBillable|HasBeenBilled)"

PARTS: dict[str, dict[str, Field]] = {
    name: parse_fields(text)
    for name, text in {
        "PhysicalAddress": """Id str r; Line1 str(500); Line2 str(500); Line3 str(500); Line4 str(500); Line5 str(500)
            City str(255); Country str(255); CountryCode str; County str; CountrySubDivisionCode str(255)
            PostalCode str(31); PostalCodeSuffix str; Lat str r; Long str r; Tag str; Note str""",
        "EmailAddress": "Id str; Address str(100); Default bool; Tag str",
        "TelephoneNumber": """Id str; DeviceType str; CountryCode str; AreaCode str; ExchangeCode str; Extension str
            FreeFormNumber str(30); Default bool; Tag str""",
        "WebSiteAddress": "Id str; URI str(1000); Default bool; Tag str",
        "ContactInfo": """Type str; Telephone TelephoneNumber; Email EmailAddress; WebSite WebSiteAddress
            OtherContact any""",
        "ModificationMetaData": """CreatedByRef ref; CreateTime time FO; LastModifiedByRef ref
            LastUpdatedTime time FO; LastChangedInQB time; Synchronized bool""",
        "MemoRef": "value str(1000); id str",
        "NameValue": "Name str; Value str",
        "LinkedTxn": "TxnId str; TxnType str; TxnLineId str",
        "CustomField": """DefinitionId str; Name str; Type enum(StringType|BooleanType|NumberType|DateType)
            StringValue str(31); BooleanValue bool; DateValue date; NumberValue num""",
        "AttachableRef": """EntityRef EntityRef; LineInfo str; IncludeOnSend bool; CustomField [CustomField]
            AttachableRefEx any""",
        "EntityRef": "value str F; name str; type str F",
        "TxnTaxDetail": """DefaultTaxCodeRef ref; TxnTaxCodeRef ref; TotalTax num; TaxReviewStatus str
            TaxLine [Line]; UseAutomatedSalesTax bool""",
        "TaxLineDetail": """TaxRateRef ref; PercentBased bool; TaxPercent num; NetAmountTaxable num
            TaxInclusiveAmount num; OverrideDeltaAmount num; ServiceDate date; TaxLineDetailEx any""",
        "TaxRateList": "TaxRateDetail [TaxRateDetail]; originatingGroupId str",
        "TaxRateDetail": """TaxRateRef ref; TaxTypeApplicable enum(TaxOnAmount|TaxOnAmountPlusTax|TaxOnTax)
            TaxOrder int; TaxOnTaxOrder int""",
        "EffectiveTaxRate": "RateValue num; EffectiveDate time; EndDate time; EffectiveTaxRateEx any",
        "MarkupInfo": "PercentBased bool; Value num; Percent num; PriceLevelRef ref; MarkUpIncomeAccountRef ref",
        "Line": """Id str; LineNum int; Description str(4000); Amount num; Received num; LinkedTxn [LinkedTxn]
            DetailType enum(PaymentLineDetail|DiscountLineDetail|TaxLineDetail|SalesItemLineDetail|ItemBasedExpenseLineDetail|AccountBasedExpenseLineDetail|DepositLineDetail|PurchaseOrderItemLineDetail|ItemReceiptLineDetail|JournalEntryLineDetail|GroupLineDetail|DescriptionOnly|SubTotalLineDetail|SalesOrderItemLineDetail|TDSLineDetail|ReimburseLineDetail|ItemAdjustmentLineDetail)
            PaymentLineDetail any; DiscountLineDetail DiscountLineDetail; TaxLineDetail TaxLineDetail
            SalesItemLineDetail SalesItemLineDetail; DescriptionLineDetail DescriptionLineDetail
            ItemBasedExpenseLineDetail ItemBasedExpenseLineDetail
            AccountBasedExpenseLineDetail AccountBasedExpenseLineDetail; ReimburseLineDetail any
            DepositLineDetail DepositLineDetail; PurchaseOrderItemLineDetail SalesItemLineDetail
            SalesOrderItemLineDetail any; ItemReceiptLineDetail any; JournalEntryLineDetail JournalEntryLineDetail
            GroupLineDetail GroupLineDetail; SubTotalLineDetail any; TDSLineDetail any; ItemAdjustmentLineDetail any
            CustomField [CustomField]; LineEx any; ProjectRef ref; CostAmount num; HomeCostAmount num
            CustomExtensions any""",
        "SalesItemLineDetail": _ITEM_DETAIL
        + """
            ServiceDate date; TaxInclusiveAmt num; DiscountRate num; DiscountAmt num; DeferredRevenue bool
            SalesItemLineDetailEx any; RetainageAmount num; ManPartNum str; ManuallyClosed bool; OpenQty num
            CustomerRef ref; BillableStatus str; PurchaseOrderItemLineDetailEx any""",
        "DiscountLineDetail": """DiscountRef ref; PercentBased bool; DiscountPercent num; DiscountAccountRef ref
            ServiceDate date; ClassRef ref; TaxCodeRef ref; DiscountLineDetailEx any""",
        "DescriptionLineDetail": "ServiceDate date; TaxCodeRef ref; DescriptionLineDetailEx any",
        "GroupLineDetail": """GroupItemRef ref; Quantity num; UOMRef any; ServiceDate date; Line [Line]
            GroupLineDetailEx any""",
        "ItemBasedExpenseLineDetail": f"{_ITEM_DETAIL}\n{_BILLABLE}"
        "; CustomerRef ref; TaxInclusiveAmt num; ItemBasedExpenseLineDetailEx any",
        "AccountBasedExpenseLineDetail": """CustomerRef ref; ClassRef ref; AccountRef ref; MarkupInfo MarkupInfo
            TaxAmount num; TaxCodeRef ref; TaxInclusiveAmt num; ExpenseDetailLineDetailEx any; """
        + _BILLABLE,
        "DepositLineDetail": """Entity ref; ClassRef ref; AccountRef ref; PaymentMethodRef ref; CheckNum str
            TxnType str; TaxCodeRef ref; TaxApplicableOn enum(Sales|Purchase); DepositLineDetailEx any""",
        "JournalEntryLineDetail": """PostingType enum(Credit|Debit); Entity any; AccountRef ref; ClassRef ref
            DepartmentRef ref; TaxCodeRef ref; TaxRateRef ref; TaxApplicableOn enum(Sales|Purchase); TaxAmount num
            TaxInclusiveAmt num; JournalCodeRef ref; JournalEntryLineDetailEx any; """
        + _BILLABLE,
        "DeliveryInfo": "DeliveryType str; DeliveryTime time; DeliveryErrorType str",
        "CheckPayment": "CheckNum str; Status str; NameOnAcct str; AcctNum str; BankName str; CheckPaymentEx any",
        "CreditCardPayment": "CreditChargeInfo any; CreditChargeResponse any",
        "BillPaymentCheck": """BankAccountRef ref; PrintStatus str; CheckDetail CheckPayment
            PayeeAddr PhysicalAddress; BillPaymentCheckEx any""",
        "BillPaymentCreditCard": "CCAccountRef ref; CCDetail CreditCardPayment; BillPaymentCreditCardEx any",
        "CashBackInfo": "AccountRef ref; Amount num; Memo str",
        "ItemGroupDetail": "ItemGroupLine [ItemComponentLine]",
        "ItemComponentLine": "ItemRef ref; Qty num; UOMRef any",
    }.items()
}
