"""What a person decides about pairs is kept, in both directions, and nothing works against it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from syncapp.models import (
    AuditEvent,
    DoNotMatch,
    LinkBase,
    LinkWait,
    LinkWork,
    Mapping,
    Problem,
    RecordLink,
    WriteIntent,
)
from syncapp.services import answers, conflicts, matching
from syncapp.services.errors import Refused
from syncapp.tenancy import tenant
from tests.services.builders import a_link, a_person
from tests.services.seen import THEN, a_customer, a_published_mapping, an_account, switched_on

pytestmark = pytest.mark.django_db


@pytest.fixture
def mapping() -> Iterator[Mapping]:
    made = a_published_mapping()
    switched_on(made.integration)
    made.refresh_from_db()
    with tenant(made.company_id):
        yield made


@pytest.fixture
def ann() -> Any:
    return a_person("ann@acme.example")


def due(mapping: Mapping) -> dict[Any, tuple[int, str]]:
    rows = LinkWork.objects.filter(mapping=mapping)
    return {row.link_id: (row.priority, row.cause) for row in rows}


def test_candidates_are_listed_best_first_with_those_found_by_a_refused_name(mapping: Mapping) -> None:
    link = an_account(mapping, "001A", Name="Blue Pine", Phone="555-1000")
    a_customer(mapping, "1", DisplayName="Blue Pine Inc.", PrimaryPhone={"FreeFormNumber": "(555) 1000"})
    a_customer(mapping, "2", DisplayName="Blue Pine Ltd")
    vendor = {
        "side": "qbo",
        "object": "Vendor",
        "id": "9",
        "name": "Blue Pine",
        "rank": 5,
        "score": 30,
        "reasons": ["name"],
        "state": "live",
        "holder": "",
        "details": {},
    }
    LinkBase.objects.update_or_create(
        link=link, defaults={"candidates": [vendor], "company_id": mapping.company_id}
    )
    assert [(each.object, each.id, each.rank) for each in matching.candidates(link)] == [
        ("Customer", "1", 4),
        ("Customer", "2", 5),
        ("Vendor", "9", 5),
    ]


def test_a_candidate_shows_what_tells_it_apart_as_it_is_written_over_there(mapping: Mapping) -> None:
    link = an_account(mapping, "001A", Name="Blue Pine")
    a_customer(
        mapping,
        "1",
        DisplayName="Blue Pine",
        PrimaryPhone={"FreeFormNumber": "(503) 555-0101"},
        BillAddr={"City": "Bend", "PostalCode": "97701"},
    )
    (candidate,) = matching.candidates(link)
    shown = {key: candidate.details[key] for key in ("phone", "city", "postal")}
    assert shown == {"phone": "(503) 555-0101", "city": "Bend", "postal": "97701"}


def test_linking_joins_two_half_links_and_syncs_them_at_once(mapping: Mapping, ann: Any) -> None:
    link = an_account(mapping, "001A", Name="Blue Pine")
    other = a_customer(mapping, "7", DisplayName="Blue Pine of Oregon")
    child = an_account(mapping, "001C", Name="Child")
    LinkWait.objects.create(child=child, parent=other)
    LinkWork.objects.all().delete()
    winner = matching.link_to(link, "7", ann)
    other.refresh_from_db()
    assert (winner.pk, winner.sf_id, winner.qbo_id, winner.lifecycle) == (link.pk, "001A", "7", "linked")
    assert (other.lifecycle, other.absorbed_into_id) == ("absorbed", link.pk)
    assert LinkWait.objects.get().parent_id == link.pk
    assert due(mapping) == {link.pk: (0, "Linked by a person")}
    event = AuditEvent.objects.get(action="match.linked")
    assert (event.actor, event.after) == ("ann@acme.example", {"sf": "001A", "qbo": "7"})


def test_linking_from_the_quickbooks_side_leaves_the_salesforce_row_alive(mapping: Mapping, ann: Any) -> None:
    account = an_account(mapping, "001A", Name="Blue Pine")
    customer = a_customer(mapping, "7", DisplayName="Blue Pine of Oregon")
    winner = matching.link_to(customer, "001A", ann)
    assert (winner.pk, winner.sf_id, winner.qbo_id) == (account.pk, "001A", "7")
    assert RecordLink.objects.get(pk=customer.pk).lifecycle == "absorbed"


def test_a_record_that_another_link_holds_cannot_be_taken(mapping: Mapping, ann: Any) -> None:
    link = an_account(mapping, "001A", Name="Blue Pine")
    a_link(mapping, sf_id="001Z", qbo_id="7", name="Holder")
    with pytest.raises(Refused) as caught:
        matching.link_to(link, "7", ann)
    assert (caught.value.code, caught.value.values["name"]) == ("match.held", "Holder")
    with pytest.raises(Refused, match=r"match\.unknown_record"):
        matching.link_to(link, "999", ann)


def test_nothing_is_joined_under_the_hands_of_a_worker(mapping: Mapping, ann: Any) -> None:
    link = an_account(mapping, "001A", Name="Blue Pine")
    a_customer(mapping, "7", DisplayName="Blue Pine of Oregon")
    LinkWork.objects.update(lease_until=datetime.now(UTC) + timedelta(minutes=2))
    with pytest.raises(Refused, match=r"match\.busy"):
        matching.link_to(link, "7", ann)
    link.refresh_from_db()
    assert link.qbo_id is None


def test_the_database_itself_allows_one_live_link_per_record(mapping: Mapping) -> None:
    a_link(mapping, sf_id="001A", qbo_id="7")
    for ids in ({"sf_id": "001A"}, {"qbo_id": "7"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            a_link(mapping, **ids)


def test_not_the_same_is_for_ever_and_makes_both_halves_due(mapping: Mapping, ann: Any) -> None:
    link = an_account(mapping, "001A", Name="Blue Pine")
    other = a_customer(mapping, "7", DisplayName="Blue Pine")
    LinkWork.objects.all().delete()
    matching.not_the_same(link, "7", ann)
    assert matching.candidates(link) == []
    assert matching.candidates(other) == []
    assert set(due(mapping)) == {link.pk, other.pk}
    assert DoNotMatch.objects.get().by == "ann@acme.example"


def test_unlinking_closes_the_link_and_keeps_the_two_apart(mapping: Mapping, ann: Any) -> None:
    link = a_link(mapping, sf_id="001A", qbo_id="7")
    Problem.objects.create(
        subject=f"link:{link.pk}",
        link=link,
        mapping=mapping,
        kind="data",
        code="qbo.6240",
        first_seen_at=THEN,
        last_seen_at=THEN,
    )
    matching.unlink(link, ann)
    assert (link.lifecycle, link.no_recreate) == ("unlinked", True)
    assert due(mapping) == {link.pk: (0, "Unlinked")}
    assert DoNotMatch.objects.filter(sf_id="001A", qbo_id="7").exists()
    assert not Problem.objects.filter(closed_at=None).exists()
    with pytest.raises(Refused, match=r"match\.not_linked"):
        matching.unlink(link, ann)


def test_later_changes_of_an_unlinked_record_do_nothing(mapping: Mapping, ann: Any) -> None:
    link = a_link(mapping, sf_id="001A", qbo_id="7")
    matching.unlink(link, ann)
    LinkWork.objects.all().delete()
    with pytest.raises(RecordLink.DoesNotExist):
        an_account(mapping, "001A", "2026-11-21T08:00:00.000Z", Name="Changed later")
    with pytest.raises(RecordLink.DoesNotExist):
        a_customer(mapping, "7", "5", DisplayName="Changed later")
    assert not LinkWork.objects.exists()


def test_a_page_from_before_the_unlinking_neither_ignores_nor_watches_the_closed_pair(
    mapping: Mapping, ann: Any
) -> None:
    link = a_link(mapping, sf_id="001A", qbo_id="7")
    matching.ignore(link, ann)
    matching.unlink(link, ann)
    for decide in (matching.watch_again, matching.ignore):
        with pytest.raises(Refused, match=r"match\.closed"):
            decide(link, ann)
    link.refresh_from_db()
    assert (link.lifecycle, link.no_recreate) == ("unlinked", True)
    with pytest.raises(RecordLink.DoesNotExist):
        an_account(mapping, "001A", Name="Changed later")


def test_a_write_on_its_way_is_waited_for_before_unlinking(mapping: Mapping, ann: Any) -> None:
    link = a_link(mapping, sf_id="001A", qbo_id="7")
    WriteIntent.objects.create(
        connection=mapping.integration.quickbooks,
        link=link,
        side="qbo",
        object="Customer",
        operation="update",
        remote_id="7",
        body="{}",
        body_sha256="",
        state="sending",
    )
    with pytest.raises(Refused, match=r"match\.busy"):
        matching.unlink(link, ann)


def test_relinking_makes_a_new_link_whose_bases_are_unknown(mapping: Mapping, ann: Any) -> None:
    old = a_link(mapping, sf_id="001A", qbo_id="7")
    matching.unlink(old, ann)
    half = a_link(mapping, sf_id="001A", name="Blue Pine")
    fresh = matching.relink(old, ann)
    half.refresh_from_db()
    old.refresh_from_db()
    base = LinkBase.objects.get(link=fresh)
    assert (fresh.sf_id, fresh.qbo_id, fresh.lifecycle) == ("001A", "7", "linked")
    assert (old.lifecycle, half.lifecycle, half.absorbed_into_id) == ("unlinked", "absorbed", fresh.pk)
    assert (base.sf_base, base.qbo_base) == (None, None)
    assert not DoNotMatch.objects.exists()
    assert not LinkWork.objects.filter(link=old).exists()
    with pytest.raises(Refused, match=r"match\.held"):
        matching.relink(old, ann)


def test_a_pair_whose_id_is_just_being_taken_back_is_linked_again_later(mapping: Mapping, ann: Any) -> None:
    old = a_link(mapping, sf_id="001A", qbo_id="7")
    matching.unlink(old, ann)
    in_hand = timezone.now() + timedelta(minutes=1)
    LinkWork.objects.filter(link=old).update(lease_until=in_hand)
    with pytest.raises(Refused, match=r"match\.busy"):
        matching.relink(old, ann)


# --- fields on hold ---


def a_held_link(mapping: Mapping) -> RecordLink:
    held = {
        "why": "conflict",
        "sf": {"phone": "1"},
        "qbo": {"phone": "2"},
        "base_sf": {"phone": "0"},
        "base_qbo": {"phone": "0"},
        "sf_token": "s1",
        "qbo_token": "3",
    }
    return a_link(mapping, sf_id="001A", qbo_id="7", held={"phone": held})


def test_an_answer_is_bound_to_the_versions_the_person_saw_and_carried_out_at_once(
    mapping: Mapping, ann: Any
) -> None:
    link = a_held_link(mapping)
    (unit,) = conflicts.held(link)
    (field,) = unit.fields
    assert (unit.unit, unit.label, unit.why, unit.answer) == ("phone", "Phone", "conflict", "")
    assert (field.sf, field.qbo, field.base_sf, field.base_qbo) == ("1", "2", "0", "0")
    run = answers.answer(link, "phone", "qbo", ann)
    stored = LinkBase.objects.get(link=link).held["phone"]["answer"]
    assert (stored["side"], stored["by"], stored["sf_token"], stored["qbo_token"]) == (
        "qbo",
        "ann@acme.example",
        "s1",
        "3",
    )
    assert conflicts.held(link)[0].answer == "qbo"
    assert due(mapping) == {link.pk: (0, "Answer: phone")}
    assert run.state == "running"


def test_answering_what_is_not_asked_any_more_is_refused(mapping: Mapping, ann: Any) -> None:
    with pytest.raises(Refused, match=r"conflict\.gone"):
        answers.answer(a_held_link(mapping), "website", "sf", ann)
    with pytest.raises(Refused, match=r"conflict\.unknown_side"):
        answers.answer(RecordLink.objects.get(), "phone", "both", ann)
