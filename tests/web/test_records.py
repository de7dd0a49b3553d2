"""The list of records and the page of one record, as people use them."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connectors.contracts import Side
from portal.pages import record as record_page
from portal.people.models import Role
from syncapp.models import Connection, LinkBase, LinkWait, LinkWork, Mapping, RecordLink, Run, WriteIntent
from syncapp.store import match_index
from syncapp.tenancy import tenant
from tests.builders import NOW, a_link, a_mapping, a_member, a_problem, an_attempt, some_work
from tests.web.builders import a_browser, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def mapping() -> Mapping:
    return a_mapping()


@pytest.fixture
def browser(mapping: Mapping) -> Client:
    return a_browser(Role.OPERATOR, mapping.company)


def test_the_list_shows_states_in_words_with_the_next_step_and_both_ids(
    browser: Client, mapping: Mapping
) -> None:
    link = a_link(
        mapping, name="Nordlys Diesel", attention="data_error", sf_id="001Hp00002vXc3TIAS", qbo_id="1182"
    )
    text = words(browser.get("/records/"))
    for part in (
        "Nordlys Diesel",
        "Needs attention",
        "Not tried again",
        link.sf_id,
        link.qbo_id,
        "Account ↔",
    ):
        assert part in text


def test_a_queued_record_says_what_holds_it_up(browser: Client, mapping: Mapping) -> None:
    link = a_link(mapping)
    some_work(link)
    assert "Starts by itself" in words(browser.get(f"/records/{link.pk}/"))

    Connection.all_companies.filter(pk=mapping.integration.quickbooks_id).update(status="needs_reauth")

    page, head = words(browser.get(f"/records/{link.pk}/")), words(browser.get(f"/records/{link.pk}/live/"))
    title = f"The access to {mapping.integration.quickbooks} has ended. See the connection"
    assert (title in page, title in head, "Starts by itself" in page) == (True, True, False)


def test_a_page_of_fifty_costs_as_many_queries_as_a_page_of_one(browser: Client, mapping: Mapping) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get("/records/").status_code == 200
        return len(captured)

    a_link(mapping, attention="waiting")
    few = queries()
    for number in range(60):
        a_link(mapping, attention="waiting" if number % 3 == 0 else "none")
    assert queries() == few


def test_the_next_page_is_reached_by_its_link(browser: Client, mapping: Mapping) -> None:
    for _ in range(51):
        a_link(mapping)
    first = browser.get("/records/?state=in_sync")
    older = first.context["page"].older
    assert f"before={older}" in first.content.decode()
    second = browser.get(f"/records/?state=in_sync&before={older}")
    assert (len(first.context["page"].rows), len(second.context["page"].rows)) == (50, 1)


def test_a_pasted_address_opens_the_record_at_once(browser: Client, mapping: Mapping) -> None:
    link = a_link(mapping, qbo_id="1182")
    answer = browser.get("/records/", {"q": "https://app.qbo.intuit.com/app/customerdetail?nameId=1182"})
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/records/{link.pk}/")


def test_an_empty_company_is_told_what_to_do(mapping: Mapping, browser: Client) -> None:
    assert "No records yet" in words(browser.get("/records/"))
    a_link(mapping, name="Acme")
    assert "No record fits" in words(browser.get("/records/?q=zebra"))


@pytest.mark.parametrize(("do", "target"), [("send", "qbo"), ("fetch", "sf")])
def test_chosen_records_go_out_as_one_run(browser: Client, mapping: Mapping, do: str, target: str) -> None:
    chosen = [a_link(mapping) for _ in range(3)]
    a_link(mapping)
    answer = browser.post("/records/sync/", {"record": [str(link.pk) for link in chosen], "do": do})
    run = Run.all_companies.get()
    assert answer.headers["Location"] == f"/runs/{run.pk}/"
    work = LinkWork.all_companies.all()
    assert {one.link_id for one in work} == {link.pk for link in chosen}
    assert {one.forced for one in work} == {target}


def test_choosing_nothing_sends_nothing_and_says_so(browser: Client, mapping: Mapping) -> None:
    a_link(mapping)
    answer = browser.post("/records/sync/", {"record": ["nonsense"], "do": "send"}, follow=True)
    assert "No record is chosen" in words(answer)
    assert not Run.all_companies.exists()


def test_the_page_of_a_record_shows_both_sides_with_links_and_who_synced_it(
    browser: Client, mapping: Mapping
) -> None:
    link = a_link(
        mapping,
        name="Fjordlink",
        base={"name": "Fjordlink", "company": "Fjordlink", "phone": "(312) 555-0142"},
    )
    an_attempt(link)
    answer = browser.get(f"/records/{link.pk}/")
    text, page = words(answer), answer.content.decode()
    for part in (
        "In sync",
        "by the schedule",
        "8 of 8 fields agree",
        "(312) 555-0142",
        "Updated in QuickBooks",
    ):
        assert part in text
    for address in (f"/lightning/r/Account/{link.sf_id}/view", f"/customer/{link.qbo_id}"):
        assert address in page


def test_the_history_shows_old_and_new_values_and_who_pressed_what(browser: Client, mapping: Mapping) -> None:
    link = a_link(mapping)
    person = a_member(mapping.company, first_name="Maren", last_name="Okonkwo")
    an_attempt(link, person=person, cause="Send to QuickBooks")
    text = words(browser.get(f"/records/{link.pk}/"))
    assert "by Maren Okonkwo, Send to QuickBooks" in text
    assert "Phone from (312) 555-0142 to (312) 555-0178" in text


def test_what_a_new_record_leaves_empty_is_not_in_its_history(browser: Client, mapping: Mapping) -> None:
    link = a_link(mapping)
    an_attempt(
        link,
        outcome="created",
        changes=[
            {"unit": "phone", "key": "phone", "label": "Phone", "before": None, "after": "(312) 555-0178"},
            {"unit": "fax", "key": "fax", "label": "Fax", "before": None, "after": None},
        ],
    )
    text = words(browser.get(f"/records/{link.pk}/"))
    assert "Phone empty to (312) 555-0178" in text
    assert "empty to empty" not in text


def test_a_failing_record_says_what_happened_what_to_do_and_offers_the_button(
    browser: Client, mapping: Mapping
) -> None:
    link = a_link(
        mapping, attention="data_error", lifecycle="creating", qbo_id=None, sf_base=None, qbo_base=None
    )
    a_problem(link)
    for _ in range(2):
        a_problem(a_link(mapping))
    LinkWait.all_companies.create(
        company_id=mapping.company_id, child=a_link(mapping, name="Harbor crane"), parent=link
    )
    an_attempt(
        link,
        outcome="failed",
        failure_code="qbo.6240",
        failure_values={"message": "Duplicate Name Exists Error", "detail": "Another customer has it"},
        request_id="1-65f2-03aa",
    )
    text = words(browser.get(f"/records/{link.pk}/"))
    for part in (
        "What happened", "What to do", "Try again", "2 more records have this cause", "Waits for this record",
        "Harbor crane", "Not there yet", "Duplicate Name Exists Error", "1-65f2-03aa",
    ):  # fmt: skip
        assert part in text


def test_a_name_that_is_taken_can_be_made_longer_in_place(browser: Client, mapping: Mapping) -> None:
    link = a_link(mapping, name="Cedar Supply", qbo_id=None, lifecycle="creating", attention="data_error")
    a_problem(link, code="qbo.6240", values={"holder_type": "Vendor", "holder_name": "Cedar Supply"})
    assert "Behind the name" in words(browser.get(f"/records/{link.pk}/"))
    page = browser.post(f"/records/{link.pk}/match/", {"do": "suffix", "remote_id": "a:b"}, follow=True)
    assert "This cannot stand in a name" in words(page)
    browser.post(f"/records/{link.pk}/match/", {"do": "suffix", "remote_id": "Customer"})
    said = LinkBase.all_companies.get(link=link).held["@name"]["answer"]
    assert (said["text"], LinkWork.all_companies.get(link=link).cause) == (" Customer", "Answer")


def test_what_was_sent_is_shown_without_sensitive_values(browser: Client, mapping: Mapping) -> None:
    link = a_link(mapping)
    WriteIntent.all_companies.create(
        company_id=mapping.company_id, connection=mapping.integration.quickbooks, link=link, side="qbo",
        object="Customer", operation="update", state="applied", body_sha256="x",
        body=json.dumps({"DisplayName": "Nordlys", "PrimaryTaxIdentifier": "12-3456789"}),
    )  # fmt: skip
    text = words(browser.get(f"/records/{link.pk}/"))
    assert "Nordlys" in text
    assert "12-3456789" not in text


@pytest.mark.parametrize(("do", "forced"), [("send", "qbo"), ("fetch", "sf"), ("again", "")])
def test_pressing_a_button_queues_the_record_and_the_page_follows_it(
    browser: Client, mapping: Mapping, do: str, forced: str
) -> None:
    link = a_link(mapping)
    answer = browser.post(f"/records/{link.pk}/sync/", {"do": do}, headers={"HX-Request": "true"})
    work = LinkWork.all_companies.get()
    assert (work.link_id, work.forced, work.priority) == (link.pk, forced, 0)
    page = answer.content.decode()
    assert "Queued" in words(answer)
    assert f'hx-get="/records/{link.pk}/live/"' in page
    assert 'hx-trigger="every 2s"' in page


def test_a_second_press_joins_the_first(browser: Client, mapping: Mapping) -> None:
    link = a_link(mapping)
    for _ in range(2):
        browser.post(f"/records/{link.pk}/sync/", {"do": "send"})
    assert (Run.all_companies.count(), LinkWork.all_companies.count()) == (1, 1)


def test_the_page_asks_again_only_while_something_is_under_way(browser: Client, mapping: Mapping) -> None:
    link = a_link(mapping)
    work = some_work(link, lease_until=timezone.now() + timedelta(minutes=1))
    during = browser.get(f"/records/{link.pk}/live/", headers={"HX-Request": "true"})
    assert ("Syncing" in words(during), "every 2s" in during.content.decode()) == (True, True)
    assert "HX-Retarget" not in during.headers
    work.delete()
    after = browser.get(f"/records/{link.pk}/live/", headers={"HX-Request": "true"})
    assert (after.headers["HX-Retarget"], after.headers["HX-Reswap"]) == ("#record", "outerHTML")
    assert "every 2s" not in after.content.decode()
    assert 'data-say="In sync"' in after.content.decode()


def test_asking_how_it_stands_is_cheap(browser: Client, mapping: Mapping) -> None:
    link = a_link(mapping)
    some_work(link, lease_until=timezone.now() + timedelta(minutes=1))
    with CaptureQueriesContext(connection) as queries:
        browser.get(f"/records/{link.pk}/live/", headers={"HX-Request": "true"})
    ours = [one for one in queries if "syncapp_" in one["sql"]]
    assert len(ours) == 2  # the membership; the record with its pair and its work


CONFLICT = {
    "phone": {
        "why": "conflict",
        "sf": {"phone": "(312) 555-0178"},
        "qbo": {"phone": "(312) 555-0100"},
        "base_sf": {"phone": "(312) 555-0142"},
        "base_qbo": {"phone": "(312) 555-0142"},
    }
}


def test_a_conflict_shows_both_values_and_the_agreed_one_and_takes_a_choice(
    browser: Client, mapping: Mapping
) -> None:
    link = a_link(mapping, attention="conflict", attention_code="engine.conflict", held=CONFLICT)
    page = browser.get(f"/records/{link.pk}/")
    for part in (
        "(312) 555-0178",
        "(312) 555-0100",
        "(312) 555-0142",
        "Take Salesforce’s",
        "Take QuickBooks’",
    ):
        assert part in words(page)
    browser.post(f"/records/{link.pk}/answer/", {"unit": "phone", "side": "sf"})
    link.base.refresh_from_db()
    assert link.base.held["phone"]["answer"]["side"] == "sf"
    assert LinkWork.all_companies.get().link_id == link.pk


def test_unlinking_says_what_stays_and_does_it(browser: Client, mapping: Mapping) -> None:
    link = a_link(mapping, name="Fjordlink")
    assert "Both records stay exactly as they are" in words(browser.get(f"/records/{link.pk}/"))
    answer = browser.post(f"/records/{link.pk}/match/", {"do": "unlink"}, follow=True)
    link.refresh_from_db()
    assert (link.lifecycle, "Unlinked" in words(answer)) == ("unlinked", True)


def test_what_was_unlinked_can_be_linked_again_and_what_was_ignored_watched_again(
    browser: Client, mapping: Mapping
) -> None:
    unlinked = a_link(mapping, lifecycle="unlinked", no_recreate=True)
    assert "Link them again" in words(browser.get(f"/records/{unlinked.pk}/"))
    browser.post(f"/records/{unlinked.pk}/match/", {"do": "relink"})
    again = RecordLink.all_companies.get(sf_id=unlinked.sf_id, lifecycle="linked")
    assert LinkWork.all_companies.get().link_id == again.pk

    alone = a_link(mapping, qbo_id=None, qbo_state="none", lifecycle="creating")
    browser.post(f"/records/{alone.pk}/match/", {"do": "ignore"})
    assert "Watch it again" in words(browser.get(f"/records/{alone.pk}/"))
    browser.post(f"/records/{alone.pk}/match/", {"do": "watch_again"})
    alone.refresh_from_db()
    assert (alone.paused, alone.attention) == (False, "none")


def test_a_match_that_is_held_leads_to_the_record_that_holds_it(browser: Client, mapping: Mapping) -> None:
    holder = a_link(mapping, name="Blue Pine")
    keys = [("name", "blue pine"), ("phone", "5551"), ("email", "a@b.example")]
    match_index.put_keys(mapping.integration.salesforce, "Account", [("001X", keys)])
    match_index.put_keys(mapping.integration.quickbooks, "Customer", [(holder.qbo_id, keys), ("8", keys)])
    half = a_link(
        mapping, sf_id="001X", qbo_id=None, qbo_state="none", lifecycle="candidate", attention="candidate"
    )
    page = browser.get(f"/records/{half.pk}/")
    for part in ("Link Record", "Not the same", "a@b.example", "same name", "Open the record that holds it"):
        assert part in words(page), part
    assert f'href="/records/{holder.pk}/"' in page.content.decode()


def test_a_record_that_its_parent_blocks_leads_to_that_parent(browser: Client, mapping: Mapping) -> None:
    parent = a_link(mapping, name="Blue Pine")
    values = {"parent": "Blue Pine", "parent_link": str(parent.pk)}
    child = a_link(mapping, qbo_id=None, lifecycle="creating", attention="blocked",
                   attention_code="engine.parent_problem", attention_values=values)  # fmt: skip
    page = browser.get(f"/records/{child.pk}/")
    assert "It cannot go before Blue Pine is on the other side. " in words(page)
    assert re.search(
        rf'href="/records/{parent.pk}/"[^>]*>.*?Open the record it waits for', page.content.decode()
    )


def test_ignoring_a_record_leaves_it_alone(browser: Client, mapping: Mapping) -> None:
    link = a_link(mapping, attention="data_error", lifecycle="creating", qbo_id=None)
    a_problem(link)
    answer = browser.post(f"/records/{link.pk}/match/", {"do": "ignore"}, follow=True)
    assert "Ignored" in words(answer)


class Vendor:
    """A client that answers one body."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body

    def read(self, object: str, ids: Any, fields: Any) -> list[Any]:
        from connectors.contracts import RecordState, RemoteRecord, Token

        side = Side.SALESFORCE if object == "Account" else Side.QUICKBOOKS
        return [RemoteRecord(side, object, ids[0], Token("1", NOW), RecordState.LIVE, self.body)]


def test_looking_again_asks_both_vendors_and_writes_nothing(
    browser: Client, mapping: Mapping, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = a_link(mapping, name="Fjordlink")
    bodies = {"sf": {"Name": "Fjordlink"}, "qbo": {"DisplayName": "Fjordlink AS"}}
    monkeypatch.setattr(
        record_page.clients, "client_for", lambda connection, *args, **kwargs: Vendor(bodies[connection.side])
    )
    text = words(browser.post(f"/records/{link.pk}/look-again/", headers={"HX-Request": "true"}))
    assert ("Fjordlink AS" in text, "Differs" in text, "read just now" in text) == (True, True, True)
    assert not LinkWork.all_companies.exists()


def test_a_viewer_sees_everything_and_may_press_nothing(mapping: Mapping) -> None:
    viewer, link = (
        a_browser(Role.VIEWER, mapping.company),
        a_link(mapping, held=CONFLICT, attention="conflict"),
    )
    page = words(viewer.get(f"/records/{link.pk}/"))
    for button in (
        "Send to QuickBooks",
        "Sync from QuickBooks",
        "Take Salesforce’s",
        "Look again",
        "Unlink these two",
    ):
        assert button not in page
    for address, data in (
        (f"/records/{link.pk}/sync/", {"do": "send"}),
        (f"/records/{link.pk}/match/", {"do": "unlink"}),
        (f"/records/{link.pk}/answer/", {"unit": "phone", "side": "sf"}),
        (f"/records/{link.pk}/look-again/", {}),
        ("/records/sync/", {"record": str(link.pk), "do": "send"}),
    ):
        assert viewer.post(address, data).status_code == 403
    assert not LinkWork.all_companies.exists()


def test_a_half_that_was_joined_leads_to_its_other_half(browser: Client, mapping: Mapping) -> None:
    whole = a_link(mapping, name="Monarch", qbo_id="58")
    half = a_link(mapping, name="Monarch", sf_id=None, qbo_id="58", lifecycle="absorbed", absorbed_into=whole)
    answer = browser.get(f"/records/{half.pk}/")
    assert (answer.status_code, answer["Location"]) == (302, f"/records/{whole.pk}/")


def test_another_companys_record_is_not_there(mapping: Mapping) -> None:
    stranger, link = a_browser(), a_link(mapping)
    assert stranger.get(f"/records/{link.pk}/").status_code == 404
    assert stranger.get(f"/records/{link.pk}/live/").status_code == 404
    for address in ("sync", "match", "answer", "look-again"):
        assert stranger.post(f"/records/{link.pk}/{address}/", {"do": "send"}).status_code == 404
    stranger.post("/records/sync/", {"record": str(link.pk), "do": "send"})
    with tenant(mapping.company_id):
        assert not LinkWork.objects.exists()


def test_nothing_is_changed_by_following_a_link(browser: Client, mapping: Mapping) -> None:
    link = a_link(mapping)
    for address in ("sync", "match", "answer", "look-again"):
        assert browser.get(f"/records/{link.pk}/{address}/").status_code == 405


INVOICE_ROWS: tuple[dict[str, Any], ...] = (
    {"key": "note", "label": "Name", "sf_path": "Name", "qbo_path": "PrivateNote", "direction": "to_qbo"},
    {"key": "doc_number", "label": "Number", "sf_path": "N__c", "qbo_path": "DocNumber", "direction": "to_sf"},
    {"key": "lines", "label": "Lines", "sf_path": "OpportunityLineItems", "qbo_path": "Line", "type": "lines",
     "direction": "to_qbo"},
    {"key": "description", "label": "Text", "sf_path": "Description", "qbo_path": "Description", "part": "lines",
     "direction": "to_qbo"},
    {"key": "quantity", "label": "Quantity", "sf_path": "Quantity", "qbo_path": "SalesItemLineDetail.Qty",
     "part": "lines", "direction": "to_qbo", "type": "decimal"},
    {"key": "unit_price", "label": "Price", "sf_path": "UnitPrice", "qbo_path": "SalesItemLineDetail.UnitPrice",
     "part": "lines", "direction": "to_qbo", "type": "decimal"},
    {"key": "amount", "label": "Amount", "sf_path": "TotalPrice", "qbo_path": "Amount", "part": "lines",
     "direction": "to_qbo", "type": "decimal"},
)  # fmt: skip
INVOICE = {"key": "opportunity_invoice", "label": "Opportunity to invoice", "recipe": "opportunity_invoice",
           "sf_object": "Opportunity", "qbo_entity": "Invoice"}  # fmt: skip


def an_invoice(rows: tuple[dict[str, Any], ...] = INVOICE_ROWS, amount: str = "20.00") -> RecordLink:
    def line(id_: str, amount: str) -> dict[str, str]:
        return {"id": id_, "kind": "item", "description": "Soil", "quantity": "2.00", "unit_price": "10.00",
                "amount": amount}  # fmt: skip

    return a_link(
        a_mapping(rows=rows, **INVOICE),
        name="Spring order",
        sf_base={"note": "Spring order", "doc_number": "1025", "lines": [line("00k1", "20.00")]},
        qbo_base={"note": "Spring order", "doc_number": "1025", "lines": [line("1", amount)]},
    )


def test_the_page_of_a_document_shows_its_lines_and_buttons_named_for_the_pair() -> None:
    link = an_invoice(amount="20.01")
    text = words(a_browser(Role.OPERATOR, link.company).get(f"/records/{link.pk}/"))
    for part in (
        "Invoice 1025",
        "Update Invoice from QuickBooks",
        "Send to QuickBooks",
        "2 × 10.00",
        "+$0.01",
    ):
        assert part in text
    assert "Sync from QuickBooks" not in text


def test_a_mapping_that_only_shows_quickbooks_has_no_button_to_send() -> None:
    rows = tuple({**row, "direction": "to_sf"} for row in INVOICE_ROWS)
    link = an_invoice(rows)
    browser = a_browser(Role.OPERATOR, link.company)
    for page in (f"/records/{link.pk}/", f"/records/?mapping={link.mapping_id}"):
        assert "Send to QuickBooks" not in words(browser.get(page))
    assert "Update invoices from QuickBooks" in words(browser.get(f"/records/?mapping={link.mapping_id}"))
