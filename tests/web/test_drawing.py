"""Charts and pictures as numbers, and times of schedules in words: pure functions of the pages."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from portal import cadence, payloads
from portal.charts import activity_chart
from portal.pictures import Node, waits
from syncapp.models import Schedule
from syncapp.services.dashboard import Bar

CHICAGO = ZoneInfo("America/Chicago")
START = datetime(2026, 11, 12, 0, 0, tzinfo=UTC)


def bars(*figures: tuple[int, int, int]) -> list[Bar]:
    return [Bar(START + timedelta(hours=hour), *one) for hour, one in enumerate(figures)]


def test_quickbooks_goes_up_and_salesforce_down_from_one_axis() -> None:
    chart = activity_chart(bars((100, 40, 0)), CHICAGO, daily=False)
    up, down = chart.rects
    assert (up.css, down.css) == ("f-qb", "f-sf")
    assert up.y + up.height < chart.axis < down.y
    assert up.height / down.height == pytest.approx(2.5, rel=0.02)


def test_failures_stand_on_top_and_every_bar_lies_inside_the_picture() -> None:
    chart = activity_chart(
        bars(*[(n * 37 % 400, n * 13 % 90, n % 3) for n in range(24)]), CHICAGO, daily=False
    )
    assert all(
        rect.y >= 18 and rect.y + rect.height <= 214 and rect.x + rect.width <= 720 for rect in chart.rects
    )
    assert "f-bad" in {rect.css for rect in chart.rects}


def test_the_sentence_of_the_chart_says_it_all_in_the_companys_time() -> None:
    chart = activity_chart(bars((1, 0, 0), (1200, 30, 2)), CHICAGO, daily=False)
    assert chart.label == (
        "Records per hour in the last 24 hours: 1,201 to QuickBooks, 30 to Salesforce, 2 failed; busiest hour 19:00."
    )


@pytest.mark.parametrize("figures", [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (3_000_000, 1, 0)])
def test_any_figures_can_be_drawn(figures: tuple[int, int, int]) -> None:
    chart = activity_chart(bars(*[figures] * 24), CHICAGO, daily=True)
    assert all(mark.text for mark in chart.grid)


def node(key: str, *needs: str) -> Node:
    return Node(key, key.capitalize(), "As it changes", frozenset(needs))


def test_what_waits_stands_right_of_what_it_waits_for() -> None:
    picture = waits(
        [node("invoice", "customer", "item"), node("customer"), node("item"), node("payment", "invoice")]
    )
    columns = {box.key: box.x for box in picture.boxes}
    assert columns["customer"] == columns["item"] < columns["invoice"] < columns["payment"]
    assert len(picture.wires) == 3
    assert "Payment waits for Invoice" in picture.label


def test_an_arrow_is_left_out_where_a_longer_way_leads_there() -> None:
    picture = waits(
        [
            node("customer", "customer"),
            node("item"),
            node("invoice", "customer", "item"),
            node("payment", "customer", "invoice"),
        ]
    )
    assert len(picture.wires) == 3
    assert picture.lines[3] == "Payment waits for Customer and Invoice"


def test_records_that_wait_for_their_own_kind_and_circles_are_drawn_once() -> None:
    picture = waits([node("customer", "customer"), node("a", "b"), node("b", "a"), node("c", "gone")])
    assert len({(box.x, box.y) for box in picture.boxes}) == 4
    assert [box.loop for box in picture.boxes if box.key == "customer"] == [True]
    assert "and for parents of its own kind" in picture.label


def test_no_mapping_is_an_empty_picture() -> None:
    assert waits([]).label == "No mapping yet."


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (Schedule(cadence="every", minutes=1), "Every minute"),
        (Schedule(cadence="every", minutes=15), "Every 15 minutes"),
        (Schedule(cadence="hourly", at_minute=0), "Every hour"),
        (Schedule(cadence="hourly", at_minute=30), "Every hour at 30 past"),
        (Schedule(cadence="daily", at_time=time(2, 0)), "Every day at 02:00"),
        (Schedule(cadence="cron", cron="0 6 * * MON"), "Cron 0 6 * * MON"),
    ],
)
def test_a_rhythm_in_words(schedule: Schedule, words: str) -> None:
    assert cadence.words(schedule) == words


def test_sensitive_values_are_hidden_at_any_depth_and_broken_text_is_not_shown() -> None:
    text = payloads.redacted('{"a": [{"TaxIdentifier": "12-3", "Name": "N"}], "AccountNumber": ""}')
    assert ("12-3" in text, '"Name": "N"' in text, payloads.MASK in text) == (False, True, True)
    assert (payloads.redacted("{broken"), payloads.redacted("")) == ("", "")
