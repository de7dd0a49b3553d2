"""Forms about people."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest

from portal.people.models import Role, User
from syncapp.models import VendorSide


class SignupForm(forms.Form):
    """What sign-up asks besides e-mail and password (allauth calls `signup` when the person exists)."""

    name = forms.CharField(
        label="Your name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    field_order = ("name", "email", "password1", "password2")

    def signup(self, _request: HttpRequest, user: User) -> None:
        user.first_name = self.cleaned_data["name"].strip()
        user.save(update_fields=["first_name"])


class AskColleagueForm(forms.Form):
    """Ask somebody else to connect a side: they get an invitation that leads to that step."""

    email = forms.EmailField(
        label="Their work e-mail", widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    note = forms.CharField(label="Note to them", max_length=500, required=False)
    side = forms.ChoiceField(choices=VendorSide.choices, widget=forms.HiddenInput)


class InvitationForm(forms.ModelForm):
    """Invite a person into the company. The role list leaves out what the inviter may not give."""

    allowed_roles: list[str] = [role.value for role in Role]

    def clean_role(self) -> Any:
        role = self.cleaned_data["role"]
        if role not in self.allowed_roles:
            raise forms.ValidationError("Only an owner can invite an owner.")
        return role

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].strip().lower()
        return email
