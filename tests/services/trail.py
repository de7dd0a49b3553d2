"""The write log of the simulator against our audit trail: after each test with a spine the two match one to one (G8).
A test that breaks the trail on purpose says so: `pytest.mark.trail_is_broken("why")`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from connectors.simulator.testing import Simulator
from syncapp.models import AuditEvent, WriteIntent
from syncapp.models.audit import WRITES

PERSON = "somebody"
"""What people's calls bear as their request id, so that the log tells them from ours."""
AS_LOGGED = {"deactivate": "update", "send": "emailed"}


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
    logs = (("qbo", sim.quickbooks.log()), ("sf", sim.salesforce.log()))
    return differences_to([{"side": side, **entry} for side, entries in logs for entry in entries])


def differences_to(entries: Iterable[dict[str, Any]]) -> list[str]:
    """The same of these entries of the write logs, each with its `side`."""
    written = Counter(_write(entry) for entry in entries if _is_ours(entry))
    told = _told(written)
    lacking, invented = written - told - _repeated(), told - written
    return [
        *(f"{count} x {write} is not in the trail" for write, count in sorted(lacking.items())),
        *(
            f"{count} x {write} is in the trail and was not written"
            for write, count in sorted(invented.items())
        ),
    ]


def _is_ours(entry: dict[str, Any]) -> bool:
    """In QuickBooks our entries bear request ids, letters aside, which take none; in Salesforce only what people and
    the platform do has one."""
    if entry["side"] == "qbo":
        return bool(entry["request_id"]) or entry["operation"] == AS_LOGGED["send"]
    return not entry["request_id"]


def _write(one: dict[str, Any]) -> Write:
    return one["side"], one["object"], one["id"], one["operation"], _number(one["side"], one["request_id"])


def _number(side: str, request_id: str | None) -> str:
    """Salesforce takes no request ids."""
    return request_id or "" if side == "qbo" else ""


def _told(written: Counter[Write]) -> Counter[Write]:
    """What the trail says. An upsert is what the service made of it: a creation or, sent again, a change."""
    told: Counter[Write] = Counter()
    rows = AuditEvent.all_companies.filter(action__in=WRITES)
    for side, object_, id_, action, request_id in rows.values_list(
        "side", "object", "remote_id", "action", "intent__batch__request_id"
    ):
        number = _number(side, request_id)
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
    for side, object_, id_, operation, number in rows.filter(state="superseded").values_list(
        "side", "object", "remote_id", "operation", "batch__request_id"
    ):
        again[side, object_, id_, AS_LOGGED.get(operation, operation), _number(side, number)] += 1
    upserts = rows.filter(state="applied", operation="upsert", attempts__gt=1)
    for side, object_, id_, attempts in upserts.values_list("side", "object", "result_id", "attempts"):
        again[side, object_, id_, "update", ""] += attempts - 1
    return again
