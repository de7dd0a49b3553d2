"""A name that QuickBooks says is taken is asked for once and told; it is never sent again and again by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncapp.models import Problem, RecordLink, WriteIntent
from syncapp.services import mappings, matching
from syncapp.store import links
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "vault"]),
]

FEW = 4
"""More writes of one record than this, with nobody changing anything, are a circle."""
SECONDS = 15
"""What goes round is stopped after that long: some dozens of times."""


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine() as made:
        yield made


def carry(spine: Spine) -> None:
    spine.capture()
    spine.carry(seconds=SECONDS)


def writes_of(link: RecordLink) -> int:
    return WriteIntent.all_companies.filter(link=link).count()


def leave_out_customers(spine: Spine, company: str) -> None:
    with tenant(spine.company.pk):
        mapping = spine.mapping
        mapping.qbo_filter = [{"path": "CompanyName", "operator": "ne", "value": company}]
        mapping.save()
        mappings.publish(mapping, spine.person)


def test_a_name_of_a_customer_that_the_mapping_leaves_out_is_told_once(spine: Spine) -> None:
    leave_out_customers(spine, "Not ours")
    spine.customer(DisplayName="Cedar Supply", CompanyName="Not ours")
    spine.first_load()
    spine.account(Name="Cedar Supply")

    carry(spine)

    link = spine.link("Cedar Supply")
    assert writes_of(link) <= FEW
    assert (link.attention, link.attention_code) == ("data_error", "qbo.6240")
    problem = Problem.all_companies.get(closed_at=None)
    assert (problem.values["holder_type"], problem.values["holder_name"]) == ("Customer", "Cedar Supply")


def a_closed_pair(spine: Spine, name: str) -> str:
    """An account and its customer that a person unlinked; the account's id."""
    account = spine.account(Name=name)
    spine.first_load()
    with tenant(spine.company.pk):
        matching.unlink(spine.link(name), spine.person)
    carry(spine)
    return account


def test_renaming_a_record_to_the_name_of_an_unlinked_customer_is_told_once(spine: Spine) -> None:
    other = spine.account(Name="Green Oak")
    a_closed_pair(spine, "Blue Pine")
    spine.edit_account(other, Name="Blue Pine")

    carry(spine)

    link = spine.links[0]
    assert link.sf_id == other
    assert writes_of(link) <= FEW
    assert (link.attention, link.attention_code) == ("data_error", "qbo.6240")


def test_a_half_link_beside_a_closed_pair_comes_to_an_end(
    spine: Spine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However such a row came to be."""
    account = a_closed_pair(spine, "Blue Pine")
    spine.edit_account(account, Phone="(555) 010-2222")
    with monkeypatch.context() as patch:
        patch.setattr(links, "let_go_ids", lambda *_: set())
        spine.capture()
    RecordLink.all_companies.filter(sf_id=None).delete()
    spine.carry(seconds=SECONDS)

    link = spine.link("Blue Pine")
    assert (link.sf_id, link.qbo_id) == (account, None)
    assert writes_of(link) <= FEW
    assert (link.attention, link.attention_code) == ("data_error", "qbo.6240")


def test_half_links_of_both_records_beside_a_closed_pair_come_to_an_end(
    spine: Spine, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = a_closed_pair(spine, "Blue Pine")
    monkeypatch.setattr(links, "let_go_ids", lambda *_: set())
    spine.edit_account(account, Phone="(555) 010-2222")
    carry(spine)
    spine.edit_customer("Blue Pine", Notes="Changed there")
    for _ in range(3):
        carry(spine)

    rows = RecordLink.all_companies.all()
    assert max(writes_of(link) for link in rows) <= FEW


def test_a_customer_is_not_in_the_way_of_an_item_of_its_name() -> None:
    with a_spine(recipes=["product_item"]) as spine:
        with tenant(spine.company.pk):
            mapping = spine.integration.mappings.get(key="product_item")
            mapping.qbo_filter = [{"path": "Name", "operator": "ne", "value": "Cedar Supply"}]
            mapping.save()
            mappings.publish(mapping, spine.person)
        spine.customer(DisplayName="Cedar Supply")
        spine.book("Item", Name="Cedar Supply", Type="Service", IncomeAccountRef={"value": "79"})
        spine.make("Product2", Name="Cedar Supply", ProductCode="CS-1", IsActive=True)

        spine.first_load()

        problem = Problem.all_companies.get(code="qbo.6240", closed_at=None)
        assert "holder_type" not in problem.values
