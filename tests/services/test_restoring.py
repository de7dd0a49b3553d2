"""A backup is restored: what was made since is found, not made twice; nothing is written before a person says so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from syncapp.models import Attempt, IntegrationState, Observation, Problem, RecordLink, Run, WriteIntent
from syncapp.services import prepare, restoring, retention
from syncapp.services.errors import Refused
from syncapp.store import bulk
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture
def spine(settings: Any) -> Iterator[Spine]:
    settings.TIMING_DIVISOR = 40
    with a_spine() as made:
        yield made


def _forget_what_was_written() -> None:
    with transaction.atomic():
        bulk.execute("set local app.purge_audit = 'on'")
        bulk.execute("delete from syncapp_auditevent")
    bulk.execute("delete from syncapp_writeintent")


def forget(name: str) -> None:
    """The database is from before this record was ever seen."""
    link = RecordLink.all_companies.get(name=name, lifecycle="linked")
    Attempt.all_companies.filter(link=link).delete()
    Observation.all_companies.filter(remote_id__in=[link.sf_id, link.qbo_id]).delete()
    bulk.execute("delete from syncapp_matchkey where remote_id in (%s, %s)", [link.sf_id, link.qbo_id])
    link.delete()


@pytest.mark.trail_is_broken("the backup that is put back knows nothing of what was written since")
def test_what_was_made_since_the_backup_is_linked_and_not_made_again(spine: Spine) -> None:
    pine, birch = spine.account(Name="Pine"), spine.account(Name="Birch")
    spine.first_load()
    _forget_what_was_written()
    forget("Birch")
    spine.edit_account(pine, Phone="(555) 010-7777")
    mark = spine.mark()

    call_command("restored")
    spine.sync()
    spine.integration.refresh_from_db()
    assert spine.integration.state == IntegrationState.RESTORED
    with tenant(spine.company.pk), pytest.raises(Refused, match=r"restored\.still_reading"):
        restoring.go_live(spine.integration, spine.person)
    for run in Run.all_companies.filter(state="queued"):
        prepare.prepare(run.pk)
    spine.sync()
    assert spine.writes(mark) == []
    spine.long_since()

    with tenant(spine.company.pk):
        restoring.go_live(spine.integration, spine.person)
    for run in Run.all_companies.filter(state="queued"):
        prepare.prepare(run.pk)
    spine.carry()

    assert sorted(row["DisplayName"] for row in spine.customers()) == ["Birch", "Pine"]
    assert {(link.name, link.lifecycle) for link in spine.links} == {("Pine", "linked"), ("Birch", "linked")}
    assert spine.link("Birch").sf_id == birch
    assert [(entry["object"], entry["operation"]) for entry in spine.writes(mark)] == [("Customer", "update")]
    assert Problem.all_companies.filter(closed_at=None).count() == 0
    with tenant(spine.company.pk), pytest.raises(Refused, match=r"restored\.not"):
        restoring.go_live(spine.integration, spine.person)


def test_bodies_are_emptied_after_their_time_and_what_waits_is_read_again(spine: Spine) -> None:
    spine.account(Name="Pine")
    spine.first_load()
    assert retention.empty_old_bodies() == {"intents": 0, "attempts": 0, "observations": 0}
    long_ago = timezone.now() - timedelta(days=91)
    WriteIntent.all_companies.update(closed_at=long_ago)
    Attempt.all_companies.update(finished_at=long_ago)
    Observation.all_companies.update(seen_at=long_ago, body={"Id": "1"}, fresh=False)

    emptied = retention.empty_old_bodies()

    assert emptied["intents"] == WriteIntent.all_companies.filter(body="").count() > 0
    assert emptied["attempts"] == Attempt.all_companies.filter(changes=[]).count() > 0
    assert Observation.all_companies.filter(body__isnull=True, hinted_at__isnull=False).count() > 0
    assert retention.empty_old_bodies() == {"intents": 0, "attempts": 0, "observations": 0}
