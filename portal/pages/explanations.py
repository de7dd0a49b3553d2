"""Every error with its cause and remedy, from the registry that problems take their words from."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET

from portal.people.access import PortalRequest, company_page
from syncapp.messages import registry
from syncapp.messages.document import AREAS, anchor, in_own_words
from syncapp.messages.words import BUTTONS

SHOWN = ("engine", "qbo", "sf", "oauth", "connection", "net", "limit")
"""The areas that a problem can come from."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One error as the page shows it."""

    code: str
    anchor: str
    title: str
    what: str
    todo: str
    button: str


@company_page("site.enter")
@require_GET
def errors(request: PortalRequest) -> HttpResponse:
    """The page that problems link to; `q` narrows it to what holds the words."""
    query = request.GET.get("q", "").strip()
    areas = [(area, AREAS[area], _entries(area, query.casefold())) for area in SHOWN]
    context = {"areas": [area for area in areas if area[2]], "query": query}
    return render(request, "help/errors.html", context)


def _entries(area: str, wanted: str) -> list[Entry]:
    found = [_entry(code) for code in sorted(registry()) if code.partition(".")[0] == area]
    return [
        entry
        for entry in found
        if wanted in f"{entry.code} {entry.title} {entry.what} {entry.todo}".casefold()
    ]


def _entry(code: str) -> Entry:
    message = registry()[code]
    title, what, todo = (in_own_words(text, gap="…") for text in (message.title, message.what, message.todo))
    return Entry(code, anchor(code), title, what, todo, BUTTONS.get(message.button, ""))


urls: list[URLPattern] = [path("help/errors/", errors, name="help-errors")]
