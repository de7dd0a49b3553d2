"""`manage.py sync`: capture and sync from a shell or cron."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from connectors.contracts import Priority
from syncapp.messages import words_for
from syncapp.models import Company, Integration, Mapping, PreviewItem, Run, RunKind, RunState
from syncapp.services import finding, prepare, runs, setup, sync
from syncapp.services.errors import Refused
from syncapp.services.finding import Wish
from syncapp.tenancy import tenant

OPEN = (RunState.QUEUED, RunState.READING, RunState.RUNNING)


class Command(BaseCommand):
    help = "Reads both sides of one integration and syncs what changed. Exit code 1 when records failed."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--company", type=int, help="id of the company (needed when there are several)")
        parser.add_argument(
            "--integration", type=int, help="id of the integration (default: the company's first)"
        )
        parser.add_argument(
            "--object", help="key of the mapping, its Salesforce object or QuickBooks entity (default: all)"
        )
        parser.add_argument("--direction", choices=("both", "to_qbo", "to_sf"), default="both")
        parser.add_argument(
            "--filter",
            help="conditions (Name LIKE 'Blue%%'), an id, a pasted link, or the beginning of a name",
        )
        parser.add_argument(
            "--preview", action="store_true", help="show what would be done; nothing is written"
        )
        parser.add_argument(
            "--wait", type=float, default=3600, help="seconds to wait for the end (0: do not wait)"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        company = _company(options["company"])
        with tenant(company.id):
            mappings = _mappings(options)
            try:
                started = [self._start(mapping, options) for mapping in mappings]
            except Refused as refused:
                words = words_for(refused.code, refused.values)
                raise CommandError(f"{words.title}. {words.what} {words.todo}".strip()) from refused
        for run in started:
            self._follow(run, options["wait"])
            with tenant(company.id):
                self._report(run)

    def _start(self, mapping: Mapping, options: dict[str, Any]) -> Run:
        if options["filter"]:
            wish = Wish(mapping, options["direction"], options["filter"])
            return finding.request(wish, None, only_preview=options["preview"], kind=RunKind.SHELL)
        if options["preview"] and mapping.integration.switched_on_at is None:
            return setup.preview(mapping, None, "Command line")
        if options["preview"]:
            return runs.preview_changes(mapping, None, "Command line")
        return runs.request_mapping(mapping, None, "Command line", RunKind.SHELL, options["direction"])

    def _follow(self, run: Run, seconds: float) -> None:
        """Work in this process until the run ends; workers that run help. A preview carries nothing, not even what else
        is due."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            run = Run.all_companies.get(pk=run.pk)
            if run.state not in OPEN:
                return
            if run.state != RunState.RUNNING:
                prepare.prepare(run.pk)
            if run.kind == RunKind.PREVIEW or not sync.carry(
                Priority.BULK, run.company_id, seconds=min(30, seconds)
            ):
                time.sleep(0.2)

    def _report(self, run: Run) -> None:
        run.refresh_from_db()
        if run.kind == RunKind.PREVIEW:
            self._report_preview(run)
            return
        self.stdout.write(
            f"{run.get_state_display()}: {run.done_count} of {run.total} records; {run.created_count} created, "
            f"{run.updated_count} updated, {run.linked_count} linked, {run.unchanged_count} unchanged, "
            f"{run.skipped_count} skipped, {run.waiting_count} waiting, {run.asked_count} for a person, "
            f"{run.failed_count} failed; {run.calls} calls."
        )
        if run.failed_count or run.state == RunState.FAILED:
            words = words_for(run.failure_code, run.failure_values) if run.failure_code else None
            raise CommandError(words.title if words else f"{run.failed_count} records failed: see Problems.")

    def _report_preview(self, run: Run) -> None:
        for item in (
            PreviewItem.objects.filter(run=run)
            .exclude(group="partner")
            .select_related("link")
            .order_by("group", "link__name")
        ):
            self.stdout.write(
                f"{item.kind:8} {item.name}  {item.remote_id('sf') or '-'}  {item.remote_id('qbo') or '-'}"
            )
        self.stdout.write(f"{run.get_state_display()}: {run.total} records looked at, nothing was written.")


def _company(wanted: int | None) -> Company:
    rows = Company.objects.filter(pk=wanted) if wanted else Company.objects.exclude(state="closed")
    found = list(rows[:2])
    if len(found) != 1:
        raise CommandError("Name the company with --company: there is none, or more than one.")
    return found[0]


def _mappings(options: dict[str, Any]) -> list[Mapping]:
    integrations = Integration.objects.order_by("id")
    if options["integration"]:
        integrations = integrations.filter(pk=options["integration"])
    integration = integrations.first()
    if integration is None:
        raise CommandError("There is no such integration.")
    rows = list(
        Mapping.objects.filter(integration=integration, published_number__gt=0)
        .exclude(mode="off")
        .order_by("id")
    )
    wanted = (options["object"] or "").casefold()
    chosen = [
        row
        for row in rows
        if not wanted or wanted in {row.key.casefold(), row.sf_object.casefold(), row.qbo_entity.casefold()}
    ]
    if not chosen:
        raise CommandError(
            "No published mapping fits --object." if wanted else "No mapping is published and on."
        )
    return chosen
