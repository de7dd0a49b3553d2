"""What live capture lost is found: by a weekly check, and by one that a gap in QuickBooks' answer starts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from connectors.contracts import Priority
from syncapp.models import Cursor, MappingPass, Run, RunKind
from syncapp.services import checkup, prepare, sync
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


def lose_what_changed(spine: Spine) -> None:
    """Live capture believes that it has read everything up to an hour from now."""
    Cursor.all_companies.filter(company=spine.company).update(watermark=timezone.now() + timedelta(hours=1))


def checked(spine: Spine) -> Run:
    """The one check that was asked for, carried to its end."""
    run = Run.all_companies.get(kind=RunKind.CHECK)
    prepare.prepare(run.pk)
    sync.carry(Priority.BULK, seconds=60)
    spine.carry()
    run.refresh_from_db()
    return run


def test_a_week_without_a_check_brings_one_that_finds_what_was_lost() -> None:
    with a_spine() as spine:
        kept, edited, deleted = (spine.account(Name=name) for name in ("Ash", "Birch", "Cedar"))
        spine.first_load()
        spine.edit_account(edited, Phone="(555) 010-7777")
        spine.delete_account(deleted)
        lose_what_changed(spine)
        spine.capture()
        assert {link.sf_state for link in spine.links} == {"live"}, "nothing was noticed"

        assert checkup.request_weekly() == 0, "the first load has just read everything"
        MappingPass.all_companies.update(caught_up_at=timezone.now() - timedelta(days=8))
        assert (checkup.request_weekly(), checkup.request_weekly()) == (1, 0)
        run = checked(spine)

        phones = {
            row["DisplayName"]: row.get("PrimaryPhone", {}).get("FreeFormNumber") for row in spine.customers()
        }
        assert phones["Birch"] == "(555) 010-7777"
        assert {link.sf_id: link.sf_state for link in spine.links} == {
            kept: "live",
            edited: "live",
            deleted: "deleted",
        }
        assert (run.state, run.total - run.unchanged_count) == ("done", 2)


def test_a_gap_in_quickbooks_answer_starts_a_check_and_only_one() -> None:
    with a_spine() as spine:
        spine.account(Name="Ash")
        spine.first_load()
        old = timezone.now() - timedelta(days=40)
        for _ in range(2):
            Cursor.all_companies.filter(company=spine.company, lane="cdc").update(watermark=old)
            spine.capture()

        run = Run.all_companies.get(kind=RunKind.CHECK)
        assert (run.cause, run.state) == (checkup.AFTER_A_GAP, "queued")
        assert checked(spine).state == "done"
        with tenant(spine.company.pk):
            assert checkup.request(spine.mapping, "Again").pk != run.pk, (
                "a finished check has seen its own time only"
            )
