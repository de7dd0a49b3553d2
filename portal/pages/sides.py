"""The two sides in addresses: /connections/salesforce/, /connections/quickbooks/."""

from __future__ import annotations

from typing import Any, ClassVar

from django.urls import register_converter

from portal.people.access import may_connect
from portal.people.models import Membership
from syncapp.models import VendorSide

WORDS: dict[str, str] = {VendorSide.SALESFORCE.value: "salesforce", VendorSide.QUICKBOOKS.value: "quickbooks"}


class SideConverter:
    """`<side:side>`: "salesforce" in the address, "sf" in the view."""

    regex = "salesforce|quickbooks"
    _of_word: ClassVar[dict[str, str]] = {word: key for key, word in WORDS.items()}

    def to_python(self, value: str) -> str:
        return self._of_word[value]

    def to_url(self, value: str) -> str:
        return WORDS[str(value)]


register_converter(SideConverter, "side")


def asked_to_connect(membership: Membership, kwargs: dict[str, Any]) -> bool:
    """Lets in somebody whom a colleague asked to connect just this side."""
    return may_connect(membership, kwargs.get("side", ""))
