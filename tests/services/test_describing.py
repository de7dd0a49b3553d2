"""The fields of a new mapping are there by themselves when a person opens it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest

from connectors.contracts import Side
from connectors.errors import ConnectorError, Failure, FailureKind
from syncapp import tasks
from syncapp.models import ApiUsage, Connection, FieldList, Mapping
from syncapp.services import describing, field_lists, mapping_versions, setup
from syncapp.store import specs
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)
DESCRIBE = "connectors.salesforce.client.SalesforceClient.describe"


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine(recipes=("account_customer", "product_item")) as made, tenant(made.company.pk):
        yield made


def salesforce(spine: Spine) -> Connection:
    return Connection.objects.get(side=Side.SALESFORCE.value, company=spine.company)


def described(side: Side) -> set[str]:
    rows = FieldList.objects.filter(connection__side=side.value, read_at__isnull=False)
    return set(rows.values_list("object", flat=True))


def calls() -> tuple[int, int]:
    """Calls of both sides until now, and how many of them are metered."""
    rows = list(ApiUsage.objects.values_list("calls", "metered"))
    return sum(row[0] for row in rows), sum(row[1] for row in rows)


def test_set_up_keeps_what_it_described_and_a_worker_reads_what_that_refers_to(spine: Spine) -> None:
    at_once = described(Side.SALESFORCE)
    assert {"Account", "Product2", "PricebookEntry"} <= at_once, "the wizard described them anyway"
    assert described(Side.QUICKBOOKS) == {"Customer", "Item"}, "known by heart"
    before, metered = calls()
    tasks.describe(str(spine.integration.salesforce_id))
    read = described(Side.SALESFORCE) - at_once
    assert "User" in read
    assert calls() == (before + len(read), metered), "one call per object, none metered"
    tasks.describe(str(spine.integration.salesforce_id))
    assert calls() == (before + len(read), metered)


def test_the_pickers_of_a_new_mapping_are_filled_when_it_is_opened(spine: Spine) -> None:
    tasks.describe(str(spine.integration.salesforce_id))
    sides = field_lists.known(spine.mapping)
    assert sides.sf is not None
    assert sides.qbo is not None
    assert "Owner.Name" in {f"Owner.{field.name}" for field in sides.related["User"].fields}


def test_a_draft_from_a_file_asks_for_the_objects_of_its_lines(spine: Spine) -> None:
    FieldList.objects.filter(object="PricebookEntry").delete()
    product = Mapping.objects.get(key="product_item")
    with patch("syncapp.queue.describe") as rung:
        mapping_versions.take_over(product, specs.draft_spec(product))
        mapping_versions.take_over(product, specs.draft_spec(product))
    assert [call.args for call in rung.call_args_list] == [(spine.integration.salesforce_id,)], (
        "once is enough"
    )
    assert FieldList.objects.get(object="PricebookEntry").read_at is None
    assert describing.ring_forgotten() == 1, "a lost message loses nothing"
    describing.describe(salesforce(spine))
    assert FieldList.objects.get(object="PricebookEntry").read_at is not None
    assert describing.ring_forgotten() == 0


def test_an_object_that_cannot_be_described_says_why_and_is_tried_again_at_night(spine: Spine) -> None:
    FieldList.objects.filter(object="Account").delete()
    with patch("syncapp.queue.describe"):
        describing.ask_for(spine.mapping)
    refused = ConnectorError(Failure(FailureKind.PERMISSION, "sf.no_access", "You may not"))
    with patch(DESCRIBE, side_effect=refused):
        describing.describe(salesforce(spine))
    row = FieldList.objects.get(object="Account")
    assert (row.read_at, row.failure_code) == (None, "sf.no_access")
    assert field_lists.known(spine.mapping).sf is None, "the pages of the mapping open all the same"
    assert describing.ring_forgotten() == 0, "not again and again"
    client: Any = object()
    with patch("syncapp.services.field_lists.refresh", wraps=_refused_again) as asked:
        field_lists.refresh_due(salesforce(spine), Side.SALESFORCE, client)
    assert "Account" in [call.args[1] for call in asked.call_args_list]
    assert field_lists.known(spine.mapping).sf is None


def _refused_again(connection: Connection, name: str, client: object) -> FieldList:
    return FieldList.objects.get(connection=connection, object=name)


def test_what_a_mapping_goes_through_is_described_before_other_lookups(spine: Spine) -> None:
    sides = field_lists.known(spine.mapping)
    assert sides.sf is not None
    assert field_lists.related(sides.sf, {"Owner"})[0] == "User"
    assert describing.relations_in(specs.draft_spec(spine.mapping)) <= {"Owner", "Parent"}


def test_choosing_the_template_again_describes_nothing_twice(spine: Spine) -> None:
    tasks.describe(str(spine.integration.salesforce_id))
    with patch("syncapp.queue.describe") as rung:
        setup.choose_template(spine.integration, "sf_to_qbo", "sf", spine.person)
    assert rung.call_args_list == []
