"""What is kept only for a time: bodies of writes, values of attempts, bodies that capture brought (section 21).

The audit trail stays, and so does what an undo needs of each write.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from syncapp.store import bulk, clock

AT_ONCE = 5000
MOST_PORTIONS = 40
OBSERVED_FOR = timedelta(days=7)

INTENTS = """
update syncapp_writeintent set body = '', source_base = '{}'
where id in (select id from syncapp_writeintent where closed_at < %s and body <> '' limit %s)
"""
ATTEMPTS = """
update syncapp_attempt set changes = '[]', failure_values = failure_values - 'message' - 'detail' - 'value'
where id in (select id from syncapp_attempt where finished_at < %s and changes <> '[]' limit %s)
"""
OBSERVATIONS = """
update syncapp_observation set body = null, hinted_at = coalesce(hinted_at, lb_now())
where id in (select id from syncapp_observation where seen_at < %s and body is not null and not fresh limit %s)
"""
"""A record whose news waits for a person or a parent is read again when it goes on."""


def empty_old_bodies() -> dict[str, int]:
    """Empty what is older than its time, in portions; returns how many rows of each kind. What is left after many
    portions waits for the next day. System code: all companies."""
    now = clock.now()
    old = now - timedelta(days=settings.BODY_RETENTION_DAYS)
    return {
        "intents": _portions(INTENTS, old),
        "attempts": _portions(ATTEMPTS, old),
        "observations": _portions(OBSERVATIONS, now - OBSERVED_FOR),
    }


def _portions(sql: str, before: datetime) -> int:
    emptied = 0
    for _ in range(MOST_PORTIONS):
        found = bulk.execute(sql, [before, AT_ONCE])
        emptied += found
        if found < AT_ONCE:
            break
    return emptied
