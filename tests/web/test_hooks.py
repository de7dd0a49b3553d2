"""The door for Intuit's notices: who gets in, and what any answer leaves behind."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import time
from datetime import timedelta
from io import BytesIO
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
import requests
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from structlog.testing import capture_logs

from portal.hooks import bodies, refused
from syncapp.messages import words_for
from syncapp.models import AppCredentials, Connection, Cursor, Delivery, ForeignNotice
from syncapp.services import deliveries, notices, verifiers
from syncapp.store import clock
from syncapp.tenancy import tenant
from tests.builders import a_company, a_connection, a_member
from tests.services.notices import an_event, deliver
from tests.web.builders import signed_in

pytestmark = pytest.mark.django_db

REALM = "4620816365000001"


@pytest.fixture
def app() -> AppCredentials:
    made = AppCredentials(side="qbo", environment="production", client_id="intuit-app")
    made.verifier_token = "verifier-1"
    made.save()
    return made


@pytest.fixture
def books(app: AppCredentials) -> Connection:
    made = a_connection(
        a_company("Blue Pine"), side="qbo", environment="production", remote_id=REALM, app_credentials=app
    )
    with tenant(made.company_id):
        Cursor.objects.create(
            connection=made, object="Customer", lane="cdc", watermark=clock.now(), next_at=clock.now()
        )
    return made


def stored() -> list[tuple[str, str]]:
    return list(Delivery.objects.order_by("pk").values_list("object", "remote_id"))


def test_a_signed_notice_is_stored_and_answered(app: AppCredentials, books: Connection) -> None:
    assert deliver(app, [an_event(REALM, "Customer", "58")]) == 200
    assert stored() == [("Customer", "58")]


@pytest.mark.parametrize(
    ("verifier", "raw"),
    [("another-token", None), ("", None), ("verifier-1 ", None)],
    ids=["forged", "without a key", "nearly right"],
)
def test_what_is_not_signed_with_our_token_is_refused(
    app: AppCredentials, books: Connection, verifier: str, raw: bytes | None
) -> None:
    assert deliver(app, [an_event(REALM, "Customer", "58")], verifier=verifier, raw=raw) == 401
    assert stored() == []


@pytest.mark.parametrize("signature", [None, "", "!!!", "bm90IGEgc2lnbmF0dXJl", "é"])
def test_a_body_without_a_proper_signature_is_refused(
    app: AppCredentials, books: Connection, signature: str | None
) -> None:
    headers = {} if signature is None else {"intuit-signature": signature}
    answer = Client().post(
        f"/hooks/quickbooks/{app.pk}",
        data=json.dumps([an_event(REALM, "Customer", "58")]),
        content_type="application/json",
        headers=headers,
    )
    assert (answer.status_code, stored()) == (401, [])


def test_nothing_gets_in_where_no_token_is_stored(books: Connection, app: AppCredentials) -> None:
    app.verifier_token = ""
    app.save()
    assert deliver(app, [an_event(REALM, "Customer", "58")], verifier="") == 401


@pytest.mark.parametrize(
    "raw",
    [b"", b"null", b"{}", b"[", b"\xff\xfe", b"[" * 100_000, b'[{"type": 1}, null, [], "x"]'],
    ids=["empty", "null", "no notice", "cut", "no text", "deep", "poisoned"],
)
def test_a_signed_body_that_makes_no_sense_is_answered_and_leaves_nothing(
    app: AppCredentials, books: Connection, raw: bytes
) -> None:
    assert (deliver(app, None, raw=raw), stored()) == (200, [])


def test_a_body_of_five_megabytes_is_refused_unread(app: AppCredentials, books: Connection) -> None:
    assert (deliver(app, None, raw=b"[" + b" " * 5_000_000 + b"]"), stored()) == (413, [])


def an_own_app(books: Connection) -> AppCredentials:
    """Of the same company, which is connected through the installation's."""
    own = AppCredentials(company=books.company, side="qbo", environment="production", client_id="own")
    own.verifier_token = "verifier-2"
    own.save()
    return own


def foreign(app: AppCredentials) -> list[int]:
    return list(ForeignNotice.objects.filter(app_credentials=app).values_list("count", flat=True))


def test_a_notice_of_a_company_that_another_app_connects_leaves_nothing(
    app: AppCredentials, books: Connection
) -> None:
    assert (deliver(an_own_app(books), [an_event(REALM, "Customer", "58")]), stored()) == (200, [])


def test_notices_of_companies_that_are_not_connected_are_counted_in_one_row_a_day(
    app: AppCredentials, books: Connection
) -> None:
    events = [an_event(realm, "Customer", "58") for realm in ("999", "998", REALM)]
    assert [deliver(app, events), deliver(app, events[:1])] == [200, 200]
    assert (stored(), foreign(app)) == ([("Customer", "58")], [3])

    Connection.all_companies.update(status="disconnected")
    deliver(app, events)
    assert (len(stored()), foreign(app)) == (1, [6])


def test_forged_notices_of_unknown_companies_are_not_even_counted(
    app: AppCredentials, books: Connection
) -> None:
    assert deliver(app, [an_event("999", "Customer", "58")], verifier="another-token") == 401
    assert foreign(app) == []


def test_the_count_of_other_companies_is_forgotten_with_the_notices(
    app: AppCredentials, books: Connection
) -> None:
    deliver(app, [an_event("999", "Customer", "58")])
    ForeignNotice.objects.update(day=clock.now().date() - timedelta(days=31))
    deliveries.purge()
    assert foreign(app) == []


def test_the_webhooks_page_of_an_own_app_tells_of_notices_of_other_companies(
    app: AppCredentials, books: Connection
) -> None:
    told = "1 notice within 30 days named companies that are not connected here"
    browser = signed_in(a_member(books.company))
    deliver(app, [an_event("999", "Customer", "58")])
    assert told not in browser.get(f"/connections/{books.pk}/webhooks/").content.decode(), (
        "the installation's app"
    )

    own = an_own_app(books)
    Connection.all_companies.update(app_credentials=own)
    deliver(own, [an_event("999", "Customer", "58")])
    assert told in browser.get(f"/connections/{books.pk}/webhooks/").content.decode()


def test_only_posts_to_apps_that_exist_are_answered(app: AppCredentials) -> None:
    nobody = AppCredentials(pk=uuid4(), side="qbo", environment="production", client_id="gone")
    nobody.verifier_token = "verifier-3"
    assert Client().get(f"/hooks/quickbooks/{app.pk}").status_code == 405
    assert deliver(nobody, []) == 404
    unsigned = Client().post(f"/hooks/quickbooks/{nobody.pk}", data=b"[]", content_type="a/b")
    assert unsigned.status_code == 401, "who cannot sign does not learn which addresses there are"


def test_a_flood_of_forged_notices_costs_one_look_at_the_stored_token_a_second(
    app: AppCredentials, books: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert deliver(app, [an_event(REALM, "Customer", "1")]) == 200
    forged = [an_event(REALM, "Customer", "2")]
    with CaptureQueriesContext(connection) as asked:
        assert {deliver(app, forged, verifier="another") for _ in range(20)} == {401}
    assert len(asked) == 1

    app.verifier_token = "verifier-2"
    app.save()
    later = time.monotonic() + verifiers.ASKED_AGAIN_S
    monkeypatch.setattr(verifiers.time, "monotonic", lambda: later)
    assert deliver(app, forged, verifier="verifier-2") == 200, "a new token works within that second"


def test_the_log_tells_of_a_flood_of_refusals_in_one_line_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(refused.time, "monotonic", lambda: now[0])
    refusals = refused.Refusals("notice_refused")
    with capture_logs() as lines:
        for _ in range(50):
            refusals.note(app="a")
        now[0] += refused.EVERY_S
        refusals.note(app="b")
    assert [(line["count"], line["app"]) for line in lines] == [(1, "a"), (50, "b")]


def test_the_webhooks_page_names_the_address_and_what_to_tick(app: AppCredentials, books: Connection) -> None:
    deliver(app, [an_event(REALM, "Customer", "58")])
    page = signed_in(a_member(books.company)).get(f"/connections/{books.pk}/webhooks/").content.decode()

    assert notices.address_of(app) in page
    assert "Customer" in page
    assert "verifier-1" not in page


def press_test(books: Connection, answer: Any) -> str:
    """The test button, where our public address answers so; what the person reads then."""
    browser = signed_in(a_member(books.company))
    with patch.object(notices.requests, "post", side_effect=answer):
        page = browser.post(
            f"/connections/{books.pk}/webhooks/test/", {"company": books.company_id}, follow=True
        )
    return html.unescape(page.content.decode())


def test_the_test_button_sends_a_signed_notice_through_our_own_address(
    app: AppCredentials, books: Connection
) -> None:
    sent: list[str] = []

    def post(url: str, *, data: bytes, headers: dict[str, str], **_: Any) -> SimpleNamespace:
        sent.append(url)
        answer = Client().post(
            urlsplit(url).path, data=data, content_type=headers["content-type"], headers=headers
        )
        return SimpleNamespace(status_code=answer.status_code)

    assert "A signed test notice reached the address and was accepted" in press_test(books, post)
    assert (sent, stored()) == ([notices.address_of(app)], [])


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda *_, **__: SimpleNamespace(status_code=403), "notices.not_accepted"),
        (requests.ConnectionError("nobody answers"), "notices.unreachable"),
    ],
)
def test_a_test_notice_that_does_not_arrive_says_why_and_what_to_do(
    app: AppCredentials, books: Connection, answer: Any, code: str
) -> None:
    page = press_test(books, answer)
    words = words_for(code, {"status": "403", "address": notices.address_of(app)})
    assert words.title in page
    assert words.todo in page


def test_without_a_token_the_test_button_asks_for_it(app: AppCredentials, books: Connection) -> None:
    app.verifier_token = ""
    app.save()
    assert words_for("notices.no_verifier", {}).title in press_test(books, AssertionError("nothing is sent"))


def test_an_object_can_be_ignored_and_heeded_again(app: AppCredentials, books: Connection) -> None:
    browser = signed_in(a_member(books.company))
    where: dict[str, Any] = {"path": f"/connections/{books.pk}/webhooks/Customer/"}
    company = {"company": books.company_id}

    browser.post(**where, data={"on": "0", **company})
    deliver(app, [an_event(REALM, "Customer", "58")])
    assert stored() == []
    browser.post(**where, data={"on": "1", **company})
    deliver(app, [an_event(REALM, "Customer", "58")])
    assert stored() == [("Customer", "58")]


# --- bodies, tokens and connections ----------------------------------------------------------------------------------


class Streamed(BytesIO):
    """A body without a length, as a proxy passes it on; counts what was taken of it."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        part = super().read(size)
        self.taken += len(part)
        return part


def stream(app: AppCredentials, body: Streamed) -> int:
    digest = hmac.new(b"verifier-1", body.getvalue(), hashlib.sha256).digest()
    environ = {
        "REQUEST_METHOD": "POST",
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "HTTP_TRANSFER_ENCODING": "chunked",
        "HTTP_INTUIT_SIGNATURE": base64.b64encode(digest).decode(),
        "PATH_INFO": f"/hooks/quickbooks/{app.pk}",
    }
    return int(Client().request(**environ).status_code)


def test_a_streamed_delivery_is_taken_in(app: AppCredentials, books: Connection) -> None:
    body = Streamed(json.dumps([an_event(REALM, "Customer", "58")]).encode())
    assert (stream(app, body), stored()) == (200, [("Customer", "58")])


def test_a_streamed_body_that_does_not_end_is_left_after_two_megabytes(
    app: AppCredentials, books: Connection
) -> None:
    body = Streamed(b"[" + b" " * 5_000_000 + b"]")
    assert (stream(app, body), stored(), body.taken) == (413, [], bodies.MOST_BYTES + 1)


def test_a_new_token_works_at_once_and_the_old_one_for_moments_only(
    app: AppCredentials, books: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert deliver(app, [an_event(REALM, "Customer", "1")]) == 200
    app.verifier_token = "verifier-2"
    app.save()
    assert deliver(app, [an_event(REALM, "Customer", "2")], verifier="verifier-2") == 200
    assert deliver(app, [an_event(REALM, "Customer", "3")], verifier="verifier-1") == 401

    app.verifier_token = "verifier-3"
    app.save()
    later = time.monotonic() + verifiers.REMEMBERED_S
    monkeypatch.setattr(verifiers.time, "monotonic", lambda: later + 0.1)
    assert deliver(app, [an_event(REALM, "Customer", "4")], verifier="verifier-2") == 401


def test_an_app_that_is_gone_is_no_address_any_more(app: AppCredentials, books: Connection) -> None:
    body = [an_event(REALM, "Customer", "58")]
    assert deliver(app, body, verifier="verifier-1") == 200
    Connection.all_companies.update(app_credentials=None)
    AppCredentials.objects.all().delete()
    verifiers.forget()
    assert deliver(app, body, verifier="verifier-1") == 404


def test_what_is_there_for_browsers_is_passed_by(app: AppCredentials, books: Connection) -> None:
    """No session, no cookie, no content policy; an unsigned one does not reach the database either."""
    with CaptureQueriesContext(connection) as asked:
        answer = Client().post(f"/hooks/quickbooks/{app.pk}", data=b"[]", content_type="application/json")
    assert (answer.status_code, len(asked), dict(answer.cookies)) == (401, 0, {})
    assert "Content-Security-Policy" not in answer.headers
    assert answer.headers["X-Request-Id"]
    assert (
        Client(headers={"host": "elsewhere.example"}).post(f"/hooks/quickbooks/{app.pk}").status_code == 400
    )


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_died_between_two_notices_loses_none(
    app: AppCredentials, books: Connection
) -> None:
    assert deliver(app, [an_event(REALM, "Customer", "1")]) == 200
    own = connection.connection.info.backend_pid
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s)", [own])
    assert deliver(app, [an_event(REALM, "Customer", "2")]) == 200
    assert stored() == [("Customer", "1"), ("Customer", "2")]
