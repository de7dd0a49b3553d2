"""Forms of the connection pages: which end point, and the advanced properties of both sides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django import forms

from syncapp.models import AuthMethod, ConnectionEnvironment, VendorSide

MY_DOMAIN = "my_domain"

SALESFORCE_END_POINTS = {
    ConnectionEnvironment.PRODUCTION: ("Production", "You sign in at login.salesforce.com."),
    ConnectionEnvironment.SANDBOX: (
        "Sandbox",
        "A copy of your org for trying things; you sign in at test.salesforce.com.",
    ),
    MY_DOMAIN: ("My Domain", "Your org only lets people sign in at its own address."),
    ConnectionEnvironment.SIMULATOR: ("Simulator", "A made-up org on this server, to look around."),
}
QUICKBOOKS_END_POINTS = {
    ConnectionEnvironment.PRODUCTION: (
        "Production",
        "Your real company. Nothing is written before you switch on.",
    ),
    ConnectionEnvironment.SANDBOX: ("Sandbox", "A test company from an Intuit developer account."),
    ConnectionEnvironment.SIMULATOR: ("Simulator", "A made-up company on this server, to look around."),
}


class EndPoint(NamedTuple):
    """One place to sign in at; `environment` is what a connection there is."""

    key: str
    name: str
    hint: str
    environment: str


class EndPointForm(forms.Form):
    """Where a person signs in. `allowed` are the environments that this installation may connect the side to."""

    end_point = forms.ChoiceField(widget=forms.RadioSelect)
    my_domain = forms.CharField(
        label="My Domain address",
        required=False,
        max_length=255,
        widget=forms.TextInput(attrs={"placeholder": "acme.my.salesforce.com", "autocomplete": "off"}),
    )
    my_domain_sandbox = forms.BooleanField(label="This address is a sandbox", required=False)

    def __init__(self, side: str, allowed: Iterable[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.side = side
        self.options = _options(side, {str(one) for one in allowed})
        self.fields["end_point"].choices = [(option.key, option.name) for option in self.options]  # type: ignore[attr-defined]
        if side != VendorSide.SALESFORCE:
            del self.fields["my_domain"], self.fields["my_domain_sandbox"]

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if values.get("end_point") == MY_DOMAIN and not values.get("my_domain"):
            self.add_error(
                "my_domain", "Enter the address people sign in at, for example acme.my.salesforce.com."
            )
        return values

    @property
    def environment(self) -> str:
        """production, sandbox or simulator."""
        chosen: str = self.cleaned_data["end_point"]
        if chosen != MY_DOMAIN:
            return chosen
        sandbox = self.cleaned_data["my_domain_sandbox"]
        return (ConnectionEnvironment.SANDBOX if sandbox else ConnectionEnvironment.PRODUCTION).value

    @property
    def login_host(self) -> str:
        """The My Domain host as typed, without scheme and path; "" for the usual hosts."""
        if self.cleaned_data["end_point"] != MY_DOMAIN:
            return ""
        return bare_host(self.cleaned_data["my_domain"])


def bare_host(text: str) -> str:
    """`https://Acme.my.salesforce.com/home` becomes `acme.my.salesforce.com`."""
    return text.strip().lower().removeprefix("https://").removeprefix("http://").split("/")[0]


def _options(side: str, allowed: set[str]) -> list[EndPoint]:
    table = SALESFORCE_END_POINTS if side == VendorSide.SALESFORCE else QUICKBOOKS_END_POINTS
    every = [EndPoint(str(key), name, hint, _environment_of(str(key))) for key, (name, hint) in table.items()]
    return [option for option in every if option.environment in allowed]


def _environment_of(key: str) -> str:
    return ConnectionEnvironment.PRODUCTION.value if key == MY_DOMAIN else key


def _secret(
    label: str, help_text: str = "Write-only: leave empty to keep what is stored."
) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "off"})
    return forms.CharField(label=label, required=False, max_length=4096, widget=widget, help_text=help_text)


class SecretArea(forms.Textarea):
    """A field of several lines whose text never comes back to the page, like that of a password field."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        del value
        return super().get_context(name, None, attrs)


def _text(label: str, help_text: str = "", max_length: int = 255) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    return forms.CharField(
        label=label, required=False, max_length=max_length, widget=widget, help_text=help_text
    )


class AdvancedForm(forms.Form):
    """Base of the advanced properties. What they mean together is judged by the validation, not here."""

    environment = forms.ChoiceField(label="End point")

    def __init__(self, allowed: Iterable[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(one), ConnectionEnvironment(one).label) for one in allowed]
        self.fields["environment"].choices = choices  # type: ignore[attr-defined]

    def values(self) -> dict[str, str]:
        """What was entered, without surrounding blanks."""
        return {name: str(value or "").strip() for name, value in self.cleaned_data.items()}


class SalesforceAdvancedForm(AdvancedForm):
    """Own app, and the ways to connect that need no person at a browser."""

    login_host = _text("My Domain", "For example acme.my.salesforce.com. Client credentials need it.")
    auth_method = forms.ChoiceField(
        label="How we sign in",
        choices=AuthMethod.choices,
        help_text="JWT bearer and client credentials need no person; the app in Salesforce must allow them.",
    )
    client_id = _text("Client id", "“Consumer Key” of your External Client App.")
    client_secret = _secret(
        "Client secret", "“Consumer Secret”. Write-only: leave empty to keep what is stored."
    )
    username = _text("User name", "The integration user, for JWT bearer and password.")
    private_key = forms.CharField(
        label="Private key",
        required=False,
        max_length=8192,
        widget=SecretArea(attrs={"rows": 4, "autocomplete": "off", "spellcheck": "false"}),
        help_text="PEM of the certificate entered in the app, for JWT bearer. Write-only.",
    )
    password = _secret("Password", "For the password method only. Write-only.")
    security_token = _secret("Security token", "Sent by Salesforce when the password was set. Write-only.")

    groups = (
        ("Your own app", ("environment", "login_host", "client_id", "client_secret")),
        ("Sign-in", ("auth_method", "username", "private_key", "password", "security_token")),
    )


class QuickBooksAdvancedForm(AdvancedForm):
    """Own app, and a refresh token obtained elsewhere."""

    client_id = _text("Client id", "Under Keys & credentials of your app at Intuit.")
    client_secret = _secret("Client secret")
    verifier_token = _secret("Webhook verifier token", "Under Webhooks of your app at Intuit. Write-only.")
    realm_id = _text("Company (realm) id", "Settings, Additional info in QuickBooks; digits only.", 32)
    refresh_token = _secret("Refresh token", "Instead of signing in in the browser. Write-only.")

    groups = (
        ("Your own app", ("environment", "client_id", "client_secret", "verifier_token")),
        ("Company", ("realm_id", "refresh_token")),
    )


ADVANCED: dict[str, type[AdvancedForm]] = {
    VendorSide.SALESFORCE.value: SalesforceAdvancedForm,
    VendorSide.QUICKBOOKS.value: QuickBooksAdvancedForm,
}
