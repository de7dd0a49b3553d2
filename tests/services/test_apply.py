"""A plan is a value: it writes nothing, and applying it makes exactly its decisions (sync-semantics section 20)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from connectors.contracts import Priority, Side
from syncapp.models import Attempt, LinkWork, Mapping, PreviewItem, RecordLink, Run, RunState, WriteIntent
from syncapp.services import apply, mappings, matching, prepare, runs, scope
from syncapp.services.errors import Refused
from syncapp.store import leases
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture
def spine() -> Iterator[Spine]:
    """Three pairs in step; nothing runs by itself from here on."""
    with a_spine() as made:
        for name in ("Pine One", "Pine Two", "Pine Three"):
            made.account(Name=name, Phone="(555) 010-0000")
        made.first_load()
        made.sync()
        Mapping.all_companies.update(mode="schedule")
        yield made


def previewed(spine: Spine, links: Sequence[RecordLink] = (), direction: str = "both") -> Run:
    """A preview of these links, or of what changed, as a worker makes it."""
    with tenant(spine.company.pk):
        run = (
            runs.preview_links(
                [link.pk for link in links], direction=direction, person=spine.person, cause="Test"
            )
            if links
            else runs.preview_changes(spine.mapping, spine.person, "Test")
        )
    prepare.prepare(run.pk)
    run.refresh_from_db()
    return run


def applied(spine: Spine, preview: Run) -> Run:
    with tenant(spine.company.pk):
        run = apply.request(preview, spine.person)
    spine.carry()
    run.refresh_from_db()
    return run


def planned(run: Run) -> dict[str, str]:
    rows = PreviewItem.all_companies.filter(run=run).select_related("link")
    return {item.name: item.kind for item in rows if item.kind != "nothing"}


def outcomes(run: Run) -> dict[str, str]:
    rows = Attempt.all_companies.filter(run=run).select_related("link")
    return {attempt.link.name: attempt.outcome for attempt in rows}


def account_of(spine: Spine, name: str) -> str:
    return str(spine.link(name).sf_id)


def test_a_pair_is_joined_once_where_its_other_half_is_due_beside_the_plan(spine: Spine) -> None:
    phone = "(555) 010-7777"
    spine.account(Name="Birch", Phone=phone)
    spine.customer(DisplayName="Birch Inc.", PrimaryPhone={"FreeFormNumber": phone})
    plan = previewed(spine)
    half = RecordLink.all_companies.get(name="Birch Inc.")
    Mapping.all_companies.update(mode="changes")
    with tenant(spine.company.pk):
        leases.make_due(spine.company.pk, [half.pk], Priority.NORMAL, cause="Something else")

    applied(spine, plan)

    half.refresh_from_db()
    assert (half.lifecycle, half.absorbed_into_id) == ("absorbed", spine.link("Birch").pk)
    assert (spine.link("Birch").lifecycle, spine.link("Birch").attention) == ("linked", "conflict")
    assert not LinkWork.all_companies.exists()


def test_what_moves_a_record_while_its_plan_is_carried_out_follows_where_changes_do(spine: Spine) -> None:
    spine.edit_account(account_of(spine, "Pine One"), Phone="(555) 010-1111")
    plan = previewed(spine)
    Mapping.all_companies.update(mode="changes")
    with tenant(spine.company.pk):
        run = apply.request(plan, spine.person)
    spine.edit_account(account_of(spine, "Pine One"), Phone="(555) 010-2222")
    spine.capture()
    spine.carry()

    assert outcomes(run) == {"Pine One": "moved"}
    assert spine.customer_named("Pine One")["PrimaryPhone"]["FreeFormNumber"] == "(555) 010-2222"


def test_what_a_person_ignores_is_in_no_plan(spine: Spine) -> None:
    spine.edit_account(account_of(spine, "Pine One"), Phone="(555) 010-1111")
    ignored = spine.link("Pine One")
    with tenant(spine.company.pk):
        matching.ignore(ignored, spine.person)

    assert planned(previewed(spine)) == {}
    with pytest.raises(Refused, match=r"sync\.nothing"):
        previewed(spine, [ignored])


def test_a_preview_shows_what_would_be_written_and_writes_nothing(spine: Spine) -> None:
    spine.edit_account(account_of(spine, "Pine One"), Phone="(555) 010-1111")
    spine.edit_customer("Pine Two", PrimaryPhone={"FreeFormNumber": "(555) 010-2222"})
    spine.account(Name="Pine Four")
    mark, work = spine.mark(), LinkWork.all_companies.count()

    run = previewed(spine)

    assert (run.state, planned(run)) == (
        RunState.DONE,
        {"Pine One": "update", "Pine Two": "update", "Pine Four": "create"},
    )
    [change] = PreviewItem.all_companies.get(run=run, link=spine.link("Pine One")).decision["changes"]
    assert (change["target"], change["before"], change["values"]) == (
        "qbo",
        {"phone": "(555) 010-0000"},
        {"phone": "(555) 010-1111"},
    )
    assert spine.writes(mark) == []
    assert LinkWork.all_companies.count() == work
    assert not WriteIntent.all_companies.filter(run=run).exists()


def test_apply_makes_exactly_the_previewed_decisions(spine: Spine) -> None:
    spine.edit_account(account_of(spine, "Pine One"), Phone="(555) 010-1111")
    spine.edit_customer("Pine Two", PrimaryPhone={"FreeFormNumber": "(555) 010-2222"})
    spine.account(Name="Pine Four")
    preview = previewed(spine)
    mark = spine.mark()

    run = applied(spine, preview)

    assert (run.kind, run.state, run.created_count, run.updated_count, run.moved_count) == (
        "apply",
        RunState.DONE,
        1,
        2,
        0,
    )
    assert outcomes(run) == {"Pine One": "updated", "Pine Two": "updated", "Pine Four": "created"}
    written = [(row["object"], row["operation"]) for row in spine.writes(mark)]
    assert sorted(written) == [
        ("Account", "update"),  # the phone
        ("Account", "update"),  # our id of the new customer
        ("Customer", "create"),
        ("Customer", "update"),
    ]
    assert spine.customer_named("Pine One")["PrimaryPhone"]["FreeFormNumber"] == "(555) 010-1111"
    mark = spine.mark()
    assert planned(previewed(spine)) == {}
    spine.sync()
    assert spine.writes(mark) == []


def test_what_moved_is_left_out_and_named_and_can_be_previewed_alone(spine: Spine) -> None:
    one, two = spine.link("Pine One"), spine.link("Pine Two")
    for link in (one, two):
        spine.edit_account(str(link.sf_id), Phone="(555) 010-1111")
    preview = previewed(spine, [one, two], "to_qbo")
    spine.edit_customer("Pine One", Notes="typed by a bookkeeper")  # nobody has told us: QuickBooks refuses
    spine.edit_account(str(two.sf_id), Phone="(555) 010-9999")
    spine.capture()  # this one we know
    mark = spine.mark()

    run = applied(spine, preview)

    assert (run.state, run.moved_count, run.updated_count) == (RunState.DONE, 2, 0)
    assert outcomes(run) == {"Pine One": "moved", "Pine Two": "moved"}
    assert spine.writes(mark) == []
    with tenant(spine.company.pk):
        again = runs.preview_moved(run, spine.person)
    prepare.prepare(again.pk)
    assert planned(again) == {"Pine One": "update", "Pine Two": "update"}
    later = applied(spine, again)
    assert (later.updated_count, later.moved_count) == (2, 0)
    assert spine.customer_named("Pine Two")["PrimaryPhone"]["FreeFormNumber"] == "(555) 010-9999"


def test_a_plan_of_an_older_mapping_is_not_applied(spine: Spine) -> None:
    one = spine.link("Pine One")
    spine.edit_account(str(one.sf_id), Phone="(555) 010-1111")
    preview = previewed(spine, [one])
    mark = spine.mark()
    with tenant(spine.company.pk):
        mapping = spine.mapping
        mapping.rows.filter(key="website").update(enabled=False)
        mappings.publish(mapping, spine.person)

    run = applied(spine, preview)

    assert (run.moved_count, spine.writes(mark)) == (1, [])
    [attempt] = Attempt.all_companies.filter(run=run)
    assert attempt.reasons == [{"code": "engine.moved_mapping", "values": {"version": 1}}]


def test_a_plan_is_applied_once_and_a_dropped_one_never(spine: Spine) -> None:
    one = spine.link("Pine One")
    spine.edit_account(str(one.sf_id), Phone="(555) 010-1111")
    first, second = previewed(spine, [one]), previewed(spine, [one])
    run = applied(spine, first)
    with tenant(spine.company.pk):
        assert apply.request(first, spine.person) == run
        with pytest.raises(Refused, match=r"plan\.applied"):
            apply.drop(first, spine.person)
        apply.drop(second, spine.person)
        with pytest.raises(Refused, match=r"plan\.dropped"):
            apply.request(second, spine.person)
    assert second.state == RunState.DROPPED


def test_two_half_links_are_joined_as_the_plan_says(spine: Spine) -> None:
    account = spine.account(Name="Copper Kettle", Phone="(555) 010-3333", Website="https://copper.example")
    spine.customer(DisplayName="Copper Kettle", PrimaryPhone={"FreeFormNumber": "(555) 010-3333"})
    preview = previewed(spine)
    item = PreviewItem.all_companies.get(run=preview, link__sf_id=account)
    assert (item.kind, item.decision["then"]["kind"]) == ("link", "update")
    assert "website" in [change["unit"] for change in item.decision["then"]["changes"]]

    run = applied(spine, preview)

    assert (run.state, run.moved_count) == (RunState.DONE, 0)
    link = RecordLink.all_companies.get(sf_id=account)
    assert (link.lifecycle, link.qbo_id is None) == ("linked", False)
    assert spine.customer_named("Copper Kettle")["WebAddr"]["URI"] == "https://copper.example"
    assert planned(previewed(spine)) == {}


def test_a_killed_apply_goes_on_without_writing_twice(spine: Spine) -> None:
    links = [spine.link(name) for name in ("Pine One", "Pine Two")]
    for link in links:
        spine.edit_account(str(link.sf_id), Phone="(555) 010-1111")
    preview = previewed(spine, links, "to_qbo")
    mark = spine.mark()
    run = applied(spine, preview)
    # as if the worker had died after the answers were stored: the work is still there
    for link in links:
        LinkWork.all_companies.create(
            link=link, company=spine.company, mapping=link.mapping, priority=1, due_at=run.started_at, run=run
        )
    Run.all_companies.filter(pk=run.pk).update(state="running")
    spine.carry()
    run.refresh_from_db()
    assert (run.state, run.updated_count, run.moved_count) == (RunState.DONE, 2, 0)
    assert len(spine.writes(mark)) == 2


def test_a_preview_waits_for_nobody_and_takes_no_lease(spine: Spine) -> None:
    one = spine.link("Pine One")
    spine.edit_account(str(one.sf_id), Phone="(555) 010-1111")
    with tenant(spine.company.pk):
        from syncapp.services import sync

        pressed = sync.request([one.pk], target=Side.QUICKBOOKS, person=spine.person, cause="Button")
    before: Any = LinkWork.all_companies.values().get(link=one)
    run = previewed(spine, [one], "to_qbo")
    assert planned(run) == {"Pine One": "update"}
    assert LinkWork.all_companies.values().get(link=one) == before
    with tenant(spine.company.pk):
        later = apply.request(run, spine.person)
    assert (later.moved_count, outcomes(later)) == (1, {"Pine One": "moved"})
    spine.carry()
    pressed.refresh_from_db()
    assert (pressed.updated_count, scope.of(run)) == (1, "links")
