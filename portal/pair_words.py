"""What the two buttons of a pair are called, and which of them it has: a mapping may write one side only."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.contracts import Side
from syncapp.engine.compiled import compile_spec
from syncapp.engine.entities import traits
from syncapp.engine.mapping import MappingSpec

SEND, FETCH = "Send to QuickBooks", "Sync from QuickBooks"


@dataclass(frozen=True, slots=True)
class PairWords:
    """The words of both buttons; empty for a direction in which nothing flows."""

    send: str = SEND
    fetch: str = FETCH


def words_of(spec: MappingSpec | None, *, many: bool = False) -> PairWords:
    """The buttons of one record of this mapping, or of chosen ones: an opportunity updates its invoice."""
    if spec is None:
        return PairWords()
    compiled = compile_spec(spec)
    entity = traits(Side.QUICKBOOKS, spec.qbo_entity)
    fetch = FETCH
    if entity.document is not None:
        fetch = f"Update {entity.plural.lower() if many else entity.label} from QuickBooks"
    return PairWords(
        send=SEND if compiled.flows_to(Side.QUICKBOOKS) else "",
        fetch=fetch if compiled.flows_to(Side.SALESFORCE) else "",
    )
