"""What a run wrote can be taken back, record by record, and does not come again by itself (sync-semantics 20)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncapp.models import AuditEvent, LinkBase, LinkWork, Mapping, PreviewItem, RecordLink, Run, RunState
from syncapp.services import answers, modes, prepare, runs, undo
from syncapp.services.errors import Refused
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "vault"]),
]

OLD, NEW = "(555) 010-0000", "(555) 010-1111"


@pytest.fixture
def spine() -> Iterator[Spine]:
    """Two pairs in step that are synced as they change."""
    with a_spine() as made:
        for name in ("Pine One", "Pine Two"):
            made.account(Name=name, Phone=OLD)
        made.first_load()
        made.sync()
        yield made


def a_run(spine: Spine, mode: str = "schedule") -> Run:
    """A scheduled run over what changed, carried to its end."""
    Mapping.all_companies.update(mode=mode)
    with tenant(spine.company.pk):
        run = runs.request_mapping(spine.mapping, spine.person, "Nightly")
    prepare.prepare(run.pk)
    spine.carry()
    run.refresh_from_db()
    assert run.state == RunState.DONE
    return run


def undo_plan(spine: Spine, run: Run) -> Run:
    with tenant(spine.company.pk):
        plan = undo.request_preview(run, spine.person)
    prepare.prepare(plan.pk)
    plan.refresh_from_db()
    return plan


def undone(spine: Spine, plan: Run, *, pause: bool = True) -> Run:
    with tenant(spine.company.pk):
        run = undo.request(plan, spine.person, pause=pause)
    spine.carry()
    run.refresh_from_db()
    return run


def planned(plan: Run) -> dict[str, tuple[str, str]]:
    rows = PreviewItem.all_companies.filter(run=plan).select_related("link")
    return {item.name: (item.kind, item.decision["reasons"][0]["code"]) for item in rows}


def phone_of(spine: Spine, name: str) -> str:
    return str(spine.customer_named(name)["PrimaryPhone"]["FreeFormNumber"])


def test_an_update_is_put_back_and_does_not_bounce(spine: Spine) -> None:
    spine.edit_account(str(spine.link("Pine One").sf_id), Phone=NEW)
    run = a_run(spine)
    assert phone_of(spine, "Pine One") == NEW
    mark = spine.mark()
    plan = undo_plan(spine, run)
    assert (planned(plan), spine.writes(mark)) == ({"Pine One": ("update", "engine.undo_restored")}, [])

    undoing = undone(spine, plan, pause=False)

    assert (undoing.kind, undoing.state, undoing.updated_count) == ("undo", RunState.DONE, 1)
    assert phone_of(spine, "Pine One") == OLD
    mark = spine.mark()
    Mapping.all_companies.update(mode="changes")
    spine.sync()
    again = a_run(spine, "changes")
    assert (spine.writes(mark), again.failed_count, again.asked_count) == ([], 0, 0)
    link = spine.link("Pine One")
    assert (link.attention, LinkBase.all_companies.get(link=link).held["phone"]["why"]) == ("none", "undone")


def test_an_undone_field_moves_again_when_its_source_changes(spine: Spine) -> None:
    account = str(spine.link("Pine One").sf_id)
    spine.edit_account(account, Phone=NEW)
    undone(spine, undo_plan(spine, a_run(spine)), pause=False)
    Mapping.all_companies.update(mode="changes")
    spine.edit_account(account, Phone="(555) 010-2222")
    spine.sync()
    assert phone_of(spine, "Pine One") == "(555) 010-2222"
    assert LinkBase.all_companies.get(link=spine.link("Pine One")).held == {}


def test_an_undone_field_moves_again_when_a_person_says_so(spine: Spine) -> None:
    spine.edit_account(str(spine.link("Pine One").sf_id), Phone=NEW)
    undone(spine, undo_plan(spine, a_run(spine)), pause=False)
    with tenant(spine.company.pk):
        answers.answer(spine.link("Pine One"), "phone", "sf", spine.person)
    spine.carry()
    assert phone_of(spine, "Pine One") == NEW


def test_what_was_edited_since_stays_and_says_so(spine: Spine) -> None:
    for name in ("Pine One", "Pine Two"):
        spine.edit_account(str(spine.link(name).sf_id), Phone=NEW)
    run = a_run(spine)
    spine.edit_customer("Pine Two", PrimaryPhone={"FreeFormNumber": "(555) 010-9999"})
    plan = undo_plan(spine, run)
    assert planned(plan) == {
        "Pine One": ("update", "engine.undo_restored"),
        "Pine Two": ("refused", "engine.undo_edited"),
    }
    undoing = undone(spine, plan)
    assert (undoing.total, undoing.updated_count) == (1, 1)
    assert (phone_of(spine, "Pine One"), phone_of(spine, "Pine Two")) == (OLD, "(555) 010-9999")


def test_what_the_run_made_in_quickbooks_is_made_inactive_and_not_made_again(spine: Spine) -> None:
    account = spine.account(Name="Pine Three")
    run = a_run(spine)
    plan = undo_plan(spine, run)
    assert planned(plan) == {"Pine Three": ("update", "engine.undo_inactive")}

    undone(spine, plan)

    assert spine.customer_named("Pine Three (deleted)")["Active"] is False
    link = RecordLink.all_companies.get(sf_id=account)
    assert (link.lifecycle, link.no_recreate, link.qbo_state) == ("unlinked", True, "inactive")
    assert spine.read_account(account).get(spine.mapping.external_id_field) is None
    mark = spine.mark()
    Mapping.all_companies.update(mode="changes")
    spine.edit_account(account, Phone=NEW)
    mark = spine.mark()
    spine.sync()
    assert spine.writes(mark) == []


def test_what_the_run_made_in_salesforce_is_deleted(spine: Spine) -> None:
    customer = spine.customer(DisplayName="Pine Four")
    run = a_run(spine)
    link = RecordLink.all_companies.get(qbo_id=customer["Id"])
    assert link.lifecycle == "linked"
    undone(spine, undo_plan(spine, run))
    assert [row["Name"] for row in spine.accounts() if row["Name"] == "Pine Four"] == []
    link.refresh_from_db()
    assert (link.lifecycle, link.no_recreate, link.sf_state) == ("unlinked", True, "deleted")
    mark = spine.mark()
    Mapping.all_companies.update(mode="changes")
    spine.sync()
    assert spine.writes(mark) == []


def test_a_customer_with_an_open_balance_stays(spine: Spine) -> None:
    spine.account(Name="Pine Three")
    run = a_run(spine)
    item = spine._quickbooks("GET", "query?query=select%20*%20from%20Item")["QueryResponse"]["Item"][0]
    spine._quickbooks(
        "POST",
        "invoice",
        {
            "CustomerRef": {"value": spine.customer_named("Pine Three")["Id"]},
            "Line": [
                {
                    "Amount": 10,
                    "DetailType": "SalesItemLineDetail",
                    "SalesItemLineDetail": {"ItemRef": {"value": item["Id"]}},
                }
            ],
        },
    )
    assert planned(undo_plan(spine, run)) == {"Pine Three": ("refused", "engine.undo_balance")}


def test_a_link_that_the_run_made_is_closed_and_its_values_put_back(spine: Spine) -> None:
    account = spine.account(Name="Copper Kettle", Phone="(555) 010-3333", Website="https://copper.example")
    spine.customer(DisplayName="Copper Kettle", PrimaryPhone={"FreeFormNumber": "(555) 010-3333"})
    run = a_run(spine)
    assert spine.customer_named("Copper Kettle")["WebAddr"]["URI"] == "https://copper.example"

    undone(spine, undo_plan(spine, run))

    assert not spine.customer_named("Copper Kettle").get("WebAddr", {}).get("URI")
    link = RecordLink.all_companies.get(sf_id=account)
    assert (link.lifecycle, link.no_recreate) == ("unlinked", True)


def test_an_undo_pauses_the_mapping_and_a_person_lets_it_go_on(spine: Spine) -> None:
    spine.edit_account(str(spine.link("Pine One").sf_id), Phone=NEW)
    run = a_run(spine, "schedule")
    undoing = undone(spine, undo_plan(spine, run))
    assert spine.mapping.mode == "button"
    with tenant(spine.company.pk):
        modes.resume(undoing, spine.person)
    assert spine.mapping.mode == "schedule"
    actions = AuditEvent.all_companies.filter(action__startswith="mapping.").values_list("action", flat=True)
    assert {"mapping.paused", "mapping.resumed"} <= set(actions)


def test_what_came_while_an_undo_paused_its_mapping_follows_once_that_goes_on(spine: Spine) -> None:
    spine.edit_account(str(spine.link("Pine One").sf_id), Phone=NEW)
    undoing = undone(spine, undo_plan(spine, a_run(spine, "changes")))
    spine.edit_account(str(spine.link("Pine Two").sf_id), Phone=NEW)
    spine.sync()
    spine.long_since()
    assert (phone_of(spine, "Pine One"), phone_of(spine, "Pine Two")) == (OLD, OLD)

    with tenant(spine.company.pk):
        modes.resume(undoing, spine.person)
    prepare.prepare(Run.all_companies.get(state="queued").pk)
    spine.carry()

    assert (phone_of(spine, "Pine One"), phone_of(spine, "Pine Two")) == (OLD, NEW)


def test_only_a_run_that_ended_and_wrote_can_be_undone(spine: Spine) -> None:
    nothing = a_run(spine)
    with tenant(spine.company.pk), pytest.raises(Refused, match=r"undo\.nothing"):
        undo.request_preview(nothing, spine.person)
    spine.edit_account(str(spine.link("Pine One").sf_id), Phone=NEW)
    undoing = undone(spine, undo_plan(spine, a_run(spine)))
    with tenant(spine.company.pk), pytest.raises(Refused, match=r"undo\.of_undo"):
        undo.request_preview(undoing, spine.person)
    assert not LinkWork.all_companies.filter(run=undoing).exists()
