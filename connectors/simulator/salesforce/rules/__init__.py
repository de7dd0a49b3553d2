"""The platform's own rules by object: what a save fills in, refuses, and changes elsewhere.

`BEFORE` rules see the values about to be stored and may change them; `AFTER` rules see the stored record.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from . import addresses, currencies, documents, names, products, rights, sales

if TYPE_CHECKING:
    from connectors.simulator.salesforce.changes import Change
    from connectors.simulator.salesforce.records import Records

Rule = Callable[["Records", "Change"], None]

#: Run before those of the object.
GENERAL: tuple[Rule, ...] = (addresses.check_places, currencies.convert)
BEFORE: dict[str, tuple[Rule, ...]] = {
    "Contact": (names.person_name,),
    "Individual": (names.person_name,),
    "Lead": (names.person_name, names.lead_state),
    "User": (names.person_name,),
    "Case": (names.case_state,),
    "Task": (names.task_state,),
    "Contract": (names.contract_state,),
    "DatedConversionRate": (currencies.dated_rate_before,),
    "Opportunity": (sales.opportunity_before,),
    "OpportunityLineItem": (sales.line_before,),
    "Pricebook2": (products.price_book_before,),
    "PricebookEntry": (products.entry_before,),
    "Quote": (documents.quote_before,),
    "QuoteLineItem": (documents.quote_line_before,),
    "Order": (documents.order_before,),
    "OrderItem": (documents.order_line_before,),
}
AFTER: dict[str, tuple[Rule, ...]] = {
    "DatedConversionRate": (currencies.dated_rate_after,),
    "PermissionSetAssignment": (rights.rights_after,),
    "FieldPermissions": (rights.rights_after,),
    "Opportunity": (sales.opportunity_after,),
    "OpportunityLineItem": (sales.line_after,),
    "Product2": (products.product_after,),
    "PricebookEntry": (products.entry_after,),
    "QuoteLineItem": (documents.quote_line_after,),
    "OrderItem": (documents.order_line_after,),
    "OpportunityContactRole": (sales.contact_role_after,),
}
#: Before a record goes into the bin (`change.new` is None).
DELETING: dict[str, tuple[Rule, ...]] = {
    "OrderItem": (documents.order_line_deleting,),
    "Order": (documents.order_deleting,),
    "Pricebook2": (products.price_book_deleting,),
}
#: After a record went into the bin or came back.
DELETED: dict[str, tuple[Rule, ...]] = {
    "DatedConversionRate": (currencies.dated_rate_after,),
    "PermissionSetAssignment": (rights.rights_after,),
    "FieldPermissions": (rights.rights_after,),
    "OpportunityLineItem": (sales.line_after,),
    "QuoteLineItem": (documents.quote_line_after,),
    "OrderItem": (documents.order_line_after,),
}

#: Fields that need not be given when another one says so: (object, field) -> that other field.
EXCUSED = {("PricebookEntry", "UnitPrice"): "UseStandardPrice"}
