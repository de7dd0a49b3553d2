"""Previews and undo of documents: a plan names the money, applying makes exactly it, undo takes back what it may."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import requests
from django.db import connection

from syncapp.models import Mapping, PreviewItem, Run, RunState, WriteIntent
from syncapp.services import apply, prepare, runs, shown_plan, undo
from syncapp.tenancy import tenant
from tests.services.sales import a_product, an_opportunity, document, sold
from tests.services.spine import Spine, a_spine
from tests.services.test_record_views import pay

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)

SETTLED_S = 3.1
"""After so long a Salesforce stamp of whole seconds is shared with no other write."""
PAIRS = ("account_customer", "product_item", "opportunity_invoice", "opportunity_estimate")


@pytest.fixture
def spine() -> Iterator[Spine]:
    """Account and product are linked; nothing runs by itself from here on."""
    with a_spine(recipes=PAIRS, winner="sf") as made:
        made.make("Account", Name="Acme", BillingStreet="1 Main St", QBO_Email__c="pay@acme.example")
        made.entry = a_product(made, "Cedar bench", "CB", 100)
        made.first_load()
        made.sync()
        Mapping.all_companies.update(mode="schedule")
        yield made


def won(spine: Any, name: str, quantity: int, kind: str = "Invoice") -> str:
    line = {"PricebookEntryId": spine.entry, "Quantity": quantity, "UnitPrice": 100}
    return an_opportunity(spine, name, line, QBO_Generate__c=kind)


def previewed(spine: Spine, kind: str = "invoice") -> Run:
    with tenant(spine.company.pk):
        mapping = Mapping.objects.get(key=f"opportunity_{kind}")
        run = runs.preview_changes(mapping, spine.person, "Test")
    prepare.prepare(run.pk)
    run.refresh_from_db()
    return run


def applied(spine: Spine, plan: Run) -> Run:
    with tenant(spine.company.pk):
        run = apply.request(plan, spine.person)
    spine.carry()
    run.refresh_from_db()
    return run


def shown(spine: Spine, plan: Run) -> dict[str, dict[str, Any]]:
    """Each record of a plan with what would be written, as a person reads it."""
    with tenant(spine.company.pk):
        return {
            item.name: {change.label: change.after for change in item.changes}
            for item in shown_plan.page(plan, kind="create").items
        }


def undoing(spine: Spine, run: Run) -> Run:
    with tenant(spine.company.pk):
        plan = undo.request_preview(run, spine.person)
    prepare.prepare(plan.pk)
    plan.refresh_from_db()
    return plan


def undone(spine: Spine, plan: Run) -> Run:
    with tenant(spine.company.pk):
        run = undo.request(plan, spine.person, pause=False)
    spine.carry()
    run.refresh_from_db()
    return run


def planned(plan: Run) -> dict[str, tuple[str, str]]:
    rows = PreviewItem.all_companies.filter(run=plan).select_related("link")
    return {item.name: (item.kind, item.decision["reasons"][0]["code"]) for item in rows}


def test_a_preview_names_customer_lines_and_money_and_applying_makes_exactly_it(spine):
    won(spine, "Spring order", 2)
    mark = spine.mark()
    plan = previewed(spine)
    assert spine.writes(mark) == []
    order = shown(spine, plan)["Spring order"]
    assert order["Close date"] == "2026-11-20"
    [line] = order["Lines"]
    assert line["description"] == "Cedar bench"
    assert [Decimal(line[key]) for key in ("quantity", "unit_price", "amount")] == [2, 100, 200]
    run = applied(spine, plan)
    assert (run.state, run.created_count, run.moved_count) == (RunState.DONE, 1, 0)
    invoice = document(spine)
    assert sold(invoice) == [("Cedar bench", 2, 100, 200)]
    assert invoice["CustomerRef"]["name"] == "Acme"


def test_no_service_is_asked_while_a_transaction_is_open(spine, monkeypatch):
    won(spine, "Spring order", 2)
    asked, real = [], requests.Session.send

    def send(session: Any, request: Any, **more: Any) -> Any:
        asked.append(connection.in_atomic_block)
        return real(session, request, **more)

    monkeypatch.setattr(requests.Session, "send", send)
    run = applied(spine, previewed(spine))
    assert run.created_count == 1
    assert (len(asked) > 3, any(asked)) == (True, False)


@pytest.mark.parametrize(("before", "behind"), [(0, 0), (SETTLED_S, 0), (SETTLED_S, SETTLED_S)])
def test_an_applied_plan_writes_each_side_once_however_old_its_stamps_are(spine, before, behind):
    won(spine, "Spring order", 2)
    time.sleep(before)
    plan = previewed(spine)
    time.sleep(behind)
    run = applied(spine, plan)
    assert (run.created_count, run.moved_count) == (1, 0)
    written = WriteIntent.all_companies.filter(run=run).values_list("side", "operation", "state")
    assert sorted(written) == [("qbo", "create", "applied"), ("sf", "update", "applied")]
    assert sold(document(spine)) == [("Cedar bench", 2, 100, 200)]


@pytest.mark.parametrize("before", [0, SETTLED_S])
def test_what_was_changed_behind_a_preview_is_left_out_and_named(spine, before):
    made = won(spine, "Spring order", 2)
    time.sleep(before)
    plan = previewed(spine)
    line = spine.rows(f"SELECT Id FROM OpportunityLineItem WHERE OpportunityId = '{made}'")[0]
    spine.edit("OpportunityLineItem", line["Id"], Quantity=5)
    run = applied(spine, plan)
    assert (run.created_count, run.moved_count) == (0, 1)
    assert spine.booked("Invoice") == []


def test_undo_voids_an_invoice_and_leaves_one_that_is_paid(spine):
    won(spine, "Spring order", 2)
    won(spine, "Summer order", 3)
    run = applied(spine, previewed(spine))
    by_total = {body["TotalAmt"] // 100: body for body in spine.booked("Invoice")}
    assert sorted(by_total) == [2, 3]
    pay(spine, by_total[3], 50)
    plan = undoing(spine, run)
    assert planned(plan) == {
        "Spring order": ("update", "engine.undo_void"),
        "Summer order": ("refused", "engine.locked_paid"),
    }
    done = undone(spine, plan)
    assert done.state == RunState.DONE
    after = {body["Id"]: body for body in spine.booked("Invoice")}
    assert after[by_total[2]["Id"]]["TotalAmt"] == 0
    assert after[by_total[2]["Id"]]["PrivateNote"].startswith("Voided")
    assert after[by_total[3]["Id"]]["TotalAmt"] == by_total[3]["TotalAmt"]
    # It does not come again by itself.
    Mapping.all_companies.update(mode="changes")
    spine.sync()
    assert len(spine.booked("Invoice")) == 2
    assert link_of_paid(spine).attention == "none"


def link_of_paid(spine: Spine) -> Any:
    return next(link for link in spine.links if link.qbo_entity == "Invoice" and link.lifecycle == "linked")


def test_undo_deletes_an_estimate_which_cannot_be_voided(spine):
    made = won(spine, "Offer", 1, "Estimate")
    run = applied(spine, previewed(spine, "estimate"))
    assert len(spine.booked("Estimate")) == 1
    plan = undoing(spine, run)
    assert planned(plan) == {"Offer": ("update", "engine.undo_delete")}
    undone(spine, plan)
    assert spine.booked("Estimate") == []
    spine.carry()
    assert spine.row("Opportunity", made)["QBO_Estimate_Id__c"] is None
