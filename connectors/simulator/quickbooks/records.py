"""Records in the store: one table per entity, the body as the JSON text of the wire plus a column per query field."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.simulator import jsontext
from connectors.simulator.quickbooks.definitions import ENTITIES
from connectors.simulator.quickbooks.model import Entity, Field
from connectors.simulator.quickbooks.times import parse_instant, seconds
from connectors.simulator.store import Column, SqlValue, Store, Table

# Query names that are no plain member: where they lie in the body.
_SPECIAL: dict[str, tuple[str, ...]] = {
    "MetaData.CreateTime": ("MetaData", "CreateTime"),
    "MetaData.LastUpdatedTime": ("MetaData", "LastUpdatedTime"),
    "PrimaryEmailAddr": ("PrimaryEmailAddr", "Address"),
}
Body = dict[str, Any]


def table_name(entity: Entity) -> str:
    return f"qbo_{entity.path}"


def column_name(query_name: str) -> str:
    """The column of a query field; exact spelling of the definitions."""
    return "f_" + query_name.replace(".", "_")


def query_fields(entity: Entity) -> dict[str, Field]:
    """Every field a query may name, by its name in lower case; refs by their bare name."""
    fields = {name.lower(): field for name, field in entity.columns.items()}
    for name in ("MetaData.CreateTime", "MetaData.LastUpdatedTime"):
        fields[name.lower()] = Field(name, "time", filterable=True, orderable=True)
    if "PrimaryEmailAddr" in entity.fields:
        fields["primaryemailaddr"] = Field("PrimaryEmailAddr", "str", filterable=True)
    if entity.name == "Attachable":
        for part in ("Type", "value"):
            name = f"AttachableRef.EntityRef.{part}"
            fields[name.lower()] = Field(name, "str", filterable=True)
    return fields


class Records:
    """All records of all companies. Bodies are JSON texts; `deleted` rows are the stubs that CDC still lists."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._fields: dict[str, list[Field]] = {}
        self._inserts: dict[str, str] = {}
        for entity in ENTITIES.values():
            self._define(entity)
        store.define(
            Table(
                "qbo_name",
                (Column("realm"), Column("family"), Column("key"), Column("entity"), Column("id")),
                ("realm", "family", "key"),
                without_rowid=True,
            )
        )

    def _define(self, entity: Entity) -> None:
        fields = list(query_fields(entity).values())
        self._fields[entity.path] = fields
        columns = [Column("realm"), Column("id"), Column("n", "INTEGER"), Column("deleted", "INTEGER")]
        columns += [Column("updated", "INTEGER"), Column("parent"), Column("unapplied", "REAL")]
        columns += [Column(column_name(f.name), _sql_type(f)) for f in fields if f.name != "Id"]
        columns.append(Column("body"))  # last: SQLite then reads the other columns without it
        indexes: list[tuple[str, ...]] = [
            ("realm", "deleted", "n"),
            ("realm", "updated"),
            ("realm", "deleted", "f_MetaData_LastUpdatedTime"),
        ]
        order = entity.default_order[0]
        if order not in ("n", "MetaData.LastUpdatedTime"):
            indexes.append(("realm", "deleted", column_name(order)))
        if "CustomerRef" in entity.columns:
            amount = "f_Balance" if "Balance" in entity.columns else "unapplied"
            indexes.append(("realm", "deleted", "f_CustomerRef", amount))
        if "DocNumber" in entity.columns:
            indexes.append(("realm", "deleted", "f_DocNumber"))
        if entity.name_field in entity.columns and order != entity.name_field:
            indexes.append(("realm", "deleted", column_name(entity.name_field)))
        if entity.hierarchy_flag or entity.name == "Account":
            indexes.append(("realm", "parent"))
        table = Table(table_name(entity), tuple(columns), ("realm", "id"), tuple(indexes))
        self._store.define(table)
        names = ", ".join(f'"{column.name}"' for column in columns)
        marks = ", ".join("?" * len(columns))
        self._inserts[entity.path] = f'INSERT OR REPLACE INTO "{table.name}" ({names}) VALUES ({marks})'

    # -- reading ------------------------------------------------------------------------------------------------

    def text(self, realm: str, entity: Entity, record_id: str) -> str | None:
        """The stored JSON text of a live record."""
        row = self._store.row(
            f'SELECT body FROM "{table_name(entity)}" WHERE realm = ? AND id = ? AND deleted = 0',
            (realm, record_id),
        )
        return None if row is None else row[0]

    def get(self, realm: str, entity: Entity, record_id: str) -> Body | None:
        """A live record."""
        text = self.text(realm, entity, record_id)
        return None if text is None else jsontext.loads(text)

    def children(self, realm: str, entity: Entity, parent_id: str) -> list[Body]:
        """The live records whose parent is `parent_id`."""
        rows = self._store.rows(
            f'SELECT body FROM "{table_name(entity)}" WHERE realm = ? AND parent = ? AND deleted = 0',
            (realm, parent_id),
        )
        return [jsontext.loads(row[0]) for row in rows]

    def find(self, realm: str, entity: Entity, where: str, parameters: tuple[SqlValue, ...]) -> list[Body]:
        """Live records by a condition on columns, oldest first."""
        rows = self._store.rows(
            f'SELECT body FROM "{table_name(entity)}" WHERE realm = ? AND deleted = 0 AND ({where}) ORDER BY n',
            (realm, *parameters),
        )
        return [jsontext.loads(row[0]) for row in rows]

    # -- writing ------------------------------------------------------------------------------------------------

    def put(self, realm: str, entity: Entity, body: Body) -> str:
        """Store a live record (new or changed). Returns its JSON text."""
        text = jsontext.dumps(body)
        self._store.write(self._inserts[entity.path], self._row(realm, entity, body, text))
        return text

    def remove(self, realm: str, entity: Entity, record_id: str, stub: Body, when: datetime) -> None:
        """Turn a record into the stub that change capture lists."""
        self._store.write(
            f'UPDATE "{table_name(entity)}" SET deleted = 1, updated = ?, body = ? WHERE realm = ? AND id = ?',
            (seconds(when), jsontext.dumps(stub), realm, record_id),
        )

    def _row(self, realm: str, entity: Entity, body: Body, text: str) -> list[SqlValue]:
        record_id = str(body["Id"])
        updated = parse_instant(str(body["MetaData"]["LastUpdatedTime"]))
        parent = body.get("ParentRef") or {}
        row: list[SqlValue] = [
            realm,
            record_id,
            int(record_id) if record_id.isdigit() else 0,
            0,
            seconds(updated) if updated else 0,
            parent.get("value"),
            float(body.get("UnappliedAmt") or 0),
        ]
        row += [_column_value(f, body) for f in self._fields[entity.path] if f.name != "Id"]
        row.append(text)
        return row

    # -- names --------------------------------------------------------------------------------------------------

    def name_owner(self, realm: str, family: str, name: str) -> tuple[str, str] | None:
        """Which record (entity path, id) holds this name in its family, in any case."""
        row = self._store.row(
            "SELECT entity, id FROM qbo_name WHERE realm = ? AND family = ? AND key = ?",
            (realm, family, name.casefold()),
        )
        return None if row is None else (row[0], row[1])

    def take_name(self, realm: str, entity: Entity, name: str, record_id: str) -> None:
        """Let a record hold a name."""
        self._store.write(
            "INSERT OR REPLACE INTO qbo_name VALUES (?, ?, ?, ?, ?)",
            (realm, entity.name_family, name.casefold(), entity.path, record_id),
        )

    def free_name(self, realm: str, family: str, name: str, record_id: str) -> None:
        """Let a record's name go."""
        self._store.write(
            "DELETE FROM qbo_name WHERE realm = ? AND family = ? AND key = ? AND id = ?",
            (realm, family, name.casefold(), record_id),
        )


def _sql_type(field: Field) -> str:
    return {"num": "REAL", "int": "INTEGER", "bool": "INTEGER", "time": "INTEGER"}.get(field.type, "TEXT")


def _column_value(field: Field, body: Body) -> SqlValue:
    if field.name.startswith("AttachableRef."):
        part = field.name.rsplit(".", 1)[1].lower()
        refs = [(ref.get("EntityRef") or {}).get(part, "") for ref in body.get("AttachableRef", [])]
        return "|" + "|".join(refs) + "|"
    value: Any = body
    for name in _SPECIAL.get(field.name, (field.name,)):
        value = value.get(name) if isinstance(value, dict) else None
    if value is None:
        return None
    if field.type == "time":
        instant = parse_instant(str(value))
        return seconds(instant) if instant else None
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return str(value.get("value", ""))
    return value if isinstance(value, int | float) else str(value)
