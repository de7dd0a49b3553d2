"""Deployments as they are started, worked off and looked at, over REST and SOAP alike (reference/salesforce.md 7.1)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from connectors.simulator import jsontext
from connectors.simulator.salesforce import ids
from connectors.simulator.salesforce.metadata.archive import Archive, BadArchive, read
from connectors.simulator.salesforce.metadata.components import Components
from connectors.simulator.salesforce.metadata.deploy import Deployment
from connectors.simulator.salesforce.times import wire
from connectors.simulator.store import Column, Table

if TYPE_CHECKING:
    from connectors.simulator.salesforce.orgs import Org, Orgs
    from connectors.simulator.salesforce.records import Records
    from connectors.simulator.salesforce.waiting import Waiting
    from connectors.simulator.world import World

_TABLE = Table(
    "salesforce_deploy",
    (Column("id"), Column("org", "INTEGER"), Column("body"), Column("zip", "BLOB")),
    ("id",),
    without_rowid=True,
)
#: The options of a deployment and their defaults; they are echoed in the answer.
OPTIONS: dict[str, Any] = {
    "checkOnly": False, "singlePackage": False, "allowMissingFiles": False, "performRetrieve": False,
    "autoUpdatePackage": False, "rollbackOnError": True, "ignoreWarnings": False, "purgeOnDelete": False,
    "runAllTests": False,
}  # fmt: skip
_TEST_LEVELS = ("RunLocalTests", "RunAllTestsInOrg", "RunSpecifiedTests", "RunRelevantTests")


@dataclass(slots=True)
class Run:
    """One deployment: what it was asked and what came of it. Times in epoch seconds."""

    id: str
    user: str
    options: dict[str, Any]
    test_level: str
    started: float
    #: Pending until it was worked off.
    status: str = "Pending"
    error: str = ""
    canceled: bool = False
    messages: list[dict[str, Any]] = field(default_factory=list)
    tests: int = 0


class Deploys:
    """All deployments of the stand-in."""

    def __init__(self, world: World, waiting: Waiting) -> None:
        self._world = world
        self._waiting = waiting
        world.store.define(_TABLE)

    def start(self, org: Org, records: Records, user: str, raw: bytes, asked: dict[str, Any]) -> Run:
        """Queue a zip: it takes effect when its time is over, unless it is canceled before."""
        options = {name: bool(asked.get(name, default)) for name, default in OPTIONS.items()}
        if org.kind == "production":
            options["rollbackOnError"] = True
        number = self._world.store.next_number("salesforce:deploy")
        level = str(asked.get("testLevel") or "NoTestRun")
        run = Run(ids.make("0Af", org.number, number), user, options, level, org.now().timestamp())
        self._world.store.write(
            "INSERT INTO salesforce_deploy (id, org, zip) VALUES (?, ?, ?)", (run.id, org.number, raw)
        )
        self._save(org, run)
        self._wait(org, records, run)
        return run

    def resume(self, orgs: Orgs, records: dict[int, Records]) -> None:
        """Put the deployments of a state file back into the queue."""
        rows = self._world.store.rows(
            "SELECT id, org FROM salesforce_deploy WHERE zip IS NOT NULL ORDER BY id"
        )
        for run_id, number in rows:
            org = orgs.by_number[number]
            run = self.find(org, run_id)
            if run is not None:
                self._wait(org, records[number], run)

    def _wait(self, org: Org, records: Records, run: Run) -> None:
        self._waiting.add(
            run.started + org.settings.deploy_seconds, lambda: self._work_off(org, records, run.id)
        )

    def _work_off(self, org: Org, records: Records, run_id: str) -> None:
        """Deploy what was not canceled. Nothing is raised: a bad zip is a failed run."""
        run = self.find(org, run_id)
        row = self._world.store.row("SELECT zip FROM salesforce_deploy WHERE id = ?", (run_id,))
        if run is None or row is None or row[0] is None or run.canceled:
            return
        try:
            self._work(run, org, records, read(row[0]))
        except BadArchive as error:
            run.status, run.error = "Failed", str(error)
            run.messages = [_manifest_problem(str(error))]
        self._world.store.write("UPDATE salesforce_deploy SET zip = NULL WHERE id = ?", (run_id,))
        self._save(org, run)

    @staticmethod
    def _work(run: Run, org: Org, records: Records, archive: Archive) -> None:
        deployment = Deployment(org, records, Components(org), archive)
        deployment.check()
        failures = deployment.outcome.failures
        whole = not failures
        if not run.options["checkOnly"] and (whole or not run.options["rollbackOnError"]):
            deployment.apply()
        run.status = "Succeeded"
        if failures:
            run.status = (
                "Failed" if run.options["rollbackOnError"] or run.options["checkOnly"] else "SucceededPartial"
            )
        run.messages = deployment.outcome.as_json()
        classes = [one.body.lower() for one in archive.components if one.kind.name == "ApexClass"]
        if run.test_level in _TEST_LEVELS:
            run.tests = sum(body.count(b"@istest") > 0 for body in classes)

    def find(self, org: Org, text: str) -> Run | None:
        row = self._world.store.row(
            "SELECT body FROM salesforce_deploy WHERE id = ? AND org = ?", (ids.to_18(text) or "", org.number)
        )
        if row is None:
            return None
        plain = jsontext.loads(row[0])
        return Run(**{**plain, "started": float(plain["started"])})

    def cancel(self, org: Org, run: Run) -> None:
        run.canceled = run.canceled or self.state(org, run) in ("Pending", "InProgress")
        self._save(org, run)

    def _save(self, org: Org, run: Run) -> None:
        self._world.store.write(
            "UPDATE salesforce_deploy SET body = ? WHERE id = ? AND org = ?",
            (jsontext.dumps(asdict(run)), run.id, org.number),
        )

    def state(self, org: Org, run: Run) -> str:
        """The status that a caller is shown now."""
        if run.canceled:
            return "Canceled"
        if run.status != "Pending":
            return run.status
        age = org.now().timestamp() - run.started
        return "Pending" if age < org.settings.deploy_seconds / 3 else "InProgress"

    def result(self, org: Org, run: Run, *, details: bool = False) -> dict[str, Any]:
        """The DeployResult."""
        state = self.state(org, run)
        done = state not in ("Pending", "InProgress")
        started = wire(datetime.fromtimestamp(run.started, UTC))
        shown: dict[str, Any] = {
            "id": run.id,
            "success": done and state in ("Succeeded", "SucceededPartial"),
            "checkOnly": run.options["checkOnly"],
            "ignoreWarnings": run.options["ignoreWarnings"],
            "rollbackOnError": run.options["rollbackOnError"],
            "status": state,
            "runTestsEnabled": run.test_level in _TEST_LEVELS,
            "done": done,
        }
        if state == "Pending":
            return shown
        bad = [one for one in run.messages if not one["success"]]
        shown.update(
            {
                "createdBy": run.user,
                "createdByName": "Integration User",
                "createdDate": started,
                "startDate": started,
                "lastModifiedDate": started,
                "numberComponentsTotal": len(run.messages),
                "numberComponentsDeployed": len(run.messages) - len(bad) if done else 0,
                "numberComponentErrors": len(bad) if done else 0,
                "numberTestsTotal": run.tests,
                "numberTestsCompleted": run.tests if done else 0,
                "numberTestErrors": 0,
            }
        )
        if done:
            shown["completedDate"] = started
            if run.error:
                shown["errorMessage"] = run.error
            if details:
                shown["details"] = self._details(run, bad)
        return shown

    @staticmethod
    def _details(run: Run, bad: list[dict[str, Any]]) -> dict[str, Any]:
        good = [one for one in run.messages if one["success"]]
        return {
            "componentSuccesses": [_shown(one) for one in good],
            "componentFailures": [_shown(one) for one in bad],
            "runTestResult": {
                "numTestsRun": run.tests, "numFailures": 0, "totalTime": 0.0, "successes": [], "failures": [],
                "codeCoverage": [], "codeCoverageWarnings": [],
            },
        }  # fmt: skip

    def clear(self) -> None:
        self._world.store.write("DELETE FROM salesforce_deploy")


def _manifest_problem(problem: str) -> dict[str, Any]:
    return {
        "type": "", "name": "package.xml", "file": "package.xml", "success": False, "created": False,
        "changed": False, "deleted": False, "problem": problem, "line": 0,
    }  # fmt: skip


def _shown(message: dict[str, Any]) -> dict[str, Any]:
    """A DeployMessage."""
    shown = {
        "componentType": message["type"],
        "fullName": message["name"],
        "fileName": message["file"],
        "success": message["success"],
        "created": message["created"],
        "changed": message["changed"],
        "deleted": message["deleted"],
    }
    if not message["success"]:
        shown.update({"problem": message["problem"], "problemType": "Error"})
    return shown
