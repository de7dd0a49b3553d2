"""The audit trail cannot be changed unseen: rows are append-only, numbered, chained and checked."""

from __future__ import annotations

import hashlib
import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from syncapp.models import AuditEvent, AuditSeal, Company
from syncapp.services import audit, sealing
from syncapp.store import bulk
from syncapp.tenancy import tenant
from tests.builders import a_company, a_person, an_audit_row

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Any:
    made = a_company()
    with tenant(made.pk):
        yield made


def decisions(count: int) -> None:
    person = a_person()
    for n in range(count):
        audit.decided("mapping.mode", person, before={"mode": f"off {n}"}, after={"mode": "changes"})


def tamper(sql: str) -> None:
    """What somebody with the database's password could do."""
    with transaction.atomic():
        bulk.execute("set local app.purge_audit = 'on'")
        bulk.execute(sql)
        bulk.execute("set local app.purge_audit = ''")


def test_rows_are_numbered_and_chained_by_one_sealer_per_company(company: Company) -> None:
    decisions(3)
    assert sealing.seal_due() == 3
    decisions(2)
    assert sealing.seal(company.pk) == 2
    assert sealing.seal(company.pk) == 0

    rows = list(AuditEvent.objects.order_by("number").values_list("number", "chain"))
    assert [number for number, _ in rows] == [1, 2, 3, 4, 5]
    assert len({chain for _, chain in rows}) == 5
    head = AuditSeal.objects.get()
    assert (head.number, head.chain) == rows[-1]
    found = sealing.verify(company.pk)
    assert (found.rows, found.head, found.broken, found.waiting) == (5, head.chain, None, 0)


@pytest.mark.parametrize(
    ("sql", "broken"),
    [
        ("update syncapp_auditevent set actor = 'nobody' where number = 2", 2),
        ('update syncapp_auditevent set before = \'{"mode": "x"}\' where number = 3', 3),
        ("delete from syncapp_auditevent where number = 1", 1),
        ("delete from syncapp_auditevent where number = 4", 4),
    ],
    ids=["author changed", "value changed", "first row gone", "last row gone"],
)
def test_the_first_row_that_is_not_as_it_was_sealed_is_named(company: Company, sql: str, broken: int) -> None:
    decisions(4)
    sealing.seal(company.pk)
    tamper(sql)

    assert sealing.verify(company.pk).broken == broken
    with pytest.raises(CommandError, match="1 company is broken"):
        call_command("verify_audit", stdout=StringIO())


def test_the_command_says_that_all_is_as_it_was_sealed(company: Company) -> None:
    decisions(2)
    sealing.seal(company.pk)
    decisions(1)
    said = StringIO()
    call_command("verify_audit", company=company.pk, stdout=said)
    assert "2 rows as they were sealed, 1 not sealed yet" in said.getvalue()


def test_the_daily_check_goes_on_where_it_was_and_keeps_what_it_finds(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "CHECKED_AT_ONCE", 2)
    decisions(3)
    sealing.seal(company.pk)

    sealing.check_on()
    assert (AuditSeal.objects.get().checked_number, AuditSeal.objects.get().verified_at) == (2, None)
    sealing.check_on()
    assert AuditSeal.objects.get().verified_at is not None
    assert AuditSeal.objects.get().broken_number is None
    assert sealing.check_on() == 0

    AuditSeal.objects.update(verified_at=None)
    tamper("update syncapp_auditevent set actor = 'nobody' where number = 1")
    sealing.check_on()
    assert AuditSeal.objects.get().broken_number == 1


@pytest.mark.parametrize(
    "sql",
    [
        "update syncapp_auditevent set actor = 'nobody'",
        "update syncapp_auditevent set number = 7 where number = 1",
        "delete from syncapp_auditevent",
    ],
)
def test_the_database_itself_refuses_to_change_a_row(company: Company, sql: str) -> None:
    decisions(1)
    sealing.seal(company.pk)
    with pytest.raises(DatabaseError), transaction.atomic():
        bulk.execute(sql)
    assert AuditEvent.objects.get().number == 1


def test_rows_of_one_write_are_sealed_with_their_place_in_it(company: Company) -> None:
    for part in range(2):
        an_audit_row(company, part=part)
    sealing.seal_due()
    assert sealing.verify(company.pk).broken is None

    tamper("update syncapp_auditevent set part = 5 where number = 2")

    assert sealing.verify(company.pk).broken == 2


def test_seals_from_before_a_write_had_several_rows_still_hold(company: Company) -> None:
    """A seal covers what it did then: the place in the write only where there is one."""
    row = {name: getattr(an_audit_row(company), name) for name in sealing.READ}
    without = {name: value for name, value in row.items() if name != "part"} | {"part": 0}

    seal = sealing.seal_of(company.pk, 1, "", without)

    content = {name: sealing._text(row[name]) for name in sealing.COLUMNS}
    text = json.dumps([company.pk, 1, "", content], sort_keys=True, separators=(",", ":"), default=str)
    assert seal == hashlib.sha256(text.encode()).hexdigest()
