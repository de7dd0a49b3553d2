"""The simulator's movable clock, shared by both stand-ins.

Every time that reaches the wire comes from here, so `POST /_sim/clock` can carry a token past its life or a CDC
cursor past its horizon without waiting.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectors.simulator.store import Store

_KEY = "clock"
#: Beyond these the vendors' own periods (two years of a token, a fiscal year ...) could not be reckoned any more.
_YEARS = range(1990, 2200)
_OUTSIDE = f"the clock shows years from {_YEARS.start} to {_YEARS.stop - 1}"


def _check(instant: datetime) -> None:
    if instant.year not in _YEARS:
        raise ValueError(_OUTSIDE)


class Clock:
    """Wall time plus an offset, or a frozen instant. Survives a restart through the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        saved = store.value(_KEY) or {}
        self._offset = timedelta(seconds=float(saved.get("offset_seconds", 0)))
        frozen = saved.get("frozen_at")
        #: How much older than now the stamps of changes are while a fault plan says so.
        self.late_seconds = 0.0
        #: How far the server that answers the call in hand is off.
        self.skew_seconds = 0.0
        self._frozen_at = datetime.fromisoformat(frozen) if frozen else None

    def now(self) -> datetime:
        """The current instant of the simulator, aware, in UTC."""
        now = self._frozen_at or datetime.now(UTC) + self._offset
        return now + timedelta(seconds=self.skew_seconds) if self.skew_seconds else now

    @property
    def moved(self) -> bool:
        """Whether the clock shows anything but wall time."""
        return self._frozen_at is not None or bool(self._offset) or bool(self.skew_seconds)

    def advance(self, seconds: float) -> None:
        """Move by `seconds` (negative moves back); a frozen clock moves and stays frozen. Raises ValueError."""
        try:
            _check(self.now() + timedelta(seconds=seconds))
        except OverflowError:
            raise ValueError(_OUTSIDE) from None
        if self._frozen_at is not None:
            self._frozen_at += timedelta(seconds=seconds)
        else:
            self._offset += timedelta(seconds=seconds)
        self._save()

    def set(self, instant: datetime) -> None:
        """Make `instant` (aware) the current time; it goes on from there unless frozen. Raises ValueError."""
        _check(instant)
        if self._frozen_at is not None:
            self._frozen_at = instant.astimezone(UTC)
        else:
            self._offset = instant - datetime.now(UTC)
        self._save()

    def freeze(self, frozen: bool) -> None:
        """Stop the clock at its current instant, or let it run on from there."""
        if frozen and self._frozen_at is None:
            self._frozen_at = self.now()
        elif not frozen and self._frozen_at is not None:
            self._offset = self._frozen_at - datetime.now(UTC)
            self._frozen_at = None
        self._save()

    def reset(self) -> None:
        """Back to wall time."""
        self._offset = timedelta()
        self._frozen_at = None
        self._save()

    def _save(self) -> None:
        self._store.set_value(
            _KEY,
            {
                "offset_seconds": self._offset.total_seconds(),
                "frozen_at": self._frozen_at.isoformat() if self._frozen_at else None,
            },
        )
