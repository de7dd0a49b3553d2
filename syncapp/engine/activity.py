"""Whether a record is active, kept in step as a field is: where a mapping has a row for it (product.md 5.4).

Without such a row a record that QuickBooks made inactive is gone there, and a person is told (`engine.existence`). With
it, inactive is a value like any other: it follows the side that moved. Of an inactive record nothing else is written;
it is carried over when the record is active again.
"""

from __future__ import annotations

from connectors.contracts import RecordState, Side
from syncapp.engine import reasons
from syncapp.engine.combining import combine
from syncapp.engine.compiled import CompiledRow, CompiledSpec
from syncapp.engine.creation import skip
from syncapp.engine.decision import Decision, Situation
from syncapp.engine.existence import Pair
from syncapp.engine.merge import Action, Sides, UnitResult

_GONE = frozenset({RecordState.DELETED, RecordState.MISSING})


def activity_row(compiled: CompiledSpec) -> CompiledRow | None:
    """The row that keeps active and inactive in step; None where the mapping has none."""
    path = compiled.qbo_traits.active_path
    if not path:
        return None
    return next((row for row in compiled.rows if row.spec.qbo_path == path and row.spec.sf_path), None)


def is_followed(situation: Situation, compiled: CompiledSpec, pair: Pair) -> bool:
    """Whether QuickBooks' half is inactive and the mapping says what that means for Salesforce."""
    if pair.sf is not RecordState.LIVE or pair.qbo is not RecordState.INACTIVE:
        return False
    return activity_row(compiled) is not None and situation.link.sf_state not in _GONE


def follow(situation: Situation, compiled: CompiledSpec, now: Sides, merged: UnitResult) -> Decision | None:
    """What becomes of a pair whose QuickBooks half is inactive, by the `merged` unit of its activity; None where it is
    made active again, so that everything else goes along."""
    if merged.action is Action.TO_QBO:
        return None
    return combine(situation, compiled, now, [merged])


def unit_of_activity(compiled: CompiledSpec) -> str:
    """The merge unit that the row belongs to: the name goes along, because QuickBooks changes it (quickbooks.md
    3.1.5)."""
    row = activity_row(compiled)
    return row.spec.unit if row is not None else ""


def left_alone(compiled: CompiledSpec, wanted: Side, now: Sides) -> Decision | None:
    """An inactive record is not made on the other side."""
    row = activity_row(compiled)
    if row is None or wanted is not Side.QUICKBOOKS or now.sf.get(row.key) is not False:
        return None
    return skip(reasons.SF_INACTIVE)
