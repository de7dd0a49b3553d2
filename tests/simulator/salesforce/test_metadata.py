"""Deployments: fields and objects become real, permission sets grant them (reference/salesforce.md 7)."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from connectors.simulator.testing import Side
from tests.shared import recorded, reference
from tests.simulator.salesforce.caller import Caller, caller_of
from tests.simulator.salesforce.test_recorded import shape

XMLNS = 'xmlns="http://soap.sforce.com/2006/04/metadata"'


def package(**types: list[str]) -> str:
    listed = "".join(
        f"<types>{''.join(f'<members>{one}</members>' for one in names)}<name>{kind}</name></types>"
        for kind, names in types.items()
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><Package {XMLNS}>{listed}<version>66.0</version></Package>'


def field(name: str, kind: str = "Text", inside: str = "<length>64</length>") -> str:
    return f"<fields><fullName>{name}</fullName><label>{name}</label><type>{kind}</type>{inside}</fields>"


def custom_object(inside: str = "", own: str = "") -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><CustomObject {XMLNS}>{own}{inside}</CustomObject>'


OWN = (
    "<label>Thing</label><pluralLabel>Things</pluralLabel><nameField><label>Thing Number</label>"
    "<type>AutoNumber</type><displayFormat>T-{0000}</displayFormat></nameField><deploymentStatus>Deployed"
    "</deploymentStatus><sharingModel>ReadWrite</sharingModel>"
)


def permission_set(*fields: str) -> str:
    rights = "".join(
        f"<fieldPermissions><editable>true</editable><field>{one}</field><readable>true</readable></fieldPermissions>"
        for one in fields
    )
    return f'<?xml version="1.0"?><PermissionSet {XMLNS}>{rights}<label>Set</label></PermissionSet>'


def archive(files: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, text in files.items():
            made.writestr(name, text)
    return out.getvalue()


def deploy(sf: Caller, files: dict[str, str], part: str = "json", **options: Any) -> str:
    """Start a deployment over REST; its id. `part` holds the options."""
    body = (
        f'--B\r\nContent-Disposition: form-data; name="{part}"\r\nContent-Type: application/json\r\n\r\n'.encode()
        + json.dumps({"deployOptions": {"singlePackage": True, **options}}).encode()
        + b'\r\n--B\r\nContent-Disposition: form-data; name="file"; filename="deploy.zip"\r\n'
        + b"Content-Type: application/zip\r\n\r\n"
        + archive(files)
        + b"\r\n--B--\r\n"
    )
    reply = sf.call(
        "POST",
        "/services/data/v66.0/metadata/deployRequest",
        body,
        Content_Type="multipart/form-data; boundary=B",
    )
    assert reply.status == 201, reply.text
    assert shape(reply.json) == shape(recorded("salesforce/metadata/deployRequest.201.json"))
    deploy_id: str = reply.json["id"]
    return deploy_id


def result(sf: Caller, deploy_id: str) -> dict[str, Any]:
    """The result once the deployment is through."""
    sf.side.post("clock", {"advance": 2})
    reply = sf.get(f"/metadata/deployRequest/{deploy_id}?includeDetails=true")
    sf.side.post("clock", {"reset": True})
    found: dict[str, Any] = reply.json["deployResult"]
    return found


def deploy_class(sf: Caller, name: str) -> dict[str, Any]:
    files = {
        "package.xml": package(ApexClass=[name]),
        f"classes/{name}.cls": f"@IsTest public class {name} {{}}",
        f"classes/{name}.cls-meta.xml": f"<ApexClass {XMLNS}><apiVersion>66.0</apiVersion></ApexClass>",
    }
    return result(sf, deploy(sf, files, testLevel="RunLocalTests"))


@pytest.fixture(scope="module")
def bare(running: Any) -> Caller:
    """The org that has nothing of the package."""
    return caller_of(running.salesforce, 2)


def test_a_deployment_makes_fields_and_objects_that_a_permission_set_shows(bare: Caller) -> None:
    lookup = "<referenceTo>Account</referenceTo><relationshipName>Things</relationshipName>"
    picks = (
        "<valueSet><restricted>true</restricted><valueSetDefinition><value><fullName>New</fullName><default>true"
        "</default><label>New</label></value></valueSetDefinition></valueSet>"
    )
    files = {
        "package.xml": package(
            CustomObject=["Thing__c"],
            CustomField=["Account.Key__c", "Thing__c.Account__c", "Thing__c.Status__c"],
            PermissionSet=["Things"],
        ),
        "objects/Account.object": custom_object(
            field("Key__c", inside="<length>64</length><externalId>true</externalId><unique>true</unique>")
        ),
        "objects/Thing__c.object": custom_object(
            field("Account__c", "Lookup", lookup) + field("Status__c", "Picklist", picks), OWN
        ),
        "permissionsets/Things.permissionset": permission_set(
            "Account.Key__c", "Thing__c.Account__c", "Thing__c.Status__c"
        ),
    }
    done = result(bare, deploy(bare, files))
    assert (done["status"], done["success"], done["numberComponentErrors"]) == ("Succeeded", True, 0)
    assert {(one["componentType"], one["fullName"]) for one in done["details"]["componentSuccesses"]} >= {
        ("CustomObject", "Thing__c"),
        ("CustomField", "Account.Key__c"),
        ("PermissionSet", "Things"),
    }
    assert bare.query("SELECT Key__c FROM Account").code == "INVALID_FIELD"
    listed = "SELECT FullName FROM CustomField WHERE TableEnumOrId = 'Account' AND DeveloperName = 'Key'"
    assert bare.query(listed, "tooling/query").json["records"][0]["FullName"] == "Account.Key__c"
    grant = bare.values("SELECT Id FROM PermissionSet WHERE Name = 'Things'")[0]
    user = bare.side.credentials()["all"][1]["user_id"]
    bare.make("PermissionSetAssignment", PermissionSetId=grant, AssigneeId=user)
    described = {one["name"]: one for one in bare.get("/sobjects/Account/describe").json["fields"]}
    assert (
        described["Key__c"]["externalId"],
        described["Key__c"]["unique"],
        described["Key__c"]["length"],
    ) == (True, True, 64)
    account = bare.patch("/sobjects/Account/Key__c/k-1", {"Name": "Keyed"}).json["id"]
    thing = bare.make("Thing__c", Account__c=account)
    assert (
        bare.rows(f"SELECT Name, Status__c, Account__r.Name FROM Thing__c WHERE Id = '{thing}'")[0][
            "Status__c"
        ]
        == "New"
    )
    assert bare.read("Thing__c", thing)["Name"] == "T-0001"
    assert (
        bare.rows("SELECT (SELECT Name FROM Things__r) FROM Account WHERE Key__c = 'k-1'")[0]["Things__r"][
            "totalSize"
        ]
        == 1
    )
    assert thing.startswith("a0")
    assert bare.values(
        "SELECT QualifiedApiName FROM EntityDefinition WHERE QualifiedApiName = 'Thing__c'"
    ) == ["Thing__c"]


def test_a_deployment_is_pending_then_in_progress_then_through(bare: Caller) -> None:
    bare.side.post("clock", {"freeze": True})
    deploy_id = deploy(bare, {"package.xml": package()})
    seen = []
    for _ in range(3):
        seen.append(bare.get(f"/metadata/deployRequest/{deploy_id}").json["deployResult"]["status"])
        bare.side.post("clock", {"advance": 0.6})
    bare.side.post("clock", {"freeze": False, "reset": True})

    assert seen == ["Pending", "InProgress", "Succeeded"]


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({}, "No package.xml found"),
        (
            {"package.xml": package(CustomField=["Account.No__c"])},
            "An object 'Account.No__c' of type CustomField was named in package.xml, but was not found",
        ),
        (
            {
                "package.xml": package(CustomField=["Account.X__c"]),
                "objects/Account.object": custom_object(field("X__c", "Nope")),
            },
            "'Nope' is not a valid value for the enum 'FieldType'",
        ),
        (
            {
                "package.xml": package(CustomField=["Nope__c.X__c"]),
                "objects/Nope__c.object": custom_object(field("X__c")),
            },
            "Entity of type 'CustomObject' named 'Nope__c' cannot be found",
        ),
        (
            {"package.xml": package(), "objects/Account.object": custom_object(field("X__c"))},
            "Not in package.xml",
        ),
        ({"package.xml": package(Layout=["L"]), "layouts/L.layout": "<Layout"}, "Error parsing file"),
        (
            {"package.xml": package(Layout=["L"]), "layouts/L.layout": '<!DOCTYPE a [<!ENTITY b "c">]><a/>'},
            "Error parsing file",
        ),
    ],
)
def test_what_is_wrong_with_a_package_is_named_and_nothing_stays(
    bare: Caller, files: dict[str, str], problem: str
) -> None:
    done = result(bare, deploy(bare, files))

    assert (done["status"], done["success"]) == ("Failed", False)
    assert problem in done["details"]["componentFailures"][0]["problem"]
    assert "X__c" not in [one["name"] for one in bare.get("/sobjects/Account/describe").json["fields"]]


def test_check_only_changes_nothing(bare: Caller) -> None:
    files = {
        "package.xml": package(CustomField=["Account.Y__c"]),
        "objects/Account.object": custom_object(field("Y__c")),
    }
    bare.side.post("settings", {"org": "2", "field_security": False})
    try:
        assert result(bare, deploy(bare, files, checkOnly=True))["status"] == "Succeeded"
        assert bare.query("SELECT Y__c FROM Account").code == "INVALID_FIELD"
        assert result(bare, deploy(bare, files))["status"] == "Succeeded"
        assert bare.query("SELECT Y__c FROM Account").status == 200
        removal = {"package.xml": package(), "destructiveChanges.xml": package(CustomField=["Account.Y__c"])}
        assert result(bare, deploy(bare, removal))["status"] == "Succeeded"
        assert bare.query("SELECT Y__c FROM Account").code == "INVALID_FIELD"
    finally:
        bare.side.post("settings", {"org": "2", "field_security": True})


def test_classes_are_listed_by_the_tooling_api(sf: Caller) -> None:
    done = deploy_class(sf, "Sample_TEST")
    found = sf.query(
        "SELECT Id, Name FROM ApexClass WHERE NamespacePrefix = null AND (Name LIKE '%_TEST%')",
        "tooling/query",
    )

    assert done["numberTestsCompleted"] == 1
    assert shape(found.json) == shape(recorded("salesforce/query/tooling_query.json"))
    assert found.json["records"][0]["attributes"]["url"].startswith(
        "/services/data/v66.0/tooling/sobjects/ApexClass/01p"
    )


def soap(sf: Caller, operation: str) -> ET.Element:
    envelope = (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:met="http://soap.sforce.com/2006/04/metadata"><soapenv:Header><met:SessionHeader><met:sessionId>'
        f"{sf.token}</met:sessionId></met:SessionHeader></soapenv:Header><soapenv:Body>{operation}</soapenv:Body>"
        "</soapenv:Envelope>"
    )
    reply = sf.call("POST", "/services/Soap/m/66.0/deployRequest", envelope, Content_Type="text/xml")
    return ET.fromstring(reply.text)


def texts(root: ET.Element, name: str) -> list[str]:
    return [one.text or "" for one in root.iter(f"{{http://soap.sforce.com/2006/04/metadata}}{name}")]


def test_deployments_go_over_soap_too(bare: Caller) -> None:
    raw = base64.b64encode(archive({"package.xml": package()})).decode()
    started = soap(bare, f"<met:deploy><met:ZipFile>{raw}</met:ZipFile><met:DeployOptions/></met:deploy>")
    deploy_id = texts(started, "id")[0]
    bare.side.post("clock", {"advance": 2})
    status = soap(
        bare,
        f"<met:checkDeployStatus><met:asyncProcessId>{deploy_id}</met:asyncProcessId>"
        "<met:includeDetails>true</met:includeDetails></met:checkDeployStatus>",
    )
    bare.side.post("clock", {"reset": True})
    listed = soap(
        bare,
        "<met:listMetadata><met:queries><met:type>CustomObject</met:type></met:queries></met:listMetadata>",
    )
    described = soap(
        bare, "<met:describeMetadata><met:asOfVersion>66.0</met:asOfVersion></met:describeMetadata>"
    )

    assert texts(status, "status") == ["Succeeded"]
    assert "Account" in texts(listed, "fullName")
    assert "CustomObject" in texts(described, "xmlName")
    stranger = soap(Caller(bare.side, "bad"), "<met:describeMetadata/>")
    assert "INVALID_SESSION_ID" in (stranger.find(".//faultstring").text or "")  # type: ignore[union-attr]


def test_the_documented_request_is_understood(sf: Caller, side: Side) -> None:
    text = reference("salesforce/metadata/deployRequest.request.http.txt").read_text()
    options = json.loads(text[text.index("{") : text.rindex("}") + 1])["deployOptions"]
    deploy_id = deploy(sf, {"package.xml": package()}, **options)

    assert result(sf, deploy_id)["status"] == "Succeeded"


def test_a_custom_object_describes_itself_as_recorded(bare: Caller) -> None:
    wanted = recorded("salesforce/describe/Custom__c.describe.json")
    name_field = "<nameField><label>Name</label><type>Text</type></nameField>"
    named = f"<label>Custom</label><pluralLabel>Customs</pluralLabel>{name_field}"
    files = {
        "package.xml": package(CustomObject=["Custom__c"]),
        "objects/Custom__c.object": custom_object(own=named),
    }
    assert result(bare, deploy(bare, files))["status"] == "Succeeded"
    ours = bare.get("/sobjects/Custom__c/describe").json
    fields = {one["name"]: one for one in ours["fields"]}

    assert set(wanted) - set(ours) == set()
    assert (ours["custom"], ours["label"], ours["labelPlural"]) == (True, "Custom", "Customs")
    for theirs in wanted["fields"]:
        if theirs["custom"]:
            continue
        mine = fields[theirs["name"]]
        facts = ("type", "length", "nillable", "createable", "updateable", "defaultedOnCreate", "nameField")
        assert {name: mine[name] for name in facts} == {name: theirs[name] for name in facts}, theirs["name"]


def test_the_options_may_come_the_way_the_vendors_command_line_sends_them(bare: Caller) -> None:
    files = {
        "package.xml": package(CustomField=["Account.Line__c"]),
        "objects/Account.object": custom_object(field("Line__c")),
    }
    assert result(bare, deploy(bare, files, part="entity_content"))["status"] == "Succeeded"
