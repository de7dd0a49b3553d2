"""describe and describeGlobal: definitions as Salesforce shows them (reference/salesforce.md 2.8)."""

from __future__ import annotations

from typing import Any

from .catalog import Catalog, ChildRelation, Entity
from .objects.fields import Field

_SOAP_TYPES = {
    "id": "tns:ID", "reference": "tns:ID", "boolean": "xsd:boolean", "int": "xsd:int", "double": "xsd:double",
    "currency": "xsd:double", "percent": "xsd:double", "date": "xsd:date", "datetime": "xsd:dateTime",
    "time": "xsd:time", "address": "urn:address", "location": "urn:location",
}  # fmt: skip
_MULTIBYTE = 3
MASTER_RECORD_TYPE = "012000000000000AAA"
MAX_BATCH = 200


def describe_field(item: Field, entity: Entity) -> dict[str, Any]:
    """One member of `fields`."""
    textual = item.type not in _SOAP_TYPES
    return {
        "aggregatable": item.aggregatable and item.type not in ("boolean", "address"),
        "aiPredictionField": False,
        "autoNumber": item.auto_number is not None,
        "byteLength": item.length * _MULTIBYTE if textual else item.length,
        "calculated": item.calculated,
        "calculatedFormula": None,
        "cascadeDelete": item.on_parent_delete == "cascade" and item.custom,
        "caseSensitive": item.case_sensitive,
        "compoundFieldName": item.compound,
        "controllerName": None,
        "createable": item.createable and entity.object.createable,
        "custom": item.custom,
        "defaultValue": _default(item),
        "defaultValueFormula": None,
        "defaultedOnCreate": item.defaulted,
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": item.digits,
        "displayLocationInDecimal": False,
        "encrypted": False,
        "externalId": item.external_id,
        "extraTypeInfo": item.extra_type,
        "filterable": item.filterable,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": item.groupable,
        "highScaleNumber": False,
        "htmlFormatted": False,
        "idLookup": item.id_lookup,
        "inlineHelpText": item.help_text,
        "label": item.label,
        "length": item.length,
        "mask": None,
        "maskType": None,
        "name": item.name,
        "nameField": item.name_field,
        "namePointing": len(item.references) > 1,
        "nillable": item.nillable,
        "permissionable": item.permissionable,
        "picklistValues": [
            {
                "active": choice.active,
                "defaultValue": choice.default,
                "label": choice.label,
                "validFor": None,
                "value": choice.value,
            }
            for choice in item.choices
        ],
        "polymorphicForeignKey": len(item.references) > 1,
        "precision": item.precision,
        "queryByDistance": item.type in ("address", "location"),
        "referenceTargetField": None,
        "referenceTo": list(item.references),
        "relationshipName": item.relationship,
        "relationshipOrder": None,
        "restrictedDelete": item.on_parent_delete == "restrict" and item.custom,
        "restrictedPicklist": item.restricted,
        "scale": item.scale,
        "searchPrefilterable": item.type == "reference",
        "soapType": _SOAP_TYPES.get(item.type, "xsd:string"),
        "sortable": item.sortable,
        "type": item.type,
        "unique": item.unique,
        "updateable": item.updateable and entity.object.updateable,
        "writeRequiresMasterRead": False,
    }


def _default(item: Field) -> bool | str | None:
    """What a new record has: always told of booleans, and of picklists that have a standing choice."""
    if item.type == "boolean":
        return bool(item.default)
    return next((choice.value for choice in item.choices if choice.default), None)


def _flags(entity: Entity) -> dict[str, Any]:
    item = entity.object
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": item.createable,
        "custom": item.custom,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": item.deletable,
        "deprecatedAndHidden": False,
        "feedEnabled": item.feed,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": item.prefix,
        "label": item.label,
        "labelPlural": item.plural,
        "layoutable": item.layoutable,
        "mergeable": item.mergeable,
        "mruEnabled": item.recent,
        "name": item.name,
        "queryable": item.queryable,
        "replicateable": item.replicateable,
        "retrieveable": item.retrieveable,
        "searchable": item.searchable,
        "triggerable": item.triggerable,
        "undeletable": item.undeletable,
        "updateable": item.updateable,
    }


def brief(entity: Entity, root: str) -> dict[str, Any]:
    """One member of describeGlobal's `sobjects`, and `objectDescribe` of the basic information."""
    base = f"{root}/sobjects/{entity.name}"
    urls = {"rowTemplate": f"{base}/{{ID}}", "describe": f"{base}/describe", "sobject": base}
    if entity.object.layoutable:
        urls.update(
            {
                "compactLayouts": f"{base}/describe/compactLayouts",
                "approvalLayouts": f"{base}/describe/approvalLayouts",
                "listviews": f"{base}/listviews",
                "quickActions": f"{base}/quickActions",
                "layouts": f"{base}/describe/layouts",
            }
        )
    return {**_flags(entity), "urls": urls}


def describe_global(catalog: Catalog, root: str, tooling: bool = False) -> dict[str, Any]:
    """`/sobjects`. `root` is `/services/data/v66.0`."""
    entities = sorted(catalog.entities.values(), key=lambda entity: entity.name)
    shown = [brief(entity, root) for entity in entities if entity.object.tooling == tooling]
    return {"encoding": "UTF-8", "maxBatchSize": MAX_BATCH, "sobjects": shown}


def describe(entity: Entity, root: str, base: str, record_types: list[dict[str, Any]]) -> dict[str, Any]:
    """`/sobjects/X/describe`. `base` is the instance's URL; `record_types` are rows of RecordType of this object."""
    shown = brief(entity, root)
    urls = shown.pop("urls")
    if entity.object.layoutable:
        urls.update(
            {
                "uiDetailTemplate": f"{base}/{{ID}}",
                "uiEditTemplate": f"{base}/{{ID}}/e",
                "uiNewRecord": f"{base}/{entity.object.prefix}/e",
                "defaultValues": f"{root}/sobjects/{entity.name}/defaultValues?recordTypeId&fields",
            }
        )
    plural = entity.object.plural.lower()
    return {
        "actionOverrides": [],
        **shown,
        "childRelationships": [_child(relation) for relation in entity.pointed_at_by],
        "compactLayoutable": entity.object.layoutable,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [describe_field(item, entity) for item in entity.object.fields],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": _record_types(entity, root, record_types),
        "searchLayoutable": entity.object.searchable,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [
            {"label": f"All {plural}", "name": "everything"},
            {"label": f"My {plural}", "name": "mine"},
        ],
        "urls": urls,
    }


def _child(relation: ChildRelation) -> dict[str, Any]:
    kind = relation.field.on_parent_delete
    return {
        "cascadeDelete": kind == "cascade",
        "childSObject": relation.entity,
        "deprecatedAndHidden": False,
        "field": relation.field.name,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": relation.name or None,
        "restrictedDelete": kind == "restrict",
    }


def _record_types(entity: Entity, root: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    own = [
        (str(row["Id"]), str(row["Name"]), str(row["DeveloperName"]), bool(row["IsActive"])) for row in rows
    ]
    master = (MASTER_RECORD_TYPE, "Master", "Master", True)
    return [
        {
            "active": active,
            "available": True,
            "defaultRecordTypeMapping": index == 0,
            "developerName": developer_name,
            "master": record_type_id == MASTER_RECORD_TYPE,
            "name": name,
            "recordTypeId": record_type_id,
            "urls": {"layout": f"{root}/sobjects/{entity.name}/describe/layouts/{record_type_id}"},
        }
        for index, (record_type_id, name, developer_name, active) in enumerate([*own, master])
    ]
