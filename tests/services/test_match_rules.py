"""By what a mapping recognises records: its own rules, and numbers that count only together with their customer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.admin.mapping_forms import MappingForm
from syncapp.models import Integration, Mapping, MappingPass, RecordLink
from syncapp.services import mappings
from syncapp.store import match_index, specs
from syncapp.tenancy import tenant
from tests.builders import a_link, a_mapping, an_integration, publish

pytestmark = pytest.mark.django_db

NUMBERED: tuple[dict[str, Any], ...] = (
    {"key": "name", "label": "Name", "sf_path": "Name", "qbo_path": "DisplayName"},
    {"key": "number", "label": "Number", "sf_path": "Number__c", "qbo_path": "DocNumber"},
    {"key": "customer", "label": "Customer", "sf_path": "AccountId", "qbo_path": "CustomerRef", "type": "reference",
     "refers_to": "account_customer"},
)  # fmt: skip


@pytest.fixture
def integration() -> Iterator[Integration]:
    made = an_integration()
    with tenant(made.company_id):
        yield made


@pytest.fixture
def accounts(integration: Integration) -> Mapping:
    return a_mapping(integration)


@pytest.fixture
def documents(integration: Integration, accounts: Mapping) -> Mapping:
    return a_mapping(
        integration,
        rows=NUMBERED,
        key="documents",
        label="Order ↔ Estimate",
        sf_object="Order",
        qbo_entity="Estimate",
        policies={"match_on": ["number+customer", "name"]},
    )


def one_of_ours(mapping: Mapping, remote_id: str, number: str, account: str) -> RecordLink:
    keys = [("number", f"number+customer|{number}"), ("party", f"customer={account}")]
    match_index.put_keys(mapping.integration.salesforce, mapping.sf_object, [(remote_id, keys)])
    return a_link(mapping, sf_id=remote_id, qbo_id=None, lifecycle="creating")


def one_of_theirs(mapping: Mapping, remote_id: str, number: str, customer: str) -> RecordLink:
    keys = [("number", f"number+customer|{number}"), ("party", f"customer={customer}")]
    match_index.put_keys(mapping.integration.quickbooks, mapping.qbo_entity, [(remote_id, keys)])
    return a_link(mapping, sf_id=None, qbo_id=remote_id, lifecycle="creating")


def ranks(mapping: Mapping, link: RecordLink) -> list[tuple[str, int, bool]]:
    found = match_index.candidates(mapping, [link])[link.id]
    return [(candidate.id, candidate.rank, candidate.unique_backwards) for candidate in found]


def test_the_same_number_of_the_same_customer_is_the_same_document(
    accounts: Mapping, documents: Mapping
) -> None:
    a_link(accounts, sf_id="001A", qbo_id="7")
    ours = one_of_ours(documents, "801A", "1001", "001A")
    theirs = one_of_theirs(documents, "90", "1001", "7")
    one_of_theirs(documents, "91", "1001", "8")
    assert ranks(documents, ours) == [("90", 3, True), ("91", 5, True)]
    assert ranks(documents, theirs) == [("801A", 3, True)]


def test_while_the_customer_is_not_linked_a_number_is_only_a_hint(
    accounts: Mapping, documents: Mapping
) -> None:
    ours = one_of_ours(documents, "801A", "1001", "001A")
    one_of_theirs(documents, "90", "1001", "7")
    assert ranks(documents, ours) == [("90", 5, True)]
    a_link(accounts, sf_id="001A", qbo_id="7")
    assert ranks(documents, ours) == [("90", 3, True)]


def test_many_numbers_cost_as_many_queries_as_one(accounts: Mapping, documents: Mapping) -> None:
    numbers = iter(range(100))

    def queries(count: int) -> int:
        links = []
        for number in [next(numbers) for _ in range(count)]:
            a_link(accounts, sf_id=f"001{count}{number}", qbo_id=f"7{count}{number}")
            links.append(
                one_of_ours(documents, f"801{count}{number}", f"{count}-{number}", f"001{count}{number}")
            )
            one_of_theirs(documents, f"9{count}{number}", f"{count}-{number}", f"7{count}{number}")
        with CaptureQueriesContext(connection) as captured:
            match_index.candidates(documents, links)
        return len(captured)

    queries(1)  # the published version is remembered from here on
    assert queries(1) == queries(20)


def test_a_kind_of_key_that_the_rules_do_not_name_does_not_count(accounts: Mapping) -> None:
    accounts.policies = {"match_on": ["email"]}
    accounts.save()
    publish(accounts)
    keys = [("name", "blue pine"), ("phone", "5551")]
    match_index.put_keys(accounts.integration.salesforce, "Account", [("001A", keys)])
    match_index.put_keys(accounts.integration.quickbooks, "Customer", [("7", keys)])
    ours = a_link(accounts, sf_id="001A", qbo_id=None, lifecycle="creating")
    a_link(accounts, sf_id=None, qbo_id="7", lifecycle="creating")
    assert ranks(accounts, ours) == []


def a_form(mapping: Mapping, match_on: str) -> MappingForm:
    data = {"label": mapping.label, "sf_filter": "", "qbo_filter": "", "match_on": match_on, "external_id_field": "",
            "name_clash": "ask", "qbo_gone": "flag", "revive": "ask", "sf_gone": "leave"}  # fmt: skip
    return MappingForm(data, instance=mapping)


def test_the_form_takes_the_rules_a_line_each_and_names_a_field_that_is_not_there(documents: Mapping) -> None:
    wrong = a_form(documents, "number+vendor")
    assert "“vendor” is neither" in str(wrong.errors["match_on"])
    form = a_form(documents, "number + customer\nemail\n\nemail")
    assert form.is_valid(), form.errors
    form.save()
    spec = specs.draft_spec(documents)
    assert spec.policies.match_on == ("number+customer", "email")
    assert specs.from_json(specs.to_json(spec), number=2).policies == spec.policies


def test_after_new_rules_both_sides_are_read_again_before_anything_is_created(accounts: Mapping) -> None:
    def passes() -> int:
        return MappingPass.objects.filter(mapping=accounts).count()

    MappingPass.objects.create(mapping=accounts, side="sf")
    accounts.policies = {"match_auto": False}
    accounts.save()
    mappings.publish(accounts, None)
    assert passes() == 1
    accounts.refresh_from_db()
    accounts.policies = {"match_on": ["name"]}
    accounts.save()
    mappings.publish(accounts, None)
    assert passes() == 0
