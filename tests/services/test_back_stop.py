"""Every notice of a day is lost: the readings that need no notice find all of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from portal.people.models import Role
from syncapp import queue, tasks
from syncapp.models import Connection, Delivery, MissedNotice
from syncapp.services import sweep
from syncapp.store import bulk, clock
from tests.services.notices import an_event, deliver
from tests.services.sales import DOCUMENTS, a_product, an_opportunity, document
from tests.services.spine import Spine, a_spine
from tests.web.builders import a_browser

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@contextmanager
def later(by: timedelta) -> Iterator[None]:
    """The database's clock shows another time."""
    bulk.execute("select set_config('app.now', %s, false)", [(clock.now() + by).isoformat()])
    try:
        yield
    finally:
        bulk.execute("select set_config('app.now', '', false)")


def ring_and_read() -> None:
    """Read everything that is due now, as the workers would."""
    rung: list[tuple[str, str]] = []
    looks: list[dict[str, list[str]]] = []
    with (
        patch.object(queue, "capture", lambda connection, lane: rung.append((str(connection), lane))),
        patch.object(queue, "look", looks.append),
    ):
        sweep.ring_due_lanes()
    for asked in looks:
        tasks.look(asked)
    for connection, lane in rung:
        tasks.capture(connection, lane)


def clocks_go_on(spine: Spine, hours: int) -> None:
    """Of both services, which share one; ours is moved when the day is over."""
    spine.sim.quickbooks.post("clock", {"advance": hours * 3600})


def notices_came_until_now(spine: Spine) -> None:
    """One of each object, and what they named was read."""
    books = Connection.all_companies.get(company=spine.company, side="qbo")
    for name in ("Customer", "Item", "Invoice"):
        one = spine.booked(name)[0]
        assert books.app_credentials is not None
        books.app_credentials.verifier_token = "verifier-1"
        books.app_credentials.save()
        assert deliver(books.app_credentials, [an_event(books.remote_id, name, one["Id"])]) == 200
    bulk.execute("update syncapp_delivery set read_at = received_at")
    bulk.execute("update syncapp_cursor set hinted_at = null where lane = 'cdc'")


def pay(spine: Spine, invoice: dict[str, Any], amount: int) -> None:
    spine.book(
        "Payment",
        CustomerRef=invoice["CustomerRef"],
        TotalAmt=amount,
        Line=[{"Amount": amount, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}],
    )


def test_all_notices_of_a_day_are_lost_and_every_change_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[tuple[str, str]] = []
    looks: list[dict[str, list[str]]] = []
    monkeypatch.setattr(queue, "capture", lambda connection, lane: rung.append((str(connection), lane)))
    monkeypatch.setattr(queue, "look", looks.append)
    with a_spine() as spine:
        for n in range(3):
            spine.account(Name=f"Pine {n}")
        spine.first_load()
        spine.capture()
        for row in spine.customers():
            phone = {"FreeFormNumber": f"(555) 010-77{row['Id'].zfill(2)[-2:]}"}
            spine.customer(Id=row["Id"], SyncToken=row["SyncToken"], sparse=True, PrimaryPhone=phone)
        expected = {row["DisplayName"]: row["PrimaryPhone"]["FreeFormNumber"] for row in spine.customers()}

        with later(timedelta(hours=24)):
            sweep.ring_due_lanes()
        assert {lane for _, lane in rung} == {"nightly", "cdc"}
        assert [sorted(lanes) for asked in looks for lanes in asked.values()] == [["fast", "trailing"]]
        for asked in looks:
            tasks.look(asked)
        for connection, lane in rung:
            tasks.capture(connection, lane)
        spine.carry()

        assert {row["Name"]: row["Phone"] for row in spine.accounts("Name, Phone")} == expected
        assert Delivery.objects.count() == 0


def test_a_day_without_any_notice_is_made_good_for_every_object_and_counted() -> None:
    """Edits of all mapped objects, hours apart; the webhooks had worked before, so their silence is told."""
    with a_spine(recipes=DOCUMENTS, template="bidirectional") as spine:
        entry = a_product(spine, "Cedar bench", "CB", 100)
        made = an_opportunity(
            spine, "Spring order", {"PricebookEntryId": entry, "Quantity": 2, "UnitPrice": 100}
        )
        for n in range(3):
            spine.account(Name=f"Pine {n}")
        spine.first_load()
        spine.sync()
        spine.sync()
        notices_came_until_now(spine)

        clocks_go_on(spine, hours=7)
        for n in range(3):
            spine.edit_customer(f"Pine {n}", PrimaryPhone={"FreeFormNumber": f"(555) 010-880{n}"})
        clocks_go_on(spine, hours=7)
        item = next(row for row in spine.booked("Item") if row["Name"] == "Cedar bench")
        spine.book("Item", Id=item["Id"], SyncToken=item["SyncToken"], sparse=True, UnitPrice=120)
        clocks_go_on(spine, hours=7)
        pay(spine, document(spine), 50)

        with later(timedelta(hours=24)):
            ring_and_read()
            spine.carry()
            missed = {row.object: row.count for row in MissedNotice.all_companies.all()}

        phones = {row["Name"]: row["Phone"] for row in spine.accounts("Name, Phone")}
        assert phones == {"Acme": None} | {f"Pine {n}": f"(555) 010-880{n}" for n in range(3)}
        assert spine.row("PricebookEntry", entry)["UnitPrice"] == 120
        assert spine.row("Opportunity", made)["QBO_Balance__c"] == 150
        assert missed == {"Customer": 4, "Item": 1, "Invoice": 1}  # the payer's balance is a change too
        page = a_browser(Role.VIEWER, spine.company).get("/lag/").content.decode()
        assert "Found although no notice came" in page
        assert [name in page for name in missed] == [True] * 3
