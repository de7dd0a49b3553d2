"""The two shapes of object definitions, and short builders so that a definition reads like a table.

Types, lengths and flags follow the describe of reference/salesforce.md section 2.8 and section 8.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

TEXT_TYPES = frozenset({
    "string", "textarea", "picklist", "multipicklist", "phone", "email", "url", "encryptedstring",
    "combobox", "anyType",
})  # fmt: skip
NUMBER_TYPES = frozenset({"double", "currency", "percent"})


@dataclass(frozen=True, slots=True)
class Choice:
    """One picklist value."""

    value: str
    label: str
    default: bool = False
    active: bool = True


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `length` in characters, `precision`/`scale` in digits, `digits` for whole numbers."""

    name: str
    label: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    defaulted: bool = False
    default: Any = None
    choices: tuple[Choice, ...] = ()
    restricted: bool = False
    references: tuple[str, ...] = ()
    relationship: str | None = None
    #: The name under which the parent lists its children through this reference.
    children: str | None = None
    #: What happens to this record when the parent goes: none, cascade, restrict or clear.
    on_parent_delete: str = "none"
    compound: str | None = None
    unique: bool = False
    external_id: bool = False
    id_lookup: bool = False
    case_sensitive: bool = False
    name_field: bool = False
    #: Format of an auto number, such as `QS-{00000000}`.
    auto_number: str | None = None
    calculated: bool = False
    filterable: bool = True
    sortable: bool = True
    groupable: bool = True
    aggregatable: bool = True
    permissionable: bool = True
    custom: bool = False
    extra_type: str | None = None
    help_text: str | None = None

    @property
    def required(self) -> bool:
        """Must be given on create (section 2.8)."""
        return self.createable and not self.nillable and not self.defaulted

    @property
    def stored(self) -> bool:
        """Has a column of its own; compound addresses are put together from their parts."""
        return self.type not in ("address", "location")


@dataclass(frozen=True, slots=True)
class SObject:
    """One object of an org. `prefix` is the first three characters of its record ids."""

    name: str
    label: str
    plural: str
    prefix: str
    fields: tuple[Field, ...]
    custom: bool = False
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    undeletable: bool = True
    queryable: bool = True
    retrieveable: bool = True
    replicateable: bool = True
    searchable: bool = True
    mergeable: bool = False
    triggerable: bool = True
    layoutable: bool = True
    feed: bool = False
    recent: bool = True
    tooling: bool = False
    record_types: bool = False


def string(name: str, label: str, length: int = 255, **more: Any) -> Field:
    return Field(name, label, "string", length=length, **more)


def textarea(name: str, label: str, length: int, **more: Any) -> Field:
    """Up to 255 characters behaves like a string; more cannot be filtered, sorted or grouped."""
    long = length > 255
    flags = {"filterable": not long, "sortable": not long, "groupable": not long, "aggregatable": not long}
    return Field(name, label, "textarea", length=length, **{"extra_type": "plaintextarea", **flags, **more})


def phone(name: str, label: str, length: int = 40, **more: Any) -> Field:
    return Field(name, label, "phone", length=length, **more)


def email(name: str, label: str, length: int = 80, **more: Any) -> Field:
    return Field(name, label, "email", length=length, **more)


def url(name: str, label: str, length: int = 255, **more: Any) -> Field:
    return Field(name, label, "url", length=length, **more)


def choices(*values: str, default: str | None = None) -> tuple[Choice, ...]:
    return tuple(Choice(value, value, default=value == default) for value in values)


def picklist(
    name: str, label: str, *values: str, length: int = 40, default: str | None = None, **more: Any
) -> Field:
    return Field(name, label, "picklist", length=length, choices=choices(*values, default=default), **more)


def reference(name: str, label: str, target: str | tuple[str, ...], **more: Any) -> Field:
    targets = (target,) if isinstance(target, str) else target
    more.setdefault("relationship", name[:-2] if name.endswith("Id") else name.replace("__c", "__r"))
    return Field(name, label, "reference", length=18, references=targets, **more)


def boolean(name: str, label: str, default: bool = False, **more: Any) -> Field:
    flags = {"nillable": False, "defaulted": True, "default": default, "aggregatable": False}
    return Field(name, label, "boolean", **{**flags, **more})


def integer(name: str, label: str, digits: int = 8, **more: Any) -> Field:
    return Field(name, label, "int", digits=digits, **more)


def double(name: str, label: str, precision: int = 18, scale: int = 2, **more: Any) -> Field:
    return Field(name, label, "double", precision=precision, scale=scale, groupable=False, **more)


def currency(name: str, label: str, precision: int = 18, scale: int = 2, **more: Any) -> Field:
    return Field(name, label, "currency", precision=precision, scale=scale, groupable=False, **more)


def percent(name: str, label: str, precision: int = 5, scale: int = 2, **more: Any) -> Field:
    return Field(name, label, "percent", precision=precision, scale=scale, groupable=False, **more)


def date(name: str, label: str, **more: Any) -> Field:
    return Field(name, label, "date", **more)


def datetime(name: str, label: str, **more: Any) -> Field:
    return Field(name, label, "datetime", groupable=False, **more)


def read_only(field: Field) -> Field:
    """Set by the platform or by other fields: never by a write."""
    return replace(field, createable=False, updateable=False)


def system(field: Field) -> Field:
    """A platform field that every record has: read-only, always there, no field permission."""
    return replace(
        field, createable=False, updateable=False, nillable=False, defaulted=True, permissionable=False
    )


ACCURACIES = (
    "Address", "NearAddress", "Block", "Street", "ExtendedZip", "Zip", "Neighborhood", "City", "County",
    "State", "Unknown",
)  # fmt: skip


def address(prefix: str, label: str, **more: Any) -> tuple[Field, ...]:
    """The parts of a compound address and the compound itself (`BillingStreet` ... `BillingAddress`)."""
    compound = f"{prefix}Address"
    said = f"{label} " if label else ""
    parts = (
        textarea(f"{prefix}Street", f"{said}Street", 255, **more),
        string(f"{prefix}City", f"{said}City", 40, **more),
        string(f"{prefix}State", f"{said}State/Province", 80, **more),
        string(f"{prefix}PostalCode", f"{said}Zip/Postal Code", 20, **more),
        string(f"{prefix}Country", f"{said}Country", 80, **more),
        double(f"{prefix}Latitude", f"{said}Latitude", 18, 15, **more),
        double(f"{prefix}Longitude", f"{said}Longitude", 18, 15, **more),
        picklist(f"{prefix}GeocodeAccuracy", f"{said}Geocode Accuracy", *ACCURACIES, restricted=True, **more),
    )
    whole = Field(
        compound, f"{said}Address", "address", createable=False, updateable=False,
        sortable=False, groupable=False, aggregatable=False,
    )  # fmt: skip
    return (*(replace(part, compound=compound) for part in parts), whole)


def identity(label: str) -> Field:
    return Field(
        "Id", f"{label} ID", "id", length=18, nillable=False, createable=False, updateable=False,
        defaulted=True, id_lookup=True, permissionable=False,
    )  # fmt: skip


def deleted_flag() -> Field:
    return system(boolean("IsDeleted", "Deleted"))


def owner(children: str | None = None, targets: str | tuple[str, ...] = "User") -> Field:
    return reference(
        "OwnerId",
        "Owner ID",
        targets,
        nillable=False,
        defaulted=True,
        permissionable=False,
        children=children,
    )


def audit() -> tuple[Field, ...]:
    """Who and when: set by the platform on every save (reference/salesforce.md section 5.1)."""
    return (
        system(datetime("CreatedDate", "Created Date")),
        system(reference("CreatedById", "Created By ID", "User")),
        system(datetime("LastModifiedDate", "Last Modified Date")),
        system(reference("LastModifiedById", "Last Modified By ID", "User")),
        system(datetime("SystemModstamp", "System Modstamp")),
    )


def viewed() -> tuple[Field, ...]:
    return (
        read_only(datetime("LastViewedDate", "Last Viewed Date", permissionable=False)),
        read_only(datetime("LastReferencedDate", "Last Referenced Date", permissionable=False)),
    )


def named(fields: Iterable[Field]) -> dict[str, Field]:
    """Fields by lower-case name: names on the wire may come in any case."""
    return {field.name.lower(): field for field in fields}
