"""The recycle bin: deleting with what cascades, restoring, purging, and merging (reference/salesforce.md 5.3, 8.6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.simulator.salesforce import rules
from connectors.simulator.salesforce.changes import Actor, Change, Row
from connectors.simulator.salesforce.errors import Refused, not_found
from connectors.simulator.salesforce.times import wire

if TYPE_CHECKING:
    from connectors.simulator.salesforce.catalog import ChildRelation, Entity
    from connectors.simulator.salesforce.records import Records


@dataclass(frozen=True, slots=True)
class RecycleBin:
    """The bin of one org's records."""

    records: Records

    def delete(self, entity: Entity, record_id: str, actor: Actor) -> None:
        """Into the recycle bin, with everything that cascades. Raises Refused."""
        old = self.records.living(entity, record_id)
        self.records.locks.take(str(old["Id"]))
        if not entity.object.deletable:
            message = f"entity type cannot be deleted: {entity.object.label}"
            raise Refused("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message)
        with self.records.org.world.store.savepoint():
            self._bin(entity, old, actor, seen=set())

    def _bin(self, entity: Entity, old: Row, actor: Actor, seen: set[str]) -> None:
        record_id = str(old["Id"])
        if record_id in seen:
            return
        seen.add(record_id)
        change = Change(entity, record_id, old, {}, frozenset(), actor)
        for rule in rules.DELETING.get(entity.name, ()):
            rule(self.records, change)
        for relation in entity.pointed_at_by:
            self._release_children(relation, record_id, actor, seen)
        self.mark_deleted(change, {})
        for rule in rules.DELETED.get(entity.name, ()):
            rule(self.records, change)

    def mark_deleted(self, change: Change, more: Row, operation: str = "delete") -> None:
        """Flag (or, for objects without a bin, remove) the record, stamp it and log it."""
        entity, store = change.entity, self.records.org.world.store
        if not entity.bins:
            store.write(f'DELETE FROM "{entity.table}" WHERE "Id" = ?', (change.record_id,))
        else:
            now = wire(self.records.org.now())
            change.new = {
                "IsDeleted": 1, "LastModifiedDate": now, "LastModifiedById": change.actor.user_id,
                "SystemModstamp": wire(self.records.org.stamp()), **more,
            }  # fmt: skip
            assignments = ", ".join(f'"{name}" = ?' for name in change.new)
            sql = f'UPDATE "{entity.table}" SET {assignments} WHERE "Id" = ?'
            store.write(sql, (*change.new.values(), change.record_id))
        self.records.log(change, operation)

    def _release_children(
        self, relation: ChildRelation, parent_id: str, actor: Actor, seen: set[str]
    ) -> None:
        kind = relation.field.on_parent_delete
        if kind == "none":
            return
        child = self.records.org.catalog.get(relation.entity)
        alive = ' AND "IsDeleted" = 0' if child.bins else ""
        children = self.records.rows(child.name, f'"{relation.field.name}" = ?{alive}', parent_id)
        children = [row for row in children if row["Id"] not in seen]
        if not children:
            return
        if kind == "restrict":
            names = ", ".join(
                str(row.get("Name") or row.get("CaseNumber") or row["Id"]) for row in children[:5]
            )
            message = (
                "Your attempt to delete this record could not be completed because it is associated with the"
                f" following {child.object.plural.lower()}.: {names}"
            )
            raise Refused("DELETE_FAILED", message, ())
        for row in children:
            if kind == "cascade":
                self._bin(child, row, actor.as_platform(), seen)
            else:
                self.records.platform_update(child.name, str(row["Id"]), {relation.field.name: None}, actor)

    def undelete(self, entity: Entity, record_id: str, actor: Actor) -> None:
        """Out of the recycle bin, with the children that went in the same moment. Raises Refused."""
        row = self.records.row(entity, self.records.own_id(entity, record_id))
        if row is None:
            raise not_found()
        if not entity.object.undeletable or not row.get("IsDeleted") or row.get("MasterRecordId"):
            raise Refused("UNDELETE_FAILED", "Entity is not in the recycle bin", ())
        with self.records.org.world.store.savepoint():
            self.records.check_unique(Change(entity, str(row["Id"]), None, dict(row), frozenset(), actor))
            self._restore(entity, row, actor)

    def _restore(self, entity: Entity, row: Row, actor: Actor) -> None:
        record_id, gone_at = str(row["Id"]), row["LastModifiedDate"]
        change = Change(entity, record_id, row, {"IsDeleted": 0}, frozenset(), actor)
        self._write_restored(change)
        for relation in entity.pointed_at_by:
            if relation.field.on_parent_delete != "cascade":
                continue
            child = self.records.org.catalog.get(relation.entity)
            where = f'"{relation.field.name}" = ? AND "IsDeleted" = 1 AND "LastModifiedDate" = ?'
            if child.bins:
                for lost in self.records.rows(child.name, where, record_id, gone_at):
                    self._restore(child, lost, actor)
        for rule in rules.DELETED.get(entity.name, ()):
            rule(self.records, change)

    def _write_restored(self, change: Change) -> None:
        change.new.update(
            {
                "LastModifiedDate": wire(self.records.org.now()),
                "LastModifiedById": change.actor.user_id,
                "SystemModstamp": wire(self.records.org.stamp()),
            }
        )
        assignments = ", ".join(f'"{name}" = ?' for name in change.new)
        sql = f'UPDATE "{change.entity.table}" SET {assignments} WHERE "Id" = ?'
        self.records.org.world.store.write(sql, (*change.new.values(), change.record_id))
        self.records.log(change, "undelete")

    def purge(self, entity: Entity, record_id: str, actor: Actor) -> None:
        """Out of the bin for good (hard delete): the record vanishes from queryAll too."""
        row = self.records.row(entity, record_id)
        if row is None:
            raise not_found()
        self.records.org.world.store.write(f'DELETE FROM "{entity.table}" WHERE "Id" = ?', (record_id,))
        self.records.log(Change(entity, record_id, row, {}, frozenset(), actor), "delete")

    def merge(self, entity: Entity, master_id: str, loser_ids: Iterable[str], actor: Actor) -> None:
        """The losers' children move to the master; the losers go into the bin with MasterRecordId. Raises Refused."""
        if not entity.object.mergeable:
            raise Refused("INVALID_TYPE_FOR_OPERATION", f"{entity.name} records cannot be merged")
        master = self.records.living(entity, master_id)
        losers = [self.records.living(entity, one) for one in loser_ids]
        if not 1 <= len(losers) <= 2 or any(row["Id"] == master["Id"] for row in losers):
            raise Refused("INVALID_OPERATION", "a merge takes one or two other records")
        with self.records.org.world.store.savepoint():
            for loser in losers:
                self._merge_one(entity, str(master["Id"]), loser, actor)
            self.platform_touch(entity, master, actor)

    def _merge_one(self, entity: Entity, master_id: str, loser: Row, actor: Actor) -> None:
        loser_id = str(loser["Id"])
        for relation in entity.pointed_at_by:
            if relation.field.name == "MasterRecordId":
                continue
            child = self.records.org.catalog.get(relation.entity)
            alive = ' AND "IsDeleted" = 0' if child.bins else ""
            for row in self.records.rows(child.name, f'"{relation.field.name}" = ?{alive}', loser_id):
                self.records.platform_update(
                    child.name, str(row["Id"]), {relation.field.name: master_id}, actor
                )
        self.mark_deleted(
            Change(entity, loser_id, loser, {}, frozenset(), actor), {"MasterRecordId": master_id}, "merge"
        )

    def platform_touch(self, entity: Entity, row: Row, actor: Actor) -> None:
        """Stamp a record anew without changing it."""
        self.records.store_change(Change(entity, str(row["Id"]), row, {}, frozenset(), actor))
