"""What a webhook notice sets off: one reading of the changes per burst, nothing lost, nothing taken from the notice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.test import override_settings

from connectors.errors import ConnectorError, Failure, FailureKind
from syncapp import tasks
from syncapp.models import AppCredentials, Connection, Cursor, Delivery, MissedNotice, ReferenceEntry
from syncapp.services import reference_lists, sweep
from syncapp.services.timing import current_timing
from syncapp.store import aliases, bulk, clock
from syncapp.tenancy import tenant
from tests.services.notices import an_event, deliver
from tests.services.spine import Spine, a_spine

MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine() as made, override_settings(TIMING_DIVISOR=40):
        app = app_of(made)
        app.verifier_token = made.sim.quickbooks.credentials()["webhook_verifier_token"]
        app.save()
        yield made


def books(spine: Spine) -> Connection:
    return Connection.all_companies.get(company=spine.company, side="qbo")


def app_of(spine: Spine) -> AppCredentials:
    app = books(spine).app_credentials
    assert app is not None
    return app


def notice(spine: Spine, entity: str, id_: str, operation: str = "updated", **more: str) -> int:
    return deliver(app_of(spine), [an_event(books(spine).remote_id, entity, id_, operation, **more)])


def wait_and_read(spine: Spine) -> None:
    """What a worker does that was rung when the first notice of the burst came."""
    deadline = time.monotonic() + 5
    while Delivery.objects.filter(read_at=None).exists() and time.monotonic() < deadline:
        tasks.read_notices(str(books(spine).pk))
        time.sleep(0.02)
    spine.carry()


def unread(spine: Spine) -> int:
    return Delivery.objects.filter(connection=books(spine), read_at=None).count()


def calls(spine: Spine) -> dict[str, int]:
    made = spine.sim.quickbooks.get("calls")["calls"]
    return {f"{row['method']} {row['endpoint']}": row["count"] for row in made}


def test_a_burst_of_notices_costs_one_reading_and_reaches_salesforce(spine: Spine) -> None:
    account = spine.account(Name="Blue Pine Catering")
    spine.account(Name="Red Fir Catering")
    spine.first_load()
    changed = spine.edit_customer("Blue Pine Catering", PrimaryPhone={"FreeFormNumber": "(555) 010-2222"})
    other = spine.edit_customer("Red Fir Catering", Notes="Pays late")
    before = calls(spine)

    answers = [notice(spine, "Customer", row["Id"]) for row in (changed, other, changed)]
    wait_and_read(spine)

    assert answers == [200, 200, 200]
    assert spine.read_account(account)["Phone"] == "(555) 010-2222"
    after = calls(spine)
    spent = {name: count - before.get(name, 0) for name, count in after.items() if "cdc" in name.lower()}
    assert sum(spent.values()) == 1
    assert Delivery.objects.filter(read_at=None).count() == 0


def test_a_delivery_costs_two_statements_however_many_records_it_names(
    spine: Spine, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    realm = books(spine).remote_id
    spine.first_load()
    events = [an_event(realm, "Customer", str(number)) for number in range(1, 60)]
    app = app_of(spine)
    stored: list[int] = []
    kept = bulk.fetch_often
    monkeypatch.setattr(bulk, "fetch_often", lambda *given: stored.append(1) or kept(*given))
    with django_assert_num_queries(1):  # the app's token; what stores goes past Django's own cursors
        assert deliver(app, events) == 200
    assert len(stored) == 1
    assert Delivery.objects.count() == 59


def test_a_burst_puts_its_reading_off_without_writing_the_lane_each_time(spine: Spine) -> None:
    spine.first_load()
    lane = Cursor.all_companies.filter(lane="cdc", object="Customer")
    with override_settings(TIMING_DIVISOR=1), tenant(spine.company.pk):
        notice(spine, "Customer", "1")
        first = lane.get().next_at
        notice(spine, "Customer", "2")
        again = lane.get().next_at
        bulk.execute("update syncapp_cursor set next_at = next_at - interval '1 second' where lane = 'cdc'")
        notice(spine, "Customer", "3")
        later = lane.get().next_at
    assert first is not None
    assert later is not None
    assert (again, later > first) == (first, True)


def test_the_same_event_is_stored_once_and_an_event_id_of_another_company_is_its_own(spine: Spine) -> None:
    """C15: the sender had no answer and sends again."""
    spine.account(Name="Blue Pine Catering")
    spine.first_load()
    event = an_event(books(spine).remote_id, "Customer", "1", event="e-1")

    assert [deliver(app_of(spine), [event, event]), deliver(app_of(spine), [event])] == [200, 200]
    assert Delivery.objects.count() == 1


def test_the_old_format_is_understood_and_its_repeats_are_folded(spine: Spine) -> None:
    spine.account(Name="Blue Pine Catering")
    spine.first_load()
    body = {
        "eventNotifications": [
            {
                "realmId": books(spine).remote_id,
                "dataChangeEvent": {
                    "entities": [
                        {
                            "id": "1",
                            "operation": "Update",
                            "name": "Customer",
                            "lastUpdated": "2026-11-01T10:00:00-0700",
                        }
                    ]
                },
            }
        ]
    }

    assert [deliver(app_of(spine), body), deliver(app_of(spine), body)] == [200, 200]
    assert list(Delivery.objects.values_list("object", "remote_id", "operation")) == [
        ("Customer", "1", "update")
    ]


def test_unknown_companies_unread_objects_and_objects_switched_off_leave_nothing(spine: Spine) -> None:
    spine.account(Name="Blue Pine Catering")
    spine.first_load()
    Connection.all_companies.filter(pk=books(spine).pk).update(notices_off=["Customer"])
    realm = books(spine).remote_id

    answer = deliver(
        app_of(spine),
        [
            an_event("999999", "Customer", "1"),
            an_event(realm, "Customer", "1"),
            an_event(realm, "Budget", "1"),
            an_event(realm, "Customer", "\u0000"),
            {"nonsense": True},
        ],
    )

    assert (answer, Delivery.objects.count()) == (200, 0)


def test_a_change_that_the_reading_does_not_bring_is_read_by_its_id(spine: Spine) -> None:
    """A notice may be faster than change capture: what it names is looked up then."""
    spine.first_load()
    made = spine.customer(DisplayName="Late in change capture")
    notice(spine, "Customer", made["Id"], "created")

    with patch("connectors.quickbooks.client.QuickBooksClient.changes", return_value=iter(())):
        wait_and_read(spine)

    assert [row["Name"] for row in spine.accounts()] == ["Late in change capture"]


def test_a_merge_makes_the_loser_mean_the_winner(spine: Spine) -> None:
    spine.account(Name="Blue Pine Catering")
    spine.account(Name="Cedar Supply")
    spine.first_load()
    winner, loser = spine.customer_named("Blue Pine Catering"), spine.customer_named("Cedar Supply")

    notice(spine, "Customer", winner["Id"], "merged", deletedid=loser["Id"])
    wait_and_read(spine)

    with tenant(spine.company.pk):
        found = aliases.winners(books(spine).pk, "Customer", [loser["Id"]])
    assert found == {loser["Id"]: winner["Id"]}


def test_a_notice_whose_reader_died_is_rung_for_again(spine: Spine) -> None:
    """C16: the stored row is the duty, not the message."""
    account = spine.account(Name="Blue Pine Catering")
    spine.first_load()
    changed = spine.edit_customer("Blue Pine Catering", PrimaryPhone={"FreeFormNumber": "(555) 010-2222"})
    notice(spine, "Customer", changed["Id"])
    # The reader took the lane, and it died after the next reading had been set far ahead.
    Cursor.all_companies.filter(lane="cdc").update(hinted_at=None)
    bulk.execute("update syncapp_cursor set next_at = lb_now() + interval '1 hour' where lane = 'cdc'")
    bulk.execute("update syncapp_delivery set received_at = received_at - interval '40 seconds'")

    assert sweep.sweep()["notices"] == 1
    wait_and_read(spine)

    assert spine.read_account(account)["Phone"] == "(555) 010-2222"


def test_what_no_notice_named_is_found_by_the_back_stop_and_counted(spine: Spine) -> None:
    account = spine.account(Name="Blue Pine Catering")
    spine.first_load()
    notice(spine, "Customer", spine.customer_named("Blue Pine Catering")["Id"])
    wait_and_read(spine)
    spine.edit_customer("Blue Pine Catering", PrimaryPhone={"FreeFormNumber": "(555) 010-9999"})
    bulk.execute("update syncapp_delivery set received_at = received_at - interval '2 hours'")

    with patch("syncapp.services.deliveries.MAY_STILL_BE_NAMED", new=-MINUTE):
        spine.sync()

    assert spine.read_account(account)["Phone"] == "(555) 010-9999"
    assert list(MissedNotice.all_companies.values_list("object", "count")) == [("Customer", 1)]


@pytest.mark.parametrize(("quiet", "hours"), [(timedelta(hours=2), 1), (timedelta(hours=13), 4)])
def test_the_back_stop_reads_every_hour_and_every_four_where_nothing_happens(
    spine: Spine, quiet: timedelta, hours: int
) -> None:
    """Reads are metered; what notices lose is found by then."""
    spine.account(Name="Blue Pine Catering")
    spine.first_load()
    spine.sim.quickbooks.post("clock", {"advance": 5})  # what the first load wrote is settled
    tasks.capture(str(books(spine).pk), "cdc")  # the echoes of the first load
    lane = Cursor.all_companies.filter(lane="cdc", object="Customer")
    lane.update(last_news_at=clock.now() - quiet)

    tasks.capture(str(books(spine).pk), "cdc")

    with tenant(spine.company.pk):
        ahead = lane.get().next_at - clock.now()
    assert abs(ahead - timedelta(hours=hours)) < MINUTE


def test_the_simulators_own_webhooks_are_understood(spine: Spine) -> None:
    """The signature and the bodies as the stand-in makes them, through the real door."""
    from django.test import Client

    spine.account(Name="Blue Pine Catering")
    spine.first_load()
    received: list[Any] = []

    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    from threading import Thread

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((body, self.headers["intuit-signature"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        spine.sim.quickbooks.post("webhooks", {"url": f"http://127.0.0.1:{server.server_port}/"})
        spine.edit_customer("Blue Pine Catering", Notes="Pays late")
        deadline = time.monotonic() + 20
        while not received and time.monotonic() < deadline:
            spine.sim.quickbooks.post("clock", {"advance": 5})
            time.sleep(0.1)
    finally:
        server.shutdown()
    (raw, signature), *_ = received
    answer = Client().post(
        f"/hooks/quickbooks/{app_of(spine).pk}",
        data=raw,
        content_type="application/json",
        headers={"intuit-signature": signature},
    )

    assert answer.status_code == 200
    assert Delivery.objects.values_list("object", flat=True).distinct().get() == "Customer"


def test_a_notice_of_changed_settings_renews_them_at_once(spine: Spine) -> None:
    """Settings are in no reading of changes: without the notice they are asked for twice a day."""
    spine.account(Name="Blue Pine Catering")
    spine.first_load()
    row = books(spine)
    row.facts = {**row.facts, "closing_date": "2026-10-31", "books_at": clock.now().isoformat()}
    row.save(update_fields=["facts"])
    found = spine.qbo("GET", "query?query=select%20*%20from%20Preferences")["QueryResponse"]["Preferences"][0]
    spine.qbo("POST", "preferences", {**found, "AccountingInfoPrefs": {"BookCloseDate": "2026-09-30"}})

    assert notice(spine, "Preferences", "1") == 200
    wait_and_read(spine)

    assert (books(spine).facts["closing_date"], unread(spine)) == ("2026-09-30", 0)


def test_a_notice_of_settings_stays_open_until_they_could_be_read(spine: Spine) -> None:
    spine.first_load()
    notice(spine, "Preferences", "1")
    down = ConnectorError(Failure(FailureKind.TRANSIENT, "net.timeout"))
    with patch("connectors.quickbooks.client.QuickBooksClient.preferences", side_effect=down):
        time.sleep(current_timing().notice_debounce)
        tasks.read_notices(str(books(spine).pk))
    assert unread(spine) == 1


def test_lists_that_have_become_old_are_read_again_beside_the_changes(spine: Spine) -> None:
    spine.first_load()
    with tenant(spine.company.pk):
        reference_lists.refresh_all(books(spine), ["Term"])
    bulk.execute("update syncapp_referencelist set next_at = lb_now() - interval '1 minute'")
    spine.book("Term", Name="Net 45", DueDays=45)

    spine.sync()

    assert "Net 45" in set(
        ReferenceEntry.all_companies.filter(list__entity="Term").values_list("name", flat=True)
    )
