"""OAuth of the Salesforce stand-in: what a client meets when it signs in (reference/salesforce.md 1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from connectors.simulator.testing import Side
from tests.simulator.salesforce.caller import Caller, V, authorize, caller_of, exchange, refresh


def test_the_consent_page_offers_three_orgs_and_a_fresh_one(side: Side) -> None:
    client_id = side.credentials()["client_id"]
    page = Caller(side).call(
        "GET",
        f"/services/oauth2/authorize?response_type=code&client_id={client_id}&redirect_uri=http://127.0.0.1:9/cb"
        "&code_challenge=x&code_challenge_method=S256",
    )

    assert page.status == 200
    assert page.text.count('type="radio" name="org"') == len(side.get("orgs")["orgs"]) + 1 >= 4
    assert 'value="allow"' in page.text
    assert 'value="deny"' in page.text


def test_allowing_gives_tokens_whose_signature_binds_the_identity_to_the_app(side: Side) -> None:
    answer = authorize(side)
    token = exchange(side, answer["code"]).json
    credentials = side.credentials()

    assert answer["state"] == "s1"
    assert set(token) == {
        "access_token",
        "refresh_token",
        "signature",
        "scope",
        "instance_url",
        "id",
        "token_type",
        "issued_at",
    }
    assert token["access_token"].startswith(credentials["org_id"][:15] + "!")
    assert token["instance_url"] == side.url
    assert token["id"] == f"{side.url}/id/{credentials['org_id']}/{credentials['user_id']}"
    digest = hmac.new(
        credentials["client_secret"].encode(), (token["id"] + token["issued_at"]).encode(), hashlib.sha256
    ).digest()
    assert token["signature"] == base64.b64encode(digest).decode()
    assert Caller(side, token["access_token"]).get("/limits").status == 200


def test_denying_comes_back_with_access_denied_and_the_state(side: Side) -> None:
    assert authorize(side, decision="deny") == {
        "error": "access_denied",
        "error_description": "end-user denied authorization",
        "state": "s1",
    }


def test_a_fresh_org_can_be_made_while_consenting(side: Side) -> None:
    before = {org["org_id"] for org in side.get("orgs")["orgs"]}
    token = exchange(side, authorize(side, org="new", kind="sandbox")["code"]).json
    fresh = Caller(side, token["access_token"])

    assert fresh.values("SELECT IsSandbox FROM Organization") == [True]
    assert fresh.values("SELECT Id FROM Organization")[0] not in before
    assert fresh.query("SELECT COUNT() FROM Account").json["totalSize"] > 10


@pytest.mark.parametrize(
    ("change", "error", "description"),
    [
        ({"code_verifier": "wrong"}, "invalid_grant", "invalid code verifier"),
        ({"code_verifier": ""}, "invalid_grant", "invalid code verifier"),
        ({"client_secret": "wrong"}, "invalid_client", "invalid client credentials"),
        ({"client_id": "wrong"}, "invalid_client_id", "client identifier invalid"),
        (
            {"redirect_uri": "http://127.0.0.1:9/other"},
            "redirect_uri_mismatch",
            "redirect_uri must match configuration",
        ),
        ({"code": "wrong"}, "invalid_grant", "invalid authorization code"),
        ({"code": ""}, "invalid_request", "missing required parameter: code"),
        ({"grant_type": "magic"}, "unsupported_grant_type", "grant type not supported"),
    ],
)
def test_the_token_endpoint_names_what_is_wrong(
    side: Side, change: dict[str, str], error: str, description: str
) -> None:
    reply = exchange(side, authorize(side)["code"], **change)

    assert (reply.status, reply.json) == (400, {"error": error, "error_description": description})


def test_a_code_is_good_once_and_for_fifteen_minutes(side: Side) -> None:
    used, old = authorize(side)["code"], authorize(side)["code"]
    assert exchange(side, used).status == 200
    assert exchange(side, used).json["error_description"] == "expired authorization code"
    side.post("clock", {"advance": 16 * 60})
    assert exchange(side, old).json["error_description"] == "expired authorization code"
    side.post("clock", {"reset": True})


def test_a_challenge_is_demanded_unless_the_org_says_otherwise(side: Side) -> None:
    assert authorize(side, code_challenge="", code_challenge_method="")["error"] == "invalid_request"
    assert authorize(side, code_challenge_method="plain")["error"] == "invalid_request"
    side.post("settings", {"require_pkce": False})
    try:
        assert "code" in authorize(side, code_challenge="", code_challenge_method="")
    finally:
        side.post("settings", {"require_pkce": True})


def test_a_registered_callback_must_match_exactly(side: Side) -> None:
    side.post("apps", {"callbacks": ["https://portal.example/callback"]})
    try:
        client_id = side.credentials()["client_id"]
        page = Caller(side).call(
            "GET",
            f"/services/oauth2/authorize?response_type=code&client_id={client_id}"
            "&redirect_uri=https://portal.example/callback2",
        )
        assert (page.status, "redirect_uri_mismatch" in page.text) == (400, True)
    finally:
        side.post("apps", {"callbacks": []})


def test_an_app_that_is_not_installed_is_told_so(side: Side) -> None:
    side.post("apps", {"installed": False})
    try:
        answer = authorize(side)
        assert (answer["error"], answer["error_description"]) == (
            "invalid_client",
            "app must be installed into org",
        )
    finally:
        side.post("apps", {"installed": True})


def test_with_rotation_a_refresh_kills_the_old_refresh_token_at_once(side: Side) -> None:
    first = exchange(side, authorize(side)["code"]).json
    second = refresh(side, first["refresh_token"]).json

    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    again = refresh(side, first["refresh_token"])
    assert (again.status, again.json) == (
        400,
        {"error": "invalid_grant", "error_description": "expired access/refresh token"},
    )
    assert refresh(side, second["refresh_token"]).status == 200


def test_without_rotation_a_refresh_answers_no_refresh_token_and_the_old_one_stays_good(side: Side) -> None:
    side.post("settings", {"refresh_rotation": False})
    try:
        first = exchange(side, authorize(side)["code"]).json
        second = refresh(side, first["refresh_token"]).json
        assert "refresh_token" not in second
        assert refresh(side, first["refresh_token"]).status == 200
    finally:
        side.post("settings", {"refresh_rotation": True})


def test_without_the_scope_there_is_no_refresh_token(side: Side) -> None:
    assert "refresh_token" not in exchange(side, authorize(side, scope="api id")["code"]).json


def test_the_sixth_approval_revokes_the_first(side: Side) -> None:
    tokens = [exchange(side, authorize(side, org="2")["code"]).json for _ in range(6)]

    assert refresh(side, tokens[0]["refresh_token"]).status == 400
    assert refresh(side, tokens[1]["refresh_token"]).status == 200


def test_a_session_dies_of_idleness_and_lives_by_use(side: Side) -> None:
    token = exchange(side, authorize(side)["code"]).json["access_token"]
    caller = Caller(side, token)
    side.post("clock", {"advance": 119 * 60})
    assert caller.get("/limits").status == 200
    side.post("clock", {"advance": 119 * 60})
    assert caller.get("/limits").status == 200
    side.post("clock", {"advance": 121 * 60})
    expired = caller.get("/limits")
    side.post("clock", {"reset": True})
    assert (expired.status, expired.json) == (
        401,
        [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}],
    )


def test_revoking_a_refresh_token_ends_its_access_tokens(side: Side) -> None:
    token = exchange(side, authorize(side)["code"]).json
    reply = Caller(side).form("/services/oauth2/revoke", token=token["refresh_token"])

    assert (reply.status, reply.text) == (200, "")
    assert Caller(side, token["access_token"]).get("/limits").code == "INVALID_SESSION_ID"
    again = Caller(side).form("/services/oauth2/revoke", token=token["refresh_token"])
    assert (again.status, again.json["error"]) == (400, "invalid_token")


def test_introspection_tells_an_app_about_its_own_tokens(side: Side) -> None:
    credentials = side.credentials()
    token = exchange(side, authorize(side)["code"]).json
    secret = {"client_id": credentials["client_id"], "client_secret": credentials["client_secret"]}
    active = Caller(side).form("/services/oauth2/introspect", token=token["access_token"], **secret).json

    assert {name: active[name] for name in ("active", "client_id", "username", "sub", "token_type")} == {
        "active": True,
        "client_id": credentials["client_id"],
        "username": credentials["username"],
        "sub": token["id"],
        "token_type": "access_token",
    }
    assert active["exp"] - active["iat"] == 7200
    unknown = Caller(side).form("/services/oauth2/introspect", token="nonsense", **secret).json
    assert unknown == {"active": False}


def test_the_identity_needs_a_token_of_its_org(side: Side) -> None:
    token = exchange(side, authorize(side)["code"]).json
    path = token["id"].removeprefix(side.url)
    shown = Caller(side, token["access_token"]).call("GET", path)

    assert shown.json["organization_id"] == side.credentials()["org_id"]
    assert shown.json["urls"]["rest"] == f"{side.url}/services/data/v{{version}}/"
    assert (Caller(side).call("GET", path).text, Caller(side, "bad").call("GET", path).text) == (
        "Missing_OAuth_Token",
        "Bad_OAuth_Token",
    )
    assert (
        Caller(side, token["access_token"]).call("GET", "/services/oauth2/userinfo").json["sub"]
        == token["id"]
    )


def test_discovery_names_the_endpoints(side: Side) -> None:
    found = Caller(side).call("GET", "/.well-known/openid-configuration").json

    assert found["token_endpoint"] == f"{side.url}/services/oauth2/token"
    assert found["code_challenge_methods_supported"] == ["S256"]


def test_client_credentials_act_as_the_run_as_user(side: Side) -> None:
    credentials = side.credentials()
    basic = base64.b64encode(f"{credentials['client_id']}:{credentials['client_secret']}".encode()).decode()
    reply = Caller(side).call(
        "POST",
        "/services/oauth2/token",
        "grant_type=client_credentials",
        Content_Type="application/x-www-form-urlencoded",
        Authorization=f"Basic {basic}",
    )

    assert "refresh_token" not in reply.json
    assert reply.json["api_instance_url"] == "https://api.salesforce.com"
    assert Caller(side, reply.json["access_token"]).get("/limits").status == 200


def test_username_and_password_are_refused_until_an_org_allows_them(side: Side) -> None:
    credentials = side.credentials()
    fields = {
        "grant_type": "password",
        "client_id": credentials["client_id"],
        "client_secret": credentials["client_secret"],
        "username": credentials["username"],
        "password": credentials["password"] + credentials["security_token"],
    }
    refused = Caller(side).form("/services/oauth2/token", **fields)
    assert refused.json == {"error": "invalid_grant", "error_description": "authentication failure"}
    side.post("settings", {"username_password_flow": True})
    try:
        allowed = Caller(side).form("/services/oauth2/token", **fields)
        assert {"access_token", "instance_url", "id", "signature", "issued_at", "token_type"} == set(
            allowed.json
        )
        wrong = Caller(side).form("/services/oauth2/token", **{**fields, "password": "x"})
        assert wrong.json["error_description"] == "authentication failure - Invalid Password"
    finally:
        side.post("settings", {"username_password_flow": False})


@pytest.fixture(scope="module")
def signing_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def assertion(key: rsa.RSAPrivateKey, **claims: object) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    signed = f"{part({'alg': 'RS256'})}.{part(claims)}"
    signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def jwt_bearer(side: Side, key: rsa.RSAPrivateKey, **changed: object) -> dict[str, str]:
    credentials = side.credentials()
    claims = {
        "iss": credentials["client_id"],
        "sub": credentials["username"],
        "aud": "https://login.salesforce.com",
        "exp": int(time.time()) + 180,
        **changed,
    }
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    reply = Caller(side).form("/services/oauth2/token", grant_type=grant, assertion=assertion(key, **claims))
    found: dict[str, str] = reply.json
    return found


def test_jwt_bearer_needs_certificate_audience_and_a_known_user(
    side: Side, signing_key: rsa.RSAPrivateKey
) -> None:
    public = signing_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    side.post("apps", {"certificate": public.decode()})
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    assert set(jwt_bearer(side, signing_key)) == {
        "access_token",
        "scope",
        "id_token",
        "instance_url",
        "id",
        "token_type",
    }
    assert jwt_bearer(side, other)["error_description"] == "invalid assertion"
    assert jwt_bearer(side, signing_key, aud="https://test.salesforce.com")["error_description"] == (
        "Audience validation failed"
    )
    assert jwt_bearer(side, signing_key, sub="nobody@example.com")["error_description"] == (
        "user hasn't approved this consumer"
    )
    assert jwt_bearer(side, signing_key, iss="nobody")["error"] == "invalid_client_id"


def test_orgs_are_apart(side: Side) -> None:
    first, second = caller_of(side, 1), caller_of(side, 2)
    record = first.make("Account", Name="Only in the first org")

    assert second.get(f"/sobjects/Account/{record}").status == 404
    assert second.query("SELECT Id FROM Account WHERE Name = 'Only in the first org'").json["totalSize"] == 0
    assert "QBO_Customer_Id__c" in first.read("Account", record)
    assert second.query("SELECT QBO_Customer_Id__c FROM Account").code == "INVALID_FIELD"


@pytest.mark.parametrize("header", ["", "Bearer", "Basic abc", "Bearer nonsense", "00D"])
def test_no_good_token_is_401_everywhere(side: Side, header: str) -> None:
    reply = Caller(side).call("GET", f"{V}/sobjects/Account/describe", Authorization=header)

    assert (reply.status, reply.code) == (401, "INVALID_SESSION_ID")


def test_the_versions_need_no_token_and_carry_no_limit_header(side: Side) -> None:
    reply = Caller(side).call("GET", "/services/data/")

    assert [one["version"] for one in reply.json] == [f"{number}.0" for number in range(31, 68)]
    assert reply.json[-2] == {"label": "Spring '26", "url": "/services/data/v66.0", "version": "66.0"}
    assert "sforce-limit-info" not in reply.headers
