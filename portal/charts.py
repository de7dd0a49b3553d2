"""Charts as numbers that a template draws: server-made SVG, no script (design language, "Charts")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from syncapp.services.dashboard import Bar

LEFT, WIDTH, TOP, HEIGHT = 46.0, 674.0, 32.0, 150.0
GAP = 0.32
NICE = (
    1,
    2,
    5,
    10,
    20,
    50,
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    20_000,
    50_000,
    100_000,
    500_000,
    1_000_000,
)


@dataclass(frozen=True, slots=True)
class Rect:
    """One bar piece: class of its colour and its place in the picture."""

    css: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A grid line with its figure, or a label under the axis."""

    text: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars up are QuickBooks, bars down Salesforce, failures on top. `label` says the whole in one sentence."""

    rects: Sequence[Rect]
    grid: Sequence[Mark]
    hours: Sequence[Mark]
    axis: float
    label: str
    to_qbo: int
    to_sf: int
    failed: int
    rows: Sequence[Bar]


def activity_chart(bars: Sequence[Bar], zone: ZoneInfo, *, daily: bool) -> Chart:
    """The activity of a period as a picture."""
    most_up = max((bar.to_qbo + bar.failed for bar in bars), default=0)
    most_down = max((bar.to_sf for bar in bars), default=0)
    step = _step(max(most_up, most_down))
    up, down = _ceiling(most_up, step), _ceiling(most_down, step)
    unit = HEIGHT / max(up + down, step)
    axis = TOP + max(up, step if not down else 0) * unit
    slot = WIDTH / max(len(bars), 1)
    rects = [
        rect
        for place, bar in enumerate(bars)
        for rect in _bar(bar, LEFT + 4 + place * slot, slot, axis, unit)
    ]
    return Chart(
        rects=rects,
        grid=[
            Mark(f"{abs(n):,}", LEFT - 8, round(axis - n * unit, 1)) for n in range(-down, up + 1, step) if n
        ],
        hours=_labels(bars, zone, slot, daily=daily),
        axis=round(axis, 1),
        label=_sentence(bars, zone, daily=daily),
        to_qbo=sum(bar.to_qbo for bar in bars),
        to_sf=sum(bar.to_sf for bar in bars),
        failed=sum(bar.failed for bar in bars),
        rows=bars,
    )


def _step(most: int) -> int:
    return next((nice for nice in NICE if nice * 3 >= most), most)


def _ceiling(most: int, step: int) -> int:
    return -(-most // step) * step


def _bar(bar: Bar, x: float, slot: float, axis: float, unit: float) -> list[Rect]:
    width = slot * (1 - GAP)
    rects = []
    top = axis
    for css, number in (("f-qb", bar.to_qbo), ("f-bad", bar.failed)):
        if number:
            height = max(number * unit, 2)
            top -= height + 1.5
            rects.append(Rect(css, round(x, 1), round(top, 1), round(width, 1), round(height, 1)))
    if bar.to_sf:
        rects.append(
            Rect(
                "f-sf", round(x, 1), round(axis + 1.5, 1), round(width, 1), round(max(bar.to_sf * unit, 2), 1)
            )
        )
    return rects


def _labels(bars: Sequence[Bar], zone: ZoneInfo, slot: float, *, daily: bool) -> list[Mark]:
    every = 4 if not daily else max(1, len(bars) // 7)
    bottom = TOP + HEIGHT + 26
    return [
        Mark(_when(bar.start, zone, daily=daily), round(LEFT + 4 + place * slot, 1), bottom)
        for place, bar in enumerate(bars)
        if place % every == 0
    ]


def _when(start: datetime, zone: ZoneInfo, *, daily: bool) -> str:
    local = start.astimezone(zone)
    return f"{local.day} {local:%b}" if daily else f"{local:%H:%M}"


def _sentence(bars: Sequence[Bar], zone: ZoneInfo, *, daily: bool) -> str:
    up, down, failed = (
        sum(values) for values in zip(*((b.to_qbo, b.to_sf, b.failed) for b in bars), strict=True)
    )
    unit, span = ("day", f"{len(bars)} days") if daily else ("hour", "24 hours")
    text = f"Records per {unit} in the last {span}: {up:,} to QuickBooks, {down:,} to Salesforce, {failed:,} failed"
    busiest = max(bars, key=lambda bar: bar.to_qbo + bar.to_sf)
    if up + down:
        text += f"; busiest {unit} {_when(busiest.start, zone, daily=daily)}"
    return f"{text}."
