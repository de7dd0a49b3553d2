"""Every failure and every decision has words a bookkeeper understands."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from connectors.quickbooks import faults as quickbooks_faults
from connectors.salesforce import faults as salesforce_faults
from connectors.salesforce import oauth as salesforce_oauth
from syncapp import __version__
from syncapp.engine import reasons
from syncapp.messages import registry, words_for
from syncapp.messages.document import anchor, in_own_words, render_markdown
from syncapp.messages.words import BUTTONS
from tests.listed_codes import quickbooks_codes, salesforce_codes, sign_in_codes, users_codes

ROOT = Path(__file__).resolve().parent.parent.parent


def test_every_fault_of_quickbooks_has_words():
    assert {f"qbo.{code}" for code in quickbooks_faults.KINDS} - registry().keys() == set()


def test_every_error_of_salesforce_has_words():
    codes = [*salesforce_faults.KINDS, *salesforce_faults.STATUS_KINDS]
    assert {f"sf.{code}" for code in codes} - registry().keys() == set()


def test_every_rule_of_the_engine_has_words():
    assert reasons.ALL - registry().keys() == set()


def test_every_sign_in_answer_has_words():
    named = {code for _, code, _ in salesforce_oauth._GRANT_WORDS}
    named |= {f"oauth.{error}" for error in salesforce_oauth._KINDS}
    assert named - registry().keys() == set()


def _raised() -> Iterator[tuple[str, str]]:
    """Codes that are written as texts where a Failure or a Refused is made."""
    for folder in ("connectors", "syncapp"):
        for path in (ROOT / folder).rglob("*.py"):
            if "simulator" in path.parts or "messages" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    place = {"Failure": 1, "Refused": 0}.get(node.func.id)
                    if place is not None and len(node.args) > place:
                        code = node.args[place]
                        if isinstance(code, ast.Constant) and isinstance(code.value, str):
                            yield code.value, str(path.relative_to(ROOT))


def test_every_code_that_is_raised_has_words():
    assert {(code, path) for code, path in _raised() if code not in registry()} == set()


ENGINE_WORDS = re.compile(
    r"!|\boops\b|\bfailed to\b|\btenant\b|\bintent\b|\bfence\b|\blease\b", re.IGNORECASE
)


def test_words_are_plain_and_complete():
    for code, message in registry().items():
        text = f"{message.title} {message.what} {message.todo}"
        assert 0 < len(message.title) <= 80, code
        assert not ENGINE_WORDS.search(text), code
        assert all(name is None or name.isidentifier() for _, name, _, _ in Formatter().parse(text)), code


def test_every_message_says_what_happened_and_what_to_do_in_our_own_words():
    """A vendor's text comes on top; alone it may be empty, or in a language of its own."""
    lacking = {
        code
        for code, message in registry().items()
        if not (in_own_words(message.what) and in_own_words(message.todo))
    }
    assert lacking == set()


def test_every_code_of_the_wire_references_has_words():
    named = quickbooks_codes() | salesforce_codes() | sign_in_codes() | users_codes()
    assert len(named) > 150
    assert named - registry().keys() == set()


def test_buttons_are_those_that_pages_know():
    assert {message.button for message in registry().values()} - {"", *BUTTONS} == set()


def test_words_are_filled_with_what_was_seen():
    words = words_for(
        "engine.too_long", {"label": "Name", "length": 120, "limit": 100, "field": "DisplayName"}
    )
    assert words.title == "Name is too long"
    assert words.what == "It has 120 characters; DisplayName takes 100. Nothing was sent for it."


def test_an_unknown_code_shows_the_vendors_own_words():
    words = words_for("qbo.4711", {"message": "Odd thing", "detail": "Element X.", "request_id": "1-5f-2"})
    assert (words.code, words.what) == (
        "qbo.4711",
        "It answered: Odd thing Element X. Its code is 4711. Request id 1-5f-2.",
    )
    assert (
        words_for("sf.NEW_CODE", {"message": "No", "fields": ["A", "B"]}).what
        == "It answered: No Fields: A, B. Its code is NEW_CODE."
    )
    assert "shop.closed" in words_for("shop.closed").what


@pytest.mark.parametrize(
    ("code", "detail", "title"),
    [
        ("qbo.6000", "Make sure all your transactions have a GST/HST rate before you save.", "A line has no tax code"),
        ("qbo.6000", "You can only use one foreign currency per transaction.", "Two currencies in one document"),
        ("qbo.6000", "You must set a transaction amount.", "The document has no amount"),
        ("qbo.2500", "Invalid Reference Id : Names element id 7 not found", "It names a customer or vendor"),
        ("qbo.2500", "Invalid Reference Id : Line.SalesItemLineDetail.ItemRef", "It names a product"),
        ("qbo.2500", "Invalid Reference Id : Accounts element id 9 not found", "It names an account of the books"),
        ("qbo.6000", "Anything else", "QuickBooks refused by one of its rules"),
        ("qbo.610", "Something you're trying to use has been made inactive.", "Something it uses is inactive in"),
        ("sf.REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", "Salesforce's calls for today are used up"),
        ("sf.FIELD_INTEGRITY_EXCEPTION", "There's a problem with this state", "Salesforce does not know this state"),
    ],
)  # fmt: skip
def test_a_vendors_text_chooses_the_closer_words(code, detail, title):
    assert words_for(code, {"message": "", "detail": detail}).title.startswith(title)


@pytest.mark.parametrize(
    ("holder", "title"),
    [
        ({}, "QuickBooks refused: name already in use"),
        ({"holder_type": "Vendor"}, "QuickBooks refused: name already in use by a vendor"),
        ({"holder_type": "Employee"}, "QuickBooks refused: name already in use by an employee"),
        ({"holder_type": "Customer"}, "QuickBooks refused: another customer has this name"),
        (
            {"holder_type": "Customer", "holder_inactive": True},
            "QuickBooks refused: an inactive customer has this name",
        ),
    ],
)
def test_a_taken_name_says_who_has_it(holder, title):
    assert words_for("qbo.6240", {"holder_name": "Acme", **holder}).title == title


def test_the_page_of_errors_is_current_and_has_an_anchor_for_each_code():
    page = render_markdown(registry())
    # `manage.py errors_page` writes it
    assert (ROOT / "docs" / "errors.md").read_text(encoding="utf-8") == page
    assert all(f'<a id="{anchor(code)}"></a>' in page for code in registry())
    assert "{" not in page


def test_the_version_that_support_asks_for_is_that_of_the_package():
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
