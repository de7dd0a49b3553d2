"""A whole company on a real simulator, and the workers' stages called here: what the spine's tests stand on."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.test import override_settings

from connectors.contracts import Priority, Side
from connectors.simulator import testing as sim_testing
from connectors.simulator.testing import Simulator
from syncapp.models import (
    AppCredentials,
    Company,
    Connection,
    ConnectionStatus,
    Integration,
    LinkWork,
    Mapping,
    RecordLink,
    Run,
)
from syncapp.recipes import STARTERS
from syncapp.services import prepare, recover, setup, sweep, sync
from syncapp.services.companies import create
from syncapp.store import bulk
from syncapp.tenancy import tenant
from tests.services import trail
from tests.services.builders import a_person

DUE_SOON = """
select count(*) from syncapp_linkwork w
join syncapp_mapping m on m.id = w.mapping_id and m.mode <> 'off'
join syncapp_company c on c.id = m.company_id and c.state = 'active' and not c.paused
join syncapp_integration i on i.id = m.integration_id and i.state = 'active'
join syncapp_connection s on s.id = i.salesforce_id and s.status = 'live'
join syncapp_connection q on q.id = i.quickbooks_id and q.status = 'live'
where w.due_at <= lb_now() + interval '4 seconds'
"""
"""What a person holds up is due for as long as they like: nobody waits for it."""
NOW_DUE = """
update syncapp_linkwork set due_at = lb_now() where due_at between lb_now() and lb_now() + interval '4 seconds'
"""
"""Nobody waits for what is due soon either."""


@dataclass
class Spine:
    """A company whose two connections lead to a simulator of its own."""

    sim: Simulator
    company: Company
    person: Any
    integration: Integration

    @property
    def mapping(self) -> Mapping:
        return Mapping.all_companies.filter(integration=self.integration).earliest("id")

    @property
    def links(self) -> list[RecordLink]:
        return list(RecordLink.all_companies.exclude(lifecycle__in=["absorbed", "unlinked"]).order_by("name"))

    def link(self, name: str) -> RecordLink:
        return RecordLink.all_companies.exclude(lifecycle__in=["absorbed", "unlinked"]).get(name=name)

    # --- what a person does over there ---

    def account(self, **fields: Any) -> str:
        """Create an account as somebody in Salesforce would; its id."""
        return str(self._salesforce("POST", "sobjects/Account", fields)["id"])

    def edit_account(self, id_: str, **fields: Any) -> None:
        self._salesforce("PATCH", f"sobjects/Account/{id_}", fields)

    def delete_account(self, id_: str) -> None:
        self._salesforce("DELETE", f"sobjects/Account/{id_}")

    def read_account(self, id_: str) -> dict[str, Any]:
        found: dict[str, Any] = self._salesforce("GET", f"sobjects/Account/{id_}")
        return found

    def accounts(self, fields: str = "Id, Name") -> list[dict[str, Any]]:
        """Every account, page by page."""
        page = self._salesforce("GET", f"query?q=SELECT+{fields.replace(' ', '+')}+FROM+Account")
        rows: list[dict[str, Any]] = page["records"]
        while not page["done"]:
            page = self._salesforce("GET", f"query/{page['nextRecordsUrl'].rsplit('/', 1)[-1]}")
            rows += page["records"]
        return rows

    def customer(self, **fields: Any) -> dict[str, Any]:
        """Create or update a customer as somebody in QuickBooks would."""
        found: dict[str, Any] = self._quickbooks("POST", "customer", fields)["Customer"]
        return found

    def customer_named(self, name: str) -> dict[str, Any]:
        return next(row for row in self.customers() if row["DisplayName"] == name)

    def edit_customer(self, name: str, **fields: Any) -> dict[str, Any]:
        row = self.customer_named(name)
        return self.customer(Id=row["Id"], SyncToken=row["SyncToken"], sparse=True, **fields)

    def vendor(self, **fields: Any) -> dict[str, Any]:
        found: dict[str, Any] = self._quickbooks("POST", "vendor", fields)["Vendor"]
        return found

    # --- any object ---

    def sf(self, method: str, path: str, body: Any = None) -> Any:
        """One call of Salesforce's REST API, as somebody there would make it."""
        return self._salesforce(method, path, body)

    def qbo(self, method: str, path: str, body: Any = None) -> Any:
        """One call of QuickBooks' API."""
        return self._quickbooks(method, path, body)

    def make(self, object_: str, **fields: Any) -> str:
        """Create a Salesforce record; its id."""
        return str(self._salesforce("POST", f"sobjects/{object_}", fields)["id"])

    def edit(self, object_: str, id_: str, **fields: Any) -> None:
        self._salesforce("PATCH", f"sobjects/{object_}/{id_}", fields)

    def row(self, object_: str, id_: str) -> dict[str, Any]:
        found: dict[str, Any] = self._salesforce("GET", f"sobjects/{object_}/{id_}")
        return found

    def rows(self, soql: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._salesforce("GET", f"query?q={quote(soql)}")["records"]
        return found

    def book(self, entity: str, **fields: Any) -> dict[str, Any]:
        """Create or update a QuickBooks record; its body."""
        found: dict[str, Any] = self._quickbooks("POST", entity.lower(), fields)[entity]
        return found

    def booked(self, entity: str) -> list[dict[str, Any]]:
        """Every record of a QuickBooks entity."""
        answer = self._quickbooks("GET", f"query?query={quote(f'select * from {entity} maxresults 1000')}")
        rows: list[dict[str, Any]] = answer["QueryResponse"].get(entity, [])
        return rows

    def read_customer(self, id_: str) -> dict[str, Any]:
        found: dict[str, Any] = self._quickbooks("GET", f"customer/{id_}")["Customer"]
        return found

    def customers(self) -> list[dict[str, Any]]:
        query = "select * from Customer where Active in (true, false) maxresults 1000"
        answer = self._quickbooks("GET", f"query?query={query.replace(' ', '%20')}")
        rows: list[dict[str, Any]] = answer["QueryResponse"].get("Customer", [])
        return rows

    def _salesforce(self, method: str, path: str, body: Any = None) -> Any:
        keys = self.sim.salesforce.credentials()
        return _call(method, f"{keys['url']}/services/data/v66.0/{path}", keys["access_token"], body)

    def _quickbooks(self, method: str, path: str, body: Any = None) -> Any:
        keys = self.sim.quickbooks.credentials()
        joint = "&" if "?" in path else "?"
        url = f"{keys['url']}/v3/company/{keys['realm_id']}/{path}{joint}minorversion=75"
        return _call(method, url, keys["access_token"], body)

    # --- what the workers do ---

    def first_load(self) -> Run:
        """Scan, switch on and carry the first load to its end."""
        self.scan()
        with tenant(self.company.pk):
            run = setup.switch_on(self.integration, self.person)
        self._prepare()
        self.carry()
        run.refresh_from_db()
        return run

    def scan(self) -> Run:
        with tenant(self.company.pk):
            run = setup.begin_scan(self.integration, self.person)
        self._prepare()
        run.refresh_from_db()
        return run

    def _prepare(self) -> None:
        for run in Run.all_companies.filter(integration=self.integration, state="queued").order_by("id"):
            prepare.prepare(run.pk)

    def capture(self) -> int:
        """Read what changed on both sides now."""
        from syncapp.tasks import capture

        before = LinkWork.all_companies.count()
        for connection in Connection.all_companies.filter(company=self.company):
            capture(str(connection.pk), "fast" if connection.side == "sf" else "cdc")
        return LinkWork.all_companies.count() - before

    def press(self, link: RecordLink, target: Side | None) -> Run:
        """A person presses a button on a record and waits."""
        with tenant(self.company.pk):
            run = sync.request([link.pk], target=target, person=self.person, cause="Button")
        self.carry()
        run.refresh_from_db()
        return run

    def carry(self, seconds: float = 120) -> None:
        """Let the workers do what is due, until nothing that they may do is due within the next four seconds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            carried = sync.carry(Priority.BULK, seconds=seconds)
            carried += recover.recover()
            soon = bulk.fetch(DUE_SOON)[0][0]
            if not carried and not soon:
                break
            if not carried:
                bulk.execute(NOW_DUE)
        sweep.sweep()

    def a_minute_later(self) -> None:
        """What waits for a throttle to pass is due now; let the workers go on."""
        bulk.execute(
            "update syncapp_linkwork set due_at = due_at - interval '61 seconds'"
            " where due_at < lb_now() + interval '1 day'"
        )
        self.carry()

    def sync(self) -> None:
        """Notice every change and carry it."""
        self.capture()
        self.carry()

    def long_since(self) -> None:
        """What was read until now was read long ago: no overlap of readings brings it a second time."""
        bulk.execute("update syncapp_observation set settled = true")
        bulk.execute("update syncapp_cursor set watermark = lb_now() + interval '1 minute'")

    def writes(self, after: tuple[int, int] = (0, 0)) -> list[dict[str, Any]]:
        """Accepted writes on both sides after a mark."""
        return self.sim.salesforce.log(after[0]) + self.sim.quickbooks.log(after[1])

    def mark(self) -> tuple[int, int]:
        """Where the write logs are now."""
        logs = (self.sim.salesforce.log(), self.sim.quickbooks.log())
        return tuple(log[-1]["seq"] if log else 0 for log in logs)  # type: ignore[return-value]


def _call(method: str, url: str, token: str, body: Any) -> Any:
    import urllib.error
    import urllib.request

    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json",
        "Content-Type": "application/json",
        "X-Request-Id": trail.PERSON,
    }
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{error.code} {error.read().decode(errors='replace')[:500]}") from error
    return json.loads(text) if text else None


@contextmanager
def a_spine(
    seed: str = "empty",
    template: str = "bidirectional",
    winner: str = "ask",
    recipes: Sequence[str] = STARTERS,
    **options: Any,
) -> Iterator[Spine]:
    """A company with both sides connected and its template chosen; nothing scanned yet."""
    with (
        sim_testing.simulator(seed=seed, **options) as sim,
        override_settings(SIM_SALESFORCE_URL=sim.salesforce.url, SIM_QUICKBOOKS_URL=sim.quickbooks.url),
    ):
        yield connect(sim, template, winner, recipes)
        trail.check(sim)


def connect(
    sim: Simulator,
    template: str = "bidirectional",
    winner: str = "ask",
    recipes: Sequence[str] = STARTERS,
) -> Spine:
    person = a_person()
    company = create(person, name="Blue Pine", zone="America/New_York", currency="USD")
    with tenant(company.pk):
        integration = Integration.objects.create(
            salesforce=_connection(company, Side.SALESFORCE, sim),
            quickbooks=_connection(company, Side.QUICKBOOKS, sim),
        )
        setup.choose_template(integration, template, winner, person, recipes)
    return Spine(sim, company, person, integration)


def _connection(company: Company, side: Side, sim: Simulator) -> Connection:
    keys = (sim.salesforce if side is Side.SALESFORCE else sim.quickbooks).credentials()
    app, _ = AppCredentials.objects.get_or_create(
        company=None,
        side=side.value,
        environment="simulator",
        login_host="",
        defaults={"client_id": keys["client_id"]},
    )
    app.client_id = keys["client_id"]
    app.client_secret = keys["client_secret"]
    app.save()
    row = Connection(
        company=company,
        side=side.value,
        environment="simulator",
        remote_id=keys["org_id"] if side is Side.SALESFORCE else keys["realm_id"],
        name="Simulator",
        status=ConnectionStatus.LIVE,
        app_credentials=app,
        base_url=keys["url"],
        token_version=1,
    )
    row.access_token = keys["access_token"]
    row.refresh_token = keys["refresh_token"]
    row.save()
    return row
