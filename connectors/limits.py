"""How fast and how many at once: limits of one connection, shared by all processes through Redis.

One script decides each call (rates, concurrency leases, pause after a throttle, daily allowance) on Redis' own clock.
Without Redis bulk work stops and interactive work runs one call at a time; never without a limit (sync-semantics
section 17; reference quickbooks.md 7.1, salesforce.md 6).
"""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from connectors import limit_scripts as scripts
from connectors.contracts import Limiter, Priority
from connectors.errors import ConnectorError, Failure, FailureKind

MAX_WAIT_S = 2.0
LEASE_S = 170.0
"""Longer than any call may take, so that only a dead process' slot comes back by itself."""
PAUSE_S = 60.0
UNAVAILABLE_S = 30.0
RECOVER_S = 300.0
CUT = 0.9
SHARE = 0.05
"""The part of every rate that each lower class takes on equal terms with the higher ones, however busy these are."""
STATE_LIFE_S = 24 * 3600.0
USAGE_LIFE_S = 900.0
"""How long a told daily usage is believed; then one call finds out anew."""
TOLD_ANEW_S = 300.0
"""So long a change of less than a fifth of a percent of the daily allowance need not be passed on."""
RETRY_WINDOW_S = 120.0
RETRY_PART = 0.1
"""The part of a window's calls that may be repetitions (sync-semantics section 14)."""
RETRIES_ALWAYS = 10
"""So many a window are let through however few calls there were: a quiet connection has to get well too."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Calls per minute; `burst` may come at once, `reserve` of these are for interactive calls only."""

    per_minute: float
    burst: int
    reserve: int = 0


@dataclass(frozen=True, slots=True)
class Profile:
    """The limits of one vendor. `costs` names the rates that a class of call is counted in (any other class counts in
    `default`). `daily` is the used part of the daily allowance from which on a class of work stops."""

    name: str
    rates: Mapping[str, Rate] = field(default_factory=dict)
    default: tuple[str, ...] = ()
    costs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    concurrent: int = 8
    reserved: int = 2
    daily: Mapping[Priority, float] = field(default_factory=dict)

    def with_batches(self, per_minute: float) -> Profile:
        """The same profile with another batch rate (a setting: Intuit's pages disagree)."""
        rates = {**self.rates, "batch": replace(self.rates["batch"], per_minute=per_minute)}
        return replace(self, rates=rates)


# 8 a second in the long run and never more than 10 in one second; 450 a minute and never 500; 38 batches, never more
# than 40 (Intuit's own: 10, 500 and 40).
INTUIT = Profile(
    "intuit",
    rates={"second": Rate(480, 2, 1), "minute": Rate(450, 40, 8), "batch": Rate(38, 2, 1)},
    default=("second", "minute"),
    costs={"batch": ("second", "minute", "batch")},
)
# Salesforce limits calls by the day, and slow ones at once: 25 in production, 5 in trials.
SALESFORCE = Profile(
    "salesforce",
    concurrent=5,
    reserved=1,
    daily={Priority.BULK: 0.8, Priority.NORMAL: 0.9},
)
NONE = Profile("none")
PROFILES = {profile.name: profile for profile in (INTUIT, SALESFORCE, NONE)}

_alone: dict[str, threading.Lock] = {}
_alone_guard = threading.Lock()
_ALONE = "alone"


def connect(url: str) -> redis.Redis:
    """A Redis client as the limiter wants it: short time limits and no retries, so that a lost Redis costs a call half
    a second and not twenty."""
    return redis.Redis.from_url(
        url, socket_timeout=0.5, socket_connect_timeout=0.5, retry=Retry(NoBackoff(), 0)
    )


def limiter_for(profile: Profile | str, key: str, client: redis.Redis) -> Limiter:
    """The limiter of one connection. `key` names what the vendor counts by: app and realm, or the org. `client` comes
    from `connect` and is shared by all limiters of the process."""
    known = PROFILES[profile] if isinstance(profile, str) else profile
    return Unlimited() if known.name == NONE.name else SharedLimiter(known, key, client)


class Unlimited:
    """Profile `none`: where the simulator says that limits are off."""

    def acquire(self, cost: str, priority: Priority) -> str:
        """Always at once."""
        del cost, priority
        return ""

    def release(self, lease: str) -> None:
        """Nothing was taken."""

    def throttled(self, retry_after: float | None) -> None:
        """Nobody keeps count."""

    def observed(self, used: int, limit: int) -> None:
        """Nobody keeps count."""

    def told(self) -> tuple[int, int] | None:
        """Nobody keeps count."""
        return None

    def retry(self, calls: int) -> float:
        """Always at once."""
        del calls
        return 0.0


class SharedLimiter:
    """See `contracts.Limiter`. Safe to share between threads as far as the Redis client is."""

    def __init__(self, profile: Profile, key: str, client: redis.Redis) -> None:
        self._profile = profile
        self._key = key
        self._keys = [f"limits:{{{profile.name}:{key}}}:state", f"limits:{{{profile.name}:{key}}}:leases"]
        self.client = client
        self._acquire = client.register_script(scripts.NOW + scripts.ACQUIRE)
        self._throttled = client.register_script(scripts.NOW + scripts.THROTTLED)
        self._observed = client.register_script(scripts.NOW + scripts.OBSERVED)
        self._retry = client.register_script(scripts.NOW + scripts.RETRY)
        self._told: tuple[int, int, float] = (0, 0, 0.0)

    def acquire(self, cost: str, priority: Priority) -> str:
        """Take a slot, waiting up to two seconds. Raises ConnectorError with `retry_after`: kind throttled
        (`limit.wait`, `limit.paused`, `limit.unavailable`) or quota (`limit.daily`)."""
        lease = uuid.uuid4().hex
        arguments = self._arguments(cost, priority, lease)
        deadline = time.monotonic() + MAX_WAIT_S
        while True:
            try:
                granted, wait_us, why = self._acquire(keys=self._keys, args=arguments)
            except redis.RedisError:
                return self._acquire_alone(priority, deadline)
            if granted:
                return lease
            wait = int(wait_us) / 1_000_000
            if time.monotonic() + wait > deadline:
                raise _refusal(why, wait)
            time.sleep(wait + random.uniform(0, 0.002))  # noqa: S311 - keeps waiters from knocking at one moment

    def release(self, lease: str) -> None:
        """Give the slot back."""
        if lease == _ALONE:
            _lock_of(self._key).release()
            return
        try:
            self.client.zrem(self._keys[1], lease)
        except redis.RedisError:
            return  # the lease ends by itself

    def throttled(self, retry_after: float | None) -> None:
        """The vendor said "too fast": nobody calls for a while, then all rates go on a tenth lower."""
        pause = int((retry_after or PAUSE_S) * 1_000_000)
        rates = [part for name, rate in self._profile.rates.items() for part in (name, rate.per_minute)]
        arguments = [pause, CUT, int(STATE_LIFE_S * 1000), int(RECOVER_S * 1_000_000), *rates]
        self._try(self._throttled, arguments)

    def observed(self, used: int, limit: int) -> None:
        """Note the used part of the daily allowance; small and quick changes are not passed on."""
        last_used, last_limit, at = self._told
        now = time.monotonic()
        if limit == last_limit and abs(used - last_used) * 500 < limit and now - at < TOLD_ANEW_S:
            return
        self._told = (used, limit, now)
        self._try(self._observed, [used, limit, int(STATE_LIFE_S * 1000)])

    def told(self) -> tuple[int, int] | None:
        """(used, limit) of the daily allowance as the vendor told it last; None where it did not, within a day."""
        try:
            used, limit = self.client.hmget(self._keys[0], ["used", "limit"])
        except redis.RedisError:
            return None
        return (int(used), int(limit)) if used and limit else None

    def retry(self, calls: int) -> float:
        """Count so many calls that repeat failed ones; 0 when they may go, else the seconds until the next window."""
        window, life = int(RETRY_WINDOW_S * 1_000_000), int(STATE_LIFE_S * 1000)
        arguments = [window, RETRY_PART, RETRIES_ALWAYS, calls, life]
        try:
            return int(self._retry(keys=self._keys[:1], args=arguments)) / 1_000_000
        except redis.RedisError:
            return 0.0  # without Redis the call itself is refused

    def ask(self, pipe: redis.client.Pipeline, cost: str, priority: Priority) -> None:
        """Put the question of `admitted` into a pipeline; its answer is what `acquire` reads."""
        self._acquire(keys=self._keys, args=self._arguments(cost, priority), client=pipe)

    def _arguments(self, cost: str, priority: Priority, lease: str = "") -> list[Any]:
        """What the script is asked with; without a lease it hands out no slot."""
        profile, first = self._profile, priority is Priority.INTERACTIVE
        arguments: list[Any] = [
            lease,
            int(LEASE_S * 1_000_000),
            profile.concurrent - (0 if first else profile.reserved) if lease else "",
            priority.value,
            profile.daily.get(priority, 0),
            int(USAGE_LIFE_S * 1_000_000),
            int(RECOVER_S * 1_000_000),
            int(STATE_LIFE_S * 1000),
            SHARE,
            int(RETRY_WINDOW_S * 1_000_000),
        ]
        for name in profile.costs.get(cost, profile.default):
            rate = profile.rates[name]
            arguments += [name, rate.per_minute, rate.burst, 0 if first else rate.reserve]
        return arguments

    def _acquire_alone(self, priority: Priority, deadline: float) -> str:
        left = max(0.0, deadline - time.monotonic())
        if priority is not Priority.INTERACTIVE or not _lock_of(self._key).acquire(timeout=left):
            raise _refusal(
                "unavailable", UNAVAILABLE_S if priority is not Priority.INTERACTIVE else MAX_WAIT_S
            )
        return _ALONE

    def _try(self, script: Any, arguments: list[Any]) -> None:
        try:
            script(keys=self._keys[:1], args=arguments)
        except redis.RedisError:
            return  # without Redis nothing but one interactive call at a time goes out anyway


class Admitted:
    """A limiter whose next call has been let through already (`admitted`); all else is asked of the limiter itself."""

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter
        self._first = True
        self.throttled, self.observed = limiter.throttled, limiter.observed
        self.told, self.retry = limiter.told, limiter.retry

    def acquire(self, cost: str, priority: Priority) -> str:
        """At once for the first call, which holds no slot."""
        if self._first:
            self._first = False
            return ""
        return self._limiter.acquire(cost, priority)

    def release(self, lease: str) -> None:
        """Give back what a later call took."""
        if lease:
            self._limiter.release(lease)


def admitted(limiters: Sequence[Limiter], cost: str, priority: Priority) -> list[Limiter | ConnectorError]:
    """One call of each of these connections, all asked for in one round trip; in order, what the call is made with or
    why it may not be made now.

    No slot is taken and nothing is waited for: this is for calls that end within seconds, which no vendor counts among
    those that run at once (Salesforce: from 20 seconds on; reference salesforce.md 6). Limiters share one Redis.
    """
    asked = [one for one in limiters if isinstance(one, SharedLimiter)]
    answers = iter(_asked_together(asked, cost, priority))
    return [_let_through(one, next(answers)) if isinstance(one, SharedLimiter) else one for one in limiters]


def _asked_together(asked: Sequence[SharedLimiter], cost: str, priority: Priority) -> list[Any]:
    if not asked:
        return []
    with asked[0].client.pipeline(transaction=False) as pipe:
        for one in asked:
            one.ask(pipe, cost, priority)
        try:
            return pipe.execute()
        except redis.RedisError:
            return [(0, UNAVAILABLE_S * 1_000_000, "unavailable")] * len(asked)


def _let_through(limiter: Limiter, answer: Any) -> Limiter | ConnectorError:
    granted, wait_us, why = answer
    return Admitted(limiter) if granted else _refusal(why, int(wait_us) / 1_000_000)


def _lock_of(key: str) -> threading.Lock:
    with _alone_guard:
        return _alone.setdefault(key, threading.Lock())


def _refusal(reason: bytes | str, wait: float) -> ConnectorError:
    why = reason.decode() if isinstance(reason, bytes) else reason
    kind = FailureKind.QUOTA if why == "daily" else FailureKind.THROTTLED
    words = {
        "wait": "Too many calls at once; the next may go later.",
        "paused": "The vendor asked us to slow down; calls pause.",
        "daily": "The daily allowance is nearly used up; the rest is kept for people.",
        "unavailable": "The shared limiter is not reachable; only one interactive call goes at a time.",
    }
    return ConnectorError(Failure(kind, f"limit.{why}", words[why], retry_after=wait))
