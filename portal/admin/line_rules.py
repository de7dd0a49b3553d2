"""The rules of a document's lines on the mapping page: which rows of Salesforce they are, in which order, where
discounts and shipping go, and what becomes a line where a record has none.

They are the mapping's `options["lines"]`, which `engine.lines.LinesRule` reads.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from django import forms

from portal.admin.conditions_field import ConditionsField
from syncapp.engine.lines import LinesRule

USUAL = LinesRule()
DISCOUNTS = (
    ("line_price", "Goes into the price of its line"),
    ("discount_line", "Is a discount line of its own"),
)
TEXTS: dict[str, tuple[str, str, str]] = {
    "lines_sf_object": (
        "Object of the lines",
        "The related list itself is the Salesforce field of the row “Lines”.",
        "",
    ),
    "lines_parent_field": ("Its field that names the record", "", ""),
    "lines_sort": ("In this order", "Fields of a line, separated by commas.", ""),
    "lines_discount_path": (
        "Discount of the whole record",
        "A field of the record with an amount.",
        "pick-sf",
    ),
    "lines_shipping_path": ("Shipping", "A field of the record with an amount.", "pick-sf"),
    "lines_single_amount": (
        "Without lines: one line of",
        "A field of the record with an amount. Empty: no line is made.",
        "pick-sf",
    ),
    "lines_single_sku": (
        "Its item by SKU from",
        "A field of the record. Empty: the default item.",
        "pick-sf",
    ),
    "lines_single_text": ("Its text from", "A field of the record.", "pick-sf"),
}
"""Inputs of text: name, label, hint, list of choices."""
NAMES = (
    "lines_sf_object",
    "lines_parent_field",
    "lines_filter",
    "lines_sort",
    "lines_discount",
    "lines_discount_path",
    "lines_shipping_path",
    "lines_single_amount",
    "lines_single_sku",
    "lines_single_text",
)
"""The fields of the section, in their order."""
SINGLE = ("amount", "sku", "text")
KEPT = ("sf_object", "parent_field")
"""Without these a change of a line is no news of its record: an empty input leaves them as they are."""


def add_fields(form: forms.ModelForm, rule: Mapping[str, Any]) -> None:
    """Add the rules of the lines, as they stand."""
    now = _texts(rule)
    for name in NAMES:
        if name == "lines_filter":
            form.fields[name] = ConditionsField(
                label="Only these lines",
                help_text="One condition a line, over the fields of a line: Quantity is more than 0, groups below "
                "“any of:”, or “formula:” and a formula that must be TRUE. Empty: every line.",
                initial=list(rule.get("filter") or ()),
            )
        elif name == "lines_discount":
            form.fields[name] = forms.ChoiceField(
                label="Discount of a line",
                help_text="Of the row “Discount”, in percent.",
                choices=DISCOUNTS,
                required=False,
                initial=rule.get("discount") or USUAL.discount,
            )
        else:
            form.fields[name] = _text(name, now[name])


def _texts(rule: Mapping[str, Any]) -> dict[str, str]:
    single = rule.get("single") or {}
    return {
        **{f"lines_{name}": str(rule.get(name) or "") for name in (*KEPT, "discount_path", "shipping_path")},
        **{f"lines_single_{name}": str(single.get(name) or "") for name in SINGLE},
        "lines_sort": ", ".join(rule.get("sort") or USUAL.sort),
    }


def _text(name: str, value: str) -> forms.CharField:
    label, hint, offered = TEXTS[name]
    widget = forms.TextInput(attrs={"list": offered, "autocomplete": "off"} if offered else {})
    return forms.CharField(
        label=label, help_text=hint, required=False, max_length=160, initial=value, widget=widget
    )


def stored(rule: Mapping[str, Any], cleaned: Mapping[str, Any], posted: Container[str]) -> dict[str, Any]:
    """The rule with what was entered. What was not posted is not changed, what is left as usual is left out."""
    said = dict(rule)
    for name in NAMES:
        if name in cleaned and name in posted:
            _take(said, name.removeprefix("lines_"), cleaned[name])
    return said


def _take(said: dict[str, Any], name: str, value: Any) -> None:
    if name.startswith("single_"):
        _take_single(said, name.removeprefix("single_"), value)
        return
    if name == "sort":
        value = [one.strip() for one in value.split(",") if one.strip()]
    usual = {"sort": list(USUAL.sort), "discount": USUAL.discount}.get(name)
    if value and (name in said or value != usual):
        said[name] = value
    elif not value and name not in KEPT:
        said.pop(name, None)


def _take_single(said: dict[str, Any], role: str, value: str) -> None:
    """The line of a record without lines; without an amount there is none."""
    single = dict(said.get("single") or {})
    if value:
        single[role] = value
    else:
        single.pop(role, None)
    if "amount" in single:
        said["single"] = single
    else:
        said.pop("single", None)
