"""`/query`, `/queryAll` and `/query/{locator}` (reference/salesforce.md 3)."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from connectors.simulator.salesforce import ids
from connectors.simulator.salesforce.errors import Refused
from connectors.simulator.salesforce.soql.compile import Compiler
from connectors.simulator.salesforce.soql.literals import Clockwork
from connectors.simulator.salesforce.soql.parser import parse
from connectors.simulator.salesforce.soql.run import Runner

from .call import Answer, Call, page_size
from .columns import column_metadata

if TYPE_CHECKING:
    from connectors.simulator.salesforce.soql.plan import Plan

    from .engine import Engine

_LOCATOR = re.compile(r"(01g[0-9A-Za-z]{12}(?:[0-9A-Za-z]{3})?)-(\d{1,9})")
_KEPT_PLANS = 500
_plans: OrderedDict[tuple[int, int, int, str, bool, str], Plan] = OrderedDict()


def add_routes(engine: Engine) -> None:
    engine.route("GET", "/query", query)
    engine.route("GET", "/queryAll", query_all)
    engine.route("GET", "/query/{locator}", more)
    engine.route("GET", "/queryAll/{locator}", more)
    engine.route("GET", "/tooling/query", tooling_query)
    engine.route("GET", "/tooling/query/{locator}", more)


def plan_of(call: Call, soql: str, *, tooling: bool = False) -> Plan:
    """The compiled query. Raises SoqlError. Plans without date words are kept."""
    key = (id(call.org), call.org.number, call.org.version, soql, tooling, call.user_id)
    if key in _plans:
        _plans.move_to_end(key)
        return _plans[key]
    clock = Clockwork(call.now, call.org.zone, call.org.fiscal_start)
    plan = Compiler(call.org.catalog, clock, call.user_id).compile(parse(soql), tooling)
    if plan.timeless:
        _plans[key] = plan
        if len(_plans) > _KEPT_PLANS:
            _plans.popitem(last=False)
    return plan


def query(call: Call) -> Answer:
    soql = _soql(call)
    if call.query("columns").lower() == "true":
        return Answer(column_metadata(plan_of(call, soql), soql))
    return Answer(run_query(call, soql, all_rows=False))


def query_all(call: Call) -> Answer:
    return Answer(run_query(call, _soql(call), all_rows=True))


def tooling_query(call: Call) -> Answer:
    """The Tooling envelope has three keys more."""
    soql = _soql(call)
    plan = plan_of(call, soql, tooling=True)
    if call.query("columns").lower() == "true":
        return Answer(column_metadata(plan, soql))
    found = run_query(call, soql, all_rows=False, tooling=True)
    head = {"size": len(found["records"]), "totalSize": found["totalSize"], "done": found["done"]}
    return Answer(
        {**head, "queryLocator": None, "entityTypeName": plan.entity.name, "records": found["records"]}
    )


def _soql(call: Call) -> str:
    soql = call.query("q")
    if not soql.strip():
        raise Refused("MALFORMED_QUERY", "A query string has to be specified")
    return soql


def run_query(call: Call, soql: str, *, all_rows: bool, tooling: bool = False) -> dict[str, Any]:
    """The answer of a query's first page. Raises SoqlError."""
    plan = plan_of(call, soql, tooling=tooling)
    runner = _runner(call, soql, all_rows, page_size(call.request), tooling=tooling)
    if plan.counts_only:
        return {"totalSize": runner.count(plan), "done": True, "records": []}
    if plan.is_aggregate:
        rows = runner.aggregate(plan)
        return {"totalSize": len(rows), "done": True, "records": rows}
    page = runner.first_page(plan)
    answer: dict[str, Any] = {"totalSize": page.total, "done": not page.rest}
    if page.rest:
        cursor = call.engine.cursors.open(
            call.org, call.user_id, soql, page.rest, all_rows=all_rows, batch=runner.batch
        )
        answer["nextRecordsUrl"] = f"{call.root}/query/{cursor}-{page.next_index}"
    answer["records"] = page.records
    return answer


def _runner(
    call: Call, soql: str, all_rows: bool, batch: int, *, tooling: bool = False, at: str = ""
) -> Runner:
    def keep(plan: Plan, rows: list[int], shown: int) -> str:
        child = f"{at}/{plan.entity.name}" if at else plan.entity.name
        cursor = call.engine.cursors.open(
            call.org, call.user_id, soql, rows, all_rows=all_rows, batch=batch, child=child
        )
        return f"{call.root}/query/{cursor}-{shown}"

    url = f"{call.root}/tooling/sobjects/" if tooling else call.url
    return Runner(call.org.world.store, url, all_rows, batch, keep)


def more(call: Call) -> Answer:
    """The next page. A locator may be asked for again: it stays good."""
    match = _LOCATOR.fullmatch(call.param("locator"))
    cursor = call.engine.cursors.find(call.org, call.user_id, _full(match[1])) if match else None
    if match is None or cursor is None or int(match[2]) > len(cursor.rows):
        raise Refused("INVALID_QUERY_LOCATOR", "invalid query locator")
    plan = _child_plan(plan_of(call, cursor.soql), cursor.child)
    runner = _runner(call, cursor.soql, cursor.all_rows, cursor.batch, at=cursor.child)
    records, end = runner.later_page(plan, cursor.rows, int(match[2]))
    done = end >= len(cursor.rows)
    answer: dict[str, Any] = {"totalSize": len(cursor.rows), "done": done}
    if not done:
        answer["nextRecordsUrl"] = f"{call.root}/query/{cursor.id}-{end}"
    answer["records"] = records
    return Answer(answer)


def _full(cursor_id: str) -> str:
    return ids.to_18(cursor_id) or cursor_id


def _child_plan(plan: Plan, child: str) -> Plan:
    for name in filter(None, child.split("/")):
        plan = next(one.plan for one in plan.children if one.plan.entity.name == name)
    return plan
