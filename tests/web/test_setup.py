"""The setup wizard: one question per page, resumable from the database, nothing written before the switch."""

from __future__ import annotations

import re
from typing import Any
from unittest.mock import patch

import pytest
from django.utils import timezone

from portal.people.models import Membership, Role
from syncapp.models import Company, Integration, Mapping, PreviewItem, Run, RunKind, RunState
from syncapp.services import health, matching, setup
from syncapp.services.checks import bad, good, to_json, warn
from tests.builders import a_company, a_connection, a_link, a_mapping, a_member, a_person, an_integration
from tests.web.builders import a_browser, signed_in, words

pytestmark = pytest.mark.django_db

COMPANY = {"name": "Kvist & Datter", "zone": "Europe/Oslo", "currency": "NOK"}


def landing(browser: Any) -> str:
    """Where a person who opens setup is led."""
    return str(browser.get("/setup/").url)


def a_setup(company: Company, **values: Any) -> Integration:
    defaults = {"state": "setup", "switched_on_at": None, "salesforce": None, "quickbooks": None}
    return an_integration(company, **{**defaults, **values})


def checked(company: Company, side: str, *checks: Any) -> Any:
    """A connection with the verdicts of a health check."""
    rows = to_json(list(checks) or [good("api", "The API is switched on")])
    return a_connection(company, side, facts={"checks": rows}, facts_at=timezone.now())


def a_twin(number: int) -> dict[str, Any]:
    """A stored candidate."""
    return {
        "side": "qbo",
        "object": "Customer",
        "id": str(number),
        "name": f"Twin {number}",
        "score": 81,
        "reasons": ["email"],
        "state": "live",
        "holder": "",
        "details": {"email": "twin@example.com"},
    }


def a_planned(run: Run, link: Any, group: str, candidates: list[dict[str, Any]]) -> PreviewItem:
    """One stored decision of a plan."""
    decision = {"candidates": candidates}
    return PreviewItem.all_companies.create(
        company=run.company, run=run, link=link, kind="hold", group=group, decision=decision
    )


def a_planned_setup(company: Company, **counts: int) -> tuple[Integration, list[PreviewItem]]:
    """A setup whose both sides were read; per group the number of planned records."""
    integration = a_setup(
        company,
        salesforce=checked(company, "sf"),
        quickbooks=checked(company, "qbo"),
        template="bidirectional",
        winner="ask",
    )
    mapping = a_mapping(integration)
    run = Run.all_companies.create(
        company=company, integration=integration, mapping=mapping, kind=RunKind.PREVIEW, state=RunState.DONE
    )
    items = []
    for group, count in counts.items():
        for number in range(count):
            sf_id = f"001{group[:3]}{number:06}AAAAAA"[:18]
            link = a_link(mapping, name=f"{group} {number:03}", sf_id=sf_id, qbo_id=None)
            items.append(a_planned(run, link, group, [a_twin(number)] if group == "alike" else []))
    return integration, items


def test_a_new_person_makes_a_company_and_owns_it() -> None:
    person = a_person()
    browser = signed_in(person)
    assert browser.get("/home/").url == "/setup/welcome/"
    assert browser.post("/setup/company/", COMPANY).url == "/setup/salesforce/"
    row = Membership.all_companies.get(user=person)
    assert (row.role, row.company.name, row.company.zone, row.company.currency) == (
        Role.OWNER,
        "Kvist & Datter",
        "Europe/Oslo",
        "NOK",
    )
    assert landing(browser) == "/setup/salesforce/"


def test_demo_data_is_a_company_of_its_own_with_the_simulator_chosen() -> None:
    browser = signed_in(a_person(first_name="Priya"))
    assert browser.post("/setup/demo/").url == "/setup/salesforce/"
    assert Company.objects.get().is_demo
    page = browser.get("/setup/salesforce/").content.decode()
    assert 'value="simulator" checked' in page


def test_a_company_needs_a_real_zone_and_currency() -> None:
    page = signed_in(a_person()).post(
        "/setup/company/", {**COMPANY, "zone": "Mars/Olympus", "currency": "XXX"}
    )
    assert page.status_code == 422
    assert not Company.objects.exists()


def test_setup_goes_on_where_the_database_says_it_stands() -> None:
    company = a_company()
    browser = a_browser(Role.OWNER, company)
    integration = a_setup(company)
    assert landing(browser) == "/setup/salesforce/"
    integration.salesforce = checked(company, "sf")
    integration.save()
    assert landing(browser) == "/setup/quickbooks/"
    integration.quickbooks = a_connection(company, "qbo", facts_at=None)
    integration.save()
    assert landing(browser) == "/setup/health/"
    integration.quickbooks.facts_at = timezone.now()
    integration.quickbooks.save()
    assert landing(browser) == "/setup/template/"


def test_another_person_in_another_browser_goes_on_at_the_same_step() -> None:
    company = a_company()
    a_setup(company, salesforce=checked(company, "sf"))
    assert (
        landing(a_browser(Role.OWNER, company))
        == landing(a_browser(Role.ADMIN, company))
        == "/setup/quickbooks/"
    )


def test_the_health_check_counts_what_to_fix_and_names_each_fix() -> None:
    company = a_company()
    salesforce = checked(company, "sf", bad("id", "The id field is missing", fix="Create the field."))
    quickbooks = checked(company, "qbo", warn("numbers", "Custom numbers are off"), good("api", "Reads work"))
    a_setup(company, salesforce=salesforce, quickbooks=quickbooks)
    text = words(a_browser(Role.OWNER, company).get("/setup/health/"))
    assert "One thing to fix, one to know" in text
    assert "1 of 3 checks are fine" in text
    assert "Do this: Create the field." in text


def test_the_first_health_check_starts_when_the_page_opens() -> None:
    company = a_company()
    a_setup(
        company,
        salesforce=a_connection(company, "sf", facts_at=None),
        quickbooks=a_connection(company, "qbo", facts_at=None),
    )
    browser = a_browser(Role.OWNER, company)
    assert 'hx-trigger="load"' in browser.get("/setup/health/").content.decode()
    with patch.object(health, "check") as check:
        browser.post("/setup/health/check/")
    assert check.call_count == 1


def test_choosing_a_direction_leads_to_the_plan() -> None:
    company = a_company()
    a_setup(company, salesforce=checked(company, "sf"), quickbooks=checked(company, "qbo"))
    browser = a_browser(Role.OWNER, company)
    with patch.object(setup, "choose_template", return_value=[]) as chosen:
        answer = browser.post("/setup/template/save/", {"template": "sf_to_qbo", "winner": "sf"})
    assert answer.url == "/setup/match/"
    assert chosen.call_args.args[1:3] == ("sf_to_qbo", "sf")
    assert chosen.call_args.args[4] == ("account_customer",)
    with patch.object(setup, "choose_template", return_value=[]) as chosen:
        browser.post(
            "/setup/template/save/",
            {"template": "sf_to_qbo", "winner": "sf", "pairs": ["product_item", "opportunity_invoice"]},
        )
    assert chosen.call_args.args[4] == ("account_customer", "product_item", "opportunity_invoice")
    page = browser.get("/setup/template/").content.decode()
    assert 'value="opportunity_invoice"' in page
    assert browser.post("/setup/template/save/", {"template": "sideways", "winner": "sf"}).status_code == 422


def test_the_plan_shows_its_figures_and_each_opens() -> None:
    company = a_company()
    a_planned_setup(company, linked=3, alike=2, new_qbo=4)
    browser = a_browser(Role.OWNER, company)
    text = words(browser.get("/setup/match/"))
    assert "Already there 3" in text
    assert "Looks alike 2" in text
    for group, count in (("linked", 3), ("alike", 2), ("new_qbo", 4), ("new_sf", 0), ("skipped", 0)):
        page = browser.get(f"/setup/match/list/{group}/")
        assert page.content.decode().count('<li class="match') == count


def test_the_figures_ask_again_only_while_something_is_read() -> None:
    company = a_company()
    a_planned_setup(company, linked=1)
    browser = a_browser(Role.OWNER, company)
    assert "every 2s" not in browser.get("/setup/match/progress/").content.decode()
    Run.all_companies.update(state=RunState.READING)
    assert "every 2s" in browser.get("/setup/match/progress/").content.decode()


def test_long_lists_are_paged_by_key() -> None:
    company = a_company()
    a_planned_setup(company, new_qbo=30)
    browser = a_browser(Role.OWNER, company)
    first = browser.get("/setup/match/list/new_qbo/")
    assert "new_qbo 000" in words(first)
    assert "new_qbo 029" not in words(first)
    last_key = PreviewItem.all_companies.order_by("id")[24].pk
    assert "new_qbo 029" in words(browser.get(f"/setup/match/list/new_qbo/?after={last_key}"))


@pytest.mark.parametrize(
    ("verb", "service", "said"),
    [
        ("link", "link_to", "will be linked"),
        ("different", "not_the_same", "not the same"),
        ("create", "create_new", "will be created in QuickBooks"),
        ("ignore", "ignore", "is ignored"),
    ],
)
def test_a_person_decides_on_a_look_alike_in_place(verb: str, service: str, said: str) -> None:
    company = a_company()
    _, (item,) = a_planned_setup(company, alike=1)
    person = a_member(company, Role.OPERATOR)
    with patch.object(matching, service) as decided:
        page = signed_in(person).post(
            f"/setup/match/{item.link_id}/{verb}/", {"candidate": "0"}, headers={"HX-Request": "true"}
        )
    assert said in words(page)
    assert decided.call_args.args[0] == item.link
    assert decided.call_args.args[-1] == person


def test_only_the_last_step_switches_on() -> None:
    company = a_company()
    integration, _ = a_planned_setup(company, new_qbo=2)
    browser = a_browser(Role.OWNER, company)
    text = words(browser.get("/setup/start/"))
    assert "Create in QuickBooks 2" in text
    integration.refresh_from_db()
    assert integration.switched_on_at is None
    run = Run.all_companies.get()
    with patch.object(setup, "switch_on", return_value=run) as switched:
        assert browser.post("/setup/start/on/").url == f"/runs/{run.pk}/"
    assert switched.call_count == 1


def test_a_refusal_is_said_on_the_step_and_changes_nothing() -> None:
    company = a_company()
    a_setup(company)
    page = a_browser(Role.OWNER, company).post(
        "/setup/match/begin/", {"next": "/setup/salesforce/"}, follow=True
    )
    assert "Both sides have to be connected first" in words(page)
    assert not Run.all_companies.exists()


def test_a_record_that_looks_like_another_new_one_says_which_goes_first_and_cannot_be_created_now() -> None:
    company = a_company()
    _, (item,) = a_planned_setup(company, alike=1)
    reason = {"code": "engine.match_twin", "values": {"name": "Harbor Lights"}}
    item.decision = {"candidates": [], "reasons": [reason]}
    item.save()
    text = words(a_browser(Role.OWNER, company).get("/setup/match/list/alike/"))
    assert "Looks like Harbor Lights, which goes first. QuickBooks has neither of them yet" in text
    assert ("Create new" in text, "Ignore" in text) == (False, True)


def test_the_setup_of_a_live_company_says_that_it_is_switched_on() -> None:
    company = a_company()
    a_setup(company, salesforce=checked(company, "sf"))
    browser = a_browser(Role.OWNER, company)
    assert "Read only until you switch on" in words(browser.get("/setup/salesforce/"))
    Integration.all_companies.update(switched_on_at=timezone.now())
    page = words(browser.get("/setup/salesforce/"))
    assert "Switched on" in page
    assert "Read only" not in page


def test_a_set_to_start_from_fills_the_choices_in_and_makes_nothing() -> None:
    company = a_company()
    browser = a_browser(Role.OWNER, company)
    page = browser.get("/setup/template/?start=mirror")
    text = words(page)
    assert "Read-only mirror of QuickBooks" in text
    assert "QuickBooks is only read. Switches on: Account and Customer, Product and Item, Invoice as" in text
    checked = re.findall(r'value="(\w+)" checked', page.content.decode())
    assert checked == [
        *("qbo_to_sf", "product_item", "invoice_record", "salesreceipt_record", "creditmemo_record"),
        *("estimate_record", "payment_record", "refundreceipt_record", "qbo"),
    ]
    assert not Mapping.all_companies.exists()
    unknown = browser.get("/setup/template/?start=nonsense").content.decode()
    assert re.findall(r'value="(\w+)" checked', unknown) == ["bidirectional", "ask"]
