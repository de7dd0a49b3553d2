"""The components that an org holds, as deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.simulator.store import Column, Table

if TYPE_CHECKING:
    from connectors.simulator.salesforce.orgs import Org

_TABLE = Table(
    "salesforce_component",
    (Column("org", "INTEGER"), Column("type"), Column("name"), Column("file"), Column("body", "BLOB"),
     Column("changed")),
    ("org", "type", "name"),
)  # fmt: skip


class Components:
    """The components of one org."""

    def __init__(self, org: Org) -> None:
        self._org = org
        org.world.store.define(_TABLE)

    def has(self, kind: str, name: str) -> bool:
        sql = "SELECT 1 FROM salesforce_component WHERE org = ? AND type = ? AND name = ?"
        return self._org.world.store.row(sql, (self._org.number, kind, name)) is not None

    def put(self, kind: str, name: str, file: str, body: bytes) -> None:
        self._org.world.store.write(
            "INSERT OR REPLACE INTO salesforce_component VALUES (?, ?, ?, ?, ?, ?)",
            (self._org.number, kind, name, file, body, self._org.now().isoformat()),
        )

    def drop(self, kind: str, name: str) -> None:
        self._org.world.store.write(
            "DELETE FROM salesforce_component WHERE org = ? AND type = ? AND name = ?",
            (self._org.number, kind, name),
        )

    def listed(self, kind: str) -> list[tuple[str, str]]:
        """(name, file) of every component of a type."""
        sql = "SELECT name, file FROM salesforce_component WHERE org = ? AND type = ? ORDER BY name"
        return [(row[0], row[1]) for row in self._org.world.store.rows(sql, (self._org.number, kind))]
