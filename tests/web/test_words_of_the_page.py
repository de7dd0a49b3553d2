"""Small things people read: times, amounts, states, mails of a development installation."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.mail.backends.filebased import EmailBackend
from django.core.mail.message import EmailMessage
from django.template import Context, Template

from connectors.contracts import Side
from portal import causes
from portal.money import as_money
from portal.pages.mailbox import sent
from portal.pages.setup import _verdict
from portal.states import OTHERS, STATES
from portal.templatetags.portal import seconds as in_words
from portal.templatetags.working import run_title
from portal.times import absolute, relative
from syncapp.models import Attention, ConnectionStatus, Lifecycle, Outcome, Run, RunKind, RunState
from syncapp.services.problems import ProblemGroup

CHICAGO = ZoneInfo("America/Chicago")
NOW = datetime(2026, 11, 12, 17, 42, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(seconds=2), "just now"),
        (timedelta(seconds=8), "8 seconds ago"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=2, minutes=5), "2 hours ago"),
        (timedelta(days=3), "9 November, 11:42"),
        (timedelta(days=400), "8 October 2025"),
        (-timedelta(seconds=20), "in 20 s"),
        (-timedelta(minutes=3), "in 3 min"),
        (-timedelta(hours=4), "in 4 h"),
        (-timedelta(days=13), "25 November, 11:42"),
    ],
)
def test_times_are_relative_and_beyond_a_day_a_date_in_the_companys_zone(ago: timedelta, text: str) -> None:
    assert relative(NOW - ago, NOW, CHICAGO) == text


def test_the_absolute_time_names_its_zone() -> None:
    assert absolute(NOW, CHICAGO) == "Thursday 12 November 2026, 11:42 CST"


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("18460", "USD", "$18,460.00"),
        ("-250.25", "USD", "-$250.25"),
        ("1204350", "NOK", "NOK 1,204,350.00"),
        ("980.5", "JPY", "¥981"),
        ("1.2345", "KWD", "KWD 1.235"),
        ("0", "EUR", "€0.00"),
    ],
)
def test_amounts_have_a_sign_or_code_and_the_minor_units_of_their_currency(
    amount: str, currency: str, text: str
) -> None:
    assert as_money(Decimal(amount), currency) == text


def rendered(template: str, **context: Any) -> str:
    return Template("{% load portal %}" + template).render(Context(context))


def test_a_pill_holds_icon_word_and_tone_and_its_whole_text_when_cut_off() -> None:
    pill = rendered("{% state 'waiting' about %}", about="Nordlys <Diesel>")
    assert 'class="pill wait' in pill
    assert "#hourglass" in pill
    assert 'title="Waiting for Nordlys &lt;Diesel&gt;"' in pill


def test_every_icon_of_the_vocabulary_is_in_the_sprite() -> None:
    sprite = Path("portal/static/portal/icons.svg").read_text()
    drawn = set(re.findall(r'symbol id="([\w-]+)"', sprite))
    assert {look.icon for look in (*STATES.values(), *OTHERS.values())} <= drawn


def test_every_state_that_a_row_can_have_is_in_the_vocabulary() -> None:
    assert {f"run.{state}" for state in RunState.values} <= OTHERS.keys()
    assert {f"connection.{status}" for status in ConnectionStatus.values} <= OTHERS.keys()
    assert {f"outcome.{outcome}" for outcome in Outcome.values} <= OTHERS.keys()


def test_every_state_that_the_engine_says_is_in_the_vocabulary() -> None:
    from syncapp.engine.state import state_of

    said = {
        state_of(
            lifecycle=life, attention=attention, code=code, values={"side": side, "name": "A"}, paused=paused
        ).key
        for life in Lifecycle.values
        for attention in Attention.values
        for code in ("", "person.ignored")
        for side in (Side.SALESFORCE.value, Side.QUICKBOOKS.value)
        for paused in (False, True)
    }
    assert said <= STATES.keys()


def test_numbers_are_grouped_zero_is_muted_and_millions_are_about() -> None:
    text = rendered("{{ a|grouped }} {{ b|grouped }} {{ c|grouped }}", a=48112, b=0, c=1_234_567)
    assert text == '48,112 <span class="same">0</span> about 1.2 million'


@pytest.mark.parametrize(
    ("fix", "know", "text"),
    [
        (0, 0, "Everything is fine"),
        (2, 1, "Two things to fix, one to know"),
        (1, 0, "One thing to fix"),
        (0, 2, "Two things to know"),
        (12, 0, "12 things to fix"),
    ],
)
def test_the_verdict_of_a_health_check_is_a_sentence(fix: int, know: int, text: str) -> None:
    assert _verdict(fix, know) == text


def test_the_mails_of_a_development_installation_are_read_back_newest_first(tmp_path: Path) -> None:
    for number in range(2):
        backend = EmailBackend(file_path=str(tmp_path))
        message = EmailMessage(
            f"Subject {number}", "Ærlig talt: https://x.example/join/abc/ now", "a@b.example", ["c@d.example"]
        )
        backend.send_messages([message, EmailMessage("Second", "text", "a@b.example", ["e@f.example"])])
    mails = sent(tmp_path)
    assert [mail.subject for mail in mails].count("Second") == 2
    first = next(mail for mail in mails if mail.subject == "Subject 1")
    assert (first.to, first.links, first.text[:5]) == (
        "c@d.example",
        ("https://x.example/join/abc/",),
        "Ærlig",
    )
    assert first.sent_at is not None
    assert first.sent_at.tzinfo is not None


def test_a_cause_of_several_records_begins_with_a_capital_letter_and_no_name() -> None:
    group = ProblemGroup(
        code="engine.match_weak",
        kind="data",
        mapping_id=1,
        mapping="Product and Item",
        about="",
        values={"name": "Path Light"},
        count=2,
        first_seen=datetime(2026, 11, 12, tzinfo=UTC),
        last_seen=datetime(2026, 11, 12, tzinfo=UTC),
        records=True,
    )
    assert causes.words(group).title == "This record looks alike"


def test_a_run_is_called_by_what_it_does_and_its_reason_is_not_said_twice() -> None:
    history = Run(kind=RunKind.HISTORY, scope={"of": "filter"}, cause="History")
    named = Run(kind=RunKind.HISTORY, scope={"of": "filter"}, cause="Id = '1'")
    assert [run_title(one) for one in (history, named)] == ["History", "History: Id = '1'"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(59, "59 s"), (180, "3 min"), (5400, "1 h 30 min"), (14400, "4 h"), (None, "")]
)
def test_durations_are_in_words(seconds: float | None, text: str) -> None:
    assert in_words(seconds) == text
