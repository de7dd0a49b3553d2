"""All tunable times and limits of syncing in one frozen value (sync-semantics section 19)."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class Timing:
    """Times are in seconds, the rest are counts. Tests use `divided(40)` to make the times short."""

    newest_guard: float = 120.0
    """Closer than this, `newest` does not decide a conflict: a person is asked."""
    settle: float = 2.0
    """A Salesforce stamp younger than this may still be followed by another write of the same second."""
    unknown_wait: float = 90.0
    """Wait before finding out what came of a write whose answer was lost."""
    unknown_wait_batch: float = 180.0
    probe_gap: float = 60.0
    requestid_trust: float = 1800.0
    """Older than this, a request id may be forgotten: two looks that find nothing come before a write is repeated."""
    ask_after: float = 86400.0
    """A write that is still unclear after so long is put to a person."""
    lease: float = 120.0
    renewal: float = 30.0
    sweep: float = 30.0
    lanes: float = 13.0
    """Lanes that are due are rung for no more often than this: with every second tick, a tick being 7.5 s."""
    doorbell_age: float = 30.0
    """Older than this, a run that nobody reads is rung for again."""
    throttle_pause: float = 60.0
    """Wait after the vendor turned a call away without naming a time."""
    backoff_base: float = 2.0
    backoff_cap: float = 900.0
    """Longest wait after a transient failure."""
    backoff_cap_blocked: float = 21600.0
    """Longest wait for what is blocked or out of quota."""
    settle_retry: float = 3.0
    notice_debounce: float = 2.0
    """After a webhook notice, wait this long for further ones: one reading covers the burst."""
    notice_cap: float = 10.0
    """A burst that does not end is read after this long all the same."""
    breaker_window: float = 120.0
    breaker_probe_first: float = 30.0
    breaker_probe_last: float = 900.0
    cas_max: int = 5
    """Rounds of read, merge and send against a record that keeps moving."""
    attempts_transient: int = 8
    attempts_bug: int = 3
    breaker_failures: int = 5
    slice_size: int = 1000
    """Most links that one worker claims at once."""
    qbo_batch: int = 30
    sf_collection: int = 200
    sf_composite_collections: int = 5

    @property
    def sf_composite(self) -> int:
        """Most writes that one Salesforce call carries."""
        return self.sf_collection * self.sf_composite_collections

    def divided(self, by: float) -> Timing:
        """The same timing with every time divided by `by`; counts stay, and what the vendors' clocks (which
        tick in whole seconds) decide."""
        kept = {"settle", "newest_guard"}
        times = {
            item.name: getattr(self, item.name) / by
            for item in fields(self)
            if isinstance(getattr(self, item.name), float) and item.name not in kept
        }
        return replace(self, **times)
