"""Problems of whole connections: opened when a connection needs a person, closed when it works again."""

from __future__ import annotations

from datetime import datetime

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import F
from django.utils import timezone

from connectors.errors import FailureKind
from syncapp.models import Connection, Problem
from syncapp.services import notifications


def subject_of(connection: Connection) -> str:
    """How problem rows name this connection."""
    return f"connection:{connection.pk}"


def open_for(
    connection: Connection,
    code: str,
    message: str = "",
    *,
    kind: FailureKind = FailureKind.AUTH,
    using: str = DEFAULT_DB_ALIAS,
    at: datetime | None = None,
) -> None:
    """Open the connection's problem, or count it once more when it is open already."""
    moment = at or timezone.now()
    values = {"connection": str(connection), "side": connection.get_side_display(), "message": message}
    with transaction.atomic(using=using):
        rows = Problem.all_companies.using(using).filter(
            company_id=connection.company_id, subject=subject_of(connection), closed_at=None
        )
        notifications.raise_for_connection(connection, code, values, moment, using)
        if rows.update(
            count=F("count") + 1, last_seen_at=moment, code=code[:80], kind=kind.value, values=values
        ):
            return
        Problem.all_companies.using(using).create(
            company_id=connection.company_id,
            subject=subject_of(connection),
            connection_id=connection.pk,
            kind=kind.value,
            code=code[:80],
            values=values,
            first_seen_at=moment,
            last_seen_at=moment,
        )


def close_for(connection: Connection, *, by: str = "", at: datetime | None = None) -> int:
    """Close what is open for this connection, because it works again; returns how many."""
    return Problem.all_companies.filter(
        company_id=connection.company_id, subject=subject_of(connection), closed_at=None
    ).update(closed_at=at or timezone.now(), closed_by=by[:120])
