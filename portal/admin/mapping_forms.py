"""Forms of the mapping page: rules and filters as a person writes them, stored as the engine reads them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.utils.functional import cached_property

from connectors.contracts import Side
from portal.admin import document_rules
from portal.admin.conditions_field import ConditionsField
from portal.pages.lists import LIST_WORDS
from syncapp.engine.compiled import usual_suffix
from syncapp.engine.criteria_text import typed
from syncapp.engine.entities import traits
from syncapp.engine.mapping import ValueType
from syncapp.engine.match import GENERAL
from syncapp.engine.transforms import TRANSFORMS
from syncapp.models import FieldMapping, Mapping, MappingCriteria
from syncapp.services.naming import FORBIDDEN, LONGEST

POLICIES: dict[str, tuple[str, str, tuple[tuple[str, str], ...]]] = {
    "name_clash": (
        "If QuickBooks has the name already",
        "QuickBooks keeps one list of names for customers, vendors and employees.",
        (
            ("ask", "Ask"),
            ("link", "Link the record that alone has this name; ask where it is a vendor or an employee"),
            ("suffix", "Add a suffix where a vendor or an employee has it"),
        ),
    ),
    "filter_left": (
        "If a linked record no longer meets the criteria",
        "What is in QuickBooks stays in either case.",
        (("skip", "Leave it as it is, and say so"), ("ask", "Ask me")),
    ),
    "qbo_gone": (
        "If the QuickBooks record was made inactive",
        "",
        (("flag", "Tell me, change nothing"), ("reactivate", "Make it active again")),
    ),
    "sf_gone": (
        "If the Salesforce record was deleted",
        "QuickBooks records are never deleted. If very many are deleted at once, nothing is done before you say so.",
        (
            ("leave", "Leave the QuickBooks record"),
            ("inactivate", "Make the QuickBooks record inactive"),
            ("void", "Ask me to void it"),
        ),
    ),
    "revive": (
        "If a deleted record comes back",
        "",
        (("ask", "Ask"), ("reactivate", "Go on where it was")),
    ),
}
"""Rules of a mapping that are kept in its `policies`: name, label, hint, choices."""

NAMED = frozenset({"Customer", "Vendor", "Item"})
"""What QuickBooks keeps under a name of its own (quickbooks.md 3.1.7); documents have none that could be taken."""


def policies_of(mapping: Mapping | None) -> tuple[str, ...]:
    """The policies that a mapping has a choice in."""
    entity = mapping.qbo_entity if mapping is not None else ""
    return tuple(name for name in POLICIES if name != "name_clash" or entity in NAMED)


def choices_of(name: str, entity: str) -> tuple[tuple[str, str], ...]:
    """The choices of a policy that QuickBooks can carry out for an entity: lists are made inactive, some documents are
    voided, and what no program may void is told to a person (quickbooks.md 3.1.5, 3.1.6)."""
    choices = POLICIES[name][2]
    if name != "sf_gone":
        return choices
    of = traits(Side.QUICKBOOKS, entity)
    if of.list_entity:
        return tuple(choice for choice in choices if choice[0] != "void")
    return (
        choices[0],
        ("void", dict(choices)["void"] if of.voidable else "Ask me: I end it in QuickBooks by hand"),
    )


def hint_of(name: str, entity: str) -> str:
    """What is said beside a policy; of documents that nobody can void from outside also that."""
    of, hint = traits(Side.QUICKBOOKS, entity), POLICIES[name][1]
    if name != "sf_gone" or of.list_entity or of.voidable:
        return hint
    return f"{hint} {of.plural} cannot be voided from outside QuickBooks."


class CriteriaForm(forms.ModelForm):
    """One set of named criteria of the draft."""

    rules = ConditionsField(label="All of these", required=True)

    class Meta:
        model = MappingCriteria
        fields = ("position", "enabled", "name", "side", "rules")
        widgets = {"position": forms.HiddenInput()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["position"].required = False
        about = self.instance.name or "new criteria"
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = f"{field.label or ''} of {about}".strip()

    def clean_position(self) -> int:
        return self.cleaned_data.get("position") or 0


class MatchOnField(forms.CharField):
    """By what records are recognised, best first, one per line: `name`, `email`, a field's short name, or several of
    them joined by +."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False,
            widget=forms.Textarea(attrs={"rows": 4, "class": "id", "placeholder": "\n".join(GENERAL)}),
            **kwargs,
        )

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> list[str]:
        lines = str(super().clean(value) or "").splitlines()
        names = ["+".join(part.strip() for part in line.split("+")) for line in lines if line.strip()]
        return list(dict.fromkeys(names))


class MappingForm(forms.ModelForm):
    """The settings of a mapping that publishing freezes."""

    sf_filter = ConditionsField(
        label="Only these Salesforce records",
        help_text="One condition a line; all must hold. Empty: every record.",
    )
    qbo_filter = ConditionsField(
        label="Only these QuickBooks records", help_text="For example: Active is true."
    )
    match_auto = forms.BooleanField(
        label="Link records that surely are the same without asking",
        required=False,
        help_text="Only where a key matches in both directions; the rest is always asked.",
    )

    match_on = MatchOnField(
        label="Recognise records by",
        help_text="Best first, one per line: name, email, phone, postal; or the short name of a field that identifies "
        "a record by itself, such as sku; or several together, such as number+customer. Empty: the usual ones. After a "
        "change both sides are read again before anything is created.",
    )

    class Meta:
        model = Mapping
        fields = ("label", "create_in_qbo", "create_in_sf", "external_id_field", "sf_filter", "qbo_filter")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        policies = self.instance.policies or {}
        self.fields["match_auto"].initial = policies.get("match_auto", True)
        self.fields["match_on"].initial = policies.get("match_on", [])
        for name in policies_of(self.instance):
            label, entity = POLICIES[name][0], self.instance.qbo_entity
            choices = choices_of(name, entity)
            self.fields[name] = forms.ChoiceField(
                label=label,
                help_text=hint_of(name, entity),
                choices=choices,
                initial=policies.get(name, choices[0][0]),
                required=False,
            )
        if "name_clash" in self.fields:
            self.fields["name_suffix"] = forms.CharField(
                label="Suffix",
                help_text=f"Empty: {usual_suffix(self.instance.qbo_entity).strip()}.",
                initial=str((policies.get("options") or {}).get("name_suffix", "")).strip(),
                max_length=LONGEST,
                required=False,
            )
        self.documents = document_rules.makes_documents(self.instance)
        if self.documents:
            document_rules.add_fields(self, self.instance)
        elif document_rules.has_rules(self.instance):
            document_rules.add_simple_fields(self, self.instance)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        document_rules.check(self)
        return cleaned

    def clean_match_on(self) -> list[str]:
        chosen: list[str] = self.cleaned_data["match_on"]
        keys = set(self.instance.rows.values_list("key", flat=True)) if self.instance.pk else set()
        for name in chosen:
            unknown = [part for part in name.split("+") if part not in keys]
            if name not in GENERAL and unknown:
                raise ValidationError(
                    f"“{unknown[0]}” is neither one of {', '.join(GENERAL)} nor the short name of a field here."
                )
        return chosen

    def clean_name_suffix(self) -> str:
        typed = self.cleaned_data["name_suffix"].strip()
        if FORBIDDEN & set(typed):
            raise ValidationError("QuickBooks takes no colons and no quotation marks in names.")
        return f" {typed}" if typed else ""

    def save(self, commit: bool = True) -> Any:
        chosen = {name: self.cleaned_data[name] for name in POLICIES if self.cleaned_data.get(name)}
        chosen["match_auto"] = self.cleaned_data["match_auto"]
        chosen["match_on"] = self.cleaned_data["match_on"]
        before = self.instance.policies or {}
        options = self._options(before.get("options") or {})
        if options or "options" in before:
            chosen["options"] = options
        self.instance.policies = {**before, **chosen}
        return super().save(commit)

    def _options(self, options: dict[str, Any]) -> dict[str, Any]:
        """The rules that the form shows beside the policies."""
        if self.documents or document_rules.has_rules(self.instance):
            options = document_rules.options_of(self.instance, self.cleaned_data, self.data)
        if suffix := self.cleaned_data.get("name_suffix"):
            return {**options, "name_suffix": suffix}
        return {name: value for name, value in options.items() if name != "name_suffix"}


PICKERS = {
    "sf_path": "pick-sf",
    "qbo_path": "pick-qbo",
    "value_map": "pick-maps",
    "refers_to": "pick-mappings",
    "group": "pick-groups",
}
"""Inputs that offer what there is, by the id of their list in `mapping/pickers.html`."""


def _lists(current: str) -> list[tuple[str, str]]:
    known = dict(LIST_WORDS)
    return [*known.items(), *([(current, current)] if current and current not in known else [])]


class RowForm(forms.ModelForm):
    """One field of the draft. A new row gets its short name from its label."""

    class Meta:
        model = FieldMapping
        fields = (
            "position", "enabled", "key", "label", "sf_path", "direction", "qbo_path", "type", "on_conflict",
            "on_drift", "initial", "group", "transform", "value_map", "places", "constant", "formula", "default",
            "refers_to", "lookup", "part", "write", "required", "sf_length", "qbo_length",
        )  # fmt: skip
        widgets = {"position": forms.HiddenInput(), "key": forms.HiddenInput()}

    def __init__(self, *args: Any, parts: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        """`parts` are the lines rows of the mapping: a row may belong to the record, or to each of its lines."""
        super().__init__(*args, **kwargs)
        if parts:
            self.fields["part"].widget = forms.Select(choices=[("", "The record"), *parts])
            self.fields["part"].label = "Belongs to"
        else:
            self.fields["part"].widget = forms.HiddenInput()
        self.fields["key"].required = self.fields["position"].required = False
        self.fields["type"].widget = forms.Select(
            choices=[(one.value, one.value.capitalize()) for one in ValueType]
        )
        known = [(name, one.label) for name, one in TRANSFORMS.items()]
        current = self.instance.transform
        if current and current not in TRANSFORMS:
            known.append((current, current))
        self.fields["transform"].widget = forms.Select(choices=[("", "None"), *known])
        self.fields["lookup"].widget = forms.Select(choices=[("", "No list"), *_lists(self.instance.lookup)])
        self.fields["formula"].widget = forms.Textarea(
            attrs={"rows": 2, "class": "id", "spellcheck": "false"}
        )
        for name, picker in PICKERS.items():
            self.fields[name].widget.attrs |= {"list": picker, "autocomplete": "off"}
        if self.instance.part:
            self.fields["sf_path"].widget.attrs["list"] = "pick-sf-line"
            self.fields["qbo_path"].widget.attrs.pop("list")  # the members of a line are described by nobody
        for name in ("constant", "default"):
            self.fields[name] = forms.CharField(label=self.fields[name].label, required=False)
            if self.instance.pk:
                self.initial[name] = _as_text(getattr(self.instance, name))
        self._name_inputs()

    def _name_inputs(self) -> None:
        about = self.instance.label or "new field"
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = f"{field.label or ''} of {about}".strip()

    def clean_constant(self) -> Any:
        return _as_value(self.cleaned_data["constant"])

    def clean_default(self) -> Any:
        return _as_value(self.cleaned_data["default"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not cleaned.get("key"):
            cleaned["key"] = short_name(cleaned.get("label") or cleaned.get("qbo_path") or "field")
        return cleaned


class RowFormSet(BaseInlineFormSet):
    """The rows of a draft; each may belong to the record or to its lines."""

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        return {**super().get_form_kwargs(index), "parts": self.parts}

    @cached_property
    def parts(self) -> list[tuple[str, str]]:
        rows = self.instance.rows.filter(type=ValueType.LINES.value) if self.instance.pk else ()
        return [(row.key, f"Each line of {row.label}") for row in rows]


def short_name(label: str) -> str:
    """The key of a new row: letters, digits and underscores of its label."""
    return re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:50] or "field"


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _as_value(text: str) -> Any:
    text = text.strip()
    return typed(text) if text else None
