"""A pair of objects is one recipe: this one is made in the test, and syncs with the services as they are."""

from __future__ import annotations

import pytest

from connectors.contracts import Condition
from syncapp import recipes
from syncapp.engine.mapping import FieldSpec
from syncapp.models import Mapping
from syncapp.recipes import Recipe, RecipeRow
from syncapp.services import setup
from syncapp.tenancy import tenant
from tests.services.spine import a_spine

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)

RECIPE = Recipe(
    key="contact_vendor",
    label="Contact and Vendor",
    summary="People whom we pay.",
    sf_object="Contact",
    qbo_entity="Vendor",
    rows=(
        RecipeRow(FieldSpec("last_name", "Last name", "LastName", "DisplayName", required=True)),
        RecipeRow(FieldSpec("mobile", "Mobile", "MobilePhone", "Mobile.FreeFormNumber")),
    ),
    external_id_fields=("QBO_Customer_Id__c",),
    sf_filter=(Condition("Title", "eq", "Contractor"),),
)


def test_a_recipe_in_a_file_is_all_that_a_pair_of_objects_takes(monkeypatch):
    monkeypatch.setitem(recipes.RECIPES, RECIPE.key, RECIPE)
    monkeypatch.setattr(setup, "RECIPES", recipes.RECIPES)
    with a_spine(recipes=(RECIPE.key,), winner="sf") as spine:
        made = spine.make("Contact", LastName="Okafor", Title="Contractor", MobilePhone="555-0100")
        spine.make("Contact", LastName="Ignored", Title="Buyer")
        spine.first_load()
        [vendor] = spine.booked("Vendor")
        assert (vendor["DisplayName"], vendor["Mobile"]["FreeFormNumber"]) == ("Okafor", "555-0100")
        spine.book(
            "Vendor",
            Id=vendor["Id"],
            SyncToken=vendor["SyncToken"],
            sparse=True,
            Mobile={"FreeFormNumber": "555-0199"},
        )
        spine.sync()
        assert spine.row("Contact", made)["MobilePhone"] == "555-0199"
        mark = spine.mark()
        spine.sync()
        assert spine.writes(mark) == []


def test_a_choice_brings_what_it_cannot_go_without_and_drops_what_may_stay_empty():
    with (
        a_spine(recipes=("payment_record", "opportunity_invoice"), winner="sf") as spine,
        tenant(spine.company.pk),
    ):
        chosen = {mapping.key: mapping for mapping in Mapping.objects.all()}
        refers = {row.refers_to for row in chosen["payment_record"].rows.all() if row.refers_to}
    assert set(chosen) == {"account_customer", "product_item", "opportunity_invoice", "payment_record"}
    assert refers == {"account_customer", "opportunity_invoice"}
