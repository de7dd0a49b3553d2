"""Set-up objects that a package check asks for, and the objects of the Tooling API (reference/salesforce.md 2.2, 7)."""

from __future__ import annotations

from .fields import (
    Field,
    SObject,
    audit,
    boolean,
    identity,
    integer,
    picklist,
    reference,
    string,
    textarea,
)


def _setup(
    name: str, label: str, prefix: str, *fields: Field, writable: bool = False, tooling: bool = False
) -> SObject:
    return SObject(
        name, label, label + "s", prefix, createable=writable, updateable=writable, deletable=writable,
        undeletable=False, replicateable=False, searchable=False, layoutable=False, triggerable=False,
        tooling=tooling, fields=(identity(label), *fields, *audit()),
    )  # fmt: skip


PERMISSION_SET = _setup(
    "PermissionSet", "Permission Set", "0PS",
    string("Name", "Permission Set Name", 80, nillable=False, name_field=True),
    string("Label", "Permission Set Label", 80, nillable=False),
    string("Description", "Description"),
    boolean("IsOwnedByProfile", "Is Owned By Profile"),
    boolean("IsCustom", "Custom", True),
    reference("ProfileId", "Profile ID", "Profile"),
    string("NamespacePrefix", "Namespace Prefix", 15),
    boolean("PermissionsApiEnabled", "API Enabled"),
)  # fmt: skip
PERMISSION_SET_ASSIGNMENT = _setup(
    "PermissionSetAssignment", "Permission Set Assignment", "0Pa",
    reference("PermissionSetId", "PermissionSet ID", "PermissionSet", nillable=False, children="Assignments"),
    reference("AssigneeId", "Assignee ID", "User", nillable=False, children="PermissionSetAssignments"),
    boolean("IsActive", "Is Active", True),
    writable=True,
)  # fmt: skip
FIELD_PERMISSIONS = _setup(
    "FieldPermissions", "Field Permission", "01k",
    reference("ParentId", "Parent ID", "PermissionSet", nillable=False, children="FieldPerms"),
    picklist("SobjectType", "Sobject Type Name", nillable=False),
    picklist("Field", "Field Name", length=255, nillable=False),
    boolean("PermissionsEdit", "Edit Field"),
    boolean("PermissionsRead", "Read Field"),
    writable=True,
)  # fmt: skip
OBJECT_PERMISSIONS = _setup(
    "ObjectPermissions", "Object Permission", "110",
    reference("ParentId", "Parent ID", "PermissionSet", nillable=False, children="ObjectPerms"),
    picklist("SobjectType", "Object Type Name", nillable=False),
    boolean("PermissionsCreate", "Create Records"),
    boolean("PermissionsRead", "Read Records"),
    boolean("PermissionsEdit", "Edit Records"),
    boolean("PermissionsDelete", "Delete Records"),
    boolean("PermissionsViewAllRecords", "Read All Records"),
    boolean("PermissionsModifyAllRecords", "Edit All Records"),
    writable=True,
)  # fmt: skip
ENTITY_DEFINITION = SObject(
    "EntityDefinition", "Entity Definition", "Entity Definitions", "4ie", createable=False, updateable=False,
    deletable=False, undeletable=False, replicateable=False, searchable=False,
    fields=(
        Field("Id", "Id", "id", length=18, nillable=False, createable=False, updateable=False),
        string("DurableId", "Durable ID", nillable=False),
        string("QualifiedApiName", "Qualified API Name", 80, nillable=False, name_field=True),
        string("DeveloperName", "Developer Name", 80),
        string("Label", "Label", 80),
        string("PluralLabel", "Plural Label", 80),
        string("KeyPrefix", "Key Prefix", 3),
        string("NamespacePrefix", "Namespace Prefix", 15),
        boolean("IsCustomizable", "Is Customizable", True),
        boolean("IsQueryable", "Is Queryable", True),
        boolean("IsTriggerable", "Is Triggerable", True),
    ),
)  # fmt: skip


def _tool(name: str, label: str, prefix: str, *fields: Field) -> SObject:
    return _setup(name, label, prefix, *fields, tooling=True)


_NAMESPACE = string("NamespacePrefix", "Namespace Prefix", 15)
TOOLING = (
    _tool("ApexClass", "Apex Class", "01p", string("Name", "Name", nillable=False, name_field=True), _NAMESPACE,
          integer("ApiVersion", "Api Version"), string("Status", "Status", 40),
          textarea("Body", "Body", 1000000), integer("LengthWithoutComments", "Size Without Comments")),
    _tool("LightningComponentBundle", "Lightning Component Bundle", "0Rb",
          string("DeveloperName", "Name", nillable=False, name_field=True), _NAMESPACE,
          string("MasterLabel", "Label"), integer("ApiVersion", "Api Version")),
    _tool("CustomField", "Custom Field", "00N", string("DeveloperName", "Developer Name", nillable=False,
          name_field=True), string("TableEnumOrId", "Entity Enumeration Or ID", 40), _NAMESPACE,
          string("FullName", "Full Name")),
    _tool("CustomObject", "Custom Object", "01I", string("DeveloperName", "Developer Name", nillable=False,
          name_field=True), _NAMESPACE),
    _tool("Flow", "Flow", "301", string("MasterLabel", "Label", name_field=True),
          string("DeveloperName", "Name"), string("Status", "Status", 40), integer("VersionNumber", "Version"),
          string("ProcessType", "Process Type", 40)),
    _tool("NamedCredential", "Named Credential", "0XA", string("DeveloperName", "Name", name_field=True),
          string("MasterLabel", "Label"), string("Endpoint", "URL", 1000), _NAMESPACE),
    _tool("RemoteProxy", "Remote Site Setting", "0rp", string("SiteName", "Remote Site Name", name_field=True),
          string("EndpointUrl", "Remote Site URL", 1000), boolean("IsActive", "Active", True)),
    _tool("InstalledSubscriberPackage", "Installed Package", "0A3",
          string("SubscriberPackageId", "Subscriber Package ID", 18, name_field=True),
          string("SubscriberPackageVersionId", "Subscriber Package Version ID", 18)),
    _tool("ValidationRule", "Validation Rule", "03d", string("ValidationName", "Rule Name", name_field=True),
          boolean("Active", "Active", True), string("ErrorMessage", "Error Message", 255),
          string("ErrorDisplayField", "Error Location", 80), string("EntityDefinitionId", "Entity", 40)),
)  # fmt: skip

SETUP = (PERMISSION_SET, PERMISSION_SET_ASSIGNMENT, FIELD_PERMISSIONS, OBJECT_PERMISSIONS)
