"""The list of records: filters by state and mapping, search, pages by key, and sending several at once."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET, require_POST

from connectors.contracts import Side
from portal.pair_words import words_of
from portal.people.access import PortalRequest, company_page
from portal.states import look_of
from syncapp.models import Integration, Mapping
from syncapp.services import records, runs, sync
from syncapp.services.errors import Refused
from syncapp.store import specs

CHIPS = (
    ("needs_attention", "needs_attention"),
    ("conflict", "conflict"),
    ("waiting", "waiting"),
    ("syncing", "syncing"),
    ("queued", "queued"),
    ("changed", "changed_qbo"),
    ("deleted_there", "deleted_there"),
    ("not_synced", "not_synced"),
    ("in_sync", "in_sync"),
    ("skipped", "skipped"),
    ("unlinked", "unlinked"),
)
"""The filters in the order of what a person should look at first, each with the state whose look it wears."""
WORDS = {"changed": "Changed on one side"}

TARGETS = {
    "send": (Side.QUICKBOOKS, "Send to QuickBooks"),
    "fetch": (Side.SALESFORCE, "Sync from QuickBooks"),
}
"""What the two buttons do: the side that is written, and the words of the press."""


@company_page("records.view")
@require_GET
def list_(request: PortalRequest) -> HttpResponse:
    """One page of records."""
    question = {name: request.GET.get(name, "").strip() for name in ("state", "q", "mapping", "before")}
    state = question["state"] if question["state"] in records.FILTERS else ""
    mapping = int(question["mapping"]) if question["mapping"].isdecimal() else None
    found = records.page(state=state, mapping=mapping, query=question["q"], before=question["before"])
    if question["q"] and len(found.rows) == 1 and "://" in question["q"]:
        return redirect("portal:record", pk=found.rows[0].id)
    counts = records.counts(mapping)
    chosen = Mapping.objects.filter(pk=mapping).first() if mapping else None
    context = {
        "page": found,
        "buttons": words_of(specs.published_spec(chosen) if chosen else None, many=True),
        "counts": counts,
        "all": counts["all"] if mapping else records.listed(counts),
        "chips": [_chip(name, look, counts[name]) for name, look in CHIPS if counts[name] or name == state],
        "state": state,
        "mapping": mapping,
        "mappings": list(Mapping.objects.order_by("integration_id", "id")),
        "q": question["q"],
        "narrowed": bool(state or mapping or question["q"] or question["before"]),
        "running": Integration.objects.filter(switched_on_at__isnull=False).exists(),
    }
    return render(request, "records/list.html", context)


def _chip(name: str, look: str, count: int) -> dict[str, object]:
    return {
        "name": name,
        "word": WORDS.get(name, look_of(look).word),
        "icon": look_of(look).icon,
        "count": count,
    }


@company_page("records.sync")
@require_POST
def sync_many(request: PortalRequest) -> HttpResponseBase:
    """Send the chosen records, or sync them from QuickBooks, as one run."""
    chosen = [UUID(one) for one in request.POST.getlist("record") if _is_uuid(one)]
    target, cause = TARGETS.get(request.POST.get("do", ""), TARGETS["send"])
    if not chosen:
        raise Refused("records.none_chosen")
    if request.POST.get("do") == "preview":
        plan = runs.preview_links(chosen, person=request.user, cause="Preview of chosen records")
        return redirect("portal:run", pk=plan.pk)
    run = sync.request(chosen, target=target, person=request.user, cause=cause)
    messages.success(request, f"{cause}: {len(chosen)} record{'s' if len(chosen) != 1 else ''} queued.")
    return redirect("portal:run", pk=run.pk)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


urls: list[URLPattern] = [
    path("records/", list_, name="records"),
    path("records/sync/", sync_many, name="records-sync"),
]
