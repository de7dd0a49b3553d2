"""The page of notifications: one's own mails, channels, hours; and the link that ends mails without signing in."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.notify import kinds, people, planning
from portal.notify.models import Channel, Letter, Rhythm
from portal.notify.outside import NotTaken
from portal.people.models import Membership
from syncapp.models import AuditEvent, Company
from syncapp.tenancy import tenant
from tests.builders import a_company, a_member
from tests.web.builders import a_browser, signed_in, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Company:
    return a_company(name="Acme")


def chosen(company: Company, email: str) -> list[str]:
    with tenant(company.pk):
        row = Membership.objects.select_related("user", "told").get(user__email=email)
        return kinds.known(tuple(people.chosen_by(row)))


def test_everybody_sees_what_reaches_them_and_changes_it(company: Company) -> None:
    person = a_member(company, "viewer", email="vera@acme.example")
    browser = signed_in(person)
    assert "A new kind of problem" in words(browser.get("/notifications/"))
    browser.post("/notifications/mine/", {"kinds": ["problem", "checkup", "nonsense"]})
    assert chosen(company, "vera@acme.example") == ["problem", "checkup"]
    row = AuditEvent.all_companies.get(action="notifications.chosen")
    assert row.after == {"kinds": "A new kind of problem, Weekly check-up"}


def test_a_test_mail_reaches_the_person_at_once(company: Company) -> None:
    person = a_member(company, "viewer", email="vera@acme.example")
    answer = signed_in(person).post("/notifications/mine/test/", follow=True)
    assert [message.to for message in mail.outbox] == [["vera@acme.example"]]
    assert "on its way" in words(answer)


def test_a_mail_server_that_is_away_is_said(company: Company) -> None:
    with patch("django.core.mail.EmailMultiAlternatives.send", side_effect=OSError):
        answer = a_browser("viewer", company).post("/notifications/mine/test/", follow=True)
    assert "The mail could not be sent" in words(answer)


def test_the_hours_are_the_companys_and_move_with_its_zone(company: Company) -> None:
    browser = a_browser("admin", company)
    browser.get("/notifications/")
    browser.post("/notifications/hours/", {"digest_hour": "6", "checkup_day": "4"})
    rhythm = Rhythm.all_companies.get(company=company)
    assert (rhythm.digest_hour, rhythm.checkup_day) == (6, 4)
    in_chicago = rhythm.next_digest_at
    browser.post("/company/save/", {"name": "Acme", "zone": "Europe/Berlin", "currency": "USD"})
    rhythm.refresh_from_db()
    assert in_chicago != rhythm.next_digest_at


def test_a_channel_is_added_tried_switched_off_and_removed(company: Company) -> None:
    browser = a_browser("admin", company)
    form = {
        "name": "#finance",
        "format": "teams",
        "url": "https://prod.logic.example/hook?sig=hushhush",
        "kinds": ["problem"],
    }
    with patch("portal.notify.outside.public_address", return_value="203.0.113.9"):
        assert browser.post("/notifications/channels/add/", form).status_code == 302
    channel = Channel.all_companies.get()
    page = browser.get("/notifications/")
    assert "prod.logic.example" in words(page)
    assert b"hushhush" not in page.content
    assert b"hushhush" not in browser.get(f"/notifications/channels/{channel.pk}/").content
    with patch("portal.notify.outside.post") as post:
        answer = browser.post(f"/notifications/channels/{channel.pk}/test/", follow=True)
    assert post.call_args.args[0] == form["url"]
    assert "was taken by prod.logic.example" in words(answer)
    browser.post(f"/notifications/channels/{channel.pk}/switch/", {"on": "0"})
    channel.refresh_from_db()
    assert channel.off_at is not None
    browser.post(f"/notifications/channels/{channel.pk}/remove/")
    assert not Channel.all_companies.exists()


def test_a_test_that_is_not_taken_says_why(company: Company) -> None:
    channel = Channel(company=company, name="#finance", host="hooks.slack.com")
    channel.url = "https://hooks.slack.com/x"
    channel.save()
    with patch("portal.notify.outside.post", side_effect=NotTaken("notify.answer_404")):
        answer = a_browser("admin", company).post(f"/notifications/channels/{channel.pk}/test/", follow=True)
    assert "it answered 404" in words(answer)


@pytest.mark.parametrize(
    "url", ["http://hooks.slack.com/x", "https://127.0.0.1/x", "https://169.254.169.254/"]
)
def test_an_address_that_is_not_public_is_refused_at_its_field(company: Company, url: str) -> None:
    form = {"name": "#finance", "format": "slack", "url": url, "kinds": ["problem"]}
    answer = a_browser("admin", company).post("/notifications/channels/add/", form)
    assert (answer.status_code, Channel.all_companies.count()) == (422, 0)


def link_of(company: Company, email: str) -> str:
    with tenant(company.pk):
        return reverse(
            "unsubscribe", args=[people.unsubscribe_token(Membership.objects.get(user__email=email))]
        )


def test_the_link_in_a_mail_asks_first_and_needs_no_sign_in(company: Company) -> None:
    a_member(company, "owner", email="ann@acme.example")
    link, stranger = link_of(company, "ann@acme.example"), Client(enforce_csrf_checks=True)
    assert "End the mails about Acme?" in words(stranger.get(link))
    assert chosen(company, "ann@acme.example") == list(kinds.KEYS), "opening it changes nothing"
    assert "No more mails about Acme" in words(stranger.post(link))
    assert chosen(company, "ann@acme.example") == []


def test_a_mail_program_ends_mails_by_itself(company: Company) -> None:
    a_member(company, "owner", email="ann@acme.example")
    link = link_of(company, "ann@acme.example")
    answer = Client(enforce_csrf_checks=True).post(link, {"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, chosen(company, "ann@acme.example")) == (200, [])


@pytest.mark.parametrize("spoil", [lambda link: link[:-3] + "x/", lambda _link: "/unsubscribe/abc/"])
def test_a_link_that_is_not_ours_ends_nothing(company: Company, spoil) -> None:  # type: ignore[no-untyped-def]
    a_member(company, "owner", email="ann@acme.example")
    answer = Client().post(spoil(link_of(company, "ann@acme.example")))
    assert (answer.status_code, chosen(company, "ann@acme.example")) == (410, list(kinds.KEYS))


def test_what_went_out_lately_is_shown_with_what_stopped_it(company: Company) -> None:
    person = a_member(company, "owner", email="ann@acme.example")
    with tenant(company.pk):
        member = Membership.objects.get(user=person)
        letter = planning.a_letter(member, planning.NEWS, {"subject": "Acme: a cause"}, timezone.now())
        letter.error = "notify.mail"
        letter.save()
    page = words(signed_in(person).get("/notifications/"))
    assert "Acme: a cause" in page
    assert "the mail server did not take it" in page
    assert Letter.all_companies.count() == 1
