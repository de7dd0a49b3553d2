"""Record locks that the side door holds: changes of these records are refused for a while (reference 4.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import Refused

if TYPE_CHECKING:
    from .orgs import Org

_KEY = "salesforce:locks:"
_HELD = "unable to obtain exclusive access to this record"


class Locks:
    """How often a change of each record of one org is still refused. What is counted down stands outside the
    transaction of the refused write, so it is stored when that is over."""

    def __init__(self, org: Org) -> None:
        self._store = org.world.store
        self._key = f"{_KEY}{org.number}"
        self._left: dict[str, int] = {
            record_id: int(times) for record_id, times in (self._store.value(self._key) or {}).items()
        }
        self._moved = False

    def hold(self, record_id: str, times: int) -> None:
        """Refuse the next `times` changes of a record; 0 lets it go."""
        self._left[record_id] = times
        self._moved = True

    def take(self, record_id: str) -> None:
        """Raises Refused UNABLE_TO_LOCK_ROW while the record is held."""
        left = self._left.get(record_id, 0)
        if left:
            self._left[record_id] = left - 1
            self._moved = True
            raise Refused("UNABLE_TO_LOCK_ROW", f"{_HELD} or 1 records: {record_id}", ())

    def held(self) -> dict[str, int]:
        """The records that are held, with how often."""
        return {record_id: left for record_id, left in self._left.items() if left}

    def save(self) -> None:
        """Store what has moved; between two transactions."""
        if self._moved:
            self._moved = False
            self._store.set_value(self._key, self.held() or None)
            self._store.commit()
