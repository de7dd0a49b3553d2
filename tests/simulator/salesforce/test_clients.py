"""Other people's clients, unmodified: simple-salesforce over https."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
import requests
from simple_salesforce import Salesforce, format_external_id, format_soql
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
)

from connectors.simulator.testing import Simulator, simulator


@pytest.fixture(scope="module")
def secure() -> Iterator[Simulator]:
    with simulator(seed="small", tls=True) as started:
        yield started


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
