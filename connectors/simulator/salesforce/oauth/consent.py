"""The consent page: a person chooses an org (or makes a fresh one) and allows or denies (reference 1.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from connectors.simulator import pages
from connectors.simulator.side_door import same_site_only
from connectors.simulator.wire import Request, Response

if TYPE_CHECKING:
    from connectors.simulator.salesforce.orgs import Org, Orgs

    from .apps import App, Apps
    from .sessions import Sessions

_KEPT = (
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
)
_SCOPES = {
    "api": "Access and manage your data",
    "refresh_token": "Perform requests on your behalf at any time",
    "offline_access": "Perform requests on your behalf at any time",
    "id": "See who you are",
    "openid": "See who you are",
    "full": "Full access to your data",
    "profile": "See your profile",
    "email": "See your e-mail address",
}
_DEFAULT_SCOPE = "id api"


@dataclass(frozen=True, slots=True)
class Consent:
    """Answers `/services/oauth2/authorize`."""

    orgs: Orgs
    apps: Apps
    sessions: Sessions
    #: Makes a fresh org with demo data: (kind) -> org.
    make_org: Callable[[str], Org]

    def answer(self, request: Request) -> Response:
        asked = {**request.query, **(request.form() if request.method == "POST" else {})}
        app = self.apps.find(asked.get("client_id", ""))
        problem = _unusable(app, asked)
        if app is None or problem:
            return _error_page(problem)
        refusal = self._refusal(app, asked)
        if refusal is not None:
            return refusal
        if request.method == "POST":
            return same_site_only(request) or self._decided(app, asked)
        return self._page(app, asked)

    def _refusal(self, app: App, asked: dict[str, str]) -> Response | None:
        """What goes wrong in a way that the app may hear of."""
        if asked.get("response_type") != "code":
            return _back(
                asked, error="unsupported_response_type", error_description="response type not supported"
            )
        if not app.installed:
            return _back(asked, error="invalid_client", error_description="app must be installed into org")
        challenge, method = asked.get("code_challenge", ""), asked.get("code_challenge_method", "")
        if challenge and method not in ("", "S256"):
            return _back(
                asked, error="invalid_request", error_description="code challenge method must be S256"
            )
        if not challenge and self.orgs.default.settings.require_pkce:
            return _back(asked, error="invalid_request", error_description="missing required code challenge")
        return None

    def _decided(self, app: App, asked: dict[str, str]) -> Response:
        if asked.get("decision") != "allow":
            return _back(asked, error="access_denied", error_description="end-user denied authorization")
        chosen = asked.get("org", "")
        org = self.make_org(asked.get("kind", "production")) if chosen == "new" else self.orgs.find(chosen)
        if org is None:
            return _error_page("Choose an org first.")
        scope = asked.get("scope") or _DEFAULT_SCOPE
        code = self.sessions.code(
            org, org.user_id, app.client_id, scope, asked["redirect_uri"], asked.get("code_challenge", "")
        )
        return _back(asked, code=code)

    def _page(self, app: App, asked: dict[str, str]) -> Response:
        hidden = "".join(pages.field("", name, asked[name], kind="hidden") for name in _KEPT if name in asked)
        wanted = dict.fromkeys(
            _SCOPES.get(one, one) for one in (asked.get("scope") or _DEFAULT_SCOPE).split()
        )
        rights = "".join(f"<li>{pages.text(one)}</li>" for one in wanted)
        hint = asked.get("login_hint", "")
        chosen = next((org for org in self.orgs if org.username == hint), self.orgs.default)
        choices = "".join(_choice(org, org is chosen) for org in self.orgs)
        body = (
            f'<form method="post" action="/services/oauth2/authorize">{hidden}'
            f"<p><strong>{pages.text(app.name)}</strong> is asking to:</p><ul>{rights}</ul>"
            f"<fieldset><legend>Which org?</legend>{choices}{_fresh()}</fieldset>"
            '<p class="hint">Choosing an org signs you in as the user named beside it. There is no password.</p>'
            '<p class="actions"><button type="submit" name="decision" value="allow">Allow</button> '
            '<button type="submit" name="decision" value="deny" class="quiet">Deny</button></p></form>'
        )
        return pages.page(
            "Allow access?", body, product="Salesforce", style_url="/lightning/style.css", theme="salesforce"
        )


def _choice(org: Org, checked: bool) -> str:
    mark = " checked" if checked else ""
    facts = pages.text(f"{org.kind} · {org.facts['edition']} · {org.username}")
    return (
        f'<label class="choice"><input type="radio" name="org" value="{org.number}"{mark}>'
        f"<span>{pages.text(org.name)}<small>{facts}</small></span></label>"
    )


def _fresh() -> str:
    return (
        '<label class="choice"><input type="radio" name="org" value="new">'
        "<span>Make a fresh org<small>With demo data, and a user of its own</small></span></label>"
        '<div class="fields">'
        + pages.field(
            "Kind of the fresh org",
            "kind",
            "production",
            kind="select",
            options=[("production", "production"), ("sandbox", "sandbox")],
        )
        + "</div>"
    )


def _unusable(app: App | None, asked: dict[str, str]) -> str:
    """Why the app cannot be answered by redirect at all: shown to the person instead."""
    if app is None:
        return "error=invalid_client_id&error_description=client identifier invalid"
    address = asked.get("redirect_uri", "")
    if not address.startswith(("http://", "https://")) or (app.callbacks and address not in app.callbacks):
        return "error=redirect_uri_mismatch&error_description=redirect_uri must match configuration"
    return ""


def _error_page(problem: str) -> Response:
    body = pages.notice(problem, "bad")
    return pages.page(
        "We can't log you in", body, product="Salesforce", style_url="/lightning/style.css", theme="salesforce",
        status=400,
    )  # fmt: skip


def _back(asked: dict[str, str], **told: str) -> Response:
    if "state" in asked:
        told["state"] = asked["state"]
    address = asked["redirect_uri"]
    response = Response.redirect(f"{address}{'&' if '?' in address else '?'}{urlencode(told)}")
    response.headers.append(("Cache-Control", "no-store"))
    return response
