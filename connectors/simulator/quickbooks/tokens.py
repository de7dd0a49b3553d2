"""Grants and tokens as they are stored."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.simulator.store import Column, Table
from connectors.simulator.world import World


@dataclass(frozen=True)
class Token:
    """A stored token. kind: access, refresh or code; state: live, used, superseded or revoked."""

    token: str
    kind: str
    grant: int
    realm: str
    scope: str
    redirect_uri: str
    issued: float
    expires: float
    state: str
    changed: float


class Tokens:
    """The tables of grants (one consent of one company) and of their codes and tokens."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store
        self._store.define(
            Table(
                "qbo_token",
                (
                    Column("token"),
                    Column("kind"),
                    Column("grant_id", "INTEGER"),
                    Column("realm"),
                    Column("scope"),
                    Column("redirect_uri"),
                    Column("issued", "REAL"),
                    Column("expires", "REAL"),
                    Column("state"),
                    Column("changed", "REAL"),
                ),
                ("token",),
                indexes=(("grant_id",), ("realm",)),
            )
        )
        self._store.define(
            Table(
                "qbo_grant",
                (
                    Column("id", "INTEGER"),
                    Column("realm"),
                    Column("scope"),
                    Column("consented", "REAL"),
                    Column("revoked", "INTEGER"),
                ),
                ("id",),
            )
        )

    def get(self, text: str, kind: str) -> Token | None:
        row = self._store.row("SELECT * FROM qbo_token WHERE token = ? AND kind = ?", (text, kind))
        return None if row is None else Token(*row)

    def live_refresh(self, grant: int) -> Token | None:
        row = self._store.row(
            "SELECT * FROM qbo_token WHERE grant_id = ? AND kind = 'refresh' AND state = 'live'", (grant,)
        )
        return None if row is None else Token(*row)

    def put(self, token: Token) -> None:
        self._store.write(
            "INSERT INTO qbo_token VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                token.token,
                token.kind,
                token.grant,
                token.realm,
                token.scope,
                token.redirect_uri,
                token.issued,
                token.expires,
                token.state,
                token.changed,
            ),
        )

    def set_state(self, text: str, state: str) -> None:
        self._store.write(
            "UPDATE qbo_token SET state = ?, changed = ? WHERE token = ?",
            (state, self._world.clock.now().timestamp(), text),
        )

    def clear(self) -> None:
        """Forget every grant and token."""
        for table in ("qbo_token", "qbo_grant"):
            self._store.write(f"DELETE FROM {table}")
        self._store.delete_values("quickbooks:standing:")
