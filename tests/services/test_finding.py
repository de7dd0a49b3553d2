"""Sync now: what a person types is asked of the side that holds it, and nothing else is read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from syncapp.models import Mapping, PreviewItem, Run, RunState
from syncapp.services import finding, prepare
from syncapp.services.errors import Refused
from syncapp.services.finding import Wish
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine() as made:
        for name in ("Pine One", "Pine Two", "Oak 100%"):
            made.account(Name=name, Phone="(555) 010-0000")
        made.first_load()
        made.sync()
        Mapping.all_companies.update(mode="button")
        yield made


def asked(
    spine: Spine, text: str = "", *, direction: str = "to_qbo", preview: bool = True, **more: object
) -> Run:
    with tenant(spine.company.pk):
        wish = Wish(spine.mapping, direction, text, **more)  # type: ignore[arg-type]
        run = finding.request(wish, spine.person, only_preview=preview)
    prepare.prepare(run.pk)
    spine.carry()
    run.refresh_from_db()
    return run


def names(run: Run) -> set[str]:
    return {item.name for item in PreviewItem.all_companies.filter(run=run).select_related("link")}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Name = ‘Pine One’", {"Pine One"}),
        ("Name like 'Pine%' and phone != null", {"Pine One", "Pine Two"}),
        ("name = 'Pine One' or Name = 'Pine Two'", {"Pine One", "Pine Two"}),
        ("Name contains '100%'", {"Oak 100%"}),
        ("Pine", {"Pine One", "Pine Two"}),
        ("Name = 'nobody'", set()),
    ],
)
def test_a_filter_finds_accounts(spine: Spine, text: str, found: set[str]) -> None:
    run = asked(spine, text)
    assert (run.state, names(run)) == (RunState.DONE, found)


def test_a_filter_on_quickbooks_is_pushed_down_and_the_rest_is_looked_at_here(spine: Spine) -> None:
    customer = spine.customer_named("Pine One")
    for text, found in (
        (f"Id = '{customer['Id']}'", {"Pine One"}),
        ("DisplayName LIKE 'Pine%'", {"Pine One", "Pine Two"}),
        (
            "DisplayName LIKE 'Pine%' and PrimaryPhone.FreeFormNumber = '(555) 010-0000'",
            {"Pine One", "Pine Two"},
        ),
        ("DisplayName != 'Pine One' and Active = true", {"Pine Two", "Oak 100%"}),
        ("DisplayName != 'Pine One'", {"Pine Two", "Oak 100%"}),
    ):
        assert names(asked(spine, text, direction="to_sf")) == found, text


def test_a_pasted_address_or_id_finds_its_record(spine: Spine) -> None:
    link = spine.link("Pine Two")
    for text in (
        f"https://acme.lightning.force.com/lightning/r/Account/{link.sf_id}/view",
        str(link.sf_id)[:15],
        f"Id = ‘{str(link.sf_id)[:15]}’",
        f"https://app.qbo.intuit.com/app/customerdetail?nameId={link.qbo_id}",
    ):
        assert names(asked(spine, text)) == {"Pine Two"}, text


def test_a_window_of_days_is_the_companys(spine: Spine) -> None:
    today = timezone.now().date()
    assert len(names(asked(spine, since=today - timedelta(days=1)))) == 3
    assert names(asked(spine, until=today - timedelta(days=2))) == set()


def test_sync_now_carries_what_it_found_also_where_a_mapping_runs_by_button(spine: Spine) -> None:
    for name in ("Pine One", "Pine Two"):
        spine.edit_account(str(spine.link(name).sf_id), Phone="(555) 010-1111")
    mark = spine.mark()

    run = asked(spine, "Name = 'Pine One'", preview=False)

    assert (run.kind, run.state, run.total, run.updated_count) == ("sync_now", RunState.DONE, 1, 1)
    assert [row["object"] for row in spine.writes(mark)] == ["Customer"]
    assert spine.customer_named("Pine Two")["PrimaryPhone"]["FreeFormNumber"] == "(555) 010-0000"


def test_a_record_that_the_mappings_filter_leaves_out_is_named_with_the_rule(spine: Spine) -> None:
    with tenant(spine.company.pk):
        from syncapp.services import mappings

        mapping = spine.mapping
        mapping.sf_filter = [{"path": "Type", "operator": "eq", "value": "Customer"}]
        mapping.save()
        mappings.publish(mapping, spine.person)
    spine.account(Name="Pine Prospect", Type="Prospect")
    run = asked(spine, "Name = 'Pine Prospect'")
    item = PreviewItem.all_companies.get(run=run)
    assert (item.link, item.kind, item.name) == (None, "skip", "Pine Prospect")
    [reason] = item.decision["reasons"]
    assert (reason["code"], reason["values"]["field"], reason["values"]["value"]) == (
        "engine.filtered",
        "Type",
        "Prospect",
    )


def test_a_mistake_is_refused_with_its_place_and_an_unknown_field_fails_the_run(spine: Spine) -> None:
    with tenant(spine.company.pk), pytest.raises(Refused) as caught:
        finding.request(Wish(spine.mapping, "to_qbo", "Name = 'x"), spine.person, only_preview=True)
    assert (caught.value.code, caught.value.values["position"]) == ("filter.open_quote", 8)
    run = asked(spine, "Nmae = 'x'")
    assert (run.state, run.failure_code, run.failure_values["field"]) == (
        RunState.FAILED,
        "filter.unknown_field",
        "Nmae",
    )


def test_a_filter_run_reads_no_more_than_it_finds(spine: Spine) -> None:
    run = asked(spine, "Name = 'Pine One'")
    assert run.calls <= 4  # what the field is, the account, both sides once more
    assert run.metered_reads <= 1
