"""Where the simulator keeps everything: one embedded SQLite file (or memory), one connection, one thread.

A request's writes form one transaction that is committed before its answer leaves, so a killed simulator never
forgets a write that a client saw. In WAL mode with `synchronous=NORMAL` such a commit costs microseconds: a killed
process loses nothing, only a power cut could.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from connectors.simulator import jsontext

SqlValue = str | bytes | int | float | None


class StateUnusable(Exception):
    """The state file cannot be used; the text is the sentence to show."""


@dataclass(frozen=True)
class Column:
    """One column: SQLite type (`TEXT`, `INTEGER`, `REAL`, `BLOB`), optional collation (e.g. `NOCASE`)."""

    name: str
    type: str = "TEXT"
    collate: str = ""

    def ddl(self) -> str:
        collation = f" COLLATE {self.collate}" if self.collate else ""
        return f'"{self.name}" {self.type}{collation}'


@dataclass(frozen=True)
class Table:
    """A table as data. `indexes` are column tuples; a column may carry a direction or collation in its text."""

    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...] = ()
    without_rowid: bool = False


_OWN_TABLES = (
    Table("sim_value", (Column("key"), Column("value")), ("key",), without_rowid=True),
    Table("sim_sequence", (Column("name"), Column("last", "INTEGER")), ("name",), without_rowid=True),
)


def _open(path: str) -> sqlite3.Connection:
    """The file, held for this process alone. Raises `StateUnusable` with a sentence."""
    try:
        connection = sqlite3.connect(
            path, timeout=1, isolation_level=None, check_same_thread=False, cached_statements=1024
        )
        for pragma in (
            "locking_mode=EXCLUSIVE",
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "temp_store=MEMORY",
            "cache_size=-65536",
            "case_sensitive_like=OFF",
        ):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        if "locked" in str(error):
            raise StateUnusable(
                f"The state file {path} is in use by another simulator. Stop it first."
            ) from error
        raise StateUnusable(
            f"The state file {path} cannot be used ({error}). Choose another with --state, or delete it."
        ) from error
    return connection


class Store:
    """The embedded store. `path` is a file name or `:memory:`; one in memory may begin as the `image` of another.
    Raises `StateUnusable`."""

    def __init__(self, path: str, image: bytes | None = None) -> None:
        self.path = path
        self.connection = _open(path)
        if image is not None:
            self.connection.deserialize(image)
        self._values: dict[str, Any] = {}
        self._sequences: dict[str, int] = {}
        self._savepoints = 0
        #: Transactions ended so far: two writes that see the same number belong together.
        self.commits = 0
        for table in _OWN_TABLES:
            self.define(table)
        for name, last in self.connection.execute("SELECT name, last FROM sim_sequence"):
            self._sequences[name] = last

    # -- tables -------------------------------------------------------------------------------------------------

    def define(self, table: Table) -> None:
        """Create the table, or add the columns and indexes that it lacks."""
        known = {row[1] for row in self.connection.execute(f'PRAGMA table_info("{table.name}")')}
        if not known:
            key = ", ".join(f'"{name}"' for name in table.primary_key)
            columns = ", ".join(column.ddl() for column in table.columns)
            suffix = " WITHOUT ROWID" if table.without_rowid else ""
            self.connection.execute(f'CREATE TABLE "{table.name}" ({columns}, PRIMARY KEY ({key})){suffix}')
        else:
            for column in table.columns:
                if column.name not in known:
                    self.connection.execute(f'ALTER TABLE "{table.name}" ADD COLUMN {column.ddl()}')
        for index in table.indexes:
            label = "_".join("".join(c for c in part if c.isalnum()) for part in index)
            parts = ", ".join(_index_part(part) for part in index)
            self.connection.execute(
                f'CREATE INDEX IF NOT EXISTS "ix_{table.name}_{label}" ON "{table.name}" ({parts})'
            )

    # -- reading ------------------------------------------------------------------------------------------------

    def rows(self, sql: str, parameters: Sequence[SqlValue] = ()) -> list[tuple[Any, ...]]:
        """All rows of a SELECT."""
        return self.connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[SqlValue] = ()) -> tuple[Any, ...] | None:
        """The first row of a SELECT, or None."""
        found: tuple[Any, ...] | None = self.connection.execute(sql, parameters).fetchone()
        return found

    # -- writing ------------------------------------------------------------------------------------------------

    def write(self, sql: str, parameters: Sequence[SqlValue] = ()) -> sqlite3.Cursor:
        """Run one writing statement inside the request's transaction (opened here when none is open)."""
        if not self.connection.in_transaction:
            self.connection.execute("BEGIN IMMEDIATE")
        return self.connection.execute(sql, parameters)

    def write_many(self, sql: str, rows: Iterable[Sequence[SqlValue]]) -> None:
        """Run one writing statement for many rows inside the request's transaction."""
        if not self.connection.in_transaction:
            self.connection.execute("BEGIN IMMEDIATE")
        self.connection.executemany(sql, rows)

    def commit(self) -> None:
        """Make the open transaction, if any, durable."""
        if self.connection.in_transaction:
            self.connection.execute("COMMIT")
            self.commits += 1

    def rollback(self) -> None:
        """Drop the open transaction and everything remembered from it."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")
            self.commits += 1
        self._forget()

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of the request's transaction that is undone alone when the block raises."""
        if not self.connection.in_transaction:
            self.connection.execute("BEGIN IMMEDIATE")
        self._savepoints += 1
        name = f"part_{self._savepoints}"
        self.connection.execute(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            self.connection.execute(f"ROLLBACK TO {name}")
            self.connection.execute(f"RELEASE {name}")
            self._forget()
            raise
        finally:
            self._savepoints -= 1
        self.connection.execute(f"RELEASE {name}")

    # -- small facts ----------------------------------------------------------------------------------------------

    def value(self, key: str) -> Any:
        """A stored JSON value, or None. Treat it as read-only: change it through `set_value`."""
        if key not in self._values:
            row = self.row("SELECT value FROM sim_value WHERE key = ?", (key,))
            self._values[key] = None if row is None else jsontext.loads(row[0])
        return self._values[key]

    def set_value(self, key: str, value: Any) -> None:
        """Store a JSON value under `key` (None removes it)."""
        self._values[key] = value
        if value is None:
            self.write("DELETE FROM sim_value WHERE key = ?", (key,))
        else:
            self.write("INSERT OR REPLACE INTO sim_value VALUES (?, ?)", (key, jsontext.dumps(value)))

    def delete_values(self, prefix: str) -> None:
        """Remove every value whose key begins with `prefix`."""
        self._values = {key: value for key, value in self._values.items() if not key.startswith(prefix)}
        self.write("DELETE FROM sim_value WHERE substr(key, 1, ?) = ?", (len(prefix), prefix))

    def next_number(self, name: str, start: int = 1) -> int:
        """The next number of a stored sequence; the first one is `start`."""
        number = self._sequences.get(name, start - 1) + 1
        self.set_sequence(name, number)
        return number

    def sequence(self, name: str) -> int:
        """The number that the sequence gave last; 0 before the first."""
        return self._sequences.get(name, 0)

    def set_sequence(self, name: str, last: int) -> None:
        """Make `last` the number that the sequence gave last."""
        self._sequences[name] = last
        self.write("INSERT OR REPLACE INTO sim_sequence VALUES (?, ?)", (name, last))

    def delete_sequences(self, prefix: str) -> None:
        """Forget every sequence whose name begins with `prefix`."""
        self._sequences = {
            name: last for name, last in self._sequences.items() if not name.startswith(prefix)
        }
        self.write("DELETE FROM sim_sequence WHERE substr(name, 1, ?) = ?", (len(prefix), prefix))

    def image(self) -> bytes:
        """All that is committed, for another store to begin with."""
        return self.connection.serialize()

    def close(self) -> None:
        """Commit and close the file."""
        self.commit()
        self.connection.close()

    def _forget(self) -> None:
        self._values.clear()
        self._sequences = dict(self.connection.execute("SELECT name, last FROM sim_sequence").fetchall())


def _index_part(part: str) -> str:
    """`name`, or `name COLLATE NOCASE`, or `name DESC`, with the name quoted."""
    name, _, rest = part.partition(" ")
    return f'"{name}" {rest}'.rstrip()
