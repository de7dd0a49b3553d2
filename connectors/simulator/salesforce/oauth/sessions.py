"""Sessions, refresh tokens and authorization codes: made, used, aged, revoked. They survive a restart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from connectors.simulator.store import Column, Table

if TYPE_CHECKING:
    from connectors.simulator.salesforce.orgs import Org
    from connectors.simulator.world import World

CODE_LIFE_SECONDS = 15 * 60
#: How often a session's last use is written down; exactness matters less than speed.
_SAVE_USE_SECONDS = 60

_TABLES = (
    Table(
        "salesforce_session",
        (Column("token"), Column("org", "INTEGER"), Column("user"), Column("client"), Column("scope"),
         Column("created", "REAL"), Column("used", "REAL"), Column("refresh")),
        ("token",), without_rowid=True,
    ),
    Table(
        "salesforce_refresh",
        (Column("token"), Column("org", "INTEGER"), Column("user"), Column("client"), Column("scope"),
         Column("created", "REAL"), Column("number", "INTEGER"), Column("source")),
        ("token",), without_rowid=True,
    ),
    Table(
        "salesforce_code",
        (Column("code"), Column("org", "INTEGER"), Column("user"), Column("client"), Column("scope"),
         Column("created", "REAL"), Column("redirect"), Column("challenge"), Column("used", "INTEGER")),
        ("code",), without_rowid=True,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Session:
    """One live access token. Times in epoch seconds of the simulator's clock."""

    token: str
    org: int
    user: str
    client: str
    scope: str
    created: float
    used: float
    refresh: str


@dataclass(frozen=True, slots=True)
class Refresh:
    """One refresh token. `source` is `consent`, or `side door` for those that tests are handed."""

    token: str
    org: int
    user: str
    client: str
    scope: str
    created: float
    number: int
    source: str


@dataclass(frozen=True, slots=True)
class Code:
    """One authorization code with what the token call must repeat."""

    code: str
    org: int
    user: str
    client: str
    scope: str
    created: float
    redirect: str
    challenge: str
    used: int


class Sessions:
    """All tokens of the stand-in."""

    def __init__(self, world: World) -> None:
        self._world = world
        for table in _TABLES:
            world.store.define(table)
        self._live: dict[str, Session] = {}
        for row in world.store.rows("SELECT * FROM salesforce_session"):
            self._live[row[0]] = Session(*row)

    def _now(self) -> float:
        return self._world.clock.now().timestamp()

    # -- access tokens --------------------------------------------------------------------------------------

    def open(self, org: Org, user: str, client: str, scope: str, refresh: str = "") -> Session:
        """A new session: `00D...!` and something opaque."""
        now = self._now()
        token = f"{org.id[:15]}!AQ{self._world.opaque('session', 94)}"
        session = Session(token, org.number, user, client, scope, now, now, refresh)
        self._world.store.write(
            "INSERT INTO salesforce_session VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (token, org.number, user, client, scope, now, now, refresh),
        )
        self._live[token] = session
        return session

    def use(self, token: str, life_seconds: float) -> Session | None:
        """The session of a token if it is alive; its life begins anew with each use."""
        session = self._live.get(token)
        if session is None:
            return None
        now = self._now()
        if now - session.used >= life_seconds:
            self.close(token)
            return None
        if now - session.used > _SAVE_USE_SECONDS or now < session.used:
            self._world.store.write("UPDATE salesforce_session SET used = ? WHERE token = ?", (now, token))
            self._live[token] = replace(session, used=now)
        return session

    def peek(self, token: str) -> Session | None:
        """The session without using it."""
        return self._live.get(token)

    def alive_of(self, refresh: str, life_seconds: float) -> Session | None:
        """A live session of that refresh token, if there is one."""
        for session in [one for one in self._live.values() if one.refresh == refresh]:
            if self.use(session.token, life_seconds) is not None:
                return session
        return None

    def close(self, token: str) -> bool:
        """End one session; whether there was one."""
        known = self._live.pop(token, None) is not None
        if known:
            self._world.store.write("DELETE FROM salesforce_session WHERE token = ?", (token,))
        return known

    def close_all(self, org_number: int | None = None) -> int:
        """End all sessions (of one org): what an admin's "revoke all" does."""
        tokens = [token for token, one in self._live.items() if org_number in (None, one.org)]
        for token in tokens:
            self.close(token)
        return len(tokens)

    # -- refresh tokens -------------------------------------------------------------------------------------

    def grant(self, org: Org, user: str, client: str, scope: str, source: str = "consent") -> Refresh:
        """A new refresh token; above the cap of approvals the oldest one of that user and app dies."""
        token = f"5Aep861{self._world.opaque('refresh', 80)}"
        number = self._world.store.next_number("salesforce:refresh")
        refresh = Refresh(token, org.number, user, client, scope, self._now(), number, source)
        self._world.store.write(
            "INSERT INTO salesforce_refresh VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (token, org.number, user, client, scope, refresh.created, number, source),
        )
        if source == "consent":
            self._cap(refresh, org.settings.refresh_cap)
        return refresh

    def _cap(self, refresh: Refresh, cap: int) -> None:
        rows = self._world.store.rows(
            "SELECT token FROM salesforce_refresh WHERE org = ? AND user = ? AND client = ? AND source = 'consent'"
            " ORDER BY number DESC",
            (refresh.org, refresh.user, refresh.client),
        )
        for (token,) in rows[cap:]:
            self.revoke(token)

    def refresh(self, token: str) -> Refresh | None:
        """The refresh token if it is alive."""
        row = self._world.store.row("SELECT * FROM salesforce_refresh WHERE token = ?", (token,))
        return Refresh(*row) if row else None

    def latest(self, org: Org, client: str, source: str) -> Refresh | None:
        """The youngest refresh token of that origin."""
        row = self._world.store.row(
            "SELECT * FROM salesforce_refresh WHERE org = ? AND client = ? AND source = ? ORDER BY number DESC LIMIT 1",
            (org.number, client, source),
        )
        return Refresh(*row) if row else None

    def rotate(self, org: Org, old: Refresh) -> Refresh:
        """A new refresh token in place of the old one, which is dead at once; its sessions live on."""
        self._drop_refresh(old.token)
        new = self.grant(org, old.user, old.client, old.scope, old.source)
        self._world.store.write(
            "UPDATE salesforce_session SET refresh = ? WHERE refresh = ?", (new.token, old.token)
        )
        for token, session in list(self._live.items()):
            if session.refresh == old.token:
                self._live[token] = replace(session, refresh=new.token)
        return new

    def revoke(self, token: str) -> bool:
        """End an access token, or a refresh token with all its access tokens; whether it was known."""
        if self.refresh(token) is None:
            return self.close(token)
        self._drop_refresh(token)
        for session in [one for one in self._live.values() if one.refresh == token]:
            self.close(session.token)
        return True

    def revoke_all(self, org_number: int | None = None) -> None:
        """End every approval (of one org)."""
        rows = self._world.store.rows("SELECT token, org FROM salesforce_refresh")
        for token, number in rows:
            if org_number in (None, number):
                self.revoke(token)

    def _drop_refresh(self, token: str) -> None:
        self._world.store.write("DELETE FROM salesforce_refresh WHERE token = ?", (token,))

    # -- codes ----------------------------------------------------------------------------------------------

    def code(self, org: Org, user: str, client: str, scope: str, redirect: str, challenge: str) -> str:
        """A new authorization code."""
        text = f"aPrx{self._world.opaque('code', 60)}"
        self._world.store.write(
            "INSERT INTO salesforce_code VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",
            (text, org.number, user, client, scope, self._now(), redirect, challenge),
        )
        return text

    def find_code(self, text: str) -> Code | None:
        row = self._world.store.row("SELECT * FROM salesforce_code WHERE code = ?", (text,))
        return Code(*row) if row else None

    def spend(self, code: Code) -> None:
        """A code is good once."""
        self._world.store.write("UPDATE salesforce_code SET used = 1 WHERE code = ?", (code.code,))

    def too_old(self, code: Code) -> bool:
        return self._now() - code.created > CODE_LIFE_SECONDS

    def clear(self) -> None:
        """Forget every token."""
        for table in _TABLES:
            self._world.store.write(f"DELETE FROM {table.name}")
        self._live.clear()
