"""The sign-in library's pages speak the words of this product."""

from __future__ import annotations

import gettext
import re
from importlib.util import find_spec
from pathlib import Path

from django.conf import settings

FOLDER = Path(settings.BASE_DIR) / "portal" / "locale" / "en" / "LC_MESSAGES"


def entries() -> dict[str, str]:
    """What the library says, and what we say instead; of a plural the form for one."""
    text = (FOLDER / "django.po").read_text(encoding="utf-8")
    found = re.findall(r'^msgid "(.+)"\n(?:msgid_plural .*\n)?msgstr(?:\[0\])? "(.*)"$', text, re.MULTILINE)
    return {ours(said): ours(instead) for said, instead in found}


def ours(quoted: str) -> str:
    return quoted.replace('\\"', '"')


def library_text() -> str:
    spec = find_spec("allauth")
    assert spec is not None
    assert spec.origin is not None
    sources = (
        path for path in Path(spec.origin).parent.rglob("*") if path.suffix in {".py", ".html", ".txt"}
    )
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", r"%(\1)s", text)


def test_the_compiled_words_are_those_of_the_list() -> None:
    with (FOLDER / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    said = {word: compiled.gettext(word) if word in entries() else "" for word in entries()}
    plurals = {word: compiled.ngettext(word, "", 1) for word, instead in said.items() if instead == word}

    assert {**said, **plurals} == entries()


def test_every_word_replaced_is_one_that_the_library_says() -> None:
    text = library_text()

    assert [word for word in entries() if word not in text] == []
