"""Companies: making one, changing what is known of it, pausing and resuming all of its syncing."""

from __future__ import annotations

from datetime import time
from typing import Any

from syncapp.models import Company
from syncapp.services import audit, schedules
from syncapp.tenancy import tenant


def create(owner: Any, *, name: str, zone: str, currency: str, is_demo: bool = False) -> Company:
    """Make a company. Who belongs to it is the portal's business. Not inside a tenant.

    `zone` is an IANA name, `currency` an ISO 4217 code; `is_demo` marks a company that was made to look around with the
    simulator.
    """
    company = Company.objects.create(name=name.strip(), zone=zone, currency=currency, is_demo=is_demo)
    with tenant(company.id):
        audit.decided("company.created", owner, after=_facts(company))
    return company


def update(company: Company, by: Any, *, name: str, zone: str, currency: str) -> Company:
    """Change name, zone or base currency. Schedules keep their times of day, in the new zone."""
    before = _facts(company)
    company.name, company.zone, company.currency = name.strip(), zone, currency
    company.save(update_fields=["name", "zone", "currency"])
    after = _facts(company)
    if after != before:
        audit.decided("company.changed", by, before=before, after=after)
        schedules.plan_anew(company)
    return company


def set_quiet_hours(company: Company, by: Any, quiet_from: time | None, quiet_to: time | None) -> None:
    """Between these times of the company's zone no schedule starts a run; None for both: no quiet hours."""
    if (company.quiet_from, company.quiet_to) == (quiet_from, quiet_to):
        return
    company.quiet_from, company.quiet_to = quiet_from, quiet_to
    company.save(update_fields=["quiet_from", "quiet_to"])
    hours = f"{quiet_from:%H:%M} to {quiet_to:%H:%M}" if quiet_from and quiet_to else ""
    audit.decided("company.quiet_hours", by, after={"quiet_hours": hours})
    schedules.plan_anew(company)


def pause(company: Company, by: Any) -> None:
    """Stop all syncing of the company. Capture goes on, what is due waits."""
    _set_paused(company, by, paused=True)


def resume(company: Company, by: Any) -> None:
    """Let due work go on; the next tick rings the workers."""
    _set_paused(company, by, paused=False)


def _set_paused(company: Company, by: Any, *, paused: bool) -> None:
    if company.paused == paused:
        return
    company.paused = paused
    company.save(update_fields=["paused"])
    audit.decided("company.paused" if paused else "company.resumed", by)


def _facts(company: Company) -> dict[str, Any]:
    return {"name": company.name, "zone": company.zone, "currency": company.currency}
