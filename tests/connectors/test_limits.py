from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
import redis

from connectors import limit_scripts, limits
from connectors.contracts import Limiter, Priority
from connectors.errors import ConnectorError, FailureKind
from connectors.limits import INTUIT, SALESFORCE, Profile, Rate, limiter_for

FIRST, NORMAL, BULK = Priority.INTERACTIVE, Priority.NORMAL, Priority.BULK


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with limits.connect(redis_url) as client:
        yield client


class Clock:
    """Stands for both clocks, the process' and that of Redis: time passes only where somebody sleeps."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._seconds = 1_800_000_000.0
        self.sleep(0.0)

    def monotonic(self) -> float:
        return self._seconds

    def sleep(self, seconds: float) -> None:
        self._seconds += seconds
        self._client.set("clock", f"{self._seconds * 1_000_000:.0f}")


@pytest.fixture
def clock(client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(client)
    monkeypatch.setattr(limit_scripts, "NOW", "local now = tonumber(redis.call('GET', 'clock'))\n")
    monkeypatch.setattr(limits, "time", clock)
    return clock


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_WAIT_S", 0.0)


def profile(**more: object) -> Profile:
    return Profile("test", **more)  # type: ignore[arg-type]


def code(limiter: Limiter, cost: str = "call", priority: Priority = BULK) -> str:
    try:
        limiter.release(limiter.acquire(cost, priority))
    except ConnectorError as error:
        return error.failure.code
    return "granted"


def test_batches_keep_their_own_rate_however_fast_they_are_asked_for(
    client: redis.Redis, clock: Clock
) -> None:
    limiter = limiter_for(INTUIT.with_batches(1200), "app|realm", client)
    started = clock.monotonic()
    for _ in range(20):
        limiter.release(limiter.acquire("batch", BULK))
    # 8 calls a second bind here: the second's rate holds for batches too. Each wait may end 2 ms late.
    assert 19 / 8 <= clock.monotonic() - started < 19 / 8 + 19 * 0.002 + 0.001


def test_more_than_the_limit_in_a_minute_is_refused_with_the_time_to_wait(
    client: redis.Redis, clock: Clock, no_waiting: None
) -> None:
    limiter = limiter_for(profile(rates={"a": Rate(60, 3)}, default=("a",)), "x", client)
    assert [code(limiter) for _ in range(3)] == ["granted"] * 3
    with pytest.raises(ConnectorError) as caught:
        limiter.acquire("call", BULK)
    failure = caught.value.failure
    assert (failure.code, failure.kind) == ("limit.wait", FailureKind.THROTTLED)
    assert failure.retry_after == 1.0


def test_all_processes_share_one_limit_and_connections_do_not(
    client: redis.Redis, clock: Clock, no_waiting: None
) -> None:
    only_two = profile(rates={"a": Rate(1, 2)}, default=("a",))
    mine, theirs, other = (limiter_for(only_two, key, client) for key in ("x", "x", "y"))
    assert [code(mine), code(theirs), code(mine), code(other)] == [
        "granted",
        "granted",
        "limit.wait",
        "granted",
    ]


def test_slots_for_calls_at_once_are_kept_for_people(client: redis.Redis, no_waiting: None) -> None:
    limiter = limiter_for(profile(concurrent=3, reserved=1), "x", client)
    held = [limiter.acquire("call", BULK) for _ in range(2)]
    assert code(limiter) == "limit.wait"
    assert code(limiter, priority=FIRST) == "granted"
    limiter.release(held[0])
    assert code(limiter) == "granted"


def test_short_calls_of_many_connections_are_let_through_together_and_take_no_slot(
    client: redis.Redis, no_waiting: None
) -> None:
    full = limiter_for(profile(concurrent=1, reserved=0), "full", client)
    paused = limiter_for(profile(), "paused", client)
    full.acquire("call", BULK)
    paused.throttled(7.0)
    first, second, third = limits.admitted([full, paused, limits.Unlimited()], "call", NORMAL)
    assert isinstance(second, ConnectorError)
    assert (second.failure.code, round(second.failure.retry_after or 0)) == ("limit.paused", 7)
    assert isinstance(third, limits.Unlimited)
    assert not isinstance(first, ConnectorError)
    assert [code(first), code(first), code(full)] == ["granted", "limit.wait", "limit.wait"]


def test_short_calls_are_not_let_through_without_redis() -> None:
    with limits.connect("redis://127.0.0.1:1/0") as nobody:
        (one,) = limits.admitted([limiter_for(SALESFORCE, "x", nobody)], "call", NORMAL)
    assert isinstance(one, ConnectorError)
    assert one.failure.code == "limit.unavailable"


def test_the_slot_of_a_dead_process_comes_back_by_itself(
    client: redis.Redis, clock: Clock, no_waiting: None
) -> None:
    limiter = limiter_for(profile(concurrent=1, reserved=0), "x", client)
    limiter.acquire("call", BULK)
    clock.sleep(limits.LEASE_S - 1)
    assert code(limiter) == "limit.wait"
    clock.sleep(1)
    assert code(limiter) == "granted"


def test_people_come_first_but_the_lower_classes_keep_their_twentieth(
    client: redis.Redis, clock: Clock, no_waiting: None
) -> None:
    limiter = limiter_for(profile(rates={"a": Rate(6000, 4, 1)}, default=("a",)), "x", client)
    counts, order = {FIRST: 0, BULK: 0}, Random(7)
    for _ in range(1000):  # both always want to call; who knocks first is chance
        for priority in order.sample((FIRST, BULK), 2):
            counts[priority] += code(limiter, priority=priority) == "granted"
        clock.sleep(0.001)
    assert sum(counts.values()) == pytest.approx(102, abs=1)  # 100 a second, and the burst
    assert 0.04 <= counts[BULK] / counts[FIRST] <= 0.08


def test_a_throttle_pauses_everybody_then_goes_on_a_tenth_slower(
    client: redis.Redis, clock: Clock, no_waiting: None
) -> None:
    limiter = limiter_for(profile(rates={"a": Rate(6000, 1)}, default=("a",)), "x", client)
    for _ in range(3):  # several answers of one burst count once
        limiter.throttled(0.2)
    with pytest.raises(ConnectorError) as caught:
        limiter.acquire("call", FIRST)
    assert caught.value.failure.code == "limit.paused"
    assert caught.value.failure.retry_after == 0.2
    assert client.hget("limits:{test:x}:state", "rate:a") == b"5400.000"
    clock.sleep(0.25)
    assert code(limiter) == "granted"


def test_without_a_named_time_the_pause_is_a_minute(
    client: redis.Redis, clock: Clock, no_waiting: None
) -> None:
    limiter = limiter_for(INTUIT, "x", client)
    limiter.throttled(None)
    with pytest.raises(ConnectorError) as caught:
        limiter.acquire("call", FIRST)
    assert caught.value.failure.retry_after == 60


def test_each_clean_step_gives_one_call_a_minute_back(
    client: redis.Redis, clock: Clock, no_waiting: None
) -> None:
    limiter = limiter_for(profile(rates={"a": Rate(60, 1)}, default=("a",)), "x", client)
    limiter.throttled(1)
    assert client.hget("limits:{test:x}:state", "rate:a") == b"54.000"
    clock.sleep(1 + 3.5 * limits.RECOVER_S)
    limiter.throttled(1)
    assert client.hget("limits:{test:x}:state", "rate:a") == b"51.300"  # (54 + 3) less a tenth


def test_near_the_daily_end_only_people_go_on(client: redis.Redis) -> None:
    limiter = limiter_for(SALESFORCE, "org", client)
    assert limiter.told() is None
    limiter.observed(85_000, 100_000)
    assert limiter.told() == (85_000, 100_000)
    assert [code(limiter, priority=p) for p in (BULK, NORMAL, FIRST)] == ["limit.daily", "granted", "granted"]
    limiter.observed(95_000, 100_000)
    assert [code(limiter, priority=p) for p in (BULK, NORMAL, FIRST)] == [
        "limit.daily",
        "limit.daily",
        "granted",
    ]


def test_a_tenth_of_the_calls_of_two_minutes_may_be_repetitions(client: redis.Redis, clock: Clock) -> None:
    limiter = limiter_for(SALESFORCE, "org", client)
    for _ in range(200):
        limiter.release(limiter.acquire("call", BULK))
    clock.sleep(30)
    assert [limiter.retry(4) for _ in range(5)] == [0.0] * 5
    assert limiter.retry(1) == limits.RETRY_WINDOW_S - 30
    clock.sleep(limits.RETRY_WINDOW_S - 30)
    assert limiter.retry(1) == 0.0


def test_a_quiet_connection_may_repeat_a_few_calls_all_the_same(client: redis.Redis, clock: Clock) -> None:
    limiter = limiter_for(SALESFORCE, "org", client)
    assert [limiter.retry(1) for _ in range(limits.RETRIES_ALWAYS + 1)] == [
        *([0.0] * limits.RETRIES_ALWAYS),
        limits.RETRY_WINDOW_S,
    ]


def test_profile_none_limits_nothing(client: redis.Redis) -> None:
    limiter = limiter_for("none", "x", client)
    assert {code(limiter) for _ in range(1000)} == {"granted"}


def test_without_redis_bulk_stops_and_people_go_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_WAIT_S", 0.05)
    gone = limits.connect("redis://127.0.0.1:1/0")
    limiter = limiter_for(INTUIT, "lonely", gone)
    assert [code(limiter, priority=p) for p in (BULK, NORMAL)] == ["limit.unavailable"] * 2
    lease = limiter.acquire("call", FIRST)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(code, limiter, priority=FIRST).result() == "limit.unavailable"
    limiter.release(lease)
    assert code(limiter, priority=FIRST) == "granted"


def test_a_long_bulk_load_uses_at_least_95_percent_of_the_batch_rate(
    client: redis.Redis, clock: Clock
) -> None:
    limiter = limiter_for(profile(rates={"batch": Rate(1200, 2, 1)}, default=("batch",)), "x", client)
    started, batches = clock.monotonic(), 200
    for _ in range(batches):
        lease = limiter.acquire("batch", BULK)
        clock.sleep(0.01)  # what a call takes
        limiter.release(lease)
    assert batches / (clock.monotonic() - started) >= 20 * 0.95
