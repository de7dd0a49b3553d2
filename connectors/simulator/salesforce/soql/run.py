"""Running a plan: pages, children, aggregates, and the JSON of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import SoqlError
from .plan import ChildPlan, Leaf, Node, Plan, Target

if TYPE_CHECKING:
    from connectors.simulator.store import Store

MAX_ROWS = 2000


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a query: how many there are in all, the records, and the row ids of those not shown yet."""

    total: int
    records: list[dict[str, Any]]
    #: Row ids of the whole result and the index of the first one not shown; empty when all are shown.
    rest: list[int]
    next_index: int = 0


@dataclass(slots=True)
class Runner:
    """Runs plans of one org. `url` is the prefix of record URLs: `/services/data/v66.0/sobjects/`."""

    store: Store
    url: str
    all_rows: bool
    batch: int
    #: Keeps the rest of a too long child list and returns its locator URL.
    keep_child_rest: Any = None

    # -- whole answers --------------------------------------------------------------------------------------

    def count(self, plan: Plan) -> int:
        sql = f"SELECT count(*) FROM {plan.source}{plan.filter(self.all_rows)}"
        total: int = self.store.rows(sql, plan.parameters)[0][0]
        total = max(0, total - plan.offset)
        return total if plan.limit is None else min(total, plan.limit)

    def first_page(self, plan: Plan) -> Page:
        """The first `batch` records; when there are more, the row ids of all of them."""
        wanted = self.batch + 1 if plan.limit is None else min(plan.limit, self.batch + 1)
        rows = self.rows(plan, wanted)
        if len(rows) <= self.batch:
            shown = self.fitting(plan, rows)
            if shown == len(rows):
                return Page(len(rows), self.records(plan, rows), [])
        ids = self.row_ids(plan)
        shown = self.fitting(plan, rows[: self.batch])
        return Page(len(ids), self.records(plan, rows[:shown]), ids, shown)

    def later_page(self, plan: Plan, ids: Sequence[int], start: int) -> tuple[list[dict[str, Any]], int]:
        """The records from `start` on, and the index of the first one not shown."""
        rows = self.by_row_id(plan, ids[start : start + self.batch])
        shown = max(1, self.fitting(plan, rows)) if rows else 0
        end = start + self.batch if shown >= len(rows) else start + shown
        return self.records(plan, rows[:shown]), min(end, len(ids))

    def aggregate(self, plan: Plan) -> list[dict[str, Any]]:
        """The rows of an aggregate query. Raises SoqlError beyond 2,000 of them: there is no second page."""
        records: list[dict[str, Any]] = []
        having = f" HAVING {plan.having}" if plan.having else ""
        for group_by, columns in plan.grouping_sets:
            grouped = f" GROUP BY {group_by}" if group_by else ""
            order = plan.order if len(plan.grouping_sets) == 1 else ""
            limit = MAX_ROWS + 1 if plan.limit is None else plan.limit
            sql = (
                f"SELECT {', '.join(columns)} FROM {plan.source}{plan.filter(self.all_rows)}{grouped}{having}"
                f"{order} LIMIT {limit} OFFSET {plan.offset}"
            )
            for row in self.store.rows(sql, plan.parameters):
                record: dict[str, Any] = {"attributes": {"type": "AggregateResult"}}
                for key, column, read in plan.aggregates:
                    value = row[column]
                    record[key] = value if read is None or value is None else read(value, row)
                records.append(record)
        if len(records) > MAX_ROWS:
            raise SoqlError(
                "EXCEEDED_ID_LIMIT",
                "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch",
            )
        return records

    # -- rows -----------------------------------------------------------------------------------------------

    def rows(self, plan: Plan, limit: int) -> list[tuple[Any, ...]]:
        sql = (
            f"SELECT {', '.join(plan.columns)} FROM {plan.source}{plan.filter(self.all_rows)}{plan.order}"
            f" LIMIT {limit} OFFSET {plan.offset}"
        )
        return self.store.rows(sql, plan.parameters)

    def row_ids(self, plan: Plan) -> list[int]:
        limit = -1 if plan.limit is None else plan.limit
        sql = (
            f"SELECT {plan.alias}.rowid FROM {plan.source}{plan.filter(self.all_rows)}{plan.order}"
            f" LIMIT {limit} OFFSET {plan.offset}"
        )
        return [row[0] for row in self.store.rows(sql, plan.parameters)]

    def by_row_id(self, plan: Plan, ids: Sequence[int]) -> list[tuple[Any, ...]]:
        """The rows of these row ids in that order; those gone for good meanwhile are left out."""
        if not ids:
            return []
        listed = ", ".join(map(str, ids))
        sql = (
            f"SELECT {', '.join(plan.columns)}, {plan.alias}.rowid FROM {plan.source}"
            f" WHERE {plan.alias}.rowid IN ({listed})"
        )
        found = {row[-1]: row for row in self.store.rows(sql)}
        return [found[one] for one in ids if one in found]

    # -- records --------------------------------------------------------------------------------------------

    def fitting(self, plan: Plan, rows: list[tuple[Any, ...]]) -> int:
        """How many of the rows fit into a page: children count too (reference 3.3)."""
        if not plan.children or not rows:
            return len(rows)
        column = plan.id_column
        counts = self.child_counts(plan, [row[column] for row in rows])
        used = 0
        for index, row in enumerate(rows):
            used += 1 + counts.get(row[column], 0)
            if used > MAX_ROWS and index > 0:
                return index
        return len(rows)

    def child_counts(self, plan: Plan, ids: list[str]) -> dict[str, int]:
        counts: dict[str, int] = {}
        for child in plan.children:
            where = child.plan.filter(self.all_rows)
            key = f'{child.plan.alias}."{child.foreign_key}"'
            sql = (
                f"SELECT {key}, count(*) FROM {child.plan.source}{where or ' WHERE 1'}"
                f" AND {key} IN ({_marks(ids)}) GROUP BY {key}"
            )
            for parent, count in self.store.rows(sql, [*child.plan.parameters, *ids]):
                shown = count if child.limit is None else min(count, child.limit)
                counts[parent] = counts.get(parent, 0) + min(shown, self.batch)
        return counts

    def records(self, plan: Plan, rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
        """The rows as records, parents nested and children attached."""
        if plan.root is None or not rows:
            return []
        target = plan.root.targets[0]
        shared: list[dict[str, Any]] = []
        if plan.children:
            ids = [row[target.id_column] for row in rows]
            shared = [self.children_of(child, ids) for child in plan.children]
        if not any(isinstance(member, Node) for member in target.members.values()) and not shared:
            return self.flat(target, rows)
        return [self.record(target, row, shared) for row in rows]

    def flat(self, target: Target, rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
        """Records without relationships: the common case, kept short."""
        name = target.entity.name
        url = f"{self.url}{name}/"
        id_column = target.id_column
        members = [
            (key, leaf.column, leaf.read) for key, leaf in target.members.items() if isinstance(leaf, Leaf)
        ]
        records = []
        for row in rows:
            record: dict[str, Any] = {"attributes": {"type": name, "url": url + row[id_column]}}
            for key, column, read in members:
                record[key] = row[column] if read is None else read(row[column], row)
            records.append(record)
        return records

    def record(self, target: Target, row: tuple[Any, ...], shared: list[dict[str, Any]]) -> dict[str, Any]:
        name = target.entity.name
        found: dict[str, Any] = {
            "attributes": {"type": name, "url": f"{self.url}{name}/{row[target.id_column]}"}
        }
        for key, member in target.members.items():
            if isinstance(member, Node):
                found[key] = self.parent(member, row)
            elif member.column < 0:
                found[key] = shared[-member.column - 1].get(row[target.id_column])
            else:
                value = row[member.column]
                found[key] = value if member.read is None else member.read(value, row)
        return found

    def parent(self, node: Node, row: tuple[Any, ...]) -> dict[str, Any] | None:
        for target in node.targets:
            if row[target.id_column] is not None:
                return self.record(target, row, [])
        return None

    def children_of(self, child: ChildPlan, parents: list[str]) -> dict[str, Any]:
        """For each parent with children: the sub-result as it stands in the parent's record."""
        plan = child.plan
        key = f'{plan.alias}."{child.foreign_key}"'
        where = plan.filter(self.all_rows)
        sql = (
            f"SELECT {', '.join(plan.columns)}, {plan.alias}.rowid FROM {plan.source}{where or ' WHERE 1'}"
            f" AND {key} IN ({_marks(parents)}){plan.order}"
        )
        groups: dict[str, list[tuple[Any, ...]]] = {}
        for row in self.store.rows(sql, [*plan.parameters, *parents]):
            groups.setdefault(row[-2], []).append(row)
        end = None if child.limit is None else child.offset + child.limit
        found: dict[str, Any] = {}
        for parent, rows in groups.items():
            kept = rows[child.offset : end]
            if kept:
                found[parent] = self.sub_result(plan, kept)
        return found

    def sub_result(self, plan: Plan, rows: list[tuple[Any, ...]]) -> dict[str, Any]:
        shown = rows[: self.batch]
        result: dict[str, Any] = {"totalSize": len(rows), "done": len(shown) == len(rows)}
        if len(shown) < len(rows) and self.keep_child_rest is not None:
            result["nextRecordsUrl"] = self.keep_child_rest(plan, [row[-1] for row in rows], len(shown))
        result["records"] = self.records(plan, shown)
        return result


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
