"""Notifications: signed, gathered, in both formats, repeated until acknowledged (quickbooks.md section 6)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time

from connectors.simulator.testing import Simulator, simulator
from tests.shared import recorded
from tests.simulator.quickbooks.receiver import endpoint_for, subscribe
from tests.simulator.wire_client import Books


def test_cloud_events_are_signed_over_the_raw_body(empty_sim: Simulator) -> None:
    with endpoint_for() as endpoint:
        books = subscribe(empty_sim, endpoint)
        made = books.post("customer", {"DisplayName": "Seen"})
        (events,) = endpoint.wait(1)
    headers, body = endpoint.deliveries[0]
    token = books.credentials["webhook_verifier_token"]
    digest = hmac.new(token.encode(), body, hashlib.sha256).digest()
    shape = recorded("quickbooks/webhook.cloudevents_one.json")[0]
    assert headers["intuit-signature"] == base64.b64encode(digest).decode()
    assert [set(event) for event in events] == [set(shape)]
    assert (events[0]["type"], events[0]["intuitentityid"], events[0]["intuitaccountid"]) == (
        "qbo.customer.created.v1",
        made["Id"],
        books.credentials["realm_id"],
    )


def test_the_legacy_format_groups_by_company(empty_sim: Simulator) -> None:
    with endpoint_for() as endpoint:
        books = subscribe(empty_sim, endpoint, format="legacy")
        books.post("customer", {"DisplayName": "One"})
        Books.of(empty_sim, 1).post("vendor", {"DisplayName": "Two"})
        (body,) = endpoint.wait(1)
    shape = recorded("quickbooks/webhook.legacy_two_realms.json")
    assert set(body) == set(shape)
    assert len(body["eventNotifications"]) == 2
    entity = body["eventNotifications"][0]["dataChangeEvent"]["entities"][0]
    assert set(entity) == set(shape["eventNotifications"][0]["dataChangeEvent"]["entities"][0])
    assert (entity["name"], entity["operation"]) == ("Customer", "Create")


def test_quick_changes_of_one_record_become_one_event(empty_sim: Simulator) -> None:
    with endpoint_for() as endpoint:
        books = subscribe(empty_sim, endpoint)
        made = books.post("customer", {"DisplayName": "Busy"})
        for number in range(5):
            made = books.change("customer", made, Notes=str(number))
        (events,) = endpoint.wait(1)
    assert [event["type"] for event in events] == ["qbo.customer.created.v1"]


def test_an_unacknowledged_delivery_comes_again_and_holds_back_later_ones(empty_sim: Simulator) -> None:
    with endpoint_for(500, 500, 200) as endpoint:
        books = subscribe(empty_sim, endpoint)
        books.post("customer", {"DisplayName": "First"})
        endpoint.wait(1)
        books.post("customer", {"DisplayName": "Second"})
        bodies = endpoint.wait(4)
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[3] != bodies[0]


def test_the_published_schedule_is_followed_by_a_moved_clock(empty_sim: Simulator) -> None:
    with endpoint_for(500, 500, 200) as endpoint:
        books = subscribe(empty_sim, endpoint)
        empty_sim.quickbooks.post("knobs", {"webhook_retry_scale": 1})
        books.post("customer", {"DisplayName": "Patient"})
        for attempt in (1, 2, 3):
            endpoint.wait(attempt)
            assert len(endpoint.deliveries) == attempt
            empty_sim.quickbooks.post("clock", {"advance": 12 * 3600})


#: 10 s, 20 s, 30 s, 5 min, 20 min, 2 h, 4 h, 6 h, then every 6 h (quickbooks.md 6.5).
_SCHEDULE = (10, 20, 30, 5 * 60, 20 * 60, 2 * 3600, 4 * 3600, 6 * 3600, 6 * 3600)
_A_LOOK = 0.15


def test_each_wait_of_the_published_schedule_is_kept_to_the_second_however_slow_the_answer(
    empty_sim: Simulator,
) -> None:
    side = empty_sim.quickbooks
    with endpoint_for(500) as endpoint:
        endpoint.answers_after = _A_LOOK
        books = subscribe(empty_sim, endpoint)
        side.post("knobs", {"webhook_retry_scale": 1})
        books.post("customer", {"DisplayName": "Stubborn"})
        endpoint.wait(1)
        side.post("clock", {"freeze": True})
        for attempt, seconds in enumerate(_SCHEDULE, 1):
            side.post("clock", {"advance": seconds - 2})
            time.sleep(_A_LOOK)
            assert len(endpoint.deliveries) == attempt
            side.post("clock", {"advance": 2})
            endpoint.wait(attempt + 1)


def test_events_can_be_dropped_doubled_and_limited_to_entities(empty_sim: Simulator) -> None:
    with endpoint_for() as endpoint, endpoint_for() as silent, endpoint_for() as vendors:
        books = subscribe(empty_sim, endpoint, duplicate=1)
        empty_sim.quickbooks.post("webhooks", {"url": silent.url, "drop": 1})
        empty_sim.quickbooks.post("webhooks", {"url": vendors.url, "entities": ["Vendor"]})
        books.post("customer", {"DisplayName": "Twice"})
        first, second = endpoint.wait(2)
        books.post("vendor", {"DisplayName": "Only this"})
        (events,) = vendors.wait(1)
    assert first[0]["intuitentityid"] == second[0]["intuitentityid"]
    assert [event["type"] for event in events] == ["qbo.vendor.created.v1"]
    assert silent.deliveries == []


def test_a_deactivation_is_an_update_or_a_deletion_as_the_switch_says(empty_sim: Simulator) -> None:
    with endpoint_for() as endpoint:
        books = subscribe(empty_sim, endpoint)
        empty_sim.quickbooks.post("knobs", {"deactivation_event": "Delete"})
        made = books.post("customer", {"DisplayName": "Leaving"})
        endpoint.wait(1)
        books.change("customer", made, Active=False)
        bodies = endpoint.wait(2)
    assert bodies[1][0]["type"] == "qbo.customer.deleted.v1"


def test_a_merge_names_the_survivor_and_the_loser(empty_sim: Simulator) -> None:
    with endpoint_for() as endpoint:
        books = subscribe(empty_sim, endpoint)
        keep, lose = (books.post("customer", {"DisplayName": name})["Id"] for name in ("Keep", "Lose"))
        endpoint.wait(1)
        names = {"realm_id": books.credentials["realm_id"], "entity": "Customer", "keep": keep, "lose": lose}
        empty_sim.quickbooks.post("merge", names)
        event = endpoint.wait(2)[1][0]
    assert (event["type"], event["intuitentityid"], event["data"]) == (
        "qbo.customer.merged.v1",
        keep,
        {"deletedid": lose},
    )


def test_a_sent_document_a_setting_and_a_currency_are_told_and_rates_files_and_tax_codes_are_not(
    empty_sim: Simulator,
) -> None:
    with endpoint_for() as endpoint:
        books, abroad = subscribe(empty_sim, endpoint), Books.of(empty_sim, 2)
        payer = books.post("customer", {"DisplayName": "Payer"})["Id"]
        line = {
            "Amount": 5,
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
        }
        sent = {"CustomerRef": {"value": payer}, "Line": [line], "BillEmail": {"Address": "a@example.com"}}
        invoice = books.post("invoice", sent)
        endpoint.wait(1)
        empty_sim.quickbooks.post("clock", {"freeze": True})  # all that follows is one delivery
        octets = {"Content-Type": "application/octet-stream"}
        assert books.call("POST", f"invoice/{invoice['Id']}/send", b"", octets).status == 200
        books.post("attachable", {"Note": "A note"})
        rate = {"TaxRateName": "New", "RateValue": "8", "TaxAgencyId": "1", "TaxApplicableOn": "Sales"}
        books.call("POST", "taxservice/taxcode", {"TaxCode": "New", "TaxRateDetails": [rate]})
        books.change("preferences", books.get("preferences"), AccountingInfoPrefs={"TrackDepartments": False})
        abroad.post("companycurrency", {"Code": "JPY"})
        abroad.post("exchangerate", {"SourceCurrencyCode": "EUR", "Rate": 1.5, "AsOfDate": "2026-11-20"})
        empty_sim.quickbooks.post("clock", {"reset": True, "freeze": False})
        empty_sim.quickbooks.post("clock", {"advance": 60})
        told = {event["type"] for body in endpoint.wait(2)[1:] for event in body}
    assert told == {"qbo.invoice.emailed.v1", "qbo.preferences.updated.v1", "qbo.currency.created.v1"}


def test_a_void_and_a_deletion_have_events_of_their_own(empty_sim: Simulator) -> None:
    with endpoint_for() as endpoint:
        books = subscribe(empty_sim, endpoint, entities=["Payment"])
        customer = books.post("customer", {"DisplayName": "Payer"})["Id"]
        payment = books.post("payment", {"CustomerRef": {"value": customer}, "TotalAmt": 5})
        endpoint.wait(1)
        ids = {"Id": payment["Id"], "SyncToken": "0", "sparse": True}
        voided = books.post("payment?operation=update&include=void", ids)
        endpoint.wait(2)
        books.post("payment?operation=delete", {"Id": voided["Id"], "SyncToken": voided["SyncToken"]})
        bodies = endpoint.wait(3)
    kinds = [event["type"] for body in bodies for event in body]
    assert kinds == ["qbo.payment.created.v1", "qbo.payment.voided.v1", "qbo.payment.deleted.v1"]


def _told(seed: int) -> list[str]:
    """The ids of what a chancy subscription is told of the same thirty customers, in order."""
    with simulator(only="quickbooks", random_seed=seed) as sim, endpoint_for() as endpoint:
        sim.quickbooks.post("clock", {"freeze": True})
        books = subscribe(sim, endpoint, drop=0.3, duplicate=0.3, reorder=1)
        items = [
            {"bId": str(n), "operation": "create", "Customer": {"DisplayName": f"Pine {n}"}}
            for n in range(30)
        ]
        assert books.call("POST", "batch", {"BatchItemRequest": items}).status == 200
        sim.quickbooks.post("clock", {"advance": 5})
        bodies = endpoint.wait(2)  # what is told, and what is told again
    return [event["intuitentityid"] for body in bodies for event in body]


def test_what_is_dropped_doubled_and_shuffled_follows_the_seed() -> None:
    first = _told(7)
    assert first == _told(7) != _told(8)
    assert len(set(first)) < 30  # some were dropped
    assert len(first) > len(set(first))  # some came twice
    assert first != sorted(first, key=int)
