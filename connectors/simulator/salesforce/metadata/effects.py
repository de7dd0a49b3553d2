"""What deployed components do: permission sets grant, classes and flows are listed, outbound messages get ready."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from connectors.simulator.salesforce import events
from connectors.simulator.salesforce.metadata import xmltree
from connectors.simulator.salesforce.metadata.customfields import BadComponent
from connectors.simulator.salesforce.times import wire

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from connectors.simulator.salesforce.metadata.archive import Component
    from connectors.simulator.salesforce.orgs import Org
    from connectors.simulator.salesforce.records import Records

Effect = Callable[[], None]
Plan = Callable[["Org", "Records", "Component", "set[str]"], Effect]


def now(org: Org) -> str:
    return wire(org.now())


# -- rows of set-up objects -----------------------------------------------------------------------------------


def put_row(org: Org, object_name: str, key: str, values: dict[str, Any]) -> str:
    """Make or change the set-up row whose `key` field has the value in `values`; its id."""
    entity = org.catalog.get(object_name)
    store = org.world.store
    found = store.row(f'SELECT "Id" FROM "{entity.table}" WHERE "{key}" = ?', (values[key],))
    if found is not None:
        row = dict(values)
        if entity.stamped:
            row |= {"LastModifiedDate": now(org), "LastModifiedById": org.user_id, "SystemModstamp": now(org)}
        assignments = ", ".join(f'"{name}" = ?' for name in row)
        store.write(f'UPDATE "{entity.table}" SET {assignments} WHERE "Id" = ?', (*row.values(), found[0]))
        return str(found[0])
    return add_row(org, object_name, values)


def add_row(org: Org, object_name: str, values: dict[str, Any]) -> str:
    """Make a set-up row; its id."""
    entity = org.catalog.get(object_name)
    record_id = org.new_id(entity.object.prefix)
    row: dict[str, Any] = {
        one.name: int(bool(one.default)) for one in entity.object.fields if one.type == "boolean"
    }
    row |= {"Id": record_id, **values}
    if entity.stamped:
        row |= {
            "CreatedDate": now(org), "CreatedById": org.user_id, "LastModifiedDate": now(org),
            "LastModifiedById": org.user_id, "SystemModstamp": now(org),
        }  # fmt: skip
    columns = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join("?" * len(row))
    org.world.store.write(f'INSERT INTO "{entity.table}" ({columns}) VALUES ({marks})', tuple(row.values()))
    return record_id


def list_definitions(org: Org) -> None:
    """EntityDefinition has a row for each object; the Tooling API one for each custom object and custom field."""
    for item in org.defined_objects():
        if item.tooling:
            continue
        bare = item.name.removesuffix("__c")
        entity = {
            "QualifiedApiName": item.name, "DurableId": item.name, "DeveloperName": bare, "Label": item.label,
            "PluralLabel": item.plural, "KeyPrefix": item.prefix, "IsQueryable": int(item.queryable),
        }  # fmt: skip
        put_row(org, "EntityDefinition", "QualifiedApiName", entity)
        if item.custom:
            put_row(org, "CustomObject", "DeveloperName", {"DeveloperName": bare})
        for known in (one for one in item.fields if one.custom):
            full_name = f"{item.name}.{known.name}"
            field = {
                "DeveloperName": known.name.removesuffix("__c"),
                "TableEnumOrId": item.name,
                "FullName": full_name,
            }
            put_row(org, "CustomField", "FullName", field)


#: The set-up rows that tell of a component: object, and the field that holds its name.
_ROWS = {
    "ApexClass": ("ApexClass", "Name"), "LightningComponentBundle": ("LightningComponentBundle", "DeveloperName"),
    "Flow": ("Flow", "DeveloperName"), "NamedCredential": ("NamedCredential", "DeveloperName"),
    "RemoteSiteSetting": ("RemoteProxy", "SiteName"), "PermissionSet": ("PermissionSet", "Name"),
    "CustomField": ("CustomField", "FullName"), "ValidationRule": ("ValidationRule", "ValidationName"),
}  # fmt: skip
_OF_PERMISSION_SETS = (
    ("FieldPermissions", "ParentId"), ("ObjectPermissions", "ParentId"), ("PermissionSetAssignment", "PermissionSetId"),
)  # fmt: skip


def withdraw(org: Org, kind: str, name: str) -> None:
    """Take back what a component did when it was deployed."""
    store, short = org.world.store, name.rpartition(".")[2]
    if kind == "PermissionSet":
        sets = org.catalog.get("PermissionSet").table
        for object_name, column in _OF_PERMISSION_SETS:
            table = org.catalog.get(object_name).table
            sql = f'DELETE FROM "{table}" WHERE "{column}" IN (SELECT "Id" FROM "{sets}" WHERE "Name" = ?)'
            store.write(sql, (name,))
    elif kind == "WorkflowOutboundMessage":
        org.settings.outbound = [one for one in org.settings.outbound if one.get("name") != short]
    elif kind == "PlatformEventChannelMember":
        gone = events.selected_object(name.replace("_ChangeEvent", "ChangeEvent"))
        org.settings.change_events = [one for one in org.settings.change_events if one != gone]
    elif kind == "CustomObject":
        store.write(
            f'DELETE FROM "{org.catalog.get("EntityDefinition").table}" WHERE "QualifiedApiName" = ?', (name,)
        )
        table = org.catalog.get("CustomObject").table
        store.write(f'DELETE FROM "{table}" WHERE "DeveloperName" = ?', (name.removesuffix("__c"),))
    if kind in _ROWS:
        object_name, column = _ROWS[kind]
        key = short if kind == "ValidationRule" else name
        store.write(f'DELETE FROM "{org.catalog.get(object_name).table}" WHERE "{column}" = ?', (key,))


# -- plans ----------------------------------------------------------------------------------------------------


def _permission_set(org: Org, records: Records, component: Component, new_objects: set[str]) -> Effect:
    del records
    root = xmltree.parse(component.body)
    label = xmltree.text(root, "label")
    if not label:
        raise BadComponent("Required field is missing: label")
    fields = [
        (xmltree.text(one, "field"), xmltree.flag(one, "readable"), xmltree.flag(one, "editable"))
        for one in xmltree.children(root, "fieldPermissions")
    ]
    for name, _, _ in fields:
        object_name = name.partition(".")[0]
        if org.catalog.find(object_name) is None and object_name not in new_objects:
            raise BadComponent(f"In field: field - no CustomField named {name} found")
    objects = list(xmltree.children(root, "objectPermissions"))

    def effect() -> None:
        values = {
            "Name": component.name,
            "Label": label,
            "IsCustom": 1,
            "Description": xmltree.text(root, "description") or None,
        }
        parent = put_row(org, "PermissionSet", "Name", values)
        for table in ("FieldPermissions", "ObjectPermissions"):
            org.world.store.write(
                f'DELETE FROM "{org.catalog.get(table).table}" WHERE "ParentId" = ?', (parent,)
            )
        for name, readable, editable in fields:
            add_row(org, "FieldPermissions", {
                "ParentId": parent, "SobjectType": name.partition(".")[0], "Field": name,
                "PermissionsRead": int(readable or editable), "PermissionsEdit": int(editable),
            })  # fmt: skip
        for one in objects:
            add_row(org, "ObjectPermissions", {"ParentId": parent, **_object_rights(one)})

    return effect


def _object_rights(element: Element) -> dict[str, Any]:
    rights = {
        "PermissionsCreate": "allowCreate", "PermissionsRead": "allowRead", "PermissionsEdit": "allowEdit",
        "PermissionsDelete": "allowDelete", "PermissionsViewAllRecords": "viewAllRecords",
        "PermissionsModifyAllRecords": "modifyAllRecords",
    }  # fmt: skip
    found: dict[str, Any] = {name: int(xmltree.flag(element, tag)) for name, tag in rights.items()}
    return {"SobjectType": xmltree.text(element, "object"), **found}


def _apex_class(org: Org, records: Records, component: Component, new_objects: set[str]) -> Effect:
    del records, new_objects
    if component.meta is None:
        raise BadComponent(f"The metadata file {component.file}-meta.xml is missing")
    meta = xmltree.parse(component.meta)
    body = component.body.decode("utf-8", "replace")
    if "class" not in body.lower() and "interface" not in body.lower() and "enum" not in body.lower():
        raise BadComponent("Invalid identifier: the file holds no class")
    version = xmltree.text(meta, "apiVersion").partition(".")[0]
    values = {
        "Name": component.name, "ApiVersion": int(version) if version.isdigit() else 66, "Status": "Active",
        "Body": body, "LengthWithoutComments": len(body),
    }  # fmt: skip
    return lambda: _put(org, "ApexClass", "Name", values)


def _put(org: Org, object_name: str, key: str, values: dict[str, Any]) -> None:
    put_row(org, object_name, key, values)


def _bundle(org: Org, records: Records, component: Component, new_objects: set[str]) -> Effect:
    del records, new_objects
    meta = next((body for name, body in component.files.items() if name.endswith(".js-meta.xml")), None)
    if meta is None:
        raise BadComponent(f"The bundle {component.name} has no .js-meta.xml file")
    version = xmltree.text(xmltree.parse(meta), "apiVersion").partition(".")[0]
    values = {
        "DeveloperName": component.name,
        "MasterLabel": xmltree.text(xmltree.parse(meta), "masterLabel") or component.name,
        "ApiVersion": int(version) if version.isdigit() else 66,
    }  # fmt: skip
    return lambda: _put(org, "LightningComponentBundle", "DeveloperName", values)


def _flow(org: Org, records: Records, component: Component, new_objects: set[str]) -> Effect:
    del records, new_objects
    root = xmltree.parse(component.body)
    if not xmltree.text(root, "processType") or not xmltree.text(root, "label"):
        raise BadComponent("Required field is missing: label or processType")
    values = {
        "DeveloperName": component.name, "MasterLabel": xmltree.text(root, "label"), "VersionNumber": 1,
        "Status": xmltree.text(root, "status") or "Draft", "ProcessType": xmltree.text(root, "processType"),
    }  # fmt: skip
    return lambda: _put(org, "Flow", "DeveloperName", values)


def _named_credential(org: Org, records: Records, component: Component, new_objects: set[str]) -> Effect:
    del records, new_objects
    root = xmltree.parse(component.body)
    address = next(
        (xmltree.text(one, "parameterValue") for one in xmltree.children(root, "namedCredentialParameters")
         if xmltree.text(one, "parameterType") == "Url"),
        xmltree.text(root, "endpoint"),
    )  # fmt: skip
    values = {
        "DeveloperName": component.name,
        "MasterLabel": xmltree.text(root, "label"),
        "Endpoint": address,
    }
    return lambda: _put(org, "NamedCredential", "DeveloperName", values)


def _remote_site(org: Org, records: Records, component: Component, new_objects: set[str]) -> Effect:
    del records, new_objects
    root = xmltree.parse(component.body)
    values = {
        "SiteName": component.name, "EndpointUrl": xmltree.text(root, "url"),
        "IsActive": int(xmltree.flag(root, "isActive", True)),
    }  # fmt: skip
    return lambda: _put(org, "RemoteProxy", "SiteName", values)


def _channel_member(org: Org, records: Records, component: Component, new_objects: set[str]) -> Effect:
    """Change events of an object are switched on (reference 5.4)."""
    del records
    root = xmltree.parse(component.body)
    wanted = events.selected_object(xmltree.text(root, "selectedEntity"))
    if not xmltree.text(root, "eventChannel") or not wanted:
        raise BadComponent("Required field is missing: eventChannel or selectedEntity")
    if org.catalog.find(wanted) is None and wanted not in new_objects:
        raise BadComponent(f"Entity of type '{wanted}' cannot be found")
    if len({*org.settings.change_events, wanted}) > events.MAX_SELECTED:
        raise BadComponent("The maximum number of entities selected for change events is reached")

    def effect() -> None:
        org.settings.change_events = list(dict.fromkeys([*org.settings.change_events, wanted]))

    return effect


PLANS: dict[str, Plan] = {
    "PermissionSet": _permission_set,
    "ApexClass": _apex_class,
    "LightningComponentBundle": _bundle,
    "Flow": _flow,
    "NamedCredential": _named_credential,
    "RemoteSiteSetting": _remote_site,
    "PlatformEventChannelMember": _channel_member,
}


def _outbound_message(org: Org, object_name: str, element: Element) -> Effect:
    """An outbound message of a workflow file: sent to its address whenever a record of the object is saved."""
    address = xmltree.text(element, "endpointUrl")
    if not address.startswith(("http://", "https://")):
        raise BadComponent("Invalid endpoint URL")
    fields = [(one.text or "").strip() for one in xmltree.children(element, "fields")]
    message = {
        "name": xmltree.text(element, "fullName"), "object": object_name, "url": address, "fields": fields or ["Id"],
        "skips_own": True,  # the integration profile lacks "Send Outbound Messages"
    }  # fmt: skip

    def effect() -> None:
        kept = [one for one in org.settings.outbound if one.get("name") != message["name"]]
        org.settings.outbound = [*kept, message]

    return effect


def _validation_rule(org: Org, object_name: str, element: Element) -> Effect:
    """Formulas are not evaluated: the rule is listed, and acts only if the side door gives it a SOQL condition."""
    values = {
        "ValidationName": xmltree.text(element, "fullName"), "EntityDefinitionId": object_name,
        "Active": int(xmltree.flag(element, "active")), "ErrorMessage": xmltree.text(element, "errorMessage"),
        "ErrorDisplayField": xmltree.text(element, "errorDisplayField") or None,
    }  # fmt: skip
    return lambda: _put(org, "ValidationRule", "ValidationName", values)


INNER_PLANS: dict[str, Callable[[Org, str, Element], Effect]] = {
    "WorkflowOutboundMessage": _outbound_message,
    "ValidationRule": _validation_rule,
}
