"""The helper that other tests check our bodies with finds what the vendors would refuse."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connectors.contracts import Operation
from connectors.quickbooks import batch, entities
from tests.connectors.builders import version, write
from tests.connectors.schema import qbo_problems, sf_problems
from tests.shared import recorded


@pytest.mark.parametrize("operation", [Operation.UPDATE, Operation.DEACTIVATE])
def test_an_update_as_we_send_it_is_sparse_and_known(operation: Operation) -> None:
    update = write(operation=operation, id="1", expected=version("2"), body={"Notes": "x"})
    assert qbo_problems("Customer", batch.body(update), "update") == []


def test_recorded_bodies_pass() -> None:
    full = recorded("quickbooks/customer.create_full.request.json")
    assert qbo_problems("Customer", full, "create") == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"DisplayName": "x", "Nope": 1}, "Customer.Nope is unknown"),
        ({"Notes": "x"}, "Customer needs DisplayName or Title"),
        ({"DisplayName": "x" * 501}, "Customer.DisplayName is longer than 500"),
        ({"DisplayName": "x", "Balance": 0.1}, "Customer.Balance is a float"),
        ({"DisplayName": "x", "Taxable": "yes"}, "Customer.Taxable is no boolean: 'yes'"),
        ({"DisplayName": "x", "CurrencyRef": "USD"}, "Customer.CurrencyRef is no reference"),
        ({"DisplayName": "x", "BillAddr": {"Street": "x"}}, "Customer.BillAddr.Street is unknown"),
    ],
)
def test_what_quickbooks_would_refuse_is_found(body: dict[str, Any], problem: str) -> None:
    found = qbo_problems("Customer", body)
    assert len(found) == 1
    assert found[0].startswith(problem)


def test_a_full_update_is_found() -> None:
    assert qbo_problems("Customer", {"Id": "1", "SyncToken": "0"}, "update") == [
        "Customer would be a full update, which clears what is left out"
    ]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"Nope": 1}, "Account.Nope is unknown"),
        ({"Name": "x" * 256}, "Account.Name is longer than 255"),
        ({"AnnualRevenue": "1"}, "Account.AnnualRevenue is no number: '1'"),
        ({"SystemModstamp": "x"}, "Account.SystemModstamp is read only"),
    ],
)
def test_what_salesforce_would_refuse_is_found(body: dict[str, Any], problem: str) -> None:
    assert sf_problems("Account", body) == [problem]
    assert (
        sf_problems("Account", {"Name": "x", "AnnualRevenue": Decimal("1.5"), "QBO_Customer_Id__c": "1"})
        == []
    )


@pytest.mark.parametrize(
    "entity", ["Customer", "Vendor", "Employee", "Account", "Class", "Department", "Term"]
)
def test_the_fields_we_describe_are_those_of_the_schema_with_its_lengths(entity: str) -> None:
    schema = recorded("schemas/qbo_schema.json")
    for field in entities.describe(entity).fields:
        members, types = schema["entities"][entity]["fields"], schema["types"]
        rule: dict[str, Any] = {}
        for part in field.name.split("."):
            assert part in members, field.name
            rule = members[part]
            members = types.get(str(rule["type"]).partition(":")[2], {}).get("fields", {})
        if field.length is not None and "maxlength" in rule:
            assert field.length <= int(rule["maxlength"]), field.name
