import logging
import socket
import time

import pytest
import requests

from connectors import http
from connectors.contracts import Environment
from connectors.errors import FailureKind
from connectors.http import SINGLE, CallError, HostRule, Outcome, Patience, Session, request_id
from connectors.quickbooks import hosts as quickbooks
from connectors.salesforce import hosts as salesforce
from tests.connectors.builders import Reply, server

LOCAL = HostRule(loopback=True)


def call(url: str, **more: object) -> requests.Response:
    return Session(LOCAL).call("GET", url, label="test", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url",
    [
        "https://login.salesforce.com/services/oauth2/token",
        "https://test.salesforce.com",
        "https://acme.my.salesforce.com/services/data/",
        "https://acme--uat.sandbox.my.salesforce.com",
        "https://acme-dev-ed.develop.my.salesforce.com",
        "https://acme.scratch.my.salesforce.com:443/x",
    ],
)
def test_salesforce_lives_at_its_login_hosts_and_my_domains(url: str) -> None:
    assert salesforce.host_rule(Environment.PRODUCTION).allows(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://acme.my.salesforce.com",
        "https://acme.my.salesforce.com.evil.example",
        "https://evil.example/.my.salesforce.com",
        "https://acme.my.salesforce.com@evil.example",
        "https://user:pw@acme.my.salesforce.com",
        "https://acme.my.salesforce.com:8443",
        "https://my.salesforce.com",
        "https://.my.salesforce.com",
        "https://acme.lightning.force.com",
        "https://127.0.0.1:8801",
        "https://[::1",
        "https://acme.my.salesforce.com\n.evil.example",
        "",
    ],
)
def test_a_forged_address_is_not_salesforce(url: str) -> None:
    assert not salesforce.host_rule(Environment.PRODUCTION).allows(url)


def test_the_two_environments_of_quickbooks_do_not_reach_each_other() -> None:
    production, sandbox = (quickbooks.api_rule(e) for e in (Environment.PRODUCTION, Environment.SANDBOX))
    assert production.allows("https://quickbooks.api.intuit.com/v3")
    assert not production.allows("https://sandbox-quickbooks.api.intuit.com/v3")
    assert sandbox.allows("https://sandbox-quickbooks.api.intuit.com/v3")
    assert not sandbox.allows("https://quickbooks.api.intuit.com/v3")


def test_a_simulator_connection_reaches_our_own_machine_and_nothing_else() -> None:
    assert LOCAL.allows("http://127.0.0.1:8801")
    assert LOCAL.allows("https://localhost:8443")
    assert not LOCAL.allows("https://login.salesforce.com")
    assert not LOCAL.allows("http://10.0.0.1")


def test_a_call_to_an_address_that_is_not_listed_never_leaves() -> None:
    with pytest.raises(CallError) as caught:
        Session(HostRule()).call("GET", "https://example.org", label="test")
    assert (caught.value.failure.code, caught.value.outcome) == ("net.host_not_allowed", Outcome.NOT_SENT)


def test_a_redirect_is_handed_back_and_not_followed() -> None:
    with server(Reply(302, headers={"Location": "http://127.0.0.1:1/elsewhere"})) as stub:
        assert call(stub.url).status_code == 302
        assert len(stub.seen) == 1


def test_a_refused_connection_is_surely_not_sent() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(CallError) as caught:
        call(f"http://127.0.0.1:{port}")
    assert (caught.value.failure.code, caught.value.outcome) == ("net.connect", Outcome.NOT_SENT)
    assert caught.value.failure.kind is FailureKind.TRANSIENT


def test_a_connection_cut_after_the_request_leaves_its_outcome_unknown() -> None:
    with server(Reply(cut=True)) as stub, pytest.raises(CallError) as caught:
        call(stub.url)
    assert (caught.value.failure.code, caught.value.outcome) == ("net.reset", Outcome.UNKNOWN)
    assert len(stub.seen) == 1


def test_no_answer_in_time_leaves_the_outcome_unknown() -> None:
    def slow(_: object) -> Reply:
        time.sleep(0.5)
        return Reply()

    with server(slow) as stub, pytest.raises(CallError) as caught:
        call(stub.url, patience=Patience(1, 0.1))
    assert (caught.value.failure.code, caught.value.outcome) == ("net.timeout", Outcome.UNKNOWN)


def test_an_answer_that_is_there_whole_is_taken_however_long_our_process_stood_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http, "SLOW_BODY_S", -3600.0)
    with server(Reply(200, b'{"refresh_token":"the only copy"}')) as stub:
        assert call(stub.url).json() == {"refresh_token": "the only copy"}


@pytest.mark.parametrize("first", [Reply(cut=True), Reply(503, b"<html>"), Reply(502), Reply(504)])
def test_an_idempotent_read_is_repeated_once(first: Reply) -> None:
    with server(first, Reply(200, b'{"a":1}')) as stub:
        assert call(stub.url, repeatable=True).content == b'{"a":1}'
        assert len(stub.seen) == 2


def test_nothing_is_repeated_twice() -> None:
    with server(Reply(503)) as stub:
        assert call(stub.url, repeatable=True).status_code == 503
        assert len(stub.seen) == 2


def test_a_write_is_never_repeated() -> None:
    with server(Reply(503), Reply(200)) as stub:
        assert call(stub.url).status_code == 503
        assert len(stub.seen) == 1


def test_an_answer_larger_than_the_bound_is_not_read() -> None:
    with server(Reply(200, b"x" * 5000)) as stub, pytest.raises(CallError) as caught:
        Session(LOCAL, max_body=4000).call("GET", stub.url, label="test")
    assert (caught.value.failure.code, caught.value.outcome) == ("net.unreadable", Outcome.UNKNOWN)


def test_a_library_that_holds_the_session_gets_the_same_rules() -> None:
    with server(Reply(302, headers={"Location": "/x"})) as stub:
        response = Session(LOCAL).get(stub.url, headers={"X-Own": "1"}, allow_redirects=True, timeout=None)
        assert response.status_code == 302
        assert stub.seen[0].headers["X-Own"] == "1"


def test_a_netrc_entry_does_not_replace_our_token(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = f"{tmp_path}/netrc"
    with open(netrc, "w") as file:  # noqa: PTH123
        file.write("machine 127.0.0.1 login thief password secret\n")
    monkeypatch.setenv("NETRC", netrc)
    with server(Reply()) as stub:
        call(stub.url, headers={"Authorization": "Bearer ours"})
        assert stub.seen[0].headers["Authorization"] == "Bearer ours"


def test_cookies_are_neither_kept_nor_sent() -> None:
    with server(Reply(headers={"Set-Cookie": "a=b"})) as stub:
        session = Session(LOCAL)
        for _ in range(2):
            session.call("GET", stub.url, label="test")
        assert "Cookie" not in stub.seen[1].headers


def test_a_look_over_a_kept_connection_sends_what_any_call_sends() -> None:
    with server(Reply(headers={"Set-Cookie": "a=b"})) as stub:
        for kept in (True, True, False):
            Session(LOCAL, kept=kept).call(
                "POST", f"{stub.url}/x?y=1", label="test", headers={"Accept": "application/json"}, data=b"{}"
            )
    first, second, ordinary = stub.seen
    assert dict(first.headers) == dict(second.headers) == dict(ordinary.headers)
    assert (first.path, first.body) == (ordinary.path, ordinary.body)


def test_a_look_that_breaks_is_told_like_any_call() -> None:
    failures = []
    for kept in (True, False):
        with server(Reply(cut=True)) as stub, pytest.raises(CallError) as caught:
            Session(LOCAL, kept=kept).call("POST", stub.url, label="test", data=b"{}")
        failures.append((caught.value.failure, caught.value.outcome))
    assert failures[0] == failures[1]


def test_the_vendors_request_id_is_kept() -> None:
    with server(Reply(headers={"intuit_tid": "1-abc"})) as stub:
        assert request_id(call(stub.url)) == "1-abc"


def test_logs_name_the_call_and_show_neither_address_nor_token_nor_body(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, logger="connectors.http")
    with server(Reply(400, b"secret-answer")) as stub:
        headers = {"Authorization": "Bearer secret-token"}
        Session(LOCAL).call(
            "POST",
            f"{stub.url}/secret-path?q=secret-query",
            label="query",
            headers=headers,
            data=b"secret-body",
        )
    records = [record for record in caplog.records if record.name == "connectors.http"]
    assert len(records) == 1
    assert records[0].__dict__["call"] == "query"
    assert records[0].__dict__["result"] == "400"
    assert "secret" not in str(records[0].__dict__)


def test_every_kind_of_call_has_its_time_limit() -> None:
    assert (SINGLE.connect, SINGLE.read) == (5, 30)
