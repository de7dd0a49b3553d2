"""A person's answer that stays with the record until the engine carries it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction

from syncapp.models import LinkBase, RecordLink, Run
from syncapp.services import audit, sync
from syncapp.services.errors import Refused
from syncapp.store import clock


def keep(
    link: RecordLink,
    unit: str,
    why: str,
    said: Mapping[str, str],
    person: Any,
    *,
    action: str,
    check: Callable[[RecordLink], None],
) -> Run:
    """Hold `said` for this unit of the record, in place of what was held, and sync it at once, in one transaction.

    `why` says what the hold is about, as the engine reads it; `check` raises Refused for a record, locked by then, to
    which the answer does not apply. Raises Refused from it and from `sync.request`.
    """
    with transaction.atomic():
        row = RecordLink.objects.select_for_update().get(pk=link.pk)
        check(row)
        base, _ = LinkBase.objects.select_for_update().get_or_create(
            link=row, defaults={"company_id": row.company_id}
        )
        signed = {**said, "by": audit.name_of(person), "at": clock.now().isoformat()}
        base.held = {**base.held, unit: {"why": why, "answer": signed}}
        base.save(update_fields=["held"])
        audit.decided(action, person, link=row, after=dict(said), cause=row.attention_code)
        return sync.request([row.pk], target=None, person=person, cause="Answer")


def only_new(code: str) -> Callable[[RecordLink], None]:
    """A check for answers about creating a record in QuickBooks; one that is there already is refused with `code`."""

    def check(row: RecordLink) -> None:
        if row.qbo_id or not row.sf_id:
            raise Refused(code, name=row.name)

    return check
