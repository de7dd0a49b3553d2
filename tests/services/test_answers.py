"""Answers to conflicts: one field, one record or a thousand, and never to values that nobody saw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from syncapp.models import AuditEvent, LinkBase, LinkWork, Mapping, RecordLink
from syncapp.services import answers, conflicts
from syncapp.services.answers import Choice
from syncapp.services.conflicts import Which
from syncapp.services.errors import Refused
from syncapp.tenancy import tenant
from tests.builders import a_link, a_mapping, a_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def mapping() -> Iterator[Mapping]:
    made = a_mapping()
    with tenant(made.company_id):
        yield made


@pytest.fixture
def ann() -> Any:
    return a_person("ann@acme.example")


def on_hold(key: str, **values: Any) -> dict[str, Any]:
    """A unit of one field that both sides changed."""
    entry = {"why": "conflict", "sf": {key: "1"}, "qbo": {key: "2"}, "base_sf": {key: "0"}, "base_qbo": {key: "0"},
             "sf_token": "s1", "qbo_token": "3"}  # fmt: skip
    return {key: {**entry, **values}}


def a_conflict(mapping: Mapping, *keys: str, **values: Any) -> RecordLink:
    held: dict[str, Any] = {}
    for key in keys or ("phone",):
        held |= on_hold(key, **values)
    return a_link(mapping, attention="conflict", attention_code="engine.conflict", held=held)


def given(link: RecordLink) -> dict[str, str]:
    """The answers stored with a record, by unit."""
    held = LinkBase.objects.get(link=link).held
    return {unit: entry["answer"]["side"] for unit, entry in held.items() if "answer" in entry}


def test_the_list_shows_both_values_the_agreed_one_who_and_when_newest_first(mapping: Mapping) -> None:
    times = {"since": "2026-11-12T10:00:00+00:00", "sf_at": "2026-11-12T09:00:00+00:00", "sf_by": "Ida Berg"}
    old, new = a_conflict(mapping, **times), a_conflict(mapping, "website", "phone")
    a_link(mapping)
    rows = conflicts.page(Which()).rows
    assert [(row.link.pk, [unit.label for unit in row.units]) for row in rows] == [
        (new.pk, ["Phone", "Website"]),
        (old.pk, ["Phone"]),
    ]
    unit = rows[1].units[0]
    (field,) = unit.fields
    assert (field.sf, field.qbo, field.base_sf, unit.sf_by) == ("1", "2", "0", "Ida Berg")
    assert unit.since is not None
    assert unit.sf_at is not None


def test_the_list_is_narrowed_by_kind_mapping_and_field_and_counts_them(mapping: Mapping) -> None:
    both = a_conflict(mapping, "website", "phone")
    phone = a_conflict(mapping)
    drifted = a_link(mapping, attention="drift", held=on_hold("notes", why="drift"))
    found = {
        which: [row.link.pk for row in conflicts.page(which).rows]
        for which in (Which(), Which(unit="website"), Which("drift"), Which(mapping=mapping.pk + 1))
    }
    assert list(found.values()) == [[phone.pk, both.pk], [both.pk], [drifted.pk], []]
    assert conflicts.counts() == {"open": 2, "drift": 1}
    assert [(one.unit, one.label, one.count) for one in conflicts.fields(Which())] == [
        ("phone", "Phone", 2),
        ("website", "Website", 1),
    ]


def test_a_page_costs_the_same_for_one_record_and_for_twenty(mapping: Mapping) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            conflicts.page(Which())
        return len(captured)

    a_conflict(mapping)
    queries()  # the published version is remembered from here on
    one = queries()
    for _ in range(25):
        a_conflict(mapping)
    assert queries() == one
    first = conflicts.page(Which())
    assert (len(first.rows), len(conflicts.page(Which(), first.older).rows)) == (20, 6)


def test_each_field_of_a_record_is_answered_on_its_own(mapping: Mapping, ann: Any) -> None:
    link = a_conflict(mapping, "phone", "website", "notes")
    came = answers.settle([Choice(link.pk, {"phone": "qbo", "website": "sf"})], ann)
    assert (came.taken, came.left_out, came.run.person) == (1, 0, ann)
    assert given(link) == {"phone": "qbo", "website": "sf"}
    assert LinkWork.objects.get().link_id == link.pk


def test_one_answer_settles_many_records_in_a_fixed_number_of_queries(mapping: Mapping, ann: Any) -> None:
    def press(count: int) -> int:
        links = [a_conflict(mapping, "phone", "website") for _ in range(count)]
        with CaptureQueriesContext(connection) as captured:
            answers.settle([Choice(link.pk, every="sf") for link in links], ann)
        assert {tuple(given(link).values()) for link in links} == {("sf", "sf")}
        return len(captured)

    assert press(2) == press(40)
    assert AuditEvent.objects.filter(action="conflict.answered", actor="ann@acme.example").count() == 84


def test_all_of_a_field_are_answered_and_other_fields_go_on_waiting(mapping: Mapping, ann: Any) -> None:
    both, phone = a_conflict(mapping, "phone", "website"), a_conflict(mapping)
    website = a_conflict(mapping, "website")
    came = answers.settle_all(Which(unit="phone"), "qbo", ann)
    assert came.taken == 2
    assert [given(link) for link in (both, phone, website)] == [{"phone": "qbo"}, {"phone": "qbo"}, {}]


def test_what_a_lock_does_not_offer_is_left_out(mapping: Mapping, ann: Any) -> None:
    locked = a_conflict(mapping, why="locked", offers=["leave"])
    free = a_conflict(mapping)
    came = answers.settle([Choice(one.pk, every="sf") for one in (locked, free)], ann)
    assert (came.taken, came.left_out) == (1, 1)
    assert (given(locked), given(free)) == ({}, {"phone": "sf"})


def test_an_answer_to_values_that_nobody_saw_is_not_taken(mapping: Mapping, ann: Any) -> None:
    link, steady = a_conflict(mapping), a_conflict(mapping)
    seen = {row.link.pk: {unit.unit: unit.seen for unit in row.units} for row in conflicts.page(Which()).rows}
    LinkBase.objects.filter(link=link).update(held=on_hold("phone", sf={"phone": "somebody else's"}))
    came = answers.settle([Choice(pk, every="qbo", seen=digests) for pk, digests in seen.items()], ann)
    assert (came.taken, came.left_out, given(link), given(steady)) == (1, 1, {}, {"phone": "qbo"})
    with pytest.raises(Refused, match=r"conflict\.moved"):
        answers.answer(link, "phone", "qbo", ann, seen=seen[link.pk]["phone"])
    with pytest.raises(Refused, match=r"conflict\.none_left"):
        answers.settle([Choice(link.pk, {"phone": "qbo"}, seen=seen[link.pk])], ann)


def test_a_side_that_is_none_is_refused(mapping: Mapping, ann: Any) -> None:
    with pytest.raises(Refused, match=r"conflict\.unknown_side"):
        answers.settle([Choice(a_conflict(mapping).pk, every="both")], ann)


def test_another_companys_conflict_cannot_be_answered(mapping: Mapping, ann: Any) -> None:
    theirs = a_mapping()
    link = a_conflict(theirs)
    with pytest.raises(Refused, match=r"conflict\.none_left"):
        answers.settle([Choice(link.pk, every="sf")], ann)
    assert "answer" not in LinkBase.all_companies.get(link=link).held["phone"]
