"""Schedules: people make, change, pause and delete them, the clock jumps to their times and past them, and several
ticks look at once. A time starts its schedule once, and nothing starts beside a run that is still open."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from random import Random
from typing import TYPE_CHECKING

from syncapp.models import Cadence, Mapping, Run, Schedule
from syncapp.services import schedules
from tests.simulation import deeds, starts
from tests.simulation.starts import Start
from tests.simulation.world import Message, World

if TYPE_CHECKING:
    from tests.simulation.oracle import View

MOST = 3
MOST_MESSAGES = 30
"""Messages that workers take while the overtaken ticks stand still."""
BY_THE_CLOCK = "Schedule"
"""Cause of a run that a tick started."""
OPEN_RUNS = ("queued", "reading", "running")
LATE = (0.5, 0.5, 20.0, 400.0, 4000.0)
"""Seconds by which the ticks miss a schedule's time: some miss the next ones as well."""


# --- what people do --------------------------------------------------------------------------------------------------


def make_schedule(world: World, chance: Random) -> str:
    """For one mapping, or for all of the integration."""
    if Schedule.all_companies.count() >= MOST:
        return ""
    mappings = list(Mapping.all_companies.order_by("pk"))
    schedule = Schedule(integration=world.integration, mapping=chance.choice([None, *mappings]))
    _draw_times(world, chance, schedule)
    told = f"{schedule.cadence} {schedule.mapping or 'all'}"
    return f"{_asked(world, chance, 'make schedule', lambda: schedules.save(schedule, None))}: {told}"


def _draw_times(world: World, chance: Random, schedule: Schedule) -> None:
    schedule.cadence = chance.choice(("every", "every", "every", "hourly", "daily", "once", "cron"))
    schedule.minutes = chance.choice((1, 2, 5, 15, 60))
    schedule.at_minute = chance.randrange(60)
    schedule.at_time = time(chance.randrange(24), chance.randrange(60))
    schedule.cron = chance.choice(("*/7 * * * *", "3 */2 * * *"))
    if schedule.cadence == Cadence.ONCE:
        schedule.once_at = world.clock.now() + timedelta(minutes=chance.randint(1, 90))


def change_schedule(world: World, chance: Random) -> str:
    """The form was open for a while: somebody else, or a tick, may come between its reading and its storing."""
    times = chance.getrandbits(32)

    def change(schedule: Schedule) -> None:
        _draw_times(world, Random(times), schedule)
        schedules.save(schedule, None)

    return _to_one(world, chance, "change schedule", change)


def pause_schedule(world: World, chance: Random) -> str:
    return _to_one(world, chance, "pause schedule", lambda schedule: schedules.pause(schedule, None))


def resume_schedule(world: World, chance: Random) -> str:
    return _to_one(world, chance, "resume schedule", lambda schedule: schedules.resume(schedule, None))


def remove_schedule(world: World, chance: Random) -> str:
    return _to_one(world, chance, "remove schedule", lambda schedule: schedules.remove(schedule, None))


def run_schedule(world: World, chance: Random) -> str:
    """A person's "Run now", which may come in the moment of the schedule's own time."""
    return _to_one(world, chance, "run schedule", lambda schedule: schedules.run_now(schedule, None))


def _to_one(world: World, chance: Random, name: str, work: Callable[[Schedule], object]) -> str:
    known = list(Schedule.all_companies.order_by("pk").values_list("pk", flat=True))
    if not known:
        return ""
    chosen = chance.choice(known)

    def request() -> None:
        schedule = Schedule.objects.filter(pk=chosen).first()  # as a page reads it
        if schedule is not None:
            work(schedule)

    return f"{_asked(world, chance, name, request)}: {chosen}"


def _asked(world: World, chance: Random, name: str, work: Callable[[], object]) -> str:
    told = deeds.as_person(world, chance, name, work)
    if chance.random() < 0.5:  # who was overtaken is overtaken by a tick
        deeds.tick(world, chance)
    return told


def come_due(world: World, chance: Random) -> str:
    """The time of the next schedule comes, or is long past; several ticks find it."""
    due = _next_time()
    if due is None:
        return ""
    world.wait(max(0.0, (due - world.clock.now()).total_seconds()) + chance.choice(LATE))
    _tick_at_once(world, chance)
    for _ in range(chance.randint(0, 3)):
        deeds.work(world, chance)
    return f"{due:%d %H:%M}"


def _next_time() -> datetime | None:
    rows = Schedule.all_companies.filter(paused=False).exclude(next_at=None)
    return rows.order_by("next_at").values_list("next_at", flat=True).first()


def _tick_at_once(world: World, chance: Random) -> None:
    """Some ticks look, each overtaken by the others somewhere; what the first started may be over by then."""
    ticks = [world.take_up(Message("tick", [])) for _ in range(chance.randint(2, 3))]
    for tick in ticks[:-1]:
        world.run(tick, chance.choice((1, 2, 2, 3, 6)))
    world.run(ticks[-1], deeds.WHOLE)
    if chance.random() < 0.7:
        for _ in range(MOST_MESSAGES):
            worker = world.take_oldest()
            if worker is None:
                break
            world.run(worker, deeds.WHOLE)
    for tick in ticks:
        if tick.alive:
            world.run(tick, deeds.WHOLE)


DEEDS: dict[str, Callable[[World, Random], str]] = {
    "make_schedule": make_schedule,
    "change_schedule": change_schedule,
    "pause_schedule": pause_schedule,
    "resume_schedule": resume_schedule,
    "remove_schedule": remove_schedule,
    "run_schedule": run_schedule,
    "come_due": come_due,
}
WEIGHTS = {
    "make_schedule": 4,
    "change_schedule": 3,
    "pause_schedule": 2,
    "resume_schedule": 2,
    "remove_schedule": 1,
    "run_schedule": 3,
    "come_due": 9,
}
"""How often each comes in a plan with schedules."""


# --- what must hold --------------------------------------------------------------------------------------------------


def open_runs() -> list[str]:
    """Runs that are not over."""
    rows = Run.all_companies.filter(state__in=OPEN_RUNS).order_by("pk")
    return [f"run {kind} {state}" for kind, state in rows.values_list("kind", "state")]


def examine(view: View) -> None:
    """Complain of what started twice, early, in vain, beside its last run, or not at all."""
    _every_time_comes_once_more(view.world)
    _each_time_starts_once(view.world)
    _nothing_starts_beside_its_last_run(view.world)
    _next_times_are_those_of_the_form(view.world)


def _every_time_comes_once_more(world: World) -> None:
    """Nothing is open, so whatever is due now starts, and once, however many ticks look."""
    due = _next_time()
    if due is None:
        return
    world.wait(max(0.0, (due - world.clock.now()).total_seconds()) + 1)
    before = len(starts.by_the_clock())
    waiting = Schedule.all_companies.filter(paused=False, next_at__lte=world.clock.now())
    expected = sorted(waiting.values_list("pk", flat=True))
    _tick_at_once(world, Random(world.people.number))
    deeds.finish_all(world)
    started = sorted(start.schedule for start in starts.by_the_clock()[before:])
    if started != expected:
        world.complain("schedule", f"due were {expected}, started were {started}")
    if open_runs():
        world.complain("schedule", f"scheduled runs do not end: {open_runs()}")


def _each_time_starts_once(world: World) -> None:
    last: dict[int, Start] = {}
    for start in starts.by_the_clock():
        told = f"schedule {start.schedule} was started at {start.at} for {start.due}"
        if start.paused:
            world.complain("schedule", f"{told} while it was paused")
        if start.due is None or start.due > start.at:
            world.complain("schedule", f"{told}: nothing was due")
        earlier = last.get(start.schedule)
        if earlier is not None and start.due is not None and start.due <= earlier.at:
            world.complain(
                "schedule", f"{told}, and at {earlier.at} for {earlier.due}: that one had stood for it"
            )
        last[start.schedule] = start


def _nothing_starts_beside_its_last_run(world: World) -> None:
    begun = set()
    for run in starts.runs():
        begun.add((run.tx, run.schedule))
        if run.cause == BY_THE_CLOCK and (run.due is None or run.due > run.at):
            world.complain(
                "schedule", f"schedule {run.schedule} was started at {run.at}, not due before {run.due}"
            )
        if run.beside:
            told = f"schedule {run.schedule} started {run.mapping} at {run.at}"
            world.complain("schedule", f"{told} and {run.beside} of its last runs were open")
    for start in starts.by_the_clock():
        if (start.tx, start.schedule) not in begun:
            world.complain(
                "schedule", f"schedule {start.schedule} says it started at {start.at} and made no run"
            )


def _next_times_are_those_of_the_form(world: World) -> None:
    """The next time is one of those that the schedule stands for as it is stored, or none."""
    for row in Schedule.all_companies.select_related("integration__company").order_by("pk"):
        if row.next_at is None:
            if not row.paused and row.cadence != Cadence.ONCE:
                world.complain("schedule", f"schedule {row.pk} runs and has no next time")
            continue
        just_before = row.next_at - timedelta(seconds=1)
        if row.paused or schedules.next_times(row, 1, just_before) != [row.next_at]:
            world.complain("schedule", f"schedule {row.pk} ({row.cadence}) is to start at {row.next_at}")
