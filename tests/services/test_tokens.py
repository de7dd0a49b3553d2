"""The token vault: one refresh at a time, nothing lost, a dead grant waits for a person (sync-semantics section 15)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections, transaction

from connectors.contracts import Grant
from connectors.errors import ConnectorError, Failure, FailureKind
from syncapp.models import Connection, Problem
from syncapp.services import tokens
from syncapp.services.tokens import TokenVault, VaultTiming
from tests.services.builders import a_company, a_connection

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
QUICK = VaultTiming(wait=0.3, poll=0.02)


@dataclass
class Endpoint:
    """A token endpoint: answers by refresh token, and remembers what it was asked."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    refreshes: bool = True
    before: Callable[[], None] = lambda: None

    def renew(self, refresh_token: str) -> Grant:
        self.asked.append(refresh_token)
        self.before()
        answer = self.answers[refresh_token]
        if isinstance(answer, Failure):
            raise ConnectorError(answer)
        return answer


def vault(connection: Connection, endpoint: Endpoint, timing: VaultTiming = QUICK) -> TokenVault:
    return TokenVault(connection.id, timing=timing, now=lambda: NOW, sign_in=lambda row: endpoint)  # type: ignore[arg-type,return-value]


def a_grant(number: int) -> Grant:
    return Grant(
        f"access_token-{number}",
        f"refresh_token-{number}",
        access_expires_at=NOW + timedelta(hours=1),
        instance_url=f"https://org{number}.my.salesforce.com",
    )


DEAD = Failure(FailureKind.AUTH, "oauth.invalid_grant", "expired access/refresh token")


@pytest.fixture
def connection() -> Connection:
    return a_connection(a_company(), "sf")


def test_a_refresh_stores_the_new_pair_before_it_is_used(connection: Connection) -> None:
    source = vault(connection, Endpoint({"refresh_token-1": a_grant(2)}))
    stale = source.current()
    fresh = source.renew(stale)
    connection.refresh_from_db()
    assert (fresh.token, fresh.version, fresh.base_url) == (
        "access_token-2",
        2,
        "https://org2.my.salesforce.com",
    )
    assert (connection.access_token, connection.refresh_token) == ("access_token-2", "refresh_token-2")
    assert connection.previous_refresh_token == "refresh_token-1"
    assert connection.previous_refresh_until == NOW + timedelta(days=1)
    assert connection.refresh_lease_until is None


def test_the_new_pair_survives_a_rollback_of_the_caller(connection: Connection) -> None:
    """C19: the pair is stored by a connection of its own, whatever becomes of the transaction around it."""
    source = vault(connection, Endpoint({"refresh_token-1": a_grant(2)}))
    with transaction.atomic():
        source.renew(source.current())
        transaction.set_rollback(True)
    connection.refresh_from_db()
    assert connection.refresh_token == "refresh_token-2"


def test_somebody_elses_newer_token_is_used_without_asking(connection: Connection) -> None:
    endpoint = Endpoint({"refresh_token-1": a_grant(2)})
    first, second = vault(connection, endpoint), vault(connection, endpoint)
    stale = second.current()
    first.renew(first.current())
    assert second.renew(stale).token == "access_token-2"
    assert endpoint.asked == ["refresh_token-1"]


def test_ten_threads_with_a_refused_token_refresh_once(connection: Connection) -> None:
    started = threading.Barrier(10)
    endpoint = Endpoint({"refresh_token-1": a_grant(2)})
    stale = vault(connection, endpoint).current()
    got: list[str] = []

    def work() -> None:
        started.wait()
        got.append(vault(connection, endpoint, VaultTiming(wait=10, poll=0.02)).renew(stale).token)
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert got == ["access_token-2"] * 10
    assert endpoint.asked == ["refresh_token-1"]


def test_a_refresher_that_died_is_replaced_when_its_lease_is_over(connection: Connection) -> None:
    lease = datetime.now(UTC) - timedelta(seconds=1)
    Connection.all_companies.filter(pk=connection.pk).update(
        refresh_lease_until=lease, refresh_lease_owner="dead"
    )
    source = vault(connection, Endpoint({"refresh_token-1": a_grant(2)}))
    assert source.renew(source.current()).token == "access_token-2"


def test_waiting_for_another_refresher_ends_with_a_passing_failure(connection: Connection) -> None:
    lease = datetime.now(UTC) + timedelta(seconds=30)
    Connection.all_companies.filter(pk=connection.pk).update(refresh_lease_until=lease)
    source = vault(connection, Endpoint())
    with pytest.raises(ConnectorError) as caught:
        source.renew(source.current())
    assert caught.value.failure.kind is FailureKind.TRANSIENT


def test_an_unreachable_endpoint_changes_nothing_and_frees_the_lease(connection: Connection) -> None:
    endpoint = Endpoint({"refresh_token-1": Failure(FailureKind.TRANSIENT, "net.timeout")})
    source = vault(connection, endpoint)
    with pytest.raises(ConnectorError):
        source.renew(source.current())
    endpoint.answers["refresh_token-1"] = a_grant(2)
    assert source.renew(source.current()).token == "access_token-2"


def test_a_lost_answer_is_recovered_with_the_same_refresh_token(connection: Connection) -> None:
    """C17, C18 with Intuit: the old refresh token still works."""
    endpoint = Endpoint({"refresh_token-1": a_grant(2)})

    def die() -> None:
        raise KeyboardInterrupt

    endpoint.before = die
    source = vault(connection, endpoint)
    with pytest.raises(KeyboardInterrupt):
        source.renew(source.current())
    Connection.all_companies.filter(pk=connection.pk).update(refresh_lease_until=datetime.now(UTC))
    endpoint.before = lambda: None
    assert source.renew(source.current()).token == "access_token-2"


def test_the_previous_refresh_token_is_tried_once_before_giving_up(connection: Connection) -> None:
    connection.previous_refresh_token = "refresh_token-0"
    connection.previous_refresh_until = NOW + timedelta(hours=1)
    connection.save()
    endpoint = Endpoint({"refresh_token-1": DEAD, "refresh_token-0": a_grant(3)})
    source = vault(connection, endpoint)
    assert source.renew(source.current()).token == "access_token-3"
    assert endpoint.asked == ["refresh_token-1", "refresh_token-0"]


def test_a_dead_grant_pauses_the_connection_and_asks_a_person_once(connection: Connection) -> None:
    """C17, C18 with Salesforce's rotation: the old token is dead at once."""
    source = vault(connection, Endpoint({"refresh_token-1": DEAD}))
    stale = source.current()
    for _ in range(2):
        with pytest.raises(ConnectorError) as caught:
            source.renew(stale)
        assert caught.value.failure.kind is FailureKind.AUTH
    connection.refresh_from_db()
    (problem,) = Problem.all_companies.filter(connection=connection)
    assert (connection.status, connection.status_code) == ("needs_reauth", "oauth.invalid_grant")
    assert (problem.code, problem.count, problem.closed_at) == ("oauth.invalid_grant", 1, None)


def test_invalid_grant_after_somebody_else_refreshed_uses_theirs(connection: Connection) -> None:
    endpoint = Endpoint({"refresh_token-1": DEAD})

    def meanwhile() -> None:
        row = Connection.all_companies.get(pk=connection.pk)
        row.access_token, row.token_version = "access_token-9", 9
        row.save()

    endpoint.before = meanwhile
    source = vault(connection, endpoint)
    assert source.renew(source.current()).token == "access_token-9"


def test_an_answer_that_comes_after_another_process_was_refused_makes_the_connection_live_again(
    connection: Connection,
) -> None:
    """A process that stood still for longer than its lease holds the only copy of the new pair (C18)."""
    slow = Endpoint({"refresh_token-1": a_grant(2)})

    def meanwhile() -> None:
        Connection.all_companies.filter(pk=connection.pk).update(refresh_lease_until=datetime.now(UTC))
        other = vault(connection, Endpoint({"refresh_token-1": DEAD}))
        with pytest.raises(ConnectorError):
            other.renew(other.current())

    slow.before = meanwhile
    source = vault(connection, slow)
    assert source.renew(source.current()).token == "access_token-2"
    connection.refresh_from_db()
    assert (connection.status, connection.refresh_token) == ("live", "refresh_token-2")
    assert not Problem.all_companies.filter(connection=connection, closed_at=None).exists()


def test_intuit_is_renewed_five_minutes_before_the_end_and_not_earlier() -> None:
    company = a_company()
    endpoint = Endpoint({"refresh_token-1": a_grant(2)})
    early = a_connection(company, "qbo", access_expires_at=NOW + timedelta(minutes=6))
    late = a_connection(company, "qbo", access_expires_at=NOW + timedelta(minutes=4))
    assert vault(early, endpoint).current().token == "access_token-1"
    assert vault(late, endpoint).current().token == "access_token-2"


def test_a_connection_that_signs_in_anew_needs_no_refresh_token(connection: Connection) -> None:
    Connection.all_companies.filter(pk=connection.pk).update(auth_method="jwt", refresh_token_sealed="")
    endpoint = Endpoint(
        {"": Grant("access_token-2", instance_url="https://a.my.salesforce.com")}, refreshes=False
    )
    source = vault(connection, endpoint)
    assert source.renew(source.current()).token == "access_token-2"


def test_an_unreadable_secret_waits_for_the_operator_and_wakes_when_the_key_is_back(
    connection: Connection, settings: Any
) -> None:
    keys = settings.FIELD_ENCRYPTION_KEYS
    settings.FIELD_ENCRYPTION_KEYS = {"other": next(iter(keys.values()))}
    source = vault(connection, Endpoint())
    with pytest.raises(ConnectorError) as caught:
        source.current()
    assert caught.value.failure.code == "vault.unreadable"
    tokens.keep_alive(NOW)
    connection.refresh_from_db()
    assert connection.status == "needs_reauth"
    settings.FIELD_ENCRYPTION_KEYS = keys
    tokens.keep_alive(NOW)
    connection.refresh_from_db()
    assert connection.status == "live"
    assert not Problem.all_companies.filter(closed_at=None).exists()
