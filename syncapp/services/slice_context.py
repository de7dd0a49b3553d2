"""What one worker has at hand while it carries a slice through the stages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from connectors.contracts import Side
from connectors.errors import ConnectorError
from connectors.salesforce.client import SalesforceClient
from syncapp.engine.compiled import compile_spec
from syncapp.engine.lists import Lists
from syncapp.engine.mapping import MappingSpec, Mode
from syncapp.engine.timing import Timing
from syncapp.models import Connection, Mapping
from syncapp.services import reference_lists
from syncapp.services.clients import AnyClient, UsageMeter, client_for, flush_all, sign_in_ahead
from syncapp.store import clock, passes, runs, specs
from syncapp.store.leases import Slice, WorkRow


class NotPublished(RuntimeError):
    """Work is due for a mapping that was never published."""


@dataclass(slots=True)
class SliceContext:
    """One slice, its mapping, both connections and their clients. Clients are made on first use, one per sender."""

    piece: Slice
    mapping: Mapping
    spec: MappingSpec
    timing: Timing
    now: datetime
    connections: dict[Side, Connection]
    work: dict[UUID, WorkRow]
    exact: bool = False
    """Stored decisions are carried out: what moved meanwhile is left out and named, never decided anew."""
    meters: dict[Side, UsageMeter] = field(default_factory=dict)
    failed: Side | None = None
    """The side whose call ended the slice."""
    _barrier: bool = False
    _lists: Lists | None = None
    _idle: dict[Side, list[AnyClient]] = field(default_factory=dict)

    @property
    def company_id(self) -> int:
        return self.piece.company_id

    @property
    def realm(self) -> str:
        return self.connections[Side.QUICKBOOKS].remote_id

    def object(self, side: Side) -> str:
        """The mapping's object on one side."""
        return self.spec.sf_object if side is Side.SALESFORCE else self.spec.qbo_entity

    def asked(self) -> set[UUID]:
        """Links that a person asked for, which a mapping that runs by button only lets through."""
        if self.spec.mode is not Mode.BUTTON:
            return set()
        of_runs = runs.asked({row.run_id for row in self.piece.rows if row.run_id})
        return {row.link_id for row in self.piece.rows if row.run_id in of_runs}

    def barrier_open(self) -> bool:
        """Whether the mapping may create (sync-semantics section 8); once it may, it may for the whole slice."""
        self._barrier = self._barrier or passes.barrier_open(self.mapping.pk)
        return self._barrier

    @property
    def lists(self) -> Lists:
        """The QuickBooks lists that the mapping looks names up in; what was never read is read on first use."""
        if self._lists is None:
            wanted = compile_spec(self.spec).lookups
            connection = self.connections[Side.QUICKBOOKS]
            if wanted:
                with self.client(Side.QUICKBOOKS) as client:
                    self._lists = reference_lists.load(connection, wanted, client)
            else:
                self._lists = {}
        return self._lists

    @contextmanager
    def client(self, side: Side) -> Iterator[AnyClient]:
        """A client that nobody else uses meanwhile (clients are not for sharing between threads)."""
        idle = self._idle.setdefault(side, [])
        taken = idle.pop() if idle else self._new_client(side)
        try:
            yield taken
        except ConnectorError:
            self.failed = side
            raise
        finally:
            idle.append(taken)

    def make_ready(self, side: Side, count: int) -> None:
        """So many clients that nobody uses stand ready for a call each from a thread: rows are looked at here."""
        idle = self._idle.setdefault(side, [])
        idle += [self._new_client(side) for _ in range(count - len(idle))]
        if count:
            sign_in_ahead(idle[-count:])

    @contextmanager
    def salesforce(self) -> Iterator[SalesforceClient]:
        """The same for what only Salesforce can do."""
        with self.client(Side.SALESFORCE) as client:
            if not isinstance(client, SalesforceClient):
                raise TypeError("This is no Salesforce connection.")
            yield client

    def _new_client(self, side: Side) -> AnyClient:
        meter = self.meters.setdefault(side, UsageMeter())
        return client_for(self.connections[side], self.piece.priority, meter)

    def count_calls(self) -> tuple[int, int]:
        """Store the calls made so far and empty the meters; returns (calls, metered reads)."""
        return flush_all([(self.connections[side], meter) for side, meter in self.meters.items()])


def open_context(piece: Slice, timing: Timing, trying: MappingSpec | None = None) -> SliceContext:
    """Load what the slice's mapping needs. Raises NotPublished. `trying` takes the place of the published version, for
    a look at what it would do."""
    mapping = Mapping.objects.select_related(
        "company", "integration__salesforce", "integration__quickbooks"
    ).get(pk=piece.mapping_id)
    spec = trying or specs.published_spec(mapping)
    salesforce, quickbooks = mapping.integration.salesforce, mapping.integration.quickbooks
    if spec is None or salesforce is None or quickbooks is None:
        raise NotPublished(mapping.pk)
    return SliceContext(
        piece=piece,
        mapping=mapping,
        spec=spec,
        timing=timing,
        now=clock.now(),
        connections={Side.SALESFORCE: salesforce, Side.QUICKBOOKS: quickbooks},
        work={row.link_id: row for row in piece.rows},
    )
