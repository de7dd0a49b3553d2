"""What shall become of a record whose other half was deleted or is inactive: a person's word, carried out at once."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from syncapp.engine import reasons
from syncapp.engine.existence import RECORD
from syncapp.models import LinkBase, RecordLink, Run
from syncapp.services import audit, sync
from syncapp.services.errors import Refused
from syncapp.store import clock

ANSWERS = {
    reasons.QBO_INACTIVE: ("reactivate", "leave"),
    reasons.REVIVE_ASK: ("reactivate", "leave"),
    reasons.VOID_ASK: ("void", "leave"),
}
"""By what is asked: the answers that a person may give."""


def answer(link: RecordLink, choice: str, person: Any) -> Run:
    """Make an inactive record active again, void a document, or leave it. Raises Refused `gone.not_asked`."""
    with transaction.atomic():
        row = RecordLink.objects.select_for_update().get(pk=link.pk)
        if choice not in ANSWERS.get(row.attention_code, ()):
            raise Refused("gone.not_asked")
        base, _ = LinkBase.objects.select_for_update().get_or_create(
            link=row, defaults={"company_id": row.company_id}
        )
        said = {"side": choice, "by": audit.name_of(person), "at": clock.now().isoformat()}
        base.held = {**base.held, RECORD: {"why": "gone", "answer": said}}
        base.save(update_fields=["held"])
        audit.decided(f"gone.{choice}", person, link=row, cause=row.attention_code)
        return sync.request([row.pk], target=None, person=person, cause="Answer")
