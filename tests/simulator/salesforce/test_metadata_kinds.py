"""Every kind of component goes up over REST and over SOAP, is stored, listed and can be removed (reference 7)."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.simulator.salesforce.caller import Caller, caller_of
from tests.simulator.salesforce.test_metadata import (
    OWN,
    XMLNS,
    archive,
    custom_object,
    deploy,
    field,
    package,
    permission_set,
    result,
    soap,
    texts,
)


def xml(kind: str, inside: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><{kind} {XMLNS}>{inside}</{kind}>'


def meta(kind: str) -> str:
    return xml(kind, "<apiVersion>66.0</apiVersion><status>Active</status>")


FLOW = (
    "<apiVersion>66.0</apiVersion><label>On won</label><processType>AutoLaunchedFlow</processType>"
    "<start><object>Opportunity</object><recordTriggerType>CreateAndUpdate</recordTriggerType>"
    "<triggerType>RecordAfterSave</triggerType></start><status>Active</status>"
)
CREDENTIAL = (
    "<label>Portal</label><namedCredentialParameters><parameterName>Url</parameterName><parameterType>Url"
    "</parameterType><parameterValue>https://portal.example.com</parameterValue></namedCredentialParameters>"
    "<namedCredentialType>SecuredEndpoint</namedCredentialType>"
)
#: Type, full name, files in the zip.
KINDS: list[tuple[str, str, dict[str, str]]] = [
    ("CustomObject", "Part__c", {"objects/Part__c.object": custom_object(own=OWN)}),
    ("CustomField", "Contact.Nickname__c", {"objects/Contact.object": custom_object(field("Nickname__c"))}),
    ("PermissionSet", "Readers", {"permissionsets/Readers.permissionset": permission_set("Account.Phone")}),
    (
        "Layout",
        "Account-Account Layout",
        {"layouts/Account-Account Layout.layout": xml("Layout", "<layoutSections><label>A</label></layoutSections>")},
    ),
    (
        "RemoteSiteSetting",
        "Portal",
        {"remoteSiteSettings/Portal.remoteSite": xml("RemoteSiteSetting", "<isActive>true</isActive><url>https://p.example</url>")},
    ),
    (
        "CspTrustedSite",
        "Portal",
        {"cspTrustedSites/Portal.cspTrustedSite": xml("CspTrustedSite", "<endpointUrl>https://p.example</endpointUrl>")},
    ),
    (
        "NamedCredential",
        "Portal",
        {"namedCredentials/Portal.namedCredential": xml("NamedCredential", CREDENTIAL)},
    ),
    (
        "ExternalCredential",
        "Portal_EC",
        {"externalCredentials/Portal_EC.externalCredential": xml("ExternalCredential", "<label>Portal</label>")},
    ),
    ("Flow", "On_Won", {"flows/On_Won.flow": xml("Flow", FLOW)}),
    (
        "LightningComponentBundle",
        "panel",
        {
            "lwc/panel/panel.js": "export default class Panel {}",
            "lwc/panel/panel.html": "<template></template>",
            "lwc/panel/panel.js-meta.xml": xml(
                "LightningComponentBundle", "<apiVersion>66.0</apiVersion><isExposed>true</isExposed>"
            ),
        },
    ),
    (
        "ApexClass",
        "Panel",
        {"classes/Panel.cls": "public class Panel {}", "classes/Panel.cls-meta.xml": meta("ApexClass")},
    ),
    (
        "ApexTrigger",
        "OnSync",
        {
            "triggers/OnSync.trigger": "trigger OnSync on Account (before insert) {}",
            "triggers/OnSync.trigger-meta.xml": meta("ApexTrigger"),
        },
    ),
    ("CustomTab", "Part__c", {"tabs/Part__c.tab": xml("CustomTab", "<customObject>true</customObject>")}),
    ("FlexiPage", "Record", {"flexipages/Record.flexipage": xml("FlexiPage", "<masterLabel>R</masterLabel>")}),
    (
        "PlatformEventChannelMember",
        "Contact_ChangeEvent",
        {
            "platformEventChannelMembers/Contact_ChangeEvent.platformEventChannelMember": xml(
                "PlatformEventChannelMember",
                "<eventChannel>ChangeEvents</eventChannel><selectedEntity>ContactChangeEvent</selectedEntity>",
            )
        },
    ),
]  # fmt: skip
#: Rows of the Tooling API that tell of a component: type, object, the field that holds its name.
TOOLING = {
    "ApexClass": ("ApexClass", "Name"),
    "LightningComponentBundle": ("LightningComponentBundle", "DeveloperName"),
    "Flow": ("Flow", "DeveloperName"),
    "NamedCredential": ("NamedCredential", "DeveloperName"),
    "RemoteSiteSetting": ("RemoteProxy", "SiteName"),
}


@pytest.fixture(scope="module")
def bare(running: Any) -> Caller:
    """The org that has nothing of the package."""
    return caller_of(running.salesforce, 2)


def listed(sf: Caller, kind: str) -> list[str]:
    query = f"<met:queries><met:type>{kind}</met:type></met:queries><met:asOfVersion>66.0</met:asOfVersion>"
    return texts(soap(sf, f"<met:listMetadata>{query}</met:listMetadata>"), "fullName")


def over_rest(sf: Caller, files: dict[str, str]) -> str:
    done = result(sf, deploy(sf, files))
    assert done["numberComponentErrors"] == 0, done["details"]["componentFailures"]
    return str(done["status"])


def over_soap(sf: Caller, files: dict[str, str]) -> str:
    raw = base64.b64encode(archive(files)).decode()
    options = "<met:DeployOptions><met:singlePackage>true</met:singlePackage></met:DeployOptions>"
    started = soap(sf, f"<met:deploy><met:ZipFile>{raw}</met:ZipFile>{options}</met:deploy>")
    sf.side.post("clock", {"advance": 2})
    asked = f"<met:asyncProcessId>{texts(started, 'id')[0]}</met:asyncProcessId>"
    status = soap(
        sf,
        f"<met:checkDeployStatus>{asked}<met:includeDetails>true</met:includeDetails></met:checkDeployStatus>",
    )
    sf.side.post("clock", {"reset": True})
    assert texts(status, "numberComponentErrors") == ["0"], texts(status, "problem")
    return texts(status, "status")[0]


@pytest.mark.parametrize("door", [over_rest, over_soap])
@pytest.mark.parametrize(("kind", "name", "files"), KINDS, ids=[kind for kind, _, _ in KINDS])
def test_a_component_is_deployed_stored_listed_and_removed(
    bare: Caller, kind: str, name: str, files: dict[str, str], door: Any
) -> None:
    assert door(bare, {"package.xml": package(**{kind: [name]}), **files}) == "Succeeded"
    assert name in listed(bare, kind)
    if kind in TOOLING:
        table, column = TOOLING[kind]
        found = bare.query(f"SELECT Id FROM {table} WHERE {column} = '{name}'", "tooling/query")
        assert found.json["totalSize"] == 1
    removal = {"package.xml": package(), "destructiveChanges.xml": package(**{kind: [name]})}
    assert door(bare, removal) == "Succeeded"
    assert name not in listed(bare, kind)
    if kind in TOOLING:
        assert bare.query(f"SELECT Id FROM {table}", "tooling/query").json["totalSize"] == 0


def test_every_kind_describes_its_folder_and_suffix(bare: Caller) -> None:
    described = soap(
        bare, "<met:describeMetadata><met:asOfVersion>66.0</met:asOfVersion></met:describeMetadata>"
    )
    names = texts(described, "xmlName")

    assert {kind for kind, _, _ in KINDS} - {"CustomField"} <= set(names)
    assert "CustomField" in texts(described, "childXmlNames")
    assert dict(zip(names, texts(described, "directoryName"), strict=True))["Layout"] == "layouts"


def test_a_canceled_deployment_leaves_nothing(bare: Caller) -> None:
    bare.side.post("clock", {"freeze": True})
    files = {
        "package.xml": package(CustomObject=["Never__c"]),
        "objects/Never__c.object": custom_object(own=OWN),
    }
    deploy_id = deploy(bare, files)
    canceled = bare.patch(f"/metadata/deployRequest/{deploy_id}", {"deployResult": {"status": "Canceling"}})
    bare.side.post("clock", {"advance": 5})
    status = bare.get(f"/metadata/deployRequest/{deploy_id}").json["deployResult"]["status"]
    there = bare.get("/sobjects/Never__c/describe").status
    bare.side.post("clock", {"reset": True, "freeze": False})

    assert (canceled.status, status, there) == (202, "Canceled", 404)


def test_what_is_deployed_shows_only_when_the_deployment_is_through(bare: Caller) -> None:
    bare.side.post("clock", {"freeze": True})
    files = {
        "package.xml": package(CustomObject=["Later__c"]),
        "objects/Later__c.object": custom_object(own=OWN),
    }
    deploy(bare, files)
    early = bare.get("/sobjects/Later__c/describe").status
    bare.side.post("clock", {"advance": 2})
    late = bare.get("/sobjects/Later__c/describe").status
    bare.side.post("clock", {"reset": True, "freeze": False})

    assert (early, late) == (404, 200)
