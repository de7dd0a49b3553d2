"""The choices of the setup wizard."""

from __future__ import annotations

from django import forms

TEMPLATES = (
    ("both", "Both ways", "New and changed accounts and customers travel in both directions."),
    ("to_qbo", "Salesforce to QuickBooks", "Sales keeps the accounts; the books follow. Nothing is written to Salesforce "
     "except the ids that tell the two apart."),
    ("to_sf", "QuickBooks to Salesforce", "The books keep the customers; sales sees them. Nothing is written to "
     "QuickBooks."),
)  # fmt: skip

WINNERS = (
    ("ask", "Ask me", "Both values stay as they are until somebody chooses on the record."),
    ("sf", "Salesforce wins", "The value in QuickBooks is replaced."),
    ("qbo", "QuickBooks wins", "The value in Salesforce is replaced."),
    ("newest", "The newest wins", "By the time of the last change of the record, not of the field."),
)


class TemplateForm(forms.Form):
    """What to sync in which direction, and who wins where both sides changed the same field."""

    template = forms.ChoiceField(choices=[(key, name) for key, name, _ in TEMPLATES])
    winner = forms.ChoiceField(choices=[(key, name) for key, name, _ in WINNERS])
