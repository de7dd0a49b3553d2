"""What the planner of PostgreSQL knows of tables that a first scan has just filled."""

from __future__ import annotations

from syncapp.models import LinkBase, LinkWork, MatchKey, Observation, RecordLink
from syncapp.store import bulk

GROWN = (RecordLink, LinkBase, LinkWork, Observation, MatchKey)


def refresh() -> None:
    """Look at the tables that grew now, instead of a minute later: until then every join over them is a guess. Takes
    a part of a second each, whatever their size, and blocks nobody."""
    bulk.execute("analyze " + ", ".join(f'"{model._meta.db_table}"' for model in GROWN))
