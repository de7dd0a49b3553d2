"""How allauth behaves here: who may sign up, what an invitation proves, that vendors only tell who somebody is."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from portal.people.invitations import pending


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up is open, or by invitation only (SIGNUP_OPEN=0)."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return settings.SIGNUP_OPEN or pending(request, timezone.now()) is not None

    def clean_email(self, email: str) -> str:
        """Addresses are kept in lower case, so that two spellings are one person."""
        return str(super().clean_email(email)).strip().lower()

    def is_email_verified(self, request: HttpRequest, email: str) -> bool:
        """The link of an invitation came by mail: following it proves the address it was sent to."""
        invitation = pending(request, timezone.now())
        if invitation is not None and invitation.email == email.strip().lower():
            return True
        return bool(super().is_email_verified(request, email))


class SocialAdapter(DefaultSocialAccountAdapter):
    """Salesforce and Intuit as identity only: no tokens kept, no company connection made."""

    def is_open_for_signup(self, request: HttpRequest, _sociallogin: Any) -> bool:
        return settings.SIGNUP_OPEN or pending(request, timezone.now()) is not None

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> Any:
        """One name, as with our own sign-up."""
        user = super().populate_user(request, sociallogin, data)
        user.first_name = data.get("name") or f"{user.first_name} {user.last_name}".strip()
        user.last_name = ""
        return user
