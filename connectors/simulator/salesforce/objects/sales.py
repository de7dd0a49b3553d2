"""Opportunities, products, price books, quotes and orders (reference/salesforce.md sections 8.3, 8.4, 8.5)."""

from __future__ import annotations

from .fields import (
    Choice,
    Field,
    SObject,
    address,
    audit,
    boolean,
    currency,
    date,
    datetime,
    deleted_flag,
    double,
    email,
    identity,
    integer,
    owner,
    percent,
    phone,
    picklist,
    read_only,
    reference,
    string,
    system,
    textarea,
    url,
    viewed,
)
from .people import LEAD_SOURCES

#: Stage, category of the forecast, probability, closed, won (section 8.3; probabilities as a new org has them).
STAGES = (
    ("Prospecting", "Pipeline", 10, False, False),
    ("Qualification", "Pipeline", 10, False, False),
    ("Needs Analysis", "Pipeline", 20, False, False),
    ("Value Proposition", "Pipeline", 50, False, False),
    ("Id. Decision Makers", "Pipeline", 60, False, False),
    ("Perception Analysis", "Pipeline", 70, False, False),
    ("Proposal/Price Quote", "Pipeline", 75, False, False),
    ("Negotiation/Review", "Pipeline", 90, False, False),
    ("Closed Won", "Closed", 100, True, True),
    ("Closed Lost", "Omitted", 0, True, False),
)
FORECAST_NAMES = ("Omitted", "Pipeline", "Best Case", "Commit", "Closed")
FORECAST_CATEGORIES = ("Omitted", "Pipeline", "BestCase", "MostLikely", "Forecast", "Closed")

OPPORTUNITY = SObject(
    "Opportunity", "Opportunity", "Opportunities", "006", feed=True,
    fields=(
        identity("Opportunity"),
        deleted_flag(),
        reference("AccountId", "Account ID", "Account", children="Opportunities", on_parent_delete="cascade"),
        boolean("IsPrivate", "Private"),
        string("Name", "Name", 120, nillable=False, name_field=True, permissionable=False, id_lookup=True),
        textarea("Description", "Description", 32000),
        picklist("StageName", "Stage", *(stage[0] for stage in STAGES), length=255, nillable=False,
                 permissionable=False),
        currency("Amount", "Amount"),
        percent("Probability", "Probability (%)", 3, 0, defaulted=True),
        read_only(currency("ExpectedRevenue", "Expected Amount")),
        double("TotalOpportunityQuantity", "Quantity", 18, 2),
        date("CloseDate", "Close Date", nillable=False, permissionable=False),
        picklist("Type", "Opportunity Type", "Existing Customer - Upgrade", "Existing Customer - Replacement",
                 "Existing Customer - Downgrade", "New Customer", length=255),
        string("NextStep", "Next Step"),
        picklist("LeadSource", "Lead Source", *LEAD_SOURCES, length=255),
        system(boolean("IsClosed", "Closed")),
        system(boolean("IsWon", "Won")),
        read_only(picklist("ForecastCategory", "Forecast Category", *FORECAST_CATEGORIES, restricted=True,
                           nillable=False, permissionable=False)),
        picklist("ForecastCategoryName", "Forecast Category", *FORECAST_NAMES, length=255, restricted=True,
                 defaulted=True, permissionable=False),
        reference("CampaignId", "Campaign ID", "Campaign", children="Opportunities"),
        system(boolean("HasOpportunityLineItem", "Has Line Item")),
        reference("Pricebook2Id", "Price Book ID", "Pricebook2", children="Opportunities", defaulted=True,
                  permissionable=False),
        owner(),
        *audit(),
        read_only(date("LastActivityDate", "Last Activity", permissionable=False)),
        read_only(datetime("LastStageChangeDate", "Last Stage Change Date", permissionable=False)),
        read_only(integer("FiscalQuarter", "Fiscal Quarter", permissionable=False, compound="Fiscal")),
        read_only(integer("FiscalYear", "Fiscal Year", permissionable=False, compound="Fiscal")),
        read_only(string("Fiscal", "Fiscal Period", 6, permissionable=False)),
        *(
            read_only(reference(f"Last{name}ChangedHistoryId", "Opportunity History ID", "OpportunityHistory",
                                permissionable=False))
            for name in ("Amount", "CloseDate")
        ),
        reference("ContactId", "Contact ID", "Contact", updateable=False, permissionable=False,
                  relationship=None, children="Opportunities"),
        reference("ContractId", "Contract ID", "Contract", children="Opportunities"),
        reference("SyncedQuoteId", "Quote ID", "Quote", createable=False),
        *viewed(),
        system(boolean("HasOpenActivity", "Has Open Activity", filterable=False, sortable=False)),
        system(boolean("HasOverdueTask", "Has Overdue Task", filterable=False, sortable=False)),
    ),
)  # fmt: skip

OPPORTUNITY_STAGE = SObject(
    "OpportunityStage", "Opportunity Stage", "Opportunity Stage", "01J", createable=False, updateable=False,
    deletable=False, undeletable=False, replicateable=False, searchable=False, layoutable=False,
    fields=(
        identity("Opportunity Stage"),
        string("MasterLabel", "Master Label", nillable=False, name_field=True),
        string("ApiName", "API Name", nillable=False),
        boolean("IsActive", "Is Active", True),
        integer("SortOrder", "Sort Order"),
        boolean("IsClosed", "Closed"),
        boolean("IsWon", "Won"),
        picklist("ForecastCategory", "Forecast Category", *FORECAST_CATEGORIES),
        picklist("ForecastCategoryName", "Forecast Category Name", *FORECAST_NAMES),
        percent("DefaultProbability", "Probability (%)", 3, 0),
        string("Description", "Description"),
        *audit(),
    ),
)  # fmt: skip

OPPORTUNITY_CONTACT_ROLE = SObject(
    "OpportunityContactRole", "Opportunity Contact Role", "Opportunity Contact Role", "00K",
    undeletable=False, searchable=False, recent=False,
    fields=(
        identity("Contact Role"),
        reference("OpportunityId", "Opportunity ID", "Opportunity", nillable=False, updateable=False,
                  children="OpportunityContactRoles", on_parent_delete="cascade", permissionable=False),
        reference("ContactId", "Contact ID", "Contact", nillable=False, children="OpportunityContactRoles",
                  on_parent_delete="cascade", permissionable=False),
        picklist("Role", "Role", "Business User", "Decision Maker", "Economic Buyer",
                 "Economic Decision Maker", "Evaluator", "Executive Sponsor", "Influencer", "Technical Buyer",
                 "Other", permissionable=False),
        boolean("IsPrimary", "Primary", permissionable=False),
        *audit(),
        deleted_flag(),
    ),
)  # fmt: skip

PRODUCT = SObject(
    "Product2", "Product", "Products", "01t", feed=True,
    fields=(
        identity("Product"),
        string("Name", "Product Name", nillable=False, name_field=True, id_lookup=True, permissionable=False),
        string("ProductCode", "Product Code"),
        textarea("Description", "Product Description", 4000, filterable=True, sortable=True),
        boolean("IsActive", "Active"),
        *audit(),
        picklist("Family", "Product Family", "None", length=255),
        reference("ExternalDataSourceId", "External Data Source ID", "ExternalDataSource", relationship=None),
        string("ExternalId", "External ID"),
        url("DisplayUrl", "Display URL", 1000),
        picklist("QuantityUnitOfMeasure", "Quantity Unit Of Measure", "Each", length=255),
        deleted_flag(),
        system(boolean("IsArchived", "Archived")),
        string("StockKeepingUnit", "Product SKU", 180),
        picklist("Type", "Product Type", "Base", updateable=False, restricted=True),
        read_only(picklist("ProductClass", "Product Class", "Simple", "Variation", "VariationParent",
                           restricted=True, nillable=False, default="Simple")),
        *viewed(),
    ),
)  # fmt: skip

PRICEBOOK = SObject(
    "Pricebook2", "Price Book", "Price Books", "01s",
    fields=(
        identity("Price Book"),
        deleted_flag(),
        string("Name", "Price Book Name", nillable=False, name_field=True, id_lookup=True,
               permissionable=False),
        *audit(),
        boolean("IsActive", "Active", permissionable=False),
        system(boolean("IsArchived", "Archived")),
        string("Description", "Description"),
        system(boolean("IsStandard", "Is Standard Price Book")),
        *viewed(),
    ),
)  # fmt: skip

PRICEBOOK_ENTRY = SObject(
    "PricebookEntry", "Price Book Entry", "Price Book Entries", "01u", undeletable=False,
    fields=(
        identity("Price Book Entry"),
        read_only(string("Name", "Product Name", name_field=True, permissionable=False)),
        reference("Pricebook2Id", "Price Book ID", "Pricebook2", nillable=False, updateable=False,
                  children="PricebookEntries", on_parent_delete="cascade", permissionable=False),
        reference("Product2Id", "Product ID", "Product2", nillable=False, updateable=False,
                  children="PricebookEntries", on_parent_delete="cascade", permissionable=False),
        currency("UnitPrice", "List Price", nillable=False, permissionable=False),
        boolean("IsActive", "Active", permissionable=False),
        boolean("UseStandardPrice", "Use Standard Price", permissionable=False),
        *audit(),
        read_only(string("ProductCode", "Product Code", permissionable=False)),
        deleted_flag(),
        system(boolean("IsArchived", "Archived")),
    ),
)  # fmt: skip


def _line_fields(parent: str, parent_field: str, label: str, children: str) -> tuple[Field, ...]:
    return (
        reference(parent_field, f"{label} ID", parent, nillable=False, updateable=False, children=children,
                  on_parent_delete="cascade", permissionable=False),
        integer("SortOrder", "Sort Order", 9),
        reference("PricebookEntryId", "Price Book Entry ID", "PricebookEntry", updateable=False,
                  children=children, permissionable=False),
        reference("Product2Id", "Product ID", "Product2", updateable=False, children=children,
                  on_parent_delete="restrict", permissionable=False),
    )  # fmt: skip


OPPORTUNITY_LINE = SObject(
    "OpportunityLineItem", "Opportunity Product", "Opportunity Products", "00k", undeletable=False,
    fields=(
        identity("Line Item"),
        *_line_fields("Opportunity", "OpportunityId", "Opportunity", "OpportunityLineItems"),
        read_only(string("ProductCode", "Product Code")),
        read_only(string("Name", "Opportunity Product Name", 376, name_field=True, groupable=False)),
        double("Quantity", "Quantity", 12, 2, nillable=False),
        currency("TotalPrice", "Total Price", defaulted=True),
        currency("UnitPrice", "Sales Price", defaulted=True),
        read_only(currency("ListPrice", "List Price")),
        read_only(currency("Subtotal", "Subtotal")),
        percent("Discount", "Discount", 5, 2),
        date("ServiceDate", "Date"),
        string("Description", "Line Description"),
        *audit(),
        deleted_flag(),
    ),
)  # fmt: skip

QUOTE_STATES = (
    "Draft",
    "Needs Review",
    "In Review",
    "Approved",
    "Rejected",
    "Presented",
    "Accepted",
    "Denied",
)

QUOTE = SObject(
    "Quote", "Quote", "Quotes", "0Q0", feed=True,
    fields=(
        identity("Quote"),
        owner(),
        deleted_flag(),
        string("Name", "Quote Name", nillable=False, name_field=True, permissionable=False),
        *audit(),
        reference("OpportunityId", "Opportunity ID", "Opportunity", nillable=False, updateable=False,
                  children="Quotes", on_parent_delete="cascade", permissionable=False),
        reference("Pricebook2Id", "Price Book ID", "Pricebook2", children="Quotes"),
        reference("ContactId", "Contact ID", "Contact", children="Quotes"),
        read_only(string("QuoteNumber", "Quote Number", 30, nillable=False, defaulted=True,
                         auto_number="{00000000}", id_lookup=True)),
        read_only(boolean("IsSyncing", "Syncing")),
        currency("ShippingHandling", "Shipping and Handling"),
        currency("Tax", "Tax"),
        picklist("Status", "Status", *QUOTE_STATES, length=255, default="Draft"),
        date("ExpirationDate", "Expiration Date"),
        textarea("Description", "Description", 32000),
        read_only(currency("Subtotal", "Subtotal", nillable=False)),
        read_only(currency("TotalPrice", "Total Price", nillable=False)),
        read_only(integer("LineItemCount", "Line Items")),
        *address("Billing", "Bill To"),
        *address("Shipping", "Ship To"),
        *address("QuoteTo", "Quote To"),
        *address("Additional", "Additional To"),
        string("BillingName", "Bill To Name"),
        string("ShippingName", "Ship To Name"),
        string("QuoteToName", "Quote To Name"),
        string("AdditionalName", "Additional To Name"),
        email("Email", "Email"),
        phone("Phone", "Phone"),
        phone("Fax", "Fax"),
        reference("ContractId", "Contract ID", "Contract", children="Quotes"),
        read_only(reference("AccountId", "Account ID", "Account", children="Quotes")),
        read_only(percent("Discount", "Discount", 5, 2)),
        read_only(currency("GrandTotal", "Grand Total")),
        *viewed(),
    ),
)  # fmt: skip

QUOTE_LINE = SObject(
    "QuoteLineItem", "Quote Line Item", "Quote Line Items", "0QL", undeletable=False,
    fields=(
        identity("Line Item"),
        deleted_flag(),
        read_only(string("LineNumber", "Line Item Number", 30, nillable=False, defaulted=True,
                         name_field=True, auto_number="{00000000}")),
        *audit(),
        *_line_fields("Quote", "QuoteId", "Quote", "QuoteLineItems"),
        reference("OpportunityLineItemId", "Opportunity Product ID", "OpportunityLineItem", updateable=False),
        double("Quantity", "Quantity", 12, 2, nillable=False),
        currency("UnitPrice", "Sales Price", nillable=False, defaulted=True),
        percent("Discount", "Discount", 5, 2),
        string("Description", "Line Item Description"),
        date("ServiceDate", "Date"),
        read_only(currency("ListPrice", "List Price")),
        read_only(currency("Subtotal", "Subtotal")),
        read_only(currency("TotalPrice", "Total Price")),
    ),
)  # fmt: skip

ORDER = SObject(
    "Order", "Order", "Orders", "801", feed=True,
    fields=(
        identity("Order"),
        owner(),
        reference("ContractId", "Contract ID", "Contract", children="Orders"),
        reference("AccountId", "Account ID", "Account", nillable=False, children="Orders",
                  on_parent_delete="restrict"),
        reference("Pricebook2Id", "Price Book ID", "Pricebook2", children="Orders"),
        reference("OriginalOrderId", "Order ID", "Order", updateable=False),
        reference("OpportunityId", "Opportunity ID", "Opportunity", children="Orders", updateable=False),
        reference("QuoteId", "Quote ID", "Quote", children="Orders"),
        date("EffectiveDate", "Order Start Date", nillable=False),
        date("EndDate", "Order End Date"),
        boolean("IsReductionOrder", "Reduction Order", updateable=False),
        Field("Status", "Status", "picklist", length=255, nillable=False,
              choices=(Choice("Draft", "Draft"), Choice("Activated", "Activated"))),
        textarea("Description", "Description", 32000),
        reference("CustomerAuthorizedById", "Customer Authorized By ID", "Contact"),
        reference("CompanyAuthorizedById", "Company Authorized By ID", "User"),
        picklist("Type", "Order Type", length=255),
        *address("Billing", "Billing"),
        *address("Shipping", "Shipping"),
        string("Name", "Order Name", 80),
        date("PoDate", "PO Date"),
        string("PoNumber", "PO Number", 80),
        string("OrderReferenceNumber", "Order Reference Number", 80),
        reference("BillToContactId", "Bill To Contact ID", "Contact"),
        reference("ShipToContactId", "Ship To Contact ID", "Contact"),
        read_only(datetime("ActivatedDate", "Activated Date")),
        read_only(reference("ActivatedById", "Activated By ID", "User")),
        read_only(picklist("StatusCode", "Status Category", "Draft", "Activated", nillable=False)),
        read_only(string("OrderNumber", "Order Number", 30, nillable=False, defaulted=True, name_field=True,
                         auto_number="{00000000}", id_lookup=True)),
        read_only(currency("TotalAmount", "Order Amount", nillable=False, defaulted=True)),
        *audit(),
        deleted_flag(),
        *viewed(),
    ),
)  # fmt: skip

ORDER_LINE = SObject(
    "OrderItem", "Order Product", "Order Products", "802", undeletable=False,
    fields=(
        identity("Order Product"),
        reference("Product2Id", "Product ID", "Product2", updateable=False, children="OrderItems",
                  on_parent_delete="restrict"),
        deleted_flag(),
        reference("OrderId", "Order ID", "Order", nillable=False, updateable=False, children="OrderItems",
                  on_parent_delete="cascade"),
        reference("PricebookEntryId", "Price Book Entry ID", "PricebookEntry", nillable=False,
                  updateable=False, children="OrderItems"),
        reference("OriginalOrderItemId", "Order Product ID", "OrderItem", updateable=False),
        read_only(double("AvailableQuantity", "Available Quantity", 18, 2)),
        double("Quantity", "Quantity", 18, 2, nillable=False),
        currency("UnitPrice", "Unit Price", nillable=False),
        read_only(currency("ListPrice", "List Price")),
        read_only(currency("TotalPrice", "Total Price")),
        date("ServiceDate", "Start Date"),
        date("EndDate", "End Date"),
        string("Description", "Line Description"),
        *audit(),
        read_only(string("OrderItemNumber", "Order Product Number", 30, nillable=False, defaulted=True,
                         name_field=True, auto_number="{0000000000}")),
    ),
)  # fmt: skip

CURRENCY_TYPE = SObject(
    "CurrencyType", "Currency Type", "Currency Types", "01L", deletable=False, undeletable=False,
    replicateable=False, searchable=False, layoutable=False,
    fields=(
        identity("Currency Type"),
        picklist("IsoCode", "Currency ISO Code", "USD", "EUR", "GBP", "CAD", "JPY", length=3, nillable=False,
                 updateable=False, name_field=True),
        double("ConversionRate", "Conversion Rate", 18, 6, nillable=False),
        integer("DecimalPlaces", "Decimal Places", 1, nillable=False),
        boolean("IsActive", "Active", True),
        system(boolean("IsCorporate", "Is Corporate Currency")),
        *audit(),
    ),
)  # fmt: skip

DATED_RATE = SObject(
    "DatedConversionRate", "Dated Conversion Rate", "Dated Conversion Rates", "04w", undeletable=False,
    replicateable=False, searchable=False, layoutable=False,
    fields=(
        identity("Dated Conversion Rate"),
        picklist("IsoCode", "Currency ISO Code", "USD", "EUR", "GBP", "CAD", "JPY", length=3, nillable=False,
                 updateable=False, name_field=True),
        date("StartDate", "Start Date", nillable=False),
        read_only(date("NextStartDate", "Next Start Date")),
        double("ConversionRate", "Conversion Rate", 18, 6, nillable=False),
        *audit(),
    ),
)  # fmt: skip

SALES = (
    OPPORTUNITY, OPPORTUNITY_STAGE, OPPORTUNITY_CONTACT_ROLE, PRODUCT, PRICEBOOK, PRICEBOOK_ENTRY,
    OPPORTUNITY_LINE,
)  # fmt: skip
QUOTES = (QUOTE, QUOTE_LINE)
ORDERS = (ORDER, ORDER_LINE)
CURRENCIES = (CURRENCY_TYPE, DATED_RATE)
