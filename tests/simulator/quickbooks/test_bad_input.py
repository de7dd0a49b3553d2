"""Whatever is thrown at a route, the stand-in answers like the vendor: never with a failure of its own."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.simulator.quickbooks.definitions import ENTITIES
from tests.simulator.wire_client import Books, call

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=40),
    st.sampled_from(["", "0", "-1", "1e400", "NaN", "2026-13-45", "true", "x" * 600, "\\", "'"]),
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["value", "name", "Id", "Amount", "LinkedTxn", "DetailType", "Line1", "Address", "Qty"]
            ),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)
_FIELDS = sorted({name for entity in ENTITIES.values() for name in entity.fields})
_BODIES = st.one_of(
    st.dictionaries(st.sampled_from(_FIELDS), _VALUES, max_size=6).map(
        lambda body: json.dumps(body).encode()
    ),
    _VALUES.map(lambda body: json.dumps(body).encode()),
    st.binary(max_size=60),
)
_PATHS = st.one_of(
    st.sampled_from(
        [*ENTITIES, "batch", "query", "upload", "taxservice/taxcode", "elephant", "", "customer/1/send"]
    ),
    st.text(
        st.characters(codec="ascii", exclude_characters="?#", min_codepoint=33, max_codepoint=126),
        max_size=12,
    ),
)
_QUERIES = st.dictionaries(
    st.sampled_from(
        ["operation", "include", "requestid", "minorversion", "query", "entities", "changedSince"]
    ),
    st.one_of(
        st.text(max_size=30),
        st.sampled_from(["delete", "void", "update", "select * from Customer where", "Customer,Invoice"]),
    ),
    max_size=3,
)
_SETTINGS = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)


def _bodies_for(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields).encode()


@_SETTINGS
@given(path=_PATHS, body=_BODIES, query=_QUERIES)
def test_no_post_makes_the_stand_in_fail(books: Books, path: str, body: bytes, query: dict[str, str]) -> None:
    got = books.call("POST", path.replace("%", "%25").replace(" ", "%20"), body, **query)
    assert got.status < 500, (path, body, query, got.body[:300])


@_SETTINGS
@given(
    path=_PATHS,
    query=_QUERIES,
    tail=st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126), max_size=8),
)
def test_no_get_makes_the_stand_in_fail(books: Books, path: str, query: dict[str, str], tail: str) -> None:
    tail = "".join(c for c in tail if c not in "?#%")
    got = books.call("GET", f"{path.replace('%', '')}/{tail}", **query)
    assert got.status < 500, (path, tail, query, got.body[:300])


@_SETTINGS
@given(statement=st.text(max_size=60) | st.lists(
    st.sampled_from(["select", "*", "from", "Customer", "where", "Id", "=", "'a'", "and", "in", "(", ")", "like",
                     "orderby", "maxresults", "5", "startposition", "Balance", "Active", "true", "count", ","]),
    max_size=14,
).map(" ".join))  # fmt: skip
def test_no_statement_makes_the_stand_in_fail(books: Books, statement: str) -> None:
    got = books.call(
        "POST", "query", statement.encode("utf-8", "replace"), {"Content-Type": "application/text"}
    )
    assert got.status in (200, 400), (statement, got.body[:300])


@_SETTINGS
@given(
    entity=st.sampled_from(["invoice", "payment", "customer", "item", "salesreceipt", "creditmemo", "bill"]),
    line=st.dictionaries(
        st.sampled_from(["Id", "Amount", "DetailType", "SalesItemLineDetail", "DiscountLineDetail", "LinkedTxn",
                         "GroupLineDetail", "Description"]),
        _VALUES,
        max_size=5,
    ),
    fields=st.dictionaries(
        st.sampled_from(["DocNumber", "TxnDate", "DueDate", "TotalAmt", "Deposit", "TxnTaxDetail", "BillAddr",
                         "CustomField", "SalesTermRef", "CurrencyRef", "ExchangeRate", "EmailStatus", "Name",
                         "DisplayName", "IncomeAccountRef", "UnitPrice"]),
        _VALUES,
        max_size=4,
    ),
)  # fmt: skip
def test_no_document_makes_the_stand_in_fail(
    books: Books, entity: str, line: dict[str, Any], fields: dict[str, Any]
) -> None:
    body = {"CustomerRef": {"value": "1"}, "VendorRef": {"value": "30"}, "Line": [line], **fields}
    if entity in ("customer", "item"):
        body = dict(fields)
    got = books.call("POST", entity, _bodies_for(body))
    assert got.status < 500, (entity, body, got.body[:300])


@_SETTINGS
@given(
    path=st.sampled_from(["invoice/new", "estimate/new", "customer/new", "item/new", "bill/new", "elephant/new",
                          "invoice/15/pay", "customer/1", "invoice/15/elephant", "customer/1/merge"]),
    form=st.dictionaries(
        st.sampled_from(["Customer", "TxnDate", "Item1", "Qty1", "UnitPrice1", "PrivateNote", "amount", "DisplayName",
                         "Name", "UnitPrice", "SyncToken", "Active"]),
        st.text(max_size=30) | st.sampled_from(["1", "4", "Cool Cars", "-1", "1e400", "NaN", "2026-02-30", "x" * 600]),
        max_size=6,
    ),
)  # fmt: skip
def test_no_form_makes_the_pages_fail(books: Books, path: str, form: dict[str, str]) -> None:
    got = call(
        f"{books.side.url}/app/{books.credentials['realm_id']}/{path}",
        "POST",
        urlencode(form, errors="replace"),
        {"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert got.status < 500, (path, form, got.body[:300])
