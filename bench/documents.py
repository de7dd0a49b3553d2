"""N won opportunities of L lines become invoices: calls against the floor, metered reads, documents a minute.

    python bench/documents.py --records 1000 --lines 8

The floor (issue 5): Salesforce ceil(N/500) reads + ceil(N/1000) stamp queries + ceil(N/1000) composites of answers;
QuickBooks ceil(N/30) batches and no metered read, with every account and product linked before. `--unlinked` begins
with nothing linked: customers and items go first by themselves.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.installation import Installation, installation

PAIRS = ("account_customer", "product_item", "opportunity_invoice")
CHUNK = 200
ACCOUNTS, PRODUCTS = 50, 20


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--records", type=int, default=1000)
    words.add_argument("--lines", type=int, default=8)
    words.add_argument("--unlinked", action="store_true", help="nothing is linked when the documents are due")
    chosen = words.parse_args()
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with installation(seed="empty", latency="none", limits="off") as place:
        _measure(place, chosen)


def _measure(place: Installation, chosen: argparse.Namespace) -> None:
    from tests.services.spine import connect

    spine = connect(place.sim, winner="sf", recipes=PAIRS)
    parents = _parents(spine)
    if chosen.unlinked:
        _opportunities(spine, parents, chosen)
        before = _calls(place)
        began = time.monotonic()
        spine.first_load()
        _carry_on(spine)
    else:
        spine.first_load()
        _opportunities(spine, parents, chosen)
        time.sleep(3)  # stamps have whole seconds: what is read within its own is read again
        before = _calls(place)
        began = time.monotonic()
        spine.sync()
        _carry_on(spine)
    _print(place, spine, chosen, before, time.monotonic() - began)


def _carry_on(spine: Any) -> None:
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        before = _linked()
        spine.carry(seconds=60)
        if _linked() == before:
            return


def _linked() -> int:
    from syncapp.models import RecordLink

    return RecordLink.all_companies.filter(qbo_entity="Invoice", lifecycle="linked").count()


def _parents(spine: Any) -> dict[str, list[str]]:
    """Accounts and products with their standard prices; the ids that opportunities need."""
    book = spine.rows("SELECT Id FROM Pricebook2 WHERE IsStandard = true")[0]["Id"]
    accounts = _create(spine, "Account", [{"Name": f"Customer {n:04d}"} for n in range(ACCOUNTS)])
    products = _create(
        spine,
        "Product2",
        [
            {"Name": f"Product {n:03d}", "ProductCode": f"P-{n:03d}", "IsActive": True}
            for n in range(PRODUCTS)
        ],
    )
    entries = _create(
        spine,
        "PricebookEntry",
        [
            {"Pricebook2Id": book, "Product2Id": product, "UnitPrice": 10 + n, "IsActive": True}
            for n, product in enumerate(products)
        ],
    )
    return {"accounts": accounts, "entries": entries, "book": [book]}


def _opportunities(spine: Any, parents: dict[str, list[str]], chosen: argparse.Namespace) -> None:
    made = _create(
        spine,
        "Opportunity",
        [
            {
                "Name": f"Deal {n:05d}",
                "AccountId": parents["accounts"][n % ACCOUNTS],
                "StageName": "Closed Won",
                "CloseDate": "2026-11-20",
                "QBO_Generate__c": "Invoice",
                "Pricebook2Id": parents["book"][0],
            }
            for n in range(chosen.records)
        ],
    )
    _create(
        spine,
        "OpportunityLineItem",
        [
            {
                "OpportunityId": opportunity,
                "PricebookEntryId": parents["entries"][(n + line) % PRODUCTS],
                "Quantity": 1 + line,
                "UnitPrice": 10 + line,
            }
            for n, opportunity in enumerate(made)
            for line in range(chosen.lines)
        ],
    )


def _create(spine: Any, object_: str, rows: list[dict[str, Any]]) -> list[str]:
    ids: list[str] = []
    for start in range(0, len(rows), CHUNK):
        records = [{"attributes": {"type": object_}, **row} for row in rows[start : start + CHUNK]]
        answer = spine.sf("POST", "composite/sobjects", {"allOrNone": True, "records": records})
        ids += [row["id"] for row in answer]
    return ids


def _calls(place: Installation) -> Counter[tuple[str, str, str, bool]]:
    found: Counter[tuple[str, str, str, bool]] = Counter()
    for name, side in (("Salesforce", place.sim.salesforce), ("QuickBooks", place.sim.quickbooks)):
        for row in side.calls()["calls"]:
            found[name, row["method"], row["endpoint"], bool(row["metered"])] += row["count"]
    return found


def _print(
    place: Installation, spine: Any, chosen: argparse.Namespace, before: Counter[Any], seconds: float
) -> None:
    made, n = _calls(place) - before, chosen.records
    floor = math.ceil(n / 500) + 2 * math.ceil(n / 1000) + math.ceil(n / 30)
    linked = _linked()
    print(
        f"opportunities {n} of {chosen.lines} lines, parents {'not ' if chosen.unlinked else ''}linked before"
    )
    print(f"invoices linked {linked}, in QuickBooks {len(spine.booked('Invoice'))} (a page)")
    for (system, method, endpoint, metered), count in sorted(made.items()):
        mark = "metered" if metered and system == "QuickBooks" else ""
        print(f"  {system:10} {method:6} {endpoint:60} {count:6} {mark}")
    print(
        f"calls {sum(made.values())}, floor {floor}, allowed {math.floor(floor * 1.1 + 2)} (beside the polls)"
    )
    print(f"{seconds:.1f} s: {60 * linked / seconds:.0f} documents a minute in one process")


if __name__ == "__main__":
    main()
