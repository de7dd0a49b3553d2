"""A form field for criteria: what a person writes line by line, stored as the engine reads it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from syncapp.engine.criteria_text import CriteriaError, parse_criteria, print_criteria
from syncapp.engine.filters import rules_of
from syncapp.store import specs


class ConditionsField(forms.CharField):
    """Criteria as text, one condition a line: `Type is one of Customer, Partner`, `Phone is empty`."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        super().__init__(widget=forms.Textarea(attrs={"rows": 3, "class": "id"}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return print_criteria(rules_of(value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[dict[str, Any]]:
        try:
            return specs.rules_json(parse_criteria(str(super().clean(value) or "")))
        except CriteriaError as error:
            raise ValidationError(f"Line {error.line}: {error.sentence}") from error

    def has_changed(self, initial: Any, data: Any) -> bool:
        if not str(data or "").strip():
            return bool(initial)  # the empty form below the filled ones is no change
        try:
            return bool((initial or []) != self.clean(data))
        except ValidationError:
            return True
