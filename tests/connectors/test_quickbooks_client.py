"""The QuickBooks client against a server of a few lines: what goes out, and how each answer is read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors import jsonwire
from connectors.contracts import (
    BatchAnswer,
    Operation,
    Priority,
    RecordState,
    Side,
    Watch,
    Write,
    WriteStatus,
)
from connectors.errors import ConnectorError, FailureKind
from connectors.quickbooks import client as quickbooks_client_module
from connectors.quickbooks.client import QuickBooksClient
from connectors.registry import quickbooks_client
from tests.connectors.builders import (
    Answer,
    Meter,
    Reply,
    Seen,
    Slots,
    Stub,
    Vault,
    facts,
    server,
    version,
    write,
)
from tests.shared import recorded, reference

TIME = "2026-11-21T01:30:00.123-08:00"
NOW = datetime(2026, 11, 21, 9, 30, 0, 123000, tzinfo=UTC)


@dataclass
class World:
    client: QuickBooksClient
    stub: Stub
    vault: Vault
    slots: Slots
    meter: Meter

    @property
    def sent(self) -> Seen:
        return self.stub.seen[-1]

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.sent.path).query).items()}

    @property
    def path(self) -> str:
        return urlsplit(self.sent.path).path


@contextmanager
def world(*answers: Answer, tokens: int = 2) -> Iterator[World]:
    with server(*answers) as stub:
        vault, slots, meter = Vault(stub.url, [f"token{n}" for n in range(tokens)]), Slots(), Meter()
        client = quickbooks_client(facts(Side.QUICKBOOKS, stub.url, remote_id="9"), vault, slots, meter)
        yield World(client, stub, vault, slots, meter)
        assert slots.open == 0


def ok(body: Any, status: int = 200) -> Reply:
    text = body if isinstance(body, bytes) else jsonwire.encode(body)
    return Reply(status, text, {"intuit_tid": "tid-1", "Date": "Sat, 21 Nov 2026 09:30:00 GMT"})


def customer(id_: str, name: str = "Acme", **more: Any) -> dict[str, Any]:
    meta = {"CreateTime": "2026-11-20T01:00:00-08:00", "LastUpdatedTime": "2026-11-20T02:00:00-08:00"}
    return {"Id": id_, "SyncToken": "0", "DisplayName": name, "Active": True, "MetaData": meta, **more}


def customers(*rows: dict[str, Any]) -> Reply:
    return ok({"QueryResponse": {"Customer": list(rows)} if rows else {}, "time": TIME})


def cdc(*blocks: dict[str, Any]) -> Reply:
    return ok({"CDCResponse": [{"QueryResponse": list(blocks)}], "time": TIME})


def fault(code: str, message: str = "m", detail: str = "d", element: str = "") -> dict[str, Any]:
    error = {"Message": message, "Detail": detail, "code": code, "element": element}
    return {"Error": [error], "type": "ValidationFault"}


def send(w: World, *writes: Write, request_id: str = "r" * 32) -> BatchAnswer:
    return w.client.write(writes, request_id=request_id, priority=Priority.BULK)


def creation(ref: str, name: str = "Acme") -> Write:
    return write(ref, body={"DisplayName": name})


# --- reading


def test_several_records_are_one_query_that_names_the_inactive_too() -> None:
    with world(customers(customer("1"), customer("2", "Gone (deleted)", Active=False))) as w:
        records = w.client.read("Customer", ["2", "3", "1"], ["DisplayName"])
        assert w.sent.body.decode() == (
            "SELECT * FROM Customer WHERE Id IN ('2', '3', '1') AND Active IN (true, false) MAXRESULTS 300"
        )
        assert (w.path, w.query) == ("/v3/company/9/query", {"minorversion": "75"})
        assert w.sent.headers["Content-Type"] == "application/text"
    assert [(r.id, r.state) for r in records] == [
        ("2", RecordState.INACTIVE),
        ("3", RecordState.MISSING),
        ("1", RecordState.LIVE),
    ]
    assert (records[2].token.version, records[2].token.modified) == (
        "0",
        datetime(2026, 11, 20, 10, tzinfo=UTC),
    )
    assert w.meter.metered == 1


@pytest.mark.parametrize(
    ("object_", "state"), [("Customer", RecordState.MISSING), ("Invoice", RecordState.DELETED)]
)
def test_a_direct_read_tells_a_deleted_transaction(object_: str, state: RecordState) -> None:
    with world(ok({"Fault": fault("610")}, 400)) as w:
        assert w.client.read(object_, ["7"], [])[0].state is state
        assert w.path == f"/v3/company/9/{object_.lower()}/7"


def test_a_voided_invoice_is_told_by_its_amounts_and_note() -> None:
    with world(ok(recorded("quickbooks/invoice.void.response.json"))) as w:
        assert w.client.read("Invoice", ["1"], [])[0].state is RecordState.VOIDED


def test_a_scan_pages_by_a_thousand_in_order_of_id_and_keeps_the_time_it_began() -> None:
    first_page = customers(*[customer(str(n)) for n in range(1, 1001)])
    later = ok({"QueryResponse": {}, "time": "2026-11-21T01:31:00.000-08:00"})
    with world(first_page, later) as w:
        first = w.client.scan("Customer", [])
        last = w.client.scan("Customer", [], first.next)
        assert [seen.body.decode() for seen in w.stub.seen] == [
            f"SELECT * FROM Customer WHERE Active IN (true, false) ORDERBY Id STARTPOSITION {n} MAXRESULTS 1000"
            for n in (1, 1001)
        ]
    assert (len(first.records), len(last.records), last.next) == (1000, 0, "")
    assert first.server_time == last.server_time == NOW


def test_money_is_decimal_and_never_float() -> None:
    with world(
        ok(b'{"QueryResponse":{"Customer":[{"Id":"1","Balance":0.10}]},"time":"2026-01-01T00:00:00Z"}')
    ) as w:
        assert w.client.scan("Customer", []).records[0].body["Balance"] == Decimal("0.10")


def test_text_outside_of_ascii_is_asked_for_in_utf_8() -> None:
    with world(customers()) as w:
        w.client.names(["Zoë\\'s"])
        assert "'Zoë\\\\\\'s'" in w.stub.seen[0].body.decode("utf-8")


def test_a_taken_name_is_looked_up_once_in_each_of_the_three_lists() -> None:
    vendor = ok({"QueryResponse": {"Vendor": [customer("5")]}, "time": TIME})
    with world(customers(), vendor, ok({"QueryResponse": {}, "time": TIME})) as w:
        found = w.client.names(["Acme", "Acme"])
        assert [seen.body.decode() for seen in w.stub.seen] == [
            f"SELECT * FROM {entity} WHERE DisplayName IN ('Acme', 'Acme (deleted)') AND Active IN (true, false) "
            "MAXRESULTS 1000"
            for entity in ("Customer", "Vendor", "Employee")
        ]
    assert [(r.object, r.id) for r in found] == [("Vendor", "5")]


def test_company_and_preferences_are_read_whole() -> None:
    with world(
        ok(recorded("quickbooks/companyinfo.read.json")), ok(recorded("quickbooks/preferences.read.json"))
    ) as w:
        assert "CompanyName" in w.client.company_info()
        assert w.path == "/v3/company/9/companyinfo/9"
        assert "SalesFormsPrefs" in w.client.preferences()
        assert w.path == "/v3/company/9/preferences"


# --- changes


def recent() -> datetime:
    return datetime.now(UTC) - timedelta(hours=1)


def test_all_watched_entities_are_one_change_call_with_an_explicit_offset() -> None:
    deleted = {
        "domain": "QBO",
        "status": "Deleted",
        "Id": "39",
        "MetaData": {"LastUpdatedTime": "2026-11-20T19:36:24-08:00"},
    }
    since = recent()
    with world(
        cdc({"Vendor": [customer("8", Active=False)]}, {"Customer": [customer("7"), deleted]}, {})
    ) as w:
        pages = list(w.client.changes([Watch(e, since) for e in ("Customer", "Vendor", "Item")]))
        assert w.query["entities"] == "Customer,Vendor,Item"
        assert w.query["changedSince"] == since.strftime("%Y-%m-%dT%H:%M:%S+00:00")
        assert w.meter.metered == 1
    assert [
        (p.object, [(r.id, r.state) for r in p.records], p.server_time, p.last, p.gap) for p in pages
    ] == [
        ("Customer", [("7", RecordState.LIVE), ("39", RecordState.DELETED)], NOW, True, False),
        ("Vendor", [("8", RecordState.INACTIVE)], NOW, True, False),
        ("Item", [], NOW, True, False),
    ]


def test_the_recorded_change_answers_are_read() -> None:
    with world(Reply(200, reference("quickbooks/cdc.with_deleted.json").read_bytes())) as w:
        pages = list(w.client.changes([Watch("Customer", recent()), Watch("Estimate", recent())]))
    assert [[(r.id, r.state.value) for r in p.records] for p in pages] == [
        [("63", "live"), ("99", "live")],
        [("34", "live"), ("123", "live"), ("979", "deleted")],
    ]


def test_a_full_answer_is_asked_again_for_each_entity_and_a_full_entity_by_windows() -> None:
    since = recent().replace(microsecond=0)

    def stamped(n: int) -> dict[str, Any]:
        when = since + timedelta(seconds=n)
        return customer(str(n), MetaData={"LastUpdatedTime": when.isoformat()})

    full = [stamped(n) for n in range(1000)]
    answers = [
        cdc({"Customer": full}, {"Vendor": [customer("8")]}),
        cdc({"Customer": full}),
        customers(*full),
        customers(stamped(999), stamped(1000)),
        cdc({"Vendor": [customer("8")]}),
    ]
    with world(*answers) as w:
        pages = list(w.client.changes([Watch("Customer", since), Watch("Vendor", since)]))
        assert len(w.stub.seen) == 5
        edge = (since + timedelta(seconds=999)).strftime("%Y-%m-%dT%H:%M:%S+00:00")
        assert f"LastUpdatedTime >= '{edge}'" in w.stub.seen[3].body.decode()
        assert "ORDERBY MetaData.LastUpdatedTime STARTPOSITION 1" in w.stub.seen[3].body.decode()
    assert [(p.object, len(p.records), p.last, p.gap) for p in pages] == [
        ("Customer", 1000, False, True),
        ("Customer", 1000, False, True),
        ("Customer", 2, True, True),
        ("Vendor", 1, True, False),
    ]


def test_beyond_thirty_days_the_living_are_queried_and_deletions_are_a_gap() -> None:
    with world(customers(customer("1"))) as w:
        (page,) = w.client.changes([Watch("Customer", datetime.now(UTC) - timedelta(days=31))])
        assert w.path.endswith("/query")
    assert (page.last, page.gap, len(page.records)) == (True, True, 1)
    assert page.server_time == NOW  # the next reading goes on from QuickBooks' clock, never from ours


def test_a_date_refused_as_too_old_is_answered_by_a_query() -> None:
    too_old = fault(
        "2190", detail="Operation cdc with changedSince date 2020 older than fixed days is not supported"
    )
    with world(ok({"Fault": too_old}, 400), customers(customer("1"))) as w:
        (page,) = w.client.changes([Watch("Customer", recent())])
    assert page.gap is True


# --- writing


def test_a_batch_carries_our_refs_and_the_requestid_and_matches_answers_by_ref() -> None:
    answer = ok(
        {
            "BatchItemResponse": [
                {"bId": "2", "Fault": fault("6240", "Duplicate Name Exists Error")},
                {"bId": "0", "Customer": customer("71", "A")},
                {"bId": "1", "Customer": customer("3", Active=False, SyncToken="5")},
            ],
            "time": TIME,
        }
    )
    writes = [
        creation("0", "A"),
        write("1", Operation.DEACTIVATE, id="3", expected=version("4")),
        creation("2", "B"),
    ]
    with world(answer) as w:
        result = send(w, *writes)
        assert (w.path, w.query) == ("/v3/company/9/batch", {"minorversion": "75", "requestid": "r" * 32})
        assert json.loads(w.sent.body) == {
            "BatchItemRequest": [
                {"bId": "0", "operation": "create", "Customer": {"DisplayName": "A"}},
                {
                    "bId": "1",
                    "operation": "update",
                    "Customer": {"Id": "3", "SyncToken": "4", "sparse": True, "Active": False},
                },
                {"bId": "2", "operation": "create", "Customer": {"DisplayName": "B"}},
            ]
        }
        assert w.slots.taken == [("batch", Priority.BULK)]
        assert w.meter.metered == 0
    assert [(r.ref, r.status, r.id, r.created) for r in result.results] == [
        ("0", WriteStatus.APPLIED, "71", True),
        ("1", WriteStatus.APPLIED, "3", False),
        ("2", WriteStatus.REFUSED, "", False),
    ]
    assert result.results[1].record is not None
    assert (result.results[1].record.token.version, result.results[1].record.state) == (
        "5",
        RecordState.INACTIVE,
    )
    assert result.results[2].failure is not None
    assert (result.results[2].failure.kind, result.results[2].failure.request_id) == (
        FailureKind.EXISTS,
        "tid-1",
    )
    assert (result.server_time, result.request_id, result.failure) == (NOW, "tid-1", None)


def test_the_recorded_batch_is_read_item_by_item() -> None:
    writes = [
        write("bid1", object="Vendor"),
        write("bid2", Operation.DELETE, "Invoice", id="129", expected=version("0")),
        write("bid3", Operation.UPDATE, "SalesReceipt", id="11", expected=version("0")),
    ]
    with world(Reply(200, reference("quickbooks/batch.mixed.response.json").read_bytes())) as w:
        results = send(w, *writes).results
    assert [(r.status, r.failure.kind if r.failure else None) for r in results] == [
        (WriteStatus.APPLIED, None),
        (WriteStatus.REFUSED, FailureKind.MISSING),
        (WriteStatus.REFUSED, FailureKind.CONFLICT),
    ]


@pytest.mark.parametrize(
    ("each", "path", "query", "body"),
    [
        (creation("0"), "customer", {}, {"DisplayName": "Acme"}),
        (
            write(operation=Operation.UPDATE, id="1", expected=version("2"), body={"Notes": ""}),
            "customer",
            {},
            {"Id": "1", "SyncToken": "2", "sparse": True, "Notes": ""},
        ),
        (
            write(operation=Operation.DELETE, object="Payment", id="1", expected=version("2")),
            "payment",
            {"operation": "delete"},
            {"Id": "1", "SyncToken": "2"},
        ),
        (
            write(operation=Operation.VOID, object="Invoice", id="1", expected=version("2")),
            "invoice",
            {"operation": "void"},
            {"Id": "1", "SyncToken": "2"},
        ),
        (
            write(operation=Operation.VOID, object="Payment", id="1", expected=version("2")),
            "payment",
            {"operation": "update", "include": "void"},
            {"Id": "1", "SyncToken": "2", "sparse": True},
        ),
    ],
)
def test_a_lone_write_goes_to_its_entity(
    each: Write, path: str, query: dict[str, str], body: dict[str, Any]
) -> None:
    with world(ok({each.object: {**customer("1"), "status": ""}, "time": TIME})) as w:
        assert send(w, each).results[0].status is WriteStatus.APPLIED
        assert w.path == f"/v3/company/9/{path}"
        assert w.query == {**query, "minorversion": "75", "requestid": "r" * 32}
        assert json.loads(w.sent.body) == body
        assert w.slots.taken == [("call", Priority.BULK)]


def test_a_voiding_in_a_batch_is_a_sparse_update_with_its_option() -> None:
    void = write("0", Operation.VOID, "Invoice", id="1", expected=version("2"))
    delete = write("1", Operation.DELETE, "Payment", id="3", expected=version("0"))
    with world(ok({})) as w:
        assert json.loads(w.client.compose([void, delete])) == {
            "BatchItemRequest": [
                {
                    "bId": "0",
                    "operation": "update",
                    "optionsData": "void",
                    "Invoice": {"Id": "1", "SyncToken": "2", "sparse": True},
                },
                {"bId": "1", "operation": "delete", "Payment": {"Id": "3", "SyncToken": "0"}},
            ]
        }


@pytest.mark.parametrize(
    ("each", "words"),
    [
        (write(operation=Operation.VOID, object="Estimate", id="1", expected=version("0")), "cannot void"),
        (write(operation=Operation.UPDATE, id="1"), "Id and SyncToken"),
        (write(operation=Operation.UPDATE, expected=version("0")), "Id and SyncToken"),
        (write(operation=Operation.UPSERT), "knows no upsert"),
    ],
)
def test_what_quickbooks_cannot_do_never_leaves(each: Write, words: str) -> None:
    with world(ok({})) as w:
        with pytest.raises(ValueError, match=words):
            send(w, each)
        assert w.stub.seen == []


@pytest.mark.parametrize("second", [[], [{"bId": "1"}], [{"bId": "1", "Customer": {}}], [{"bId": "9"}]])
def test_an_item_that_the_answer_leaves_out_is_of_unknown_outcome_and_the_others_are_known(
    second: list[Any],
) -> None:
    with world(
        ok({"BatchItemResponse": [{"bId": "0", "Customer": customer("1")}, *second], "time": TIME})
    ) as w:
        results = send(w, creation("0"), creation("1", "B")).results
    assert [r.status for r in results] == [WriteStatus.APPLIED, WriteStatus.UNKNOWN]


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("10000", WriteStatus.UNKNOWN, FailureKind.UNKNOWN_WRITE),
        ("3001", WriteStatus.NOT_SENT, FailureKind.THROTTLED),
        ("610", WriteStatus.REFUSED, FailureKind.WAITING),
        ("2500", WriteStatus.REFUSED, FailureKind.WAITING),
        ("2050", WriteStatus.REFUSED, FailureKind.DATA),
        ("5010", WriteStatus.REFUSED, FailureKind.CONFLICT),
        ("987654", WriteStatus.REFUSED, FailureKind.DATA),
    ],
)
def test_each_faulty_item_has_its_own_fate(code: str, status: WriteStatus, kind: FailureKind) -> None:
    items = [{"bId": "0", "Fault": fault(code)}, {"bId": "1", "Customer": customer("1")}]
    with world(ok({"BatchItemResponse": items, "time": TIME})) as w:
        first, second = send(w, creation("0"), creation("1", "B")).results
    assert first.failure is not None
    assert (first.status, first.failure.kind, first.failure.code) == (status, kind, f"qbo.{code}")
    assert second.status is WriteStatus.APPLIED


@pytest.mark.parametrize(
    ("object_", "body", "kind"),
    [
        ("Customer", {"SalesTermRef": {"value": "9"}}, FailureKind.WAITING),
        ("Customer", {"Notes": "x"}, FailureKind.MISSING),
        ("Invoice", {"CustomerRef": {"value": "9"}}, FailureKind.MISSING),
    ],
)
def test_an_update_answered_by_610_refers_to_something_gone_or_is_gone_itself(
    object_: str, body: dict[str, Any], kind: FailureKind
) -> None:
    with world(ok({"Fault": fault("610")}, 400)) as w:
        result = send(
            w, write("0", Operation.UPDATE, object_, id="1", expected=version("0"), body=body)
        ).results[0]
    assert result.failure is not None
    assert result.failure.kind is kind


def test_batches_of_thirty_and_never_two_writes_of_one_record() -> None:
    with world(ok({})) as w:
        writes = [creation(str(n)) for n in range(31)]
        assert [len(group) for group in w.client.calls(writes)] == [30, 1]
        same = [write(str(n), Operation.UPDATE, id="1", expected=version("0")) for n in range(2)]
        assert [len(group) for group in w.client.calls(same)] == [1, 1]
        for bad in (writes, same, [creation("0"), creation("0")], [creation("12345678901")]):
            with pytest.raises(ValueError, match=r"one|ref"):
                send(w, *bad)
        with pytest.raises(ValueError, match="request id"):
            send(w, creation("0"), request_id="r" * 37)
        assert w.stub.seen == []


def test_the_same_writes_give_the_same_bytes_also_from_a_stored_intent() -> None:
    one = write("0", body={"DisplayName": "Zoë", "Balance": Decimal("10.50")})
    again = write("0", body=dict(reversed(jsonwire.decode(jsonwire.encode(one.body)).items())))
    with world(ok({})) as w:
        pair = [one, creation("1")]
        assert w.client.compose(pair) == w.client.compose([again, creation("1")])
        assert b'"Balance":10.50,"DisplayName":"Zo\\u00eb"' in w.client.compose(pair)


# --- when calls fail


def test_a_refused_token_is_renewed_once_and_the_identical_call_sent_again() -> None:
    refused = Reply(401, reference("quickbooks/fault.401_token_expired.json").read_bytes())
    good = ok(
        {"BatchItemResponse": [{"bId": str(n), "Customer": customer(str(n))} for n in range(2)], "time": TIME}
    )
    with world(refused, good) as w:
        results = send(w, creation("0"), creation("1", "B")).results
        first, second = w.stub.seen
    assert [r.status for r in results] == [WriteStatus.APPLIED] * 2
    assert (first.headers.pop("Authorization"), second.headers.pop("Authorization")) == (
        "Bearer token0",
        "Bearer token1",
    )
    assert first == second


def test_a_fresh_token_that_is_not_known_everywhere_yet_gets_a_second_chance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(quickbooks_client_module, "SECOND_CHANCE_S", 0.001)
    with world(ok({}, 401), ok({}, 401), customers()) as w:
        w.client.query("SELECT * FROM Customer")
        assert (len(w.stub.seen), w.vault.renewals) == (3, 1)


def test_a_lasting_refusal_leaves_the_write_unsent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quickbooks_client_module, "SECOND_CHANCE_S", 0.001)
    refused = Reply(401, reference("quickbooks/fault.401_token_expired.json").read_bytes())
    with world(refused, tokens=5) as w:
        result = send(w, creation("0"))
        assert (len(w.stub.seen), w.vault.renewals) == (3, 1)
    assert result.failure is not None
    assert (result.results[0].status, result.failure.kind, result.failure.code) == (
        WriteStatus.NOT_SENT,
        FailureKind.AUTH,
        "qbo.3200",
    )


XML_THROTTLE = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><IntuitResponse time="2016-01-01T00:00:00.000-08:00" '
    b'xmlns="http://schema.intuit.com/finance/v3"><Fault type="SERVICE"><Error code="3001"><Message>message='
    b"ThrottleExceeded; errorCode=003001; statusCode=429</Message><Detail>The request limit was reached.</Detail>"
    b"</Error></Fault></IntuitResponse>"
)

JSON_THROTTLE = (
    b'{"Fault":{"Error":[{"Message":"message=ThrottleExceeded; errorCode=003001; statusCode=429",'
    b'"code":"003001"}],"type":"SERVICE"}}'
)


@pytest.mark.parametrize("status", [429, 403])
@pytest.mark.parametrize(
    "body",
    [
        XML_THROTTLE,
        JSON_THROTTLE,
    ],
)
def test_a_throttle_is_known_in_every_spelling(status: int, body: bytes) -> None:
    with world(Reply(status, body)) as w:
        result = send(w, creation("0"), creation("1", "B"))
        assert w.slots.throttles == [60.0]
    assert result.failure is not None
    assert (result.failure.kind, result.failure.code) == (FailureKind.THROTTLED, "qbo.3001")
    assert [r.status for r in result.results] == [WriteStatus.NOT_SENT] * 2


def test_a_throttle_without_a_readable_body_is_told_by_its_status_and_names_the_time() -> None:
    with world(Reply(429, b"", {"Retry-After": "7"})) as w, pytest.raises(ConnectorError) as caught:
        w.client.query("SELECT * FROM Customer")
    assert (caught.value.failure.kind, caught.value.failure.retry_after) == (FailureKind.THROTTLED, 7.0)


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(cut=True), "net.reset"),
        (Reply(504, b"<html>gateway</html>"), "qbo.http_504"),
        (Reply(500, b'{"Fault":{"Error":[{"Message":"x","code":"10000"}]}}'), "qbo.10000"),
        (Reply(200, b"<html>hello</html>"), "net.unreadable"),
        (Reply(200, b'{"time":"2026-01-01T00:00:00Z"}'), "net.unreadable"),
    ],
)
def test_a_write_whose_answer_is_lost_is_of_unknown_outcome_and_sent_once(reply: Reply, code: str) -> None:
    with world(reply) as w:
        result = send(w, creation("0"), creation("1", "B"))
        assert len(w.stub.seen) == 1
    assert result.failure is not None
    assert (result.failure.kind, result.failure.code) == (FailureKind.UNKNOWN_WRITE, code)
    assert [r.status for r in result.results] == [WriteStatus.UNKNOWN] * 2


def test_the_recorded_system_failure_of_a_lone_write_is_of_unknown_outcome() -> None:
    with world(Reply(400, reference("quickbooks/fault.400_10000_system.json").read_bytes())) as w:
        result = send(w, creation("0"))
    assert result.results[0].status is WriteStatus.UNKNOWN


def test_a_batch_refused_as_a_whole_says_so() -> None:
    with world(ok({"Fault": fault("1040", "Batch size exceeds allowed limit")}, 400)) as w:
        result = send(w, creation("0"), creation("1", "B"))
    assert [r.status for r in result.results] == [WriteStatus.REFUSED] * 2
    assert result.failure is not None
    assert result.failure.code == "qbo.1040"


def test_keys_of_the_other_environment_are_not_healed_by_a_refresh() -> None:
    with world(Reply(403, reference("quickbooks/fault.403_3100_authorization.json").read_bytes())) as w:
        with pytest.raises(ConnectorError) as caught:
            w.client.company_info()
        assert (len(w.stub.seen), w.vault.renewals) == (1, 0)
    assert (caught.value.failure.kind, caught.value.failure.code) == (FailureKind.AUTH, "qbo.3100")


def test_a_fault_inside_a_good_status_is_read() -> None:
    answer = ok({"time": TIME, "padding": "x" * 300, "Fault": fault("6000", "Business")})
    with world(answer) as w, pytest.raises(ConnectorError, match=r"qbo\.6000"):
        w.client.query("SELECT * FROM Customer")


def test_a_stale_lone_update_is_a_conflict_with_its_request_id() -> None:
    stale = Reply(
        400, reference("quickbooks/fault.400_5010_stale.json").read_bytes(), {"intuit_tid": "tid-9"}
    )
    with world(stale) as w:
        result = send(w, write(operation=Operation.UPDATE, id="1", expected=version("0"))).results[0]
    assert result.failure is not None
    assert (result.failure.kind, result.failure.request_id) == (FailureKind.CONFLICT, "tid-9")


# --- beside the fields of a document


def test_a_document_is_sent_by_an_empty_octet_stream_and_never_twice_by_itself() -> None:
    with world(ok({"Invoice": {"Id": "42", "EmailStatus": "EmailSent"}, "time": TIME})) as w:
        w.client.send("Invoice", "42")
        assert (w.sent.method, w.path, w.sent.body) == ("POST", "/v3/company/9/invoice/42/send", b"")
        assert w.sent.headers["Content-Type"] == "application/octet-stream"
    with world(Reply(cut=True)) as w:
        with pytest.raises(ConnectorError):
            w.client.send("Invoice", "42")
        assert len(w.stub.seen) == 1


def test_a_pdf_is_given_as_it_came_and_a_fault_in_its_place_is_told() -> None:
    with world(Reply(200, b"%PDF-1.4 ...", {"Content-Type": "application/pdf"})) as w:
        assert w.client.pdf("Invoice", "42") == b"%PDF-1.4 ..."
        assert (w.sent.method, w.path) == ("GET", "/v3/company/9/invoice/42/pdf")
        assert w.sent.headers["Accept"] == "application/pdf"
    with world(ok({"Fault": fault("610")}, status=400)) as w, pytest.raises(ConnectorError) as caught:
        w.client.pdf("Invoice", "42")
    assert caught.value.failure.code == "qbo.610"
