"""One record that two mappings keep in step: what one of them reads or agrees on is still news to the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.contracts import Side
from syncapp import recipes
from syncapp.engine.mapping import FieldSpec
from syncapp.models import Mapping, Observation
from syncapp.recipes import Recipe, RecipeRow
from syncapp.services import matching, modes, prepare, runs, setup
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

SUPPLIERS = Recipe(
    key="account_supplier",
    label="Account and Vendor",
    summary="Customers who also deliver to us.",
    sf_object="Account",
    qbo_entity="Vendor",
    rows=(
        RecipeRow(FieldSpec("site", "Site", "Site", "DisplayName", required=True)),
        RecipeRow(FieldSpec("phone", "Phone", "Phone", "PrimaryPhone.FreeFormNumber")),
    ),
    external_id_fields=(),
)


@pytest.fixture
def spine(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Spine]:
    settings.TIMING_DIVISOR = 40
    monkeypatch.setitem(recipes.RECIPES, SUPPLIERS.key, SUPPLIERS)
    monkeypatch.setattr(setup, "RECIPES", recipes.RECIPES)
    with a_spine(recipes=("account_customer", SUPPLIERS.key), winner="sf") as made:
        yield made


def later(spine: Spine) -> None:
    """What was written before is told apart from what follows: Salesforce's stamps have whole seconds."""
    spine.sim.salesforce.post("clock", {"advance": 2})


def phones(spine: Spine) -> list[str]:
    """Of the customer and of the vendor."""
    return [spine.booked(entity)[0]["PrimaryPhone"]["FreeFormNumber"] for entity in ("Customer", "Vendor")]


def test_an_edit_reaches_both_counterparts_of_a_record(spine: Spine) -> None:
    account = spine.account(Name="Pine", Site="Pine Supplies", Phone="(555) 010-1111")
    spine.first_load()
    later(spine)
    spine.edit_account(account, Phone="(555) 010-2222")
    spine.sync()
    assert phones(spine) == ["(555) 010-2222", "(555) 010-2222"]


def test_an_edit_that_one_mapping_reads_before_the_clock_reaches_the_other(spine: Spine) -> None:
    account = spine.account(Name="Pine", Site="Pine Supplies", Phone="(555) 010-1111")
    spine.first_load()
    later(spine)
    spine.edit_account(account, Phone="(555) 010-2222")
    spine.press(next(link for link in spine.links if link.qbo_entity == "Customer"), Side.QUICKBOOKS)
    spine.sync()
    assert phones(spine) == ["(555) 010-2222", "(555) 010-2222"]


def test_what_a_closed_pair_finds_out_about_its_record_is_told_to_the_pair_that_has_it_now(
    spine: Spine,
) -> None:
    account = spine.account(Name="Pine", Site="Pine Supplies")
    spine.first_load()
    closed = next(link for link in spine.links if link.qbo_entity == "Customer")
    later(spine)
    spine.edit_account(account, Site="Pine and Sons")
    later(spine)
    spine.capture()
    spine.delete_account(account)
    later(spine)
    with tenant(spine.company.pk):
        matching.unlink(closed, spine.person)
        again = matching.relink(closed, spine.person)
    spine.carry()
    spine.sync()
    again.refresh_from_db()
    assert (again.lifecycle, again.attention_code) == ("linked", "engine.sf_deleted")


def test_a_mapping_on_schedule_looks_at_what_another_one_has_looked_at_already(spine: Spine) -> None:
    account = spine.account(Name="Pine", Site="Pine Supplies", Phone="(555) 010-1111")
    spine.first_load()
    spine.sync()
    later(spine)
    suppliers = Mapping.all_companies.get(key=SUPPLIERS.key)
    with tenant(spine.company.pk):
        modes.set_mode(suppliers, "schedule", spine.person)
    spine.edit_account(account, Phone="(555) 010-2222")
    spine.sync()
    spine.long_since()
    Observation.all_companies.filter(object="Vendor").update(fresh=False)  # read once more since it was made
    assert phones(spine) == ["(555) 010-2222", "(555) 010-1111"]

    with tenant(spine.company.pk):
        run = runs.request_mapping(suppliers, spine.person, "Nightly")
    prepare.prepare(run.pk)
    spine.carry()

    assert phones(spine) == ["(555) 010-2222", "(555) 010-2222"]
