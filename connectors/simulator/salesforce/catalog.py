"""The objects that one org has, ready to be looked up by any spelling of their names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from connectors.simulator.store import Column, Table

from .objects.billing import billing_objects
from .objects.fields import Choice, Field, SObject, named, picklist
from .objects.files import FILES
from .objects.invoices import package_objects
from .objects.marketing import MARKETING
from .objects.package import ADDED_FIELDS, sync_request_object
from .objects.people import PEOPLE
from .objects.places import COUNTRIES, STATES
from .objects.related import RELATED
from .objects.sales import CURRENCIES, ORDERS, QUOTES, SALES
from .objects.tooling import ENTITY_DEFINITION, SETUP, TOOLING
from .objects.users import USERS

_FOLDED = frozenset({
    "string", "textarea", "picklist", "multipicklist", "phone", "email", "url", "encryptedstring", "combobox",
})  # fmt: skip
_WITH_CURRENCY = frozenset({
    "Account", "Contact", "Opportunity", "OpportunityLineItem", "Product2", "PricebookEntry", "Quote",
    "QuoteLineItem", "Order", "OrderItem", "Lead", "Campaign", "Contract",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChildRelation:
    """How a parent sees its children: the child object and the field that points back."""

    name: str
    entity: str
    field: Field


@dataclass(slots=True)
class Entity:
    """One object with its lookups. Keys of the dictionaries are lower case."""

    object: SObject
    table: str
    fields: dict[str, Field]
    parents: dict[str, Field] = field(default_factory=dict)
    children: dict[str, ChildRelation] = field(default_factory=dict)
    stored_names: tuple[str, ...] = ()
    #: The stored names as an SQL column list.
    columns: str = ""
    #: Names of the boolean fields.
    flag_names: frozenset[str] = frozenset()
    unique_fields: tuple[Field, ...] = ()
    #: May not become null (and must be given on create unless defaulted).
    required_fields: tuple[Field, ...] = ()
    #: Get a value on create when none is given.
    defaulting_fields: tuple[Field, ...] = ()
    #: Every reference that points here, named or not: for cascades and merges.
    pointed_at_by: list[ChildRelation] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.object.name

    @property
    def name_field(self) -> Field | None:
        return next((candidate for candidate in self.object.fields if candidate.name_field), None)

    @property
    def is_event(self) -> bool:
        """A platform event: published, never stored."""
        return self.object.name.endswith("__e")

    @property
    def bins(self) -> bool:
        """Deleted records stay in the recycle bin."""
        return "isdeleted" in self.fields

    @property
    def stamped(self) -> bool:
        return "systemmodstamp" in self.fields


class Catalog:
    """The objects of an org. Immutable: a change of metadata makes a new one."""

    def __init__(self, objects: Iterable[SObject], table_prefix: str) -> None:
        self.entities: dict[str, Entity] = {}
        self.by_prefix: dict[str, Entity] = {}
        for item in objects:
            entity = Entity(
                item,
                f"{table_prefix}_{item.name}",
                named(item.fields),
                stored_names=tuple(one.name for one in item.fields if one.stored),
                columns=", ".join(f'"{one.name}"' for one in item.fields if one.stored),
                flag_names=frozenset(one.name for one in item.fields if one.type == "boolean"),
                unique_fields=tuple(one for one in item.fields if one.unique),
                required_fields=tuple(
                    one for one in item.fields if not one.nillable and (one.createable or one.updateable)
                ),
                defaulting_fields=tuple(one for one in item.fields if _has_default(one)),
            )
            self.entities[item.name.lower()] = entity
            self.by_prefix[item.prefix] = entity
        for entity in list(self.entities.values()):
            self._relate(entity)

    def _relate(self, entity: Entity) -> None:
        for item in entity.object.fields:
            if item.type != "reference":
                continue
            if item.relationship:
                entity.parents[item.relationship.lower()] = item
            for target in item.references:
                parent = self.entities.get(target.lower())
                if parent is None:
                    continue
                relation = ChildRelation(item.children or "", entity.name, item)
                parent.pointed_at_by.append(relation)
                if item.children:
                    parent.children.setdefault(item.children.lower(), relation)

    def find(self, name: str) -> Entity | None:
        """The object of that name in any case, or None."""
        return self.entities.get(name.lower())

    def get(self, name: str) -> Entity:
        """The object of that name. Raises `KeyError`."""
        return self.entities[name.lower()]

    def of_id(self, record_id: str) -> Entity | None:
        """The object whose records have this id's prefix."""
        return self.by_prefix.get(record_id[:3])


def _has_default(item: Field) -> bool:
    chosen = item.default is not None or any(choice.default for choice in item.choices)
    return item.type == "boolean" or item.name == "OwnerId" or item.auto_number is not None or chosen


def table_of(entity: Entity) -> Table:
    """The table that keeps an object's records."""
    columns = tuple(_column(item) for item in entity.object.fields if item.stored)
    indexes: list[tuple[str, ...]] = [
        (item.name,)
        for item in entity.object.fields
        if item.unique or item.external_id or item.id_lookup or (item.type == "reference" and item.children)
        if item.name != "Id"
    ]
    if entity.stamped:
        indexes.append(("SystemModstamp", "Id"))
    name = entity.name_field
    if name is not None and name.name not in {index[0] for index in indexes}:
        indexes.append((name.name,))
    return Table(entity.table, columns, ("Id",), tuple(indexes))


def _column(item: Field) -> Column:
    if item.type == "boolean" or item.type == "int":
        return Column(item.name, "INTEGER")
    if item.type in ("double", "currency", "percent"):
        return Column(item.name, "REAL")
    folded = item.type in _FOLDED and not item.case_sensitive
    return Column(item.name, "TEXT", "NOCASE" if folded else "")


@dataclass(frozen=True, slots=True)
class Flavour:
    """What an org has switched on (reference 2.8: what is off is absent)."""

    package: bool = True
    quotes: bool = True
    orders: bool = True
    products: bool = True
    multicurrency: bool = False
    state_picklists: bool = False


#: Key prefix of the package's request object; custom objects made later count on from here.
FIRST_CUSTOM_PREFIX = "a00"
#: Those of its other objects and of the company's own ones, far from the first so that older states stay whole.
_PACKAGE_PREFIXES = ("a0Q", "a0R", "a0S", "a0T")
_BILLING_PREFIXES = ("a0U", "a0V")


def standard_objects(flavour: Flavour) -> list[SObject]:
    """The objects of a fresh org of that flavour."""
    objects = [*PEOPLE, *USERS, *MARKETING, *RELATED, *SALES, *FILES]
    objects += QUOTES if flavour.quotes else ()
    objects += ORDERS if flavour.orders else ()
    objects += CURRENCIES if flavour.multicurrency else ()
    if not flavour.products:
        absent = {"Product2", "Pricebook2", "PricebookEntry", "OpportunityLineItem"}
        objects = [item for item in objects if item.name not in absent]
    objects += [*SETUP, *TOOLING, ENTITY_DEFINITION]
    if flavour.package:
        objects = [with_fields(item, ADDED_FIELDS.get(item.name, ())) for item in objects]
        objects.append(sync_request_object(FIRST_CUSTOM_PREFIX))
        objects += [*package_objects(*_PACKAGE_PREFIXES), *billing_objects(*_BILLING_PREFIXES)]
    if flavour.multicurrency:
        objects = [_with_currency(item) for item in objects]
    if flavour.state_picklists:
        objects = [_with_state_codes(item) for item in objects]
    return objects


def with_fields(item: SObject, added: Iterable[Field]) -> SObject:
    """The object with more fields; one of the same name is replaced."""
    added = tuple(added)
    names = {extra.name.lower() for extra in added}
    kept = tuple(old for old in item.fields if old.name.lower() not in names)
    return replace(item, fields=kept + added) if added else item


def _with_currency(item: SObject) -> SObject:
    """Records carry their currency; lines take that of their parent."""
    if item.name not in _WITH_CURRENCY and not item.custom:
        return item
    own = not item.name.endswith(("LineItem", "OrderItem"))
    iso = picklist(
        "CurrencyIsoCode", "Currency ISO Code", "USD", "EUR", "GBP", "CAD", "JPY",
        length=3, default="USD", defaulted=True, restricted=True, permissionable=False,
        createable=own, updateable=own and item.name != "PricebookEntry",
    )  # fmt: skip
    return with_fields(item, [iso])


_COUNTRIES = tuple(Choice(code, label) for code, label in COUNTRIES.items())
_STATES = tuple(Choice(code, label) for states in STATES.values() for code, label in states.items())


def _with_state_codes(item: SObject) -> SObject:
    """State and country picklists: a code beside each text (reference 8.6)."""
    added = [
        replace(
            picklist(f"{text.name}Code", f"{text.label} Code", length=10, compound=text.compound),
            choices=_STATES if text.name.endswith("State") else _COUNTRIES,
        )
        for text in item.fields
        if text.name.endswith(("State", "Country")) and text.compound
    ]
    return with_fields(item, added)
