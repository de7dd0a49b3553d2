"""The choices of the setup wizard."""

from __future__ import annotations

from typing import NamedTuple

from django import forms

from syncapp.recipes import RECIPES, STARTERS


class Choice(NamedTuple):
    """One answer of a question: its key, its name, what it means."""

    key: str
    name: str
    hint: str


TEMPLATES = (
    Choice("bidirectional", "Both ways", "New and changed accounts and customers travel in both directions."),
    Choice("sf_to_qbo", "Salesforce to QuickBooks", "Sales keeps the accounts; the books follow."),
    Choice("qbo_to_sf", "QuickBooks to Salesforce", "The books keep the customers; sales sees them."),
)
WINNERS = (
    Choice("ask", "Ask me", "Both values stay as they are until somebody chooses on the record."),
    Choice("sf", "Salesforce wins", "The value in QuickBooks is replaced."),
    Choice("qbo", "QuickBooks wins", "The value in Salesforce is replaced."),
    Choice("newest", "The newest wins", "By the time of the last change of the record, not of the field."),
)
PAIRS = tuple(
    Choice(recipe.key, recipe.label, recipe.summary) for key, recipe in RECIPES.items() if key not in STARTERS
)


class TemplateForm(forms.Form):
    """What to sync in which direction, and who wins where both sides changed the same field."""

    template = forms.ChoiceField(choices=[(choice.key, choice.name) for choice in TEMPLATES])
    winner = forms.ChoiceField(choices=[(choice.key, choice.name) for choice in WINNERS])
    pairs = forms.MultipleChoiceField(choices=[(pair.key, pair.name) for pair in PAIRS], required=False)
    """What to sync beside accounts and customers."""
