"""Values and protocols that the wire clients, the engine and the services share.

Everything here is a frozen value or a protocol: no I/O, no Django. A `body` is the vendor's JSON exactly as received,
numbers parsed as `Decimal`, never changed in place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from connectors.errors import Failure

Body = Mapping[str, Any]


class Side(StrEnum):
    """One of the two systems. Salesforce is always left, QuickBooks right."""

    SALESFORCE = "sf"
    QUICKBOOKS = "qbo"

    @property
    def other(self) -> Side:
        return Side.QUICKBOOKS if self is Side.SALESFORCE else Side.SALESFORCE


class Environment(StrEnum):
    PRODUCTION = "production"
    SANDBOX = "sandbox"
    SIMULATOR = "simulator"


class Priority(StrEnum):
    """Classes of work (sync-semantics section 17): who waits for it."""

    INTERACTIVE = "interactive"
    NORMAL = "normal"
    BULK = "bulk"


class RecordState(StrEnum):
    """What a side says of a record (sync-semantics sections 1 and 3)."""

    NONE = "none"
    LIVE = "live"
    DELETED = "deleted"
    INACTIVE = "inactive"
    VOIDED = "voided"
    MERGED = "merged"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Token:
    """The version of one remote record (sync-semantics section 7.1).

    Salesforce: `version` is SystemModstamp as UTC ISO text with milliseconds, `modified` the same instant.
    QuickBooks: `version` is SyncToken, `modified` MetaData.LastUpdatedTime. `settled` is False while another write
    within the same stamp could still follow (Salesforce's whole seconds: the read's Date header is less than SETTLE_S
    after the stamp; QuickBooks: a balance moves no SyncToken, and LastUpdatedTime has whole seconds).
    """

    version: str
    modified: datetime
    settled: bool = True


@dataclass(frozen=True, slots=True)
class RemoteRecord:
    """One record as one side held it when it was read."""

    side: Side
    object: str
    id: str
    token: Token
    state: RecordState
    body: Body
    merged_into: str = ""
    modified_by: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition on a side's own field. Operators: eq ne lt le gt ge in contains starts blank."""

    path: str
    operator: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions of which `all` must hold, or `any`. `name` is what a person called it. Members may be groups, and in a
    mapping also formulas, which no query can say."""

    joined: str
    members: tuple[Any, ...]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Records of one answer. `server_time` is the vendor's clock (Date header, or `time` in the QuickBooks envelope
    taken from the start of the scan); `next` is an opaque cursor, empty at the end."""

    records: Sequence[RemoteRecord]
    server_time: datetime
    next: str = ""
    total: int | None = None


CONDITIONAL_LIMIT = 5
"""How many writes with `read_back` one Salesforce call carries."""


class Operation(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    UPSERT = "upsert"
    DEACTIVATE = "deactivate"
    VOID = "void"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Write:
    """One remote write, as stored in an intent. `body` holds only what is sent.

    `ref` is ours and unique within one call (a QuickBooks batch's bId). `id` is empty for creates. `expected` guards
    an update (QuickBooks SyncToken; Salesforce stamp). `external_field`/`external_value` name the Salesforce external
    id of an upsert (only used to create records that were born in QuickBooks, W6). `read_back` (Salesforce only) asks
    for these fields of the record in the same call; the write then goes out on its own and an update is conditional on
    `expected` (sync-semantics 7.4 to 7.6): at most `CONDITIONAL_LIMIT` such writes fit in one call.
    """

    ref: str
    operation: Operation
    object: str
    body: Body
    id: str = ""
    expected: Token | None = None
    external_field: str = ""
    external_value: str = ""
    read_back: tuple[str, ...] = ()
    despite_duplicates: bool = False
    """Salesforce only: a person has seen the look-alikes that a duplicate rule names (DUPLICATES_DETECTED) and wants
    the record nonetheless. Rules that block give way to nobody."""


class WriteStatus(StrEnum):
    APPLIED = "applied"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """The request may have reached the vendor; nobody knows (sync-semantics section 13)."""
    NOT_SENT = "not_sent"
    """Surely not executed: no byte went out, or the vendor refused the call before running it (throttle, auth)."""


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What came of one `Write`. `record` is the server's own full answer where it gives one (QuickBooks; Salesforce
    only when the write carried a read-back).

    `rows` says what came of each row of a write that holds child rows (Salesforce), in the order in which
    `salesforce.writes.parts_of` names them; empty for a write of one row, and where nobody knows row by row.
    """

    ref: str
    status: WriteStatus
    id: str = ""
    created: bool = False
    record: RemoteRecord | None = None
    failure: Failure | None = None
    request_id: str = ""
    rows: tuple[WriteResult, ...] = ()


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """Answer of one write call: one result per write, in order. `server_time` None when no answer came.

    `failure` is set when the call as a whole was not carried out or its outcome is unknown; each result then repeats
    it. A whole call refused for its content (HTTP 400) has results `refused`: bisect it (sync-semantics section 13).
    """

    results: tuple[WriteResult, ...]
    server_time: datetime | None = None
    request_id: str = ""
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """What capture asks of one object: every record changed at or after `since` (UTC; the caller has already taken its
    overlap off). `where` is one more condition in the side's own query language (Salesforce only), without WHERE."""

    object: str
    since: datetime
    fields: tuple[str, ...] = ()
    where: str = ""


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Some changed records of one object. Each watched object gets at least one page, the final one with `last`.

    `server_time` is the vendor's clock when the pass began: the object's next watermark once its last page is stored.
    `gap` says that the vendor could not name all changes (QuickBooks: 1,000 or more, or older than 30 days): the live
    records are complete nonetheless, deletions may be missing and want a sweep (sync-semantics section 16).
    """

    object: str
    records: Sequence[RemoteRecord]
    server_time: datetime
    last: bool = True
    gap: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token endpoint gave. Times are UTC; None where the vendor names none (Salesforce access tokens)."""

    access_token: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    access_expires_at: datetime | None = None
    refresh_expires_at: datetime | None = None
    refresh_hard_expires_at: datetime | None = None
    instance_url: str = ""
    identity_url: str = ""
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Access:
    """A usable access token and its version in the vault."""

    token: str = field(repr=False)
    version: int
    base_url: str
    """Salesforce instance_url, or the QuickBooks API host; no trailing slash."""


@dataclass(frozen=True, slots=True)
class AppCredentials:
    """The key pair of a vendor app (DESIGN section 3, App credentials)."""

    client_id: str
    client_secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ConnectionFacts:
    """What the wire clients must know of one connection; no secrets.

    `remote_id` is the Salesforce org id (18 characters) or the QuickBooks realm id. `login_host` is a Salesforce login
    host (`login.salesforce.com`, `test.salesforce.com` or a My Domain host; empty: by environment). `simulator_url` is
    the stand-in's origin and counts only with `environment` simulator; `ca_file` is its certificate authority, where it
    speaks https.
    """

    side: Side
    environment: Environment
    remote_id: str = ""
    login_host: str = ""
    simulator_url: str = ""
    ca_file: str = ""


class AccessSource(Protocol):
    """Where a client gets its access token. Implemented by the token vault; a client never stores tokens."""

    def current(self) -> Access:
        """Return the newest stored access. Raises ConnectorError (kind auth) when the connection needs a person."""

    def renew(self, stale: Access) -> Access:
        """Refresh once for all processes, because `stale` was refused or is about to expire; returns the newer one.

        Raises ConnectorError: kind auth when the grant is dead, transient when the token endpoint cannot be reached.
        """


class Limiter(Protocol):
    """Rate and concurrency limits of one connection, shared by all processes (sync-semantics section 17)."""

    def acquire(self, cost: str, priority: Priority) -> str:
        """Take a slot for one call of class `cost` (`call`, `batch`, `query` …); returns a lease to release.

        Waits at most two seconds; then raises ConnectorError (kind throttled) with `retry_after`.
        """

    def release(self, lease: str) -> None: ...

    def throttled(self, retry_after: float | None) -> None:
        """The vendor answered 429 or its like: pause, and lower the rate."""

    def observed(self, used: int, limit: int) -> None:
        """The vendor told how much of a daily allowance is used (Sforce-Limit-Info)."""

    def told(self) -> tuple[int, int] | None:
        """(used, limit) of the daily allowance as `observed` heard it last; None where nothing is known."""

    def retry(self, calls: int) -> float:
        """So many calls would repeat failed ones: 0 when they are within the retry budget and counted, else the seconds
        to wait (sync-semantics section 14)."""


class CallMeter(Protocol):
    """Counts calls; one line per call that left."""

    def count(self, method: str, endpoint: str, *, metered: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """One field as the side describes it: what the health check, matching lengths and mapping pages need."""

    name: str
    label: str
    type: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    required: bool = False
    createable: bool = True
    updateable: bool = True
    external_id: bool = False
    unique: bool = False
    references: tuple[str, ...] = ()
    picklist: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One object type as the side describes it, with the connected user's rights."""

    name: str
    label: str
    fields: tuple[FieldInfo, ...]
    createable: bool = True
    updateable: bool = True
    queryable: bool = True
    key_prefix: str = ""


class VendorClient(Protocol):
    """What the services use of either side. Every method may raise ConnectorError for the call as a whole.

    A client belongs to one task or thread. `priority` is the class of work its reads are made in; set it at will.
    """

    side: Side
    priority: Priority

    def describe(self, object: str) -> ObjectInfo: ...

    def read(self, object: str, ids: Sequence[str], fields: Sequence[str]) -> list[RemoteRecord]:
        """Read these records in as few calls as the wire allows, deleted and inactive ones included.

        Ids that the vendor does not know are returned as records with state `missing` or `deleted`.
        """

    def scan(self, object: str, fields: Sequence[str], cursor: str = "") -> Page:
        """One page of all records of an object (inactive included), in key order; `cursor` from the page before."""

    def fitted(self, object: str, condition: Condition) -> Condition | None:
        """The condition as `find` takes it, its field spelled as the side does; None where the side cannot answer it.

        Raises LookupError for a field that the object has not, ValueError for a value that the field cannot hold.
        """

    def find(
        self, object: str, fields: Sequence[str], conditions: Sequence[Condition], cursor: str = ""
    ) -> Page:
        """One page of the records that meet all of these (each as `fitted` gave it); `cursor` as for `scan`."""

    def count(self, object: str, conditions: Sequence[Condition]) -> int:
        """How many records meet all of these (each as `fitted` gave it), in one call."""

    def write(self, writes: Sequence[Write], *, request_id: str, priority: Priority) -> BatchAnswer:
        """Send these writes in ONE call, exactly once. Never raises for a call that may have reached the vendor:
        then each result is `unknown`; a call that surely did not run gives `not_sent` with its failure.

        Raises ValueError when one call cannot carry them: see `calls`."""

    def calls(self, writes: Sequence[Write]) -> list[tuple[Write, ...]]:
        """Divide writes, in order, into as few groups as possible each of which one `write` can carry."""

    def compose(self, writes: Sequence[Write]) -> bytes:
        """The exact bytes that `write` sends for these writes; the same writes give the same bytes, always (W3, W5)."""

    def changes(self, watches: Sequence[Watch]) -> Iterator[ChangePage]:
        """What changed since, deletions, deactivations and merges included, in as few calls as the wire allows."""
