"""What both stand-ins get from the core: HTTP as clients in the wild speak it, the side door, faults, memory."""

from __future__ import annotations

import gzip
import http.client
import socket
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from connectors.simulator.testing import Simulator, simulator, simulator_process
from tests.simulator.wire_client import Books, call


def test_doubled_slashes_any_case_and_unknown_parameters_are_borne(books: Books) -> None:
    side, realm = books.side.url, books.credentials["realm_id"]
    headers = {"Authorization": f"Bearer {books.credentials['access_token']}", "Accept": "application/json"}
    got = call(f"{side}//v3//company/{realm}//CUSTOMER/1?minorversion=75&whatever=yes", headers=headers)
    assert (got.status, got.json["Customer"]["Id"]) == (200, "1")


def test_a_chunked_upload_is_read_like_any_other(books: Books) -> None:
    connection = http.client.HTTPConnection(urlsplit(books.side.url).netloc, timeout=10)
    parts = iter([b'{"DisplayName":', b'"Sent in ', b'pieces"}'])
    connection.request(
        "POST",
        urlsplit(books.base).path + "/customer",
        parts,
        {
            "Authorization": f"Bearer {books.credentials['access_token']}",
            "Accept": "application/json",
            "Transfer-Encoding": "chunked",
        },
        encode_chunked=True,
    )
    response = connection.getresponse()
    assert (response.status, b"Sent in pieces" in response.read()) == (200, True)
    connection.close()


def test_gzip_is_taken_in_and_given_out(books: Books) -> None:
    packed = gzip.compress(b'{"DisplayName": "Packed"}')
    got = books.call("POST", "customer", packed, {"Content-Encoding": "gzip"})
    listed = books.call("GET", "query?query=select%20*%20from%20Customer", None, {"Accept-Encoding": "gzip"})
    assert got.status == 200
    assert listed.headers["content-encoding"] == "gzip"
    assert listed.json["QueryResponse"]["Customer"]


def test_a_kept_connection_answers_pipelined_requests_in_order(books: Books) -> None:
    host, port = urlsplit(books.side.url).netloc.split(":")
    path = urlsplit(books.base).path
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        head = f"Host: {host}\r\nAccept: application/json\r\nAuthorization: Bearer {books.credentials['access_token']}"
        raw.sendall("".join(f"GET {path}/customer/{n} HTTP/1.1\r\n{head}\r\n\r\n" for n in (1, 2)).encode())
        seen = b""
        while seen.count(b"HTTP/1.1 200") < 2 or not seen.endswith(b"}"):
            seen += raw.recv(65536)
    assert seen.index(b'"Id":"1","SyncToken"') < seen.index(b'"Id":"2","SyncToken"')


def test_head_is_get_without_a_body(books: Books) -> None:
    got = books.call("HEAD", "customer/1")
    assert (got.status, got.body) == (200, b"")
    assert int(got.headers["content-length"]) > 100


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nbroken header\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -4\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
    ],
)
def test_bytes_that_are_no_request_get_a_4xx_and_the_door(small_sim: Simulator, raw: bytes) -> None:
    host, port = urlsplit(small_sim.quickbooks.url).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(raw)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 4")


def test_the_side_door_refuses_web_pages_and_foreign_names(small_sim: Simulator) -> None:
    url = f"{small_sim.quickbooks.url}/_sim/credentials"
    assert call(url, headers={"Origin": "http://evil.example"}).status == 403
    assert call(url, headers={"Host": "evil.example"}).status == 403
    assert call(url, headers={"Host": "localhost:1234"}).status == 200


def test_the_meter_counts_calls_by_endpoint_with_ids_left_out(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    empty_sim.quickbooks.post("calls/reset")
    first = books.post("customer", {"DisplayName": "One"})
    books.get(f"customer/{first['Id']}")
    books.get(f"customer/{first['Id']}")
    books.query("select * from Customer")
    books.call("GET", "customer/99999")
    report = empty_sim.quickbooks.calls()
    assert (report["total"], report["metered"]) == (5, 3)
    assert {(c["method"], c["endpoint"], c["count"], c["metered"]) for c in report["calls"]} == {
        ("GET", "/v3/company/{realm}/customer/{id}", 3, 2),
        ("POST", "/v3/company/{realm}/customer", 1, 0),
        ("GET", "/v3/company/{realm}/query", 1, 1),
    }


def test_the_log_holds_every_accepted_write_with_before_and_after(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    made = books.post("customer", {"DisplayName": "Before"}, requestid="r-1")
    books.change("customer", made, DisplayName="After")
    books.call("POST", "customer", {"DisplayName": "after"})  # refused: nothing to log
    first, second = empty_sim.quickbooks.log()
    assert (first["operation"], first["object"], first["id"], first["request_id"]) == (
        "create",
        "Customer",
        made["Id"],
        "r-1",
    )
    assert (first["before"], first["after"]["DisplayName"]) == (None, "Before")
    assert (second["before"]["DisplayName"], second["after"]["DisplayName"]) == ("Before", "After")
    assert empty_sim.quickbooks.log(after=first["seq"]) == [second]


def test_a_planned_fault_strikes_the_nth_matching_call_only(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    empty_sim.quickbooks.plan(
        {
            "match": {"method": "POST", "path": "/customer$", "nth": 2},
            "action": "status",
            "status": 503,
            "body": "no",
        }
    )
    statuses = [books.call("POST", "customer", {"DisplayName": f"N{n}"}).status for n in range(3)]
    assert statuses == [200, 503, 200]
    assert len(empty_sim.quickbooks.log()) == 2


@pytest.mark.parametrize(("action", "written"), [("reset_before", 0), ("reset_after", 1)])
def test_a_cut_connection_may_hide_a_write_that_was_done(
    empty_sim: Simulator, action: str, written: int
) -> None:
    books = Books.of(empty_sim)
    empty_sim.quickbooks.plan({"match": {"path": "/customer"}, "action": action})
    with pytest.raises(OSError):
        books.call("POST", "customer", {"DisplayName": "Lost"})
    assert len(empty_sim.quickbooks.log()) == written


def test_bodies_can_be_cut_short_slow_or_of_another_kind(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    empty_sim.quickbooks.plan({"action": "truncate", "match": {"path": "companyinfo"}})
    with pytest.raises(http.client.IncompleteRead):
        books.call("GET", "companyinfo/1")
    empty_sim.quickbooks.plan({"action": "html", "match": {"path": "companyinfo"}})
    assert b"<html>" in books.call("GET", "companyinfo/1").body
    empty_sim.quickbooks.plan({"action": "content_type", "match": {"path": "companyinfo"}})
    assert books.call("GET", "companyinfo/1").headers["content-type"] == "text/html"
    empty_sim.quickbooks.plan({"action": "drip", "seconds": 0.2, "match": {"path": "companyinfo"}})
    began = time.monotonic()
    assert books.call("GET", "companyinfo/1").status == 200
    assert time.monotonic() - began > 0.1


def test_a_refused_port_opens_again(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    empty_sim.quickbooks.plan({"action": "refuse", "seconds": 0.3, "match": {"path": "companyinfo"}})
    with pytest.raises(OSError):
        books.call("GET", "companyinfo/1")
    deadline = time.monotonic() + 10
    while True:
        try:
            assert books.call("GET", "companyinfo/1").status == 200
            break
        except OSError:
            assert time.monotonic() < deadline


def test_a_plan_that_makes_no_sense_is_answered_with_a_sentence(small_sim: Simulator) -> None:
    with pytest.raises(ValueError, match="action must be one of"):
        small_sim.quickbooks.plan({"action": "explode"})
    with pytest.raises(ValueError, match="unknown members: colour"):
        small_sim.quickbooks.plan({"action": "delay", "colour": "red"})


def test_the_clock_moves_stands_still_and_comes_back(empty_sim: Simulator) -> None:
    side = empty_sim.quickbooks
    assert side.post("clock", {"set": "2030-01-01T00:00:00+00:00", "freeze": True})["now"].startswith(
        "2030-01-01"
    )
    assert side.post("clock", {"freeze": True})["now"] == side.get("clock")["now"]
    side.post("clock", {"advance": 86400})
    assert side.get("clock")["now"].startswith("2030-01-0")
    assert not side.post("clock", {"freeze": False, "reset": True})["now"].startswith("2030")


def test_the_date_header_follows_the_moved_clock(empty_sim: Simulator) -> None:
    empty_sim.quickbooks.post("clock", {"set": "2031-05-06T07:08:09+00:00", "freeze": True})
    got = Books.of(empty_sim).call("GET", "companyinfo/1")
    assert got.headers["date"] == "Tue, 06 May 2031 07:08:09 GMT"


def test_reset_leaves_nothing_but_the_seed(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    books.post("customer", {"DisplayName": "Gone soon"})
    empty_sim.quickbooks.plan({"action": "delay"})
    empty_sim.quickbooks.post("reset", {"seed": "empty"})
    after = Books.of(empty_sim)
    assert after.rows("select * from Customer") == []
    assert empty_sim.quickbooks.log() == []
    assert empty_sim.quickbooks.get("faults") == {"faults": []}
    assert after.post("customer", {"DisplayName": "First"})["Id"] == "1"


def test_a_killed_simulator_remembers_what_it_acknowledged(tmp_path: Path) -> None:
    state = str(tmp_path / "state.sqlite3")
    with simulator_process(only="quickbooks", state=state) as sim:
        books = Books.of(sim)
        made = books.post("customer", {"DisplayName": "Survivor"})
        sim.quickbooks.post("clock", {"advance": 500})
        sim.quickbooks.post("webhooks", {"url": "http://127.0.0.1:9/hook"})
        sim.kill()
    with simulator_process(only="quickbooks", state=state) as sim:
        again = Books(sim.quickbooks, {**books.credentials})
        assert again.get(f"customer/{made['Id']}")["DisplayName"] == "Survivor"
        assert again.post("customer", {"DisplayName": "Next"})["Id"] == "2"
        assert sim.quickbooks.credentials()["refresh_token"] == books.credentials["refresh_token"]
        assert [entry["id"] for entry in sim.quickbooks.log()] == ["1", "2"]
        assert sim.quickbooks.get("webhooks")["subscriptions"][0]["url"] == "http://127.0.0.1:9/hook"


def _refused_start(*words: str) -> str:
    """What a simulator says that cannot start; it must be a sentence and status 2."""
    command = [sys.executable, "-m", "connectors.simulator", "--only=quickbooks", *words]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_a_taken_port_is_told_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        words = _refused_start(f"--quickbooks-port={port}")
    assert f"Port {port} for the quickbooks stand-in is taken" in words


def test_a_state_file_that_is_in_use_or_none_is_told_in_a_sentence(tmp_path: Path) -> None:
    state, other = tmp_path / "state.sqlite3", tmp_path / "letter.txt"
    other.write_text("Dear Sir or Madam, this is no state file. " * 50)
    with simulator_process(only="quickbooks", state=str(state)):
        assert "in use by another simulator" in _refused_start("--quickbooks-port=0", f"--state={state}")
    assert "cannot be used" in _refused_start("--quickbooks-port=0", f"--state={other}")
    assert "cannot be used" in _refused_start("--quickbooks-port=0", f"--state={tmp_path}/nowhere/file")


def test_https_is_served_under_a_certificate_authority_of_its_own() -> None:
    import ssl
    import urllib.request

    with simulator(only="quickbooks", tls=True) as sim:
        context = ssl.create_default_context(cafile=sim.ca_file)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(f"{sim.quickbooks.tls_url}/.well-known/openid_configuration", timeout=10) as got:
            assert b"https://127.0.0.1" in got.read()


def test_a_planned_stamp_is_older_than_the_moment_the_change_shows(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    empty_sim.quickbooks.post("clock", {"set": "2026-11-21T12:00:00Z", "freeze": True})
    on_time = books.post("customer", {"DisplayName": "On time"})["MetaData"]["LastUpdatedTime"]
    empty_sim.quickbooks.plan({"action": "late_stamp", "seconds": 60, "match": {"path": "customer"}})
    late, after = (books.post("customer", {"DisplayName": name}) for name in ("Late", "After"))
    stamps = [datetime.fromisoformat(one["MetaData"]["LastUpdatedTime"]) for one in (late, after)]
    assert (stamps[1] - stamps[0]).total_seconds() == 60
    assert stamps[1] == datetime.fromisoformat(on_time)


def test_one_server_with_a_skewed_clock_dates_its_answer_wrongly(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    empty_sim.quickbooks.post("clock", {"set": "2026-11-21T12:00:00Z", "freeze": True})
    empty_sim.quickbooks.plan({"action": "skew", "seconds": -90, "match": {"path": "companyinfo"}})
    dates = [books.call("GET", "companyinfo/1").headers["date"] for _ in range(2)]
    assert dates == ["Sat, 21 Nov 2026 11:58:30 GMT", "Sat, 21 Nov 2026 12:00:00 GMT"]


def test_the_same_random_seed_lets_the_same_calls_fail() -> None:
    def struck(random_seed: int) -> list[int]:
        with simulator(only="quickbooks", seed="empty", random_seed=random_seed) as running:
            books = Books.of(running)
            running.quickbooks.plan({"action": "status", "status": 503, "count": 0, "probability": 0.5})
            return [books.call("GET", "companyinfo/1").status for _ in range(16)]

    first = struck(7)
    assert set(first) == {200, 503}
    assert struck(7) == first
    assert struck(8) != first
