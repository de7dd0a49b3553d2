"""A file of ids becomes a plan; a line that names no record is kept with its number and its reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.contracts import Side
from syncapp.models import Mapping, PreviewItem, RecordLink
from syncapp.services import id_files, prepare, record_files
from syncapp.services.errors import Refused
from syncapp.services.id_files import Named, Unusable
from syncapp.tenancy import tenant
from tests.builders import a_link, a_mapping
from tests.services.spine import Spine, a_spine

ACCOUNT, OTHER = "001000000000001AAA", "001000000000002AAA"


def named(content: str) -> list[tuple[int, str, str]]:
    """(line, side or name, what) of the lines that name a record."""
    return [
        (one.line, one.side.value if one.side else "name", one.id)
        for one in id_files.parse(content.encode()).named
    ]


def codes(content: str) -> list[tuple[int, str]]:
    return [(one.line, one.code) for one in id_files.parse(content.encode()).unusable]


# --- understanding a file ---


def test_without_a_heading_each_value_of_the_first_column_tells_what_it_is() -> None:
    assert named(f"{ACCOUNT},ignored\n58\nBlue Pine\n") == [
        (1, "sf", ACCOUNT),
        (2, "qbo", "58"),
        (3, "name", "Blue Pine"),
    ]


def test_headings_choose_the_column_and_an_id_counts_more_than_a_name() -> None:
    content = f"Name;QuickBooks id;SALESFORCE ID\nBlue Pine;58;{ACCOUNT}\nOak;59;\nElm;;\n"
    assert named(content) == [(2, "sf", ACCOUNT), (3, "qbo", "59"), (4, "name", "Elm")]


def test_short_ids_of_salesforce_count_in_their_long_form() -> None:
    assert named("Salesforce id\n001000000000001\n") == [(2, "sf", "001000000000001AAA")]


def test_a_line_keeps_the_number_that_an_editor_shows_whatever_is_above_it() -> None:
    assert named('Name\n\n"Two\nlines"\n\nOak\n') == [(3, "name", "Two\nlines"), (6, "name", "Oak")]


def test_what_is_no_id_under_a_heading_of_ids_and_what_is_empty_is_kept_with_its_line() -> None:
    content = "Salesforce id,Note\nnonsense,a\n,b\n12,c\n"
    assert codes(content) == [(2, "locate.no_id"), (3, "file.no_value"), (4, "locate.no_id")]


def test_a_name_that_our_own_file_made_harmless_is_read_as_it_was() -> None:
    assert named("Name\n'=Blue\n'quoted'\n") == [(2, "name", "=Blue"), (3, "name", "'quoted'")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file.empty"),
        (b"Name\n", "file.empty"),
        (b"PK\x03\x04\0\0", "file.not_text"),
        (b"\xe9\n", "file.not_text"),
        (b'Name\n"never closed\n', "file.broken"),
        (b"1\n" * (id_files.MOST_LINES + 1), "file.too_large"),
        (b"x" * (id_files.MOST_BYTES + 1), "file.too_large"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_with_a_reason(content: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        id_files.parse(content)
    assert refused.value.code == code


def test_files_of_spreadsheets_in_utf_16_are_read() -> None:
    assert id_files.parse("Name\tx\nÅre\t1\n".encode("utf-16")).named == (Named(2, "Åre", None, "Åre"),)


# --- the records ---


@pytest.fixture
def spine(transactional_db: None) -> Iterator[Spine]:
    with a_spine() as made:
        for name in ("Pine", "Oak", "Elm", "elm"):
            made.account(Name=name, Phone="(555) 010-0000")
        made.first_load()
        made.sync()
        Mapping.all_companies.update(mode="button")
        yield made


simulated = pytest.mark.django_db(databases=["default", "vault"], transaction=True)


def id_of(spine: Spine, name: str) -> str:
    return next(str(row["Id"]) for row in spine.accounts() if row["Name"] == name)


@simulated
def test_a_file_becomes_a_plan_of_its_records_alone_and_writes_nothing(spine: Spine) -> None:
    spine.edit_account(id_of(spine, "Oak"), Phone="(555) 010-0001")
    spine.edit_account(id_of(spine, "Pine"), Phone="(555) 010-0002")
    unknown = spine.account(Name="Made a moment ago")
    mark = spine.mark()
    lines = [
        "Salesforce id,Name",
        f"{id_of(spine, 'Oak')},",
        f"{unknown},",
        ",Pine",
        ",Elm",
        ",Nobody",
        ",pine",
    ]
    with tenant(spine.company.pk):
        made = record_files.preview(spine.mapping, "to_qbo", "\n".join(lines).encode(), "a.csv", spine.person)
    assert made.run is not None
    prepare.prepare(made.run.pk)
    made.run.refresh_from_db()
    items = PreviewItem.all_companies.filter(run=made.run).select_related("link")
    assert {(item.name, item.kind) for item in items} == {
        ("Oak", "update"),
        ("Pine", "update"),
        ("Made a moment ago", "create"),
    }
    assert [(one.line, one.code) for one in made.unusable] == [
        (5, "file.several"),
        (6, "file.no_such_name"),
        (7, "file.twice"),
    ]
    assert spine.writes(mark) == []
    kept = record_files.of_run(made.run)
    assert kept is not None
    assert (kept.lines, kept.unusable) == (6, made.unusable)
    assert (made.run.state, made.run.direction, made.run.cause) == ("done", "to_qbo", "File a.csv")
    assert made.run.calls > 0


@simulated
def test_a_record_that_is_gone_and_an_id_of_another_object_are_listed(spine: Spine) -> None:
    contact = spine.make("Contact", LastName="Ray")
    content = f"Id\n001000000000999AAA\n{contact}\n987654\n"
    with tenant(spine.company.pk):
        made = record_files.preview(spine.mapping, "to_qbo", content.encode(), "a.csv", spine.person)
    assert made.run is None
    assert [(one.line, one.code) for one in made.unusable] == [
        (2, "locate.no_record"),
        (3, "locate.no_owner"),
        (4, "locate.no_record"),
    ]


@pytest.mark.django_db
def test_a_line_that_gives_ids_of_two_different_pairs_is_not_taken() -> None:
    link = a_link(a_mapping(), sf_id=ACCOUNT, qbo_id="58")
    one = Named(2, ACCOUNT, Side.SALESFORCE, ACCOUNT, partner="59")
    answer = record_files._agreeing(one, link)
    assert isinstance(answer, Refused)
    assert (answer.code, answer.values["given"]) == ("file.two_records", "59")


@pytest.mark.django_db
def test_only_what_is_not_in_sync_goes_out_and_each_record_once() -> None:
    mapping = a_mapping()
    a_link(mapping, name="In sync")
    a_link(mapping, name="Left out", attention="skipped")
    waiting = a_link(mapping, name="Waits", attention="waiting", sf_id=OTHER)
    a_link(mapping, name="New", lifecycle="creating", qbo_id=None)
    a_link(a_mapping(mapping.integration, key="other", sf_object="Contact"), name="x", lifecycle="creating")
    with tenant(mapping.company_id):
        rows = list(record_files.pending(mapping))
    assert {row.name for row in rows} == {"Waits", "New"}
    assert len(rows) == 2
    assert RecordLink.all_companies.get(pk=waiting.pk).sf_id in {row.sf_id for row in rows}


def test_lines_survive_the_run_that_keeps_them() -> None:
    one = Unusable(3, "x", "file.several", {"name": "x", "count": 2})
    assert Unusable(*[one.line, one.text, one.code, one.values]) == one
