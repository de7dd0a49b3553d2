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
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

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

NOW = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
"""
"""How every script reads the clock: microseconds of Redis' own."""

# KEYS: state (hash), leases (sorted set). ARGV: lease, its life in us, slots for this class, class name, its part of
# the daily allowance (0: none), life of a told usage in us, recovery step in us, life of the state in ms, share,
# window of the retry budget in us, then for each rate: name, per minute, burst, the part of it that this class leaves
# but for its share.
# Answer: granted (1 or 0), us to wait, why.
_ACQUIRE = """
local state, leases = KEYS[1], KEYS[2]
local function number(name) return tonumber(redis.call('HGET', state, name) or '0') end
local function put(name, value) redis.call('HSET', state, name, string.format('%.0f', value)) end
local paused = number('paused')
if paused > now then return {0, paused - now, 'paused'} end
local part = tonumber(ARGV[5])
if part > 0 and number('usage_at') + tonumber(ARGV[6]) > now and number('used') >= part * number('limit') then
  return {0, number('usage_at') + tonumber(ARGV[6]) - now, 'daily'}
end
redis.call('ZREMRANGEBYSCORE', leases, '-inf', now)
if redis.call('ZCARD', leases) >= tonumber(ARGV[3]) then return {0, 20000, 'wait'} end
local steps, wait, marks = 0, 0, {}
local lowered = number('lowered')
if lowered > 0 then steps = math.floor((now - lowered) / tonumber(ARGV[7])) end
for i = 11, #ARGV, 4 do
  local name, full, burst, reserve = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
  local rate = full
  if lowered > 0 then
    rate = math.min(full, tonumber(redis.call('HGET', state, 'rate:' .. name) or ARGV[i + 1]) + steps)
  end
  local interval = 60000000 / rate
  local tat = math.max(number('tat:' .. name), now)
  local late = tat - now - (burst - 1 - reserve) * interval
  local share = 'share:' .. name .. ':' .. ARGV[4]
  if late > 0 and late <= reserve * interval and number(share) <= now then
    marks[#marks + 1] = {share, now + interval / tonumber(ARGV[9])}
    late = 0
  end
  wait = math.max(wait, late)
  marks[#marks + 1] = {'tat:' .. name, tat + interval}
end
if wait > 0 then return {0, math.ceil(wait), 'wait'} end
for _, mark in ipairs(marks) do put(mark[1], mark[2]) end
redis.call('ZADD', leases, string.format('%.0f', now + tonumber(ARGV[2])), ARGV[1])
if number('window') + tonumber(ARGV[10]) <= now then
  put('window', now)
  redis.call('HDEL', state, 'calls', 'retries')
end
redis.call('HINCRBY', state, 'calls', 1)
redis.call('PEXPIRE', state, ARGV[8])
redis.call('PEXPIRE', leases, ARGV[8])
return {1, 0, ''}
"""

# KEYS: state. ARGV: pause in us, cut, life of the state in ms, recovery step in us, then for each rate: name, per
# minute. Several answers of one burst cut the rates once.
_THROTTLED = """
local state = KEYS[1]
local paused = tonumber(redis.call('HGET', state, 'paused') or '0')
local till = now + tonumber(ARGV[1])
if paused <= now then
  local lowered = tonumber(redis.call('HGET', state, 'lowered') or '0')
  local steps = 0
  if lowered > 0 then steps = math.max(0, math.floor((now - lowered) / tonumber(ARGV[4]))) end
  for i = 5, #ARGV, 2 do
    local key, full = 'rate:' .. ARGV[i], tonumber(ARGV[i + 1])
    local rate = tonumber(redis.call('HGET', state, key) or ARGV[i + 1])
    rate = math.min(full, rate + steps)
    redis.call('HSET', state, key, string.format('%.3f', math.max(1, rate * tonumber(ARGV[2]))))
  end
end
till = math.max(till, paused)
redis.call('HSET', state, 'paused', string.format('%.0f', till), 'lowered', string.format('%.0f', till))
redis.call('PEXPIRE', state, ARGV[3])
"""

_OBSERVED = """
redis.call('HSET', KEYS[1], 'used', ARGV[1], 'limit', ARGV[2], 'usage_at', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
"""

# KEYS: state. ARGV: window in us, part of its calls, how many always, how many are wanted, life of the state in ms.
# Answer: 0 when they are within the budget and counted, else us until the next window.
_RETRY = """
local state = KEYS[1]
local function number(name) return tonumber(redis.call('HGET', state, name) or '0') end
if number('window') + tonumber(ARGV[1]) <= now then
  redis.call('HSET', state, 'window', string.format('%.0f', now))
  redis.call('HDEL', state, 'calls', 'retries')
end
local allowed = math.max(tonumber(ARGV[3]), math.floor(number('calls') * tonumber(ARGV[2])))
if number('retries') >= allowed then return number('window') + tonumber(ARGV[1]) - now end
redis.call('HINCRBY', state, 'retries', ARGV[4])
redis.call('PEXPIRE', state, ARGV[5])
return 0
"""

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
        self._client = client
        self._acquire = client.register_script(NOW + _ACQUIRE)
        self._throttled = client.register_script(NOW + _THROTTLED)
        self._observed = client.register_script(NOW + _OBSERVED)
        self._retry = client.register_script(NOW + _RETRY)
        self._told: tuple[int, int, float] = (0, 0, 0.0)

    def acquire(self, cost: str, priority: Priority) -> str:
        """Take a slot, waiting up to two seconds. Raises ConnectorError with `retry_after`: kind throttled
        (`limit.wait`, `limit.paused`, `limit.unavailable`) or quota (`limit.daily`)."""
        lease = uuid.uuid4().hex
        arguments = self._arguments(lease, cost, priority)
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
                _refuse(why.decode() if isinstance(why, bytes) else why, wait)
            time.sleep(wait + random.uniform(0, 0.002))  # noqa: S311 - keeps waiters from knocking at one moment

    def release(self, lease: str) -> None:
        """Give the slot back."""
        if lease == _ALONE:
            _lock_of(self._key).release()
            return
        try:
            self._client.zrem(self._keys[1], lease)
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
        if limit == last_limit and abs(used - last_used) * 500 < limit and now - at < UNAVAILABLE_S:
            return
        self._told = (used, limit, now)
        self._try(self._observed, [used, limit, int(STATE_LIFE_S * 1000)])

    def told(self) -> tuple[int, int] | None:
        """(used, limit) of the daily allowance as the vendor told it last; None where it did not, within a day."""
        try:
            used, limit = self._client.hmget(self._keys[0], ["used", "limit"])
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

    def _arguments(self, lease: str, cost: str, priority: Priority) -> list[Any]:
        profile, first = self._profile, priority is Priority.INTERACTIVE
        arguments: list[Any] = [
            lease,
            int(LEASE_S * 1_000_000),
            profile.concurrent - (0 if first else profile.reserved),
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
            _refuse("unavailable", UNAVAILABLE_S if priority is not Priority.INTERACTIVE else MAX_WAIT_S)
        return _ALONE

    def _try(self, script: Any, arguments: list[Any]) -> None:
        try:
            script(keys=self._keys[:1], args=arguments)
        except redis.RedisError:
            return  # without Redis nothing but one interactive call at a time goes out anyway


def _lock_of(key: str) -> threading.Lock:
    with _alone_guard:
        return _alone.setdefault(key, threading.Lock())


def _refuse(why: str, wait: float) -> NoReturn:
    kind = FailureKind.QUOTA if why == "daily" else FailureKind.THROTTLED
    words = {
        "wait": "Too many calls at once; the next may go later.",
        "paused": "The vendor asked us to slow down; calls pause.",
        "daily": "The daily allowance is nearly used up; the rest is kept for people.",
        "unavailable": "The shared limiter is not reachable; only one interactive call goes at a time.",
    }
    raise ConnectorError(Failure(kind, f"limit.{why}", words[why], retry_after=wait))
