"""The same body was refused for its content twice: it is not sent again by itself (sync-semantics section 13).

A person's press sends it nonetheless; so does any change of the record's mapped values or of the mapping.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from connectors import jsonwire
from connectors.contracts import Side
from syncapp.models import Run, RunKind
from syncapp.services.slice_context import SliceContext
from syncapp.store import bulk
from syncapp.store.intents import Plan, digest

PRESSED = (RunKind.BUTTON, RunKind.RETRY)
REFUSED_TWICE = """
select n.link_id, n.side, n.body_sha256
from syncapp_writeintent n
join syncapp_recordlink l on l.id = n.link_id and l.attention = 'data_error' and l.attention_code = n.result_code
where n.link_id = any(%s) and n.state = 'refused' and n.mapping_version = %s
group by n.link_id, n.side, n.body_sha256 having count(*) >= 2
"""


def poisoned(context: SliceContext, plans: Mapping[UUID, Sequence[tuple[Side, Plan]]]) -> set[UUID]:
    """The links all of whose writes were refused twice as they are, and that nobody pressed a button for."""
    rows = bulk.fetch(REFUSED_TWICE, [list(plans), context.spec.version])
    if not rows:
        return set()
    known = set(rows)
    found = {
        link_id
        for link_id, listed in plans.items()
        if listed and all(_key(link_id, side, plan) in known for side, plan in listed)
    }
    return found - _pressed(context, found)


def _key(link_id: UUID, side: Side, plan: Plan) -> tuple[UUID, str, str]:
    return link_id, side.value, digest(jsonwire.encode(plan.write.body).decode())


def _pressed(context: SliceContext, found: set[UUID]) -> set[UUID]:
    runs = {link_id: context.work[link_id].run_id for link_id in found}
    by_hand = set(
        Run.objects.filter(id__in=[run for run in runs.values() if run], kind__in=PRESSED).values_list(
            "id", flat=True
        )
    )
    return {link_id for link_id, run in runs.items() if run in by_hand}
