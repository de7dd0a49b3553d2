"""The last steps of setup: what the first load would do, deciding on look-alikes, switching on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET, require_POST

from connectors.contracts import Side
from portal.pages.setup import integration_of_setup, page
from portal.people.access import PortalRequest, company_page
from syncapp.engine.reasons import MATCH_TWIN
from syncapp.messages import words_for
from syncapp.models import Integration, PreviewItem, RecordLink, Run
from syncapp.services import matching, setup, sync_test

SHOWN = 25


@dataclass(frozen=True, slots=True)
class Group:
    """One list of the plan: its figure, what it means and where it opens."""

    key: str
    label: str
    note: str
    tone: str
    icon: str


GROUPS = (
    Group("linked", "Already there", "compared when you start", "good", "check"),
    Group("alike", "Looks alike", "you decide", "warn", "eye"),
    Group("new_qbo", "New in QuickBooks", "only in Salesforce now", "mute", "side-qb"),
    Group("new_sf", "New in Salesforce", "only in QuickBooks now", "mute", "side-sf"),
    Group("skipped", "Left out", "by your rules", "mute", "skip"),
)
BY_KEY = {group.key: group for group in GROUPS}


REASONS = {"external": "id", "code": "number", "postal": "postal code", "email": "e-mail"}
SHOWN_DETAILS = ("email", "phone", "postal", "code")


def _candidate(stored: dict[str, Any]) -> dict[str, Any]:
    """A stored candidate in the words of the page: why it resembles, and what tells it apart."""
    details = stored.get("details", {})
    return {
        **stored,
        "why": ", ".join(REASONS.get(reason, reason) for reason in stored.get("reasons", ())).capitalize(),
        "facts": " · ".join(str(details[key]) for key in SHOWN_DETAILS if details.get(key)),
    }


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """One line of a list: the record, what it would be linked to or resembles, how much would change, and why."""

    link: RecordLink
    candidates: list[dict[str, Any]]
    partner: dict[str, Any] | None
    changes: int
    reason: str
    twin: str
    """Which record of its own side it looks like, where that one goes first."""

    @classmethod
    def of(cls, item: PreviewItem) -> PlannedItem:
        decision = item.decision
        if item.link is None:
            raise ValueError("a first load plans records that have a link")
        reasons = [words_for(one["code"], one["values"]).title for one in decision.get("reasons", [])[:1]]
        codes = {one["code"] for one in decision.get("reasons", [])}
        return cls(
            link=item.link,
            candidates=[_candidate(one) for one in decision.get("candidates", [])],
            partner=decision.get("link_to"),
            changes=len(decision.get("changes", [])),
            reason=reasons[0] if reasons else "",
            twin=reasons[0] if MATCH_TWIN in codes else "",
        )


@company_page("setup.view")
@require_GET
def match_step(request: PortalRequest) -> HttpResponseBase:
    """What the first load would do: the figures, live while both sides are read."""
    integration = integration_of_setup()
    if integration is None or not integration.template:
        return redirect("portal:setup")
    return page(request, "match", _plan(integration))


@company_page("setup.view")
@require_GET
def match_progress(request: PortalRequest) -> HttpResponse:
    """The figures alone; asks for itself again only while something is being read."""
    found = _plan(_being_set_up())
    if found["plan"] is None:
        raise Http404
    return render(request, "setup/plan.html", found)


def _being_set_up() -> Integration:
    integration = integration_of_setup()
    if integration is None:
        raise Http404
    return integration


def _plan(integration: Integration) -> dict[str, object]:
    plan = setup.plan(integration)
    if plan.run is None:
        return {"plan": None, "integration": integration}
    failed = plan.run.failure_code
    return {
        "plan": plan,
        "tiles": [(group, getattr(plan, group.key)) for group in GROUPS],
        "integration": integration,
        "failure": words_for(failed, plan.run.failure_values) if failed else None,
    }


@company_page("setup.edit")
@require_POST
def match_begin(request: PortalRequest) -> HttpResponseBase:
    """Read both sides and plan; nothing is written to either."""
    setup.begin_scan(_being_set_up(), request.user)
    return redirect("portal:setup-match")


@company_page("setup.view")
@require_GET
def match_list(request: PortalRequest, group: str) -> HttpResponse:
    """One list of the plan, paged by key."""
    if group not in BY_KEY:
        raise Http404
    integration = _being_set_up()
    plan = setup.plan(integration)
    if plan.run is None:
        raise Http404
    rows = list(_items(plan.run, group, request.GET.get("after", ""))[: SHOWN + 1])
    shown, more = rows[:SHOWN], len(rows) > SHOWN
    context = {
        "group": BY_KEY[group],
        "count": getattr(plan, group),
        "items": [PlannedItem.of(item) for item in shown],
        "older": str(shown[-1].pk) if more else "",
        "integration": integration,
    }
    return page(request, "match", context, template="setup/match_list.html")


def _items(run: Run, group: str, after: str) -> QuerySet[PreviewItem]:
    rows = (
        PreviewItem.objects.filter(run=run, group=group)
        .select_related("link", "link__mapping")
        .order_by("id")
    )
    return rows.filter(id__gt=int(after)) if after.isdecimal() else rows


def _link(pk: UUID) -> RecordLink:
    link: RecordLink = get_object_or_404(RecordLink.objects.select_related("mapping"), pk=pk)
    return link


def _decided(request: PortalRequest, link: RecordLink, words: str) -> HttpResponseBase:
    if request.htmx:
        return render(request, "setup/decided.html", {"link": link, "words": words})
    messages.success(request, words)
    return redirect("portal:setup-match-list", group="alike")


@company_page("records.link")
@require_POST
def match_link(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """These two are the same."""
    link = _link(pk)
    matching.link_to(link, request.POST.get("candidate", ""), request.user)
    return _decided(request, link, f"{link} will be linked.")


@company_page("records.link")
@require_POST
def match_different(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """These two are not the same."""
    link = _link(pk)
    matching.not_the_same(link, request.POST.get("candidate", ""), request.user)
    return _decided(request, link, f"{link}: noted that they are not the same.")


@company_page("records.link")
@require_POST
def match_create(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """Make a new record on the other side."""
    link = _link(pk)
    matching.create_new(link, request.user)
    other = "QuickBooks" if _there(link) is Side.SALESFORCE else "Salesforce"
    return _decided(request, link, f"{link} will be created in {other}.")


def _there(link: RecordLink) -> Side:
    return Side.SALESFORCE if link.sf_id else Side.QUICKBOOKS


@company_page("records.link")
@require_POST
def match_ignore(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """Leave this record out."""
    link = _link(pk)
    matching.ignore(link, request.user)
    return _decided(request, link, f"{link} is ignored. You can change that on its page.")


@company_page("setup.view")
@require_GET
def start_step(request: PortalRequest) -> HttpResponseBase:
    """What will happen when it is switched on."""
    integration = integration_of_setup()
    if integration is None or not integration.template:
        return redirect("portal:setup")
    if integration.switched_on_at is not None:
        return redirect("portal:dashboard")
    return page(request, "start", _plan(integration))


@company_page("setup.edit")
@require_POST
def switch_on(request: PortalRequest) -> HttpResponseBase:
    """Start the first load. From here on both sides are written to."""
    integration = _being_set_up()
    run = setup.switch_on(integration, request.user)
    messages.success(request, "Switched on. The first load has started.")
    if sync_test.can_test(integration):
        return redirect("portal:setup-test")
    return redirect("portal:run", pk=run.pk)


urls: list[URLPattern] = [
    path("setup/match/", match_step, name="setup-match"),
    path("setup/match/progress/", match_progress, name="setup-match-progress"),
    path("setup/match/begin/", match_begin, name="setup-match-begin"),
    path("setup/match/list/<str:group>/", match_list, name="setup-match-list"),
    path("setup/match/<uuid:pk>/link/", match_link, name="setup-match-link"),
    path("setup/match/<uuid:pk>/different/", match_different, name="setup-match-different"),
    path("setup/match/<uuid:pk>/create/", match_create, name="setup-match-create"),
    path("setup/match/<uuid:pk>/ignore/", match_ignore, name="setup-match-ignore"),
    path("setup/start/", start_step, name="setup-start"),
    path("setup/start/on/", switch_on, name="setup-switch-on"),
]
