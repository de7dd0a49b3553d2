"""Signing in on both sides: what goes out, what is believed of the answer, and what each refusal means."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.contracts import AppCredentials, ConnectionFacts, Environment, Grant, Side
from connectors.errors import ConnectorError, FailureKind
from connectors.http import CallError, Outcome
from connectors.quickbooks import oauth as quickbooks
from connectors.salesforce import oauth as salesforce
from connectors.salesforce.hosts import login_origin
from tests.connectors.builders import Answer, Reply, Seen, facts, server
from tests.shared import recorded

APP = AppCredentials("key", "secret")
ID = "https://127.0.0.1/id/00D1a000000H3O9EAK/0051a000000UGT8AAO"


def signed(secret: str = "secret", **more: Any) -> dict[str, Any]:
    body = {"access_token": "00Dx!t", "id": ID, "issued_at": "1763683200000", "token_type": "Bearer", **more}
    digest = hmac.new(secret.encode(), f"{body['id']}{body['issued_at']}".encode(), hashlib.sha256).digest()
    return {"instance_url": "https://127.0.0.1:8801", "signature": base64.b64encode(digest).decode(), **body}


def ok(body: Any, status: int = 200) -> Reply:
    return Reply(status, json.dumps(body).encode())


def form(seen: Seen) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(seen.body.decode()).items()}


def sf(url: str) -> ConnectionFacts:
    return facts(Side.SALESFORCE, url)


def qbo_server(token: Answer, **more: str) -> Any:
    """Token endpoint and, on first request, the discovery document."""

    def answer(seen: Seen) -> Reply:
        host = f"http://{seen.headers['Host']}"
        if seen.path == "/.well-known/openid_configuration":
            return ok(
                {
                    "authorization_endpoint": f"{host}/connect/oauth2",
                    "token_endpoint": f"{host}/token",
                    "revocation_endpoint": f"{host}/revoke",
                    "userinfo_endpoint": f"{host}/userinfo",
                    **more,
                }
            )
        return token if isinstance(token, Reply) else token(seen)

    return server(answer)


# --- Salesforce


def test_the_consent_address_carries_state_and_a_pkce_challenge() -> None:
    challenge = salesforce.challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # RFC 7636, appendix B
    production = ConnectionFacts(Side.SALESFORCE, Environment.PRODUCTION)
    url = salesforce.authorize_url(
        production, APP, redirect_uri="https://p/cb", state="s", challenge=challenge
    )
    parts = urlsplit(url)
    assert (
        f"{parts.scheme}://{parts.netloc}{parts.path}"
        == "https://login.salesforce.com/services/oauth2/authorize"
    )
    assert {name: values[0] for name, values in parse_qs(parts.query).items()} == {
        "response_type": "code",
        "client_id": "key",
        "redirect_uri": "https://p/cb",
        "scope": "api refresh_token id",
        "state": "s",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }


@pytest.mark.parametrize(
    ("environment", "typed", "origin"),
    [
        (Environment.PRODUCTION, "", "https://login.salesforce.com"),
        (Environment.SANDBOX, "", "https://test.salesforce.com"),
        (Environment.PRODUCTION, " Acme.my.salesforce.com ", "https://acme.my.salesforce.com"),
        (Environment.PRODUCTION, "https://acme.my.salesforce.com/home", "https://acme.my.salesforce.com"),
    ],
)
def test_people_sign_in_at_the_login_host_they_name(
    environment: Environment, typed: str, origin: str
) -> None:
    assert login_origin(ConnectionFacts(Side.SALESFORCE, environment, login_host=typed)) == origin


@pytest.mark.parametrize(
    "typed", ["evil.example", "acme.my.salesforce.com.evil.example", "127.0.0.1", "a@b.my.salesforce.com"]
)
def test_a_login_host_that_is_not_salesforces_is_refused(typed: str) -> None:
    with pytest.raises(CallError, match="host_not_allowed"):
        login_origin(ConnectionFacts(Side.SALESFORCE, Environment.PRODUCTION, login_host=typed))


def test_a_code_is_exchanged_with_its_verifier_and_secret() -> None:
    with server(ok(signed(refresh_token="5Aep", scope="api id refresh_token"))) as stub:
        grant = salesforce.exchange(sf(stub.url), APP, code="c", redirect_uri="https://p/cb", verifier="v")
        assert stub.seen[0].path == "/services/oauth2/token"
        assert form(stub.seen[0]) == {
            "grant_type": "authorization_code",
            "code": "c",
            "redirect_uri": "https://p/cb",
            "code_verifier": "v",
            "client_id": "key",
            "client_secret": "secret",
        }
    assert grant == Grant(
        "00Dx!t",
        "5Aep",
        instance_url="https://127.0.0.1:8801",
        identity_url=ID,
        scopes=("api", "id", "refresh_token"),
    )


def test_a_rotated_refresh_token_replaces_the_old_and_else_the_old_goes_on() -> None:
    with server(ok(signed(refresh_token="new")), ok(signed())) as stub:
        tokens = [salesforce.refresh(sf(stub.url), APP, "old").refresh_token for _ in range(2)]
    assert tokens == ["new", "old"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"instance_url": "https://evil.example"}, "oauth.forged_instance"),
        ({"instance_url": "http://10.1.2.3"}, "oauth.forged_instance"),
        ({"instance_url": "http://127.0.0.1:8801/evil"}, "oauth.forged_instance"),
        ({"id": "https://evil.example/id/1/2"}, "oauth.forged_instance"),
        ({"signature": "AAAA"}, "oauth.signature"),
        ({"signature": "ä"}, "oauth.signature"),
        ({"access_token": None}, "oauth.incomplete"),
        ({"instance_url": None}, "oauth.incomplete"),
    ],
)
def test_an_answer_that_is_not_to_be_believed_gives_no_grant(change: dict[str, Any], code: str) -> None:
    with server(ok(signed() | change)) as stub, pytest.raises(CallError) as caught:
        salesforce.refresh(sf(stub.url), APP, "old")
    assert (caught.value.failure.code, caught.value.failure.kind) == (code, FailureKind.CONFIG)


def test_a_grant_signed_with_another_secret_is_not_believed() -> None:
    with server(ok(signed("other"))) as stub, pytest.raises(CallError, match=r"oauth\.signature"):
        salesforce.refresh(sf(stub.url), APP, "old")


def test_a_production_connection_does_not_believe_a_loopback_instance() -> None:
    body = signed(instance_url="https://127.0.0.1:8801")
    session = salesforce._session(ConnectionFacts(Side.SALESFORCE, Environment.PRODUCTION))
    with pytest.raises(CallError, match="forged_instance"):
        salesforce._verify(body, APP, session)


def test_a_jwt_assertion_names_app_user_and_audience_and_lives_three_minutes() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    answer = {
        name: value for name, value in signed(scope="api").items() if name not in {"signature", "issued_at"}
    }
    with server(ok(answer)) as stub:
        grant = salesforce.jwt_bearer(
            sf(stub.url), APP, username="u@x", private_key=pem, audience="https://login.salesforce.com"
        )
        sent = form(stub.seen[0])
    claims = jwt.decode(
        sent["assertion"], key.public_key(), algorithms=["RS256"], audience="https://login.salesforce.com"
    )
    assert sent["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert (claims["iss"], claims["sub"]) == ("key", "u@x")
    assert 170 <= claims["exp"] - datetime.now(UTC).timestamp() <= 180
    assert grant.refresh_token == ""


def test_a_private_key_that_cannot_be_read_never_leaves() -> None:
    with server(ok({})) as stub:
        with pytest.raises(CallError, match=r"oauth\.private_key") as caught:
            salesforce.jwt_bearer(sf(stub.url), APP, username="u", private_key="nonsense")
        assert stub.seen == []
    assert caught.value.outcome is Outcome.NOT_SENT


def test_password_and_security_token_go_as_one_and_client_credentials_without_a_user() -> None:
    with server(ok(signed())) as stub:
        salesforce.password(sf(stub.url), APP, username="u", password="p", security_token="t")
        salesforce.client_credentials(sf(stub.url), APP)
        first, second = map(form, stub.seen)
    assert (first["grant_type"], first["username"], first["password"]) == ("password", "u", "pt")
    assert second == {"grant_type": "client_credentials", "client_id": "key", "client_secret": "secret"}


def refusals() -> list[tuple[int, dict[str, str]]]:
    return [
        (each["http"], each["body"])
        for each in recorded("salesforce/oauth/errors.constructed.json")
        if "http" in each
    ]


def test_each_refusal_of_the_token_endpoint_has_its_own_code() -> None:
    found = []
    for status, body in refusals():
        with server(ok(body, status)) as stub, pytest.raises(ConnectorError) as caught:
            salesforce.refresh(sf(stub.url), APP, "old")
        found.append((caught.value.failure.code, caught.value.failure.kind))
    auth, config = FailureKind.AUTH, FailureKind.CONFIG
    assert found == [
        ("oauth.invalid_grant", auth),
        ("oauth.authentication_failure", auth),
        ("oauth.code_expired", auth),
        ("oauth.code_expired", auth),
        ("oauth.audience", config),
        ("oauth.user_not_approved", config),
        ("oauth.inactive_user", auth),
        ("oauth.ip_restricted", auth),
        ("oauth.domain", config),
        ("oauth.invalid_client_id", config),
        ("oauth.invalid_client", config),
        ("oauth.redirect_uri_mismatch", config),
        ("oauth.invalid_verifier", auth),
        ("oauth.unsupported_grant_type", config),
    ]


@pytest.mark.parametrize(
    ("reply", "code", "kind"),
    [
        (Reply(503, b"<html>"), "oauth.http_503", FailureKind.TRANSIENT),
        (ok({"error": "server_error"}, 400), "oauth.server_error", FailureKind.TRANSIENT),
        (Reply(200, b"<html>"), "net.unreadable", FailureKind.TRANSIENT),
        (Reply(302, b""), "oauth.http_302", FailureKind.CONFIG),
        (Reply(cut=True), "net.reset", FailureKind.TRANSIENT),
    ],
)
def test_a_token_endpoint_out_of_order_is_no_dead_grant(reply: Reply, code: str, kind: FailureKind) -> None:
    with server(reply) as stub:
        with pytest.raises(CallError) as caught:
            salesforce.refresh(sf(stub.url), APP, "old")
        assert len(stub.seen) == 1  # a refresh is never sent twice: rotation kills the old token
    assert (caught.value.failure.code, caught.value.failure.kind) == (code, kind)


@pytest.mark.parametrize(
    ("error", "description", "code", "kind"),
    [
        ("access_denied", "end-user denied authorization", "oauth.access_denied", FailureKind.PERMISSION),
        ("access-denied", "", "oauth.access_denied", FailureKind.PERMISSION),
        ("invalid_client", "app+must+be+installed+into+org", "oauth.app_not_installed", FailureKind.CONFIG),
        ("OAUTH_APPROVAL_ERROR_GENERIC", "", "oauth.OAUTH_APPROVAL_ERROR_GENERIC", FailureKind.CONFIG),
    ],
)
def test_a_refused_consent_is_told_apart(error: str, description: str, code: str, kind: FailureKind) -> None:
    failure = salesforce.callback_failure(error, description)
    assert (failure.code, failure.kind) == (code, kind)


def test_the_identity_names_org_and_user_in_long_form() -> None:
    body = recorded("salesforce/oauth/identity.200.json") | {"organization_id": "00D1a000000H3O9"}
    with server(ok(body), Reply(403, b"Bad_OAuth_Token")) as stub:
        grant = Grant("t", identity_url=f"{stub.url}/id/00D/005")
        found = salesforce.identity(sf(stub.url), grant)
        assert stub.seen[0].headers["Authorization"] == "Bearer t"
        with pytest.raises(ConnectorError) as caught:
            salesforce.identity(sf(stub.url), grant)
    assert (found["organization_id"], found["user_id"]) == ("00D1a000000H3O9EAK", "0051a000000UGT8AAO")
    assert caught.value.failure.kind is FailureKind.AUTH


def test_revoking_an_unknown_token_counts_as_done() -> None:
    with server(ok({"error": "invalid_token", "error_description": "invalid token: x"}, 400)) as stub:
        salesforce.revoke(sf(stub.url), APP, "t")
        assert (stub.seen[0].path, form(stub.seen[0])) == ("/services/oauth2/revoke", {"token": "t"})


# --- QuickBooks


def qbo(url: str) -> ConnectionFacts:
    return facts(Side.QUICKBOOKS, url)


def test_intuits_consent_address_comes_from_the_discovery_document() -> None:
    with qbo_server(Reply()) as stub:
        url = quickbooks.authorize_url(qbo(stub.url), APP, redirect_uri="https://p/cb", state="s")
        quickbooks.authorize_url(qbo(stub.url), APP, redirect_uri="https://p/cb", state="s")
        assert url == (
            f"{stub.url}/connect/oauth2?client_id=key&response_type=code&scope=com.intuit.quickbooks.accounting"
            "&redirect_uri=https%3A%2F%2Fp%2Fcb&state=s"
        )
        assert len(stub.seen) == 1  # kept for a day


def test_a_grant_tells_all_three_expiries_and_asks_for_the_hard_one() -> None:
    answer = Reply(200, json.dumps(recorded("quickbooks/oauth.token_with_hard_expiry.json")).encode())
    with qbo_server(answer) as stub:
        before = datetime.now(UTC)
        grant = quickbooks.refresh(qbo(stub.url), APP, "old")
        sent = stub.seen[-1]
    assert sent.headers["x-include-refresh-token-hard-expires-in"] == "true"
    assert sent.headers["Authorization"] == "Basic " + base64.b64encode(b"key:secret").decode()
    assert form(sent) == {"grant_type": "refresh_token", "refresh_token": "old"}
    assert grant.refresh_token == "AB11SCRUBBED"
    for expiry, seconds in (
        (grant.access_expires_at, 3600),
        (grant.refresh_expires_at, 8726400),
        (grant.refresh_hard_expires_at, 157494248),
    ):
        assert expiry is not None
        assert abs(expiry - before - timedelta(seconds=seconds)) < timedelta(seconds=5)


def test_numbers_given_as_text_are_read() -> None:
    with qbo_server(ok({"access_token": "a", "refresh_token": "r", "expires_in": "3600"})) as stub:
        assert quickbooks.exchange(qbo(stub.url), APP, code="c", redirect_uri="https://p").access_expires_at


@pytest.mark.parametrize(
    ("body", "status", "code", "kind"),
    [
        ("quickbooks/oauth.error_invalid_grant_refresh.json", 400, "oauth.invalid_grant", FailureKind.AUTH),
        ("quickbooks/oauth.error_invalid_grant_code.json", 400, "oauth.invalid_grant", FailureKind.AUTH),
        ("quickbooks/oauth.error_invalid_client.json", 401, "oauth.invalid_client", FailureKind.CONFIG),
    ],
)
def test_intuits_refusals_are_told_apart(body: str, status: int, code: str, kind: FailureKind) -> None:
    with qbo_server(ok(recorded(body), status)) as stub, pytest.raises(ConnectorError) as caught:
        quickbooks.refresh(qbo(stub.url), APP, "old")
    assert (caught.value.failure.code, caught.value.failure.kind) == (code, kind)


def test_a_discovery_document_with_a_foreign_host_is_refused() -> None:
    foreign = qbo_server(Reply(), token_endpoint="https://evil.example/token")
    with foreign as stub, pytest.raises(ConnectorError, match=r"oauth\.forged_instance"):
        quickbooks.refresh(qbo(stub.url), APP, "old")


def test_without_a_discovery_document_the_known_addresses_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quickbooks, "_kept", {})
    monkeypatch.setitem(quickbooks.DISCOVERY, Environment.SANDBOX, "https://developer.intuit.com/none")

    def unreachable(*_: Any, **__: Any) -> Any:
        raise CallError(quickbooks.Failure(FailureKind.TRANSIENT, "net.connect"), Outcome.NOT_SENT)

    monkeypatch.setattr(quickbooks, "_fetch", unreachable)
    found = quickbooks.endpoints_of(ConnectionFacts(Side.QUICKBOOKS, Environment.SANDBOX))
    known = recorded("quickbooks/oauth.discovery_sandbox.json")
    assert (found.authorize, found.token, found.revoke, found.userinfo) == (
        known["authorization_endpoint"],
        known["token_endpoint"],
        known["revocation_endpoint"],
        known["userinfo_endpoint"],
    )


@pytest.mark.parametrize(
    ("reply", "code", "kind"),
    [
        (Reply(503, b"<html>"), "oauth.http_503", FailureKind.TRANSIENT),
        (Reply(429, b""), "oauth.http_429", FailureKind.TRANSIENT),
        (Reply(200, b"<html>"), "net.unreadable", FailureKind.TRANSIENT),
        (Reply(200, b"{}"), "oauth.incomplete", FailureKind.CONFIG),
        (Reply(404, b""), "oauth.http_404", FailureKind.CONFIG),
    ],
)
def test_intuits_token_endpoint_out_of_order_is_no_dead_grant(
    reply: Reply, code: str, kind: FailureKind
) -> None:
    with qbo_server(reply) as stub, pytest.raises(CallError) as caught:
        quickbooks.refresh(qbo(stub.url), APP, "old")
    assert (caught.value.failure.code, caught.value.failure.kind) == (code, kind)


def test_who_signed_in_is_told_by_userinfo() -> None:
    with qbo_server(ok(recorded("quickbooks/oauth.userinfo.json"))) as stub:
        assert quickbooks.userinfo(qbo(stub.url), "t")["emailVerified"] is True
        assert stub.seen[-1].headers["Authorization"] == "Bearer t"


def test_revoking_sends_the_token_as_json_and_an_unknown_one_counts_as_done() -> None:
    with qbo_server(Reply(400, b"")) as stub:
        quickbooks.revoke(qbo(stub.url), APP, "t")
        assert json.loads(stub.seen[-1].body) == {"token": "t"}


def test_tokens_never_show_in_texts() -> None:
    grant = Grant("secret-access", "secret-refresh")
    assert "secret" not in repr(grant) + repr(AppCredentials("key", "secret"))
