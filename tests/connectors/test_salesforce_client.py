"""The Salesforce client against a server of a few lines: what goes out, and how each answer is read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from unittest.mock import Mock
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from connectors import jsonwire
from connectors.contracts import Operation, Priority, RecordState, Side, Token, Watch, Write, WriteStatus
from connectors.errors import ConnectorError, Failure, FailureKind
from connectors.http import CallError, Outcome
from connectors.registry import salesforce_client
from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.records import columns
from tests.connectors.builders import Answer, Meter, Reply, Seen, Slots, Stub, Vault, facts, server
from tests.shared import recorded

A, B, C = "001000000000001AAA", "001000000000002AAA", "001000000000003AAA"
DATE = {"Date": "Sat, 21 Nov 2026 09:30:10 GMT", "Sforce-Limit-Info": "api-usage=18/5000"}
STAMP = "2026-11-21T09:30:00.000+0000"


@dataclass
class World:
    client: SalesforceClient
    stub: Stub
    vault: Vault
    slots: Slots
    meter: Meter

    @property
    def sent(self) -> Seen:
        return self.stub.seen[-1]

    def sub_requests(self) -> list[dict[str, Any]]:
        return list(json.loads(self.sent.body)["compositeRequest"])


@contextmanager
def world(*answers: Answer, tokens: int = 2) -> Iterator[World]:
    with server(*answers) as stub:
        vault, slots, meter = Vault(stub.url, [f"token{n}" for n in range(tokens)]), Slots(), Meter()
        client = salesforce_client(facts(Side.SALESFORCE, stub.url), vault, slots, meter)
        yield World(client, stub, vault, slots, meter)
        assert slots.open == 0


def ok(body: Any, status: int = 200) -> Reply:
    return Reply(status, json.dumps(body).encode(), dict(DATE))


def composite(*parts: tuple[str, int, Any]) -> Reply:
    return ok(
        {
            "compositeResponse": [
                {"referenceId": ref, "httpStatusCode": status, "body": body, "httpHeaders": {}}
                for ref, status, body in parts
            ]
        }
    )


def rows(*found: dict[str, Any], more: str = "") -> dict[str, Any]:
    page: dict[str, Any] = {"totalSize": len(found), "done": not more, "records": list(found)}
    return page | ({"nextRecordsUrl": more} if more else {})


def row(id_: str, **more: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Account"}, "Id": id_, "SystemModstamp": STAMP, "IsDeleted": False, **more}


def update(ref: str, id_: str, **body: Any) -> Write:
    return Write(ref, Operation.UPDATE, "Account", body, id=id_)


def done(id_: str, **more: Any) -> dict[str, Any]:
    return {"id": id_, "success": True, "errors": [], **more}


def failed(code: str, message: str = "") -> dict[str, Any]:
    return {"success": False, "errors": [{"statusCode": code, "message": message, "fields": ["Phone"]}]}


def query_of(request: dict[str, Any]) -> str:
    return parse_qs(urlsplit(request["url"]).query)["q"][0]


def write(w: World, *writes: Write) -> Any:
    return w.client.write(writes, request_id="r", priority=Priority.BULK)


# --- reading


def test_reads_include_deleted_and_merged_records_and_name_the_missing() -> None:
    found = rows(row(A), row(B, IsDeleted=True), row(C, IsDeleted=True, MasterRecordId=A))
    with world(composite(("q0", 200, found))) as w:
        records = w.client.read("Account", ["001000000000009", A, B, C], ["Name"])
    assert [(r.id, r.state, r.merged_into) for r in records] == [
        ("001000000000009AAA", RecordState.MISSING, ""),
        (A, RecordState.LIVE, ""),
        (B, RecordState.DELETED, ""),
        (C, RecordState.MERGED, A),
    ]
    assert "/queryAll?q=" in json.loads(w.sent.body)["compositeRequest"][0]["url"]


def test_a_slice_of_two_thousand_is_read_in_one_call() -> None:
    def answer(seen: Seen) -> Reply:
        parts = json.loads(seen.body)["compositeRequest"]
        return composite(*[(part["referenceId"], 200, rows()) for part in parts])

    ids = [f"001{n:012d}AAA" for n in range(2000)]
    with world(answer) as w:
        assert {r.state for r in w.client.read("Account", ids, ["Name"])} == {RecordState.MISSING}
        assert w.meter == {("POST", "composite"): 1}
        assert len(w.sub_requests()) == 5


def test_a_stamp_two_seconds_old_is_settled_and_a_younger_one_is_not() -> None:
    young = "2026-11-21T09:30:09.000+0000"
    with world(composite(("q0", 200, rows(row(A), row(B, SystemModstamp=young))))) as w:
        old, new = w.client.read("Account", [A, B], ["Name"])
    assert old.token == Token(
        "2026-11-21T09:30:00.000Z", datetime(2026, 11, 21, 9, 30, tzinfo=UTC), settled=True
    )
    assert new.token.settled is False


def test_numbers_are_decimals_and_never_floats() -> None:
    with world(
        Reply(200, b'{"totalSize":1,"done":true,"records":[{"Id":"x","AnnualRevenue":0.10,"N":3}]}')
    ) as w:
        found = w.client.query("SELECT Id FROM Account")["records"][0]
    assert (found["AnnualRevenue"], found["N"]) == (Decimal("0.10"), 3)


def test_a_scan_follows_the_locator_and_keeps_the_time_it_began() -> None:
    later = {**DATE, "Date": "Sat, 21 Nov 2026 09:31:00 GMT"}
    second = Reply(200, json.dumps(rows(row(B))).encode(), later)
    with world(ok(rows(row(A), more="/services/data/v66.0/query/01g-2000")), second) as w:
        first = w.client.scan("Account", ["Name"])
        last = w.client.scan("Account", ["Name"], first.next)
        assert w.sent.path == "/services/data/v66.0/query/01g-2000"
    assert [r.id for r in (*first.records, *last.records)] == [A, B]
    assert last.next == ""
    assert first.server_time == last.server_time == datetime(2026, 11, 21, 9, 30, 10, tzinfo=UTC)


def test_a_scan_goes_on_after_its_locator_has_expired() -> None:
    expired = ok([{"errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid query locator"}], 400)
    with world(ok(rows(row(A), more="/services/data/v66.0/query/01g-2000")), expired, ok(rows(row(B)))) as w:
        first = w.client.scan("Account", ["Name"])
        last = w.client.scan("Account", ["Name"], first.next)
        assert f"Id > '{A}'" in parse_qs(urlsplit(w.sent.path).query)["q"][0]
    assert [r.id for r in last.records] == [B]


def test_five_objects_are_polled_in_one_call_and_long_answers_followed() -> None:
    since = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    names = ["Account", "Contact", "Product2", "Opportunity", "Lead"]
    parts = [
        (f"q{n}", 200, rows(row(A), more="/services/data/v66.0/query/x-2000") if n == 0 else rows())
        for n in range(5)
    ]
    with world(composite(*parts), ok(rows(row(B, IsDeleted=True)))) as w:
        pages = list(w.client.changes([Watch(name, since, ("Name",), "Name != null") for name in names]))
        assert len(w.stub.seen) == 2
        text = query_of(json.loads(w.stub.seen[0].body)["compositeRequest"][0])
    assert [(p.object, len(p.records), p.last) for p in pages] == [
        ("Account", 1, False),
        ("Account", 1, True),
        *[(name, 0, True) for name in names[1:]],
    ]
    assert text.endswith(
        "WHERE SystemModstamp >= 2026-11-21T09:00:00Z AND (Name != null) ORDER BY SystemModstamp, Id"
    )
    assert pages[1].records[0].state is RecordState.DELETED


def test_an_object_that_cannot_be_polled_does_not_lose_the_others() -> None:
    refused = [{"errorCode": "INVALID_TYPE", "message": "sObject type 'Nope' is not supported."}]
    since = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    with world(composite(("q0", 400, refused), ("q1", 200, rows(row(A))))) as w:
        changes = w.client.changes([Watch("Nope", since), Watch("Account", since)])
        assert next(changes).object == "Account"
        with pytest.raises(ConnectorError, match="INVALID_TYPE"):
            next(changes)


def test_stamps_of_a_slice_cost_one_call() -> None:
    with world(ok([row(A), None])) as w:
        assert list(w.client.stamps("Account", [A, B])) == [A]
        assert (w.sent.method, w.sent.path) == ("POST", "/services/data/v66.0/composite/sobjects/Account")
        assert json.loads(w.sent.body) == {"ids": [A, B], "fields": ["Id", "SystemModstamp"]}


def test_a_description_tells_lengths_rights_and_what_is_required() -> None:
    with world(ok(recorded("salesforce/describe/Account.describe.json"))) as w:
        info = w.client.describe("Account")
    fields = {field.name: field for field in info.fields}
    assert (info.key_prefix, fields["Name"].length, fields["Name"].required) == ("001", 255, True)
    assert (fields["AnnualRevenue"].precision, fields["AnnualRevenue"].scale) == (18, 0)
    assert fields["ParentId"].references == ("Account",)
    assert fields["SystemModstamp"].updateable is False


def test_every_object_of_the_schema_has_the_fields_that_we_always_ask_for() -> None:
    for name, described in recorded("schemas/sf_describe.json")["objects"].items():
        fields = described["fields"]
        known = set(fields if isinstance(fields, dict) else (field["name"] for field in fields))
        assert set(columns(name, ["Id", "id"])) <= known, name


# --- writing


def test_updates_creations_and_upserts_share_one_composite_and_keep_their_order() -> None:
    writes = [
        update("a", A, Phone="1"),
        Write("b", Operation.CREATE, "Account", {"Name": "New"}),
        Write(
            "c",
            Operation.UPSERT,
            "Account",
            {"Name": "Up"},
            external_field="QBO__c",
            external_value="9:Customer:1",
        ),
        update("d", B, Phone="2"),
        Write("e", Operation.DELETE, "Contact", {}, id=C),
    ]
    answer = composite(
        ("c0", 200, [done(A), failed("STRING_TOO_LONG", "too long")]),
        ("c1", 200, [done(C)]),
        ("c2", 200, [done(B, created=False)]),
        ("c3", 200, [done(C)]),
    )
    with world(answer) as w:
        result = write(w, *writes)
        requests = w.sub_requests()
    assert [(r["method"], r["url"].removeprefix("/services/data/v66.0")) for r in requests] == [
        ("PATCH", "/composite/sobjects"),
        ("POST", "/composite/sobjects"),
        ("PATCH", "/composite/sobjects/Account/QBO__c"),
        ("DELETE", f"/composite/sobjects?ids={C}&allOrNone=false"),
    ]
    assert requests[0]["body"] == {
        "allOrNone": False,
        "records": [
            {"attributes": {"type": "Account"}, "id": A, "Phone": "1"},
            {"attributes": {"type": "Account"}, "id": B, "Phone": "2"},
        ],
    }
    assert requests[2]["body"]["records"][0]["QBO__c"] == "9:Customer:1"
    assert [(r.ref, r.status, r.created) for r in result.results] == [
        ("a", WriteStatus.APPLIED, False),
        ("b", WriteStatus.APPLIED, True),
        ("c", WriteStatus.APPLIED, False),
        ("d", WriteStatus.REFUSED, False),
        ("e", WriteStatus.APPLIED, False),
    ]
    failure = result.results[3].failure
    assert (failure.kind, failure.code, failure.fields) == (
        FailureKind.DATA,
        "sf.STRING_TOO_LONG",
        ("Phone",),
    )


def test_a_record_that_a_person_wants_despite_its_look_alikes_says_so_and_no_other_does() -> None:
    wanted = Write("a", Operation.CREATE, "Account", {"Name": "x"}, despite_duplicates=True)
    usual = Write("b", Operation.CREATE, "Account", {"Name": "y"})
    header = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    with world(composite(("c0", 200, [done(A)]), ("c1", 200, [failed("DUPLICATES_DETECTED")]))) as w:
        results = write(w, wanted, usual).results
        assert [part.get("httpHeaders") for part in w.sub_requests()] == [header, None]
    assert [r.status for r in results] == [WriteStatus.APPLIED, WriteStatus.REFUSED]
    assert results[1].failure.kind is FailureKind.EXISTS


def test_a_thousand_updates_are_one_call_of_five_collections() -> None:
    writes = [update(str(n), f"001{n:012d}AAA", Phone=str(n)) for n in range(1000)]

    def answer(seen: Seen) -> Reply:
        parts = json.loads(seen.body)["compositeRequest"]
        return composite(
            *[(p["referenceId"], 200, [done(r["id"]) for r in p["body"]["records"]]) for p in parts]
        )

    with world(answer) as w:
        result = write(w, *writes)
        assert [len(r["body"]["records"]) for r in w.sub_requests()] == [200] * 5
    assert [r.id for r in result.results] == [each.id for each in writes]


def test_writes_that_one_call_cannot_carry_are_divided_in_order_and_else_refused() -> None:
    updates = [update(str(n), f"001{n:012d}AAA") for n in range(999)]
    writes = [*updates, Write("new", Operation.CREATE, "Account", {"Name": "x"}), update("last", A)]
    with world(ok({})) as w:
        groups = w.client.calls(writes)
        assert [len(group) for group in groups] == [999, 2]
        with pytest.raises(ValueError, match="divide"):
            write(w, *writes)
        with pytest.raises(ValueError, match="two writes"):
            write(w, update("1", A), update("2", A))
        assert w.stub.seen == []


def test_the_same_writes_give_the_same_bytes_also_from_a_stored_intent() -> None:
    one = Write("a", Operation.CREATE, "Account", {"Name": "Ü", "AnnualRevenue": Decimal("10.50")})
    stored = jsonwire.decode(jsonwire.encode(one.body))
    again = Write("a", Operation.CREATE, "Account", dict(reversed(stored.items())))
    with world(ok({})) as w:
        assert w.client.compose([one]) == w.client.compose([again])
        assert b'"AnnualRevenue":10.50,"Name":"\\u00dc"' in w.client.compose([one])


def test_an_interactive_update_is_conditional_and_reads_back_in_the_same_call() -> None:
    expected = Token("v", datetime(2026, 11, 21, 9, 30, tzinfo=UTC))
    guarded = Write(
        "0", Operation.UPDATE, "Account", {"Phone": "1"}, id=A, expected=expected, read_back=("Phone",)
    )
    with world(composite(("w0", 204, None), ("r0", 200, rows(row(A, Phone="1"))))) as w:
        result = write(w, guarded)
        patch, query = w.sub_requests()
    assert (patch["method"], patch["url"]) == ("PATCH", f"/services/data/v66.0/sobjects/Account/{A}")
    assert patch["httpHeaders"] == {"If-Unmodified-Since": "Sat, 21 Nov 2026 09:30:00 GMT"}
    assert f"WHERE Id = '{A}'" in unquote(query["url"])
    assert result.results[0].record.body["Phone"] == "1"


def test_a_record_that_moved_is_a_conflict_and_comes_with_what_it_holds_now() -> None:
    expected = Token("v", datetime(2026, 11, 21, 9, 30, tzinfo=UTC))
    guarded = Write(
        "0", Operation.UPDATE, "Account", {"Phone": "1"}, id=A, expected=expected, read_back=("Phone",)
    )
    with world(composite(("w0", 412, None), ("r0", 200, rows(row(A, Phone="theirs"))))) as w:
        result = write(w, guarded).results[0]
    assert (result.status, result.failure.kind, result.failure.code) == (
        WriteStatus.REFUSED,
        FailureKind.CONFLICT,
        "sf.412",
    )
    assert result.record.body["Phone"] == "theirs"


def test_a_creation_with_read_back_refers_to_the_new_id() -> None:
    new = Write("0", Operation.CREATE, "Account", {"Name": "x"}, read_back=("Name",))
    with world(composite(("w0", 201, done(A)), ("r0", 200, rows(row(A, Name="x"))))) as w:
        result = write(w, new).results[0]
        assert "WHERE Id = '@{w0.id}'" in unquote(w.sub_requests()[1]["url"])
    assert (result.status, result.id, result.created) == (WriteStatus.APPLIED, A, True)


def test_an_external_id_held_twice_is_a_data_error() -> None:
    upsert = Write(
        "0", Operation.UPSERT, "Account", {}, external_field="Q__c", external_value="9/1", read_back=("Name",)
    )
    with world(composite(("w0", 300, ["/a", "/b"]), ("r0", 400, []))) as w:
        result = write(w, upsert).results[0]
        assert w.sub_requests()[0]["url"].endswith("/sobjects/Account/Q__c/9%2F1")
    assert (result.failure.kind, result.failure.code) == (FailureKind.DATA, "sf.300")


# --- when calls fail


def test_a_refused_token_is_renewed_once_and_the_identical_call_sent_again() -> None:
    refused = ok(recorded("salesforce/errors/401_INVALID_SESSION_ID.json"), 401)
    with world(refused, composite(("c0", 200, [done(A)]))) as w:
        assert write(w, update("a", A, Phone="1")).results[0].status is WriteStatus.APPLIED
        first, second = w.stub.seen
    assert (first.headers.pop("Authorization"), second.headers.pop("Authorization")) == (
        "Bearer token0",
        "Bearer token1",
    )
    assert first == second
    assert w.vault.renewals == 1


def test_a_second_refusal_gives_up_without_another_renewal() -> None:
    refused = ok([{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}], 401)
    with world(refused, tokens=5) as w:
        result = write(w, update("a", A))
        assert (len(w.stub.seen), w.vault.renewals) == (2, 1)
    assert result.results[0].status is WriteStatus.NOT_SENT
    assert result.failure.kind is FailureKind.AUTH


def test_a_dead_grant_leaves_the_write_unsent() -> None:
    with world(ok([], 401), tokens=1) as w:
        result = write(w, update("a", A))
    assert (result.results[0].status, result.failure.code) == (WriteStatus.NOT_SENT, "oauth.invalid_grant")


def test_a_lost_answer_of_the_sign_in_does_not_make_the_write_unknown() -> None:
    lost = CallError(Failure(FailureKind.TRANSIENT, "net.timeout"), Outcome.UNKNOWN)
    with world(ok([], 401)) as w:
        w.vault.renew = Mock(side_effect=lost)  # type: ignore[method-assign]
        result = write(w, update("a", A))
    assert (result.results[0].status, result.failure.kind) == (WriteStatus.NOT_SENT, FailureKind.TRANSIENT)


def test_a_write_that_got_no_slot_is_not_sent() -> None:
    full = ConnectorError(Failure(FailureKind.THROTTLED, "limit.wait", retry_after=1.5))
    with world(ok({})) as w:
        w.slots.acquire = Mock(side_effect=full)  # type: ignore[method-assign]
        result = write(w, update("a", A))
        assert w.stub.seen == []
    assert (result.results[0].status, result.failure.retry_after) == (WriteStatus.NOT_SENT, 1.5)


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(cut=True), "net.reset"),
        (Reply(503, b"<html>Edge</html>"), "sf.503"),
        (Reply(500, b'[{"errorCode":"UNKNOWN_EXCEPTION","message":"x"}]'), "sf.UNKNOWN_EXCEPTION"),
        (Reply(200, b"<html>proxy</html>"), "net.unreadable"),
        (Reply(200, b'{"other":[]}'), "net.unreadable"),
    ],
)
def test_a_write_whose_answer_is_lost_is_of_unknown_outcome_and_sent_once(reply: Reply, code: str) -> None:
    with world(reply) as w:
        result = write(w, update("a", A))
        assert len(w.stub.seen) == 1
    assert result.results[0].status is WriteStatus.UNKNOWN
    assert (result.failure.kind, result.failure.code) == (FailureKind.UNKNOWN_WRITE, code)


@pytest.mark.parametrize("part", [[], [("c1", 200, [])], [("c1", 200, {})], [("c1", 500, [])]])
def test_a_part_of_the_answer_that_does_not_fit_leaves_only_its_own_writes_unknown(part: list[Any]) -> None:
    with world(composite(("c0", 200, [done(A)]), *part)) as w:
        results = write(w, update("a", A), Write("b", Operation.CREATE, "Account", {"Name": "x"})).results
    assert [r.status for r in results] == [WriteStatus.APPLIED, WriteStatus.UNKNOWN]


def test_a_read_is_repeated_once_after_a_gateway_error() -> None:
    with world(Reply(502, b"<html>"), composite(("q0", 200, rows(row(A))))) as w:
        assert w.client.read("Account", [A], ["Name"])[0].state is RecordState.LIVE
        assert len(w.stub.seen) == 2


def test_the_daily_limit_is_a_quota_and_too_many_at_once_a_throttle() -> None:
    daily = ok([{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}], 403)
    at_once = ok(
        [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "ConcurrentPerOrgLongTxn Limit exceeded."}], 403
    )
    with world(daily, at_once) as w:
        first, second = (write(w, update("a", A)) for _ in range(2))
        assert w.slots.throttles == [60.0]
    assert [r.results[0].status for r in (first, second)] == [WriteStatus.NOT_SENT] * 2
    assert [r.failure.kind for r in (first, second)] == [FailureKind.QUOTA, FailureKind.THROTTLED]


def test_a_whole_call_refused_for_its_content_is_told_apart_from_an_item() -> None:
    with world(ok([{"errorCode": "JSON_PARSER_ERROR", "message": "x"}], 400)) as w:
        result = write(w, update("a", A))
    assert (result.results[0].status, result.failure.code) == (WriteStatus.REFUSED, "sf.JSON_PARSER_ERROR")


def test_a_sub_request_refused_as_a_whole_refuses_each_of_its_rows() -> None:
    refused = [{"errorCode": "INVALID_TYPE", "message": "x"}]
    with world(composite(("c0", 400, refused))) as w:
        result = write(w, update("a", A), update("b", B))
    assert [r.failure.code for r in result.results] == ["sf.INVALID_TYPE"] * 2
    assert result.failure is None


# --- every call


def test_each_call_names_us_and_disturbs_neither_views_nor_assignment() -> None:
    with world(ok(rows())) as w:
        w.client.query("SELECT Id FROM Account")
        headers = w.sent.headers
    assert headers["Sforce-Call-Options"] == "client=Ledgerbridge"
    assert (headers["Sforce-Mru"], headers["Sforce-Auto-Assign"]) == ("updateMru=false", "FALSE")
    assert headers["Sforce-Query-Options"] == "batchSize=2000"
    assert "X-PrettyPrint" not in headers


def test_usage_is_told_to_the_limiter_and_calls_to_the_meter() -> None:
    with world(ok(rows())) as w:
        w.client.priority = Priority.INTERACTIVE
        w.client.query("SELECT Id FROM Account")
    assert w.slots.usage == (18, 5000)
    assert w.slots.taken == [("call", Priority.INTERACTIVE)]
    assert (w.meter, w.meter.metered) == ({("GET", "query"): 1}, 0)


def test_a_new_instance_address_is_used_from_the_renewal_on() -> None:
    with server(ok(rows())) as new_home, world(ok([], 401)) as w:
        w.vault.renew = lambda _: type(w.vault.current())("token1", 1, new_home.url)  # type: ignore[method-assign]
        w.client.query("SELECT Id FROM Account")
        assert len(new_home.seen) == 1
