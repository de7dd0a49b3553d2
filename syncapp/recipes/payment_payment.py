"""Salesforce QBO_Payment__c <-> QuickBooks Payment, both ways: a payment that is entered in Salesforce goes to
QuickBooks with what it pays of each invoice and what it takes of each credit memo (product.md 5.9; quickbooks.md 3.9,
3.10). What its amounts must come to is said in `engine.payments`.

In the place of `payment_record`, which only shows what QuickBooks has.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from syncapp.engine.mapping import Direction, Initial, OnConflict, OnDrift
from syncapp.engine.merge import OPTIONAL_THERE
from syncapp.recipes.documents import LINES
from syncapp.recipes.payment_record import RECIPE as RECORD
from syncapp.recipes.recipe import Recipe, RecipeRow, Template

BOTH_WAYS = frozenset(
    {
        *("account", "paid_on", "paid_total", "in_currency", "method", "reference", "deposit_to"),
        *(LINES, "amount", "linked_invoice", "linked_credit"),
    }
)
NEEDED: dict[str, dict[str, Any]] = {
    "account": {"default": OPTIONAL_THERE},
    "linked_invoice": {"default": OPTIONAL_THERE},
    "amount": {"required": True},
    "paid_total": {"transform": "blank_is_zero"},
}
"""What QuickBooks does not take a payment, or an amount of it, without."""


def _row(row: RecipeRow) -> RecipeRow:
    spec = row.spec
    if spec.key not in BOTH_WAYS:
        return row
    both = replace(
        spec,
        direction=Direction.BOTH,
        on_conflict=OnConflict.QBO,
        on_drift=OnDrift.LEAVE,
        initial=Initial.QBO,
        **NEEDED.get(spec.key, {}),
    )
    return replace(row, spec=both, fixed=True)


RECIPE = Recipe(
    key="payment_payment",
    label="Payment, both ways",
    summary="Payments and applied credit that are entered in Salesforce go to QuickBooks with what they pay of each"
    " invoice; those of QuickBooks become records in Salesforce.",
    sf_object=RECORD.sf_object,
    qbo_entity=RECORD.qbo_entity,
    rows=tuple(map(_row, RECORD.rows)),
    external_id_fields=RECORD.external_id_fields,
    templates=frozenset({Template.BIDIRECTIONAL}),
    sf_filter=RECORD.sf_filter,
    options=RECORD.options,
    instead_of=(RECORD.key,),
)
