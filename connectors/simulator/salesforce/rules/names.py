"""Names put together from their parts, and states derived from picklists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.simulator.salesforce.times import wire

if TYPE_CHECKING:
    from connectors.simulator.salesforce.changes import Change
    from connectors.simulator.salesforce.records import Records


def person_name(records: Records, change: Change) -> None:
    """Name is FirstName and LastName (reference 8.2); Salutation is not part of it."""
    parts = (change.value("FirstName"), change.value("LastName"))
    change.set("Name", " ".join(str(part) for part in parts if part) or None)


def lead_state(records: Records, change: Change) -> None:
    change.default("IsConverted", 0)


def case_state(records: Records, change: Change) -> None:
    closed = change.value("Status") == "Closed"
    was_closed = bool(change.old and change.old.get("IsClosed"))
    change.set("IsClosed", int(closed))
    if closed and not was_closed:
        change.set("ClosedDate", wire(records.org.now()))
    elif not closed:
        change.set("ClosedDate", None)


def task_state(records: Records, change: Change) -> None:
    change.set("IsClosed", int(change.value("Status") == "Completed"))
    change.set("IsHighPriority", int(change.value("Priority") == "High"))


def contract_state(records: Records, change: Change) -> None:
    codes = {"In Approval Process": "InApproval", "Activated": "Activated"}
    code = codes.get(str(change.value("Status")), "Draft")
    if code == "Activated" and not (change.old and change.old.get("ActivatedDate")):
        change.set("ActivatedDate", wire(records.org.now()))
        change.set("ActivatedById", change.actor.user_id)
    change.set("StatusCode", code)
