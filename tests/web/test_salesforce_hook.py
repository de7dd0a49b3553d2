"""The door for Salesforce's outbound messages: who gets in, and what any answer leaves behind."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from portal.logs import redact
from portal.people.models import Role
from syncapp.models import AuditEvent, Connection, Cursor, Delivery
from syncapp.services import org_messages
from syncapp.store import clock
from syncapp.tenancy import tenant
from tests.builders import a_mapping
from tests.connectors.test_outbound_messages import an_envelope
from tests.web.builders import a_browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def org() -> Connection:
    connection: Connection = a_mapping().integration.salesforce
    with tenant(connection.company_id):
        org_messages.renew_address(connection, None)
        Cursor.objects.create(
            connection=connection, object="Account", lane="fast", watermark=clock.now(), next_at=clock.now()
        )
    return connection


def send(org: Connection, raw: bytes, path: str = "") -> tuple[int, bytes]:
    address = path or org_messages.address_of(org).split("/hooks/")[1]
    answer = Client().post(f"/hooks/{address}", data=raw, content_type="text/xml; charset=utf-8")
    return answer.status_code, answer.content


def of_org(org: Connection, count: int = 1, name: str = "Account") -> bytes:
    return an_envelope(count, org=org.remote_id, name=name)


def test_a_message_is_stored_and_then_acknowledged(org: Connection) -> None:
    status, body = send(org, of_org(org, 100))
    assert (status, b"<Ack>true</Ack>" in body) == (200, True)
    assert Delivery.objects.filter(connection=org, object="Account").count() == 100


def test_the_15_letter_form_of_the_org_is_the_same_org(org: Connection) -> None:
    assert send(org, an_envelope(org=org.remote_id[:15], name="Account"))[0] == 200


def test_a_notification_that_comes_again_is_folded(org: Connection) -> None:
    assert [send(org, of_org(org, 2))[0], send(org, of_org(org, 3))[0]] == [200, 200]
    assert Delivery.objects.count() == 3


def test_objects_that_nobody_reads_are_acknowledged_and_let_go(org: Connection) -> None:
    assert send(org, of_org(org, name="Lead"))[0] == 200
    assert Delivery.objects.count() == 0


def test_a_wrong_secret_an_unknown_org_and_a_disconnected_one_get_the_same_answer(org: Connection) -> None:
    raw = of_org(org)
    right = org_messages.address_of(org).rsplit("/", 1)[1]
    refused = [
        send(org, raw, f"salesforce/{org.pk}/{right[:-1]}x"),
        send(org, raw, f"salesforce/{org.pk}/ä"),
        send(org, raw, f"salesforce/{uuid4()}/{right}"),
    ]
    Connection.all_companies.update(status="disconnected")
    refused.append(send(org, raw))
    assert refused == [(404, b"")] * 4
    assert Delivery.objects.count() == 0


def test_without_an_address_of_its_own_no_secret_fits(org: Connection) -> None:
    Connection.all_companies.update(message_secret_sealed="")
    assert send(org, of_org(org), f"salesforce/{org.pk}/anything")[0] == 404


def test_another_orgs_message_is_refused(org: Connection) -> None:
    assert send(org, an_envelope(org="00D999999999999EAA", name="Account"))[0] == 403
    assert Delivery.objects.count() == 0


def test_five_megabytes_and_what_is_no_message_are_refused(org: Connection) -> None:
    assert send(org, b"x" * 5_000_000)[0] == 413
    assert send(org, b"<a/>")[0] == 400
    assert send(org, an_envelope(before='<!DOCTYPE x [<!ENTITY a "b">]>', org=org.remote_id))[0] == 400
    address = org_messages.address_of(org).split("/hooks/")[1]
    assert Client().get(f"/hooks/{address}").status_code == 405


def test_a_new_address_leaves_the_old_one_a_day_and_only_admins_see_it(
    org: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = org_messages.address_of(org)
    browser = a_browser(Role.ADMIN, org.company)
    browser.post(reverse("portal:connection-new-address", args=[org.pk]))
    org.refresh_from_db()
    new = org_messages.address_of(org)
    page = reverse("portal:connection-real-time", args=[org.pk])
    seen = browser.get(page).content.decode()
    assert (new != old, new in seen, old in seen, "The old address still works" in seen) == (
        True, True, False, True,
    )  # fmt: skip
    assert new not in a_browser(Role.VIEWER, org.company).get(page).content.decode()

    assert answers(org, old, new) == (200, 200)
    later = clock.now() + org_messages.GRACE
    monkeypatch.setattr(org_messages.clock, "now", lambda: later)
    assert answers(org, old, new) == (404, 200)


def test_the_old_address_can_be_stopped_at_once(org: Connection) -> None:
    old = org_messages.address_of(org)
    browser = a_browser(Role.ADMIN, org.company)
    browser.post(reverse("portal:connection-new-address", args=[org.pk]))
    end = reverse("portal:connection-end-old-address", args=[org.pk])
    assert a_browser(Role.VIEWER, org.company).post(end).status_code == 403
    browser.post(end)

    org.refresh_from_db()
    assert answers(org, old, org_messages.address_of(org)) == (404, 200)
    page = browser.get(reverse("portal:connection-real-time", args=[org.pk])).content.decode()
    assert "The old address still works" not in page
    with tenant(org.company_id):
        said = list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))
    assert said[-2:] == ["messages.address", "messages.old_address_ended"]


def test_a_second_new_address_ends_the_first_at_once(org: Connection) -> None:
    """One address back is answered, not every one there ever was."""
    first = org_messages.address_of(org)
    browser = a_browser(Role.ADMIN, org.company)
    browser.post(reverse("portal:connection-new-address", args=[org.pk]))
    org.refresh_from_db()
    second = org_messages.address_of(org)
    browser.post(reverse("portal:connection-new-address", args=[org.pk]))
    assert answers(org, first, second) == (404, 200)


def answers(org: Connection, *addresses: str) -> tuple[int, ...]:
    """What a message to each of these addresses is answered."""
    return tuple(send(org, of_org(org), one.split("/hooks/")[1])[0] for one in addresses)


def test_the_secret_of_an_address_never_reaches_a_log(org: Connection) -> None:
    address = org_messages.address_of(org)
    secret = address.rsplit("/", 1)[1]
    assert secret not in redact(f"Not Found: {address} and more")
