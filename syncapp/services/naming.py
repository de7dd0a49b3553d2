"""A record whose name QuickBooks has given away already: a person says what goes behind it (fault 6240)."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from syncapp.engine.compiled import name_suffix
from syncapp.engine.creation import NAME
from syncapp.models import LinkBase, RecordLink
from syncapp.services import audit, sync
from syncapp.services.errors import Refused
from syncapp.store import clock, specs

USUAL = " (Customer)"
LONGEST = 40
FORBIDDEN = frozenset(':"\t\r\n')
"""Not in a name of QuickBooks (quickbooks.md, names)."""


def add_suffix(link: RecordLink, text: str, person: Any) -> None:
    """Create this record in QuickBooks with `text` behind its name, in Salesforce it stays as it is; the mapping's own
    suffix, or ` (Customer)`, where nothing was typed. Raises Refused: `naming.exists_there`, `naming.forbidden`."""
    suffix = _suffix(link, text)
    with transaction.atomic():
        row = RecordLink.objects.select_for_update().get(pk=link.pk)
        if row.qbo_id or not row.sf_id:
            raise Refused("naming.exists_there", name=row.name)
        base, _ = LinkBase.objects.select_for_update().get_or_create(
            link=row, defaults={"company_id": row.company_id}
        )
        said = {"text": suffix, "by": audit.name_of(person), "at": clock.now().isoformat()}
        base.held = {**base.held, NAME: {"why": "name", "answer": said}}
        base.save(update_fields=["held"])
        audit.decided("name.suffix", person, link=row, after={"suffix": suffix}, cause=row.attention_code)
    sync.request([link.pk], target=None, person=person, cause="Answer")


def _suffix(link: RecordLink, text: str) -> str:
    typed = text.strip()
    if len(typed) > LONGEST or FORBIDDEN & set(typed):
        raise Refused("naming.forbidden", longest=LONGEST)
    if typed:
        return f" {typed}"
    spec = specs.published_spec(link.mapping)
    return (name_suffix(spec) if spec is not None else "") or USUAL
