"""The health check looks at every object that a mapping touches, not at accounts alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.contracts import FieldInfo, ObjectInfo
from syncapp.engine.mapping import OnConflict
from syncapp.recipes import Template, get, prepare
from syncapp.services import health
from syncapp.services.checks import Check, Level
from syncapp.services.health_mapped import Need, _fields, _rights, needs_of
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine


def an_object(*fields: FieldInfo, **rights: bool) -> ObjectInfo:
    return ObjectInfo("Product2", "Product", fields, **rights)


def open_field(name: str, **more: bool) -> FieldInfo:
    return FieldInfo(name, name, "string", **more)


def levels(checks: list[Check]) -> list[tuple[Level, str]]:
    return [(one.level, one.detail) for one in checks]


def test_what_mappings_need_is_told_apart_by_object_and_by_what_they_do() -> None:
    specs = [
        prepare(get(key), Template.BIDIRECTIONAL, OnConflict.SF).spec
        for key in ("product_item", "opportunity_invoice")
    ]
    needs = needs_of(specs)
    assert {"Product2", "PricebookEntry", "Opportunity", "OpportunityLineItem"} <= needs.keys()
    product, line, sale = needs["Product2"], needs["OpportunityLineItem"], needs["Opportunity"]
    assert (product.creates, product.edits, needs["PricebookEntry"].creates) == (True, True, True)
    assert (sale.creates, line.creates, line.edits) == (False, False, False)
    assert "ProductCode" in product.edit
    assert "CloseDate" in sale.read - sale.edit
    assert not any("." in name for need in needs.values() for name in need.read)


def test_an_object_that_is_hidden_or_may_not_be_written_is_to_fix() -> None:
    need = Need("Product2", creates=True, edits=True)
    assert [one.title for one in _rights(need, None)] == ["Product2: the connected user may not see it"]
    shut = _rights(need, an_object(createable=False, updateable=False))
    assert [(one.level, one.fix) for one in shut] == [
        (Level.BAD, "Give the user Create and Edit on Product2.")
    ]
    assert _rights(Need("Product2"), an_object(createable=False, updateable=False)) == []


def test_fields_that_are_hidden_or_read_only_are_named_whatever_their_capitals() -> None:
    need = Need("Product2", read={"Name", "SKU__c", "Cost"}, edit={"name", "Cost"}, create={"Type__c"})
    info = an_object(open_field("Name"), open_field("Cost", updateable=False), open_field("Type__c"))
    assert levels(_fields(need, info)) == [(Level.WARN, "not visible: SKU__c; read only: Cost")]
    assert levels(_fields(Need("Product2", read={"NAME"}), info)) == [(Level.GOOD, "1 field")]


@pytest.fixture
def spine(transactional_db: None) -> Iterator[Spine]:
    with a_spine(recipes=("product_item", "opportunity_invoice")) as made:
        yield made


@pytest.mark.django_db(databases=["default", "vault"], transaction=True)
def test_the_check_of_an_org_speaks_of_every_mapped_object(spine: Spine) -> None:
    org = spine.integration.salesforce
    assert org is not None
    with tenant(spine.company.pk):
        found = {one.key: one.level for one in health.check_side(org)}
    for name in ("Account", "Product2", "PricebookEntry", "Opportunity", "OpportunityLineItem"):
        assert found[f"{name}.mapped"] is Level.GOOD, name
