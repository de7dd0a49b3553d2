"""The write log of the simulator against our audit trail: after each test with a spine the two match one to one (G8).
A test that breaks the trail on purpose says so: `pytest.mark.trail_is_broken("why")`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from connectors.simulator.testing import Simulator
from syncapp.models import AuditEvent, WriteIntent

PERSON = "somebody"
"""What people's calls bear as their request id, so that the log tells them from ours."""
AS_LOGGED = {"deactivate": "update"}
OWNERS = {"PricebookEntry": ("Product2", "Product2Id")}
"""Rows that are written as a field of another record, which is the one that the trail names."""
REQUESTS = frozenset({"QBO_Sync__c"})
"""Requests that people make in Salesforce: our answer is written into them, and they themselves are its record."""


@dataclass
class Excuse:
    """Why the running test's trail is not looked at when its simulator ends; "" where it is."""

    why: str = ""


excuse = Excuse()
Write = tuple[str, str, str, str, str]
"""(side, object, id, operation, request id): an applied write as both the log and the trail know it."""


def check(sim: Simulator) -> None:
    """Raises AssertionError where the log and the trail of the running test differ, unless the test says why."""
    if not excuse.why:
        found = differences(sim)
        assert not found, "The write log and the audit trail differ:\n" + "\n".join(found)


def differences(sim: Simulator) -> list[str]:
    """Writes that were accepted from us and that the trail does not tell of, and the reverse."""
    written = _written(sim)
    told = _told(written)
    lacking, invented = written - told - _repeated(), told - written
    return [
        *(f"{count} x {write} is not in the trail" for write, count in sorted(lacking.items())),
        *(
            f"{count} x {write} is in the trail and was not written"
            for write, count in sorted(invented.items())
        ),
    ]


def _written(sim: Simulator) -> Counter[Write]:
    """What was accepted from us: QuickBooks' entries bear our request ids, people's in Salesforce say so."""
    ours: Counter[Write] = Counter()
    for side, entries in (("qbo", sim.quickbooks.log()), ("sf", sim.salesforce.log())):
        for entry in entries:
            if entry["request_id"] if side == "qbo" else entry["request_id"] != PERSON:
                ours.update(_as_told(side, entry))
    return ours


def _as_told(side: str, entry: dict[str, Any]) -> list[Write]:
    """A write of the log as the trail tells of it: nothing for an answer to a request."""
    if entry["object"] in REQUESTS:
        return []
    if entry["object"] in OWNERS:
        owner, reference = OWNERS[entry["object"]]
        return [(side, owner, str((entry["after"] or {}).get(reference)), "update", entry["request_id"])]
    return [(side, entry["object"], entry["id"], entry["operation"], entry["request_id"])]


def _told(written: Counter[Write]) -> Counter[Write]:
    """What the trail says. An upsert is what the service made of it: a creation or, sent again, a change."""
    told: Counter[Write] = Counter()
    for side, object_, id_, action, request_id in AuditEvent.all_companies.exclude(intent=None).values_list(
        "side", "object", "remote_id", "action", "intent__batch__request_id"
    ):
        number = request_id if side == "qbo" else ""
        operation = AS_LOGGED.get(action, action)
        if action == "upsert":
            made = (side, object_, id_, "create", number)
            operation = "create" if told[made] < written[made] else "update"
        told[side, object_, id_, operation, number] += 1
    return told


def _repeated() -> Counter[Write]:
    """Writes beyond the one that each audit row tells of: repetitions of upserts and writes found in place by reading
    after their answers were lost (sync-semantics 13.2)."""
    again: Counter[Write] = Counter()
    rows = WriteIntent.all_companies.exclude(first_sent_at=None)
    for side, object_, id_, number in rows.filter(state="superseded").values_list(
        "side", "object", "remote_id", "batch__request_id"
    ):
        again[side, object_, id_, "update", number if side == "qbo" else ""] += 1
    upserts = rows.filter(state="applied", operation="upsert", attempts__gt=1)
    for side, object_, id_, attempts in upserts.values_list("side", "object", "result_id", "attempts"):
        again[side, object_, id_, "update", ""] += attempts - 1
    return again
