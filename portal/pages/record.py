"""One record: both sides, how they stand, what went wrong and the way out, what happened before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect

from connectors.contracts import Priority, Side
from connectors.errors import ConnectorError
from portal import history, remedies
from portal.pages.records import TARGETS
from portal.pair_words import words_of
from portal.payloads import payloads
from portal.people.access import PortalRequest, company_page
from syncapp.engine.entities import EntityTraits, traits
from syncapp.messages import words_for
from syncapp.models import Attempt, Lifecycle, LinkWait, RecordLink, WriteIntent
from syncapp.services import (
    addresses,
    answers,
    clients,
    closed_books,
    conflicts,
    gone,
    held_up,
    matching,
    naming,
    problems,
    records,
    runs,
    sides,
    support,
    sync,
    unclear,
)
from syncapp.services.errors import Refused
from syncapp.store import specs

HISTORY = 15
ADVANCED = 50
WAITERS = 20
ACTIVE = ("queued", "syncing")


@company_page("records.view")
@require_GET
def page(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """The whole page; that of the other half, once this one was joined with it."""
    link = _link(pk)
    if link.lifecycle == Lifecycle.ABSORBED and link.absorbed_into_id is not None:
        return redirect("portal:record", pk=link.absorbed_into_id)
    return render(request, "record/page.html", _context(link))


@company_page("records.view")
@require_GET
def live(request: PortalRequest, pk: UUID) -> HttpResponse:
    """While something is under way: the head alone. When it has ended: the whole record, in place."""
    link = _link(pk)
    state = records.state_of_link(link)
    if state.key in ACTIVE:
        return render(request, "record/bridge.html", _head(link, state))
    response = render(request, "record/body.html", {**_context(link), "say": True})
    response.headers["HX-Retarget"] = "#record"
    response.headers["HX-Reswap"] = "outerHTML"
    return response


@company_page("records.sync")
@require_POST
def sync_one(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """Send to QuickBooks, Sync from QuickBooks, or plainly try again."""
    link = _link(pk)
    if request.POST.get("do") == "preview":
        plan = runs.preview_links([link.pk], person=request.user, cause=f"Preview: {link}")
        return redirect("portal:run", pk=plan.pk)
    target, cause = TARGETS.get(request.POST.get("do", ""), (None, "Try again"))
    sync.request([link.pk], target=target, person=request.user, cause=cause)
    return _answer(request, link)


@company_page("records.link")
@require_POST
def match(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """A person decides about a possible match."""
    link, candidate = _link(pk), request.POST.get("candidate", "")
    actions: dict[str, Callable[[], RecordLink | None]] = {
        "link": lambda: matching.link_to(link, candidate, request.user),
        "not_the_same": lambda: matching.not_the_same(link, candidate, request.user),
        "create_new": lambda: matching.create_new(link, request.user),
        "ignore": lambda: matching.ignore(link, request.user),
        "unlink": lambda: matching.unlink(link, request.user),
        "relink": lambda: matching.relink(link, request.user),
        "suffix": lambda: naming.add_suffix(link, request.POST.get("remote_id", ""), request.user),
        "watch_again": lambda: matching.watch_again(link, request.user),
    }
    action = actions.get(request.POST.get("do", ""))
    if action is None:
        raise Refused("records.none_chosen")
    survivor = action() or link
    if survivor.pk != link.pk and request.htmx:
        return HttpResponseClientRedirect(reverse("portal:record", kwargs={"pk": survivor.pk}))
    return _answer(request, survivor)


@company_page("conflicts.answer")
@require_POST
def answer(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """Take one side's value for fields that wait."""
    link = _link(pk)
    unit, side = request.POST.get("unit", ""), request.POST.get("side", "")
    answers.answer(link, unit, side, request.user, seen=request.POST.get("seen"))
    return _answer(request, link)


@company_page("records.link")
@require_POST
def gone_there(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """A person says what shall become of a record whose other half was deleted, or is inactive."""
    link = _link(pk)
    gone.answer(link, request.POST.get("do", ""), request.user)
    return _answer(request, link)


@company_page("records.link")
@require_POST
def closed_period(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """A person says what shall become of a new document whose date lies in closed books."""
    link = _link(pk)
    closed_books.answer(link, request.POST.get("do", ""), request.user)
    return _answer(request, link)


@transaction.non_atomic_requests
@company_page("records.link")
@require_POST
def outcome(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """A person says what became of a write whose answer was lost: it exists over there, or it does not."""
    link = _link(pk)
    said = request.POST.get("do", "")
    if said == "exists":
        unclear.it_exists(link, request.user, request.POST.get("remote_id", ""))
    elif said == "does_not":
        unclear.it_does_not(link, request.user)
    else:
        raise Refused("records.none_chosen")
    return _answer(request, link)


@transaction.non_atomic_requests
@company_page("records.read")
@require_POST
def look_again(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """Read both sides at the vendors now and show them; writes nothing."""
    link = _link(pk)
    salesforce, quickbooks = link.mapping.integration.salesforce, link.mapping.integration.quickbooks
    if salesforce is None or quickbooks is None:
        raise Refused("setup.not_connected")
    try:
        pair = {
            Side.SALESFORCE: clients.client_for(salesforce, Priority.INTERACTIVE),
            Side.QUICKBOOKS: clients.client_for(quickbooks, Priority.INTERACTIVE),
        }
        compared = sides.read_now(link, pair)
    except ConnectorError as error:
        raise Refused(
            error.failure.code, message=error.failure.message, detail=error.failure.detail
        ) from error
    return render(
        request, "record/sides.html", {"link": link, "sides": compared, "looked_at": timezone.now()}
    )


def _answer(request: PortalRequest, link: RecordLink) -> HttpResponseBase:
    """The record as it stands now: in place for htmx, else its page."""
    if request.htmx:
        return render(request, "record/body.html", {**_context(_link(link.pk)), "say": True})
    messages.success(request, "Your choice is stored.")
    return redirect("portal:record", pk=link.pk)


def _link(pk: UUID) -> RecordLink:
    links = RecordLink.objects.select_related(
        "work",
        "mapping__integration__company",
        "mapping__integration__salesforce",
        "mapping__integration__quickbooks",
    )
    return get_object_or_404(links, pk=pk)


def _head(link: RecordLink, state: Any) -> dict[str, Any]:
    """What the bridge at the top needs: cheap enough to ask for every two seconds."""
    integration = link.mapping.integration
    connections = records.connections_of(integration)
    held = held_up.by(integration) if state.key == "queued" else []
    return {
        "link": link,
        "state": state,
        "held_up_by": [words_for(one.code, one.values) for one in held],
        "there": records.name_in_quickbooks(link),
        "active": state.key in ACTIVE,
        "urls": addresses.urls(connections, link.sf_object, link.sf_id, link.qbo_entity, link.qbo_id),
        "connections": connections,
    }


def _context(link: RecordLink) -> dict[str, Any]:
    state = records.state_of_link(link)
    compared = sides.sides(link)
    problem = problems.of_link(link.pk)
    tries = list(Attempt.objects.filter(link=link).select_related("person").order_by("-id")[: ADVANCED + 1])
    candidates = matching.candidates(link) if _no_counterpart(link) else []
    spec = specs.published_spec(link.mapping)
    held = conflicts.held(link)
    remedy = remedies.for_record(link, problem, state, held=bool(held), matches=bool(candidates))
    return {
        **_head(link, state),
        "sides": compared,
        "held": held,
        "remedy": remedy,
        "support": support.of_link(link, problem) if remedy else "",
        "others": problems.others_like(problem) if problem else 0,
        "candidates": candidates,
        "history": [history.line(attempt) for attempt in tries[:HISTORY]],
        "older": max(0, len(tries) - HISTORY),
        "tries": tries[:ADVANCED],
        "payloads": payloads(WriteIntent.objects.filter(link=link).order_by("-id")[:5]),
        "waiting": list(_waiters(link)),
        "waits_for": list(LinkWait.objects.filter(child=link).select_related("parent__mapping")),
        "follow_ups": list(link.follow_ups.order_by("kind")) if traits_of(link).document else [],
        "version": spec.version if spec else 0,
        "buttons": words_of(spec),
    }


def traits_of(link: RecordLink) -> EntityTraits:
    """What the QuickBooks half is like."""
    return traits(Side.QUICKBOOKS, link.qbo_entity)


def _no_counterpart(link: RecordLink) -> bool:
    return link.lifecycle in {"creating", "candidate"} and not (link.sf_id and link.qbo_id)


def _waiters(link: RecordLink) -> Any:
    return LinkWait.objects.filter(parent=link).select_related("child__mapping").order_by("id")[:WAITERS]


urls: list[URLPattern] = [
    path("records/<uuid:pk>/", page, name="record"),
    path("records/<uuid:pk>/live/", live, name="record-live"),
    path("records/<uuid:pk>/sync/", sync_one, name="record-sync"),
    path("records/<uuid:pk>/match/", match, name="record-match"),
    path("records/<uuid:pk>/answer/", answer, name="record-answer"),
    path("records/<uuid:pk>/outcome/", outcome, name="record-outcome"),
    path("records/<uuid:pk>/closed-period/", closed_period, name="record-closed"),
    path("records/<uuid:pk>/gone/", gone_there, name="record-gone"),
    path("records/<uuid:pk>/look-again/", look_again, name="record-look-again"),
]
