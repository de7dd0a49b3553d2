"""Records and the platform's general rules for changing them.

Every write goes through here, whether it came from a single call, a collection, a bulk job or the web page: names and
types are checked, required fields and references too, uniqueness, duplicates and validation rules; then audit fields
are set, the record is stored and the write is logged. Rules of single objects live in `rules`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import ids, rules
from .catalog import Entity
from .changes import Actor, Change, Row, as_json
from .duplicates import check_duplicates
from .errors import Refused, is_deleted, malformed_id, not_found
from .events import Events
from .locks import Locks
from .objects.fields import Field
from .recyclebin import RecycleBin
from .times import wire
from .validation import check_validation_rules
from .values import Stored, to_stored

if TYPE_CHECKING:
    from connectors.simulator.journal import Journal

    from .orgs import Org


@dataclass(slots=True)
class Records:
    """The records of one org."""

    org: Org
    journal: Journal
    #: Called with (entity, record id) for every record that was created or updated.
    listeners: list[Any] = field(default_factory=list)
    events: Events = field(init=False)
    locks: Locks = field(init=False)
    _insert_sql: dict[tuple[str, ...], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.locks = Locks(self.org)
        self.events = Events(self.org)

    @property
    def bin(self) -> RecycleBin:
        """Where deleted records go, and come back from."""
        return RecycleBin(self)

    # -- reading --------------------------------------------------------------------------------------------

    def row(self, entity: Entity, record_id: str) -> Row | None:
        """The stored record, deleted or not, by its 18-character id."""
        sql = f'SELECT {entity.columns} FROM "{entity.table}" WHERE "Id" = ?'
        found = self.org.world.store.row(sql, (record_id,))
        return dict(zip(entity.stored_names, found, strict=True)) if found is not None else None

    def rows(self, object_name: str, where: str, *parameters: Stored) -> list[Row]:
        """Records of an object that meet an SQL condition."""
        entity = self.org.catalog.get(object_name)
        names = entity.stored_names
        sql = f'SELECT {entity.columns} FROM "{entity.table}" WHERE {where}'
        return [dict(zip(names, found, strict=True)) for found in self.org.world.store.rows(sql, parameters)]

    def value(self, object_name: str, record_id: str, name: str) -> Stored:
        """One field of one record; None when there is no such record."""
        entity = self.org.catalog.find(object_name)
        if entity is None or name.lower() not in entity.fields:
            return None
        found = self.org.world.store.row(
            f'SELECT "{name}" FROM "{entity.table}" WHERE "Id" = ?', (record_id,)
        )
        return found[0] if found else None

    def living(self, entity: Entity, record_id: str) -> Row:
        """The record for a call that names it. Raises Refused: 404 NOT_FOUND or ENTITY_IS_DELETED, MALFORMED_ID."""
        known = self.own_id(entity, record_id)
        row = self.row(entity, known)
        if row is None:
            raise not_found()
        if row.get("IsDeleted"):
            raise is_deleted()
        return row

    def own_id(self, entity: Entity, text: str) -> str:
        """The 18-character form of an id of this object. Raises Refused MALFORMED_ID."""
        found = ids.to_18(text)
        if found is None or not found.startswith(entity.object.prefix):
            raise malformed_id(f"{entity.object.label} ID", text)
        return found

    def by_external_id(self, entity: Entity, key: Field, value: Stored) -> list[str]:
        """Ids of the living records that hold this value."""
        alive = ' AND "IsDeleted" = 0' if entity.bins else ""
        sql = f'SELECT "Id" FROM "{entity.table}" WHERE "{key.name}" = ?{alive} ORDER BY "Id" LIMIT 10'
        return [row[0] for row in self.org.world.store.rows(sql, (value,))]

    # -- writing --------------------------------------------------------------------------------------------

    def create(self, entity: Entity, values: Mapping[str, Any], actor: Actor) -> str:
        """Make a record. Returns its id. Raises Refused."""
        if not entity.object.createable:
            raise Refused(
                "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
                f"entity type cannot be inserted: {entity.object.label}",
            )
        new = self.translated(entity, values, creating=True)
        sent = frozenset(new)
        self._fill_defaults(entity, new, actor)
        change = Change(entity, "", None, new, sent, actor)
        self._require(change)
        return self._publish(change) if entity.is_event else self._save(change)

    def _publish(self, change: Change) -> str:
        record_id = self.org.new_id(change.entity.object.prefix)
        self.events.published(change.entity, record_id, change.new, change.actor)
        return record_id

    def update(self, entity: Entity, record_id: str, values: Mapping[str, Any], actor: Actor) -> None:
        """Change a living record. Raises Refused."""
        old = self.living(entity, record_id)
        self.locks.take(str(old["Id"]))
        if not entity.object.updateable:
            raise Refused(
                "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
                f"entity type cannot be updated: {entity.object.label}",
            )
        new = self.translated(entity, values, creating=False)
        change = Change(entity, str(old["Id"]), old, new, frozenset(new), actor)
        self._require(change)
        self._save(change)

    def platform_update(self, object_name: str, record_id: str, values: Row, actor: Actor) -> None:
        """A change that the platform itself makes (totals, links): no checks, but stamps and a log entry."""
        entity = self.org.catalog.get(object_name)
        old = self.row(entity, record_id)
        if old is None or all(old.get(name) == value for name, value in values.items()):
            return
        change = Change(entity, record_id, old, dict(values), frozenset(), actor.as_platform())
        self.store_change(change)

    def translated(self, entity: Entity, values: Mapping[str, Any], *, creating: bool) -> Row:
        """Wire values by canonical field name, as stored. Raises Refused for names, rights, types and lengths."""
        row: Row = {}
        forbidden: list[str] = []
        for name, value in values.items():
            lowered = name.lower()
            if lowered in ("attributes", "id"):
                continue
            known = entity.fields.get(lowered)
            if known is None:
                self._by_foreign_key(entity, name, value, row)
                continue
            if not (known.createable if creating else known.updateable):
                forbidden.append(known.name)
                continue
            row[known.name] = to_stored(known, value, entity.object.label)
        if forbidden:
            raise _forbidden(forbidden)
        return row

    def _by_foreign_key(self, entity: Entity, name: str, value: Any, row: Row) -> None:
        """`{"Account": {"Ext__c": "42"}}`: a reference by the parent's external id."""
        link = entity.parents.get(name.lower())
        if link is None:
            raise Refused("INVALID_FIELD", f"No such column '{name}' on sobject of type {entity.name}")
        if value is None:
            row[link.name] = None
            return
        keys = (
            {key: text for key, text in value.items() if key != "attributes"}
            if isinstance(value, dict)
            else {}
        )
        target = self._target_of(link, value)
        if len(keys) != 1 or target is None:
            raise Refused("INVALID_FIELD", f"Invalid foreign key relationship: {name}")
        key_name, text = next(iter(keys.items()))
        key = target.fields.get(key_name.lower())
        if key is None or not (key.external_id or key.id_lookup):
            message = (
                f"Field name provided, {key_name} is not an External ID or indexed field for {target.name}"
            )
            raise Refused("INVALID_FIELD", message)
        found = self.by_external_id(target, key, to_stored(key, text, target.object.label))
        if not found:
            message = (
                f"Foreign key external ID: {text} not found for field {key.name} in entity {target.name}"
            )
            raise Refused("INVALID_FIELD", message)
        if len(found) > 1:
            message = f"More than one record found for external id field: [{', '.join(found)}]"
            raise Refused("DUPLICATE_EXTERNAL_ID", message, (key.name,))
        row[link.name] = found[0]

    def _target_of(self, link: Field, value: Any) -> Entity | None:
        wanted = link.references[0]
        if isinstance(value, dict) and isinstance(value.get("attributes"), dict):
            wanted = str(value["attributes"].get("type") or wanted)
        return self.org.catalog.find(wanted)

    def _fill_defaults(self, entity: Entity, new: Row, actor: Actor) -> None:
        for known in entity.defaulting_fields:
            if new.get(known.name) is not None:
                continue
            if known.type == "boolean":
                new[known.name] = int(bool(known.default))
            elif known.name == "OwnerId":
                new[known.name] = actor.user_id
            elif known.auto_number is not None:
                new[known.name] = self.org.next_auto_number(entity, known)
            elif known.name not in new:
                chosen = next((choice.value for choice in known.choices if choice.default), known.default)
                if chosen is not None:
                    new[known.name] = chosen

    # -- the save -------------------------------------------------------------------------------------------

    def _require(self, change: Change) -> None:
        """Required fields: present on create, never set to null."""
        missing = [
            one.name
            for one in change.entity.required_fields
            if change.new.get(one.name) is None
            and (one.name in change.sent or (change.creating and one.required))
            and not change.new.get(rules.EXCUSED.get((change.entity.name, one.name), ""))
        ]
        if missing:
            message = f"Required fields are missing: [{', '.join(missing)}]"
            raise Refused("REQUIRED_FIELD_MISSING", message, missing)

    def _save(self, change: Change) -> str:
        entity = change.entity
        for rule in (*rules.GENERAL, *rules.BEFORE.get(entity.name, ())):
            rule(self, change)
        self._check_references(change)
        self.check_unique(change)
        guarded = bool(rules.AFTER.get(entity.name)) or self._has_rules(entity)
        if not guarded:
            return self.store_change(change)
        with self.org.world.store.savepoint():
            check_duplicates(self, change)
            record_id = self.store_change(change)
            for rule in rules.AFTER.get(entity.name, ()):
                rule(self, change)
            check_validation_rules(self, change)
        return record_id

    def _has_rules(self, entity: Entity) -> bool:
        settings = self.org.settings
        wanted = {rule.object for rule in settings.validation_rules}
        wanted |= {rule.object for rule in settings.duplicate_rules}
        return entity.name in wanted

    def _check_references(self, change: Change) -> None:
        for name in change.sent:
            known = change.entity.fields[name.lower()]
            value = change.new.get(name)
            if known.type != "reference" or value is None:
                continue
            if change.old is not None and change.old.get(name) == value:
                continue
            self._check_reference(change, known, str(value))

    def _check_reference(self, change: Change, known: Field, value: str) -> None:
        target = self.org.catalog.of_id(value)
        if target is None or target.name not in known.references:
            if target is not None:
                raise malformed_id(known.label, value, known.name)
            raise Refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ())
        if value == change.record_id:
            raise Refused(
                "CIRCULAR_DEPENDENCY", f"{known.label}: a record cannot refer to itself", (known.name,)
            )
        alive = '"IsDeleted"' if target.bins else "0"
        active = '"IsActive"' if known.name == "OwnerId" and target.name == "User" else "1"
        sql = f'SELECT {alive}, {active} FROM "{target.table}" WHERE "Id" = ?'
        found = self.org.world.store.row(sql, (value,))
        if found is None:
            raise Refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ())
        if found[0]:
            raise Refused("ENTITY_IS_DELETED", "entity is deleted", ())
        if not found[1]:
            message = (
                "operation performed with inactive user ["
                + value
                + "] as owner of "
                + change.entity.name.lower()
            )
            raise Refused("INACTIVE_OWNER_OR_USER", message, (known.name,))

    def check_unique(self, change: Change) -> None:
        for known in change.entity.unique_fields:
            value = change.new.get(known.name)
            if value is None or not change.moved(known.name):
                continue
            alive = ' AND "IsDeleted" = 0' if change.entity.bins else ""
            sql = f'SELECT "Id" FROM "{change.entity.table}" WHERE "{known.name}" = ? AND "Id" <> ?{alive} LIMIT 1'
            found = self.org.world.store.row(sql, (value, change.record_id))
            if found is not None:
                message = (
                    f"duplicate value found: {known.name} duplicates value on record with id: {found[0][:15]}"
                )
                raise Refused("DUPLICATE_VALUE", message, ())

    def store_change(self, change: Change) -> str:
        """Stamp, store and log."""
        entity, store, new = change.entity, self.org.world.store, change.new
        now, stamp = wire(self.org.now()), wire(self.org.stamp())
        if entity.stamped:
            new.update(
                {"LastModifiedDate": now, "LastModifiedById": change.actor.user_id, "SystemModstamp": stamp}
            )
        if change.old is None:
            change.record_id = self.org.new_id(entity.object.prefix)
            new["Id"] = change.record_id
            if entity.object.custom and "Name" not in new:
                new["Name"] = change.record_id[:15]
            if entity.stamped:
                new.update({"CreatedDate": now, "CreatedById": change.actor.user_id})
            store.write(self._insert(entity, tuple(new)), tuple(new.values()))
        else:
            assignments = ", ".join(f'"{name}" = ?' for name in new)
            sql = f'UPDATE "{entity.table}" SET {assignments} WHERE "Id" = ?'
            if new:
                store.write(sql, (*new.values(), change.record_id))
        self.log(change, "create" if change.old is None else "update")
        for listener in self.listeners:
            listener(entity, change)
        return change.record_id

    def _insert(self, entity: Entity, names: tuple[str, ...]) -> str:
        key = (entity.table, *names)
        if key not in self._insert_sql:
            marks = ", ".join("?" * len(names))
            self._insert_sql[key] = f'INSERT INTO "{entity.table}" ({_columns(names)}) VALUES ({marks})'
        return self._insert_sql[key]

    def log(self, change: Change, operation: str, after: Row | None = None) -> None:
        entity, old = change.entity, change.old
        new = after if after is not None else {**(old or {}), **change.new}
        self.journal.append(
            scope=self.org.id,
            time=self.org.now(),
            object_name=entity.name,
            operation=operation,
            record_id=change.record_id,
            request_id=change.actor.request_id,
            before=None if old is None else as_json(entity, old),
            after=as_json(entity, new) if operation != "delete" else None,
        )
        if self.org.settings.change_events:
            self.events.changed(entity, change, operation)


def _forbidden(names: list[str]) -> Refused:
    message = (
        f"Unable to create/update fields: {', '.join(names)}. Please check the security settings of this field and"
        " verify that it is read/write for your profile or permission set."
    )
    return Refused("INVALID_FIELD_FOR_INSERT_UPDATE", message, names)


def _columns(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
