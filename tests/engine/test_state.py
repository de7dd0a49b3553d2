from __future__ import annotations

import pytest

from syncapp.engine import reasons
from syncapp.engine.state import state_of


@pytest.mark.parametrize(
    ("key", "facts"),
    [
        ("in_sync", {"lifecycle": "linked"}),
        ("not_synced", {"lifecycle": "creating"}),
        ("queued", {"lifecycle": "linked", "due": True}),
        ("syncing", {"lifecycle": "linked", "due": True, "leased": True}),
        ("paused", {"lifecycle": "linked", "paused": True}),
        ("unlinked", {"lifecycle": "unlinked", "paused": True}),
        ("needs_attention", {"lifecycle": "candidate", "attention": "candidate"}),
        ("needs_attention", {"lifecycle": "linked", "attention": "data_error"}),
        ("needs_attention", {"lifecycle": "linked", "attention": "unknown"}),
        ("conflict", {"lifecycle": "linked", "attention": "conflict"}),
        ("changed_qbo", {"lifecycle": "linked", "attention": "drift", "values": {"side": "qbo"}}),
        ("changed_sf", {"lifecycle": "linked", "attention": "drift", "values": {"side": "sf"}}),
        ("waiting", {"lifecycle": "creating", "attention": "waiting", "values": {"name": "Acme"}}),
        ("skipped", {"lifecycle": "creating", "attention": "skipped", "code": reasons.FILTERED}),
        ("ignored", {"lifecycle": "creating", "attention": "skipped", "code": "person.ignored"}),
        ("deleted_there", {"lifecycle": "linked", "attention": "gone", "code": reasons.QBO_DELETED}),
        ("deleted_there", {"lifecycle": "gone", "attention": "gone"}),
        ("voided", {"lifecycle": "linked", "attention": "gone", "code": reasons.QBO_VOIDED}),
    ],
)
def test_every_link_has_one_state_of_the_vocabulary(key, facts):
    assert state_of(**{"attention": "none", **facts}).key == key


def test_a_wait_names_the_parent_and_a_skip_its_reason():
    waiting = state_of(lifecycle="creating", attention="waiting", values={"name": "Acme"})
    skipped = state_of(lifecycle="creating", attention="skipped", code=reasons.FILTERED)
    assert (waiting.about, skipped.about) == ("Acme", "left out by the filter")


@pytest.mark.parametrize(
    "code",
    [
        *(reasons.MAPPING_OFF, reasons.BUTTON_ONLY, reasons.WRITES_OFF, reasons.FIRST_SCAN, reasons.FILTERED),
        *(reasons.NOTHING_THERE, reasons.NEVER_LIVED, reasons.CREATE_OFF, reasons.NO_RECREATE),
        reasons.INACTIVE_ALONE,
    ],
)
def test_every_skip_of_the_engine_says_why(code):
    about = state_of(lifecycle="creating", attention="skipped", code=code).about
    assert about
    assert about != "by rule"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (
            {"attention": "skipped", "code": reasons.FIELD_EMPTY, "values": {"label": "Generate"}},
            ("Generate is empty", "Goes on once it is filled in"),
        ),
        (
            {"attention": "blocked", "code": reasons.PARENT_PROBLEM, "values": {"parent": "Path Light"}},
            ("", "Waits for Path Light, which needs attention"),
        ),
        (
            {"attention": "data_error", "code": reasons.NO_LINES, "cause": "No products and no amount"},
            ("", "No products and no amount"),
        ),
        ({"attention": "data_error"}, ("", "Not tried again until something changes")),
    ],
)
def test_one_line_says_what_a_record_waits_for(facts, said):
    state = state_of(lifecycle="creating", **facts)
    assert (state.about, state.next_step) == said
