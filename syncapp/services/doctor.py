"""What `manage.py doctor` looks at in the domain: keys, database, clock, connections, and the vendors' open questions.

Probes answer lines of docs/open-questions.md with a real connection. A module that has one registers it:

    @probe(Side.QUICKBOOKS, "Is changedSince inclusive?")
    def changed_since(connection: Connection) -> Check: ...
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module

from django.conf import settings
from django.db import connection as database
from django.db.migrations.executor import MigrationExecutor

from connectors.contracts import Environment, Side
from connectors.errors import ConnectorError
from syncapp.models import Connection
from syncapp.models.connection import ConnectionStatus
from syncapp.services import health
from syncapp.services.checks import Check, Level, bad, good, warn
from syncapp.store import clock
from syncapp.tenancy import tenant

MOST_DRIFT = 5.0  # seconds; tokens and signatures bear more, leases of two machines should not
Answer = Callable[[Connection], Check]


@dataclass(frozen=True, slots=True)
class Probe:
    """A question of docs/open-questions.md that a real connection can answer by reading."""

    side: Side
    question: str
    answer: Answer


PROBES: list[Probe] = []


def probe(side: Side, question: str) -> Callable[[Answer], Answer]:
    """Register a probe. It only reads: whoever asks the doctor has not agreed to a write."""

    def register(answer: Answer) -> Answer:
        PROBES.append(Probe(side, question, answer))
        return answer

    return register


def installation() -> Iterator[Check]:
    """Keys, database and clock. Runs outside any company; never raises for what it is there to find."""
    yield from _keys()
    yield _migrations()
    yield _clock()


def connections(*, ask_questions: bool) -> Iterator[tuple[Connection, list[Check]]]:
    """Every live connection with what its health check found and, if asked for, what its probes answered.

    Calls the vendors. Probes are left out for the simulator: it knows only what we believe already.
    """
    import_module("syncapp.services.questions")  # registers its probes
    for connection in Connection.all_companies.filter(status=ConnectionStatus.LIVE).select_related("company"):
        with tenant(connection.company_id):
            found = _health(connection)
            if ask_questions and connection.environment != Environment.SIMULATOR:
                found += [_ask(one, connection) for one in PROBES if one.side == connection.side]
            yield connection, found


def _keys() -> Iterator[Check]:
    if not settings.FIELD_ENCRYPTION_KEYS:
        yield bad("keys", "No field keys", fix="Set FIELD_ENCRYPTION_KEYS (docs/operating.md says how).")
        return
    ids = list(settings.FIELD_ENCRYPTION_KEYS)
    unreadable = sum(1 for connection in Connection.all_companies.all() if not _readable(connection))
    if unreadable:
        yield bad(
            "keys",
            f"{unreadable} connections cannot be opened with the keys given",
            f"keys: {', '.join(ids)}",
            "Add the key they were sealed with to FIELD_ENCRYPTION_KEYS, behind the newest one.",
        )
    else:
        yield good("keys", "Stored secrets can be opened", f"newest key: {ids[0]}")
    if len(ids) > 1:
        yield warn(
            "keys.old",
            "Older keys are still in use",
            ", ".join(ids[1:]),
            "manage.py rotate_secrets, then remove them.",
        )


def _readable(connection: Connection) -> bool:
    from syncapp.crypto import SecretUnreadable

    try:
        _ = (connection.access_token, connection.refresh_token, connection.advanced_secret)
    except SecretUnreadable:
        return False
    return True


def _migrations() -> Check:
    executor = MigrationExecutor(database)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        return bad("migrations", f"{len(waiting)} migrations are not applied", fix="manage.py migrate")
    return good("migrations", "The database is up to date")


def _clock() -> Check:
    drift = abs(clock.now().timestamp() - time.time())
    if drift > MOST_DRIFT:
        fix = "Set both machines' clocks by NTP."
        return bad(
            "clock", "This machine and the database disagree about the time", f"{drift:.1f} s apart", fix
        )
    return good("clock", "Clocks agree", f"{drift:.2f} s apart")


def _health(connection: Connection) -> list[Check]:
    try:
        return list(health.check_side(connection))
    except ConnectorError as error:
        return [bad("connection", "Cannot be reached", str(error), "Validate it on its page, or reconnect.")]


def _ask(question: Probe, connection: Connection) -> Check:
    try:
        return question.answer(connection)
    except ConnectorError as error:
        return Check(f"probe:{question.question}", Level.WARN, question.question, f"not answered: {error}")
