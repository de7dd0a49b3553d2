"""Bad input at the doors beside the records: sign-in, reports, uploads, headers, SOAP, zips, the side door itself."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.simulator.testing import Side, Simulator, simulator
from tests.simulator.wire_client import call

_SETTINGS = settings(
    max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
_WORDS = st.sampled_from(
    ["", "0", "-1", "1e400", "NaN", "null", "true", "refresh_token", "authorization_code", "password", "Account",
     "Customer", "2026-13-45", "9999-12-31", "0001-01-01", "%00", "'", "\\", "x" * 600, "a.b.c", "Ü", "\ud83d\ude00",
     "urn:ietf:params:oauth:grant-type:jwt-bearer", "client_credentials", "empty", "*", "?", "[", "(("]
)  # fmt: skip
_SCALARS = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False) | _WORDS
_KEYS = st.sampled_from(
    ["advance", "set", "freeze", "reset", "faults", "match", "action", "method", "path", "nth", "count", "seconds",
     "probability", "status", "url", "entities", "realms", "format", "drop", "duplicate", "reorder", "object", "id",
     "ids", "values", "losers", "org", "name", "kind", "country", "times", "token", "refresh", "change", "fields",
     "validation_rules", "duplicate_rules", "hidden", "session_minutes", "keep", "lose", "entity", "realm_id", "parts",
     "seed", "client_id", "callbacks", "certificate", "code", "message", "body", "headers", "after"]
)  # fmt: skip
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=10,
)
_FORMS = st.dictionaries(
    st.sampled_from(
        ["grant_type", "code", "refresh_token", "client_id", "client_secret", "redirect_uri", "username", "password",
         "assertion", "token", "scope", "state", "response_type", "code_challenge", "org", "decision", "realm",
         "request", "deny"]
    ),
    _WORDS,
    max_size=5,
)  # fmt: skip
_HEADERS = st.dictionaries(
    st.sampled_from(
        ["Content-Type", "Accept", "Authorization", "Accept-Encoding", "Content-Encoding", "X-PrettyPrint", "Origin",
         "x-include-refresh-token-hard-expires-in", "Sforce-Query-Options", "If-Modified-Since", "Range"]
    ),
    st.sampled_from(
        ["", "x", "application/json", "text/xml", "multipart/form-data", "multipart/form-data; boundary=b", "gzip",
         "Basic !!!", "Basic eA==", "Bearer", "Bearer x", "application/json;charset=nope", "true", "*/*;q=x"]
    ),
    max_size=3,
)  # fmt: skip
_OAUTH = (
    ("quickbooks", "/oauth2/v1/tokens/bearer"),
    ("quickbooks", "/v2/oauth2/tokens/revoke"),
    ("quickbooks", "/v1/openid_connect/userinfo"),
    ("quickbooks", "/op/v1/jwks"),
    ("quickbooks", "/connect/oauth2"),
    ("quickbooks", "/.well-known/openid_configuration"),
    ("quickbooks", "/files/1/2"),
    ("salesforce", "/services/oauth2/token"),
    ("salesforce", "/services/oauth2/authorize"),
    ("salesforce", "/services/oauth2/introspect"),
    ("salesforce", "/services/oauth2/revoke"),
    ("salesforce", "/id/00D/005"),
)
_SIDE_DOORS = (
    "credentials", "log", "calls", "calls/reset", "faults", "clock", "webhooks", "knobs", "settings", "orgs", "apps",
    "sessions/expire", "records", "events", "locks", "realms", "disconnect", "merge", "bundle", "elephant",
)  # fmt: skip


@pytest.fixture(scope="module")
def both() -> Iterator[Simulator]:
    with simulator(seed="small") as running:
        yield running


def side_of(both: Simulator, name: str) -> Side:
    side: Side = getattr(both, name)
    return side


def form(fields: dict[str, str]) -> str:
    return "&".join(f"{key}={quote(value, errors='replace')}" for key, value in fields.items())


@_SETTINGS
@given(
    door=st.sampled_from(_OAUTH),
    method=st.sampled_from(["GET", "POST", "PUT", "HEAD"]),
    fields=_FORMS,
    raw=st.binary(max_size=40) | st.none(),
    headers=_HEADERS,
)
def test_no_sign_in_breaks_a_stand_in(
    both: Simulator,
    door: tuple[str, str],
    method: str,
    fields: dict[str, str],
    raw: bytes | None,
    headers: dict[str, str],
) -> None:
    url = side_of(both, door[0]).url + door[1]
    sent = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    got = call(f"{url}?{form(fields)}", method, raw if raw is not None else form(fields), sent)

    assert got.status < 500, (door, method, fields, raw, headers, got.body[:300])


@_SETTINGS
@given(
    path=st.sampled_from(
        ["reports/CustomerBalance", "reports/CustomerBalanceDetail", "reports/TransactionList", "reports/ProfitAndLoss",
         "reports/AgedReceivables", "exchangerate", "cdc", "upload", "taxservice/taxcode", "invoice/8/pdf",
         "invoice/8/send", "download/1", "companyinfo/1"]
    ),
    method=st.sampled_from(["GET", "POST"]),
    query=st.dictionaries(
        st.sampled_from(
            ["start_date", "end_date", "report_date", "accounting_method", "sourcecurrencycode", "asofdate", "entities",
             "changedSince", "sendTo", "customer", "date_macro", "minorversion", "requestid", "aging_period",
             "num_periods"]
        ),
        _WORDS,
        max_size=4,
    ),
    body=_JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=60),
    headers=_HEADERS,
)  # fmt: skip
def test_no_report_and_no_upload_breaks_the_books(
    both: Simulator, path: str, method: str, query: dict[str, str], body: bytes, headers: dict[str, str]
) -> None:
    known = both.quickbooks.credentials()
    url = f"{both.quickbooks.url}/v3/company/{known['realm_id']}/{path}?{form(query)}"
    sent = {"Authorization": f"Bearer {known['access_token']}", "Accept": "application/json", **headers}
    got = call(url, method, body if method == "POST" else None, sent)

    assert got.status < 500, (path, method, query, body, headers, got.body[:300])


def zipped(files: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, text in files.items():
            made.writestr(name, text)
    return out.getvalue()


_TAGS = st.sampled_from(
    ["<Package>", "</Package>", "<types>", "</types>", "<members>*</members>", "<name>CustomField</name>", "<fields>",
     "<name>CustomObject</name>", "<name>Nope</name>", "</fields>", "<fullName>X__c</fullName>", "<type>Lookup</type>",
     "<type>Picklist</type>", "<type>Text</type>", "<label>x</label>", "<length>-1</length>", "<length>99</length>",
     "<CustomObject>", "</CustomObject>", "<nameField/>", "<pluralLabel>x</pluralLabel>", "&x;",
     "<referenceTo>No</referenceTo>", "<valueSet/>", "<precision>x</precision>", "<defaultValue>1</defaultValue>",
     "<version>66.0</version>", "x", "<!--"]
)  # fmt: skip
_XML = st.lists(_TAGS, max_size=12).map("".join)


@_SETTINGS
@given(
    files=st.dictionaries(
        st.sampled_from(
            ["package.xml", "destructiveChanges.xml", "objects/Account.object", "objects/X__c.object",
             "objects/Y__e.object", "permissionsets/P.permissionset", "classes/A.cls",
             "classes/A.cls-meta.xml", "lwc/a/a.js-meta.xml", "flows/F.flow", "layouts/L.layout",
             "workflows/Account.workflow", "namedCredentials/N.namedCredential", "objects/", "a/b/c/d"]
        ),
        _XML | st.just('<Package><types><members>*</members><name>CustomObject</name></types></Package>'),
        max_size=5,
    ),
    raw=st.binary(max_size=30) | st.none(),
    operation=st.sampled_from(["deploy", "checkDeployStatus", "describeMetadata", "listMetadata", "readMetadata", ""]),
    inside=_XML,
)  # fmt: skip
def test_no_package_breaks_the_org(
    both: Simulator, files: dict[str, str], raw: bytes | None, operation: str, inside: str
) -> None:
    side = both.salesforce
    token = side.credentials()["access_token"]
    content = base64.b64encode(zipped(files) if raw is None else raw).decode()
    body = f"<{operation}><ZipFile>{content}</ZipFile>{inside}</{operation}>" if operation else inside
    envelope = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header><SessionHeader><sessionId>'
        f"{token}</sessionId></SessionHeader></e:Header><e:Body>{body}</e:Body></e:Envelope>"
    )
    got = call(f"{side.url}/services/Soap/m/66.0", "POST", envelope.encode(), {"Content-Type": "text/xml"})
    assert got.status < 500 or b"faultcode" in got.body, (files, raw, body, got.body[:300])
    side.post("clock", {"advance": 2})
    after = call(f"{side.url}/services/data/v66.0/limits", "GET", None, {"Authorization": f"Bearer {token}"})
    assert after.status == 200, (files, raw, after.body[:300])


@_SETTINGS
@given(
    name=st.sampled_from(["quickbooks", "salesforce"]),
    door=st.sampled_from(_SIDE_DOORS),
    method=st.sampled_from(["GET", "POST", "DELETE"]),
    query=st.dictionaries(st.sampled_from(["after", "limit", "scope", "org", "channel"]), _WORDS, max_size=2),
    body=_JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=30),
)
def test_no_call_breaks_the_side_door(
    both: Simulator, name: str, door: str, method: str, query: dict[str, str], body: bytes
) -> None:
    side = side_of(both, name)
    got = call(f"{side.url}/_sim/{door}?{form(query)}", method, body if method == "POST" else None, {})
    call(f"{side.url}/_sim/clock", "POST", b'{"reset": true, "freeze": false}')
    call(f"{side.url}/_sim/faults", "DELETE")

    assert got.status < 500, (name, door, method, query, body, got.body[:300])
    assert call(f"{side.url}/_sim/credentials").status == 200, (name, door, method, query, body)


@pytest.mark.parametrize(
    "body",
    [
        {"set": "9999-12-31T23:00:00Z"},
        {"advance": 1e300},
        {"advance": -1e12},
        {"set": "0001-01-01"},
        {"advance": "nan"},
    ],
)
def test_the_clock_stays_within_centuries(both: Simulator, body: dict[str, Any]) -> None:
    got = call(f"{both.quickbooks.url}/_sim/clock", "POST", body)

    assert (got.status, "error" in got.json) == (400, True)
    assert call(f"{both.quickbooks.url}/_sim/credentials").status == 200
