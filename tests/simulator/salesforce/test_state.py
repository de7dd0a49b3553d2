"""What stays over a restart, what the side door shows, and the pages for people."""

from __future__ import annotations

from pathlib import Path

from connectors.simulator.testing import Side, simulator, simulator_process
from tests.simulator.salesforce.caller import Caller, authorize, caller_of, exchange, refresh
from tests.simulator.salesforce.test_metadata import OWN, custom_object, deploy, package


def test_records_tokens_and_locators_survive_a_kill(tmp_path: Path) -> None:
    state = str(tmp_path / "state.db")
    with simulator_process(state=state, seed="300") as first:
        side = first.salesforce
        tokens = exchange(side, authorize(side)["code"]).json
        caller = Caller(side, tokens["access_token"])
        record = caller.make("Account", Name="Survivor", QBO_Customer_Id__c="s-1")
        page = caller.query("SELECT Id FROM Account", Sforce_Query_Options="batchSize=200").json
        side.post("settings", {"session_minutes": 60})
        first.kill()
    with simulator_process(state=state) as second:
        side = second.salesforce
        caller = Caller(side, tokens["access_token"])
        assert caller.read("Account", record)["Name"] == "Survivor"
        assert caller.call("GET", page["nextRecordsUrl"]).json["done"] is True
        assert side.get("settings")["session_minutes"] == 60
        assert [one["operation"] for one in side.log()] == ["create"]
        assert refresh(side, tokens["refresh_token"]).status == 200
        assert caller.make("Account", Name="Next") > record


def test_a_queued_job_and_a_pending_deployment_survive_a_kill(tmp_path: Path) -> None:
    state = str(tmp_path / "state.db")
    files = {
        "package.xml": package(CustomObject=["Kept__c"]),
        "objects/Kept__c.object": custom_object(own=OWN),
    }
    with simulator_process(state=state) as first:
        caller = caller_of(first.salesforce)
        first.salesforce.post("clock", {"freeze": True})
        job = caller.post("/jobs/ingest", {"object": "Account", "operation": "insert"}).json
        caller.call("PUT", f"/{job['contentUrl']}", "Name\nQueued\n", Content_Type="text/csv")
        caller.patch(f"/jobs/ingest/{job['id']}", {"state": "UploadComplete"})
        deploy_id = deploy(caller, files)
        first.kill()
    with simulator_process(state=state) as second:
        caller = caller_of(second.salesforce)
        second.salesforce.post("clock", {"advance": 5})
        assert caller.get(f"/jobs/ingest/{job['id']}").json["state"] == "JobComplete"
        assert caller.rows("SELECT Name FROM Account WHERE Name = 'Queued'") == [{"Name": "Queued"}]
        done = caller.get(f"/metadata/deployRequest/{deploy_id}").json["deployResult"]
        assert done["status"] == "Succeeded"
        assert caller.get("/sobjects/Kept__c/describe").status == 200


def test_a_held_record_stays_held_over_a_kill_and_is_let_go_in_the_end(tmp_path: Path) -> None:
    state = str(tmp_path / "state.db")
    with simulator_process(state=state) as first:
        caller = caller_of(first.salesforce)
        record = caller.make("Account", Name="Held")
        first.salesforce.post("locks", {"ids": [record], "times": 2})
        assert caller.patch(f"/sobjects/Account/{record}", {"Phone": "1"}).code == "UNABLE_TO_LOCK_ROW"
        first.kill()
    with simulator_process(state=state) as second:
        caller = caller_of(second.salesforce)
        assert caller.patch(f"/sobjects/Account/{record}", {"Phone": "2"}).code == "UNABLE_TO_LOCK_ROW"
        assert caller.patch(f"/sobjects/Account/{record}", {"Phone": "3"}).status == 204


def test_a_reset_starts_afresh() -> None:
    with simulator(seed="small") as running:
        side = running.salesforce
        caller_of(side).make("Account", Name="Forgotten")
        side.post("reset", {"seed": "empty"})
        fresh = caller_of(side)
        assert fresh.query("SELECT COUNT() FROM Account").json["totalSize"] == 0
        assert fresh.query("SELECT COUNT() FROM User").json["totalSize"] == 3
        assert side.log() == []


def test_the_log_holds_every_accepted_write_with_before_and_after(sf: Caller, side: Side) -> None:
    last = max((one["seq"] for one in side.log()), default=0)
    record = sf.make("Account", Name="Logged", Phone="1")
    sf.patch(f"/sobjects/Account/{record}", {"Phone": "2"})
    sf.post("/sobjects/Account", {})
    sf.delete(f"/sobjects/Account/{record}")
    entries = side.log(after=last)

    assert [(one["object"], one["operation"], one["id"]) for one in entries] == [
        ("Account", "create", record), ("Account", "update", record), ("Account", "delete", record),
    ]  # fmt: skip
    assert entries[0]["before"] is None
    assert (entries[1]["before"]["Phone"], entries[1]["after"]["Phone"]) == ("1", "2")
    assert entries[2]["after"] is None


def test_the_date_header_follows_the_movable_clock(sf: Caller, side: Side) -> None:
    side.post("clock", {"set": "2031-05-06T07:08:09Z"})
    moved = sf.call("GET", "/services/data/").headers["date"]
    side.post("clock", {"reset": True})

    assert moved.startswith("Tue, 06 May 2031 07:08:")
    assert "2031" not in sf.call("GET", "/services/data/").headers["date"]


def test_a_composite_is_one_call_in_the_meter(sf: Caller, side: Side) -> None:
    side.delete("calls")
    parts = [
        {"method": "GET", "url": "/services/data/v66.0/limits", "referenceId": f"r{n}"} for n in range(3)
    ]
    sf.post("/composite", {"compositeRequest": parts})
    sf.get("/sobjects/Account/describe")

    assert side.calls()["calls"] == [
        {"method": "POST", "endpoint": "/services/data/{version}/composite", "count": 1, "metered": 1},
        {
            "method": "GET",
            "endpoint": "/services/data/{version}/sobjects/account/describe",
            "count": 1,
            "metered": 1,
        },
    ]


def test_a_person_finds_edits_makes_and_deletes_records_without_scripts(sf: Caller, side: Side) -> None:
    person = Caller(side)
    record = sf.make("Account", Name="Web <Page>", Phone="1")
    found = person.call("GET", "/lightning/o/Account/list?org=1&q=web")
    assert f"/lightning/r/Account/{record}/view" in found.text
    assert "Web &lt;Page&gt;" in found.text
    assert person.call("GET", f"/{record}").headers["location"] == f"/lightning/r/Account/{record}/view"
    saved = person.form(f"/lightning/r/Account/{record}/edit", Name="Web Page", Phone="2")
    assert (saved.status, sf.read("Account", record)["Phone"]) == (303, "2")
    assert sf.read("Account", record)["LastModifiedById"] != side.credentials()["user_id"]
    refused = person.form(f"/lightning/r/Account/{record}/edit", Name="", Phone="2")
    assert (refused.status, "Required fields are missing" in refused.text) == (422, True)
    made = person.form("/lightning/o/Account/new?org=1", Name="By hand")
    assert sf.values("SELECT Name FROM Account WHERE Name = 'By hand'") == ["By hand"]
    address = made.headers["location"].removesuffix("/view")
    assert person.form(f"{address}/delete").status == 303
    assert "By hand" in person.call("GET", "/lightning/o/Account/bin?org=1").text
    assert person.form(f"{address}/undelete").status == 303
    assert person.call("GET", "/lightning/r/Account/001000000000000AAA/view").status == 404


def test_pages_show_every_object_they_offer(side: Side) -> None:
    person = Caller(side)
    home = person.call("GET", "/lightning/o/Account/list")
    for link in {part.split('"')[0] for part in home.text.split('href="')[1:]}:
        if link.startswith("/lightning/o/"):
            page = person.call("GET", link)
            assert page.status == 200, link
            records = [part.split('"')[0] for part in page.text.split('href="/lightning/r/')[1:]]
            for record in records[:1]:
                assert person.call("GET", f"/lightning/r/{record}").status == 200, record
