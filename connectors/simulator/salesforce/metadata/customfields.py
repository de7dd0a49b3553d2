"""CustomField and CustomObject of the Metadata API as definitions of ours (reference/salesforce.md 7.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from connectors.simulator.salesforce.metadata import xmltree
from connectors.simulator.salesforce.objects import fields as build
from connectors.simulator.salesforce.objects.fields import Choice, Field, SObject

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_LONG_TEXT = 131_072


class BadComponent(Exception):
    """A component that the org refuses; the text is the problem shown to the deployer."""


def field_of(element: Element) -> Field:
    """A custom field. Raises BadComponent."""
    name, kind = xmltree.text(element, "fullName"), xmltree.text(element, "type")
    if not name.endswith("__c"):
        raise BadComponent(f"The name of a custom field must end with __c: {name}")
    if not xmltree.text(element, "label"):
        raise BadComponent("Required field is missing: label")
    formula = xmltree.child(element, "formula") is not None
    if not kind:
        raise BadComponent("Required field is missing: type")
    maker = _MAKERS.get(kind)
    if maker is None:
        raise BadComponent(f"'{kind}' is not a valid value for the enum 'FieldType'")
    made = maker(name, xmltree.text(element, "label"), element)
    made = replace(made, custom=True, **_common(element))
    if formula:
        made = replace(made, calculated=True, createable=False, updateable=False, nillable=True)
    return made


def _common(element: Element) -> dict[str, Any]:
    """What every type of field may say."""
    required = xmltree.flag(element, "required")
    facts: dict[str, Any] = {"help_text": xmltree.text(element, "inlineHelpText") or None}
    if required:
        facts.update({"nillable": False, "permissionable": False})
    if xmltree.flag(element, "unique"):
        facts.update({"unique": True, "case_sensitive": xmltree.flag(element, "caseSensitive")})
    if xmltree.flag(element, "externalId"):
        facts.update({"external_id": True, "id_lookup": True})
    return facts


def _length(element: Element, most: int) -> int:
    length = xmltree.number(element, "length")
    if not 1 <= length <= most:
        raise BadComponent(f"Value too long or missing for field: Length maximum length is:{most}")
    return length


def _text(name: str, label: str, element: Element) -> Field:
    return build.string(name, label, _length(element, 255))


def _long(name: str, label: str, element: Element) -> Field:
    if not xmltree.number(element, "visibleLines"):
        raise BadComponent("Must specify 'visibleLines' for a CustomField of type LongTextArea")
    return build.textarea(name, label, _length(element, MAX_LONG_TEXT))


def _digits(element: Element) -> dict[str, int]:
    precision, scale = xmltree.number(element, "precision", 18), xmltree.number(element, "scale")
    if not 1 <= precision <= 18 or scale > precision:
        raise BadComponent("Precision must be between 1 and 18 and not smaller than scale")
    return {"precision": precision, "scale": scale}


def _checkbox(name: str, label: str, element: Element) -> Field:
    if xmltree.child(element, "defaultValue") is None and xmltree.child(element, "formula") is None:
        raise BadComponent("Must specify 'defaultValue' for a CustomField of type Checkbox")
    return build.boolean(name, label, xmltree.flag(element, "defaultValue"))


def _picklist(kind: str) -> Callable[[str, str, Element], Field]:
    def make(name: str, label: str, element: Element) -> Field:
        values = xmltree.child(element, "valueSet")
        if values is None:
            raise BadComponent("Must specify 'valueSet' for a CustomField of type Picklist")
        choices = tuple(
            Choice(
                xmltree.text(value, "fullName"), xmltree.text(value, "label") or xmltree.text(value, "fullName"),
                xmltree.flag(value, "default"), xmltree.flag(value, "isActive", True),
            )
            for definition in xmltree.children(values, "valueSetDefinition")
            for value in xmltree.children(definition, "value")
        )  # fmt: skip
        restricted = xmltree.flag(values, "restricted")
        length = 255 if kind == "picklist" else 4099
        return Field(name, label, kind, length=length, choices=choices, restricted=restricted)

    return make


def _lookup(name: str, label: str, element: Element) -> Field:
    target = xmltree.text(element, "referenceTo")
    if not target:
        raise BadComponent("Must specify 'referenceTo' for a CustomField of type Lookup")
    children = xmltree.text(element, "relationshipName")
    constraint = {"Cascade": "cascade", "Restrict": "restrict"}.get(
        xmltree.text(element, "deleteConstraint"), "clear"
    )
    return build.reference(
        name, label, target, children=f"{children}__r" if children else None, on_parent_delete=constraint
    )


def _master(name: str, label: str, element: Element) -> Field:
    made = _lookup(name, label, element)
    return replace(made, nillable=False, updateable=False, on_parent_delete="cascade", permissionable=False)


def _auto_number(name: str, label: str, element: Element) -> Field:
    form = xmltree.text(element, "displayFormat") or "{0}"
    made = build.string(name, label, 30, nillable=False, defaulted=True, auto_number=form)
    return build.read_only(made)


_MAKERS: dict[str, Callable[[str, str, Element], Field]] = {
    "Text": _text,
    "TextArea": lambda name, label, _: build.textarea(name, label, 255),
    "LongTextArea": _long,
    "Html": _long,
    "Number": lambda name, label, element: build.double(name, label, **_digits(element)),
    "Currency": lambda name, label, element: build.currency(name, label, **_digits(element)),
    "Percent": lambda name, label, element: build.percent(name, label, **_digits(element)),
    "Checkbox": _checkbox,
    "Date": lambda name, label, _: build.date(name, label),
    "DateTime": lambda name, label, _: build.datetime(name, label),
    "Time": lambda name, label, _: Field(name, label, "time"),
    "Email": lambda name, label, _: build.email(name, label),
    "Phone": lambda name, label, _: build.phone(name, label),
    "Url": lambda name, label, _: build.url(name, label),
    "EncryptedText": _text,
    "Picklist": _picklist("picklist"),
    "MultiselectPicklist": _picklist("multipicklist"),
    "Lookup": _lookup,
    "MasterDetail": _master,
    "AutoNumber": _auto_number,
}


def object_of(element: Element, name: str, prefix: str) -> SObject:
    """A custom object with its system fields; its custom fields come separately. Raises BadComponent."""
    label, plural = xmltree.text(element, "label"), xmltree.text(element, "pluralLabel")
    if not label or not plural:
        raise BadComponent(f"Required field is missing: {'pluralLabel' if label else 'label'}")
    named = xmltree.child(element, "nameField")
    if named is None:
        raise BadComponent("Must specify a nameField of type Text or AutoNumber")
    shown = xmltree.text(named, "label") or f"{label} Name"
    if xmltree.text(named, "type") == "AutoNumber":
        form = xmltree.text(named, "displayFormat")
        first = build.read_only(
            build.string("Name", shown, 80, nillable=False, defaulted=True, name_field=True, id_lookup=True,
                         auto_number=form or "{0}", permissionable=False)
        )  # fmt: skip
    else:
        first = build.string(
            "Name", shown, 80, defaulted=True, name_field=True, id_lookup=True, permissionable=False
        )  # fmt: skip
    sharing = xmltree.text(element, "sharingModel")
    owned = () if sharing == "ControlledByParent" else (build.owner(),)
    return SObject(
        name, label, plural, prefix, custom=True,
        fields=(build.identity("Record"), *owned, build.deleted_flag(), first, *build.audit()),
    )  # fmt: skip


def event_of(element: Element, name: str, prefix: str) -> SObject:
    """A platform event with its system fields. Raises BadComponent."""
    label, plural = xmltree.text(element, "label"), xmltree.text(element, "pluralLabel")
    if not label or not plural:
        raise BadComponent(f"Required field is missing: {'pluralLabel' if label else 'label'}")
    fields = (
        build.read_only(build.string("ReplayId", "Replay ID", 1000, permissionable=False)),
        build.read_only(build.string("EventUuid", "Event UUID", 36, permissionable=False)),
        build.system(build.datetime("CreatedDate", "Created Date")),
        build.system(build.reference("CreatedById", "Created By ID", "User")),
    )
    return SObject(
        name, label, plural, prefix, custom=True, updateable=False, deletable=False, undeletable=False,
        queryable=False, retrieveable=False, replicateable=False, searchable=False, recent=False,
        fields=(build.identity("Record"), *fields),
    )  # fmt: skip
