from __future__ import annotations

from decimal import Decimal

import pytest

from syncapp.engine.filters import first_unmet, meets
from syncapp.engine.mapping import Condition

BODY = {
    "Type": "Customer",
    "Revenue": Decimal("100.50"),
    "Active": True,
    "Note": "",
    "CreatedDate": "2026-11-21T09:30:00.000+0000",
    "Opened": "2026-11-21",
    "Owner": {"Name": "Ann"},
}


@pytest.mark.parametrize(
    ("path", "operator", "value", "expected"),
    [
        ("Type", "eq", "customer", True),
        ("Type", "ne", "Customer", False),
        ("Missing", "ne", "Customer", True),
        ("Type", "in", ["Partner", "Customer"], True),
        ("Missing", "in", ["Partner"], False),
        ("Type", "contains", "STOM", True),
        ("Type", "starts", "cu", True),
        ("Note", "blank", None, True),
        ("Type", "blank", False, True),
        ("Type", "blank", True, False),
        ("Revenue", "gt", "100", True),
        ("Revenue", "le", 100, False),
        ("Revenue", "gt", "many", False),
        ("Active", "eq", "true", True),
        ("CreatedDate", "ge", "2026-11-21T09:30:00Z", True),
        ("CreatedDate", "lt", "2026-11-21T09:30:00Z", False),
        ("Opened", "lt", "2026-12-01", True),
        ("Owner.Name", "eq", "Ann", True),
        ("Missing", "eq", None, False),
    ],
)
def test_conditions_compare_by_what_the_records_value_is(path, operator, value, expected):
    assert meets(Condition(path, operator, value), BODY) is expected


def test_the_first_unmet_condition_is_named():
    unmet = Condition("Active", "eq", "false")
    assert first_unmet((Condition("Type", "eq", "Customer"), unmet), BODY) is unmet
    assert first_unmet((), BODY) is None


def test_an_unknown_operator_is_refused():
    with pytest.raises(ValueError, match="like"):
        meets(Condition("Type", "like", "x"), BODY)
