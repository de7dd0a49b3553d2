"""What a person is asked about records that are gone, writes that are unclear, deletions and restores, on its page."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from portal.people.models import Role
from syncapp.models import AuditSeal, Connection, Integration, LinkBase, Mapping, Problem, RecordLink
from tests.builders import a_link, a_mapping, a_problem
from tests.web.builders import a_browser, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def mapping() -> Mapping:
    return a_mapping()


@pytest.fixture
def browser(mapping: Mapping) -> Client:
    return a_browser(Role.ADMIN, mapping.company)


def a_gone_link(mapping: Mapping, code: str, attention: str = "gone") -> RecordLink:
    link = a_link(mapping)
    RecordLink.all_companies.filter(pk=link.pk).update(attention=attention, attention_code=code)
    a_problem(link, code=code, kind="data", values={"name": link.name, "object": "Invoice"})
    return link


@pytest.mark.parametrize(
    ("code", "attention", "said"),
    [
        ("engine.revive_ask", "gone", ("Make it active again", "Leave it as it is")),
        ("engine.void_ask", "gone", ("Void it in QuickBooks", "Leave it as it is")),
        ("engine.void_by_hand", "gone", ("void or delete it there", "Leave it as it is")),
        (
            "engine.outcome_unclear",
            "unknown",
            ("It exists: link it", "It does not: send it", "Its id or address"),
        ),
    ],
)
def test_the_page_of_a_record_offers_both_answers(
    mapping: Mapping, browser: Client, code: str, attention: str, said: tuple[str, ...]
) -> None:
    link = a_gone_link(mapping, code, attention)
    text = words(browser.get(f"/records/{link.pk}/"))
    assert [one for one in said if one not in text] == []


def test_a_new_document_in_closed_books_offers_three_ways(mapping: Mapping, browser: Client) -> None:
    link = a_gone_link(mapping, "engine.closed_date", "data_error")
    RecordLink.all_companies.filter(pk=link.pk).update(qbo_id=None, qbo_state="none", lifecycle="creating")
    text = words(browser.get(f"/records/{link.pk}/"))
    offered = ("Send it with the next open day", "Send it when the books are open", "Leave it")
    assert [one for one in offered if one not in text] == []
    assert browser.post(f"/records/{link.pk}/closed-period/", {"do": "next_open"}).status_code == 302
    held = LinkBase.all_companies.get(link=link).held
    assert held["@closed"]["answer"]["choice"] == "next_open"


def test_an_answer_to_a_record_that_is_gone_is_kept_with_its_person(
    mapping: Mapping, browser: Client
) -> None:
    link = a_gone_link(mapping, "engine.void_ask")
    assert browser.post(f"/records/{link.pk}/gone/", {"do": "leave"}).status_code == 302
    held: dict[str, Any] = LinkBase.all_companies.get(link=link).held
    assert held["@record"]["answer"]["side"] == "leave"


def test_stopped_deletions_are_decided_on_the_page_of_problems(mapping: Mapping, browser: Client) -> None:
    connection = mapping.integration.salesforce
    assert connection is not None
    Connection.all_companies.filter(pk=connection.pk).update(deletions_stopped_at=timezone.now())
    Problem.all_companies.create(
        company=mapping.company,
        subject=f"deletions:{connection.pk}",
        connection=connection,
        kind="data",
        code="engine.delete_brake",
        values={"count": 41, "side": "Salesforce", "connection_id": str(connection.pk)},
        first_seen_at=timezone.now(),
        last_seen_at=timezone.now(),
    )
    text = words(browser.get("/problems/"))
    assert "41 deletions came together in Salesforce" in text
    assert "These deletions are right: go on" in text
    assert "Ignore them" in text

    answer = browser.post("/problems/deletions/", {"connection": str(connection.pk), "do": "ignore"})
    assert answer.status_code == 302
    assert Connection.all_companies.get(pk=connection.pk).deletions_stopped_at is None
    assert Problem.all_companies.get().closed_at is not None


def test_a_restored_pair_says_so_and_goes_live_by_a_button(mapping: Mapping, browser: Client) -> None:
    Integration.all_companies.update(state="restored")
    text = words(browser.get(f"/integrations/{mapping.integration_id}/"))
    assert "Restored from a backup: nothing is written yet" in text
    browser.post(f"/integrations/{mapping.integration_id}/live/")
    assert Integration.all_companies.get().state == "restored"  # both sides are not read yet


def test_the_trail_says_how_far_it_is_sealed(mapping: Mapping, browser: Client) -> None:
    seal = AuditSeal.all_companies.create(company=mapping.company, number=1204, verified_at=timezone.now())
    assert "Sealed: 1,204 rows, each bound to the one before it; all checked" in words(browser.get("/audit/"))
    seal.broken_number = 17
    seal.save()
    assert "Row 17 is not as it was sealed." in words(browser.get("/audit/"))
