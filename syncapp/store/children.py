"""Which records refer to a record, as far as the mappings know: found in what both sides held at the last agreement."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from connectors.contracts import Side
from syncapp.engine.compiled import compile_spec
from syncapp.models import CLOSED_LIFECYCLES, LinkBase, Mapping
from syncapp.store import specs
from syncapp.store.links import LinkRow


@dataclass(frozen=True, slots=True)
class Children:
    """Records that refer to one: the `names` of those that stay, and the link ids of those that go `first`."""

    names: tuple[str, ...] = ()
    first: tuple[str, ...] = ()


def of(mapping: Mapping, rows: Sequence[LinkRow], going: Collection[UUID]) -> dict[UUID, Children]:
    """The children of these links of one mapping; `going` are links that are taken back with them."""
    by_id = {(side, remote_id): row.id for row in rows for side in Side if (remote_id := row.remote_id(side))}
    found: dict[UUID, dict[UUID, str]] = {}
    for child_mapping, keys in _referring(mapping):
        for side, key in keys:
            ids = [remote_id for held_side, remote_id in by_id if held_side is side]
            for child, name, remote_id in _holding(child_mapping, side, key, ids):
                parent = by_id[side, remote_id]
                if child != parent:
                    found.setdefault(parent, {})[child] = name
    return {parent: _divided(some, going) for parent, some in found.items()}


def _divided(some: dict[UUID, str], going: Collection[UUID]) -> Children:
    return Children(
        names=tuple(sorted(name for child, name in some.items() if child not in going)),
        first=tuple(sorted(str(child) for child in some if child in going)),
    )


def _referring(mapping: Mapping) -> Iterable[tuple[Mapping, list[tuple[Side, str]]]]:
    """Mappings of the same pair with rows that refer to this one."""
    for other in Mapping.objects.filter(integration_id=mapping.integration_id).order_by("id"):
        spec = specs.published_spec(other)
        if spec is None:
            continue
        rows = [row for row in compile_spec(spec).references if row.spec.refers_to == mapping.key]
        if rows:
            yield other, [(side, row.key) for row in rows for side in Side]


def _holding(mapping: Mapping, side: Side, key: str, ids: Sequence[str]) -> Iterable[tuple[UUID, str, str]]:
    column = f"{side.value}_base__{key}"
    rows = LinkBase.objects.filter(link__mapping=mapping, **{f"{column}__in": list(ids)})
    rows = rows.exclude(link__lifecycle__in=CLOSED_LIFECYCLES)
    return rows.values_list("link_id", "link__name", column)
