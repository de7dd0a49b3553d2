"""Where a stored batch belongs: its mapping, version and connections."""

from __future__ import annotations

from connectors.contracts import Priority, Side
from syncapp.engine.timing import Timing
from syncapp.models import Connection, Mapping, RecordLink
from syncapp.services.closing import Place
from syncapp.store import specs
from syncapp.store.intents import Batch


def place_of(company_id: int, batch: Batch, timing: Timing, priority: Priority = Priority.NORMAL) -> Place:
    """Where a stored batch belongs. Raises LookupError where its mapping cannot run any more."""
    link = RecordLink.objects.values_list("mapping_id", flat=True).get(pk=batch.intents[0].link_id)
    mapping = Mapping.objects.select_related("integration__salesforce", "integration__quickbooks").get(
        pk=link
    )
    spec = specs.published_spec(mapping)
    if spec is None or mapping.integration.salesforce is None or mapping.integration.quickbooks is None:
        raise LookupError("a batch was sent for a mapping that cannot run")
    connections: dict[Side, Connection] = {
        Side.SALESFORCE: mapping.integration.salesforce,
        Side.QUICKBOOKS: mapping.integration.quickbooks,
    }
    return Place(company_id, mapping, spec, connections, timing, priority)
