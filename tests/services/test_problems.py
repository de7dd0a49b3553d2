"""Problems: grouped by cause, listed, tried again, exported."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from syncapp import services
from syncapp.models import LinkWait, Mapping, RunKind
from syncapp.services import problems
from syncapp.services.errors import Refused
from syncapp.tenancy import tenant
from tests.builders import NOW, a_link, a_mapping, a_problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def mapping() -> Any:
    made = a_mapping()
    with tenant(made.company_id):
        yield made


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What was asked of the service that syncs records."""
    calls: list[dict[str, Any]] = []

    def request(link_ids: Any, **values: Any) -> None:
        calls.append({"links": list(link_ids), **values})

    monkeypatch.setattr(services, "sync", SimpleNamespace(request=request), raising=False)
    return calls


def test_causes_are_counted_per_mapping_the_largest_first(mapping: Mapping) -> None:
    other = a_mapping(
        mapping.integration, key="other", label="Account ↔ Vendor", sf_object="Account", qbo_entity="Vendor"
    )
    for minutes in (5, 90):
        a_problem(a_link(mapping), first_seen_at=NOW - timedelta(minutes=minutes), last_seen_at=NOW)
    a_problem(a_link(other))
    a_problem(a_link(mapping), code="qbo.6000", closed_at=NOW)
    a_problem(a_link(a_mapping()))
    with CaptureQueriesContext(connection) as queries:
        groups = problems.open_groups()
    assert [(group.code, group.mapping, group.count) for group in groups] == [
        ("qbo.6240", "Account ↔ Customer", 2),
        ("qbo.6240", "Account ↔ Vendor", 1),
    ]
    assert (groups[0].first_seen, groups[0].records, len(queries)) == (NOW - timedelta(minutes=90), True, 2)


def test_the_list_says_how_many_records_wait_for_each_and_costs_two_queries(mapping: Mapping) -> None:
    parent = a_link(mapping)
    a_problem(parent)
    for _ in range(3):
        LinkWait.all_companies.create(company_id=mapping.company_id, child=a_link(mapping), parent=parent)
    for _ in range(54):
        a_problem(a_link(mapping))
    with CaptureQueriesContext(connection) as queries:
        first = problems.page()
        assert [row.problem.link.name for row in first.rows]
    second = problems.page(before=first.older)
    assert (len(first.rows), len(second.rows), second.older, len(queries)) == (50, 5, "", 2)
    assert second.rows[-1].waiting == 3


def test_retry_takes_the_chosen_ones_that_are_open_and_ours(
    mapping: Mapping, asked: list[dict[str, Any]]
) -> None:
    chosen, closed, theirs = a_link(mapping), a_link(mapping), a_link(a_mapping())
    ids = [a_problem(chosen).pk, a_problem(closed, closed_at=NOW).pk, a_problem(theirs).pk]
    a_problem(a_link(mapping))
    problems.retry(None, ids=ids)
    assert asked == [
        {"links": [chosen.pk], "target": None, "person": None, "cause": "Retry", "kind": RunKind.RETRY}
    ]


def test_retry_takes_all_of_a_cause(mapping: Mapping, asked: list[dict[str, Any]]) -> None:
    alike = {a_problem(a_link(mapping)).link_id for _ in range(3)}
    a_problem(a_link(mapping), code="qbo.6000")
    problems.retry(None, code="qbo.6240", mapping=mapping.pk)
    assert set(asked[0]["links"]) == alike


def test_there_must_be_something_to_retry(mapping: Mapping, asked: list[dict[str, Any]]) -> None:
    for question in ({}, {"ids": [1, 2]}, {"code": "qbo.6240"}):
        with pytest.raises(Refused) as refused:
            problems.retry(None, **question)
        assert refused.value.code == "problems.none"
    assert asked == []


def test_the_export_has_a_line_per_problem_and_no_formulas(mapping: Mapping) -> None:
    a_problem(
        a_link(mapping, name="=HYPERLINK(1)", sf_id="001Hp00002vXc3TIAS", qbo_id=None, lifecycle="creating")
    )
    headings, line = problems.csv_rows()
    assert headings == list(problems.CSV_HEADINGS)
    assert line[2:6] == ["2", "'=HYPERLINK(1)", "Account ↔ Customer", "001Hp00002vXc3TIAS"]
    assert (line[6], line[8]) == ("", "qbo.6240")


def test_the_others_with_the_same_cause_are_counted(mapping: Mapping) -> None:
    mine = a_problem(a_link(mapping))
    for _ in range(2):
        a_problem(a_link(mapping))
    assert (problems.others_like(mine), problems.of_link(mine.link_id)) == (2, mine)
