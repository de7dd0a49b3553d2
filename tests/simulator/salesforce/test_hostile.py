"""Bad input never makes the stand-in break: malformed bodies, ids, queries and headers at every route."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.simulator.testing import Side
from tests.simulator.salesforce.caller import Caller, caller_of

ROUTES = (
    "",
    "/limits",
    "/limits/recordCount",
    "/sobjects",
    "/sobjects/{}",
    "/sobjects/{}/describe",
    "/sobjects/Account/{}",
    "/sobjects/{}/{}",
    "/sobjects/Account/{}/{}",
    "/sobjects/Account/updated",
    "/sobjects/Account/deleted",
    "/query",
    "/queryAll",
    "/query/{}",
    "/tooling/query",
    "/tooling/sobjects",
    "/search",
    "/parameterizedSearch",
    "/composite",
    "/composite/batch",
    "/composite/graph",
    "/composite/sobjects",
    "/composite/sobjects/Account",
    "/composite/sobjects/Account/{}",
    "/composite/tree/Account",
    "/jobs/ingest",
    "/jobs/ingest/{}",
    "/jobs/ingest/{}/batches",
    "/jobs/ingest/{}/{}",
    "/jobs/query",
    "/jobs/query/{}",
    "/jobs/query/{}/results",
    "/metadata/deployRequest",
    "/metadata/deployRequest/{}",
    "/ui-api/object-info/Account/picklist-values/{}",
)
ELSEWHERE = (
    "/services/oauth2/authorize",
    "/services/oauth2/token",
    "/services/oauth2/revoke",
    "/services/oauth2/introspect",
    "/services/oauth2/userinfo",
    "/id/{}/{}",
    "/services/Soap/m/66.0",
    "/services/Soap/m/{}",
    "/services/async/{}/job",
    "/services/async/66.0/job",
    "/services/async/66.0/job/{}",
    "/services/async/66.0/job/{}/batch",
    "/services/async/66.0/job/{}/batch/{}/result",
    "/services/async/66.0/job/{}/batch/{}/result/{}",
    "/{}",
    "/lightning/o/Account/list",
    "/lightning/o/{}/list",
    "/lightning/r/Account/{}/view",
    "/lightning/r/Account/{}/edit",
    "/lightning/r/Account/{}/delete",
    "/lightning/o/Account/new",
    "/lightning/o/Account/bin",
)
WORDS = st.sampled_from(
    [
        "Account",
        "Contact",
        "Id",
        "Name",
        "001000000000000AAA",
        "001",
        "QBO_Id__c",
        "null",
        "updated",
        "0",
        "-1",
        "x" * 300,
        "'",
        "%00",
        "@{a.id}",
        "OpportunityLineItem",
        "Pricebook2Id",
        "batches",
        "FIELDS(ALL)",
        "Ü",
    ]
)
TEXT = WORDS | st.text(max_size=20)
SCALAR = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT
KEYS = TEXT | st.sampled_from(
    [
        "records",
        "attributes",
        "type",
        "allOrNone",
        "compositeRequest",
        "batchRequests",
        "graphs",
        "method",
        "url",
        "body",
        "referenceId",
        "graphId",
        "ids",
        "fields",
        "operation",
        "object",
        "query",
        "state",
        "AccountId",
        "Account",
        "q",
        "sobjects",
        "name",
        "StageName",
        "httpHeaders",
        "richInput",
        "externalIdFieldName",
        "deployResult",
    ]
)
BODY = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=15,
)
QUERY = st.dictionaries(
    st.sampled_from(
        [
            "q",
            "fields",
            "ids",
            "start",
            "end",
            "sObjects",
            "updateOnly",
            "_HttpMethod",
            "locator",
            "maxRecords",
            "includeDetails",
            "org",
            "from",
            "client_id",
            "response_type",
        ]
    ),
    TEXT,
    max_size=3,
)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "If_Modified_Since",
            "If_Unmodified_Since",
            "If_Match",
            "Sforce_Query_Options",
            "Sforce_Call_Options",
            "Sforce_Duplicate_Rule_Header",
            "Content_Type",
            "X_PrettyPrint",
            "Accept",
        ]
    ),
    st.sampled_from(
        [
            "x",
            "Thu, 99 Sep 2020 21:35:07 GMT",
            "batchSize=99999999999",
            "allowSave",
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "1",
            "text/csv",
            ";=;=",
        ]
    ),
    max_size=2,
)
TOKENS = [
    "SELECT",
    "Id",
    "Name",
    ",",
    "FROM",
    "Account",
    "WHERE",
    "=",
    "'x'",
    "(",
    ")",
    "AND",
    "OR",
    "NOT",
    "IN",
    "LIKE",
    "null",
    "true",
    "5",
    "2026-01-01",
    "TODAY",
    "LAST_N_DAYS:3",
    "ORDER",
    "BY",
    "GROUP",
    "HAVING",
    "COUNT()",
    "COUNT(Id)",
    "LIMIT",
    "OFFSET",
    "Owner.Name",
    "Contacts",
    "TYPEOF",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "FIELDS(ALL)",
    "INCLUDES",
    "DESC",
    "NULLS",
    "FIRST",
    "FOR",
    "VIEW",
    "!",
    "USD5",
    "toLabel()",
]
FIELDS = st.sampled_from(
    [
        "Id",
        "Name",
        "AnnualRevenue",
        "CreatedDate",
        "Owner.Name",
        "Parent.Parent.Name",
        "BillingAddress",
        "IsDeleted",
        "COUNT(Id)",
        "MAX(Name)",
        "SUM(AnnualRevenue)",
        "FORMAT(AnnualRevenue)",
        "CALENDAR_YEAR(CreatedDate)",
        "DAY_ONLY(CreatedDate)",
        "FIELDS(STANDARD)",
        "(SELECT+Id+FROM+Contacts)",
        "Nope",
        "Description",
        "NumberOfEmployees",
        "toLabel(Type)",
    ]
).map(lambda text: text.replace("+", " "))
VALUES = st.sampled_from(
    [
        "'x'",
        "'a%'",
        "null",
        "true",
        "5",
        "-1.5e3",
        "2026-01-01",
        "2026-01-01T00:00:00Z",
        "TODAY",
        "LAST_N_DAYS:3",
        "N_YEARS_AGO:9999",
        "NEXT_FISCAL_YEAR",
        "'001000000000000AAA'",
        "USD5.5",
        "'\\\\'",
        "'Ü'",
        "''",
    ]
)
TESTS = st.builds(
    "{} {} {}".format, FIELDS, st.sampled_from(["=", "!=", "<", ">=", "LIKE", "<>"]), VALUES
) | st.builds(
    "{} {} ({}, {})".format, FIELDS, st.sampled_from(["IN", "NOT IN", "INCLUDES", "EXCLUDES"]), VALUES, VALUES
)
CONDITIONS = st.recursive(
    TESTS,
    lambda inner: (
        st.builds("NOT ({})".format, inner)
        | st.builds("({} {} {})".format, inner, st.sampled_from(["AND", "OR"]), inner)
    ),
    max_leaves=4,
)
TAILS = st.sampled_from(
    [
        "",
        "ORDER BY Name DESC NULLS LAST",
        "GROUP BY Name",
        "GROUP BY ROLLUP(Name, Type)",
        "LIMIT 3",
        "ORDER BY CreatedDate",
    ]
)
SOQL = (
    st.builds(
        "SELECT {} FROM Account WHERE {} {}".format,
        st.lists(FIELDS, min_size=1, max_size=4).map(", ".join),
        CONDITIONS,
        TAILS,
    )
    | st.lists(st.sampled_from(TOKENS), max_size=14).map(lambda tokens: "SELECT " + " ".join(tokens))
    | st.text(max_size=40)
)


def unbroken(caller: Caller, method: str, path: str, body: Any, headers: dict[str, str]) -> None:
    reply = caller.call(method, path, body, **headers)
    assert reply.status < 500 or "UNKNOWN_EXCEPTION" not in reply.text, (method, path, body, reply.text)
    assert reply.status != 500 or "Fault" in reply.text, (method, path, body, reply.text)


@pytest.fixture(scope="module")
def victim(running: Any) -> Caller:
    side: Side = running.salesforce
    return caller_of(side, 1)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    route=st.sampled_from([f"/services/data/v66.0{route}" for route in ROUTES] + list(ELSEWHERE)),
    method=st.sampled_from(["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD"]),
    words=st.lists(TEXT, min_size=3, max_size=3),
    query=QUERY,
    body=BODY | st.binary(max_size=30),
    headers=HEADERS,
)
def test_no_call_breaks_the_stand_in(
    victim: Caller,
    route: str,
    method: str,
    words: list[str],
    query: dict[str, str],
    body: Any,
    headers: dict[str, str],
) -> None:
    path = route.format(*(quote(word, safe="") for word in words))
    if query:
        path += "?" + "&".join(f"{name}={quote(value)}" for name, value in query.items())
    unbroken(victim, method, path, body if isinstance(body, bytes) else json.dumps(body), headers)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(soql=SOQL)
def test_no_query_breaks_the_stand_in(victim: Caller, soql: str) -> None:
    for columns in ("", "&columns=true"):
        unbroken(victim, "GET", f"/services/data/v66.0/query?q={quote(soql)}{columns}", None, {})


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    kind=st.sampled_from(
        [
            "Account",
            "Contact",
            "Opportunity",
            "OpportunityLineItem",
            "PricebookEntry",
            "Quote",
            "Order",
            "OrderItem",
            "Task",
            "User",
            "PermissionSetAssignment",
        ]
    ),
    data=st.data(),
)
def test_no_record_breaks_the_stand_in(victim: Caller, kind: str, data: st.DataObject) -> None:
    names = [one["name"] for one in victim.get(f"/sobjects/{kind}/describe").json["fields"]]
    values = data.draw(st.dictionaries(st.sampled_from(names), SCALAR | BODY, max_size=6))
    unbroken(victim, "POST", f"/services/data/v66.0/sobjects/{kind}", json.dumps(values), {})
