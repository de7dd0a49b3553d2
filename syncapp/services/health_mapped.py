"""Whether the connected user may do in Salesforce what the published mappings do there, object by object: those that
records belong to, and those of their lines and other child rows."""

from __future__ import annotations

from dataclasses import dataclass, field

from connectors.contracts import ObjectInfo, Side
from connectors.salesforce.client import SalesforceClient
from syncapp.engine.lines import CHILD, picked
from syncapp.engine.mapping import FieldSpec, MappingSpec, ValueType, WriteMode
from syncapp.models import Connection, Mapping
from syncapp.recipes import RECIPES, STARTERS
from syncapp.services.checks import Check, bad, good, warn
from syncapp.store import specs


@dataclass(slots=True)
class Need:
    """What the mappings do with one object. `read`, `create` and `edit` are the fields that they do it with."""

    name: str
    read: set[str] = field(default_factory=set)
    create: set[str] = field(default_factory=set)
    edit: set[str] = field(default_factory=set)
    creates: bool = False
    edits: bool = False

    def add(self, row: FieldSpec, name: str) -> None:
        """A row reads this field of the object, and writes it where the row leads to Salesforce."""
        self.read.add(name)
        if row.direction.allows(Side.SALESFORCE):
            self.edits = True
            (self.create if row.write is WriteMode.ON_CREATE else self.edit).add(name)


def check(client: SalesforceClient, connection: Connection) -> list[Check]:
    """The checks of every object that a mapping of this org touches; one describe each. Raises ConnectorError."""
    rows = Mapping.objects.filter(integration__salesforce=connection, published_number__gt=0)
    published = [specs.published_spec(row) for row in rows.exclude(mode="off").order_by("id")]
    needs = needs_of([spec for spec in published if spec is not None])
    infos = client.user_rights(list(needs))
    starters = {RECIPES[key].sf_object for key in STARTERS}
    found: list[Check] = []
    for name, need in needs.items():
        rights = (
            [] if name in starters else _rights(need, infos[name])
        )  # those are asked for before any mapping is
        found += rights or _fields(need, infos[name])
    return found


def needs_of(published: list[MappingSpec]) -> dict[str, Need]:
    """What these mappings do, by object."""
    needs: dict[str, Need] = {}
    for spec in published:
        own = needs.setdefault(spec.sf_object, Need(spec.sf_object))
        writes = any(row.direction.allows(Side.SALESFORCE) for row in spec.header)
        own.creates |= writes and spec.policies.create_in_sf
        if spec.external_id_field:
            own.edit.add(spec.external_id_field)
            own.edits = True
        for row in spec.fields:
            _note(spec, row, needs)
    return needs


def _note(spec: MappingSpec, row: FieldSpec, needs: dict[str, Need]) -> None:
    """The object and field of one row. Paths through parents (Owner.Name) are other people's objects."""
    path, name = row.sf_path, spec.sf_object
    if not path or row.type is ValueType.LINES or path == "Id":
        return
    if row.part:
        name = str((spec.options.get("lines") or {}).get("sf_object") or "")
    elif CHILD in path:
        child = picked(spec, path)
        name, path = (child.sf_object, child.member) if child is not None else ("", "")
    if not name or not path or "." in path:
        return
    need = needs.setdefault(name, Need(name))
    need.add(row, path)
    if name != spec.sf_object:
        need.creates |= row.direction.allows(Side.SALESFORCE)


def _rights(need: Need, info: ObjectInfo | None) -> list[Check]:
    """What is missing on the object itself; empty where nothing is."""
    if info is None or not info.queryable:
        return [
            bad(
                f"{need.name}.mapped",
                f"{need.name}: the connected user may not see it",
                "A mapping that is on reads it; nothing of that mapping can be synced.",
                f"Give the user Read on {need.name}, for example by a permission set, or switch the mapping off.",
            )
        ]
    missing = ["Create"] if need.creates and not info.createable else []
    missing += ["Edit"] if need.edits and not info.updateable else []
    if not missing:
        return []
    return [
        bad(
            f"{need.name}.mapped",
            f"{need.name}: the connected user may not {' or '.join(word.lower() for word in missing)} it",
            "A mapping that is on writes it in Salesforce.",
            f"Give the user {' and '.join(missing)} on {need.name}.",
        )
    ]


def _fields(need: Need, info: ObjectInfo | None) -> list[Check]:
    if info is None:
        return []
    fields = {one.name.casefold(): one for one in info.fields}
    hidden = sorted(name for name in need.read | need.edit if name.casefold() not in fields)
    shut = sorted(
        name
        for name in need.create | need.edit
        if (one := fields.get(name.casefold())) is not None
        and not (one.updateable if name in need.edit else one.createable)
    )
    if not hidden and not shut:
        count = len(need.read | need.edit)
        return [
            good(
                f"{need.name}.mapped",
                f"{need.name}: what the mappings need is open",
                f"{count} field{'' if count == 1 else 's'}",
            )
        ]
    told = [f"not visible: {', '.join(hidden)}"] if hidden else []
    told += [f"read only: {', '.join(shut)}"] if shut else []
    return [
        warn(
            f"{need.name}.mapped",
            f"{need.name}: mapped fields are closed to the connected user",
            "; ".join(told),
            "Open them by field-level security, or take them out of the mapping. A field missing here is hidden.",
        )
    ]
