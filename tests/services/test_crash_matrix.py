"""A worker dies between two steps; the next one finds out what was done and does the rest (sync-semantics 12).

The steps are stopped in process at the boundary that a row of the matrix names: what a dead process leaves behind is
exactly what was committed until then. `tests/services/test_killed_workers.py` kills real processes at random.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from connectors.contracts import BatchAnswer, Priority, Side
from connectors.quickbooks.client import QuickBooksClient
from connectors.salesforce.client import SalesforceClient
from syncapp.models import (
    AuditEvent,
    BatchSend,
    Cursor,
    LinkWork,
    Observation,
    RecordLink,
    Run,
    RunState,
    WriteIntent,
)
from syncapp.services import capture, matching, prepare, recover, runs, sending, setup, sweep, sync
from syncapp.store import bulk
from syncapp.tasks import capture as capture_task
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

OPEN = ("planned", "sending", "unknown", "ask")
LATER = datetime(2100, 1, 1, tzinfo=UTC)


class Killed(BaseException):
    """The process ends here; nothing after this line runs."""


@dataclass
class Wire:
    """What left for the vendors: (side, request id, bytes) of every call that wrote."""

    sends: list[tuple[str, str, bytes]] = field(default_factory=list)

    def of(self, side: Side) -> list[tuple[str, str, bytes]]:
        return [one for one in self.sends if one[0] == side.value]


@pytest.fixture
def spine(settings: Any) -> Iterator[Spine]:
    settings.TIMING_DIVISOR = 40
    with a_spine() as made:
        yield made


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    seen = Wire()
    for client, side in ((QuickBooksClient, Side.QUICKBOOKS), (SalesforceClient, Side.SALESFORCE)):
        _listen(monkeypatch, client, side, seen)
    return seen


def _listen(monkeypatch: pytest.MonkeyPatch, client: Any, side: Side, seen: Wire) -> None:
    write = client.write

    def heard(self: Any, writes: Any, *, request_id: str, priority: Priority) -> BatchAnswer:
        seen.sends.append((side.value, request_id, self.compose(writes)))
        answer: BatchAnswer = write(self, writes, request_id=request_id, priority=priority)
        return answer

    monkeypatch.setattr(client, "write", heard)


def dies(place: Any, name: str, after: int = 0) -> pytest.MonkeyPatch:
    """From the call number `after` on, `place.name` ends the process instead of running. Undo it to live on."""
    patch, real, calls = pytest.MonkeyPatch(), getattr(place, name), [0]

    def end(*args: Any, **kwargs: Any) -> Any:
        calls[0] += 1
        if calls[0] > after:
            raise Killed(name)
        return real(*args, **kwargs)

    patch.setattr(place, name, end)
    return patch


def killed_at(place: Any, name: str, work: Callable[[], Any], after: int = 0) -> None:
    patch = dies(place, name, after)
    try:
        with pytest.raises(Killed):
            work()
    finally:
        patch.undo()


def carry() -> None:
    """One pass; it ends when nothing is due. The time is no limit that a busy machine comes near."""
    sync.carry(Priority.BULK, seconds=300)


def another_worker(spine: Spine) -> None:
    """The dead one's leases end, the sweeper comes by, others go on."""
    bulk.execute("update syncapp_linkwork set lease_until = lb_now() where lease_until is not null")
    bulk.execute("update syncapp_batchsend set lease_until = lb_now() where state = 'sending'")
    sweep.sweep()
    bulk.execute("update syncapp_batchsend set next_at = lb_now() where state = 'unknown'")
    spine.carry()


def loading(spine: Spine) -> Run:
    """A first load whose links are due and nobody has begun."""
    spine.scan()
    with tenant(spine.company.pk):
        run = setup.switch_on(spine.integration, spine.person)
    prepare.prepare(run.pk)
    return run


def everything_is_in_step(
    spine: Spine, after: tuple[int, int], writes: int, before: frozenset[UUID] = frozenset()
) -> None:
    """All links in step, nothing open, nothing twice, the trail complete, and a second pass writes nothing.

    `writes` is how many writes the vendors accepted from us since `after`: each has exactly one row in the trail.
    `before` are our writes until then (`written_so_far`).
    """
    log = spine.writes(after)
    assert len(log) == writes
    assert Counter((link.lifecycle, link.attention) for link in spine.links) == {
        ("linked", "none"): len(spine.links)
    }
    assert WriteIntent.all_companies.filter(state__in=OPEN).count() == 0
    assert BatchSend.all_companies.filter(state__in=OPEN).count() == 0
    assert LinkWork.all_companies.count() == 0
    rows = AuditEvent.all_companies.exclude(intent=None).exclude(intent__in=before)
    trail = Counter(rows.values_list("side", "remote_id").order_by())
    told = Counter((_side(entry), entry["id"]) for entry in log)
    assert trail == told
    applied = WriteIntent.all_companies.filter(state="applied").exclude(pk__in=before)
    assert set(rows.values_list("intent", flat=True)) == set(applied.values_list("pk", flat=True))
    names = Counter(row["DisplayName"] for row in spine.customers())
    assert {name: count for name, count in names.items() if count > 1} == {}
    mark = spine.mark()
    spine.sync()
    assert spine.writes(mark) == []


def written_so_far() -> frozenset[UUID]:
    return frozenset(WriteIntent.all_companies.values_list("pk", flat=True))


def _side(entry: dict[str, Any]) -> str:
    return "qbo" if entry["object"] == "Customer" else "sf"


# --- creating in QuickBooks: C1 to C7 --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "name", "open_states"),
    [
        (sync.deciding, "decide_slice", set()),
        (sync.sending, "send", {"planned"}),
        (sending, "_call", {"sending"}),
        (sending, "settle", {"sending"}),
        (sync, "_follow_up", set()),
    ],
    ids=["C1 read", "C2 planned", "C3 sending", "C5 answered", "C7 result stored"],
)
def test_a_worker_that_dies_while_creating_leaves_one_customer_per_account(
    spine: Spine, wire: Wire, place: Any, name: str, open_states: set[str]
) -> None:
    for n in range(4):
        spine.account(Name=f"Pine {n}")
    mark = spine.mark()
    run = loading(spine)

    killed_at(place, name, carry)

    assert (
        set(WriteIntent.all_companies.filter(state__in=OPEN).values_list("state", flat=True)) == open_states
    )
    another_worker(spine)
    run.refresh_from_db()
    assert (run.state, run.created_count) == (RunState.DONE, 4)
    everything_is_in_step(spine, mark, writes=8)


def test_what_is_sent_again_is_the_same_to_the_byte_under_the_same_number(spine: Spine, wire: Wire) -> None:
    for n in range(4):
        spine.account(Name=f"Pine {n}")
    loading(spine)

    killed_at(sending, "settle", carry)
    another_worker(spine)

    first, again = wire.of(Side.QUICKBOOKS)
    assert first == again
    assert len({entry["id"] for entry in spine.sim.quickbooks.log()}) == 4


def test_a_planned_write_that_was_never_sent_is_decided_afresh(spine: Spine, wire: Wire) -> None:
    account = spine.account(Name="Pine")
    loading(spine)
    killed_at(sync.sending, "send", carry)
    spine.edit_account(account, Phone="(555) 010-7777")
    spine.capture()

    another_worker(spine)

    [sent] = wire.of(Side.QUICKBOOKS)
    assert b"010-7777" in sent[2]
    assert WriteIntent.all_companies.filter(state="superseded", side="qbo").count() == 1


def test_a_planned_write_of_a_half_link_that_ends_in_a_merge_is_given_up(spine: Spine, wire: Wire) -> None:
    loser, winner = spine.account(Name="Pine"), spine.account(Name="Birch")
    loading(spine)
    killed_at(sync.sending, "send", carry)
    merged = {"object": "Account", "action": "merge", "id": winner, "losers": [loser]}
    spine.sim.salesforce.post("records", merged)
    spine.capture()
    LinkWork.all_companies.filter(link__sf_id=winner).update(lease_until=None, due_at=LATER)

    another_worker(spine)

    assert [row["DisplayName"] for row in spine.customers()] == ["Birch"]
    states = WriteIntent.all_companies.filter(side="qbo").values_list("state", flat=True)
    assert sorted(states) == ["applied", "superseded", "superseded"]


# --- updates, both sides at once, batches: C6, C8 to C11 -------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "name"), [(sending, "_call"), (sending, "settle")], ids=["C3 sending", "C6 answered"]
)
def test_a_worker_that_dies_while_updating_a_customer_updates_it_once(
    spine: Spine, wire: Wire, place: Any, name: str
) -> None:
    account = spine.account(Name="Pine")
    spine.first_load()
    spine.edit_account(account, Phone="(555) 010-7777")
    spine.capture()
    before, mark = written_so_far(), spine.mark()

    killed_at(place, name, carry)
    another_worker(spine)

    assert spine.customers()[0]["PrimaryPhone"]["FreeFormNumber"] == "(555) 010-7777"
    everything_is_in_step(spine, mark, writes=1, before=before)


@pytest.mark.parametrize(
    ("place", "name"),
    [(sending, "_call"), (sending, "settle")],
    ids=["C3 sending", "C11 answered"],
)
def test_an_account_whose_update_was_not_recorded_is_read_and_found_in_step(
    spine: Spine, place: Any, name: str
) -> None:
    account = spine.account(Name="Pine")
    spine.first_load()
    spine.edit_customer("Pine", PrimaryPhone={"FreeFormNumber": "(555) 010-2222"})
    spine.capture()
    before, mark = written_so_far(), spine.mark()

    killed_at(place, name, spine.carry)
    another_worker(spine)

    assert spine.read_account(account)["Phone"] == "(555) 010-2222"
    everything_is_in_step(spine, mark, writes=1, before=before)


def test_an_account_made_for_a_customer_is_made_once_although_its_answer_was_lost(
    spine: Spine, wire: Wire
) -> None:
    for n in range(3):
        spine.customer(DisplayName=f"Birch {n}")
    mark = spine.mark()
    loading(spine)

    killed_at(sending, "settle", carry)
    another_worker(spine)

    assert len(wire.of(Side.SALESFORCE)) == 1
    assert sorted(row["Name"] for row in spine.accounts()) == [f"Birch {n}" for n in range(3)]
    assert Counter(entry["operation"] for entry in spine.sim.salesforce.log())["create"] == 3
    assert {link.lifecycle for link in spine.links} == {"linked"}
    second = spine.mark()
    spine.sync()
    assert spine.writes(second) == []
    assert mark < second


def test_what_somebody_typed_into_a_new_account_outlives_the_lost_answer_to_its_creation(
    spine: Spine,
) -> None:
    spine.customer(DisplayName="Birch")
    loading(spine)
    killed_at(sending, "settle", carry)
    (account,) = spine.accounts()
    spine.edit_account(account["Id"], Name="Red Birch")

    another_worker(spine)
    spine.sync()

    assert [row["Name"] for row in spine.accounts()] == ["Red Birch"]
    assert [row["DisplayName"] for row in spine.customers()] == ["Red Birch"]


def test_a_worker_that_dies_between_two_sides_of_one_record_writes_the_second_later(
    spine: Spine, wire: Wire
) -> None:
    account = spine.account(Name="Pine", Phone="(555) 010-1111")
    spine.first_load()
    spine.edit_account(account, Phone="(555) 010-7777")
    spine.edit_customer("Pine", BillAddr={"Line1": "1 Pine Way", "City": "Portland", "PostalCode": "97201"})
    spine.capture()
    before, mark = written_so_far(), spine.mark()

    killed_at(SalesforceClient, "stamps", spine.carry)
    since = WriteIntent.all_companies.exclude(pk__in=before)
    states = Counter(since.values_list("side", "state").order_by())
    another_worker(spine)

    assert states == {("qbo", "applied"): 1, ("sf", "planned"): 1}
    assert spine.customers()[0]["PrimaryPhone"]["FreeFormNumber"] == "(555) 010-7777"
    assert spine.read_account(account)["BillingCity"] == "Portland"
    everything_is_in_step(spine, mark, writes=2, before=before)


def test_an_edit_over_there_outlives_a_lost_answer_although_its_own_way_was_barred(
    spine: Spine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by the simulation: the answer to our write held somebody's edit, which had no write under way any more."""
    account = spine.account(Name="Pine")
    spine.first_load()
    spine.edit_account(account, Description="Pays late")
    spine.edit_customer("Pine", PrimaryPhone={"FreeFormNumber": "(555) 010-2222"})
    spine.capture()
    spine.sim.quickbooks.plan({"match": {"method": "POST", "path": "customer"}, "action": "reset_after"})
    stamps = SalesforceClient.stamps

    def edited_meanwhile(self: Any, object: str, ids: Any) -> Any:
        monkeypatch.setattr(SalesforceClient, "stamps", stamps)
        spine.edit_account(account, Website="https://pine.example.com")
        return stamps(self, object, ids)

    monkeypatch.setattr(SalesforceClient, "stamps", edited_meanwhile)
    spine.carry()
    another_worker(spine)
    spine.sync()

    assert spine.read_account(account)["Phone"] == "(555) 010-2222"
    [customer] = spine.customers()
    assert (customer["Notes"], customer["WebAddr"]["URI"]) == ("Pays late", "https://pine.example.com")


def test_a_write_whose_record_moved_before_it_left_leaves_no_batch_behind(
    spine: Spine, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = spine.account(Name="Pine")
    spine.first_load()
    spine.edit_customer("Pine", PrimaryPhone={"FreeFormNumber": "(555) 010-2222"})
    spine.capture()
    stamps = SalesforceClient.stamps

    def edited_meanwhile(self: Any, object: str, ids: Any) -> Any:
        monkeypatch.setattr(SalesforceClient, "stamps", stamps)
        spine.edit_account(account, Website="https://pine.example.com")
        return stamps(self, object, ids)

    monkeypatch.setattr(SalesforceClient, "stamps", edited_meanwhile)
    spine.carry()

    assert BatchSend.all_companies.filter(state__in=OPEN).count() == 0


def test_a_lost_batch_with_a_bad_item_records_the_good_ones_and_explains_the_bad_one(
    spine: Spine, wire: Wire
) -> None:
    spine.vendor(DisplayName="Cedar Supply")
    for name in ("Cedar Supply", "Pine 0", "Pine 1"):
        spine.account(Name=name)
    loading(spine)

    killed_at(sending, "settle", carry)
    another_worker(spine)

    first, again = wire.of(Side.QUICKBOOKS)[:2]
    assert first == again
    assert {link.name: link.attention for link in spine.links} == {
        "Cedar Supply": "data_error",
        "Pine 0": "none",
        "Pine 1": "none",
    }
    assert Counter(row["DisplayName"] for row in spine.customers()) == {"Pine 0": 1, "Pine 1": 1}
    assert LinkWork.all_companies.count() == 0


def test_a_lost_batch_that_is_refused_as_a_whole_blames_only_its_bad_record(spine: Spine) -> None:
    for n in range(4):
        spine.account(Name=f"Pine {n}")
    loading(spine)
    killed_at(sending, "_call", carry)
    spine.sim.quickbooks.plan(
        {"action": "fault", "code": "2020", "status": 400, "match": {"path": "/batch$"}, "nth": 1}
    )

    another_worker(spine)

    assert {link.attention for link in spine.links} == {"none"}
    assert len(spine.customers()) == 4


# --- capture: C14 ----------------------------------------------------------------------------------------------------


def test_a_page_of_changes_whose_cursor_was_not_stored_is_read_again_without_effect(spine: Spine) -> None:
    account = spine.account(Name="Pine")
    spine.first_load()
    spine.edit_account(account, Phone="(555) 010-7777")
    cursor = Cursor.all_companies.get(connection__company=spine.company, lane="fast")
    connection = str(cursor.connection_id)
    patch, real = pytest.MonkeyPatch(), capture.take_in

    def stored_then_killed(*args: Any, **kwargs: Any) -> int:
        real(*args, **kwargs)
        raise Killed("take_in")

    patch.setattr(capture, "take_in", stored_then_killed)
    with pytest.raises(Killed):
        capture_task(connection, "fast")
    patch.undo()

    assert LinkWork.all_companies.count() == 0
    assert Observation.all_companies.filter(fresh=True).count() == 0
    assert Cursor.all_companies.get(pk=cursor.pk).watermark == cursor.watermark
    spine.sync()
    assert spine.customers()[0]["PrimaryPhone"]["FreeFormNumber"] == "(555) 010-7777"


# --- the broker and the frozen: C20, C21, W7 -------------------------------------------------------------------------


def test_due_work_that_nobody_rang_for_is_rung_for_by_the_sweeper(
    spine: Spine, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[str] = []
    spine.account(Name="Pine")
    run = loading(spine)
    Run.all_companies.filter(pk=run.pk).update(state="queued", created_at=run.created_at.replace(year=2025))
    monkeypatch.setattr(
        "syncapp.queue._ring", lambda name, args, queue: rung.append(name.rsplit(".", maxsplit=1)[-1])
    )

    sweep.sweep()

    assert sorted(rung) == ["carry", "describe", "prepare"], "its fields were not described yet, either"


def test_a_worker_that_froze_before_it_stored_its_plan_sends_nothing(
    spine: Spine, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    spine.account(Name="Pine")
    mark = spine.mark()
    loading(spine)
    stage = sync.staging.stage

    def after_the_others(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(sync.staging, "stage", stage)
        another_worker(spine)
        return stage(*args, **kwargs)

    monkeypatch.setattr(sync.staging, "stage", after_the_others)
    carry()

    assert len(wire.of(Side.QUICKBOOKS)) == 1
    everything_is_in_step(spine, mark, writes=2)


def test_a_worker_that_froze_before_it_sent_its_plan_sends_nothing(
    spine: Spine, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(2):
        spine.account(Name=f"Pine {n}")
    mark = spine.mark()
    loading(spine)
    send = sync.sending.send

    def after_the_others(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(sync.sending, "send", send)
        another_worker(spine)
        return send(*args, **kwargs)

    monkeypatch.setattr(sync.sending, "send", after_the_others)
    carry()

    assert len(wire.of(Side.QUICKBOOKS)) == 1
    everything_is_in_step(spine, mark, writes=4)


def test_an_answer_that_comes_after_the_recovery_is_not_recorded_twice(
    spine: Spine, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    spine.account(Name="Pine")
    mark = spine.mark()
    loading(spine)
    settle = sending.settle

    def late(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(sending, "settle", settle)
        another_worker(spine)
        return settle(*args, **kwargs)

    monkeypatch.setattr(sending, "settle", late)
    carry()
    spine.carry()

    everything_is_in_step(spine, mark, writes=2)


def test_our_id_leaves_a_record_that_was_edited_while_the_unlinking_worker_stood_still(spine: Spine) -> None:
    account = spine.account(Name="Pine")
    spine.first_load()
    patch, settle = pytest.MonkeyPatch(), sending.settle

    def overtaken(*args: Any, **kwargs: Any) -> Any:
        patch.undo()
        bulk.execute("update syncapp_batchsend set lease_until = lb_now() where state = 'sending'")
        sweep.sweep()
        for _ in range(2):
            bulk.execute("update syncapp_batchsend set next_at = lb_now() where state = 'unknown'")
            recover.recover()
        return settle(*args, **kwargs)

    def edited(*args: Any, **kwargs: Any) -> BatchAnswer:
        written.undo()
        spine.edit_account(account, Phone="(555) 010-7777")
        return write(*args, **kwargs)

    written, write = pytest.MonkeyPatch(), SalesforceClient.write
    spine.capture()
    with tenant(spine.company.pk):
        matching.unlink(spine.link("Pine"), spine.person)
    patch.setattr(sending, "settle", overtaken)
    written.setattr(SalesforceClient, "write", edited)
    carry()
    spine.capture()
    spine.carry()

    row = spine.read_account(account)
    assert (row["Phone"], row["QBO_Customer_Id__c"]) == ("(555) 010-7777", None)


def test_a_customer_that_capture_saw_before_its_answer_was_stored_is_still_ours(spine: Spine) -> None:
    for n in range(3):
        spine.account(Name=f"Pine {n}")
    mark = spine.mark()
    loading(spine)
    killed_at(sending, "settle", carry)
    spine.capture()

    another_worker(spine)

    everything_is_in_step(spine, mark, writes=6)
    absorbed = RecordLink.all_companies.filter(lifecycle="absorbed")
    assert {row.absorbed_into.name for row in absorbed} == {f"Pine {n}" for n in range(3)}


def test_news_of_a_record_whose_worker_froze_past_its_lease_is_not_forgotten(
    spine: Spine, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = spine.account(Name="Pine")
    loading(spine)
    settle = sending.settle

    def frozen(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(sending, "settle", settle)
        bulk.execute("update syncapp_linkwork set lease_until = lb_now() - interval '1 second'")
        spine.edit_account(account, Phone="(555) 010-7777")
        spine.capture()
        return settle(*args, **kwargs)

    monkeypatch.setattr(sending, "settle", frozen)
    carry()
    spine.carry()

    assert spine.customers()[0]["PrimaryPhone"]["FreeFormNumber"] == "(555) 010-7777"


def test_a_lost_write_of_a_pair_that_cannot_run_does_not_keep_others_from_theirs(
    spine: Spine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(31):
        spine.account(Name=f"Pine {n}")
    loading(spine)
    killed_at(sending, "settle", carry)
    real, broken = recover._send_again, []

    def fails_first(place: Any, batch: Any, client: Any) -> Any:
        if not broken:
            broken.append(batch.id)
            raise RuntimeError("one batch cannot be looked at")
        return real(place, batch, client)

    monkeypatch.setattr(recover, "_send_again", fails_first)
    another_worker(spine)

    assert BatchSend.all_companies.get(pk=broken[0]).state == "applied"
    assert Counter((link.lifecycle, link.attention) for link in spine.links) == {("linked", "none"): 31}


# --- nothing is left without a next step -----------------------------------------------------------------------------


def test_records_created_before_the_line_went_down_get_their_id_back_later(spine: Spine) -> None:
    for n in range(60):
        spine.account(Name=f"Pine {n}")
    loading(spine)
    spine.sim.quickbooks.plan(
        {
            "action": "throttle",
            "match": {"path": "/batch$"},
            "nth": 2,
            "count": 1,
            "headers": {"Retry-After": "58"},
        }
    )

    carry()
    assert 0 < len(spine.customers()) < 60
    spine.a_minute_later()

    field_name = spine.mapping.external_id_field
    rows = spine.accounts(f"Id, {field_name}")
    assert len([row for row in rows if row[field_name]]) == 60


def test_a_parent_that_cannot_be_made_is_not_tried_again_for_each_child(spine: Spine, wire: Wire) -> None:
    spine.vendor(DisplayName="Cedar Supply")
    parent = spine.account(Name="Cedar Supply")
    spine.account(Name="Child Pine", ParentId=parent)

    run = spine.first_load()

    assert run.state == RunState.DONE
    assert {link.name: link.attention for link in spine.links} == {
        "Cedar Supply": "data_error",
        "Child Pine": "blocked",
    }
    assert len(wire.of(Side.QUICKBOOKS)) <= 2


def test_a_pair_that_is_joined_points_to_itself_nowhere_and_counts_once(spine: Spine) -> None:
    for n in range(5):
        spine.account(Name=f"Pine {n}", Phone=f"(555) 010-000{n}")
        spine.customer(DisplayName=f"Pine {n}", PrimaryPhone={"FreeFormNumber": f"(555) 010-000{n}"})

    run = spine.first_load()

    rows = RecordLink.all_companies.values_list("lifecycle", "absorbed_into_id", "pk")
    assert [pk for _, into, pk in rows if into == pk] == []
    assert Counter(life for life, _, _ in rows) == {"linked": 5, "absorbed": 5}
    assert (run.state, run.created_count) == (RunState.DONE, 0)


# --- stop and resume -------------------------------------------------------------------------------------------------


def test_a_stopped_run_sends_nothing_more_and_goes_on_where_it_was(spine: Spine, wire: Wire) -> None:
    for n in range(60):
        spine.account(Name=f"Pine {n}")
    run = loading(spine)
    spine.sim.quickbooks.plan(
        {
            "action": "throttle",
            "match": {"path": "/batch$"},
            "nth": 2,
            "count": 1,
            "headers": {"Retry-After": "58"},
        }
    )
    patch, settle = pytest.MonkeyPatch(), sending.settle

    def stopped_meanwhile(*args: Any, **kwargs: Any) -> Any:
        patch.undo()
        with tenant(spine.company.pk):
            runs.stop(run, spine.person)
        return settle(*args, **kwargs)

    patch.setattr(sending, "settle", stopped_meanwhile)
    carry()
    before = len(spine.customers())
    spine.a_minute_later()

    assert len(spine.customers()) == before < 60
    spine.sim.quickbooks.delete(
        "faults"
    )  # that it was throttled first is how it got here, no part of going on
    with tenant(spine.company.pk):
        runs.resume(run, spine.person)
    spine.carry()
    run.refresh_from_db()
    assert (run.state, len(spine.customers())) == (RunState.DONE, 60)


def test_a_press_on_a_record_of_a_stopped_run_is_a_run_of_its_own(spine: Spine) -> None:
    for n in range(3):
        spine.account(Name=f"Pine {n}")
    run = loading(spine)
    with tenant(spine.company.pk):
        runs.stop(run, spine.person)

    pressed = spine.press(spine.link("Pine 1"), Side.QUICKBOOKS)

    assert pressed.pk != run.pk
    assert (pressed.state, pressed.created_count) == (RunState.DONE, 1)
    assert [row["DisplayName"] for row in spine.customers()] == ["Pine 1"]


def test_a_run_that_cannot_be_read_for_a_defect_of_ours_ends_with_a_reason(
    spine: Spine, monkeypatch: pytest.MonkeyPatch
) -> None:
    spine.account(Name="Pine")
    spine.scan()
    with tenant(spine.company.pk):
        run = setup.switch_on(spine.integration, spine.person)

    def broken(*args: Any) -> bool:
        raise RuntimeError("a defect of ours")

    monkeypatch.setattr(prepare, "read_both_sides", broken)
    prepare.prepare(run.pk)

    run.refresh_from_db()
    assert (run.state, run.failure_code) == (RunState.FAILED, "engine.our_defect")
