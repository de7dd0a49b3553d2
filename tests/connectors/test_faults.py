"""Every fault that the wire references list has its kind, and every recorded fault is read."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.errors import FailureKind
from connectors.quickbooks import faults as quickbooks
from connectors.salesforce import faults as salesforce
from tests.listed_codes import quickbooks_numbers, salesforce_names
from tests.shared import recorded


def test_every_listed_code_of_quickbooks_has_a_kind() -> None:
    codes = quickbooks_numbers()
    assert len(codes) > 90
    assert codes - set(quickbooks.KINDS) == set()


def test_every_listed_code_of_salesforce_has_a_kind() -> None:
    codes = salesforce_names() - {"OPERATION_ENQUEUED"}  # a success marker
    assert len(codes) > 40
    assert codes - set(salesforce.KINDS) == set()


@pytest.mark.parametrize(
    ("file", "code", "kind"),
    [
        ("400_2010_unknown_property", "qbo.2010", FailureKind.BUG),
        ("400_2020_missing_name", "qbo.2020", FailureKind.DATA),
        ("400_2500_invalid_reference", "qbo.2500", FailureKind.WAITING),
        ("400_4000_query_parse", "qbo.4000", FailureKind.BUG),
        ("400_5010_stale", "qbo.5010", FailureKind.CONFLICT),
        ("400_6000_business", "qbo.6000", FailureKind.DATA),
        ("400_610_inactive_or_missing", "qbo.610", FailureKind.MISSING),
        ("400_6140_duplicate_docnumber", "qbo.6140", FailureKind.EXISTS),
        ("400_6240_duplicate_name", "qbo.6240", FailureKind.EXISTS),
        ("two_errors", "qbo.2050", FailureKind.DATA),
    ],
)
def test_the_recorded_faults_of_quickbooks_are_read(file: str, code: str, kind: FailureKind) -> None:
    failure = quickbooks.from_fault(recorded(f"quickbooks/fault.{file}.json")["Fault"], "tid")
    assert (failure.code, failure.kind, failure.request_id) == (code, kind, "tid")
    assert failure.message


def test_all_errors_of_a_fault_are_told() -> None:
    failure = quickbooks.from_fault(recorded("quickbooks/fault.two_errors.json")["Fault"])
    assert failure.fields == ("firstname", "postalcode")
    assert "ZipCode" in failure.detail


def catalog() -> list[tuple[int, list[dict[str, Any]]]]:
    return [
        (each["httpStatus"], each["body"]) for each in recorded("salesforce/errors/catalog.constructed.json")
    ]


def test_the_recorded_faults_of_salesforce_are_read() -> None:
    for status, body in catalog():
        if not isinstance(body, list):
            continue
        failure = salesforce.from_body(status, body)
        code = body[0]["errorCode"]
        assert failure.code == f"sf.{code}"
        if code != "REQUEST_LIMIT_EXCEEDED":
            assert failure.kind is salesforce.KINDS[code], code


def test_an_external_id_field_that_is_not_there_is_a_setting_and_not_a_missing_record() -> None:
    failure = salesforce.from_body(404, recorded("salesforce/errors/404_NOT_FOUND.external_id_field.json"))
    assert failure.kind is FailureKind.CONFIG


@pytest.mark.parametrize(
    ("status", "kind"),
    [(420, "transient"), (503, "transient"), (410, "config"), (412, "conflict"), (404, "config")],
)
def test_an_answer_without_a_code_is_told_by_its_status(status: int, kind: str) -> None:
    failure = salesforce.from_body(status, None)
    assert (failure.code, failure.kind.value) == (f"sf.{status}", kind)
