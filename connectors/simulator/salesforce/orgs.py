"""The orgs of the stand-in: who they are, what is switched on in them, and the objects they have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from connectors.simulator.world import World

from . import ids
from .catalog import Catalog, Entity, Flavour, standard_objects, table_of, with_fields
from .definitions import field_from_json, object_from_json
from .objects.fields import Field, SObject

_KEY = "salesforce:org:"


@dataclass(slots=True)
class ValidationRule:
    """A record for which the SOQL `condition` holds is refused with `message`."""

    object: str
    condition: str
    message: str
    field: str = ""
    name: str = ""


@dataclass(slots=True)
class DuplicateRule:
    """A record like another in all `fields` is a duplicate: `block` refuses it, `alert` lets it pass by header."""

    object: str
    fields: list[str]
    mode: str = "block"
    message: str = "Use one of these records?"
    name: str = ""
    match_rule: str = ""


@dataclass(slots=True)
class Settings:
    """Switches of one org that the side door sets; minutes and seconds as named."""

    session_minutes: int = 120
    refresh_rotation: bool = True
    refresh_cap: int = 5
    username_password_flow: bool = False
    require_pkce: bool = True
    daily_api_requests: int = 15_000
    #: Changes carry a SystemModstamp this much older than the moment they become visible (long transactions).
    commit_lag_seconds: int = 0
    #: How long a bulk job waits in the queue, and how long it then takes.
    bulk_queue_seconds: float = 0.5
    bulk_work_seconds: float = 0.5
    deploy_seconds: float = 1.0
    #: Deployed fields show only through an assigned permission set.
    field_security: bool = True
    api_enabled: bool = True
    sees_limits: bool = True
    validation_rules: list[ValidationRule] = field(default_factory=list)
    duplicate_rules: list[DuplicateRule] = field(default_factory=list)
    #: Fields and objects that the connected user may not see: `Account.AnnualRevenue`, `Quote`.
    hidden: list[str] = field(default_factory=list)
    #: Fields that the connected user may read but not write.
    read_only: list[str] = field(default_factory=list)
    outbound: list[dict[str, Any]] = field(default_factory=list)
    #: Objects whose changes are told on the event bus.
    change_events: list[str] = field(default_factory=list)


def settings_from(saved: dict[str, Any]) -> Settings:
    """Settings from their JSON; unknown members raise `TypeError`."""
    plain: dict[str, Any] = {}
    for name, value in saved.items():
        plain[name] = float(value) if isinstance(value, Decimal) else value
    rules = [ValidationRule(**rule) for rule in plain.pop("validation_rules", [])]
    duplicates = [DuplicateRule(**rule) for rule in plain.pop("duplicate_rules", [])]
    return Settings(**plain, validation_rules=rules, duplicate_rules=duplicates)


class Org:
    """One org. Everything but its records lives in one stored value."""

    def __init__(self, world: World, facts: dict[str, Any]) -> None:
        self.world = world
        self.facts = facts
        self.number: int = facts["number"]
        self.id: str = facts["id"]
        self.name: str = facts["name"]
        self.kind: str = facts["kind"]
        self.flavour = Flavour(**facts["flavour"])
        self.settings = settings_from(facts.get("settings", {}))
        self.zone = ZoneInfo(facts.get("time_zone", "America/Los_Angeles"))
        self.fiscal_start: int = facts.get("fiscal_start", 1)
        #: Grows with each change of metadata or settings: a key for caches.
        self.version = 0
        self.catalog = self._catalog()

    # -- objects --------------------------------------------------------------------------------------------

    def defined_objects(self) -> list[SObject]:
        """All objects with all their fields, whether the connected user sees them or not."""
        objects = {item.name.lower(): item for item in standard_objects(self.flavour)}
        for saved in self.facts.get("custom_objects", []):
            made = object_from_json(saved)
            objects[made.name.lower()] = made
        for name, fields in self.facts.get("custom_fields", {}).items():
            objects[name.lower()] = with_fields(
                objects[name.lower()], [field_from_json(item) for item in fields]
            )
        return list(objects.values())

    def _objects(self) -> list[SObject]:
        hidden = self._unseen() | set(self.settings.hidden)
        return [self._visible(item, hidden) for item in self.defined_objects() if item.name not in hidden]

    def _visible(self, item: SObject, unseen: set[str]) -> SObject:
        """The object without the fields that field-level security hides (reference 2.8)."""
        hidden = {name.partition(".")[2] for name in unseen if name.startswith(f"{item.name}.")}
        locked = {
            name.partition(".")[2] for name in self.settings.read_only if name.startswith(f"{item.name}.")
        }
        if not hidden and not locked:
            return item
        fields = tuple(
            replace(one, createable=False, updateable=False) if one.name in locked else one
            for one in item.fields
            if one.name not in hidden
        )
        return replace(item, fields=fields)

    def _unseen(self) -> set[str]:
        """Fields that a deployment made and no assigned permission set shows (reference 7.2)."""
        guarded = set(self.facts.get("guarded", []))
        if not guarded or not self.settings.field_security:
            return set()
        sets, grants = f"sf{self.number}_PermissionSetAssignment", f"sf{self.number}_FieldPermissions"
        rows = self.world.store.rows(
            f'SELECT "Field" FROM "{grants}" WHERE "PermissionsRead" = 1 AND "ParentId" IN'
            f' (SELECT "PermissionSetId" FROM "{sets}" WHERE "AssigneeId" = ?)',
            (self.user_id,),
        )
        return guarded - {row[0] for row in rows}

    def guard_field(self, name: str) -> None:
        """From now on `Object.Field` shows only through a permission set."""
        guarded = self.facts.setdefault("guarded", [])
        if name not in guarded:
            guarded.append(name)

    def _catalog(self) -> Catalog:
        return Catalog(self._objects(), f"sf{self.number}")

    def define_tables(self) -> None:
        """Make the tables and columns that the objects need."""
        for entity in self.catalog.entities.values():
            self.world.store.define(table_of(entity))

    def add_custom_object(self, saved: dict[str, Any]) -> None:
        """A new custom object from its stored form; its table exists when this returns."""
        kept = [one for one in self.facts.get("custom_objects", []) if one["name"] != saved["name"]]
        self.facts["custom_objects"] = [*kept, saved]
        self.changed()

    def add_custom_fields(self, object_name: str, saved: Iterable[dict[str, Any]]) -> None:
        """New (or changed) fields of an object from their stored forms."""
        fields = self.facts.setdefault("custom_fields", {})
        new = list(saved)
        names = {one["name"].lower() for one in new}
        fields[object_name] = [
            one for one in fields.get(object_name, []) if one["name"].lower() not in names
        ] + new
        self.changed()

    def remove_custom(self, object_name: str, field_name: str = "") -> None:
        """Drop a custom field, or a whole custom object."""
        if field_name:
            kept = self.facts.setdefault("custom_fields", {}).get(object_name, [])
            self.facts["custom_fields"][object_name] = [
                one for one in kept if one["name"].lower() != field_name.lower()
            ]
        else:
            kept_objects = self.facts.get("custom_objects", [])
            self.facts["custom_objects"] = [one for one in kept_objects if one["name"] != object_name]
            self.facts.get("custom_fields", {}).pop(object_name, None)
        self.changed()

    def free_prefixes(self, count: int, first: str = "a") -> list[str]:
        """Free key prefixes: a00, a01 ... for custom objects, e00 ... for platform events."""
        used = set(self.catalog.by_prefix)
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        free = (prefix for prefix in (f"{first}{a}{b}" for a in digits for b in digits) if prefix not in used)
        return list(islice(free, count))

    def changed(self) -> None:
        """Facts or settings have moved: store them and look at the objects anew."""
        self.save()
        self.version += 1
        self.catalog = self._catalog()
        self.define_tables()

    def save(self) -> None:
        self.facts["settings"] = asdict(self.settings)
        self.world.store.set_value(f"{_KEY}{self.number}", self.facts)

    # -- people ---------------------------------------------------------------------------------------------

    @property
    def user_id(self) -> str:
        """The user whom consent connects: the integration user."""
        user: str = self.facts["user_id"]
        return user

    @property
    def username(self) -> str:
        username: str = self.facts["username"]
        return username

    # -- time and ids ---------------------------------------------------------------------------------------

    def now(self) -> datetime:
        return self.world.clock.now()

    def stamp(self) -> datetime:
        """The SystemModstamp of a change made now."""
        return self.now() - timedelta(
            seconds=self.settings.commit_lag_seconds + self.world.clock.late_seconds
        )

    def new_id(self, prefix: str) -> str:
        return ids.make(
            prefix, self.number, self.world.store.next_number(f"salesforce:id:{self.number}:{prefix}")
        )

    def new_ids(self, prefix: str, count: int) -> Iterator[str]:
        """Many ids at once, for seeding."""
        name = f"salesforce:id:{self.number}:{prefix}"
        first = self.world.store.next_number(name)
        self.world.store.set_sequence(name, first + count - 1)
        return (ids.make(prefix, self.number, number) for number in range(first, first + count))

    def next_auto_number(self, entity: Entity, known: Field) -> str:
        """The next value of an auto number field: `QS-{00000000}` and 7 make `QS-00000007`."""
        number = self.world.store.next_number(f"salesforce:auto:{self.number}:{entity.name}:{known.name}")
        before, _, rest = str(known.auto_number).partition("{")
        zeros, _, after = rest.partition("}")
        return f"{before}{number:0{len(zeros)}d}{after}"


class Orgs:
    """All orgs of the stand-in."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.by_number: dict[int, Org] = {}
        number = 1
        while (facts := world.store.value(f"{_KEY}{number}")) is not None:
            self.by_number[number] = Org(world, facts)
            number += 1

    def __iter__(self) -> Iterator[Org]:
        return iter(self.by_number.values())

    def __len__(self) -> int:
        return len(self.by_number)

    @property
    def default(self) -> Org:
        return self.by_number[1]

    def find(self, text: str) -> Org | None:
        """The org with that id (15 or 18 characters) or number, or None."""
        if text.isdigit() and len(text) < 6:
            return self.by_number.get(int(text))
        wanted = ids.to_18(text)
        return next((org for org in self if org.id == wanted), None)

    def add(self, facts: dict[str, Any]) -> Org:
        """A new org with its tables, still without records. `facts` lacks number and id."""
        number = len(self.by_number) + 1
        org_id = ids.make("00D", number, 1)
        org = Org(self.world, {**facts, "number": number, "id": org_id})
        org.define_tables()
        org.save()
        self.by_number[number] = org
        return org

    def clear(self) -> None:
        """Remove every org and all its tables."""
        store = self.world.store
        store.commit()
        names = [row[0] for row in store.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            if any(name.startswith(f"sf{number}_") for number in self.by_number):
                store.connection.execute(f'DROP TABLE "{name}"')
        store.delete_values("salesforce:org:")
        store.delete_sequences("salesforce:")
        self.by_number.clear()
