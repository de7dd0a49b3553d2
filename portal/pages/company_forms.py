"""The form of a company: its name, time zone and base currency."""

from __future__ import annotations

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms

from syncapp.messages import words_for

# ISO 4217, the currencies that QuickBooks Online offers as home currency most often; names as people say them.
CURRENCIES = (
    ("USD", "US dollar"), ("AED", "UAE dirham"), ("ARS", "Argentine peso"), ("AUD", "Australian dollar"),
    ("BGN", "Bulgarian lev"), ("BRL", "Brazilian real"), ("CAD", "Canadian dollar"), ("CHF", "Swiss franc"),
    ("CLP", "Chilean peso"), ("CNY", "Chinese yuan"), ("COP", "Colombian peso"), ("CZK", "Czech koruna"),
    ("DKK", "Danish krone"), ("EGP", "Egyptian pound"), ("EUR", "Euro"), ("GBP", "Pound sterling"),
    ("HKD", "Hong Kong dollar"), ("HUF", "Hungarian forint"), ("IDR", "Indonesian rupiah"),
    ("ILS", "Israeli new shekel"), ("INR", "Indian rupee"), ("ISK", "Icelandic króna"), ("JPY", "Japanese yen"),
    ("KES", "Kenyan shilling"), ("KRW", "South Korean won"), ("KWD", "Kuwaiti dinar"), ("MXN", "Mexican peso"),
    ("MYR", "Malaysian ringgit"), ("NGN", "Nigerian naira"), ("NOK", "Norwegian krone"),
    ("NZD", "New Zealand dollar"), ("PEN", "Peruvian sol"), ("PHP", "Philippine peso"), ("PLN", "Polish złoty"),
    ("QAR", "Qatari riyal"), ("RON", "Romanian leu"), ("SAR", "Saudi riyal"), ("SEK", "Swedish krona"),
    ("SGD", "Singapore dollar"), ("THB", "Thai baht"), ("TRY", "Turkish lira"), ("TWD", "New Taiwan dollar"),
    ("UAH", "Ukrainian hryvnia"), ("UYU", "Uruguayan peso"), ("VND", "Vietnamese đồng"), ("ZAR", "South African rand"),
)  # fmt: skip


@cache
def zones() -> list[tuple[str, str | list[tuple[str, str]]]]:
    """IANA zones by region, so that the name of a city typed on the list finds it; the technical ones left out."""
    places = (
        zone
        for zone in available_timezones()
        if "/" in zone and not zone.startswith(("Etc/", "posix/", "right/"))
    )
    skipped = ("SystemV/", "US/", "Brazil/", "Canada/", "Chile/", "Mexico/")
    regions: dict[str, list[tuple[str, str]]] = {}
    for zone in sorted(places):
        if not zone.startswith(skipped):
            region, _, place = zone.partition("/")
            regions.setdefault(region, []).append((zone, place.replace("_", " ").replace("/", ", ")))
    return [("UTC", "UTC"), *regions.items()]


class CompanyForm(forms.Form):
    """What we must know of a company before anything else."""

    name = forms.CharField(
        label="Company name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "organization"})
    )
    zone = forms.ChoiceField(
        label="Time zone", choices=zones, help_text="Schedules run and times are shown in this zone."
    )
    currency = forms.ChoiceField(
        label="Base currency", choices=CURRENCIES, help_text="The home currency of the books in QuickBooks."
    )


class SettingsForm(CompanyForm):
    """The same, and when the company wants to be left alone."""

    quiet_from = forms.TimeField(
        label="Quiet from",
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    quiet_to = forms.TimeField(
        label="Quiet until",
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text="Scheduled runs that fall into these hours start when they end. May go past midnight.",
    )

    def clean(self) -> dict[str, Any]:
        """Half of a pair of quiet hours means nothing."""
        cleaned = super().clean() or self.cleaned_data
        if bool(cleaned.get("quiet_from")) != bool(cleaned.get("quiet_to")):
            words = words_for("company.quiet_half", {})
            self.add_error("quiet_to", f"{words.what} {words.todo}")
        return cleaned
