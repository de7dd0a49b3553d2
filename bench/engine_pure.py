"""CPU of the pure engine per record: projecting, merging, deciding, composing, moving bases. No database, no network.

Usage: python bench/engine_pure.py [--records N] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from connectors.contracts import RecordState, RemoteRecord, Side, Token
from syncapp.engine.bases import held_after
from syncapp.engine.decide import decide
from syncapp.engine.decision import Decision, LinkView, Situation
from syncapp.engine.mapping import OnConflict
from syncapp.engine.match import keys_of
from syncapp.engine.projection import compose, compose_create, from_json, project, to_json, unknown_units
from syncapp.recipes import Template, get, prepare
from tests.engine.agreed import after_adoption, after_write, bases_of

NOW = datetime(2026, 11, 21, tzinfo=UTC)
SPEC = prepare(get("account_customer"), Template.BIDIRECTIONAL, OnConflict.SF).spec
ACCOUNT = {
    "Id": "001000000000001AAA",
    "Name": "Cool Cars & Sons",
    "BillingStreet": "65 Ocean Dr.\r\nSuite 12",
    "BillingCity": "Half Moon Bay",
    "BillingState": "California",
    "BillingPostalCode": "94213",
    "BillingCountry": "United States",
    "ShippingStreet": "65 Ocean Dr.",
    "ShippingCity": "Half Moon Bay",
    "ShippingState": "California",
    "ShippingPostalCode": "94213",
    "ShippingCountry": "United States",
    "Phone": "(415) 555-9933",
    "Website": "http://coolcars.example",
    "Description": "Wholesale since 1998",
}
CUSTOMER = {
    "Id": "3",
    "DisplayName": "Cool Cars & Sons",
    "CompanyName": "Cool Cars & Sons",
    "BillAddr": {
        "Id": "4",
        "Line1": "65 Ocean Dr.",
        "Line2": "Suite 12",
        "City": "Half Moon Bay",
        "CountrySubDivisionCode": "CA",
        "PostalCode": "94213",
        "Country": "USA",
    },
    "ShipAddr": {
        "Id": "4",
        "Line1": "65 Ocean Dr.",
        "City": "Half Moon Bay",
        "CountrySubDivisionCode": "CA",
        "PostalCode": "94213",
        "Country": "USA",
    },
    "PrimaryPhone": {"FreeFormNumber": "(415) 555-9933"},
    "WebAddr": {"URI": "http://coolcars.example"},
    "Notes": "Wholesale since 1998",
    "Balance": Decimal(0),
}


def record(side: Side, body: dict[str, object], version: str = "1") -> RemoteRecord:
    name = "Account" if side is Side.SALESFORCE else "Customer"
    return RemoteRecord(side, name, str(body["Id"]), Token(version, NOW), RecordState.LIVE, body)


SF, QBO = record(Side.SALESFORCE, ACCOUNT), record(Side.QUICKBOOKS, CUSTOMER)
SF_BASE = to_json(SPEC, project(Side.SALESFORCE, SF, SPEC))
QBO_BASE = to_json(SPEC, project(Side.QUICKBOOKS, QBO, SPEC))
EDITED = record(Side.SALESFORCE, {**ACCOUNT, "Phone": "(415) 555-0000", "BillingCity": "Bayshore"}, "2")
OTHER = record(Side.QUICKBOOKS, {**CUSTOMER, "PrimaryPhone": {"FreeFormNumber": "1"}}, "2")


def stored_link() -> LinkView:
    return LinkView(
        "link",
        SF.id,
        QBO.id,
        "linked",
        from_json(SPEC, SF_BASE),
        from_json(SPEC, QBO_BASE),
        unknown_units(SPEC, SF_BASE, QBO_BASE),
    )


def unchanged() -> Decision:
    return decide(Situation(SPEC, stored_link(), SF, QBO, NOW))


def updated() -> None:
    link = stored_link()
    decision = decide(Situation(SPEC, link, EDITED, QBO, NOW))
    values = {key: value for change in decision.changes for key, value in change.values.items()}
    compose(Side.QUICKBOOKS, SPEC, values, current=QBO)
    _settle(link, decision)


def created() -> None:
    link = LinkView("link", SF.id)
    decision = decide(Situation(SPEC, link, SF, None, NOW))
    compose_create(Side.QUICKBOOKS, SPEC, decision.create_values)
    _settle(link, decision)


def _settle(link: LinkView, decision: Decision) -> None:
    bases = after_adoption(SPEC, bases_of(link), decision)
    bases = after_write(SPEC, bases, decision, Side.QUICKBOOKS, project(Side.QUICKBOOKS, QBO, SPEC))
    held_after(link, decision)
    to_json(SPEC, bases.sf or {}, unknown=bases.unknown)
    to_json(SPEC, bases.qbo or {}, unknown=bases.unknown)


def conflicting() -> None:
    link = stored_link()
    held_after(link, decide(Situation(ASKING, link, EDITED, OTHER, NOW)))


ASKING = prepare(get("account_customer"), Template.BIDIRECTIONAL, OnConflict.ASK).spec


def indexed() -> None:
    keys_of(Side.SALESFORCE, SF, SPEC, "99")


CASES: dict[str, Callable[[], object]] = {
    "unchanged record": unchanged,
    "written record (update)": updated,
    "written record (create)": created,
    "conflicting record": conflicting,
    "match keys of a record": indexed,
}


def measure(run: Callable[[], object], records: int) -> float:
    """CPU milliseconds per record, the best of five rounds."""
    best = float("inf")
    for _ in range(5):
        start = time.process_time()
        for _ in range(records):
            run()
        best = min(best, time.process_time() - start)
    return best / records * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=2000)
    parser.add_argument("--profile", choices=list(CASES))
    options = parser.parse_args()
    if options.profile:
        profile = cProfile.Profile()
        profile.runcall(measure, CASES[options.profile], options.records)
        pstats.Stats(profile).sort_stats("tottime").print_stats(18)
        return
    for name, run in CASES.items():
        print(f"{name:28} {measure(run, options.records):7.4f} ms CPU")


if __name__ == "__main__":
    main()
