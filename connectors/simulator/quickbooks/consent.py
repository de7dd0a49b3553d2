"""The consent page: choose a company, or have a fresh one made, or refuse (quickbooks.md 1.3)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from connectors.simulator import pages, side_door
from connectors.simulator.quickbooks.oauth import fields_from, fields_of
from connectors.simulator.quickbooks.realms import HOME
from connectors.simulator.wire import Request, Response

if TYPE_CHECKING:
    from connectors.simulator.quickbooks.standin import QuickBooks

PRODUCT = "QuickBooks"
STYLE_URL = "/app/style.css"


class Consent:
    """`/connect/oauth2` and the form on it."""

    def __init__(self, standin: QuickBooks) -> None:
        self._standin = standin
        standin.router.add("GET", "/connect/oauth2", self.show)
        standin.router.add("POST", "/connect/oauth2", self.decide)

    def show(self, request: Request) -> Response:
        """The page, or the vendor's own error page, or a redirect with an error."""
        oauth, query = self._standin.oauth, request.query
        trouble = oauth.check_request(query)
        if trouble:
            return _error_page(trouble)
        error = oauth.check_parameters(query)
        if error:
            return Response.redirect(oauth.refuse(query, error))
        return self._page(query)

    def _page(self, query: dict[str, str]) -> Response:
        realms = self._standin.realms.all()
        choices = "".join(
            _choice(realm.id, realm.name, f"{realm.country} · {realm.id}", checked=position == 0)
            for position, realm in enumerate(realms)
        )
        fresh = _choice(
            "new", "Make a new sample company", "Fresh books, seeded like a sample company", checked=False
        )
        fresh += '<div class="fields">'
        fresh += pages.field("Name of the new company", "name", "")
        fresh += pages.field(
            "Country",
            "country",
            "US",
            kind="select",
            options=[("US", "US"), ("CA", "Canada"), ("JP", "Japan")],
        )
        fresh += "</div>"
        scopes = ", ".join(query.get("scope", "").split())
        body = (
            f"<p>An app asks for access to one of your companies (<code>{escape(scopes)}</code>).</p>"
            + pages.form(
                "/connect/oauth2",
                pages.field("", "request", fields_of(query), kind="hidden") + choices + fresh,
                "Connect",
                extra='<button type="submit" class="quiet" name="deny" value="yes">Deny</button>',
            )
        )
        return pages.page("Choose a company to connect", body, product=PRODUCT, style_url=STYLE_URL)

    def decide(self, request: Request) -> Response:
        """The form's answer."""
        refusal = side_door.same_site_only(request)
        if refusal is not None:
            return refusal
        form = request.form()
        oauth = self._standin.oauth
        try:
            query = fields_from(form.get("request", ""))
        except ValueError:
            return _error_page("The form is damaged; start again in the app.")
        trouble = oauth.check_request(query)
        if trouble:
            return _error_page(trouble)
        if form.get("deny"):
            return Response.redirect(oauth.refuse(query))
        realm_id = form.get("realm", "")
        if realm_id == "new":
            country = form.get("country", "")
            country = country if country in HOME else "US"
            realm_id = self._standin.open_fresh(form.get("name", "").strip()[:80], country).id
        elif self._standin.realms.get(realm_id) is None:
            return _error_page("Choose one of the companies.")
        return Response.redirect(oauth.consent(query, realm_id))


def _choice(value: str, label: str, detail: str, *, checked: bool) -> str:
    mark = " checked" if checked else ""
    return (
        f'<label class="choice"><input type="radio" name="realm" value="{escape(value)}"{mark}>'
        f"<span>{escape(label)}<small>{escape(detail)}</small></span></label>"
    )


def _error_page(text: str) -> Response:
    body = pages.notice(f"Sorry, but undefined didn't connect. {text}", "bad")
    return pages.page(
        "Uh oh, there's a connection problem", body, product=PRODUCT, style_url=STYLE_URL, status=400
    )
