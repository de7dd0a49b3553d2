"""Consent, tokens and who may call what, as Intuit has it (reference quickbooks.md section 1)."""

from __future__ import annotations

import base64
import re
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from connectors.simulator.testing import Simulator
from tests.shared import recorded
from tests.simulator.wire_client import Books, Got, call

REDIRECT = "http://127.0.0.1:9999/callback"
ACCOUNTING = "com.intuit.quickbooks.accounting"


def _ask(sim: Simulator, **changes: str) -> Got:
    query = {
        "client_id": sim.quickbooks.credentials()["client_id"],
        "response_type": "code",
        "scope": ACCOUNTING,
        "redirect_uri": REDIRECT,
        "state": "st-1",
        **changes,
    }
    return call(f"{sim.quickbooks.url}/connect/oauth2?{urlencode(query)}")


def _decide(sim: Simulator, page: Got, **choice: str) -> dict[str, str]:
    """Send the consent form; the parameters of the redirect."""
    hidden = re.search(r'name="request" value="([^"]+)"', page.body.decode())
    assert hidden is not None
    got = call(
        f"{sim.quickbooks.url}/connect/oauth2",
        "POST",
        urlencode({"request": hidden[1], **choice}),
        {"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert got.status == 302
    return {name: values[0] for name, values in parse_qs(urlsplit(got.headers["location"]).query).items()}


def _token(sim: Simulator, secret: str = "", headers: dict[str, str] | None = None, **form: str) -> Got:
    known = sim.quickbooks.credentials()
    basic = base64.b64encode(f"{known['client_id']}:{secret or known['client_secret']}".encode()).decode()
    return call(
        f"{sim.quickbooks.url}/oauth2/v1/tokens/bearer",
        "POST",
        urlencode(form),
        {
            "Authorization": f"Basic {basic}",
            "Content-Type": "application/x-www-form-urlencoded",
            **(headers or {}),
        },
    )


def _connected(sim: Simulator, scope: str = ACCOUNTING) -> dict[str, Any]:
    """A fresh connection to the default company: the token answer."""
    code = _decide(sim, _ask(sim, scope=scope), realm=sim.quickbooks.credentials()["realm_id"])["code"]
    answer: dict[str, Any] = _token(
        sim, grant_type="authorization_code", code=code, redirect_uri=REDIRECT
    ).json
    return answer


def _refresh(sim: Simulator, token: str, **more: Any) -> Got:
    return _token(sim, grant_type="refresh_token", refresh_token=token, **more)


def test_consent_gives_code_state_and_the_company_in_the_redirect_only(empty_sim: Simulator) -> None:
    chosen = empty_sim.quickbooks.credentials()["all"][1]["realm_id"]
    back = _decide(empty_sim, _ask(empty_sim), realm=chosen)
    answer = _token(empty_sim, grant_type="authorization_code", code=back["code"], redirect_uri=REDIRECT).json
    assert (back["state"], back["realmId"]) == ("st-1", chosen)
    assert set(answer) == set(recorded("quickbooks/oauth.token.json"))
    assert (answer["token_type"], answer["expires_in"], answer["x_refresh_token_expires_in"]) == (
        "bearer",
        3600,
        8726400,
    )


def test_the_consent_page_offers_three_companies_and_can_make_a_new_one(empty_sim: Simulator) -> None:
    page = _ask(empty_sim)
    assert page.body.decode().count('name="realm"') == 4
    back = _decide(empty_sim, page, realm="new", name="Fresh Start", country="CA")
    names = {entry["realm_id"]: entry["company_name"] for entry in empty_sim.quickbooks.credentials()["all"]}
    assert names[back["realmId"]] == "Fresh Start"


def test_saying_no_sends_access_denied_back(empty_sim: Simulator) -> None:
    assert _decide(empty_sim, _ask(empty_sim), deny="yes") == {"error": "access_denied", "state": "st-1"}


def test_wrong_clients_and_redirects_never_come_back_to_the_app(empty_sim: Simulator) -> None:
    for changes in ({"client_id": "nobody"}, {"redirect_uri": "http://elsewhere.example/cb"}):
        assert _ask(empty_sim, **changes).status == 400
    got = _ask(empty_sim, scope="com.intuit.everything")
    assert "error=invalid_scope" in got.headers["location"]


def test_a_code_works_once_and_a_second_use_ends_the_connection(empty_sim: Simulator) -> None:
    code = _decide(empty_sim, _ask(empty_sim), realm=empty_sim.quickbooks.credentials()["realm_id"])["code"]
    first = _token(empty_sim, grant_type="authorization_code", code=code, redirect_uri=REDIRECT)
    second = _token(empty_sim, grant_type="authorization_code", code=code, redirect_uri=REDIRECT)
    assert (first.status, second.status, second.json["error"]) == (200, 400, "invalid_grant")
    assert _refresh(empty_sim, first.json["refresh_token"]).json["error"] == "invalid_grant"


def test_the_redirect_uri_must_be_the_same_to_the_letter(empty_sim: Simulator) -> None:
    code = _decide(empty_sim, _ask(empty_sim), realm=empty_sim.quickbooks.credentials()["realm_id"])["code"]
    got = _token(empty_sim, grant_type="authorization_code", code=code, redirect_uri=REDIRECT + "/")
    assert got.json == recorded("quickbooks/oauth.error_invalid_grant_code.json")


def test_a_bad_key_is_invalid_client_and_a_good_key_with_a_bad_code_invalid_grant(
    empty_sim: Simulator,
) -> None:
    bad = _token(empty_sim, secret="wrong", grant_type="authorization_code", code="x", redirect_uri=REDIRECT)
    good = _token(empty_sim, grant_type="authorization_code", code="x", redirect_uri=REDIRECT)
    assert (bad.status, bad.json) == (401, recorded("quickbooks/oauth.error_invalid_client.json"))
    assert (good.status, good.json["error"]) == (400, "invalid_grant")


def test_the_refresh_token_keeps_its_value_for_a_day_and_then_changes(empty_sim: Simulator) -> None:
    first = _connected(empty_sim)["refresh_token"]
    assert _refresh(empty_sim, first).json["refresh_token"] == first
    empty_sim.quickbooks.post("clock", {"advance": 86401})
    second = _refresh(empty_sim, first).json["refresh_token"]
    assert second != first
    dead = _refresh(empty_sim, first)
    assert (dead.status, dead.json) == (400, recorded("quickbooks/oauth.error_invalid_grant_refresh.json"))


def test_rotation_can_be_set_to_every_refresh_with_a_day_of_grace(empty_sim: Simulator) -> None:
    empty_sim.quickbooks.post("knobs", {"rotate": "always", "refresh_grace_hours": 24})
    first = _connected(empty_sim)["refresh_token"]
    second = _refresh(empty_sim, first).json["refresh_token"]
    assert second != first
    assert _refresh(empty_sim, first).status == 200
    empty_sim.quickbooks.post("clock", {"advance": 86400 * 2})
    assert _refresh(empty_sim, first).status == 400


def test_the_hard_expiry_is_told_only_when_asked_for(empty_sim: Simulator) -> None:
    token = _connected(empty_sim)["refresh_token"]
    plain = _refresh(empty_sim, token).json
    asked = _refresh(empty_sim, token, headers={"x-include-refresh-token-hard-expires-in": "true"}).json
    assert "x_refresh_token_hard_expires_in" not in plain
    assert set(asked) == set(recorded("quickbooks/oauth.token_with_hard_expiry.json"))
    empty_sim.quickbooks.post("clock", {"advance": 86400 * 365 * 5})
    assert _refresh(empty_sim, token).status == 400


def test_revoking_ends_the_whole_connection(empty_sim: Simulator) -> None:
    answer = _connected(empty_sim)
    known = empty_sim.quickbooks.credentials()
    basic = base64.b64encode(f"{known['client_id']}:{known['client_secret']}".encode()).decode()
    url = f"{empty_sim.quickbooks.url}/v2/oauth2/tokens/revoke"
    headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/json"}
    assert call(url, "POST", {"token": answer["refresh_token"]}, headers).status == 200
    assert call(url, "POST", {"token": answer["refresh_token"]}, headers).status == 400
    assert _refresh(empty_sim, answer["refresh_token"]).status == 400
    books = Books(empty_sim.quickbooks, {**known, "access_token": answer["access_token"]})
    assert books.call("GET", "companyinfo/1").status == 401


def test_identity_comes_with_openid_only(empty_sim: Simulator) -> None:
    answer = _connected(empty_sim, "openid profile email")
    info = call(
        f"{empty_sim.quickbooks.url}/v1/openid_connect/userinfo",
        headers={"Authorization": f"Bearer {answer['access_token']}"},
    ).json
    assert set(info) == set(recorded("quickbooks/oauth.userinfo.json"))
    assert answer["id_token"].count(".") == 2
    books = Books(
        empty_sim.quickbooks, {**empty_sim.quickbooks.credentials(), "access_token": answer["access_token"]}
    )
    assert books.call("GET", "companyinfo/1").status == 403  # identity is not access to the books


@pytest.mark.parametrize("name", ["openid_configuration", "openid_sandbox_configuration/"])
def test_both_discovery_documents_have_the_recorded_members(small_sim: Simulator, name: str) -> None:
    got = call(f"{small_sim.quickbooks.url}/.well-known/{name}").json
    for body in ("oauth.discovery_production.json", "oauth.discovery_sandbox.json"):
        assert set(got) == set(recorded(f"quickbooks/{body}"))
    assert got["token_endpoint"].startswith(small_sim.quickbooks.url)


def test_a_dead_token_gets_the_gateways_own_body(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    empty_sim.quickbooks.post("clock", {"advance": 3601})
    got = books.call("GET", "companyinfo/1")
    shape = recorded("quickbooks/fault.401_token_expired.json")
    assert (got.status, set(got.json), got.json["fault"]["type"]) == (401, set(shape), "AUTHENTICATION")
    assert got.json["fault"]["error"][0]["message"] == shape["fault"]["error"][0]["message"]
    assert got.headers["www-authenticate"] == 'Bearer realm="Intuit", error="invalid_token"'


def test_a_token_opens_its_own_company_only(empty_sim: Simulator) -> None:
    first, second = Books.of(empty_sim, 0), Books.of(empty_sim, 1)
    stray = Books(
        empty_sim.quickbooks, {**second.credentials, "access_token": first.credentials["access_token"]}
    )
    got = stray.call("GET", "companyinfo/1")
    assert (got.status, got.json["fault"]["error"][0]["code"]) == (403, "3100")


def test_an_owner_can_throw_the_app_out(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    empty_sim.quickbooks.post("disconnect", {"realm_id": books.credentials["realm_id"]})
    assert books.call("GET", "companyinfo/1").status == 401
    assert _refresh(empty_sim, books.credentials["refresh_token"]).status == 400


def test_a_planned_expiry_lets_the_token_die_in_the_middle(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    empty_sim.quickbooks.plan({"action": "expire_token", "match": {"path": "companyinfo"}})
    assert books.call("GET", "companyinfo/1").status == 401
    assert _refresh(empty_sim, books.credentials["refresh_token"]).status == 200
