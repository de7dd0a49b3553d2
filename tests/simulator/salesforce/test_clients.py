"""Other people's clients, unmodified: simple-salesforce over https."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce, SalesforceLogin, format_external_id, format_soql
from simple_salesforce.bulk2 import Operation
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
)

from connectors.simulator.testing import Simulator, simulator


@pytest.fixture(scope="module")
def secure() -> Iterator[Simulator]:
    with simulator(seed="small", tls=True) as started:
        yield started


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library looks at its jobs every five seconds; shorter here."""
    for module in ("bulk", "bulk2"):
        monkeypatch.setattr(f"simple_salesforce.{module}.sleep", lambda _: time.sleep(0.05))


@pytest.fixture
def client(secure: Simulator) -> Salesforce:
    side = secure.salesforce
    session = requests.Session()
    session.verify = secure.ca_file
    session.trust_env = False
    token = side.credentials()["access_token"]
    return Salesforce(instance_url=side.tls_url, session_id=token, version="66.0", session=session)


def test_records_live_their_life(client: Salesforce) -> None:
    made = client.Account.create({"Name": "Simple", "QBO_Customer_Id__c": "1:Customer:7"})
    assert client.Account.get(made["id"])["Name"] == "Simple"
    assert client.Account.update(made["id"], {"Phone": "1"}) == 204
    key = format_external_id("QBO_Customer_Id__c", "1:Customer:7")
    assert client.Account.upsert(key, {"Phone": "2"}) == 200
    assert client.Account.get_by_custom_id("QBO_Customer_Id__c", "1:Customer:7")["Phone"] == "2"
    assert client.Account.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound):
        client.Account.get(made["id"])


def test_queries_page_by_themselves(client: Salesforce) -> None:
    rows = [{"attributes": {"type": "Lead"}, "LastName": f"L{n}", "Company": "Paging"} for n in range(200)]
    for _ in range(11):
        client.restful("composite/sobjects", method="POST", json={"records": rows})

    assert len(list(client.query_all_iter("SELECT Id FROM Lead WHERE Company = 'Paging'"))) == 2200
    assert client.query("SELECT COUNT() FROM Lead WHERE Company = 'Paging'")["totalSize"] == 2200
    name = "O'Re\\il\"y\n"
    client.Account.create({"Name": name})
    assert (
        client.query(format_soql("SELECT Name FROM Account WHERE Name = {}", name.strip()))["totalSize"] == 1
    )


def test_describes_limits_and_errors_are_understood(client: Salesforce) -> None:
    assert "Account" in [one["name"] for one in client.describe()["sobjects"]]
    assert client.Account.describe()["keyPrefix"] == "001"
    assert client.limits()["DailyApiRequests"]["Max"] == 115_000
    assert client.api_usage["api-usage"].total == 115_000
    assert client.is_sandbox() is False
    with pytest.raises(SalesforceMalformedRequest):
        client.query("SELECT Nope FROM Account")


def test_an_expired_session_is_recognised(secure: Simulator) -> None:
    session = requests.Session()
    session.verify, session.trust_env = secure.ca_file, False
    stranger = Salesforce(
        instance_url=secure.salesforce.tls_url, session_id="bad", version="66.0", session=session
    )
    with pytest.raises(SalesforceExpiredSession):
        stranger.query("SELECT Id FROM Account")


class _Rerouted(HTTPAdapter):
    """Sends what is meant for the vendor's login host to the stand-in: the library cannot be told another one."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._host = urlsplit(url).netloc

    def send(self, request: requests.PreparedRequest, *more: Any, **options: Any) -> requests.Response:
        request.url = urlunsplit(urlsplit(request.url or "")._replace(netloc=self._host))
        return super().send(request, *more, **options)


def key_pair() -> tuple[str, str]:
    """A private and a public key as PEM."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = made.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


@pytest.fixture
def rerouted(secure: Simulator) -> requests.Session:
    session = requests.Session()
    session.verify, session.trust_env = secure.ca_file, False
    session.mount("https://", _Rerouted(secure.salesforce.tls_url))
    return session


def test_the_library_signs_in_as_an_app_with_a_certificate_and_with_a_password(
    secure: Simulator, rerouted: requests.Session
) -> None:
    side = secure.salesforce
    known = side.credentials()
    app = {"consumer_key": known["client_id"], "session": rerouted}
    secret = {**app, "consumer_secret": known["client_secret"]}
    person = {
        "username": known["username"],
        "password": known["password"] + known["security_token"],
    }

    _, instance = SalesforceLogin(domain="acme.my", **secret)
    assert f"https://{instance}" == side.tls_url
    with pytest.raises(SalesforceAuthenticationFailed):
        SalesforceLogin(**person, **secret)
    side.post("settings", {"username_password_flow": True})
    assert SalesforceLogin(**person, **secret)[1] == instance
    side.post("settings", {"username_password_flow": False})
    key, public = key_pair()
    side.post("apps", {"certificate": public})
    token, _ = SalesforceLogin(username=known["username"], privatekey=key, **app)
    assert Salesforce(instance=instance, session_id=token, session=rerouted).limits()


def test_the_library_tells_who_it_is_and_revokes(secure: Simulator, rerouted: requests.Session) -> None:
    known = secure.salesforce.credentials()
    token, instance = SalesforceLogin(
        domain="acme.my",
        consumer_key=known["client_id"],
        consumer_secret=known["client_secret"],
        session=rerouted,
    )
    client = Salesforce(instance=instance, session_id=token, session=rerouted)

    assert client.oauth2("userinfo")["organization_id"] == known["org_id"]
    assert client.oauth2("revoke", {"token": token}, method="POST") is None
    with pytest.raises(SalesforceExpiredSession):
        client.limits()


def test_changes_searches_and_other_resources_are_understood(client: Salesforce) -> None:
    account = client.Account.create({"Name": "Wanderfalke Optics"})["id"]
    now = datetime.now(UTC)
    period = (now - timedelta(hours=1), now + timedelta(minutes=1))

    assert account in client.Account.updated(*period)["ids"]
    assert [one["Id"] for one in client.quick_search("Wanderfalke")["searchRecords"]] == [account]
    found = client.search("FIND {Wanderfalke} IN NAME FIELDS RETURNING Account(Id, Name)")
    assert [one["Name"] for one in found["searchRecords"]] == ["Wanderfalke Optics"]
    client.Account.delete(account)
    assert account in [one["id"] for one in client.Account.deleted(*period)["deletedRecords"]]
    binned = client.query(f"SELECT Id FROM Account WHERE Id = '{account}'", include_deleted=True)
    assert binned["totalSize"] == 1
    assert client.Account.metadata()["objectDescribe"]["keyPrefix"] == "001"
    assert client.restful("limits/recordCount", params={"sObjects": "Lead"})["sObjects"][0]["name"] == "Lead"
    assert client.toolingexecute("query/?q=SELECT+Id+FROM+ApexClass")["entityTypeName"] == "ApexClass"


def test_a_library_reads_page_after_page_by_itself_or_by_hand(client: Salesforce) -> None:
    rows = [{"attributes": {"type": "Case"}, "Subject": f"S{n}"} for n in range(200)]
    for _ in range(11):
        client.restful("composite/sobjects", method="POST", json={"records": rows})
    soql = "SELECT Id FROM Case WHERE Subject LIKE 'S%'"

    first = client.query(soql)
    rest = client.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    assert (len(first["records"]), len(rest["records"]), rest["done"]) == (2000, 200, True)
    assert client.query_all(soql)["totalSize"] == 2200


def test_every_old_bulk_operation_works(client: Salesforce) -> None:
    bulk = client.bulk.Account
    made = client.bulk.submit_dml("Account", "insert", [{"Name": "One"}, {"Name": "Two"}])
    ids = [{"Id": one["id"]} for one in made]

    changed = bulk.update([{**one, "Phone": "1"} for one in ids])
    assert [one["success"] for one in changed] == [True, True]
    key = {"QBO_Customer_Id__c": "1:Customer:901", "Name": "Three"}
    assert [bulk.upsert([key], "QBO_Customer_Id__c")[0]["created"] for _ in range(2)] == [True, False]
    assert [one["success"] for one in bulk.delete(ids, use_serial=True)] == [True, True]
    chosen = f"SELECT Id, IsDeleted FROM Account WHERE Id = '{ids[0]['Id']}'"
    assert (bulk.query(chosen), [one["IsDeleted"] for one in bulk.query_all(chosen)]) == ([], [True])
    assert [one["success"] for one in bulk.hard_delete(ids)] == [True, True]
    assert bulk.query_all(chosen) == []


def test_every_new_bulk_operation_works(client: Salesforce, tmp_path: Path) -> None:
    bulk = client.bulk2.Account
    job = bulk.insert(records=[{"Name": "New one"}, {"Name": ""}])[0]["job_id"]
    results = bulk.get_all_ingest_records(job)
    record = results["successfulRecords"][0]["sf__Id"]

    assert results["failedRecords"][0]["sf__Error"].startswith("REQUIRED_FIELD_MISSING")
    assert results["unprocessedRecords"] == []
    key = {"QBO_Customer_Id__c": "1:Customer:902", "Name": "Keyed"}
    for done in (
        bulk.update(records=[{"Id": record, "Phone": "1"}]),
        bulk.upsert(records=[key], external_id_field="QBO_Customer_Id__c"),
        bulk.delete(records=[{"Id": record}]),
        bulk.hard_delete(records=[{"Id": record}]),
    ):
        assert (done[0]["numberRecordsProcessed"], done[0]["numberRecordsFailed"]) == (1, 0)
    files = bulk.download("SELECT Id FROM Account", path=str(tmp_path), max_records=10)
    assert (
        sum(one["number_of_records"] for one in files)
        == client.query("SELECT COUNT() FROM Account")["totalSize"]
    )
    assert '"false"' in "".join(bulk.query_all("SELECT IsDeleted FROM Account"))


def test_a_new_bulk_job_is_followed_step_by_step(client: Salesforce) -> None:
    inner = client.bulk2.Account._client
    job = inner.create_job(Operation.insert)["id"]

    inner.upload_job_data(job, "Name\nStepwise\n")
    assert inner.close_job(job)["state"] == "UploadComplete"
    inner.wait_for_job(job, False)
    assert inner.get_job(job, False)["numberRecordsProcessed"] == 1
    other = inner.create_job(Operation.insert)["id"]
    assert inner.abort_job(other, False)["state"] == "Aborted"


def test_metadata_is_listed_by_the_library_over_soap(
    client: Salesforce, secure: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", secure.ca_file)
    api = client.mdapi
    wanted = api._client.get_type("ns0:ListMetadataQuery")(type="CustomObject")

    kinds = [one.xmlName for one in api.describe_metadata().metadataObjects]
    assert {"CustomObject", "PermissionSet", "Layout", "Flow", "NamedCredential"} <= set(kinds)
    assert "Billing__c" in [one.fullName for one in api.list_metadata([wanted])]


def test_both_bulk_apis_load_and_query(client: Salesforce, secure: Simulator) -> None:
    rows = [{"LastName": f"Bulk {n}", "Company": "C"} for n in range(20)] + [{"LastName": "No company"}]
    old = client.bulk.Lead.insert(rows)
    assert [one["success"] for one in old] == [True] * 20 + [False]
    found = client.bulk.Lead.query("SELECT Id, LastName, CreatedDate FROM Lead WHERE LastName LIKE 'Bulk%'")
    assert len(found) == 20
    assert isinstance(found[0]["CreatedDate"], int)
    new = client.bulk2.Lead.insert(records=[{"LastName": "Bulk two", "Company": "C"}])
    assert (new[0]["numberRecordsProcessed"], new[0]["numberRecordsFailed"]) == (1, 0)
    text = "".join(client.bulk2.Lead.query("SELECT Id, LastName FROM Lead WHERE LastName = 'Bulk two'"))
    assert '"Bulk two"' in text


def test_metadata_is_deployed_by_the_library(client: Salesforce, secure: Simulator) -> None:
    from tests.simulator.salesforce.test_metadata import archive, package

    packed = io.BytesIO(archive({"package.xml": package()}))
    started = client.deploy(packed, sandbox=True, testLevel="NoTestRun", tests=[])
    secure.salesforce.post("clock", {"advance": 2})
    state = client.checkDeployStatus(started["asyncId"])
    secure.salesforce.post("clock", {"reset": True})

    assert state["state"] == "Succeeded"
