"""API calls of each org in the last 24 hours, and the long ones under way (reference/salesforce.md 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.simulator.world import World

    from .orgs import Org

_HOUR = 3600
_HOURS = 24
_KEY = "salesforce:usage"
_LONG_SECONDS = 20
_LONG_CALLS = 25
_LONG_CALLS_SMALL = 5


class Usage:
    """Counts by hour, kept in memory and saved now and then."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._hours: dict[int, dict[int, int]] = {}
        self._dirty = False
        self._under_way: dict[int, tuple[int, float]] = {}
        for org, hours in (world.store.value(_KEY) or {}).items():
            self._hours[int(org)] = {int(hour): count for hour, count in hours.items()}

    def _hour(self) -> int:
        return int(self._world.clock.now().timestamp()) // _HOUR

    def count(self, org: Org) -> None:
        """One more call of this org."""
        hours = self._hours.setdefault(org.number, {})
        hour = self._hour()
        hours[hour] = hours.get(hour, 0) + 1
        for old in [one for one in hours if one <= hour - _HOURS]:
            del hours[old]
        self._dirty = True

    def of(self, org: Org) -> tuple[int, int]:
        """Calls of the last 24 hours, and how many are allowed."""
        hour = self._hour()
        hours = self._hours.get(org.number, {})
        used = sum(count for one, count in hours.items() if hour - _HOURS < one <= hour)
        return used, org.settings.daily_api_requests

    def spent(self, org: Org) -> bool:
        used, allowed = self.of(org)
        return used >= allowed

    def begin(self, org: Org, call: int) -> None:
        """A call of this org is under way; `call` tells it from others."""
        self._under_way[call] = (org.number, self._world.clock.now().timestamp())

    def end(self, call: int) -> None:
        self._under_way.pop(call, None)

    def crowded(self, org: Org) -> bool:
        """Whether as many calls as allowed have been taking 20 seconds or longer (25; 5 in Developer Edition)."""
        now = self._world.clock.now().timestamp()
        long = sum(
            number == org.number and now - since >= _LONG_SECONDS
            for number, since in self._under_way.values()
        )
        return long >= (_LONG_CALLS_SMALL if org.facts["edition"] == "Developer Edition" else _LONG_CALLS)

    def save(self) -> None:
        """Store the counts if they moved."""
        if self._dirty:
            self._dirty = False
            saved = {
                str(org): {str(hour): n for hour, n in hours.items()} for org, hours in self._hours.items()
            }
            self._world.store.set_value(_KEY, saved)

    def clear(self) -> None:
        self._hours.clear()
        self._world.store.set_value(_KEY, None)
        self._dirty = False
