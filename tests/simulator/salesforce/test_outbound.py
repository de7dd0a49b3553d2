"""Outbound messages: told, retried until acknowledged, and told with the values at sending (reference 5.6)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.etree import ElementTree as ET

import pytest

from connectors.simulator.testing import Side, simulator
from tests.shared import reference
from tests.simulator.salesforce.caller import Caller, caller_of

OUT = "{http://soap.sforce.com/2005/09/outbound}"
SF = "{urn:sobject.enterprise.soap.sforce.com}"
ACK = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">'
    '<soapenv:Body><notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack>'
    "</notificationsResponse></soapenv:Body></soapenv:Envelope>"
)


class Listener:
    """Takes messages and answers as told."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.answer: Callable[[], tuple[int, str]] = lambda: (200, ACK)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                status, text = outer.answer()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                """Nothing on the console."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook"

    def wait_for(self, count: int) -> list[str]:
        deadline = time.monotonic() + 10
        while len(self.bodies) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return self.bodies


@pytest.fixture
def listener(side: Side) -> Iterator[Listener]:
    made = Listener()
    yield made
    side.post("webhooks", {"clear": True})
    made.server.shutdown()


def settled(side: Side) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if side.post("webhooks", {})["pending"] == 0:
            return True
        time.sleep(0.02)
    return False


def test_a_saved_record_is_told_with_its_fields(sf: Caller, side: Side, listener: Listener) -> None:
    fields = ["Name", "Phone", "IsDeleted", "LastModifiedDate"]
    side.post("webhooks", {"object": "Account", "url": listener.url, "fields": fields})
    record = sf.make("Account", Name="Told & sent")
    root = ET.fromstring(listener.wait_for(1)[0])

    assert root.findtext(f".//{OUT}OrganizationId") == side.credentials()["org_id"]
    told = root.find(f".//{OUT}sObject")
    assert told is not None
    assert [child.tag.removeprefix(SF) for child in told] == ["Id", "Name", "IsDeleted", "LastModifiedDate"]
    assert (told.findtext(f"{SF}Id"), told.findtext(f"{SF}Name")) == (record, "Told & sent")
    assert (told.findtext(f"{SF}LastModifiedDate") or "").endswith(".000Z")
    assert settled(side)


def test_the_message_has_the_recorded_frame(sf: Caller, side: Side, listener: Listener) -> None:
    side.post("webhooks", {"object": "Lead", "url": listener.url})
    sf.make("Lead", LastName="x", Company="c")
    ours, theirs = (
        ET.fromstring(listener.wait_for(1)[0]),
        ET.parse(reference("salesforce/outbound_message/notifications.xml")).getroot(),
    )

    def frame(root: ET.Element) -> list[str]:
        body = root[0][0]
        first = next(one for one in body if one.tag == f"{OUT}Notification")
        return [
            root.tag,
            root[0].tag,
            body.tag,
            *dict.fromkeys(one.tag for one in body),
            *(one.tag for one in first),
        ]

    assert frame(ours) == frame(theirs)


@pytest.mark.parametrize(
    "answer", [(500, ACK), (200, ACK.replace("true", "false")), (200, "no xml"), (404, "")], ids=str
)
def test_anything_but_an_acknowledgement_repeats_the_whole_message(
    sf: Caller, side: Side, listener: Listener, answer: tuple[int, str]
) -> None:
    listener.answer = lambda: answer
    side.post("webhooks", {"object": "Account", "url": listener.url, "fields": ["Name"]})
    record = sf.make("Account", Name="First")
    listener.wait_for(1)
    sf.patch(f"/sobjects/Account/{record}", {"Name": "Second"})
    listener.wait_for(2)
    text = reference("salesforce/outbound_message/ack.xml").read_text()
    listener.answer = lambda: (200, text)
    side.post("clock", {"advance": 20})
    bodies = listener.wait_for(3)
    assert settled(side)
    side.post("clock", {"reset": True})

    assert "First" in bodies[0]
    assert bodies[2].count("<Notification>") == 2
    assert "First" not in bodies[2]


def test_what_nobody_acknowledges_for_a_day_is_dropped(sf: Caller, side: Side, listener: Listener) -> None:
    listener.answer = lambda: (503, "")
    side.post("webhooks", {"object": "Account", "url": listener.url})
    sf.make("Account", Name="Lost")
    listener.wait_for(1)
    side.post("clock", {"advance": 25 * 3600})
    assert settled(side)
    side.post("clock", {"reset": True})


def test_the_connected_user_can_be_left_out(sf: Caller, side: Side, listener: Listener) -> None:
    side.post("webhooks", {"object": "Account", "url": listener.url, "skips_own": True, "fields": ["Name"]})
    sf.make("Account", Name="By the integration")
    side.post("records", {"object": "Account", "action": "create", "values": {"Name": "By a person"}})
    body = listener.wait_for(1)[0]

    assert ("By a person" in body, "By the integration" in body) == (True, False)


def _told(seed: int) -> list[str]:
    """The record ids of what a chancy message tells of the same thirty accounts, in order."""
    listener = Listener()
    with simulator(only="salesforce", random_seed=seed) as running:
        side = running.salesforce
        names = {"object": "Account", "url": listener.url, "name": "Chancy", "fields": ["Id"]}
        side.post("webhooks", {**names, "drop": 0.3, "duplicate": 0.3, "reorder": 1})
        records = [{"attributes": {"type": "Account"}, "Name": f"Pine {n}"} for n in range(30)]
        caller_of(side).post("/composite/sobjects", {"records": records})
        (body, *_) = listener.wait_for(1)
        listener.server.shutdown()
        listener.server.server_close()
    return [one.text or "" for one in ET.fromstring(body).iter(f"{SF}Id")]


def test_what_is_dropped_doubled_and_shuffled_follows_the_seed() -> None:
    first = _told(7)
    assert first == _told(7) != _told(8)
    assert len(set(first)) < 30  # some were dropped
    assert len(first) > len(set(first))  # some came twice
    assert first != sorted(first)
