"""The Salesforce client against the running stand-in. What they disagree on, the wire reference decides."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from connectors import http
from connectors.contracts import (
    Operation,
    Priority,
    RecordState,
    RemoteRecord,
    Side,
    Token,
    Watch,
    Write,
    WriteStatus,
)
from connectors.errors import ConnectorError, FailureKind
from connectors.registry import salesforce_client
from connectors.salesforce import oauth as salesforce
from connectors.simulator.testing import Simulator, simulator
from tests.connectors.builders import Meter, Slots
from tests.connectors.live import CALLBACK, Live, LiveVault, connect, consent
from tests.connectors.schema import sf_problems

FIELDS = ("Name", "Phone", "AnnualRevenue")
VERIFIER = "v" * 43
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with simulator(seed="small") as sim:
        yield sim


@pytest.fixture
def live(running: Simulator) -> Iterator[Live]:
    connection = connect(running, Side.SALESFORCE)
    yield connection
    running.salesforce.delete("faults")
    assert connection.slots.open == 0


def send(live: Live, *writes: Write) -> list[tuple[WriteStatus, str]]:
    answer = live.salesforce().write(writes, request_id="r", priority=Priority.BULK)
    return [(r.status, r.failure.code if r.failure else r.id) for r in answer.results]


def new(ref: str = "0", name: str = "", **body: object) -> Write:
    return Write(ref, Operation.CREATE, "Account", {"Name": name or f"Account {next(NUMBERS)}", **body})


def made(live: Live, **body: object) -> RemoteRecord:
    ((status, id_),) = send(live, new(**body))
    assert status is WriteStatus.APPLIED
    return read(live, id_)


def read(live: Live, id_: str) -> RemoteRecord:
    return live.salesforce().read("Account", [id_], FIELDS)[0]


def update(id_: str, ref: str = "0", **body: object) -> Write:
    return Write(ref, Operation.UPDATE, "Account", body, id=id_)


# --- sign-in


def consent_page(live: Live) -> str:
    challenge = salesforce.challenge_of(VERIFIER)
    return salesforce.authorize_url(
        live.facts, live.app, redirect_uri=CALLBACK, state="s", challenge=challenge
    )


def test_a_person_consents_and_the_grant_names_their_org(live: Live) -> None:
    url = consent_page(live)
    back = consent(url, decision="allow")
    assert back["state"] == "s"
    grant = salesforce.exchange(
        live.facts, live.app, code=back["code"], redirect_uri=CALLBACK, verifier=VERIFIER
    )
    who = salesforce.identity(live.facts, grant)
    assert who["organization_id"] == live.facts.remote_id
    assert {"api", "refresh_token"} <= set(grant.scopes)
    assert salesforce.introspect(live.facts, live.app, grant.access_token)["active"] is True
    with pytest.raises(ConnectorError) as caught:
        salesforce.exchange(live.facts, live.app, code=back["code"], redirect_uri=CALLBACK, verifier=VERIFIER)
    assert caught.value.failure.code == "oauth.code_expired"


def test_a_denied_consent_comes_back_as_such(live: Live) -> None:
    back = consent(consent_page(live), decision="deny")
    assert salesforce.callback_failure(back["error"], back["error_description"]).code == "oauth.access_denied"


def test_a_wrong_verifier_and_a_wrong_secret_are_told_apart(live: Live) -> None:
    url = consent_page(live)
    code = consent(url, decision="allow")["code"]
    with pytest.raises(ConnectorError) as caught:
        salesforce.exchange(live.facts, live.app, code=code, redirect_uri=CALLBACK, verifier="w" * 43)
    assert caught.value.failure.code == "oauth.invalid_verifier"
    wrong = type(live.app)(live.app.client_id, "wrong")
    with pytest.raises(ConnectorError) as caught:
        salesforce.refresh(live.facts, wrong, live.vault.grant.refresh_token)
    assert (caught.value.failure.code, caught.value.failure.kind) == (
        "oauth.invalid_client",
        FailureKind.CONFIG,
    )


def test_a_revoked_connection_is_dead(live: Live) -> None:
    back = consent(consent_page(live), decision="allow")
    grant = salesforce.exchange(
        live.facts, live.app, code=back["code"], redirect_uri=CALLBACK, verifier=VERIFIER
    )
    salesforce.revoke(live.facts, live.app, grant.refresh_token)
    with pytest.raises(ConnectorError) as caught:
        salesforce.refresh(live.facts, live.app, grant.refresh_token)
    assert (caught.value.failure.code, caught.value.failure.kind) == ("oauth.invalid_grant", FailureKind.AUTH)


def test_user_name_password_and_security_token_sign_in_where_the_org_allows_it(live: Live) -> None:
    known = live.side.credentials()
    live.side.post("settings", {"username_password_flow": True})
    grant = salesforce.password(
        live.facts,
        live.app,
        username=known["username"],
        password=known["password"],
        security_token=known["security_token"],
    )
    assert salesforce.identity(live.facts, grant)["username"] == known["username"]
    with pytest.raises(ConnectorError) as caught:
        salesforce.password(
            live.facts, live.app, username=known["username"], password="no", security_token=""
        )
    assert caught.value.failure.code == "oauth.authentication_failure"


def test_a_signed_assertion_and_the_apps_own_user_sign_in_without_a_browser(live: Live) -> None:
    key, certificate = key_pair()
    live.side.post("apps", {"client_id": live.app.client_id, "certificate": certificate})
    user = live.side.credentials()["username"]
    for grant in (
        salesforce.jwt_bearer(live.facts, live.app, username=user, private_key=key, audience=live.side.url),
        salesforce.client_credentials(live.facts, live.app),
    ):
        assert salesforce.identity(live.facts, grant)["organization_id"] == live.facts.remote_id
        assert grant.refresh_token == ""
    with pytest.raises(ConnectorError) as caught:
        salesforce.jwt_bearer(
            live.facts, live.app, username="nobody@example.com", private_key=key, audience=live.side.url
        )
    assert caught.value.failure.code in {"oauth.user_not_approved", "oauth.invalid_grant"}


def key_pair() -> tuple[str, str]:
    """A private key and a certificate for it, both PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()


# --- the org


def test_the_org_its_versions_its_limits_and_the_users_rights_are_read(live: Live) -> None:
    client = live.salesforce()
    assert "66.0" in client.versions()
    assert client.organization()["Id"] == live.facts.remote_id
    assert client.limits()["DailyApiRequests"]["Max"] > 0
    assert "Account" in client.objects()
    rights = client.user_rights(["Account", "Nothing__c"])
    account = rights["Account"]
    assert account is not None
    assert (account.createable, account.key_prefix, rights["Nothing__c"]) == (True, "001", None)
    assert {f.name: f.length for f in account.fields}["Name"] == 255
    assert live.slots.usage is not None


@pytest.fixture
def org(live: Live) -> Iterator[Callable[..., None]]:
    """Switches of the org, put back afterwards."""
    before = live.side.get("settings")
    yield lambda **switches: live.side.post("settings", switches)
    live.side.post("settings", {name: before[name] for name in before})


def test_an_edition_without_api_is_a_matter_of_settings(live: Live, org: Callable[..., None]) -> None:
    org(api_enabled=False)
    with pytest.raises(ConnectorError) as caught:
        live.salesforce().organization()
    assert (caught.value.failure.kind, caught.value.failure.code) == (
        FailureKind.CONFIG,
        "sf.API_DISABLED_FOR_ORG",
    )


def test_a_used_up_day_is_a_quota_and_sends_nothing(live: Live) -> None:
    used_up = {"code": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded.", "status": 403}
    live.side.plan({"match": {"path": "/composite"}, "action": "fault", **used_up})
    answer = live.salesforce().write([new()], request_id="r", priority=Priority.BULK)
    assert answer.failure is not None
    assert (answer.failure.kind, answer.failure.code) == (FailureKind.QUOTA, "sf.REQUEST_LIMIT_EXCEEDED")
    assert answer.results[0].status is WriteStatus.NOT_SENT


def test_an_authority_we_do_not_know_is_not_spoken_to() -> None:
    with simulator(seed="empty", tls=True) as sim:
        known = connect(sim, Side.SALESFORCE)
        url = sim.salesforce.tls_url
        grant = replace(known.vault.grant, instance_url=url)
        for ca_file, expected in ((sim.ca_file, None), ("", "net.tls")):
            facts = replace(known.facts, simulator_url=url, ca_file=ca_file)
            secure = Live(sim.salesforce, facts, known.app, LiveVault(facts, known.app, grant))
            answer = secure.salesforce().write([new()], request_id="r", priority=Priority.BULK)
            assert (answer.failure.code if answer.failure else None) == expected
        assert answer.results[0].status is WriteStatus.NOT_SENT


# --- reading and writing


def test_what_is_written_is_read_back_exactly(live: Live) -> None:
    body = {
        "Phone": "(415) 555-1212",
        "AnnualRevenue": 1234567,
        "Description": 'Zoë\'s "quoted" \\ text\nsecond line',
    }
    assert sf_problems("Account", {"Name": "x", **body}) == []
    ((_, id_),) = send(live, new(**body))
    found = live.salesforce().read("Account", [id_], tuple(body))[0].body
    assert {name: found[name] for name in body} == body


def test_a_query_finds_what_a_person_typed_whatever_it_holds(live: Live) -> None:
    from connectors.salesforce import soql

    name = "O'Re\\il\"y % _ \\' OR Name != ''"
    record = made(live, name=name)
    found = live.salesforce().query(soql.select("Account", ["Id"], where=[soql.equals("Name", name)]))[
        "records"
    ]
    assert [row["Id"] for row in found] == [record.id]


def test_a_mixed_call_gives_each_write_its_own_result(live: Live) -> None:
    first, second, third = made(live), made(live), made(live)
    results = send(
        live,
        update(first.id, "a", Phone="1"),
        new("b"),
        update(third.id, "c", Name="x" * 256),
        Write("d", Operation.DELETE, "Account", {}, id=second.id),
        update("001000000000009AAA", "e", Phone="1"),
    )
    assert [status for status, _ in results] == [
        WriteStatus.APPLIED,
        WriteStatus.APPLIED,
        WriteStatus.REFUSED,
        WriteStatus.APPLIED,
        WriteStatus.REFUSED,
    ]
    assert results[2][1] == "sf.STRING_TOO_LONG"
    assert read(live, first.id).body["Phone"] == "1"
    assert read(live, second.id).state is RecordState.DELETED


def test_an_upsert_creates_once_and_then_updates(live: Live) -> None:
    field = next(
        f.name for f in live.salesforce().describe("Account").fields if f.external_id and f.type == "string"
    )
    value = f"9341:Customer:{next(NUMBERS)}"

    def upsert(phone: str) -> tuple[bool, str]:
        body = {"Name": "Born in QuickBooks", "Phone": phone}
        write = Write("0", Operation.UPSERT, "Account", body, external_field=field, external_value=value)
        (result,) = live.salesforce().write([write], request_id="r", priority=Priority.BULK).results
        assert result.status is WriteStatus.APPLIED
        return result.created, result.id

    (created, id_), (again, same) = upsert("1"), upsert("2")
    assert (created, again, same) == (True, False, id_)
    ((status, code),) = send(live, new(**{field: value}))
    assert (status, code) == (WriteStatus.REFUSED, "sf.DUPLICATE_VALUE")


def settled(live: Live, record: RemoteRecord) -> Token:
    """The record's token once no other write can share its stamp."""
    deadline = time.monotonic() + 10
    while not (token := read(live, record.id).token).settled:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return token


def test_a_guarded_update_reads_back_and_a_moved_record_is_a_conflict(live: Live) -> None:
    record = made(live)
    expected = settled(live, record)

    def guarded(phone: str) -> Write:
        return Write(
            "0",
            Operation.UPDATE,
            "Account",
            {"Phone": phone},
            id=record.id,
            expected=expected,
            read_back=("Phone",),
        )

    client = live.salesforce()
    done = client.write([guarded("ours")], request_id="r", priority=Priority.INTERACTIVE).results[0]
    assert (done.status, done.record and done.record.body["Phone"]) == (WriteStatus.APPLIED, "ours")
    assert done.record is not None
    assert done.record.token.version > expected.version
    late = client.write([guarded("late")], request_id="r", priority=Priority.INTERACTIVE).results[0]
    assert (late.status, late.failure and late.failure.kind) == (WriteStatus.REFUSED, FailureKind.CONFLICT)
    assert late.record is not None
    assert late.record.body["Phone"] == "ours"


def test_a_creation_with_read_back_brings_the_record(live: Live) -> None:
    write = Write("0", Operation.CREATE, "Account", {"Name": "Read back"}, read_back=("Name",))
    (result,) = live.salesforce().write([write], request_id="r", priority=Priority.INTERACTIVE).results
    assert (result.status, result.created) == (WriteStatus.APPLIED, True)
    assert result.record is not None
    assert (result.record.id, result.record.body["Name"]) == (result.id, "Read back")


def test_stamps_follow_each_write(live: Live) -> None:
    record = made(live)
    before = live.salesforce().stamps("Account", [record.id, "001000000000009AAA"])
    assert list(before) == [record.id]
    live.side.post("clock", {"advance": 5})
    send(live, update(record.id, Phone="9"))
    assert live.salesforce().stamps("Account", [record.id])[record.id].version > before[record.id].version


def test_a_thousand_creations_are_one_call_and_a_scan_takes_pages_of_two_thousand(live: Live) -> None:
    client = live.salesforce()
    for batch in range(3):
        writes = [new(str(n), f"Many {batch} {n}") for n in range(1000)]
        answer = client.write(writes, request_id="r", priority=Priority.BULK)
        assert {r.status for r in answer.results} == {WriteStatus.APPLIED}
    assert live.meter == {("POST", "composite"): 3}
    live.meter.clear()
    ids: list[str] = []
    cursor = ""
    while True:
        page = client.scan("Account", ("Name",), cursor)
        ids += [record.id for record in page.records]
        cursor = page.next
        if not cursor:
            break
    assert ids == sorted(set(ids))
    assert len(ids) > 3000
    assert live.meter == {("GET", "query"): -(-len(ids) // 2000)}


@pytest.mark.parametrize(("mode", "saved"), [("alert", WriteStatus.APPLIED), ("block", WriteStatus.REFUSED)])
def test_a_person_may_overrule_a_duplicate_rule_that_only_warns(
    live: Live, org: Callable[..., None], mode: str, saved: WriteStatus
) -> None:
    twin = made(live)
    org(duplicate_rules=[{"object": "Account", "fields": ["Name"], "mode": mode}])
    again = new(name=twin.body["Name"])
    assert send(live, again) == [(WriteStatus.REFUSED, "sf.DUPLICATES_DETECTED")]
    ((status, _),) = send(live, replace(again, despite_duplicates=True))
    assert status is saved
    guarded = replace(again, despite_duplicates=True, read_back=("Name",))
    assert send(live, guarded)[0][0] is saved


def test_an_admins_rule_speaks_in_its_own_words(live: Live, org: Callable[..., None]) -> None:
    words = "Phone numbers begin with a plus."
    org(
        validation_rules=[
            {"object": "Account", "condition": "Phone = '1'", "message": words, "field": "Phone"}
        ]
    )
    answer = live.salesforce().write([new(Phone="1")], request_id="r", priority=Priority.BULK)
    failure = answer.results[0].failure
    assert failure is not None
    assert (failure.kind, failure.code, failure.message, failure.fields) == (
        FailureKind.DATA,
        "sf.FIELD_CUSTOM_VALIDATION_EXCEPTION",
        words,
        ("Phone",),
    )


# --- changes


@pytest.fixture
def quiet() -> Iterator[Live]:
    """An org in which nothing else happens."""
    with simulator(seed="empty", only="salesforce") as sim:
        yield connect(sim, Side.SALESFORCE)


def test_changes_bring_updates_and_deletions_in_one_call(quiet: Live) -> None:
    live = quiet
    kept, gone = made(live), made(live)
    since = kept.token.modified
    send(live, update(kept.id, Phone="5"), Write("x", Operation.DELETE, "Account", {}, id=gone.id))
    live.meter.clear()
    watches = [Watch("Account", since, FIELDS), Watch("Contact", since, ("LastName",))]
    pages = {page.object: page for page in live.salesforce().changes(watches) if page.last}
    assert live.meter == {("POST", "composite"): 1}
    assert set(pages) == {"Account", "Contact"}
    states = {record.id: record.state for record in pages["Account"].records}
    assert (states[kept.id], states[gone.id]) == (RecordState.LIVE, RecordState.DELETED)


def test_a_long_change_list_is_followed_to_its_end(quiet: Live) -> None:
    client = quiet.salesforce()
    for _ in range(3):
        client.write([new(str(n)) for n in range(1000)], request_id="r", priority=Priority.BULK)
    pages = list(client.changes([Watch("Account", datetime.now(UTC) - timedelta(days=1), ("Name",))]))
    assert [(len(page.records), page.last) for page in pages] == [(2000, False), (1000, True)]
    assert len({page.server_time for page in pages}) == 1


def test_a_merged_record_names_the_one_that_stayed(live: Live) -> None:
    winner, loser = made(live), made(live)
    live.side.post("records", {"object": "Account", "action": "merge", "id": winner.id, "losers": [loser.id]})
    found = read(live, loser.id)
    assert (found.state, found.merged_into) == (RecordState.MERGED, winner.id)


# --- when things break


def test_an_expired_token_in_the_middle_costs_one_refresh_and_nothing_else(live: Live) -> None:
    record = made(live)
    live.expire()
    assert send(live, update(record.id, Phone="7")) == [(WriteStatus.APPLIED, record.id)]
    assert live.vault.refreshes == 1
    assert read(live, record.id).body["Phone"] == "7"


@pytest.mark.parametrize(("action", "written"), [("reset_before", False), ("reset_after", True)])
def test_a_cut_connection_leaves_a_write_unknown_whether_it_happened_or_not(
    live: Live, action: str, written: bool
) -> None:
    record = made(live)
    live.side.plan({"match": {"path": "/composite"}, "action": action})
    ((status, code),) = send(live, update(record.id, Phone="77"))
    assert (status, code) == (WriteStatus.UNKNOWN, "net.reset")
    assert (read(live, record.id).body["Phone"] == "77") is written


def test_a_read_survives_a_cut_connection(live: Live) -> None:
    record = made(live)
    live.side.plan({"match": {"path": "/composite"}, "action": "reset_before"})
    assert read(live, record.id).state is RecordState.LIVE


def test_a_gateway_page_instead_of_an_answer_is_unknown_for_a_write(live: Live) -> None:
    live.side.plan({"match": {"path": "/composite"}, "action": "html"})
    ((status, _),) = send(live, new())
    assert status is WriteStatus.UNKNOWN


def test_half_an_answer_is_unknown(live: Live) -> None:
    live.side.plan({"match": {"path": "/composite"}, "action": "truncate"})
    ((status, _),) = send(live, new())
    assert status is WriteStatus.UNKNOWN


def test_an_answer_that_trickles_in_does_not_hold_a_worker_for_ever(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "SLOW_BODY_S", 0.5 - http.BATCH.connect - http.BATCH.read)
    live.side.plan({"match": {"path": "/composite"}, "action": "drip", "seconds": 3})
    writes = [new(str(n)) for n in range(200)]
    answer = live.salesforce().write(writes, request_id="r", priority=Priority.BULK)
    assert answer.failure is not None
    assert (answer.failure.kind, answer.failure.code) == (FailureKind.UNKNOWN_WRITE, "net.timeout")


def test_a_throttle_sends_nothing_and_tells_the_limiter(live: Live) -> None:
    before = len(live.log())
    live.side.plan({"match": {"path": "/composite"}, "action": "throttle"})
    ((status, code),) = send(live, new())
    assert (status, code) == (WriteStatus.NOT_SENT, "sf.REQUEST_LIMIT_EXCEEDED")
    assert len(live.log()) == before


def test_a_server_that_is_gone_is_surely_not_sent(running: Simulator) -> None:
    connection = connect(running, Side.SALESFORCE)
    connection.vault.grant = type(connection.vault.grant)("t", instance_url="http://127.0.0.1:1")
    client = salesforce_client(connection.facts, connection.vault, Slots(), Meter())
    answer = client.write([new()], request_id="r", priority=Priority.BULK)
    assert (answer.results[0].status, answer.failure and answer.failure.code) == (
        WriteStatus.NOT_SENT,
        "net.connect",
    )


def test_a_field_that_is_not_there_is_a_matter_of_settings(live: Live) -> None:
    with pytest.raises(ConnectorError) as caught:
        live.salesforce().read("Account", ["001000000000009AAA"], ["Nope__c"])
    assert (caught.value.failure.kind, caught.value.failure.code) == (FailureKind.CONFIG, "sf.INVALID_FIELD")


def test_decimals_go_out_and_come_back_to_the_cent(live: Live) -> None:
    opportunity = {
        "Name": "Deal",
        "StageName": "Prospecting",
        "CloseDate": "2026-12-31",
        "Amount": Decimal("12345678901234.56"),
    }
    write = Write("0", Operation.CREATE, "Opportunity", opportunity)
    (result,) = live.salesforce().write([write], request_id="r", priority=Priority.BULK).results
    if result.failure is not None and result.failure.kind is FailureKind.CONFIG:
        pytest.skip("this slice of the simulator has no opportunities yet")
    assert result.status is WriteStatus.APPLIED
    found = live.salesforce().read("Opportunity", [result.id], ["Amount"])[0]
    assert found.body["Amount"] == Decimal("12345678901234.56")


def test_a_moment_now_is_in_the_servers_own_time(live: Live) -> None:
    page = live.salesforce().scan("Account", ("Name",))
    assert page.server_time.tzinfo is UTC
    assert abs(page.server_time - datetime.now(UTC)) < timedelta(days=1)
