"""Try a draft on live records: what would be sent, shown and never sent."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_http_methods

from portal.pages.mapping_versions import mapping_of
from portal.payloads import redacted
from portal.people.access import PortalRequest, company_page
from syncapp.messages import words_for
from syncapp.services import mapping_trial
from syncapp.services.mapping_trial import Tried

MOST = 5
KINDS = {
    "create": "would be created",
    "update": "would be written",
    "link": "would be linked",
    "adopt": "agrees; nothing is written",
    "nothing": "is in step; nothing is written",
    "skip": "is left out",
    "wait": "waits",
    "conflict": "asks you to choose",
    "hold": "asks you first",
}


@company_page("records.read")
@require_http_methods(["GET", "POST"])
def page(request: PortalRequest, pk: int) -> HttpResponse:
    """Choose records (GET), see what the draft would do with them (POST)."""
    mapping = mapping_of(pk)
    search = request.GET.get("q", "").strip()[:120]
    chosen = [found for text in request.POST.getlist("record")[:MOST] if (found := _uuid(text)) is not None]
    tried = mapping_trial.try_draft(mapping, _own(mapping.pk, chosen)) if chosen else []
    context = {
        "mapping": mapping,
        "search": search,
        "choices": mapping_trial.records_to_try(mapping, search),
        "chosen": chosen,
        "tried": [_told(one) for one in tried],
        "none_chosen": request.method == "POST" and not chosen,
        "most": MOST,
    }
    return render(request, "mapping/try.html", context)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _own(mapping_id: int, chosen: list[UUID]) -> list[UUID]:
    """Those of the mapping in the current company; a strange id is none of them."""
    return mapping_trial.of_mapping(mapping_id, chosen)


def _told(one: Tried) -> dict[str, Any]:
    return {
        "tried": one,
        "says": KINDS.get(one.kind, one.kind),
        "reasons": [words_for(reason.code, reason.values) for reason in one.reasons],
        "body": redacted(one.body),
    }


urls: list[URLPattern] = [path("mappings/<int:pk>/try/", page, name="mapping-try")]
