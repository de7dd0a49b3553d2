"""What a Salesforce org must offer (salesforce.md 0, 1.4, 2.1, 2.8, 6)."""

from __future__ import annotations

from typing import Any

from connectors.contracts import FieldInfo, ObjectInfo
from connectors.errors import ConnectorError, FailureKind
from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.hosts import API_VERSION
from syncapp.models import Connection
from syncapp.services.checks import Check, bad, good, warn

EXTERNAL_ID_FIELD = "QBO_Customer_Id__c"
OBJECTS = {"Account": "accounts"}
NEEDED_FIELDS = {
    "Account": (
        "Name",
        "Phone",
        "Fax",
        "Website",
        "Description",
        "BillingStreet",
        "BillingCity",
        "BillingState",
        "BillingPostalCode",
        "BillingCountry",
        "ShippingStreet",
        "ShippingCity",
        "ShippingState",
        "ShippingPostalCode",
        "ShippingCountry",
        "ParentId",
    )
}
CUSTOM_FIELDS = ("QBO_Id__c", "QBO_Status__c", "QBO_Last_Sync__c")
LOW_SHARE = 0.2
"""Below this share of the daily calls background work would have to stop (section 6: keep 20 % for buttons)."""
CALLS_FLOOR = 1000
WITHOUT_API = (
    "Group Edition",
    "Contact Manager Edition",
    "Essentials Edition",
    "Personal Edition",
    "Base Edition",
)


def check(client: SalesforceClient, connection: Connection) -> tuple[list[Check], dict[str, Any]]:
    """All checks of the org and what it said of itself. Raises ConnectorError when it cannot be reached at all."""
    org = client.organization()
    infos = client.user_rights(list(OBJECTS))
    allowance = _allowance(client)
    checks = [
        _right_org(org, connection),
        _edition(org),
        _version(client.versions()),
        _calls_left(allowance),
    ]
    for name, label in OBJECTS.items():
        checks += _object(name, label, infos[name])
    facts = {
        "name": org.get("Name"),
        "edition": org.get("OrganizationType"),
        "sandbox": org.get("IsSandbox"),
        "instance": org.get("InstanceName"),
        "country": org.get("Country"),
        "calls_max": allowance.get("Max"),
        "calls_left": allowance.get("Remaining"),
        "external_id_fields": _external_ids(infos),
    }
    return checks, facts


def _allowance(client: SalesforceClient) -> dict[str, Any]:
    """The daily calls; empty where the connected user may not see them (needs View Setup and Configuration)."""
    try:
        return dict(client.limits().get("DailyApiRequests") or {})
    except ConnectorError as error:
        if error.failure.kind in {FailureKind.PERMISSION, FailureKind.CONFIG, FailureKind.DATA}:
            return {}
        raise


def _right_org(org: Any, connection: Connection) -> Check:
    if org.get("Id") in {connection.remote_id, "", None}:
        return good("org", f"Connected to {org.get('Name')}", f"as {connection.connected_user}")
    return bad(
        "org",
        "This is another org than before",
        f"The sign-in now leads to {org.get('Name')}.",
        "Disconnect, then connect the org that this connection was made for.",
    )


def _edition(org: Any) -> Check:
    edition = str(org.get("OrganizationType") or "")
    if edition in WITHOUT_API:
        return bad(
            "edition",
            f"{edition} has no API",
            "Ledgerbridge reads and writes through the API.",
            "Move to Enterprise, Unlimited or Developer Edition, or buy API access for Professional Edition.",
        )
    if edition == "Professional Edition":
        return warn(
            "edition",
            "Professional Edition: the API is an extra here",
            "It answers now, so it is switched on.",
            "Keep the API access add-on in your Salesforce contract.",
        )
    return good("edition", edition or "Edition not named", "The API is switched on.")


def _version(versions: list[str]) -> Check:
    if API_VERSION in versions:
        return good("version", f"API version {API_VERSION}")
    return bad(
        "version",
        f"API version {API_VERSION} is not offered",
        "The org offers " + (", ".join(versions[-3:]) or "none") + ".",
        "Salesforce upgrades every org; wait for the next release, or tell whoever runs this installation.",
    )


def _calls_left(allowance: dict[str, Any]) -> Check:
    if not allowance:
        return warn(
            "calls",
            "Daily API calls are not visible",
            "The connected user may not see the org's limits, so background work cannot hold back in time.",
            "Give the user the permission View Setup and Configuration.",
        )
    most, left = int(allowance["Max"]), int(allowance["Remaining"])
    text = f"{left:,} of {most:,} API calls left today"
    if left < max(CALLS_FLOOR, most * LOW_SHARE):
        return warn(
            "calls",
            text,
            "Background work stops at 20 % so that buttons still work.",
            "See in Setup, Company Information which integration uses them, or start the first load tomorrow.",
        )
    return good("calls", text)


def _object(name: str, label: str, info: ObjectInfo | None) -> list[Check]:
    if info is None or not info.queryable:
        return [
            bad(
                f"{name}.read",
                f"{name}: the connected user may not see {label}",
                "",
                f"Give the user Read, Create and Edit on {name}, for example by a permission set.",
            )
        ]
    return [
        _rights(name, label, info),
        _fields(name, info),
        _external_id(name, info),
        _own_fields(name, info),
    ]


def _rights(name: str, label: str, info: ObjectInfo) -> Check:
    missing = [
        word for word, allowed in (("create", info.createable), ("edit", info.updateable)) if not allowed
    ]
    if not missing:
        return good(f"{name}.rights", f"{name}: the connected user may read, create and edit {label}")
    return bad(
        f"{name}.rights",
        f"{name}: the connected user may not {' or '.join(missing)} {label}",
        "Syncing from Salesforce to QuickBooks would work, the other way would not.",
        f"Give the user {' and '.join(word.title() for word in missing)} on {name}.",
    )


def _fields(name: str, info: ObjectInfo) -> Check:
    fields = {field.name: field for field in info.fields}
    unseen = [each for each in NEEDED_FIELDS[name] if each not in fields]
    locked = [each for each in NEEDED_FIELDS[name] if each in fields and not fields[each].updateable]
    if "Name" in unseen:
        return bad(
            f"{name}.fields", f"{name}: the name is not visible", "", "Give the user Read on the field Name."
        )
    if unseen or locked:
        detail = "; ".join(
            text
            for text in (
                f"not visible: {', '.join(unseen)}" if unseen else "",
                f"read only: {', '.join(locked)}" if locked else "",
            )
            if text
        )
        return warn(
            f"{name}.fields",
            f"{name}: some mapped fields are closed to the connected user",
            detail,
            "Open them by field-level security, or take them out of the mapping. A field missing here is hidden.",
        )
    return good(f"{name}.fields", f"{name}: all mapped fields are open")


def _external_id(name: str, info: ObjectInfo) -> Check:
    field = next((each for each in info.fields if each.name == EXTERNAL_ID_FIELD), None)
    if field is not None and usable_external_id(field):
        return good(f"{name}.external_id", f"{name}: {EXTERNAL_ID_FIELD} keeps the pairs")
    detail = (
        f"{EXTERNAL_ID_FIELD} is there but is not a unique external id that the user may write."
        if field is not None
        else "Pairs are then kept in Ledgerbridge alone; a crash while a record is created asks a person more often."
    )
    return warn(
        f"{name}.external_id",
        f"{name}: no external id field",
        detail,
        f"Add the text field {EXTERNAL_ID_FIELD} (120 characters, External ID, Unique) to {name}, or our package.",
    )


def usable_external_id(field: FieldInfo) -> bool:
    """Whether this field can hold the other side's identity (sync-semantics W6)."""
    return field.external_id and field.unique and field.createable and field.updateable


def _external_ids(infos: dict[str, ObjectInfo | None]) -> dict[str, str]:
    """object -> the external id field that mappings of this org can use."""
    return {
        name: field.name
        for name, info in infos.items()
        if info is not None
        for field in info.fields
        if field.name == EXTERNAL_ID_FIELD and usable_external_id(field)
    }


def _own_fields(name: str, info: ObjectInfo) -> Check:
    names = {field.name for field in info.fields}
    missing = [each for each in CUSTOM_FIELDS if each not in names]
    if not missing:
        return good(f"{name}.status_fields", f"{name}: the status fields of our package are there")
    return warn(
        f"{name}.status_fields",
        f"{name}: people in Salesforce will not see the state of a record",
        f"Not there or not visible: {', '.join(missing)}. Syncing works without them.",
        "Deploy our Salesforce package to show state, last sync and a link on each record.",
    )
