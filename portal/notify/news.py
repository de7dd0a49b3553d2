"""From what happened to what a letter says: the lines of news, of the digest and of the check-up."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count
from django.urls import reverse

from portal import causes
from portal.notify import kinds
from portal.notify.content import Content, Line, Section
from syncapp.messages import words_for
from syncapp.models import Company, Notification, NotificationKind, Problem, Run
from syncapp.services import roundup
from syncapp.services.notifications import CHANNEL_OFF
from syncapp.services.problems import ProblemGroup

MOST_CAUSES = 10
MOST_LINES = 8
"""News in one letter; the rest is a line that leads to all of it."""


def address(name: str, **kwargs: object) -> str:
    """The full address of a page of the portal."""
    return settings.BASE_URL + reverse(f"portal:{name}", kwargs=kwargs or None)


def still_there(rows: Sequence[Notification]) -> list[Notification]:
    """News whose cause is not over already: a problem that closed itself meanwhile is nothing to tell of. One query."""
    open_kinds = set(
        Problem.objects.filter(closed_at__isnull=True, code__in={row.code for row in rows})
        .order_by()
        .values_list("code", "mapping_id")
        .distinct()
    )
    return [
        row
        for row in rows
        if row.kind != NotificationKind.PROBLEM or (row.code, row.mapping_id) in open_kinds
    ]


def of_news(company: Company, rows: Sequence[Notification]) -> Content:
    """One letter about all of this news. Two queries."""
    counts = _records_by_cause(rows)
    ordered = _most_urgent_first(rows)
    lines = [_line(row, counts.get((row.code, row.mapping_id), 0)) for row in ordered[:MOST_LINES]]
    subject = lines[0].title if len(rows) == 1 else f"{lines[0].title}, and {len(rows) - 1} more"
    if len(rows) > MOST_LINES:
        lines.append(_rest(ordered))
    return Content(f"{company.name}: {subject}", "", (Section("", tuple(lines)),))


def _rest(ordered: Sequence[Notification]) -> Line:
    more = len(ordered) - MOST_LINES
    return Line(ordered[-1].kind, f"And {more} more", "", "", address("problems"), "See all of them")


def _most_urgent_first(rows: Sequence[Notification]) -> list[Notification]:
    return sorted(rows, key=lambda row: (kinds.KEYS.index(row.kind), row.pk))


def _records_by_cause(rows: Sequence[Notification]) -> dict[tuple[str, int | None], int]:
    found = (
        Problem.objects.filter(
            closed_at__isnull=True, link__isnull=False, code__in={row.code for row in rows}
        )
        .order_by()
        .values_list("code", "mapping_id")
        .annotate(n=Count("id"))
    )
    return {(code, mapping): n for code, mapping, n in found}


def _line(row: Notification, records: int) -> Line:
    values = dict(row.values)
    if records > 1:
        values |= {key: text for key, text in causes.ONE_RECORDS_OWN.items() if key in values}
    words = words_for(row.code, values)
    url, button = _way(row)
    place = row.mapping.label if row.mapping is not None else ""
    if records:
        place = f"{place} · {records:,} record{'s' if records > 1 else ''}".lstrip(" ·")
    return Line(
        row.kind,
        words.title[:1].upper() + words.title[1:],
        f"{words.what} {words.todo}".strip(),
        place,
        url,
        button,
    )


def _way(row: Notification) -> tuple[str, str]:
    """The page that leads to what to do, and what its button says."""
    if row.code == CHANNEL_OFF:
        return address("notifications"), "Open notifications"
    if row.kind == NotificationKind.RUN and row.run_id:
        return address("run", pk=row.run_id), "Open the run"
    if row.kind == NotificationKind.CONNECTION:
        return address("connections"), "Reconnect"
    if row.kind in (NotificationKind.TOKEN, NotificationKind.QUOTA):
        return address("connections"), "Go to connections"
    parts = {"code": row.code, "mapping": row.mapping_id or ""}
    query = urlencode({key: part for key, part in parts.items() if part})
    return f"{address('problems')}?{query}", "See what to do"


# --- digest and check-up ---


def of_digest(company: Company, found: roundup.Day) -> Content:
    """What is new since the last digest."""
    sections = (
        Section("New causes", tuple(_cause(kinds.DIGEST, group) for group in found.causes[:MOST_CAUSES])),
        Section("Runs that failed", tuple(_failed(run) for run in found.failed_runs)),
        Section("Waiting for a choice", _asked(found)),
        Section("Done", _done(kinds.DIGEST, found.written)),
    )
    parts = [
        _number(len(found.causes), "new cause"),
        _number(len(found.failed_runs), "failed run"),
        _number(found.asked, "record to decide", "records to decide"),
    ]
    told = ", ".join(part for part in parts if part)
    return Content(
        f"{company.name}: {told}",
        "What is new since the last digest.",
        tuple(one for one in sections if one.lines),
    )


def _number(n: int, one: str, many: str = "") -> str:
    return f"{n:,} {one if n == 1 else many or f'{one}s'}" if n else ""


def _cause(kind: str, group: ProblemGroup) -> Line:
    words = causes.words(group)
    place = f"{group.mapping} · {_number(group.count, 'record')}" if group.records else group.mapping
    url = settings.BASE_URL + causes.address(group)
    return Line(kind, words.title, words.todo, place.lstrip(" ·"), url, "See what to do")


def _failed(run: Run) -> Line:
    words = words_for(run.failure_code, run.failure_values)
    place = run.mapping.label if run.mapping else ""
    return Line(kinds.DIGEST, words.title, words.todo, place, address("run", pk=run.pk), "Open the run")


def _asked(found: roundup.Day) -> tuple[Line, ...]:
    if not found.asked:
        return ()
    title = f"{_number(found.asked, 'record waits', 'records wait')} for a person to choose"
    return (Line(kinds.DIGEST, title, "", "", address("conflicts"), "Choose"),)


def _done(kind: str, written: int) -> tuple[Line, ...]:
    return (
        (Line(kind, f"{written:,} {'record was' if written == 1 else 'records were'} written"),)
        if written
        else ()
    )


def of_checkup(company: Company, found: roundup.Week) -> Content:
    """How a company stands, once a week; says so when nothing needs anybody."""
    sections = (
        Section("Open problems", tuple(_cause(kinds.CHECKUP, group) for group in found.causes[:MOST_CAUSES])),
        Section("Differences", _differences(found)),
        Section("Sign-ins", tuple(_sign_in(one, company) for one in found.ending)),
        Section("Products without a partner", _products(found)),
        Section("This week", _done(kinds.CHECKUP, found.written)),
    )
    shown = tuple(one for one in sections if one.lines)
    needs = sum(bool(part) for part in (found.causes, found.differences, found.ending, found.products))
    opening = (
        "Once a week: what waits for somebody, even if it is not new."
        if needs
        else "Nothing needs you. Both sides are connected and in step."
    )
    state = _number(needs, "thing to look at", "things to look at") or "all is well"
    return Content(f"{company.name}: weekly check-up, {state}", opening, shown)


def _differences(found: roundup.Week) -> tuple[Line, ...]:
    if not found.differences:
        return ()
    title = f"{_number(found.differences, 'record differs', 'records differ')} between the two sides"
    return (
        Line(
            kinds.CHECKUP,
            title,
            "Somebody has to say which side is right.",
            "",
            address("conflicts"),
            "Choose",
        ),
    )


def _products(found: roundup.Week) -> tuple[Line, ...]:
    if not found.products:
        return ()
    title = f"{_number(found.products, 'product has', 'products have')} no partner on the other side"
    text = "Documents with such a product wait for it."
    return (Line(kinds.CHECKUP, title, text, "", address("records") + "?q=&state=not_synced", "See them"),)


def _sign_in(one: roundup.Ending, company: Company) -> Line:
    side = f"Connection to {one.connection.get_side_display()}"
    if one.ends_at is None:
        title = f"{one.connection} has to be connected again"
        return Line(
            kinds.CHECKUP, title, "Everything of it waits.", side, address("connections"), "Reconnect"
        )
    day = one.ends_at.astimezone(ZoneInfo(company.zone))
    title = f"The sign-in of {one.connection} ends on {day.day} {day:%B %Y}"
    return Line(
        kinds.CHECKUP, title, "Reconnect before then.", side, address("connections"), "Go to connections"
    )


def of_test(company: Company, to: str) -> Content:
    """What the test buttons send."""
    line = Line("test", "This is a test", f"It reaches {to}. There is nothing to do.", "", address("notifications"),
                "Open notifications")  # fmt: skip
    return Content(f"{company.name}: a test message", "", (Section("", (line,)),))
