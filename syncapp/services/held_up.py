"""What keeps a pair from being synced now, in words: all is paused, an access has ended, a service does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from syncapp.models import Connection, ConnectionStatus, Integration


@dataclass(frozen=True, slots=True)
class Wait:
    """Something that keeps work from going on: the code of its words, and what they name."""

    code: str
    values: dict[str, str] = field(default_factory=dict)


def by(integration: Integration) -> list[Wait]:
    """Why nothing of this pair is synced now; empty while it is. No query where company and connections are there."""
    if integration.company.paused:
        return [Wait("held.paused")]
    sides = (integration.salesforce, integration.quickbooks)
    return [wait for one in sides if one is not None for wait in _of(one)]


def _of(connection: Connection) -> Iterator[Wait]:
    if connection.status != ConnectionStatus.LIVE:
        yield Wait("held.access", {"name": str(connection)})
    elif connection.resting_until is not None:
        yield Wait("held.answers", {"name": str(connection)})
