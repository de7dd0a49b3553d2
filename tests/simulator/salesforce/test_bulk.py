"""Bulk API 2.0 and search (reference/salesforce.md 4.5 and 4.6)."""

from __future__ import annotations

import csv
import io
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from connectors.simulator.testing import Side
from tests.shared import recorded, reference
from tests.simulator.salesforce.caller import Caller, Reply
from tests.simulator.salesforce.test_recorded import shape


def rows(reply: Reply) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(reply.text)))


def load(sf: Caller, side: Side, text: str, **job: Any) -> str:
    """Run an ingest job to its end; its id."""
    made = sf.post("/jobs/ingest", {"object": "Account", "operation": "insert", **job})
    assert made.status == 200, made.text
    job_id: str = made.json["id"]
    put = sf.call("PUT", "/" + made.json["contentUrl"], text, Content_Type="text/csv")
    assert (put.status, put.text) == (201, "")
    assert sf.patch(f"/jobs/ingest/{job_id}", {"state": "UploadComplete"}).json["state"] == "UploadComplete"
    side.post("clock", {"advance": 2})
    return job_id


def test_a_job_is_open_then_waits_works_and_completes(sf: Caller, side: Side) -> None:
    made = sf.post("/jobs/ingest", {"object": "Account", "operation": "insert"}).json
    path = f"/jobs/ingest/{made['id']}"
    sf.call("PUT", "/" + made["contentUrl"], "Name\nBulk one\n", Content_Type="text/csv")
    assert sf.get(path).json["state"] == "Open"
    side.post("clock", {"freeze": True})
    sf.patch(path, {"state": "UploadComplete"})
    seen = []
    for _ in range(3):
        seen.append(sf.get(path).json["state"])
        side.post("clock", {"advance": 0.6})
    side.post("clock", {"reset": True, "freeze": False})

    assert seen == ["UploadComplete", "InProgress", "JobComplete"]


def test_an_upsert_tells_good_rows_from_bad_in_no_order(sf: Caller, side: Side) -> None:
    sf.make("Account", Name="Old", QBO_Customer_Id__c="b-1", Phone="1")
    text = (
        "QBO_Customer_Id__c,Name,Phone,NumberOfEmployees\n"
        'b-1,"United Oil & Gas, UK",#N/A,\n'
        "b-2,New,2,12\nb-3,,3,\nb-4,Bad number,4,many\n"
    )
    job = load(sf, side, text, operation="upsert", externalIdFieldName="QBO_Customer_Id__c")
    info = sf.get(f"/jobs/ingest/{job}").json
    good = {one["QBO_Customer_Id__c"]: one for one in rows(sf.get(f"/jobs/ingest/{job}/successfulResults"))}
    bad = {one["QBO_Customer_Id__c"]: one for one in rows(sf.get(f"/jobs/ingest/{job}/failedResults"))}

    assert (info["state"], info["numberRecordsProcessed"], info["numberRecordsFailed"]) == (
        "JobComplete",
        4,
        2,
    )
    assert {key: one["sf__Created"] for key, one in good.items()} == {"b-1": "false", "b-2": "true"}
    assert bad["b-3"]["sf__Error"] == "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --"
    assert sf.rows("SELECT Name, Phone FROM Account WHERE QBO_Customer_Id__c = 'b-1'") == [
        {"Name": "United Oil & Gas, UK", "Phone": None}
    ]
    assert sf.get(f"/jobs/ingest/{job}/unprocessedrecords").text.strip() == (
        '"QBO_Customer_Id__c","Name","Phone","NumberOfEmployees"'
    )


def test_parents_are_named_by_their_key_and_records_deleted_by_id(sf: Caller, side: Side) -> None:
    account = sf.make("Account", Name="Parent", QBO_Customer_Id__c="bp-1")
    load(
        sf,
        side,
        "LastName|Account.QBO_Customer_Id__c\r\nBulk child|bp-1\r\n",
        object="Contact",
        lineEnding="CRLF",
        columnDelimiter="PIPE",
    )
    child = sf.rows(f"SELECT Id FROM Contact WHERE AccountId = '{account}'")
    job = load(sf, side, f"Id\n{child[0]['Id']}\n001000000000000AAA\n", object="Contact", operation="delete")

    assert sf.rows(f"SELECT Id FROM Contact WHERE AccountId = '{account}'") == []
    assert sf.get(f"/jobs/ingest/{job}").json["numberRecordsFailed"] == 1


@pytest.mark.parametrize("text", ["Nope\nx\n", "", "Name,Name\nx,y\n", 'Name\n"open\n'])
def test_an_upload_that_cannot_be_read_fails_the_job(sf: Caller, side: Side, text: str) -> None:
    job = load(sf, side, text)
    info = sf.get(f"/jobs/ingest/{job}").json

    assert info["state"] == "Failed"
    assert info["errorMessage"].startswith("InvalidBatch")


def test_jobs_can_be_aborted_and_deleted_but_not_uploaded_twice(sf: Caller) -> None:
    made = sf.post("/jobs/ingest", {"object": "Account", "operation": "insert"}).json
    path = f"/jobs/ingest/{made['id']}"
    assert sf.delete(path).status == 400
    sf.call("PUT", f"/{made['contentUrl']}", "Name\nx\n", Content_Type="text/csv")
    assert (
        sf.call("PUT", f"/{made['contentUrl']}", "Name\ny\n", Content_Type="text/csv").code
        == "INVALIDJOBSTATE"
    )
    assert sf.patch(path, {"state": "Aborted"}).json["state"] == "Aborted"
    assert sf.delete(path).status == 204
    gone = sf.get(path)
    assert (gone.status, shape(gone.json)) == (
        404,
        shape(recorded("salesforce/bulk2/job_not_found.404.json")),
    )
    assert sf.post("/jobs/ingest", {"object": "Nope", "operation": "insert"}).code == "INVALIDENTITY"
    assert sf.post("/jobs/ingest", {"object": "Account", "operation": "upsert"}).code == "INVALIDJOB"


@pytest.mark.parametrize("queued", [False, True])
def test_an_aborted_job_writes_nothing_and_gives_its_rows_back(sf: Caller, side: Side, queued: bool) -> None:
    made = sf.post("/jobs/ingest", {"object": "Account", "operation": "insert"}).json
    path = f"/jobs/ingest/{made['id']}"
    upload = f"Name\nNever made {queued}\n"
    sf.call("PUT", f"/{made['contentUrl']}", upload, Content_Type="text/csv")
    side.post("clock", {"freeze": True})
    if queued:
        sf.patch(path, {"state": "UploadComplete"})
    aborted = sf.patch(path, {"state": "Aborted"})
    side.post("clock", {"reset": True, "freeze": False, "advance": 2})
    results = [sf.get(f"{path}/{name}").text for name in ("successfulResults", "failedResults")]

    assert aborted.json["state"] == sf.get(path).json["state"] == "Aborted"
    assert sf.get(f"{path}/unprocessedrecords").text == upload
    assert results == ['"sf__Id","sf__Created"\n', '"sf__Id","sf__Error"\n']
    assert sf.rows(f"SELECT Id FROM Account WHERE Name = 'Never made {queued}'") == []
    side.post("clock", {"reset": True})


def test_rows_of_a_queued_job_are_not_there_yet(sf: Caller, side: Side) -> None:
    side.post("clock", {"freeze": True})
    made = sf.post("/jobs/ingest", {"object": "Account", "operation": "insert"}).json
    sf.call("PUT", f"/{made['contentUrl']}", "Name\nIn the queue\n", Content_Type="text/csv")
    sf.patch(f"/jobs/ingest/{made['id']}", {"state": "UploadComplete"})
    waiting = sf.rows("SELECT Name FROM Account WHERE Name = 'In the queue'")
    side.post("clock", {"advance": 0.6})
    worked = sf.rows("SELECT Name FROM Account WHERE Name = 'In the queue'")
    side.post("clock", {"reset": True, "freeze": False})

    assert (waiting, worked) == ([], [{"Name": "In the queue"}])


def test_a_job_that_fails_as_a_whole_gives_its_rows_back(sf: Caller, side: Side) -> None:
    job = load(sf, side, "Name,Nope\nx,y\n")

    assert sf.get(f"/jobs/ingest/{job}").json["errorMessage"] == "InvalidBatch : Field name not found : Nope"
    assert sf.get(f"/jobs/ingest/{job}/unprocessedrecords").text == "Name,Nope\nx,y\n"


@pytest.mark.parametrize("end", ["LF", "CRLF"])
@pytest.mark.parametrize(
    ("name", "mark"),
    [("COMMA", ","), ("TAB", "\t"), ("SEMICOLON", ";"), ("PIPE", "|"), ("CARET", "^"), ("BACKQUOTE", "`")],
)
def test_every_dialect_is_read_and_answered_in_itself(
    sf: Caller, side: Side, name: str, mark: str, end: str
) -> None:
    line = {"LF": "\n", "CRLF": "\r\n"}[end]
    upload = line.join(
        [f"Name{mark}Description", f'"A {mark} ""{end}"""{mark}"one{line}two"', f"{mark}x", ""]
    )
    job = load(sf, side, upload, columnDelimiter=name, lineEnding=end)
    good, bad = (sf.get(f"/jobs/ingest/{job}/{kind}Results").text for kind in ("successful", "failed"))

    assert good.startswith(mark.join(('"sf__Id"', '"sf__Created"', '"Name"', '"Description"')) + line)
    assert good.endswith(f'{mark}"A {mark} ""{end}"""{mark}"one{line}two"{line}')
    assert bad.endswith(f'{mark}""{mark}"x"{line}')


@pytest.mark.parametrize(("end", "text"), [("LF", "Name\r\nx\r\n"), ("CRLF", "Name\nx\n")])
def test_line_ends_that_are_not_the_jobs_fail_it(sf: Caller, side: Side, end: str, text: str) -> None:
    job = load(sf, side, text, lineEnding=end)
    info = sf.get(f"/jobs/ingest/{job}").json

    assert (info["state"], info["errorMessage"]) == (
        "Failed",
        f"InvalidBatch : LineEnding is invalid on user data. Current LineEnding setting is {end}",
    )


def test_a_multipart_call_needs_no_upload(sf: Caller, side: Side) -> None:
    body = (
        '--B\r\nContent-Disposition: form-data; name="job"\r\nContent-Type: application/json\r\n\r\n'
        '{"object": "Account", "operation": "insert"}\r\n'
        '--B\r\nContent-Disposition: form-data; name="content"; filename="c.csv"\r\nContent-Type: text/csv\r\n\r\n'
        "Name\nMultipart\n\r\n--B--\r\n"
    )
    made = sf.post("/jobs/ingest", body, Content_Type="multipart/form-data; boundary=B")
    side.post("clock", {"advance": 2})

    assert sf.get(f"/jobs/ingest/{made.json['id']}").json["state"] == "JobComplete"
    assert sf.values("SELECT Name FROM Account WHERE Name = 'Multipart'") == ["Multipart"]


def test_query_results_come_in_pages_by_locator(sf: Caller, side: Side) -> None:
    made = sf.post(
        "/jobs/query",
        {"operation": "query", "query": "SELECT Id, Name, Owner.Name FROM Account ORDER BY Name"},
    )
    job = f"/jobs/query/{made.json['id']}"
    early = sf.get(f"{job}/results")
    side.post("clock", {"advance": 2})
    first = sf.get(f"{job}/results?maxRecords=10")
    second = sf.get(f"{job}/results?maxRecords=5000&locator={first.headers['sforce-locator']}")
    total = sf.query("SELECT COUNT() FROM Account").json["totalSize"]

    assert (made.json["state"], early.status) == ("UploadComplete", 404)
    assert first.headers["sforce-numberofrecords"] == "10"
    assert first.text.startswith('"Id","Name","Owner.Name"\n')
    assert second.headers["sforce-locator"] == "null"
    for page in ("query_results_page1", "query_results_page2"):
        head, _, body = reference(f"salesforce/bulk2/{page}.http.txt").read_text().partition("\n\n")
        assert {name.lower() for name in ("Sforce-Locator", "Sforce-NumberOfRecords")} <= set(first.headers)
        assert all(name in head for name in ("Sforce-Locator", "Sforce-NumberOfRecords"))
        assert first.text.splitlines()[0].startswith(body.splitlines()[0])
    assert len(rows(first)) + len(rows(second)) == total
    assert sf.call("GET", f"/services/data/v65.0{job}/results").status == 409
    assert sf.delete(job).status == 204


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT COUNT(Id) FROM Account",
        "SELECT BillingAddress FROM Account",
        "SELECT Nope FROM Account",
        "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
        "SELECT Id FROM Account LIMIT 5 OFFSET 5",
    ],
)
def test_bulk_queries_leave_out_what_bulk_cannot(sf: Caller, soql: str) -> None:
    assert sf.post("/jobs/query", {"operation": "query", "query": soql}).status == 400


def test_jobs_have_the_recorded_shape(sf: Caller, side: Side) -> None:
    insert = sf.post("/jobs/ingest", {"object": "Account", "operation": "insert"}).json
    upsert = sf.post(
        "/jobs/ingest", {"object": "Account", "operation": "upsert", "externalIdFieldName": "QBO_Id__c"}
    ).json
    query = sf.post("/jobs/query", recorded("salesforce/bulk2/query_job_create.request.json")).json
    side.post("clock", {"advance": 2})
    done = sf.get(f"/jobs/query/{query['id']}").json
    shown = sf.get(f"/jobs/ingest/{insert['id']}").json

    for ours, name in (
        (insert, "ingest_job_create_insert"),
        (upsert, "ingest_job_create_upsert"),
        (query, "query_job_create"),
        (shown, "ingest_job_info_complete"),
        (done, "query_job_info_complete"),
    ):
        assert shape(ours) == shape(recorded(f"salesforce/bulk2/{name}.200.json")), name


def test_result_files_have_the_recorded_columns(sf: Caller, side: Side) -> None:
    upload = (
        reference("salesforce/bulk2/ingest_upload.csv")
        .read_text()
        .replace("customExtIdField__c", "QBO_Id__c")
    )
    job = load(sf, side, upload + ",,\n", operation="upsert", externalIdFieldName="QBO_Id__c")
    good, bad = (
        sf.get(f"/jobs/ingest/{job}/{name}Results").text.splitlines() for name in ("successful", "failed")
    )
    wanted_good = (
        reference("salesforce/bulk2/ingest_successful_results.constructed.csv").read_text().splitlines()[0]
    )
    wanted_bad = (
        reference("salesforce/bulk2/ingest_failed_results.constructed.csv").read_text().splitlines()[0]
    )

    assert len(good) == 13
    for ours, theirs in ((good[0], wanted_good), (bad[0], wanted_bad)):
        assert ours.replace('"', "") == theirs.replace('"', "").replace("customExtIdField__c", "QBO_Id__c")


def test_search_finds_words_in_the_objects_asked_for(sf: Caller) -> None:
    account = sf.make("Account", Name="Searchable Garden", Phone="555-7788")
    contact = sf.make("Contact", LastName="Searchable", Email="s@example.com")

    def found(text: str) -> list[str]:
        return [one["Id"] for one in sf.get(f"/search?q={text.replace(' ', '%20')}").json["searchRecords"]]

    assert found("FIND {searchable}") == [account, contact]
    assert found(
        "FIND {searchable garden} IN NAME FIELDS RETURNING Account(Id, Name WHERE Phone != null LIMIT 1)"
    ) == [account]
    assert found("FIND {search*} RETURNING Contact(Id, Email)") == [contact]
    assert sf.get("/search?q=FIND%20x").json == recorded("salesforce/errors/400_MALFORMED_SEARCH.json")
    body = {"q": "searchable", "sobjects": [{"name": "Account", "fields": ["Id", "Name"]}]}
    assert [one["Name"] for one in sf.post("/parameterizedSearch", body).json["searchRecords"]] == [
        "Searchable Garden"
    ]
    assert (
        sf.get("/parameterizedSearch?q=searchable&sobject=Contact").json["searchRecords"][0]["Id"] == contact
    )


def test_old_jobs_speak_xml_as_recorded(sf: Caller, side: Side) -> None:
    job = (
        '<?xml version="1.0"?><jobInfo xmlns="http://www.force.com/2009/06/asyncapi/dataload">'
        "<operation>insert</operation><object>Event</object><contentType>CSV</contentType></jobInfo>"
    )
    path = "/services/async/66.0/job"
    session = {"X_SFDC_Session": sf.token, "Content_Type": "application/xml"}
    made = Caller(side).call("POST", path, job, **session)
    ours = [one.tag for one in ET.fromstring(made.text)]
    theirs = [one.tag for one in ET.parse(reference("salesforce/bulk1/create_job.201.xml")).getroot()]
    job_id = ET.fromstring(made.text)[0].text
    csv_call = {"X_SFDC_Session": sf.token, "Content_Type": "text/csv"}
    plain = Caller(side).call("POST", f"{path}/{job_id}/batch", "Subject\nOld bulk\n", **csv_call).text
    asking = {**csv_call, "Accept": "application/json"}
    batch = Caller(side).call("GET", f"{path}/{job_id}/batch/{ET.fromstring(plain)[3].text}", **asking).json
    side.post("clock", {"advance": 2})
    result = Caller(side).call("GET", f"{path}/{job_id}/batch/{batch['id']}/result", **csv_call)
    side.post("clock", {"reset": True})

    assert made.status == 201
    assert ours == theirs
    assert shape(batch) == shape(recorded("salesforce/bulk1/batch_info.json"))
    assert rows(result)[0]["Success"] == "true"
    stranger = Caller(side).call("POST", path, "{}", X_SFDC_Session="bad")
    assert (stranger.status, stranger.json["exceptionCode"]) == (400, "InvalidSessionId")
