"""Schedules: when mappings run by the clock, with their next times; add, edit, pause, run now."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal import cadence
from portal.cadence import DAYS
from portal.people.access import PortalRequest, company_page
from portal.refusals import way_back
from syncapp.messages import words_for
from syncapp.models import Cadence, Integration, Mapping, Run, Schedule
from syncapp.services import runs, schedules
from syncapp.services.errors import Refused

SHOWN_TIMES = 5
FIELDS_OF: dict[str, tuple[str, ...]] = {
    Cadence.EVERY: ("minutes",),
    Cadence.HOURLY: ("at_minute",),
    Cadence.DAILY: ("at_time",),
    Cadence.WEEKLY: ("weekdays", "at_time"),
    Cadence.MONTHLY: ("month_day", "at_time"),
    Cadence.ONCE: ("once_at",),
    Cadence.CRON: ("cron",),
}
"""The fields that each rhythm uses."""
FAULTY_FIELD = {
    "schedule.minutes": "minutes",
    "schedule.minute_of_hour": "at_minute",
    "schedule.time_missing": "at_time",
    "schedule.day_missing": "weekdays",
    "schedule.month_day": "month_day",
    "schedule.once_over": "once_at",
    "schedule.cron_wrong": "cron",
    "schedule.never": "cron",
    "schedule.other_mapping": "what",
}


class ScheduleForm(forms.Form):
    """What runs, and when. The page shows only the fields of the chosen rhythm; the others are ignored."""

    use_required_attribute = False

    what = forms.ChoiceField(label="What runs")
    cadence = forms.ChoiceField(label="How often", choices=Cadence.choices)
    minutes = forms.IntegerField(label="Minutes between runs", initial=15, help_text="1 to 1,440.")
    at_minute = forms.IntegerField(label="Minute of the hour", initial=0, help_text="0 to 59.")
    at_time = forms.TimeField(
        label="Time of day",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text="In the company’s zone.",
    )
    weekdays = forms.MultipleChoiceField(
        label="Days of the week", choices=list(enumerate(DAYS)), widget=forms.CheckboxSelectMultiple
    )
    month_day = forms.TypedChoiceField(
        label="Day of the month",
        choices=[*((day, str(day)) for day in range(1, 29)), (schedules.LAST_DAY, "The last day")],
        coerce=int,
    )
    once_at = forms.DateTimeField(
        label="Day and time",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="In the company’s zone.",
    )
    cron = forms.CharField(
        label="Cron line",
        max_length=120,
        help_text="Minute, hour, day of the month, month, day of the week. "
        "<span class='id'>0 6 * * MON</span> is Mondays at six.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["what"].choices = _choices()  # type: ignore[attr-defined]
        used = FIELDS_OF.get(str(self.data.get("cadence")), ()) if self.is_bound else None
        for name in {name for names in FIELDS_OF.values() for name in names}:
            self.fields[name].required = used is None or name in used

    def when(self) -> list[tuple[str, Any]]:
        """The fields of the rhythms in the form's order, each with the rhythms that show it."""
        shown = [name for name in self.fields if name not in ("what", "cadence")]
        return [
            (" ".join(kind for kind, names in FIELDS_OF.items() if name in names), self[name])
            for name in shown
        ]

    def fill(self, schedule: Schedule, zone: str) -> Schedule:
        """Put the answers into the row, without saving. Times are those of `zone`."""
        data = self.cleaned_data
        kind, number = data["what"].split(":")
        if kind == "m":
            schedule.mapping = Mapping.objects.get(pk=number)
            schedule.integration = schedule.mapping.integration
        else:
            schedule.mapping, schedule.integration = None, Integration.objects.get(pk=number)
        schedule.cadence, schedule.cron = data["cadence"], data["cron"].strip()
        schedule.minutes = data["minutes"] or 0
        schedule.at_minute = data["at_minute"] or 0
        schedule.at_time = data["at_time"]
        schedule.weekdays = ",".join(data["weekdays"] or ())
        schedule.month_day = data["month_day"] or 1
        once = data["once_at"]
        schedule.once_at = timezone.make_naive(once).replace(tzinfo=ZoneInfo(zone)) if once else None
        return schedule


def _choices() -> list[tuple[str, str]]:
    mappings = list(Mapping.objects.select_related("integration").order_by("integration_id", "id"))
    several = len({mapping.integration_id for mapping in mappings}) > 1
    choices = [
        (f"m:{one.pk}", f"{one.label} ({one.integration})" if several else one.label) for one in mappings
    ]
    pairs = {one.integration_id: str(one.integration) for one in mappings}
    return [*choices, *((f"i:{pk}", f"Everything of {name}") for pk, name in pairs.items())]


@company_page("schedules.view")
@require_GET
def list_(request: PortalRequest) -> HttpResponse:
    """All schedules with their next times and last results."""
    found = rows(request)
    context = {
        "rows": found,
        "may_add": Mapping.objects.exists(),
        "running": sum(not row["schedule"].paused for row in found),
        "paused": sum(row["schedule"].paused for row in found),
    }
    return render(request, "schedules/list.html", context)


def rows(request: PortalRequest, integration: Integration | None = None) -> list[dict[str, Any]]:
    """Schedules as tables show them. Two queries."""
    found = Schedule.objects.select_related("mapping", "integration").order_by("integration_id", "id")
    if integration is not None:
        found = found.filter(integration=integration)
    found_rows = list(found)
    latest = _latest_runs([one.pk for one in found_rows])
    now = timezone.now()
    return [
        {
            "schedule": one,
            "what": one.mapping.label if one.mapping else f"Everything of {one.integration}",
            "when": cadence.words(one, request.company.zone),
            "next": [] if one.paused else _next(request, one, 3, now),
            "run": latest.get(one.pk),
            "open": one.pk in latest and latest[one.pk].state in runs.OPEN,
        }
        for one in found_rows
    ]


def _next(
    request: PortalRequest, schedule: Schedule, n: int = SHOWN_TIMES, now: datetime | None = None
) -> list[datetime]:
    quiet = schedules.quiet_hours(request.company)
    return schedules.next_times(schedule, n, now, request.company.zone, quiet)


def _latest_runs(ids: list[int]) -> dict[int, Run]:
    newest = Run.objects.filter(schedule_id__in=ids).order_by("schedule_id", "-id").distinct("schedule_id")
    return {run.schedule_id: run for run in newest if run.schedule_id is not None}


@company_page("schedules.edit")
@require_http_methods(["GET", "POST"])
def add(request: PortalRequest) -> HttpResponseBase:
    """A new schedule."""
    return _edit(request, Schedule(), {"what": request.GET.get("what", "")})


@company_page("schedules.edit")
@require_http_methods(["GET", "POST"])
def edit(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Change a schedule."""
    schedule = get_object_or_404(Schedule.objects.select_related("mapping", "integration"), pk=pk)
    what = f"m:{schedule.mapping_id}" if schedule.mapping_id else f"i:{schedule.integration_id}"
    plain = ("cadence", "minutes", "at_minute", "at_time", "month_day", "cron")
    initial = {name: getattr(schedule, name) for name in plain}
    once = schedule.once_at
    initial["once_at"] = (
        once.astimezone(ZoneInfo(request.company.zone)).replace(tzinfo=None) if once else None
    )
    initial["weekdays"] = schedules.weekdays_of(schedule)
    return _edit(request, schedule, {**initial, "what": what})


def _edit(request: PortalRequest, schedule: Schedule, initial: dict[str, Any]) -> HttpResponseBase:
    form = ScheduleForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        filled = form.fill(schedule, request.company.zone)
        if "try" in request.POST:
            return _shown(request, form, schedule, _try(form, filled, request))
        try:
            schedules.save(filled, request.user)
        except Refused as refused:
            _explain(form, refused)
        else:
            messages.success(request, "The schedule is saved.")
            return redirect("portal:schedules")
    return _shown(request, form, schedule, [])


def _try(form: ScheduleForm, schedule: Schedule, request: PortalRequest) -> list[Any]:
    try:
        schedules.check(schedule)
    except Refused as refused:
        _explain(form, refused)
        return []
    return _next(request, schedule)


def _explain(form: ScheduleForm, refused: Refused) -> None:
    words = words_for(refused.code, refused.values)
    form.add_error(FAULTY_FIELD.get(refused.code), f"{words.what} {words.todo}")


def _shown(request: PortalRequest, form: ScheduleForm, schedule: Schedule, times: list[Any]) -> HttpResponse:
    if not times and schedule.pk and not form.is_bound:
        times = _next(request, schedule)
    return render(request, "schedules/form.html", {"form": form, "schedule": schedule, "times": times})


@company_page("schedules.edit")
@require_POST
def pause(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Pause a schedule, or let it go on."""
    schedule = get_object_or_404(Schedule.objects, pk=pk)
    (schedules.resume if schedule.paused else schedules.pause)(schedule, request.user)
    return redirect(way_back(request, "/schedules/"))


@company_page("schedules.edit")
@require_POST
def pause_all(request: PortalRequest) -> HttpResponseBase:
    """Pause or resume all schedules, or those of one mapping."""
    number = request.POST.get("mapping", "")
    mapping = get_object_or_404(Mapping.objects, pk=number) if number.isdecimal() else None
    resume = request.POST.get("do") == "resume"
    change = schedules.resume_all if resume else schedules.pause_all
    n = change(request.user, mapping)
    word = "resumed" if resume else "paused"
    messages.success(request, f"{n} schedule{'' if n == 1 else 's'} {word}. A run under way goes on.")
    return redirect(way_back(request, "/schedules/"))


@company_page("schedules.edit")
@require_POST
def remove(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Delete a schedule."""
    schedules.remove(get_object_or_404(Schedule.objects, pk=pk), request.user)
    messages.success(request, "The schedule is removed. Its runs stay in the list of runs.")
    return redirect("portal:schedules")


@company_page("schedules.run")
@require_POST
def run_now(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Start its run now."""
    run = schedules.run_now(get_object_or_404(Schedule.objects, pk=pk), request.user)
    return redirect("portal:run", pk=run.pk)


@company_page("runs.start")
@require_POST
def preview(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Show what the next run of this schedule would do."""
    schedule = get_object_or_404(Schedule.objects.select_related("mapping", "integration"), pk=pk)
    chosen = (
        [schedule.mapping]
        if schedule.mapping
        else list(
            Mapping.objects.filter(integration=schedule.integration, published_number__gt=0).exclude(
                mode="off"
            )
        )
    )
    if not chosen:
        raise Refused("setup.no_template")
    plans = [runs.preview_changes(one, request.user, "Next run of the schedule", schedule) for one in chosen]
    return redirect("portal:run", pk=plans[0].pk) if len(plans) == 1 else redirect("portal:runs")


urls: list[URLPattern] = [
    path("schedules/<int:pk>/preview/", preview, name="schedule-preview"),
    path("schedules/", list_, name="schedules"),
    path("schedules/pause/", pause_all, name="schedules-pause"),
    path("schedules/add/", add, name="schedule-add"),
    path("schedules/<int:pk>/", edit, name="schedule"),
    path("schedules/<int:pk>/pause/", pause, name="schedule-pause"),
    path("schedules/<int:pk>/remove/", remove, name="schedule-remove"),
    path("schedules/<int:pk>/run/", run_now, name="schedule-run"),
]
