"""Every recorded body of the reference: replayed here, or listed with the reason why not.

Compared are shape, keys and types; values where the request determines them. Files are read where they lie.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.simulator.testing import Side
from tests.shared import recorded, reference
from tests.simulator.salesforce.caller import Caller, Reply, V, authorize, exchange, refresh

Replay = Callable[[Caller, Side], Any]
REPLAYS: dict[str, Replay] = {}

#: Not replayed, and why.
NOT_REPLAYED = {
    "README.md": "the index",
    "oauth/errors.constructed.json": "a list of errors: provoked in test_oauth and test_error_catalog",
    "errors/catalog.constructed.json": "a list of errors: each is provoked in test_error_catalog",
    "describe/Account.PersonAccount-fields.describe.json": "person accounts are not offered",
    "describe/Custom__c.describe.json": "compared as a custom object in test_metadata",
    "rest/resources_by_version.json": "the list of v26.0; older than what is served",
    "outbound_message/ack.xml": "what a listener answers: used in test_outbound",
    "outbound_message/notifications.xml": "compared in test_outbound",
    "composite/composite_mixed.request.json": "the request of a file replayed",
    "composite/composite_304_if_modified.request.json": "the request of a file replayed",
    "composite/composite_error_404_inside_200.request.json": "the request of a file replayed",
    "composite/collections_create.200.request.json": "the request of a file replayed",
    "composite/collections_upsert.200.request.json": "the request of a file replayed",
    "composite/graph.request.json": "the request of a file replayed",
    "record/create.201.request.json": "the request of a file replayed",
    "bulk2/query_job_create.request.json": "the request of a file replayed in test_bulk",
    "bulk2/ingest_upload.csv": "the upload of a file replayed in test_bulk",
}
#: Replayed in another module.
ELSEWHERE = {
    "query/tooling_query.json": "test_metadata",
    "bulk1": "test_bulk",
    "bulk2": "test_bulk",
    "metadata": "test_metadata",
    "cdc": "test_events",
    "platform_event": "test_events",
}


def replay(*names: str) -> Callable[[Replay], Replay]:
    def keep(function: Replay) -> Replay:
        for name in names:
            REPLAYS[name] = function
        return function

    return keep


def at(path: str) -> str:
    """A recorded path with our version in place of the recording's."""
    return path.replace("vxx.0", "v66.0").replace("v49.0", "v66.0")


def rewritten(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: rewritten(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rewritten(inner) for inner in value]
    return at(value) if isinstance(value, str) else value


def shape(value: Any) -> Any:
    """Keys and types. Lists are as long as they need be: the shapes of their members count."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        shapes = [shape(inner) for inner in value]
        kinds = [one for index, one in enumerate(shapes) if one not in shapes[:index]]
        return sorted(kinds, key=repr)
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    return "number" if not isinstance(value, str) else "text"


# -- OAuth ----------------------------------------------------------------------------------------------------


@replay("oauth/token_password_grant.200.json")
def password_token(sf: Caller, side: Side) -> Any:
    credentials = side.credentials()
    side.post("settings", {"username_password_flow": True})
    reply = sf.form(
        "/services/oauth2/token",
        grant_type="password",
        client_id=credentials["client_id"],
        client_secret=credentials["client_secret"],
        username=credentials["username"],
        password=credentials["password"] + credentials["security_token"],
    )
    side.post("settings", {"username_password_flow": False})
    return reply.json


@replay("oauth/error_password_invalid.400.json")
def password_wrong(sf: Caller, side: Side) -> Any:
    credentials = side.credentials()
    side.post("settings", {"username_password_flow": True})
    reply = sf.form(
        "/services/oauth2/token",
        grant_type="password",
        client_id=credentials["client_id"],
        client_secret=credentials["client_secret"],
        username=credentials["username"],
        password="x",
    )
    side.post("settings", {"username_password_flow": False})
    return reply.json


@replay("oauth/token_refresh_rotation.constructed.json")
def refreshed(sf: Caller, side: Side) -> Any:
    answer = refresh(side, exchange(side, authorize(side)["code"]).json["refresh_token"]).json
    return {**answer, "api_instance_url": ""}  # said of client credentials only: section 1.2


@replay("oauth/error_refresh_expired.400.json")
def refresh_expired(sf: Caller, side: Side) -> Any:
    return refresh(side, "5Aep861nonsense").json


@replay("oauth/identity.200.json")
def identity(sf: Caller, side: Side) -> Any:
    credentials = side.credentials()
    shown = sf.call("GET", f"/id/{credentials['org_id']}/{credentials['user_id']}").json
    newer = ("tooling_soap", "tooling_rest", "custom_domain")
    return {**shown, "urls": {name: url for name, url in shown["urls"].items() if name not in newer}}


# -- versions, limits, describes ------------------------------------------------------------------------------


@replay("rest/versions.json")
def versions(sf: Caller, side: Side) -> Any:
    return sf.call("GET", "/services/data/").json


@replay("limits/limits.json")
def limits(sf: Caller, side: Side) -> Any:
    shown = sf.get("/limits").json
    theirs = recorded("salesforce/limits/limits.json")
    assert {name: one["Max"] for name, one in shown.items() if name != "DailyApiRequests"} == {
        name: one["Max"] for name, one in theirs.items() if name != "DailyApiRequests"
    }
    return shown


@replay("limits/recordCount.json")
def record_count(sf: Caller, side: Side) -> Any:
    parts = [
        {"method": "GET", "url": f"{V}/query?q=SELECT COUNT() FROM {name}", "referenceId": f"ref{name}"}
        for name in ("Account", "Opportunity")
    ]
    return sf.post("/composite", {"compositeRequest": parts}).json


@replay("describe/global.describe.json")
def described_global(sf: Caller, side: Side) -> Any:
    shown = sf.get("/sobjects").json
    wanted = recorded("salesforce/describe/global.describe.json")["sobjects"]
    ours = {one["name"]: one for one in shown["sobjects"]}
    return {**shown, "sobjects": [same_urls(one, ours.get(one["name"], one)) for one in wanted]}


def same_urls(wanted: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
    """Links to layouts and listings vary by object and org: they are not compared."""
    return {**ours, "urls": wanted["urls"], "keyPrefix": wanted["keyPrefix"]}


# -- records --------------------------------------------------------------------------------------------------


@replay("record/create.201.json")
def created(sf: Caller, side: Side) -> Any:
    return sf.post("/sobjects/Account/", recorded("salesforce/record/create.201.request.json")).json


@replay("record/upsert_created.v46.201.json", "record/upsert_created.201.json")
def upserted(sf: Caller, side: Side) -> Any:
    number = side.post(
        "records", {"object": "Lead", "action": "create", "values": {"LastName": "n", "Company": "c"}}
    )
    return sf.patch(f"/sobjects/Account/QBO_Id__c/{number['id']}", {"Name": "x"}).json


@replay("record/Organization.get.json")
def organization(sf: Caller, side: Side) -> Any:
    shown = sf.get(f"/sobjects/Organization/{side.credentials()['org_id']}").json
    wanted = recorded("salesforce/record/Organization.get.json")
    shown.pop("PreferencesIndividualAutoCreateEnabled")  # of the schema, but younger than the recording
    texts = (
        "Street",
        "City",
        "State",
        "PostalCode",
        "Phone",
        "Division",
        "Fax",
        "NamespacePrefix",
        "TrialExpirationDate",
    )
    shown.update({name: wanted[name] for name in texts})
    return {**shown, "Address": wanted["Address"]}


# -- errors ---------------------------------------------------------------------------------------------------


@replay("errors/401_INVALID_SESSION_ID.json")
def bad_session(sf: Caller, side: Side) -> Any:
    return Caller(side, "bad").get("/sobjects").json


@replay("errors/400_INVALID_FIELD.id_in_body.json")
def id_in_body(sf: Caller, side: Side) -> Any:
    return sf.post("/sobjects/Account", {"Id": "001", "Name": "x"}).json


@replay("errors/400_MALFORMED_ID.json")
def malformed_id(sf: Caller, side: Side) -> Any:
    return sf.get(f"/sobjects/Account/{sf.make('Contact', LastName='x')}").json


@replay("errors/400_MALFORMED_SEARCH.json")
def malformed_search(sf: Caller, side: Side) -> Any:
    return sf.get("/search?q=FIND%20x").json


@replay("errors/404_ENTITY_IS_DELETED.delete.json")
def entity_is_deleted(sf: Caller, side: Side) -> Any:
    record = sf.make("Account", Name="x")
    sf.delete(f"/sobjects/Account/{record}")
    return sf.delete(f"/sobjects/Account/{record}").json


@replay("errors/404_NOT_FOUND.resource.json")
def no_resource(sf: Caller, side: Side) -> Any:
    return sf.get("/sobjects/Nope/describe").json


@replay("errors/404_NOT_FOUND.external_id_field.json")
def no_external_id(sf: Caller, side: Side) -> Any:
    return sf.patch("/sobjects/Account/Namez/1", {}).json


@replay("errors/300_external_id_not_unique.json")
def several(sf: Caller, side: Side) -> Any:
    for name in ("foo", "bar"):
        sf.make("Contact", LastName=name, Email="several@example.com")
    return sf.patch("/sobjects/Contact/Email/several@example.com", {}).json


@replay("errors/400_DUPLICATES_DETECTED.constructed.json")
def duplicate(sf: Caller, side: Side) -> Any:
    sf.make("Account", Name="Recorded twin")
    side.post("settings", {"duplicate_rules": [{"object": "Account", "fields": ["Name"], "mode": "alert"}]})
    reply = sf.post("/sobjects/Account", {"Name": "Recorded twin"})
    side.post("settings", {"duplicate_rules": []})
    return reply.json


# -- queries --------------------------------------------------------------------------------------------------


def queried(sf: Caller, soql: str, resource: str = "query") -> Any:
    reply: Reply = sf.query(soql, resource)
    assert reply.status == 200, reply.text
    return reply.json


@replay("query/empty.json")
def empty(sf: Caller, side: Side) -> Any:
    return queried(sf, "select Id,AccountNumber from Account where Name = 'none of that name'")


@replay("query/count_aggregate.json")
def count(sf: Caller, side: Side) -> Any:
    return queried(sf, "select count(Id) from Account")


@replay("query/group_by_aggregate.json")
def grouped(sf: Caller, side: Side) -> Any:
    campaigns = [sf.make("Campaign", Name=f"C{n}") for n in range(2)]
    for campaign in (*campaigns, None):
        sf.make(
            "Opportunity",
            Name="Grouped",
            StageName="Prospecting",
            CloseDate="2026-12-01",
            Amount=1,
            CampaignId=campaign,
        )
    return queried(
        sf, "SELECT CampaignId, SUM(Amount) FROM Opportunity WHERE Name = 'Grouped' GROUP BY CampaignId"
    )


@replay("query/nested_child_subquery.json")
def nested(sf: Caller, side: Side) -> Any:
    contact = sf.make("Contact", FirstName="Nested", LastName="x")
    sf.make("Opportunity", Name="Deal", StageName="Prospecting", CloseDate="2026-12-01", ContactId=contact)
    return queried(
        sf, "select FirstName,(select Name from Opportunities) from Contact where FirstName != null"
    )


@replay("query/one_row_custom_object.json")
def custom_object(sf: Caller, side: Side) -> Any:
    contact = sf.make("Contact", LastName="x")
    sf.make("QBO_Sync__c", Contact__c=contact)
    answer = queried(
        sf,
        "SELECT Id, Correlation_Id__c, SystemModstamp, LastModifiedById, Name, Message__c, Contact__c"
        f" FROM QBO_Sync__c WHERE Contact__c = '{contact}'",
    )
    renamed = {
        "Correlation_Id__c": "SynchronizationId__c",
        "Message__c": "Example_Field__c",
        "Contact__c": "Friend__c",
    }
    answer["records"] = [{renamed.get(name, name): value for name, value in answer["records"][0].items()}]
    return answer


@replay("query/page_1_of_2.json")
def first_page(sf: Caller, side: Side) -> Any:
    rows = [{"attributes": {"type": "Contact"}, "LastName": f"P{n}"} for n in range(200)]
    sf.post("/composite/sobjects", {"records": rows})
    return sf.query("SELECT Id, Name FROM Contact", Sforce_Query_Options="batchSize=200").json


@replay("query/parent_and_child_nested.json")
def parent_and_child(sf: Caller, side: Side) -> Any:
    parent = sf.make("Account", Name="Parent", Phone="Hello")
    middle = sf.make("Account", Name="Middle", Phone="Hi", ParentId=parent, Fax="four;six")
    sf.make("Contact", LastName="Child", AccountId=middle)
    row = queried(
        sf,
        "SELECT IsPartner, Name, LastModifiedDate, CreatedDate, Fax, Parent.Name, Parent.Phone,"
        f" (SELECT Name FROM Contacts) FROM Account WHERE Id = '{middle}'".replace("IsPartner", "IsDeleted"),
    )
    wanted = recorded("salesforce/query/parent_and_child_nested.json")["records"][0]
    ours = row["records"][0]
    names = zip(
        wanted,
        ("attributes", "IsDeleted", "Name", "CreatedDate", "LastModifiedDate", "Fax", "Parent", "Contacts"),
        strict=True,
    )
    renamed = {theirs: ours[name] for theirs, name in names}
    renamed["ParentWhizbang__r"] = {
        "Name": ours["Parent"]["Name"],
        "Text_Label": ours["Parent"]["Phone"],
        "attributes": ours["Parent"]["attributes"],
    }
    return {**row, "records": [renamed]}


@replay("query/typeof_polymorphic.json")
def typeof(sf: Caller, side: Side) -> Any:
    account = sf.make("Account", Name="Tom", Description="d", Phone="1", AccountNumber="2")
    contact = sf.make("Contact", LastName="Contact")
    for what in (account, None):
        sf.make(
            "Event",
            Subject="Test",
            WhoId=contact,
            WhatId=what,
            DurationInMinutes=60,
            ActivityDateTime="2024-11-07T07:00:00Z",
        )
    return queried(
        sf,
        "SELECT Id, TYPEOF Who WHEN Contact THEN LastName, Email WHEN Lead THEN LastName, Company ELSE Id END,"
        " TYPEOF What WHEN Account THEN Name, Description, Phone, AccountNumber ELSE Id END,"
        " Subject, DurationInMinutes, ActivityDateTime FROM Event ORDER BY WhatId",
    )


@replay("replication/updated.200.json", "replication/updated.doc.200.json")
def updated(sf: Caller, side: Side) -> Any:
    sf.make("Account", Name="x")
    return sf.get(f"/sobjects/Account/updated/?{last_hour()}").json


@replay("replication/deleted.200.json")
def deleted(sf: Caller, side: Side) -> Any:
    sf.delete(f"/sobjects/Account/{sf.make('Account', Name='x')}")
    return sf.get(f"/sobjects/Account/deleted/?{last_hour()}").json


def last_hour() -> str:
    from tests.simulator.salesforce.test_records import _last_hour

    return _last_hour()


# -- composite ------------------------------------------------------------------------------------------------


def composed(sf: Caller, name: str) -> Any:
    return sf.post("/composite", rewritten(recorded(f"salesforce/composite/{name}"))).json


@replay("composite/composite_mixed.json")
def mixed(sf: Caller, side: Side) -> Any:
    return composed(sf, "composite_mixed.request.json")


@replay("composite/composite_304_if_modified.json")
def not_modified(sf: Caller, side: Side) -> Any:
    body = rewritten(recorded("salesforce/composite/composite_304_if_modified.request.json"))
    for one in body["compositeRequest"]:
        one["httpHeaders"]["If-Modified-Since"] = "Thu, 03 Sep 2037 21:35:07 GMT"
    return sf.post("/composite", body).json


@replay("composite/composite_error_404_inside_200.json")
def inner_error(sf: Caller, side: Side) -> Any:
    return composed(sf, "composite_error_404_inside_200.request.json")


@replay("composite/composite_reference_ids.json")
def reference_ids(sf: Caller, side: Side) -> Any:
    parts = [
        {"method": "GET", "url": f"{V}/query?q=SELECT Id FROM Order WHERE Name = 'x'", "referenceId": name}
        for name in ("one", "two")
    ]
    return sf.post("/composite", {"compositeRequest": parts}).json


def with_a_duplicate(sf: Caller, side: Side, path: str, body: Any) -> Any:
    """Post with a rule that takes accounts of the name `Twin` for duplicates."""
    sf.make("Account", Name="Twin")
    side.post("settings", {"duplicate_rules": [{"object": "Account", "fields": ["Name"]}]})
    reply = sf.post(path, body)
    side.post("settings", {"duplicate_rules": []})
    return reply.json


def named(*names: str) -> list[dict[str, Any]]:
    return [{"attributes": {"type": "Account"}, "Name": name} for name in names]


@replay("composite/composite_all_or_none_rolled_back.200.json")
def rolled_back(sf: Caller, side: Side) -> Any:
    rows = {"records": named("Not a twin", "Twin")}
    return with_a_duplicate(
        sf,
        side,
        "/composite",
        {
            "allOrNone": True,
            "compositeRequest": [
                {
                    "method": "POST",
                    "url": f"{V}/composite/sobjects",
                    "referenceId": "collection1",
                    "body": rows,
                },
                {
                    "method": "POST",
                    "url": f"{V}/sobjects/Contact",
                    "referenceId": "newContact",
                    "body": {"LastName": "x"},
                },
            ],
        },
    )


@replay("composite/collections_create.200.json")
def collections_update(sf: Caller, side: Side) -> Any:
    body = recorded("salesforce/composite/collections_create.200.request.json")
    for record in body["records"]:
        record["Id"] = sf.make("Account", Name="x")
    return sf.patch("/composite/sobjects", body).json


@replay("composite/collections_upsert.200.json")
def collections_upsert(sf: Caller, side: Side) -> Any:
    body = recorded("salesforce/composite/collections_upsert.200.request.json")
    return sf.patch("/composite/sobjects/Contact/Email", body).json


@replay("composite/collections_create_all_or_none.200.json")
def collections_all_or_none(sf: Caller, side: Side) -> Any:
    return with_a_duplicate(
        sf, side, "/composite/sobjects", {"allOrNone": True, "records": named("Twin", "No twin")}
    )


@replay("composite/collections_create_partial_failure.200.json")
def collections_partly(sf: Caller, side: Side) -> Any:
    return with_a_duplicate(
        sf, side, "/composite/sobjects", {"allOrNone": False, "records": named("Twin", "No twin")}
    )


@replay("composite/collections_upsert_partial_failure.200.json")
def collections_upsert_partly(sf: Caller, side: Side) -> Any:
    rows = [
        {"attributes": {"type": "Contact"}, "Id": sf.make("Contact", LastName="x"), "Phone": "1"},
        {"attributes": {"type": "Contact"}, "Id": "001xx0000004GxEAAU", "Phone": "1"},
    ]
    answer = sf.patch("/composite/sobjects/Contact/Id", {"records": rows}).json
    return [{name: value for name, value in row.items() if name != "created"} for row in answer]


@replay("composite/collections_delete_partial.200.json")
def collections_delete(sf: Caller, side: Side) -> Any:
    return sf.delete(f"/composite/sobjects?ids={sf.make('Account', Name='x')},001RM000003oLrB000").json


@replay("composite/collections_get.200.json")
def collections_get(sf: Caller, side: Side) -> Any:
    ids = [sf.make("Account", Name="x"), sf.make("Account", Name="y"), "001000000000000AAA"]
    return sf.get(f"/composite/sobjects/Account?ids={','.join(ids)}&fields=Id,Name").json


@replay("composite/graph.200.json")
def graph(sf: Caller, side: Side) -> Any:
    return sf.post("/composite/graph", recorded("salesforce/composite/graph.request.json")).json


@replay("composite/tree_success.201.json")
def tree(sf: Caller, side: Side) -> Any:
    return sf.post(
        "/composite/tree/Account",
        {
            "records": [
                {"attributes": {"type": "Account", "referenceId": name}, "Name": "x"}
                for name in ("ref1", "ref4")
            ]
        },
    ).json


@replay("composite/tree_failure.400.json")
def tree_failure(sf: Caller, side: Side) -> Any:
    return sf.post(
        "/composite/tree/Contact",
        {
            "records": [
                {"attributes": {"type": "Contact", "referenceId": "ref2"}, "LastName": "x", "Email": "123"}
            ]
        },
    ).json


def test_describe_global_states_the_recorded_flags(sf: Caller) -> None:
    ours = {one["name"]: one for one in sf.get("/sobjects").json["sobjects"]}
    differences = [
        f"{theirs['name']}.{key}: {ours[theirs['name']][key]!r}, recorded {value!r}"
        for theirs in recorded("salesforce/describe/global.describe.json")["sobjects"]
        for key, value in theirs.items()
        if key not in ("urls", "keyPrefix", "labelPlural", "deepCloneable")
        and ours[theirs["name"]][key] != value
    ]
    assert differences == []


# -- the comparison -------------------------------------------------------------------------------------------

#: Recorded before keys existed, or with keys of another kind: (file, keys of ours that may be more).
NEWER_KEYS = {"record/upsert_created.201.json": {"created"}}


@pytest.mark.parametrize("name", sorted(REPLAYS))
def test_the_recorded_answer_has_the_same_shape(sf: Caller, side: Side, name: str) -> None:
    wanted = recorded(f"salesforce/{name}")
    answer = REPLAYS[name](sf, side)
    for key in NEWER_KEYS.get(name, ()):
        answer.pop(key)

    assert shape(answer) == shape(wanted)


DESCRIBES = (
    "Account",
    "Contact",
    "Opportunity",
    "OpportunityContactRole",
    "OpportunityLineItem.constructed",
    "Pricebook2.constructed",
    "PricebookEntry.constructed",
    "Product2.constructed",
)
#: Members of a describe that a customer's org decides, or that came and went between releases.
FIELD_FACTS = (
    "type",
    "length",
    "precision",
    "scale",
    "digits",
    "referenceTo",
    "relationshipName",
    "nillable",
    "calculated",
    "soapType",
    "compoundFieldName",
    "unique",
    "externalId",
)
RECORDED_ONLY = (
    "createable",
    "updateable",
    "defaultedOnCreate",
    "filterable",
    "sortable",
    "groupable",
    "aggregatable",
    "idLookup",
    "nameField",
    "permissionable",
    "restrictedPicklist",
    "caseSensitive",
    "extraTypeInfo",
)
#: Facts where ours differ on purpose: (object, field, member).
KNOWN_DIFFERENCES = {
    ("Opportunity", "SyncedQuoteId", "createable"),
}


@pytest.mark.parametrize("name", DESCRIBES)
def test_describes_state_the_recorded_facts(sf: Caller, name: str) -> None:
    object_name, _, constructed = name.partition(".")
    kind = "describe.constructed" if constructed else "describe"
    wanted = recorded(f"salesforce/describe/{object_name}.{kind}.json")
    ours = sf.get(f"/sobjects/{object_name}/describe").json
    fields = {one["name"]: one for one in ours["fields"]}
    compared = FIELD_FACTS if constructed else FIELD_FACTS + RECORDED_ONLY
    differences = []
    for theirs in wanted["fields"]:
        mine = fields.get(theirs["name"])
        if mine is None or theirs.get("custom"):
            if not theirs.get("custom") and theirs["name"] not in ABSENT:
                differences.append(f"{theirs['name']} is missing")
            continue
        if set(theirs) - set(mine) - OLD_KEYS:
            differences.append(f"{theirs['name']} lacks {set(theirs) - set(mine)}")
        differences += [
            f"{theirs['name']}.{member}: {mine[member]!r}, recorded {theirs[member]!r}"
            for member in compared
            if member in theirs
            and mine[member] != theirs[member]
            and (object_name, theirs["name"], member) not in KNOWN_DIFFERENCES
        ]
    assert differences == []
    assert set(wanted) - set(ours) == set()


#: Standard fields that belong to features not offered.
ABSENT = {"CurrencyIsoCode", "IsPriorityRecord"}
OLD_KEYS: set[str] = set()


def test_every_recorded_file_is_accounted_for() -> None:
    folder = reference("salesforce")
    files = {str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file()}
    described = {
        f"describe/{name.replace('.constructed', '.describe.constructed') if '.' in name else name + '.describe'}.json"
        for name in DESCRIBES
    }
    elsewhere = {name for name in files if name in ELSEWHERE or name.split("/")[0] in ELSEWHERE}

    assert files - set(REPLAYS) - set(NOT_REPLAYED) - described - elsewhere == set()
    for name in elsewhere - set(NOT_REPLAYED):
        module = ELSEWHERE.get(name) or ELSEWHERE[name.split("/")[0]]
        stem = Path(name).name.partition(".")[0]
        assert stem in (Path(__file__).parent / f"{module}.py").read_text(), name
    assert (set(REPLAYS) | set(NOT_REPLAYED)) - files == set()
