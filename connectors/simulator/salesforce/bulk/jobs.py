"""Bulk jobs as they are stored, and the states they go through as time passes.

What a client sees follows the clock: `UploadComplete`, then `InProgress`, then `JobComplete`, so that it has to poll.
The rows of an ingest job are written when it leaves the queue: until then it can be aborted with nothing done.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from connectors.simulator import jsontext
from connectors.simulator.salesforce import ids
from connectors.simulator.store import Column, Table

if TYPE_CHECKING:
    from connectors.simulator.salesforce.orgs import Org
    from connectors.simulator.world import World

KEPT_SECONDS = 7 * 24 * 3600
_TABLE = Table(
    "salesforce_job",
    (Column("id"), Column("org", "INTEGER"), Column("number", "INTEGER"), Column("body"), Column("upload"),
     Column("successful"), Column("failed"), Column("unprocessed")),
    ("id",),
)  # fmt: skip


@dataclass(slots=True)
class Job:
    """One job. `kind` is `ingest` or `query`; times in epoch seconds; counts as they will be at the end."""

    id: str
    kind: str
    operation: str
    object: str
    user: str
    created: float
    state: str
    version: str
    external_id_field: str = ""
    delimiter: str = "COMMA"
    line_ending: str = "LF"
    content_type: str = "CSV"
    query: str = ""
    #: When the last transition begins to show: submitted -> in progress -> complete.
    submitted: float = 0.0
    changed: float = 0.0
    processed: int = 0
    failures: int = 0
    error: str = ""
    row_ids: list[int] = field(default_factory=list)


class Jobs:
    """All bulk jobs of the stand-in."""

    def __init__(self, world: World) -> None:
        self._world = world
        world.store.define(_TABLE)

    def make(self, org: Org, **facts: Any) -> Job:
        number = self._world.store.next_number("salesforce:job")
        now = self._world.clock.now().timestamp()
        job = Job(id=ids.make("750", org.number, number), created=now, changed=now, **facts)
        self._world.store.write(
            "INSERT INTO salesforce_job (id, org, number, body) VALUES (?, ?, ?, ?)",
            (job.id, org.number, number, jsontext.dumps(asdict(job))),
        )
        return job

    def queued(self) -> list[tuple[int, Job]]:
        """Ingest jobs of all orgs that have not begun, with the numbers of their orgs."""
        rows = self._world.store.rows("SELECT org, body FROM salesforce_job ORDER BY number")
        jobs = ((row[0], self._job(row[1])) for row in rows)
        return [(org, job) for org, job in jobs if job.kind == "ingest" and job.state == "UploadComplete"]

    def find(self, org: Org, kind: str, text: str) -> Job | None:
        row = self._world.store.row(
            "SELECT body FROM salesforce_job WHERE id = ? AND org = ?", (ids.to_18(text) or "", org.number)
        )
        job = self._job(row[0]) if row else None
        return job if job is not None and job.kind == kind else None

    def all(self, org: Org, kind: str) -> list[Job]:
        rows = self._world.store.rows(
            "SELECT body FROM salesforce_job WHERE org = ? ORDER BY number", (org.number,)
        )
        return [job for job in (self._job(row[0]) for row in rows) if job.kind == kind]

    @staticmethod
    def _job(body: str) -> Job:
        plain = jsontext.loads(body)
        for name in ("created", "submitted", "changed"):
            plain[name] = float(plain[name])
        return Job(**plain)

    def save(self, job: Job) -> None:
        job.changed = self._world.clock.now().timestamp()
        self._world.store.write(
            "UPDATE salesforce_job SET body = ? WHERE id = ?", (jsontext.dumps(asdict(job)), job.id)
        )

    def put_text(self, job: Job, column: str, text: str) -> None:
        """Keep `upload`, `successful`, `failed` or `unprocessed`."""
        self._world.store.write(f"UPDATE salesforce_job SET {column} = ? WHERE id = ?", (text, job.id))

    def text(self, job: Job, column: str) -> str | None:
        row = self._world.store.row(f"SELECT {column} FROM salesforce_job WHERE id = ?", (job.id,))
        found: str | None = row[0] if row else None
        return found

    def delete(self, job: Job) -> None:
        self._world.store.write("DELETE FROM salesforce_job WHERE id = ?", (job.id,))

    def clear(self) -> None:
        self._world.store.write("DELETE FROM salesforce_job")

    def seen_state(self, job: Job, org: Org) -> str:
        """The state that a caller is shown now."""
        if job.state not in ("JobComplete", "Failed"):
            return job.state
        age = self._world.clock.now().timestamp() - job.submitted
        wait, work = org.settings.bulk_queue_seconds, org.settings.bulk_work_seconds
        if 0 <= age < wait:
            return "UploadComplete"
        return "InProgress" if 0 <= age < wait + work else job.state
