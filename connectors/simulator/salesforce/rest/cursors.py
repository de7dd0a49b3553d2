"""Query locators: the rest of a paged result, good for two days (reference/salesforce.md 3.3 and 3.4)."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.simulator.salesforce import ids
from connectors.simulator.store import Column, Table

if TYPE_CHECKING:
    from connectors.simulator.salesforce.orgs import Org
    from connectors.simulator.world import World

LIFE_SECONDS = 2 * 24 * 3600
_TABLE = Table(
    "salesforce_cursor",
    (Column("id"), Column("org", "INTEGER"), Column("user"), Column("created", "REAL"), Column("soql"),
     Column("all_rows", "INTEGER"), Column("child"), Column("batch", "INTEGER"), Column("rows", "BLOB")),
    ("id",),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cursor:
    """The whole result as row ids. `child` names the child relationships down to a nested list, `/`-joined."""

    id: str
    soql: str
    all_rows: bool
    child: str
    batch: int
    rows: list[int]


class Cursors:
    """All open cursors."""

    def __init__(self, world: World) -> None:
        self._world = world
        world.store.define(_TABLE)

    def open(
        self,
        org: Org,
        user_id: str,
        soql: str,
        rows: list[int],
        *,
        all_rows: bool,
        batch: int,
        child: str = "",
    ) -> str:
        """Keep a result; returns the cursor's id."""
        number = self._world.store.next_number("salesforce:cursor")
        cursor_id = ids.make("01g", org.number, number)
        now = self._world.clock.now().timestamp()
        self._world.store.write(
            "INSERT INTO salesforce_cursor VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                cursor_id,
                org.number,
                user_id,
                now,
                soql,
                int(all_rows),
                child,
                batch,
                array("q", rows).tobytes(),
            ),
        )
        self._world.store.write("DELETE FROM salesforce_cursor WHERE created < ?", (now - LIFE_SECONDS,))
        return cursor_id

    def find(self, org: Org, user_id: str, cursor_id: str) -> Cursor | None:
        """The cursor, if it is this user's and not older than two days."""
        row = self._world.store.row(
            "SELECT id, soql, all_rows, child, batch, rows FROM salesforce_cursor"
            " WHERE id = ? AND org = ? AND user = ? AND created >= ?",
            (cursor_id, org.number, user_id, self._world.clock.now().timestamp() - LIFE_SECONDS),
        )
        if row is None:
            return None
        rows = array("q")
        rows.frombytes(row[5])
        return Cursor(row[0], row[1], bool(row[2]), row[3], row[4], rows.tolist())

    def clear(self) -> None:
        self._world.store.write("DELETE FROM salesforce_cursor")
