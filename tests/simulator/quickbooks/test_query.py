"""The query language as Intuit's server takes it (quickbooks.md section 4)."""

from __future__ import annotations

import pytest

from connectors.simulator.testing import Simulator
from tests.shared import recorded
from tests.simulator.wire_client import Books


def _fault_of(name: str) -> dict[str, str]:
    found: dict[str, str] = recorded(f"quickbooks/{name}.json")["Fault"]["Error"][0]
    return found


def test_count_pages_and_the_page_past_the_end(books: Books) -> None:
    total = books.query("select count(*) from Vendor").json["QueryResponse"]
    page = books.query("SELECT * FROM Vendor MAXRESULTS 5 STARTPOSITION 1").json["QueryResponse"]
    last = books.query("SELECT * FROM Vendor STARTPOSITION 21 MAXRESULTS 5").json["QueryResponse"]
    past = books.query("SELECT * FROM Vendor STARTPOSITION 999").json
    assert total == {"totalCount": 24}
    assert (len(page["Vendor"]), page["startPosition"], page["maxResults"]) == (5, 1, 5)
    assert (len(last["Vendor"]), last["startPosition"], last["maxResults"]) == (4, 21, 4)
    assert set(past) == {"QueryResponse", "time"}
    assert past["QueryResponse"] == {}


def test_inactive_records_hide_unless_active_is_mentioned(books: Books) -> None:
    plain = books.rows("select * from Vendor maxresults 1000")
    every = books.rows("select * from vendor where Active IN (true, false) maxresults 1000")
    gone = books.rows("select * from Vendor where active = false")
    assert len(every) == len(plain) + len(gone)
    assert [row["DisplayName"] for row in gone] == ["United States Treasury (deleted)"]


@pytest.mark.parametrize(
    "statement",
    [
        r"select * from Customer where DisplayName = 'Amy\'s Bird Sanctuary'",
        r"SELECT Id, displayname FROM customer WHERE displayName LIKE 'amy%sanct%'",
        "select * from Customer where PrimaryEmailAddr = 'amysbirdsanctuary@example.com'",
        "select * from Customer where Id in ('1') and Active = true;",
        "select * from Customer where Balance > '281' and Balance < 283 and GivenName = 'Amy'",
    ],
)
def test_conditions_find_the_same_customer(books: Books, statement: str) -> None:
    rows = books.rows(statement)
    assert [row["Id"] for row in rows] == ["1"]
    assert rows[0]["BillAddr"]["City"] == "Bayshore"  # column lists do not project


def test_an_ampersand_and_a_plus_survive_the_address_line(books: Books) -> None:
    rows = books.rows("select * from Vendor where DisplayName = 'Robertson & Associates'")
    assert [row["DisplayName"] for row in rows] == ["Robertson & Associates"]


def test_a_backslash_is_escaped_and_an_underscore_is_literal(books: Books) -> None:
    books.post("customer", {"DisplayName": "back\\slash 100_percent"})
    assert len(books.rows(r"select * from Customer where DisplayName = 'back\\slash 100_percent'")) == 1
    assert len(books.rows("select * from Customer where DisplayName like '%100_per%'")) == 1
    assert books.rows("select * from Customer where DisplayName like '%1_0_per%'") == []


def test_times_are_compared_as_instants(books: Books) -> None:
    assert (
        books.rows("select * from Customer where MetaData.LastUpdatedTime > '2099-01-01T00:00:00-08:00'")
        == []
    )
    rows = books.rows(
        "select * from Customer where MetaData.CreateTime > '2020-01-01T00:00:00Z' maxresults 3"
    )
    assert len(rows) == 3


def test_order_is_by_full_name_without_orderby_and_as_asked_with_it(books: Books) -> None:
    names = [row["FullyQualifiedName"] for row in books.rows("select * from Customer maxresults 1000")]
    ids = [int(row["Id"]) for row in books.rows("select * from Customer orderby Id desc maxresults 1000")]
    both = books.rows("select * from Invoice order by Balance DESC, Id maxresults 1000")
    assert names == sorted(names)
    assert ids == sorted(ids, reverse=True)
    keys = [(-row["Balance"], int(row["Id"])) for row in both]
    assert keys == sorted(keys)


def test_a_hundred_rows_come_when_no_page_is_asked_for(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    for start in range(0, 120, 30):
        items = [
            {"bId": str(n), "operation": "create", "Customer": {"DisplayName": f"C{n:03d}"}}
            for n in range(start, start + 30)
        ]
        books.call("POST", "batch", {"BatchItemRequest": items})
    assert len(books.rows("select * from Customer")) == 100
    assert len(books.rows("select * from Customer maxresults 1000")) == 120


def test_post_takes_the_statement_as_its_body(books: Books) -> None:
    for kind in ("application/text", "text/plain"):
        got = books.call("POST", "query", "select * from Term", {"Content-Type": kind}, minorversion="75")
        assert len(got.json["QueryResponse"]["Term"]) == 5


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("SELECT * FROM Custmoer", "fault.400_4001_unknown_entity"),
        ("SELECT * FROM Customer STARTPOSITION 0", "fault.400_4001_maxresults_too_small"),
        ("SELECT * FROM NULL", "fault.400_4000_query_parse"),
    ],
)
def test_recorded_query_faults_come_back_word_for_word(books: Books, statement: str, fault: str) -> None:
    got = books.query(statement)
    assert got.status == 400
    assert got.fault == _fault_of(fault)


@pytest.mark.parametrize(
    ("statement", "code", "words"),
    [
        (
            "select * from Customer where NoSuchField = '1'",
            "4001",
            "Property NoSuchField not found for Entity Customer",
        ),
        (
            "select * from Invoice where DepartmentRef = '1'",
            "4001",
            "property 'DepartmentRef' is not queryable",
        ),
        ("select * from Customer where Id > '5'", "4001", "not supported for property 'Id'"),
        (
            "select * from Customer where GivenName = 'a' or GivenName = 'b'",
            "4000",
            'Encountered " "or" "or ""',
        ),
        ("select * from Customer where GivenName != 'a'", "4000", "at line 1, column 40"),
        ("select * from Customer where GivenName = 'it''s'", "4000", "QueryParserError"),
        ("select * from Customer where GivenName = 'open", "4000", "QueryParserError"),
        ("select * from Customer maxresults 1001", "4001", "value 1001 is too large"),
        ("select from Customer", "4000", "QueryParserError"),
        ("update Customer set a = 'b'", "4000", "QueryParserError"),
        ("", "4000", "QueryParserError"),
    ],
)
def test_what_the_language_does_not_have_is_refused(
    books: Books, statement: str, code: str, words: str
) -> None:
    got = books.query(statement)
    assert (got.status, got.code, got.json["Fault"]["type"]) == (400, code, "ValidationFault")
    assert words in got.fault["Detail"]


def test_switches_decide_what_sources_disagree_about(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    books.post("customer", {"DisplayName": "Case"})
    assert books.rows("select * from Customer where DisplayName = 'case'") == []
    empty_sim.quickbooks.post(
        "knobs", {"query_case_sensitive": False, "clamp_page": True, "max_results_zero_ok": True}
    )
    assert len(books.rows("select * from Customer where DisplayName = 'case'")) == 1
    assert len(books.rows("select * from Customer startposition 0 maxresults 5000")) == 1
