"""Everything that starts a sync, in figures: from the change to what came of it, on the simulator with real latencies.

    python bench/triggers.py [--only webhook-intake,button] [--seconds 60] [--rate 200] [--samples 20] …

webhook-intake         signed deliveries at --rate for --seconds: answered p50, p99; nothing lost
hostile                forged, unsigned, oversized, foreign and replayed deliveries: refused, no row, CPU a thousand
webhook-to-salesforce  an edit in QuickBooks, by webhook, until it is written in Salesforce: --samples edits
request-to-invoice     a QBO_Sync__c record in Salesforce, by outbound message, until the invoice is in QuickBooks and
                       until the record says so; what a look for requests costs while there are none
salesforce-polling     edits in Salesforce over --seconds, found by polling, until they are in QuickBooks
button                 a press on a record until its run is done: --samples presses
button-on-opportunity  a press in Salesforce on a won opportunity that nobody has seen, its account and product linked,
                       until its invoice is in QuickBooks and the run is done: --samples presses; and the part of it
                       that a press on its page here takes, where the record is known already
button-under-load      the same as button while another company loads --backfill accounts

One web server of two processes, the three workers and beat run throughout, as `make run` and the containers start
them. The load of the machine is printed: figures of a busy one are no figures of the product.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.installation import ROOT, Installation, _family, _usage, installation, wait_for
from bench.webhook_load import Answers, Delivery, send

OVERSIZED = 5 * 1024 * 1024
PATIENCE = 180.0
LIMITS = {
    "webhook-intake": "p50 <= 20 ms, p99 <= 150 ms at 200/s",
    "webhook-to-salesforce": "p50 <= 5 s, p95 <= 15 s",
    "request-to-invoice": "p50 <= 3 s, p95 <= 8 s",
    "salesforce-polling": "p95 <= 75 s",
    "button": "p50 <= 1.5 s, p95 <= 4 s",
    "button-on-opportunity": "p50 <= 1.5 s, p95 <= 4 s",
    "button-under-load": "at most 1.5 times the button's",
}


class Place:
    """A switched-on company on the running installation, its web server and the workers."""

    def __init__(self, base: Installation, spine: Any, port: int, entry: str) -> None:
        self.base, self.spine, self.port = base, spine, port
        self.entry = entry
        """Id of a price that opportunities can use; empty where the org has nothing of ours."""
        self.web: subprocess.Popen[bytes] | None = None
        from syncapp.models import Connection

        self.books = Connection.all_companies.select_related("app_credentials").get(
            company=spine.company, side="qbo"
        )
        self.org = Connection.all_companies.get(company=spine.company, side="sf")
        self.app = self.books.app_credentials
        self.verifier = base.sim.quickbooks.credentials()["webhook_verifier_token"]
        self.app.verifier_token = self.verifier
        self.app.save()

    def hook(self) -> str:
        return f"/hooks/quickbooks/{self.app.pk}"

    def signed(self, body: bytes, token: str = "") -> Delivery:
        digest = hmac.new((token or self.verifier).encode(), body, hashlib.sha256).digest()
        headers = {
            "intuit-signature": base64.b64encode(digest).decode(),
            "content-type": "application/cloudevents+json",
        }
        return Delivery(self.hook(), headers, body)

    def web_cpu(self) -> float:
        assert self.web is not None
        return sum(_usage(pid).cpu for pid in _family(self.web.pid))


SECTIONS: dict[str, Callable[[Place, argparse.Namespace], None]] = {}


def section(name: str) -> Callable[[Any], Any]:
    def keep(run: Callable[[Place, argparse.Namespace], None]) -> Any:
        SECTIONS[name] = run
        return run

    return keep


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--only", default="", help="sections, with commas; all without")
    words.add_argument("--seconds", type=float, default=60.0)
    words.add_argument("--rate", type=float, default=200.0)
    words.add_argument("--samples", type=int, default=20)
    words.add_argument("--backfill", type=int, default=100_000)
    words.add_argument("--latency", choices=["none", "real"], default="real")
    chosen = words.parse_args()
    wanted = [name for name in chosen.only.split(",") if name] or list(SECTIONS)
    unknown = [name for name in wanted if name not in SECTIONS]
    if unknown:
        words.error(f"no such section: {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    loads = "button-under-load" in wanted
    seed = str(chosen.backfill) if loads else "empty"
    with installation(seed=seed, latency=chosen.latency, limits="real") as base:
        place = _ready(base, beside_a_load=loads)
        print(f"latency {chosen.latency}, limits real, {os.cpu_count()} cores, load {_load()}", flush=True)
        with _running(place):
            for name in wanted:
                SECTIONS[name](place, chosen)


def _load() -> str:
    return " ".join(f"{one:.1f}" for one in os.getloadavg())


def _ready(base: Installation, *, beside_a_load: bool) -> Place:
    """A company with forty linked customers and a product. Beside a load it has the second org and realm, which have
    nothing of ours, because the first ones are seeded for the load."""
    from syncapp.recipes import STARTERS
    from tests.services.sales import DOCUMENTS, a_product
    from tests.services.spine import connect

    sim = _second(base.sim) if beside_a_load else base.sim
    spine = connect(sim, winner="sf", recipes=STARTERS if beside_a_load else DOCUMENTS)
    for number in range(40):
        spine.account(Name=f"Bench {number}", Phone="(555) 010-0000")
    entry = "" if beside_a_load else a_product(spine, "Cedar bench", "CB", 129.5)
    spine.first_load()
    assert len(spine.links) >= 40, "the first load brought nothing"
    return Place(base, spine, _free_port(), entry)


def _second(sim: Any) -> Any:
    """The simulator with its second org and realm as the usual ones."""

    def side(whole: Any) -> Any:
        every = whole.credentials()["all"][1]
        own = SimpleNamespace(
            **{name: getattr(whole, name) for name in ("url", "log", "post", "calls", "plan")}
        )
        own.credentials = lambda: {**whole.credentials(), **every}
        return own

    return SimpleNamespace(salesforce=side(sim.salesforce), quickbooks=side(sim.quickbooks))


def _free_port() -> int:
    from portal.local.ports import free_port

    return free_port()


@contextmanager
def _running(place: Place) -> Any:
    """The web server, both workers and beat."""
    base = place.base
    from portal.local.programs import BACKGROUND, QUEUES, WEB

    options = f"--bind 127.0.0.1:{place.port} {WEB} --preload --log-level warning"
    web = [sys.executable, "-m", "gunicorn", "portal.wsgi", *options.split()]
    beat = [sys.executable, "-m", "celery", "-A", "portal", "beat", "--pidfile=", "-l", "WARNING"]
    with (base.folder / "workers.log").open("ab") as log:
        place.web = subprocess.Popen(web, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        for work, queues in QUEUES.items():
            base.start_worker(queues, before=BACKGROUND if work == "bulk" else ())
        schedule = ["--schedule", str(base.folder / "schedule")]
        ringing = subprocess.Popen([*beat, *schedule], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
    try:
        wait_for("the web server", lambda: _answers(place.port), PATIENCE)
        time.sleep(5)  # workers load Django
        yield
    finally:
        for one in (ringing, place.web):
            one.terminate()
            one.wait(30)


def _answers(port: int) -> bool:
    import urllib.request

    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz/live", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


# --- webhooks in -----------------------------------------------------------------------------------------------------


def _event(realm: str, number: int, prefix: str = "bench") -> bytes:
    now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "000Z")
    return json.dumps(
        [
            {
                "specversion": "1.0",
                "id": f"{prefix}-{number}",
                "source": "intuit.bench=",
                "type": "qbo.customer.updated.v1",
                "datacontenttype": "application/json",
                "time": now,
                "intuitentityid": str(1 + number % 40),
                "intuitaccountid": realm,
                "data": {},
            }
        ]
    ).encode()


@section("webhook-intake")
def intake(place: Place, chosen: argparse.Namespace) -> None:
    from syncapp.models import Delivery as Row

    number = int(chosen.rate * chosen.seconds)
    before, cpu = Row.objects.count(), place.web_cpu()
    sent = [place.signed(_event(place.books.remote_id, one)) for one in range(number)]
    answers = send(place.port, sent, chosen.rate)
    used, stored = place.web_cpu() - cpu, Row.objects.count() - before
    _figures("webhook-intake", answers.answered_ms, "ms", (50, 99))
    planned = _part(answers.planned_ms, 99)
    print(
        f"  {number} sent at {number / answers.seconds:.0f}/s, {stored} stored, answers {dict(answers.statuses)},"
        f" p99 from the planned moment {planned:.0f} ms, web CPU {1000 * used / number:.2f} ms each"
    )
    print("  nothing lost" if stored == answers.statuses[200] == number else "  LOST OR REFUSED", flush=True)


@section("hostile")
def hostile(place: Place, chosen: argparse.Namespace) -> None:
    """No kind leaves a row but the first of the replayed ones; each kind's CPU by itself."""
    from syncapp.models import Delivery as Row

    realm, rate = place.books.remote_id, min(chosen.rate, 50.0)
    number = int(rate * min(chosen.seconds, 10.0))
    good = _event(realm, 0, "replayed")
    kinds = {
        "forged": [place.signed(_event(realm, one, "forged"), token="another") for one in range(number)],
        "unsigned": [Delivery(place.hook(), {}, _event(realm, one, "unsigned")) for one in range(number)],
        "oversized": [place.signed(b"[" + b" " * OVERSIZED + b"]")] * min(number, 50),
        "foreign": [place.signed(_event("9999999999", one, "foreign")) for one in range(number)],
        "replayed": [place.signed(good)] * number,
    }
    for kind, sent in kinds.items():
        before, cpu = Row.objects.count(), place.web_cpu()
        answers: Answers = send(place.port, sent, rate)
        stored, used = Row.objects.count() - before, place.web_cpu() - cpu
        print(
            f"hostile, {kind}: {len(sent)} sent, answers {dict(answers.statuses)}, {stored} rows,"
            f" web CPU {1000 * used / len(sent):.2f} ms each",
            flush=True,
        )


@section("webhook-to-salesforce")
def to_salesforce(place: Place, chosen: argparse.Namespace) -> None:
    """Edits a few seconds apart, each its own burst."""
    sim, spine = place.base.sim, place.spine
    url = f"http://127.0.0.1:{place.port}{place.hook()}"
    sim.quickbooks.post("webhooks", {"url": url, "format": "cloudevents", "realms": [place.books.remote_id]})
    times = []
    for number in range(chosen.samples):
        name, phone = f"Bench {number % 40}", f"(555) 020-{number:04d}"
        account = str(spine.link(name).sf_id)
        began = time.monotonic()
        spine.edit_customer(name, PrimaryPhone={"FreeFormNumber": phone})
        _until(lambda a=account, p=phone: spine.read_account(a)["Phone"] == p, f"the phone of {name}")
        times.append(time.monotonic() - began)
    _figures("webhook-to-salesforce", times, "s", (50, 95))


@section("request-to-invoice")
def request(place: Place, chosen: argparse.Namespace) -> None:
    """A won opportunity and at once a request for it, until its invoice is in the books."""
    from syncapp.services import org_messages, sync_requests
    from syncapp.services.clients import salesforce_client
    from syncapp.tenancy import tenant
    from tests.services.sales import an_opportunity

    spine = place.spine
    if not place.entry:
        print(
            "request-to-invoice: left out, beside a load the company has an org without our objects",
            flush=True,
        )
        return
    with tenant(spine.company.pk):
        assert sync_requests.look_for(place.org, salesforce_client(place.org)), "no QBO_Sync__c"
        org_messages.renew_address(place.org, spine.person)
        path = org_messages.address_of(place.org).split("/hooks/", 1)[1]
    url = f"http://127.0.0.1:{place.port}/hooks/{path}"
    place.base.sim.salesforce.post("webhooks", {"object": "QBO_Sync__c", "url": url})
    times, asked = [], []
    for number in range(chosen.samples):
        name = f"Asked for {number}"
        line = {"PricebookEntryId": place.entry, "Quantity": 1 + number, "UnitPrice": 129.5}
        opportunity = an_opportunity(spine, name, line)
        began = time.monotonic()
        asked.append(spine.make("QBO_Sync__c", Record_Id__c=opportunity))
        _until(lambda n=name: _has_invoice(spine, n), f"the invoice of {name}")
        times.append(time.monotonic() - began)
    _figures("request-to-invoice", times, "s", (50, 95))
    _until(lambda: len(_told(spine, asked)) == len(asked), "the answers")
    told = list(_told(spine, asked).values())
    print(f"  until the request says Processed: p50 {_part(told, 50):.2f} s, p95 {_part(told, 95):.2f} s")
    _looks(place)


def _told(spine: Any, asked: Sequence[str]) -> dict[str, float]:
    """Seconds from a request's saving to its answer, by the simulator's own log."""
    saved: dict[str, datetime] = {}
    told: dict[str, float] = {}
    for entry in spine.sim.salesforce.log():
        if entry["object"] != "QBO_Sync__c" or entry["id"] not in asked:
            continue
        at = datetime.fromisoformat(entry["time"])
        saved.setdefault(entry["id"], at)
        if entry["after"].get("Status__c") == "Processed":
            told.setdefault(entry["id"], (at - saved[entry["id"]]).total_seconds())
    return told


def _looks(place: Place, times: int = 100) -> None:
    from syncapp import tasks

    tasks.take_requests(str(place.org.pk))
    before = time.process_time()
    for _ in range(times):
        tasks.take_requests(str(place.org.pk))
    each = 1000 * (time.process_time() - before) / times
    print(f"  one look for requests without news: {each:.1f} ms CPU", flush=True)


def _has_invoice(spine: Any, name: str) -> bool:
    return any(str(row.get("PrivateNote", "")).startswith(f"{name}\n") for row in spine.booked("Invoice"))


@section("salesforce-polling")
def polling(place: Place, chosen: argparse.Namespace) -> None:
    """Nothing tells of these edits: the fast lane finds them."""
    spine, edits = place.spine, {}
    number = max(4, chosen.samples)
    for one in range(number):
        name, phone = f"Bench {one % 40}", f"(555) 030-{one:04d}"
        spine.edit_account(str(spine.link(name).sf_id), Phone=phone)
        edits[name] = (phone, time.monotonic())
        time.sleep(chosen.seconds / number)
    times: dict[str, float] = {}

    def all_there() -> bool:
        phones = {
            row["DisplayName"]: row.get("PrimaryPhone", {}).get("FreeFormNumber") for row in spine.customers()
        }
        for name, (phone, at) in edits.items():
            if name not in times and phones.get(name) == phone:
                times[name] = time.monotonic() - at
        return len(times) == len(edits)

    _until(all_there, "the edits", every=1.0)
    _figures("salesforce-polling", list(times.values()), "s", (50, 95))
    print(
        "  upper bounds: an edit that was there before the last one was made counts from its own moment",
        flush=True,
    )


# --- buttons ---------------------------------------------------------------------------------------------------------


@section("button")
def button(place: Place, chosen: argparse.Namespace) -> None:
    _figures("button", _presses(place, chosen.samples, "040"), "s", (50, 95))


@section("button-on-opportunity")
def button_on_opportunity(place: Place, chosen: argparse.Namespace) -> None:
    if not place.entry:
        print(
            "button-on-opportunity: left out, beside a load the company has an org without our objects",
            flush=True,
        )
        return
    times = [_press_on_opportunity(place, number) for number in range(chosen.samples)]
    booked = {str(row.get("PrivateNote", "")).split("\n")[0] for row in place.spine.booked("Invoice")}
    assert {f"Pressed {number}" for number in range(chosen.samples)} <= booked, (
        "not every press made an invoice"
    )
    _figures("button-on-opportunity", [here for here, _ in times], "s", (50, 95))
    whole = [whole for _, whole in times]
    print(
        f"  from a press in Salesforce, which reads it: p50 {_part(whole, 50):.2f} s, p95 {_part(whole, 95):.2f} s"
    )


def _press_on_opportunity(place: Place, number: int) -> tuple[float, float]:
    """Seconds until the run is done: from where the record is known, and from the press in Salesforce before."""
    from connectors.contracts import Side
    from syncapp.models import Integration, Run
    from syncapp.services import locating, sync
    from syncapp.services.clients import salesforce_client
    from syncapp.tenancy import tenant
    from tests.services.sales import an_opportunity

    spine = place.spine
    line = {"PricebookEntryId": place.entry, "Quantity": 1 + number, "UnitPrice": 129.5}
    account = str(spine.link(f"Bench {number % 40}").sf_id)
    opportunity = an_opportunity(spine, f"Pressed {number}", line, AccountId=account)
    began = time.monotonic()
    with tenant(spine.company.pk):
        mappings = locating.mappings_for(Integration.objects.filter(pk=spine.integration.pk), "Invoice")
        wanted = locating.Wanted(Side.SALESFORCE, opportunity, "Invoice")
        link = locating.locate(mappings, wanted, salesforce_client(place.org))
        known = time.monotonic()
        run = sync.request([link.pk], target=Side.QUICKBOOKS, person=spine.person, cause="Bench")
    _until(Run.all_companies.filter(pk=run.pk, state="done", failed_count=0).exists, "the run")
    done = time.monotonic()
    return done - known, done - began


@section("button-under-load")
def button_under_load(place: Place, chosen: argparse.Namespace) -> None:
    """The other company has the first org and realm, which are seeded."""
    from syncapp.models import Run
    from syncapp.services import setup
    from syncapp.tenancy import tenant
    from tests.services.spine import connect

    other = connect(place.base.sim)
    with tenant(other.company.pk):
        scan = setup.begin_scan(other.integration, other.person)
    ended = ("done", "failed")
    states = Run.all_companies.values_list("state", flat=True)
    wait_for("the scan", lambda: states.get(pk=scan.pk) in ended, 3600)
    alone = _presses(place, chosen.samples, "050")
    with tenant(other.company.pk):
        load = setup.switch_on(other.integration, other.person)
    wait_for("the load to carry", lambda: Run.all_companies.get(pk=load.pk).done_count > 0, 600)
    during = _presses(place, chosen.samples, "060")
    load.refresh_from_db()
    _figures("button", alone, "s", (50, 95))
    _figures("button-under-load", during, "s", (50, 95))
    print(
        f"  {_part(during, 50) / _part(alone, 50):.2f} times at p50, {_part(during, 95) / _part(alone, 95):.2f} times"
        f" at p95; the load was {load.state} with {load.done_count} of {load.total}",
        flush=True,
    )


def _presses(place: Place, samples: int, area: str) -> list[float]:
    """Seconds from a press on an edited record until its run is done, as its page would show it."""
    from connectors.contracts import Side
    from syncapp.models import Run
    from syncapp.services import sync
    from syncapp.tenancy import tenant

    spine, times = place.spine, []
    for number in range(samples):
        link = spine.link(f"Bench {number % 40}")
        spine.edit_account(str(link.sf_id), Phone=f"(555) {area}-{number:04d}")
        began = time.monotonic()
        with tenant(spine.company.pk):
            run = sync.request([link.pk], target=Side.QUICKBOOKS, person=spine.person, cause="Bench")
        done = Run.all_companies.filter(pk=run.pk, state="done", failed_count=0)
        _until(done.exists, "the run")
        times.append(time.monotonic() - began)
    return times


# --- figures ---------------------------------------------------------------------------------------------------------


def _until(done: Callable[[], bool], what: str, every: float = 0.05) -> None:
    until = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > until:
            raise TimeoutError(what)
        time.sleep(every)


def _part(values: Sequence[float], percent: int) -> float:
    if len(values) < 2:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def _figures(name: str, values: Sequence[float], unit: str, parts: tuple[int, int]) -> None:
    told = ", ".join(f"p{part} {_part(values, part):.2f} {unit}" for part in parts)
    most = f"most {max(values):.2f} {unit} of {len(values)}"
    print(f"{name}: {told}, {most} (wanted {LIMITS[name]}); load {_load()}", flush=True)


if __name__ == "__main__":
    main()
