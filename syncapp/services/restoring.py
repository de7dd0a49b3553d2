"""After a backup was restored: the database is older than both sides, which hold records it does not know (C22, C23).

Read only first: both sides are scanned anew, what was made since the backup is matched by its external id, number or
name; then a person lets it go live.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction

from connectors.errors import FailureKind
from syncapp.models import Integration, IntegrationState, LinkWork, Mapping, Problem, WriteIntent
from syncapp.services import audit, modes, setup
from syncapp.services.errors import Refused
from syncapp.store import clock, intents, notifications, passes

CODE = "engine.restored"


def begin(integration: Integration) -> None:
    """Stop writing and read both sides from the start. For a pair that was never switched on: nothing to do."""
    if integration.switched_on_at is None:
        return
    with transaction.atomic():
        integration.state = IntegrationState.RESTORED
        integration.save(update_fields=["state"])
        mappings = list(Mapping.objects.filter(integration=integration, published_number__gt=0))
        for mapping in mappings:
            passes.reset(mapping.pk)
        planned = WriteIntent.objects.filter(link__integration=integration, state="planned")
        intents.supersede_planned(list(planned.values_list("link_id", flat=True)))
        LinkWork.objects.filter(link__integration=integration).update(lease_until=None, owner="")
        audit.decided("integration.restored", None, cause=integration.name)
        _tell(integration)
    for mapping in mappings:
        setup.preview(mapping, None, "What is found after the restore")


def _tell(integration: Integration) -> None:
    now = clock.now()
    news = notifications.of_problem(CODE, {"integration": str(integration)})
    notifications.raise_all(integration.company_id, [news], now)
    Problem.objects.get_or_create(
        subject=_subject(integration),
        closed_at=None,
        defaults={
            "company_id": integration.company_id,
            "kind": FailureKind.CONFIG.value,
            "code": CODE,
            "values": {"integration": str(integration)},
            "first_seen_at": now,
            "last_seen_at": now,
        },
    )


def _subject(integration: Integration) -> str:
    return f"restored:{integration.pk}"


def is_read_anew(integration: Integration) -> bool:
    """Whether both sides of every mapping were read to the end since the restore."""
    mappings = Mapping.objects.filter(integration=integration, published_number__gt=0)
    return all(passes.barrier_open(mapping.pk) for mapping in mappings)


def go_live(integration: Integration, person: Any) -> None:
    """Write again. Raises Refused `restored.not`, `restored.still_reading`."""
    with transaction.atomic():
        row = Integration.objects.select_for_update().get(pk=integration.pk)
        if row.state != IntegrationState.RESTORED:
            raise Refused("restored.not")
        if not is_read_anew(row):
            raise Refused("restored.still_reading")
        row.state = IntegrationState.ACTIVE
        row.save(update_fields=["state"])
        audit.decided("integration.went_live", person, cause=row.name)
        Problem.objects.filter(subject=_subject(row), closed_at=None).update(
            closed_at=clock.now(), closed_by=audit.name_of(person)[:120]
        )
        for mapping in Mapping.objects.filter(integration=row, published_number__gt=0).order_by("id"):
            modes.catch_up(mapping, person, "What was found after the restore")
