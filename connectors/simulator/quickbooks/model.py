"""What an entity is, as data: fields with types, lengths and flags, and how they are written down.

A field list is text, one field per line or separated by semicolons: `GivenName str(100) FO`.
Types: `str bool num int date time ref any`, `enum(A|B)`, or the name of a part (`PhysicalAddress`); `[X]` is a list.
Flags: `F` filterable, `O` orderable, `r` read-only (sent values are ignored).
Source: quickbooks.md 3 and 4.4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_LINE = re.compile(
    r"^(?P<name>\w+)\s+(?P<list>\[)?(?P<type>\w+)(?:\((?P<arguments>[^)]*)\))?\]?(?:\s+(?P<flags>[FOr]+))?$"
)
_SIMPLE = {"str", "bool", "num", "int", "date", "time", "ref", "any", "enum"}


@dataclass(frozen=True)
class Field:
    """One member of an entity or part. `type` is a simple type or a part's name; `maximum` 0 means no limit."""

    name: str
    type: str
    is_list: bool = False
    maximum: int = 0
    options: tuple[str, ...] = ()
    filterable: bool = False
    orderable: bool = False
    read_only: bool = False

    @property
    def is_part(self) -> bool:
        return self.type not in _SIMPLE


def parse_fields(text: str) -> dict[str, Field]:
    """The fields of a list, in order."""
    fields: dict[str, Field] = {}
    for line in re.split(r"[;\n]", text):
        if not line.strip():
            continue
        found = _LINE.match(line.strip())
        if found is None:
            raise ValueError(f"cannot read the field definition {line.strip()!r}")
        flags = found["flags"] or ""
        arguments = found["arguments"] or ""
        fields[found["name"]] = Field(
            name=found["name"],
            type=found["type"],
            is_list=bool(found["list"]),
            maximum=int(arguments) if found["type"] == "str" and arguments else 0,
            options=tuple(arguments.split("|")) if found["type"] == "enum" else (),
            filterable="F" in flags,
            orderable="O" in flags,
            read_only="r" in flags,
        )
    return fields


@dataclass(frozen=True)
class Entity:
    """One object type of the API.

    kind: `list` (soft delete), `transaction` (hard delete), `single` (one per company), `other`.
    sequence: which id sequence it draws from (quickbooks.md 2.7). name_field: what must be unique; name_family: among
    which entities. operations: what a client may do (`create update delete void query read send`).
    events: webhook operations it raises, under `event_name` where that is not its own name. default_order: what a query without ORDERBY comes in.
    """

    name: str
    fields: dict[str, Field]
    kind: str = "list"
    sequence: str = ""
    name_field: str = ""
    name_family: str = ""
    operations: frozenset[str] = frozenset({"create", "update", "query", "read"})
    required: tuple[str, ...] = ()
    default_order: tuple[str, bool] = ("n", False)
    in_cdc: bool = True
    events: frozenset[str] = frozenset()
    event_name: str = ""
    hierarchy_flag: str = ""
    reference_word: str = ""
    forbidden_in_name: str = ":"
    table: str = field(default="")

    @property
    def path(self) -> str:
        """The resource name in the path, e.g. `salesreceipt`."""
        return self.name.lower()

    @property
    def columns(self) -> dict[str, Field]:
        """The members that are kept as columns: all that can be filtered or ordered by, by their query name."""
        return {name: f for name, f in self.fields.items() if (f.filterable or f.orderable) and not f.is_part}
