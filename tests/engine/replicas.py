"""Two stand-in servers that normalise what they store, and the loop that keeps them in step.

Salesforce trims texts; QuickBooks squeezes blanks, spells countries with three letters and cuts what is too long.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.contracts import RecordState, RemoteRecord, Side, Token
from syncapp.engine.bases import held_after
from syncapp.engine.countries import find_country
from syncapp.engine.decide import decide
from syncapp.engine.decision import Decision, DecisionKind, LinkView, Situation
from syncapp.engine.mapping import MappingSpec
from syncapp.engine.merge import value_digest
from syncapp.engine.projection import compose, compose_create, from_json, project, to_json, unknown_units
from tests.engine.agreed import after_adoption, after_write, bases_of
from tests.engine.builders import NOW

SF, QBO = Side.SALESFORCE, Side.QUICKBOOKS


def salesforce_stores(name: str, value: object) -> object:
    return str(value).strip() or None if value is not None else None


def quickbooks_stores(name: str, value: object) -> object:
    text = " ".join(str(value or "").split())[:12]
    country = find_country(text) if name == "CountryQ" else None
    return (country.alpha3 if country else text) or None


@dataclass
class Server:
    """One record on one side; every accepted write moves its version."""

    side: Side
    stores: Callable[[str, object], object]
    body: dict[str, object] | None = None
    version: int = 0
    modified: datetime = NOW
    writes: int = 0

    def put(self, body: dict[str, object]) -> None:
        stored = {name: self.stores(name, value) for name, value in body.items()}
        before = self.body or {}
        self.body = {name: value for name, value in {**before, **stored}.items() if value is not None}
        self.version += 1
        self.modified += timedelta(minutes=self.version)

    def record(self) -> RemoteRecord | None:
        if self.body is None:
            return None
        token = Token(str(self.version), self.modified)
        return RemoteRecord(self.side, "Thing", f"{self.side}-1", token, RecordState.LIVE, dict(self.body))


@dataclass
class Pair:
    """A link between two servers as the store keeps it: bases and holds as JSON."""

    spec: MappingSpec
    sf: Server = field(default_factory=lambda: Server(SF, salesforce_stores))
    qbo: Server = field(default_factory=lambda: Server(QBO, quickbooks_stores))
    sf_base: dict | None = None
    qbo_base: dict | None = None
    held: dict = field(default_factory=dict)
    written: list = field(default_factory=list)

    def server(self, side: Side) -> Server:
        return self.sf if side is SF else self.qbo

    def view(self) -> LinkView:
        return LinkView(
            id="link",
            sf_id="sf-1" if self.sf.body is not None else "",
            qbo_id="qbo-1" if self.qbo.body is not None else "",
            sf_base=from_json(self.spec, self.sf_base),
            qbo_base=from_json(self.spec, self.qbo_base),
            unknown_units=unknown_units(self.spec, self.sf_base, self.qbo_base),
            held=self.held,
            writes=tuple(self.written),
        )

    def reconcile(self, *, lose_answers: bool = False) -> Decision:
        """One round: decide, store, send, settle. `lose_answers`: the writes happen, their answers never arrive."""
        view = self.view()
        decision = decide(Situation(self.spec, view, self.sf.record(), self.qbo.record(), NOW))
        bases = after_adoption(self.spec, bases_of(view), decision)
        self.held = held_after(view, decision)
        for side in Side:
            if self._send(decision, side) and not lose_answers:
                answer = project(side, self.server(side).body or {}, self.spec)
                bases = after_write(self.spec, bases, decision, side, answer)
        self._store(bases)
        return decision

    def _send(self, decision: Decision, side: Side) -> bool:
        server = self.server(side)
        if decision.kind is DecisionKind.CREATE and decision.create_on is side:
            body = compose_create(side, self.spec, decision.create_values)
        else:
            changes = [change for change in decision.changes if change.target is side]
            values = {key: value for change in changes for key, value in change.values.items()}
            body = compose(side, self.spec, values, current=server.record()) if values else {}
            self.written += [(change.unit, side.value, value_digest(change.values)) for change in changes]
        if body:
            server.put(body)
            server.writes += 1
        return bool(body)

    def _store(self, bases) -> None:
        if bases.sf is not None:
            self.sf_base = to_json(self.spec, bases.sf, unknown=bases.unknown)
            self.qbo_base = to_json(self.spec, bases.qbo, unknown=bases.unknown)

    def answer(self, side: str) -> None:
        """A person answers every open question with this side's value."""
        self.held = {unit: {**entry, "answer": {"side": side}} for unit, entry in self.held.items()}

    def writes(self) -> int:
        return self.sf.writes + self.qbo.writes
