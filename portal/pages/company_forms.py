"""The form of a company: its name, time zone and base currency."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from django import forms

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
def zones() -> list[tuple[str, str]]:
    """IANA zones by place; the technical ones left out."""
    places = (
        zone
        for zone in available_timezones()
        if "/" in zone and not zone.startswith(("Etc/", "posix/", "right/"))
    )
    skipped = ("SystemV/", "US/", "Brazil/", "Canada/", "Chile/", "Mexico/")
    return [
        ("UTC", "UTC"),
        *((zone, zone.replace("_", " ")) for zone in sorted(places) if not zone.startswith(skipped)),
    ]


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
