"""The token vault: one refresh at a time per connection, and no token pair ever lost (sync-semantics section 15).

The vault talks to the database over its own connection (alias `vault`), so that what a token endpoint gave is committed
at once, whatever transaction the caller is in; the endpoint itself is asked outside any transaction (C17 to C19).
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from connectors.contracts import Access, Grant, Side
from connectors.errors import ConnectorError, Failure, FailureKind
from syncapp.crypto import SecretUnreadable
from syncapp.models import AuthMethod, Connection, ConnectionStatus
from syncapp.services import connection_problems
from syncapp.services.sign_in import INVALID_GRANT, SignIn, dead, sign_in_of
from syncapp.store.clock import SqlNow

VAULT = "vault"
NEEDS_REAUTH = "connection.needs_reauth"
_PASSES = frozenset({FailureKind.TRANSIENT, FailureKind.THROTTLED, FailureKind.QUOTA})
"""Failures of the token endpoint that say nothing about the grant."""
UNREADABLE = "vault.unreadable"
AHEAD_S = 5.0
"""How long an access that was read ahead is taken for the newest. Where it is not, the service refuses it and the vault
finds the newer one (W5)."""
_OF_ACCESS = (
    "company",
    "status",
    "status_code",
    "token_version",
    "access_token_sealed",
    "access_expires_at",
    "base_url",
)


@dataclass(frozen=True, slots=True)
class VaultTiming:
    """Seconds of section 15, in one value so that tests can shorten them."""

    lease: float = 30
    wait: float = 12
    poll: float = 0.2
    early: float = 300
    """How long before its end an Intuit access token is renewed."""
    previous: float = 86_400
    """How long the refresh token before the newest is kept."""


class TokenVault:
    """Gives the access tokens of one connection to its clients; implements `connectors.contracts.AccessSource`.

    `even_if_ended` is for a person who asks to try a connection again that waits for them: a refresh that works makes
    it live.
    """

    def __init__(
        self,
        connection_id: uuid.UUID,
        *,
        timing: VaultTiming | None = None,
        now: Callable[[], datetime] = timezone.now,
        sign_in: Callable[[Connection], SignIn] = sign_in_of,
        even_if_ended: bool = False,
    ) -> None:
        self.connection_id = connection_id
        self._timing = timing or VaultTiming()
        self._now = now
        self._sign_in = sign_in
        self._even_if_ended = even_if_ended
        self._owner = uuid.uuid4().hex
        self._ahead: tuple[Access, float] | None = None

    def current(self) -> Access:
        """The newest stored access; renewed first when Intuit's is about to end.

        Raises ConnectorError: kind auth when the connection needs a person.
        """
        ahead, self._ahead = self._ahead, None
        if ahead is not None and time.monotonic() < ahead[1]:
            return ahead[0]
        row = self._row_of_access()
        access = self._access(row)
        return self.renew(access) if self._ends_soon(row) else access

    def look_ahead(self) -> Access | None:
        """The newest stored access, for calls that are about to leave in threads; None where it is about to end or
        cannot be had: the call then renews it, or says why it cannot."""
        try:
            row = self._row_of_access()
            access = self._access(row)
        except ConnectorError:
            return None
        return None if self._ends_soon(row) else access

    def put_ahead(self, access: Access) -> None:
        """The next call, within seconds, takes this access and needs no database: a session that a thread opens for one
        call costs more than the call."""
        self._ahead = access, time.monotonic() + AHEAD_S

    def renew(self, stale: Access) -> Access:
        """Refresh once for all processes because `stale` was refused or is about to end; returns the newer access.

        Raises ConnectorError: kind auth when the grant is dead, transient when the token endpoint cannot be reached or
        another process holds the refresh for longer than the wait.
        """
        deadline = time.monotonic() + self._timing.wait
        while True:
            row = self._row()
            if row.token_version > stale.version:
                return self._access(row)
            if self._lease(row.token_version):
                return self._refresh(row.token_version)
            if time.monotonic() >= deadline:
                raise ConnectorError(
                    Failure(
                        FailureKind.TRANSIENT,
                        "oauth.refresh_busy",
                        "Another process is renewing the sign-in.",
                    )
                )
            time.sleep(self._timing.poll)

    # --- the row ---

    def _row(self) -> Connection:
        return self._live(Connection.all_companies.using(VAULT).select_related("app_credentials"))

    def _row_of_access(self) -> Connection:
        """The same with no more than a call needs: it is read before each."""
        return self._live(Connection.all_companies.using(VAULT).only(*_OF_ACCESS))

    def _live(self, rows: QuerySet[Connection]) -> Connection:
        row = rows.get(pk=self.connection_id)
        if row.status == ConnectionStatus.DISCONNECTED:
            raise dead("connection.disconnected", "This connection was disconnected.")
        if row.status == ConnectionStatus.NEEDS_REAUTH and not self._even_if_ended:
            raise dead(row.status_code or NEEDS_REAUTH, "This connection has to be connected again.")
        return row

    def _ends_soon(self, row: Connection) -> bool:
        ends = row.access_expires_at
        return ends is not None and ends - self._now() <= timedelta(seconds=self._timing.early)

    def _access(self, row: Connection) -> Access:
        try:
            return Access(token=row.access_token, version=row.token_version, base_url=row.base_url)
        except SecretUnreadable:
            raise self._give_up(row.token_version, UNREADABLE) from None

    def _update(self, version: int, **values: object) -> bool:
        """One committed UPDATE of exactly this version; False when somebody was faster. Never inside a transaction."""
        with transaction.atomic(using=VAULT, durable=True):
            rows = Connection.all_companies.using(VAULT).filter(pk=self.connection_id, token_version=version)
            return rows.update(**values) == 1

    def _lease(self, version: int) -> bool:
        with transaction.atomic(using=VAULT, durable=True):
            free = Q(refresh_lease_until=None) | Q(refresh_lease_until__lte=SqlNow())
            rows = Connection.all_companies.using(VAULT).filter(
                free, pk=self.connection_id, token_version=version
            )
            until = SqlNow() + timedelta(seconds=self._timing.lease)
            return rows.update(refresh_lease_until=until, refresh_lease_owner=self._owner) == 1

    # --- the token endpoint ---

    def _refresh(self, version: int) -> Access:
        """We hold the lease: ask the endpoint and store what it gives before anything else."""
        row = self._row()
        try:
            sign_in = self._sign_in(row)
            tokens = self._tokens(row) if sign_in.refreshes else [""]
        except SecretUnreadable:
            raise self._give_up(version, UNREADABLE) from None
        failure = dead(NEEDS_REAUTH, "There is no refresh token.").failure
        for token in tokens:
            try:
                grant = sign_in.renew(token)
            except ConnectorError as error:
                failure = error.failure
            else:
                return self._store(row, token, grant)
            if failure.kind in _PASSES:
                self._update(version, refresh_lease_until=None)
                raise ConnectorError(failure)
            moved = self._row()
            if moved.token_version > version:
                return self._access(moved)
            if failure.code != INVALID_GRANT:
                break
        raise self._give_up(version, failure.code, failure.message)

    def _tokens(self, row: Connection) -> list[str]:
        """Refresh tokens to try: the newest, then the one before while it may still work."""
        tokens = [row.refresh_token]
        until = row.previous_refresh_until
        if row.previous_refresh_token_sealed and until is not None and until > self._now():
            tokens.append(row.previous_refresh_token)
        return [token for token in tokens if token]

    def _store(self, row: Connection, used: str, grant: Grant) -> Access:
        """First act with the answer: one committed UPDATE; only then is the token used."""
        version = row.token_version
        fill_tokens(
            row, grant, previous=used, keep_until=self._now() + timedelta(seconds=self._timing.previous)
        )
        row.refreshed_at = self._now()
        row.refresh_lease_until, row.refresh_lease_owner = None, ""
        row.token_version = version + 1
        row.status, row.status_code = ConnectionStatus.LIVE, ""
        if self._update(version, **{name: getattr(row, name) for name in _STORED}):
            # Also where it was live when we asked: while we stood still for longer than our lease, another process may
            # have been refused and told the owner.
            connection_problems.close_for(row)
        else:
            row = self._row()
        return self._access(row)

    def _give_up(self, version: int, code: str, message: str = "") -> ConnectorError:
        """The grant is dead: the connection waits for a person and its work with it. Nothing due is lost."""
        changed = self._update(
            version, status=ConnectionStatus.NEEDS_REAUTH, status_code=code[:80], refresh_lease_until=None
        )
        if changed:
            row = Connection.all_companies.using(VAULT).get(pk=self.connection_id)
            connection_problems.open_for(row, code, message, using=VAULT, at=self._now())
        return dead(code, message)


_STORED = (
    "status",
    "status_code",
    "access_token_sealed",
    "refresh_token_sealed",
    "previous_refresh_token_sealed",
    "previous_refresh_until",
    "access_expires_at",
    "refresh_expires_at",
    "refresh_hard_expires_at",
    "base_url",
    "refreshed_at",
    "refresh_lease_until",
    "refresh_lease_owner",
    "token_version",
)


def fill_tokens(
    row: Connection, grant: Grant, *, previous: str = "", keep_until: datetime | None = None
) -> None:
    """Put what a token endpoint gave into the row (not saved). What the vendor left out stays as it was.

    `previous` is the refresh token that was used for it, kept until `keep_until` where the vendor gave another one.
    """
    row.access_token = grant.access_token
    row.access_expires_at = grant.access_expires_at
    if grant.refresh_token:
        if previous and previous != grant.refresh_token:
            row.previous_refresh_token = previous
            row.previous_refresh_until = keep_until
        row.refresh_token = grant.refresh_token
    if grant.refresh_expires_at is not None:
        row.refresh_expires_at = grant.refresh_expires_at
    if grant.refresh_hard_expires_at is not None:
        row.refresh_hard_expires_at = grant.refresh_hard_expires_at
    if grant.instance_url:
        row.base_url = grant.instance_url


def vault_for(connection_id: uuid.UUID) -> TokenVault:
    """The vault of one connection."""
    return TokenVault(connection_id)


KEEP_ALIVE = {Side.SALESFORCE: timedelta(days=1), Side.QUICKBOOKS: timedelta(days=7)}
"""Refresh tokens die when they lie idle (30 days, 100 days): renew this often although nothing asked for it."""


def keep_alive(now: datetime | None = None) -> int:
    """Renew the sign-in of connections that were idle for too long, and wake those whose secrets can be read again.

    For the tick, outside any transaction. Returns how many were renewed; failures are stored with the connection.
    """
    moment = now or timezone.now()
    renewed = 0
    for side, age in KEEP_ALIVE.items():
        rows = Connection.all_companies.filter(
            Q(refreshed_at__lte=moment - age) | Q(refreshed_at=None, connected_at__lte=moment - age),
            side=side,
            status=ConnectionStatus.LIVE,
            auth_method=AuthMethod.OAUTH,
        )
        for connection_id in list(rows.values_list("id", flat=True)[:50]):
            renewed += _renew_quietly(connection_id)
    _wake_readable()
    return renewed


def _renew_quietly(connection_id: uuid.UUID) -> int:
    vault = vault_for(connection_id)
    try:
        vault.renew(vault.current())
    except ConnectorError:
        return 0
    return 1


def _wake_readable() -> None:
    """After the operator restored a key: connections that waited for it live again."""
    rows = Connection.all_companies.filter(status=ConnectionStatus.NEEDS_REAUTH, status_code=UNREADABLE)
    for row in rows:
        try:
            readable = bool(row.access_token)
        except SecretUnreadable:
            readable = False
        if readable:
            row.status, row.status_code = ConnectionStatus.LIVE, ""
            row.save(update_fields=["status", "status_code"])
            connection_problems.close_for(row)
