"""Rules on the mapping page: where numbers, due dates, classes of documents come from and what stops a document; which
contact is a customer's; what a new inventory item begins with.

They are kept in the mapping's options; the rows that some of them make are the engine's (`engine.ruled_rows`).
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Any

from django import forms

from portal.admin import line_rules
from syncapp.engine.mapping import ValueType
from syncapp.engine.ruled_rows import FIXED, HOME
from syncapp.models import Mapping

Choices = tuple[tuple[str, str], ...]

STOPS: Choices = (("", "Say so, send it nonetheless"), ("stop", "Do not send it"))
OPTIONS: dict[str, tuple[str, str, Choices | None]] = {
    "unknown_product": (
        "If a product is not in QuickBooks",
        "",
        (
            ("create", "Make it there first"),
            ("default_item", "Take the default item"),
            ("stop", "Stop and tell me"),
        ),
    ),
    "default_item": (
        "Default item",
        "For lines without a product, and for opportunities without lines: a name, or an SKU as @sku:CODE.",
        None,
    ),
    "without_email": ("If there is no e-mail address", "", STOPS),
    "without_address": ("If there is no billing address", "", STOPS),
    "go_live": (
        "Make documents from this day on",
        "Their own date counts. Earlier ones are matched and kept in step where both sides have them, and not made.",
        None,
    ),
    "tax_calculation": (
        "Prices in Salesforce",
        "Is told to QuickBooks with every new document.",
        (
            ("", "Are without tax, which QuickBooks adds"),
            ("TaxInclusive", "Include tax"),
            ("NotApplicable", "Are not taxed"),
        ),
    ),
    "default_tax_code": (
        "Tax code of lines without one",
        "A name of a tax code in QuickBooks, such as GST. The line's own comes first, then its item's.",
        None,
    ),
    "closed_period": (
        "If the date lies in a closed period",
        "",
        (
            ("", "Ask me"),
            ("hold", "Hold it until the books are open"),
            ("next_open", "Take the next open day"),
        ),
    ),
}
"""Kept as they are among the options: name, label, hint, choices (None: text)."""
RULES: dict[str, tuple[str, str, Choices | None]] = {
    "number": (
        "Document number",
        "QuickBooks gives none where custom transaction numbers are on.",
        (("", "From QuickBooks"), ("salesforce", "From a Salesforce field")),
    ),
    "number_field": ("Field with the number", "At most 21 characters with the prefix.", None),
    "number_prefix": ("Prefix of the number", "", None),
    "due": (
        "Due date",
        "",
        (
            ("", "As QuickBooks has it: by the customer's terms"),
            ("days", "Days after the document's date"),
            ("end_of_month", "End of the month, or of a later one"),
            ("terms", "By these terms"),
            ("field", "From a Salesforce field"),
        ),
    ),
    "due_days": ("Days after the date", "", None),
    "due_months": ("Months later", "0: the end of the document's own month.", None),
    "due_field": ("Field with the due date", "", None),
    "terms_field": ("Field with the terms", "It holds the name of terms in QuickBooks.", None),
    "terms_name": ("Terms", "Where the field is empty, or without a field.", None),
    "currency": (
        "Currency",
        "Given when the document is made. QuickBooks takes the customer's only: another one is told, not sent.",
        (
            ("", "That of the record, where it has one"),
            (HOME, "Always the company's home currency"),
            (FIXED, "Always this one"),
        ),
    ),
    "currency_code": ("This currency", "Three letters, such as EUR.", None),
    "currency_other": (
        "If the record is in another one",
        "Nothing is converted.",
        (("", "Do not send it"), ("as_it_is", "Take its amounts as they are")),
    ),
    "class_on": (
        "Class",
        "On the document or on its lines: where the company tracks classes.",
        (("", "None"), ("header", "On the document"), ("line", "On each line")),
    ),
    "class_field": ("Field with the class", "On lines: a field of the line, such as Product2.Family.", None),
    "class_name": ("Class name", "Where the field is empty, or without a field.", None),
    "location_field": ("Field with the location", "", None),
    "location_name": ("Location name", "Where the field is empty, or without a field.", None),
    "addresses": (
        "Billing and shipping address",
        "",
        (
            ("", "The customer's, as QuickBooks has them"),
            ("account", "Those of the account"),
            ("record", "Those of the record itself"),
        ),
    ),
    "email": (
        "E-mail the document",
        "Off by default. Only documents that are made from now on.",
        (("", "No"), ("yes", "Yes, where there is an address"), ("field", "Where a field says so")),
    ),
    "email_field": ("Field that says so", "A checkbox.", None),
    "email_how": (
        "How it is e-mailed",
        "Once, by QuickBooks, to the document's e-mail. Those of a first load or of history only go on the list.",
        (("", "On QuickBooks' list of documents to be sent"), ("send", "At once, when it was made")),
    ),
    "pdf": (
        "PDF in Salesforce",
        "The document as QuickBooks prints it, attached once to the record that it was made from.",
        (("", "No"), ("yes", "Attach it when the document was made")),
    ),
}
"""Kept in `options["rules"]`."""
CONTACT: dict[str, tuple[str, str, Choices | None]] = {
    "contact": (
        "Contact of the customer",
        "Name, salutation and mobile phone of one contact of the account. Contacts are never written.",
        (
            ("", "None"),
            ("field", "The one that a checkbox marks"),
            ("account", "The one that the account names"),
        ),
    ),
    "contact_mark": ("Checkbox on the contact", "Empty: QBO_Primary__c.", None),
    "contact_lookup": ("Lookup on the account", "Empty: QBO_Contact__c.", None),
}
"""The same for customers."""
STOCK: dict[str, tuple[str, str, Choices | None]] = {
    "active": (
        "Active and inactive",
        "A product that is made inactive on one side is made inactive on the other, and active again.",
        (("", "Told, not carried over"), ("yes", "Kept in step")),
    ),
    "inventory": (
        "New inventory items",
        "What QuickBooks wants of an item of the type Inventory when it is made. Later on quantities are its own.",
        (("", "Nothing: they are made in QuickBooks"), ("yes", "Made with a quantity, a date and accounts")),
    ),
    "quantity_field": ("Field with the quantity on hand", "Empty: none.", None),
    "start_field": ("Field with the date it counts from", "Empty: the day on which it is made.", None),
    "asset_account": ("Inventory asset account", "Empty: Inventory Asset.", None),
    "cost_account": ("Cost account", "Empty: Cost of Goods Sold.", None),
}
"""The same for products."""
SIMPLE: dict[str, tuple[str, dict[str, tuple[str, str, Choices | None]]]] = {
    "Customer": ("Contact", CONTACT),
    "Item": ("Products and inventory", STOCK),
}
"""The section and the rules of an entity that is no document."""
DAYS = frozenset({"go_live"})
CODE = re.compile("[A-Z]{3}")
NUMBERS = frozenset({"due_days", "due_months"})
TAX = ("tax_calculation", "default_tax_code")
"""Choices that companies in the United States do not have: QuickBooks computes their tax (quickbooks.md 3.17)."""
_PLACES = tuple(f"rule_{name}" for name in RULES)
_CURRENCY = _PLACES.index("rule_currency")
_CLASS = _PLACES.index("rule_class_on")
SECTIONS = (
    ("Rules for documents", {"fields": ("price_books", *(name for name in OPTIONS if name not in TAX))}),
    ("Lines and discounts", {"fields": line_rules.NAMES}),
    ("Tax", {"fields": TAX}),
    ("Number and due date", {"fields": _PLACES[:_CURRENCY]}),
    ("Currency", {"fields": _PLACES[_CURRENCY:_CLASS]}),
    ("Class, location, addresses and e-mail", {"fields": _PLACES[_CLASS:]}),
)
"""The parts of the form for documents."""
INCOMPLETE: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("unknown_product", "default_item", ("default_item",)),
    ("rule_number", "salesforce", ("rule_number_field",)),
    ("rule_due", "days", ("rule_due_days",)),
    ("rule_due", "field", ("rule_due_field",)),
    ("rule_due", "terms", ("rule_terms_field", "rule_terms_name")),
    ("rule_currency", FIXED, ("rule_currency_code",)),
    ("rule_class_on", "header", ("rule_class_field", "rule_class_name")),
    ("rule_class_on", "line", ("rule_class_field", "rule_class_name")),
    ("rule_email", "field", ("rule_email_field",)),
)
"""A choice that says nothing without one of these fields: (field, choice, fields)."""


def makes_documents(mapping: Mapping | None) -> bool:
    """Whether the mapping writes documents with lines to QuickBooks."""
    if mapping is None or not mapping.pk:
        return False
    return mapping.rows.filter(type=ValueType.LINES.value).exclude(direction="to_sf").exists()


def has_tax_choices(mapping: Mapping) -> bool:
    """Whether the company says itself how lines are taxed: everywhere but in the United States."""
    quickbooks = mapping.integration.quickbooks
    return quickbooks is None or quickbooks.facts.get("country") != "US"


def has_rules(mapping: Mapping | None) -> bool:
    """Whether the mapping has rules though it makes no documents: for its customers, for its products."""
    return mapping is not None and bool(mapping.pk) and mapping.qbo_entity in SIMPLE


def sections(mapping: Mapping | None) -> tuple[tuple[str, dict[str, Any]], ...]:
    """The parts of the form that a mapping has beside the usual ones."""
    if mapping is not None and makes_documents(mapping):
        return tuple(one for one in SECTIONS if one[1]["fields"] != TAX or has_tax_choices(mapping))
    if mapping is None or not has_rules(mapping):
        return ()
    title, rules = SIMPLE[mapping.qbo_entity]
    return ((title, {"fields": tuple(f"rule_{name}" for name in rules)}),)


def add_simple_fields(form: forms.ModelForm, mapping: Mapping) -> None:
    """Add the rules for a customer's contact or a product's stock, as they stand."""
    rules = ((mapping.policies or {}).get("options") or {}).get("rules") or {}
    for name, said in SIMPLE[mapping.qbo_entity][1].items():
        form.fields[f"rule_{name}"] = _field(name, said, rules.get(name))


def add_fields(form: forms.ModelForm, mapping: Mapping) -> None:
    """Add the rules of a mapping that makes documents, as they stand."""
    options = (mapping.policies or {}).get("options") or {}
    form.fields["price_books"] = forms.CharField(
        label="Only products of these price books",
        help_text="Names or ids, one per line. Empty: of any price book.",
        required=False,
        initial="\n".join(options.get("price_books") or ()),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    for name, said in OPTIONS.items():
        if name not in TAX or has_tax_choices(mapping):
            form.fields[name] = _field(name, said, options.get(name))
    line_rules.add_fields(form, options.get("lines") or {})
    rules = options.get("rules") or {}
    for name, said in RULES.items():
        form.fields[f"rule_{name}"] = _field(name, said, rules.get(name))


def _field(name: str, said: tuple[str, str, Choices | None], value: Any) -> forms.Field:
    label, hint, choices = said
    about: dict[str, Any] = {"label": label, "help_text": hint, "required": False}
    if choices is not None:
        return forms.ChoiceField(choices=choices, initial=value or choices[0][0], **about)
    if name in DAYS:
        day = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        return forms.DateField(initial=value or None, widget=day, **about)
    if name in NUMBERS:
        return forms.IntegerField(min_value=0, max_value=730, initial=value, **about)
    offered = {"list": "pick-sf"} if name.endswith("_field") else {}
    return forms.CharField(
        max_length=160, initial=value or "", widget=forms.TextInput(attrs=offered), **about
    )


def check(form: forms.ModelForm) -> None:
    """Name what a chosen rule still needs."""
    said = form.cleaned_data
    for name, choice, needed in INCOMPLETE:
        if said.get(name) == choice and all(said.get(field) in (None, "") for field in needed):
            form.add_error(needed[-1], "Needed for what is chosen above.")
    code = str(said.get("rule_currency_code") or "").strip().upper()
    if code and not CODE.fullmatch(code):
        form.add_error("rule_currency_code", "A currency has three letters, such as EUR.")
    if "rule_currency_code" in said:
        said["rule_currency_code"] = code if said.get("rule_currency") == FIXED else ""


def options_of(mapping: Mapping, cleaned: dict[str, Any], posted: Container[str]) -> dict[str, Any]:
    """The mapping's options with what was entered; what was left at its default is left out. `posted` are the inputs
    that the browser sent."""
    options = dict((mapping.policies or {}).get("options") or {})
    if "price_books" in cleaned:
        lines = cleaned["price_books"].splitlines()
        options["price_books"] = [line.strip() for line in lines if line.strip()]
    for name in OPTIONS:
        if name in cleaned and (cleaned[name] or name in options):
            options[name] = str(cleaned[name] or "")
    if lines := line_rules.stored(options.get("lines") or {}, cleaned, posted):
        options["lines"] = lines
    names = (*RULES, *CONTACT, *STOCK)
    rules = {name: value for name in names if (value := cleaned.get(f"rule_{name}")) not in (None, "")}
    options.pop("rules", None)
    return {**options, **({"rules": rules} if rules else {})}
