"""Why is it not there: for any id, name or address, the decision made now and every rule it met."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncapp.models import LinkWork, Mapping, Observation, RecordLink
from syncapp.services import mappings, matching, why
from syncapp.services.why import Answer
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine() as made:
        made.account(Name="Pine One", Phone="(555) 010-0000")
        made.first_load()
        made.sync()
        yield made


def asked(spine: Spine, text: str) -> list[Answer]:
    before = (spine.mark(), Observation.all_companies.count(), LinkWork.all_companies.count())
    with tenant(spine.company.pk):
        answers = why.explain(text)
    assert (spine.mark(), Observation.all_companies.count(), LinkWork.all_companies.count()) == before
    return answers


def codes(answer: Answer) -> list[tuple[str, str]]:
    return [(rule.words.code, rule.verdict) for rule in answer.rules]


def test_a_record_in_step_says_so_with_every_rule_it_met(spine: Spine) -> None:
    [answer] = asked(spine, "Pine One")
    assert (answer.name, answer.outcome, answer.stopped_by) == ("Pine One", "nothing", None)
    assert codes(answer) == [
        ("why.seen", "passed"),
        ("why.mode", "passed"),
        ("why.exists", "passed"),
        ("why.no_filter", "passed"),
        ("engine.in_sync", "told"),
    ]


def test_ids_and_addresses_of_both_sides_find_the_same_record(spine: Spine) -> None:
    link = spine.link("Pine One")
    for text in (
        str(link.sf_id),
        str(link.sf_id)[:15],
        f"https://acme.lightning.force.com/lightning/r/Account/{link.sf_id}/view",
        f"https://app.qbo.intuit.com/app/customerdetail?nameId={link.qbo_id}",
        str(link.qbo_id),
    ):
        assert [answer.link for answer in asked(spine, text)] == [link.pk], text


def test_a_record_that_the_filter_leaves_out_has_no_link_and_names_the_rule_and_the_value(
    spine: Spine,
) -> None:
    with tenant(spine.company.pk):
        mapping = spine.mapping
        mapping.sf_filter = [{"path": "Type", "operator": "eq", "value": "Customer"}]
        mapping.save()
        mappings.publish(mapping, spine.person)
    account = spine.account(Name="Pine Prospect", Type="Prospect")
    spine.capture()
    assert not RecordLink.all_companies.filter(sf_id=account).exists()
    [answer] = asked(spine, account)
    assert answer.stopped_by is not None
    assert (answer.link, answer.outcome, answer.stopped_by.words.code) == (None, "skip", "engine.filtered")
    assert "Prospect" in f"{answer.stopped_by.words.what} {answer.stopped_by.words.todo}"


def test_a_record_that_nobody_has_noticed_says_what_would_become_of_it(spine: Spine) -> None:
    account = spine.account(Name="Pine New")
    [answer] = asked(spine, account)
    assert ("why.not_seen", "stopped") in codes(answer)
    assert codes(answer)[-1] == ("engine.created", "passed")


def test_before_go_live_it_says_that_nothing_is_switched_on() -> None:
    with a_spine() as fresh:
        account = fresh.account(Name="Pine Early")
        [answer] = asked(fresh, account)
        assert ("why.not_switched_on", "stopped") in codes(answer)
        assert ("engine.first_scan", "stopped") in codes(answer)
        assert answer.outcome == "skip"


def test_an_ignored_record_an_unlinked_one_and_a_deleted_one_say_so(spine: Spine) -> None:
    link = spine.link("Pine One")
    with tenant(spine.company.pk):
        matching.ignore(link, spine.person)
    assert ("why.ignored", "stopped") in codes(asked(spine, "Pine One")[0])
    with tenant(spine.company.pk):
        matching.watch_again(link, spine.person)
    spine.carry()
    spine.delete_account(str(link.sf_id))
    [answer] = asked(spine, "Pine One")
    assert codes(answer)[-1] == ("engine.sf_deleted", "stopped")


def test_a_mapping_that_is_off_stops_it_first(spine: Spine) -> None:
    Mapping.all_companies.update(mode="off")
    [answer] = asked(spine, "Pine One")
    assert codes(answer) == [("why.seen", "passed"), ("engine.mapping_off", "stopped")]


def test_what_is_nowhere_says_where_it_was_looked_for(spine: Spine) -> None:
    [answer] = asked(spine, "Nobody of that name")
    assert codes(answer) == [("why.nothing_found", "stopped")]
    [answer] = asked(spine, "https://acme.lightning.force.com/lightning/r/Account/001000000000999AAA/view")
    assert codes(answer) == [("why.not_there", "stopped")]
