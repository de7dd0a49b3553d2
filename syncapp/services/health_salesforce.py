"""What a Salesforce org must offer (salesforce.md 0, 1.4, 2.1, 2.8, 6)."""

from __future__ import annotations

from typing import Any

from connectors.contracts import ObjectInfo
from connectors.errors import ConnectorError, FailureKind
from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.hosts import API_VERSION
from syncapp.models import Connection
from syncapp.recipes import RECIPES, STARTERS, Recipe
from syncapp.services.checks import Check, bad, good, warn

LABELS = {"Account": "accounts"}
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
    infos = client.user_rights(list(dict.fromkeys(RECIPES[key].sf_object for key in STARTERS)))
    allowance = _allowance(client)
    checks = [
        _right_org(org, connection),
        _edition(org),
        _version(client.versions()),
        _calls_left(allowance),
    ]
    for recipe in (RECIPES[key] for key in STARTERS):
        checks += _object(recipe, infos[recipe.sf_object])
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


def _object(recipe: Recipe, info: ObjectInfo | None) -> list[Check]:
    name = recipe.sf_object
    label = LABELS.get(name, f"records of {name}")
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
        _fields(recipe, info),
        _external_id(recipe, info),
        _own_fields(name, info),
    ]


def needed_fields(recipe: Recipe) -> list[str]:
    """The standard fields that a recipe maps; an org may lack custom ones without harm."""
    paths = [row.instead_of or row.spec.sf_path for row in recipe.rows if not row.needs_currencies]
    return list(dict.fromkeys(path for path in paths if path and not path.endswith("__c")))


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


def _fields(recipe: Recipe, info: ObjectInfo) -> Check:
    name, needed = recipe.sf_object, needed_fields(recipe)
    fields = {field.name: field for field in info.fields}
    unseen = [each for each in needed if each not in fields]
    locked = [each for each in needed if each in fields and not fields[each].updateable]
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


def _external_id(recipe: Recipe, info: ObjectInfo) -> Check:
    name, wanted = recipe.sf_object, recipe.external_id_fields[0]
    usable = external_id_field(recipe, info)
    if usable:
        return good(f"{name}.external_id", f"{name}: {usable} keeps the pairs")
    there = any(field.name in recipe.external_id_fields for field in info.fields)
    detail = (
        "The field is there but is no unique external id that the connected user may write."
        if there
        else "Pairs are then kept in Ledgerbridge alone; a crash while a record is created asks a person more often."
    )
    return warn(
        f"{name}.external_id",
        f"{name}: no external id field",
        detail,
        f"Add the text field {wanted} (120 characters, External ID, Unique) to {name}, or deploy our package.",
    )


def external_id_field(recipe: Recipe, info: ObjectInfo) -> str:
    """The field of this org that can hold the other side's identity (sync-semantics W6); empty where it has none."""
    fields = {field.name: field for field in info.fields}
    return next(
        (
            name
            for name in recipe.external_id_fields
            if (field := fields.get(name))
            and field.external_id
            and field.unique
            and field.createable
            and field.updateable
        ),
        "",
    )


def _external_ids(infos: dict[str, ObjectInfo | None]) -> dict[str, str]:
    """Salesforce object -> the external id field that mappings of this org can use."""
    found = {}
    for recipe in RECIPES.values():
        info = infos.get(recipe.sf_object)
        if info is not None and (name := external_id_field(recipe, info)):
            found[recipe.sf_object] = name
    return found


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
