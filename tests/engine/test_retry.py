from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import Failure, FailureKind
from syncapp.engine.retry import Next, Retry, after_failure, backoff
from syncapp.engine.timing import Timing

TIMING = Timing()
K = FailureKind


def following(kind, attempts=0, rounds=0, **more) -> Retry:
    return after_failure(Failure(kind, "x", **more), attempts, rounds, 1.0, TIMING)


@pytest.mark.parametrize(
    ("kind", "following_state", "attempts", "attention"),
    [
        (K.TRANSIENT, Next.DUE_LATER, 1, "none"),
        (K.THROTTLED, Next.WITH_CONNECTION, 0, "none"),
        (K.AUTH, Next.WITH_CONNECTION, 0, "none"),
        (K.QUOTA, Next.WITH_CONNECTION, 0, "none"),
        (K.PERMISSION, Next.ASK, 1, "data_error"),
        (K.CONFIG, Next.ASK, 1, "data_error"),
        (K.DATA, Next.ASK, 1, "data_error"),
        (K.CONFLICT, Next.DUE_NOW, 0, "none"),
        (K.EXISTS, Next.DUE_NOW, 0, "none"),
        (K.MISSING, Next.DUE_NOW, 0, "none"),
        (K.WAITING, Next.BLOCKED, 0, "blocked"),
        (K.UNKNOWN_WRITE, Next.FIND_OUT, 0, "unknown"),
        (K.BUG, Next.DUE_LATER, 1, "none"),
    ],
)
def test_every_kind_has_its_consequence(kind, following_state, attempts, attention):
    found = following(kind)
    assert (found.next, found.attempts, found.attention) == (following_state, attempts, attention)


def test_budgets_end_in_a_persons_hands():
    assert following(K.TRANSIENT, attempts=7).attention == "data_error"
    assert following(K.BUG, attempts=2).next is Next.QUARANTINED
    assert following(K.CONFLICT, rounds=5).next is Next.DUE_LATER


def test_a_time_the_vendor_named_is_kept():
    assert following(K.THROTTLED, retry_after=60.0).after == 60.0
    assert following(K.TRANSIENT, retry_after=500.0).after == 500.0


@given(st.integers(0, 500), st.floats(0, 1))
def test_waits_grow_to_their_cap_with_full_jitter(attempts, chance):
    wait = backoff(attempts, chance, TIMING)
    assert 0 <= wait <= TIMING.backoff_cap
    assert wait <= backoff(attempts, 1.0, TIMING)


def test_a_divided_timing_shortens_times_only():
    short = TIMING.divided(40)
    assert (short.lease, short.cas_max, short.settle) == (3.0, 5, 2.0)
