"""What people are told of: once per kind of thing, folded, by the ways they chose, and delivered whatever dies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone

from connectors.errors import FailureKind
from portal.notify import channels, kinds, people, planning, sending
from portal.notify.models import Channel, Letter, Rhythm
from portal.notify.outside import NotTaken
from portal.people.models import Membership
from syncapp.models import Company, Connection, Mapping, Notification, Problem, Run
from syncapp.services import budget, connection_problems, daily_calls, notifications, prepare
from syncapp.services.daily_calls import DailyCalls
from syncapp.store import problems
from syncapp.store.problems import LinkProblem
from syncapp.tenancy import tenant
from tests.builders import (
    a_company,
    a_connection,
    a_link,
    a_mapping,
    a_member,
    a_run,
    an_integration,
)

pytestmark = pytest.mark.django_db

LATER = timedelta(minutes=3)


@pytest.fixture
def company() -> Iterator[Company]:
    made = a_company(name="Acme", zone="America/Chicago")
    a_member(made, "owner", email="ann@acme.example")
    with tenant(made.pk):
        rhythm = planning.rhythm_of(made, timezone.now())
        # Half a day away, so that no digest falls among the news of a test, whatever the hour of the day.
        rhythm.digest_hour = (timezone.now().astimezone(ZoneInfo("America/Chicago")).hour + 12) % 24
        planning.set_next(rhythm, timezone.now())
        yield made


@pytest.fixture
def mapping(company: Company) -> Mapping:
    return a_mapping(an_integration(company))


def fail(mapping: Mapping, code: str = "qbo.6140", records: int = 1) -> None:
    """So many records of the mapping fail with this code, as a worker settles them."""
    found = [
        LinkProblem(a_link(mapping).pk, mapping.pk, FailureKind.DATA.value, code, {"name": "Blue Pine"})
        for _ in range(records)
    ]
    with transaction.atomic():
        problems.open_for_links(mapping.company_id, found, timezone.now())


def get_through() -> None:
    """Every record gets through again."""
    Problem.objects.filter(closed_at=None).update(closed_at=timezone.now())


def tell(after: timedelta = LATER) -> list[str]:
    """Plan and send what is due by then; the subjects of the mails of this round."""
    before = len(mail.outbox)
    planning.plan(timezone.now() + after)
    Letter.all_companies.filter(state="waiting").update(next_at=timezone.now())
    sending.send_due()
    return [message.subject for message in mail.outbox[before:]]


# --- once, and again only when it came back ---


def test_many_records_with_one_cause_are_one_mail(mapping: Mapping) -> None:
    fail(mapping, records=30)
    fail(mapping, records=5)
    subjects = tell()
    assert len(subjects) == 1
    assert "30" not in subjects[0]
    assert "35 records" in str(mail.outbox[0].body)
    assert tell(timedelta(hours=2)) == []


def test_several_new_causes_are_folded_into_one_letter(mapping: Mapping) -> None:
    fail(mapping, "qbo.6140")
    fail(mapping, "qbo.6240")
    assert [subject.endswith("and 1 more") for subject in tell()] == [True]


def test_news_waits_for_more_of_it(mapping: Mapping) -> None:
    fail(mapping)
    assert tell(timedelta(seconds=30)) == []
    assert len(tell()) == 1


def test_the_next_letter_keeps_its_distance(mapping: Mapping) -> None:
    fail(mapping, "qbo.6140")
    tell()
    fail(mapping, "qbo.6240")
    assert tell(timedelta(minutes=6)) == []
    assert len(tell(timedelta(minutes=20))) == 1


def test_a_cause_that_closed_and_came_back_is_told_again(mapping: Mapping) -> None:
    fail(mapping)
    tell()
    get_through()
    notifications.end_what_is_over(0)
    fail(mapping)
    assert len(tell(timedelta(hours=1))) == 1


def test_a_cause_that_comes_and_goes_within_half_an_hour_is_old_news(mapping: Mapping) -> None:
    fail(mapping)
    tell()
    get_through()
    notifications.end_what_is_over()
    fail(mapping)
    notifications.end_what_is_over()
    assert tell(timedelta(hours=1)) == []
    assert Notification.objects.get().absent_at is None


def test_what_closed_before_anybody_was_told_is_not_told(mapping: Mapping) -> None:
    fail(mapping)
    get_through()
    assert tell() == []


def test_the_same_cause_in_another_mapping_is_news(mapping: Mapping) -> None:
    other = a_mapping(mapping.integration, key="product_item", label="Product ↔ Item")
    fail(mapping)
    fail(other)
    tell()
    assert "Account ↔ Customer" in str(mail.outbox[0].body)
    assert "Product ↔ Item" in str(mail.outbox[0].body)


def test_what_only_waits_for_a_record_with_a_problem_is_no_news(mapping: Mapping) -> None:
    fail(mapping, "engine.parent_problem", records=3)
    assert tell() == []


def test_a_letter_about_very_many_causes_names_the_first_and_leads_to_the_rest(mapping: Mapping) -> None:
    for number in range(12):
        fail(mapping, f"qbo.{6000 + number}")
    assert tell()[0].endswith("and 11 more")
    assert "And 4 more" in str(mail.outbox[0].body)


def test_news_is_stored_with_what_brought_it_about_or_not_at_all(mapping: Mapping) -> None:
    class Broken(Exception):
        pass

    def break_off() -> None:
        with transaction.atomic():
            fail(mapping)
            raise Broken

    with pytest.raises(Broken):
        break_off()
    assert (Problem.objects.count(), Notification.objects.count()) == (0, 0)


# --- the other kinds ---


def test_a_lost_connection_is_told_at_once(company: Company) -> None:
    connection = a_connection(company, name="Acme Books", side="qbo")
    Connection.objects.filter(pk=connection.pk).update(status="needs_reauth")
    connection_problems.open_for(connection, "oauth.invalid_grant")
    connection_problems.open_for(connection, "oauth.invalid_grant")
    assert len(tell(timedelta(0))) == 1
    assert "/connections/" in str(mail.outbox[0].body)


def test_a_sign_in_is_warned_of_fourteen_seven_and_two_days_before(company: Company) -> None:
    ends = timezone.now() + timedelta(days=20)
    a_connection(company, name="Acme Books", side="qbo", refresh_hard_expires_at=ends)
    told = []
    for days in (19, 13.5, 13, 6.5, 1.5, 1):
        now = ends - timedelta(days=days)
        notifications.watch(now)
        Rhythm.objects.update(told_at=None)
        told.append(tell(timedelta(days=30)))
    words = "Acme: The sign-in of Acme Books ends in {}"
    assert told == [[], [words.format("13 days")], [], [words.format("6 days")], [words.format("1 day")], []]


def test_several_sign_ins_that_end_are_one_mail_with_a_line_and_a_way_for_each(company: Company) -> None:
    ends = timezone.now() + timedelta(days=6.5)
    for name, side in (("Acme Books", "qbo"), ("Acme Org", "sf")):
        a_connection(company, name=name, side=side, refresh_hard_expires_at=ends)
    for _ in range(3):
        notifications.watch()
    assert len(tell()) == 1
    body = str(mail.outbox[0].body)
    for name in ("Acme Books", "Acme Org"):
        assert body.splitlines().count(f"The sign-in of {name} ends in 6 days") == 1
    assert body.count("/connections/") == 2


def test_runs_that_fail_alike_are_told_once_until_one_works(mapping: Mapping) -> None:
    for _ in range(3):
        prepare._fail(a_run(mapping.integration, mapping=mapping, state="reading"), "sf.INVALID_TYPE", {})
    assert len(tell()) == 1
    run = Run.objects.order_by("id").first()
    assert run is not None
    assert f"/runs/{run.pk}/" in str(mail.outbox[0].body)
    a_run(mapping.integration, mapping=mapping, state="done")
    notifications.end_what_is_over(0)
    prepare._fail(a_run(mapping.integration, mapping=mapping, state="reading"), "sf.INVALID_TYPE", {})
    assert len(tell(timedelta(hours=1))) == 1


def test_a_budget_is_told_at_seventy_and_ninety_per_cent(company: Company) -> None:
    from tests.services.test_budget import use

    connection = a_connection(company, side="qbo", environment="production", metered_budget=1000)
    told = []
    for reads in (600, 100, 50, 150, 10):
        use(connection, reads)
        Rhythm.objects.update(told_at=None)
        told.append(len(tell()))
    assert told == [0, 1, 0, 1, 0]
    assert budget.of(connection).used == 910


def test_daily_calls_are_told_at_seventy_and_ninety_per_cent_and_again_the_next_day(company: Company) -> None:
    from syncapp.models import ApiUsage

    connection = a_connection(company, side="sf")
    ApiUsage.objects.create(connection=connection, day=timezone.now().date(), endpoint="GET query", calls=5)
    told = []
    for used in (690, 700, 690, 710, 900, 100, 700):
        with patch.object(daily_calls, "of", return_value=DailyCalls(used, 1000)):
            notifications.watch()
        Rhythm.objects.update(told_at=None)
        told.append(len(tell()))
    assert told == [0, 1, 0, 0, 1, 0, 1]


# --- who, and by which way ---


def test_everybody_gets_what_they_chose_and_the_others_what_their_role_gets(
    company: Company, mapping: Mapping
) -> None:
    a_member(company, "operator", email="otto@acme.example")
    a_member(company, "viewer", email="vera@acme.example")
    a_member(company, "admin", email="adam@acme.example")
    quiet = Membership.objects.select_related("user", "told").get(user__email="adam@acme.example")
    people.choose(quiet, [kinds.CHECKUP], quiet.user)
    fail(mapping)
    tell()
    assert sorted(message.to[0] for message in mail.outbox) == ["ann@acme.example", "otto@acme.example"]


def test_another_company_is_told_nothing(mapping: Mapping) -> None:
    other = a_company(name="Other")
    a_member(other, "owner", email="else@other.example")
    fail(mapping)
    tell()
    assert [message.to for message in mail.outbox] == [["ann@acme.example"]]


def test_a_mail_has_text_and_html_and_can_be_ended_by_its_headers(mapping: Mapping) -> None:
    fail(mapping)
    tell()
    message = mail.outbox[0]
    assert isinstance(message, mail.EmailMultiAlternatives)
    assert [str(kind) for _, kind in message.alternatives] == ["text/html"]
    assert message.extra_headers["List-Unsubscribe"].startswith("<http")
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "/problems/?code=qbo.6140" in str(message.body)


# --- digest and check-up ---


def test_the_digest_comes_at_its_hour_of_the_companys_zone_in_summer_and_winter(company: Company) -> None:
    rhythm = Rhythm.objects.select_related("company").get()
    rhythm.digest_hour = 8
    found = []
    for now in (datetime(2026, 3, 7, 20, tzinfo=UTC), datetime(2026, 3, 8, 20, tzinfo=UTC)):
        planning.set_next(rhythm, now)
        found.append(rhythm.next_digest_at)
    assert found == [datetime(2026, 3, 8, 13, tzinfo=UTC), datetime(2026, 3, 9, 13, tzinfo=UTC)]


def test_the_digest_says_what_is_new_once_and_nothing_when_nothing_is(mapping: Mapping) -> None:
    fail(mapping, records=4)
    tell()
    rhythm = Rhythm.objects.get()
    assert rhythm.next_digest_at is not None
    first = tell(rhythm.next_digest_at - timezone.now())
    assert first == ["Acme: 1 new cause"]
    rhythm.refresh_from_db()
    assert tell(rhythm.next_digest_at - timezone.now()) == []


def test_digest_and_check_up_count_records_by_cause_and_list_none(company: Company, mapping: Mapping) -> None:
    fail(mapping, records=40)
    fail(mapping, "qbo.6240", records=25)
    for _ in range(30):
        a_link(mapping, lifecycle="linked", attention="drift")
    rhythm = Rhythm.objects.get()
    assert rhythm.next_digest_at is not None
    assert rhythm.next_checkup_at is not None
    tell(max(rhythm.next_digest_at, rhythm.next_checkup_at) - timezone.now())
    for named in ("new cause", "weekly check-up"):
        [letter] = [one for one in mail.outbox if named in one.subject]
        body = str(letter.body)
        assert (body.count("40 records"), body.count("25 records"), body.count("Blue Pine")) == (1, 1, 0)
    assert str(letter.body).count("30 records differ") == 1


def test_digests_that_were_missed_come_as_one(mapping: Mapping) -> None:
    fail(mapping)
    tell()
    assert len([one for one in tell(timedelta(days=5)) if "new cause" in one]) == 1


def test_the_check_up_names_what_is_old_and_says_so_when_all_is_well(
    company: Company, mapping: Mapping
) -> None:
    rhythm = Rhythm.objects.get()
    assert rhythm.next_checkup_at is not None
    at = rhythm.next_checkup_at - timezone.now()
    assert tell(at)[-1] == "Acme: weekly check-up, all is well"
    fail(mapping)
    a_link(mapping, lifecycle="linked", attention="drift")
    a_link(mapping, sf_object="Product2", qbo_entity="Item", qbo_id=None, lifecycle="creating")
    a = mapping.integration.quickbooks
    assert a is not None
    Connection.objects.filter(pk=a.pk).update(refresh_expires_at=timezone.now() + timedelta(days=20))
    rhythm.refresh_from_db()
    tell(rhythm.next_checkup_at - timezone.now())
    told = [str(one.body) for one in mail.outbox if "weekly check-up, 4 things" in one.subject]
    assert len(told) == 1
    assert all(
        part in told[0]
        for part in ("OPEN PROBLEMS", "1 record differs", "ends on", "1 product has no partner")
    )


# --- delivered once, whatever dies ---


def test_a_process_that_dies_while_planning_tells_everybody_later_and_nobody_twice(mapping: Mapping) -> None:
    fail(mapping)
    with (
        patch.object(Letter.objects, "bulk_create", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        planning.plan(timezone.now() + LATER)
    assert len(tell()) == 1
    assert tell() == []


def test_a_letter_of_a_dead_process_is_sent_when_its_lease_is_over_under_the_same_id(
    mapping: Mapping,
) -> None:
    fail(mapping)
    planning.plan(timezone.now() + LATER)
    Letter.objects.update(next_at=timezone.now())
    with patch.object(sending, "_delivered", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        sending.send_due()
    assert sending.send_due() == 0, "somebody holds it"
    Letter.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert (sending.send_due(), sending.send_due()) == (1, 0)
    assert len({message.extra_headers["Message-ID"] for message in mail.outbox}) == 1


def test_a_mail_that_the_server_refuses_is_tried_again_later(mapping: Mapping) -> None:
    fail(mapping)
    planning.plan(timezone.now() + LATER)
    Letter.objects.update(next_at=timezone.now())
    with patch("django.core.mail.EmailMultiAlternatives.send", side_effect=ConnectionRefusedError):
        assert sending.send_due() == 0
    letter = Letter.objects.get()
    assert (letter.state, letter.tries, letter.error) == ("waiting", 1, "notify.mail")
    assert letter.next_at > timezone.now() + timedelta(seconds=30)
    Letter.objects.update(next_at=timezone.now())
    assert sending.send_due() == 1


# --- channels ---


@pytest.fixture
def channel(company: Company) -> Channel:
    with patch("portal.notify.outside.public_address", return_value="203.0.113.9"):
        return channels.save(
            Channel(company=company, name="#finance"),
            "https://hooks.slack.com/services/T0/B0/secret",
            [kinds.PROBLEM],
            None,
        )


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was posted; everything is taken."""
    found: list[Any] = []
    monkeypatch.setattr("portal.notify.outside.post", lambda url, body: found.append((url, body)))
    return found


def test_a_channel_gets_its_kinds_as_slack_reads_them(
    mapping: Mapping, channel: Channel, posted: list[Any]
) -> None:
    fail(mapping)
    tell()
    url, body = posted[0]
    assert url == "https://hooks.slack.com/services/T0/B0/secret"
    assert body["text"].startswith("*Acme: ")
    assert "|See what to do>" in body["text"]


def test_what_a_name_holds_cannot_ping_or_link_in_a_channel(company: Company, channel: Channel) -> None:
    from portal.notify.content import Content, Line, Section
    from portal.notify.messages import slack, teams

    evil = Content(
        "<!channel> & <https://evil.example|here>", "", (Section("", (Line("problem", "[a](b)"),)),)
    )
    assert "<!channel>" not in slack(evil)["text"]
    assert "&lt;!channel&gt; &amp;" in slack(evil)["text"]
    assert "\\[a\\](b)" in json.dumps(teams(evil)).replace("\\\\", "\\")


def refusing(code: str = "notify.answer_500") -> Callable[..., None]:
    def post(_url: str, _body: Any) -> None:
        raise NotTaken(code)

    return post


def test_a_channel_that_never_takes_anything_is_switched_off_with_a_problem(
    mapping: Mapping, channel: Channel
) -> None:
    fail(mapping)
    planning.plan(timezone.now() + LATER)
    Letter.objects.filter(channel__isnull=True).delete()
    with patch("portal.notify.outside.post", side_effect=refusing()):
        for number in range(sending.FAILURES_UNTIL_OFF):
            if not Letter.objects.filter(state="waiting").exists():
                planning.a_letter(channel, planning.NEWS, {"subject": f"{number}"}, timezone.now()).save()
            Letter.objects.update(next_at=timezone.now())
            sending.send_due()
    channel.refresh_from_db()
    assert channel.off_at is not None
    assert Letter.objects.filter(state="waiting").count() == 0
    problem = Problem.objects.get(code=notifications.CHANNEL_OFF)
    assert problem.values == {"channel": "#finance"}
    channels.switch(channel, None, on=True)
    problem.refresh_from_db()
    assert problem.closed_at is not None


def test_the_address_of_a_channel_is_sealed_and_in_no_audit_row(channel: Channel) -> None:
    from syncapp.models import AuditEvent

    assert "secret" not in channel.url_sealed
    assert "secret" not in json.dumps(list(AuditEvent.objects.values_list("after", flat=True)))
    assert Channel.objects.get(pk=channel.pk).url.endswith("/secret")
