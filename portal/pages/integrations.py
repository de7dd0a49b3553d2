"""Integrations: pairs of connections, what flows between them, and what waits for what."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from connectors.contracts import Side
from portal import pictures
from portal.pages import schedules as schedule_pages
from portal.people.access import PortalRequest, company_page
from portal.refusals import way_back
from syncapp.engine.criteria_text import in_words
from syncapp.engine.mapping import Direction, MappingSpec
from syncapp.models import Cursor, Integration, Mapping, MappingMode, Run
from syncapp.services import audit, mappings, modes, records, restoring, schedules, setup, sync_test
from syncapp.services.errors import Refused
from syncapp.store import specs


@company_page("integrations.view")
@require_GET
def list_(request: PortalRequest) -> HttpResponse:
    """Every pair with its mappings."""
    pairs = list(Integration.objects.select_related("salesforce", "quickbooks").order_by("id"))
    mappings_of: dict[int, list[Mapping]] = {}
    for one in Mapping.objects.order_by("id"):
        mappings_of.setdefault(one.integration_id, []).append(one)
    context = {"pairs": [{"integration": one, "mappings": mappings_of.get(one.pk, [])} for one in pairs]}
    return render(request, "integrations/list.html", context)


@company_page("integrations.view")
@require_GET
def page(request: PortalRequest, pk: int) -> HttpResponse:
    """One pair: bridge, what flows, what waits for what, schedules, last runs."""
    integration = _integration(pk)
    flows = [_flow(one) for one in Mapping.objects.filter(integration=integration).order_by("id")]
    latest = _latest([flow["mapping"].pk for flow in flows])
    for flow in flows:
        flow["run"] = latest.get(flow["mapping"].pk)
    context = {
        "integration": integration,
        "read_anew": integration.state == "restored" and restoring.is_read_anew(integration),
        "flows": flows,
        "can_test": sync_test.can_test(integration),
        "modes": MappingMode.choices,
        "picture": pictures.waits([_node(flow["mapping"], flow["spec"]) for flow in flows]),
        "rows": schedule_pages.rows(request, integration),
        "cursors": _looked_at(integration),
        "counts": records.counts()
        if len(flows) > 1
        else records.counts(flows[0]["mapping"].pk)
        if flows
        else {},
    }
    return render(request, "integrations/page.html", context)


def _integration(pk: int) -> Integration:
    return get_object_or_404(Integration.objects.select_related("salesforce", "quickbooks"), pk=pk)


def _flow(mapping: Mapping) -> dict[str, Any]:
    """A mapping as a line of the data-flow table."""
    spec = specs.published_spec(mapping) or specs.draft_spec(mapping)
    return {
        "mapping": mapping,
        "spec": spec,
        "direction": direction_of(spec),
        "fields": len(spec.fields),
        "filters": [*conditions(spec, "sf"), *conditions(spec, "qbo")],
        "draft": mappings.draft_differs(mapping) if mapping.draft_changed_at else False,
    }


def direction_of(spec: MappingSpec) -> str:
    """Which way the mapping flows as a whole: both ways as soon as any field does, or fields go opposite ways."""
    ways = {row.direction for row in spec.fields}
    if ways == {Direction.TO_QBO}:
        return Direction.TO_QBO.value
    return Direction.TO_SF.value if ways == {Direction.TO_SF} else Direction.BOTH.value


def conditions(spec: MappingSpec, side: str) -> list[str]:
    """What a side's records must meet, in words: "Type is one of Customer, Partner"."""
    return [in_words(rule) for rule in spec.filter_of(Side(side))]


def _node(mapping: Mapping, spec: MappingSpec) -> pictures.Node:
    needs = frozenset(row.refers_to for row in spec.fields if row.refers_to)
    return pictures.Node(
        mapping.key, mapping.label, mapping.get_mode_display(), needs, mapping.mode == MappingMode.OFF
    )


def _latest(ids: Iterable[int]) -> dict[int, Run]:
    newest = Run.objects.filter(mapping_id__in=list(ids), finished_at__isnull=False).exclude(kind="preview")
    rows = newest.order_by("mapping_id", "-id").distinct("mapping_id")
    return {run.mapping_id: run for run in rows if run.mapping_id is not None}


def _looked_at(integration: Integration) -> list[Cursor]:
    """When each side was last asked for changes."""
    sides = [pk for pk in (integration.salesforce_id, integration.quickbooks_id) if pk]
    rows = Cursor.objects.filter(connection_id__in=sides, watermark__isnull=False).select_related(
        "connection"
    )
    return list(rows.order_by("connection__side", "-watermark").distinct("connection__side"))


@company_page("mappings.edit")
@require_POST
def mode(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Switch when a mapping runs. What has waited while it did not go by itself may be very much, and nobody may have
    meant to send it: a person is asked first."""
    mapping = get_object_or_404(Mapping.objects, pk=pk)
    wanted, back = request.POST.get("mode", ""), way_back(request, f"/mappings/{mapping.pk}/")
    starts = mapping.mode not in schedules.BY_THE_CLOCK and wanted in schedules.BY_THE_CLOCK
    if starts and "all" not in request.POST and (count := modes.waiting(mapping)):
        asked = {"mapping": mapping, "mode": MappingMode(wanted), "count": count, "back": back}
        return render(request, "mapping/let_go.html", asked)
    catching_up = modes.set_mode(mapping, wanted, request.user)
    messages.success(request, f"{mapping.label} runs now: {mapping.get_mode_display().lower()}.")
    if catching_up is not None:
        messages.info(request, "What came meanwhile is looked at now.")
    return redirect(back)


@company_page("integrations.edit")
@require_http_methods(["POST"])
def rename(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Give the pair another name."""
    integration, name = _integration(pk), request.POST.get("name", "").strip()[:120]
    if not name:
        raise Refused("integration.no_name")
    audit.decided(
        "integration.renamed", request.user, before={"name": integration.name}, after={"name": name}
    )
    integration.name = name
    integration.save(update_fields=["name"])
    return redirect("portal:integration", pk=pk)


@company_page("integrations.edit")
@require_POST
def go_live(request: PortalRequest, pk: int) -> HttpResponseBase:
    """After a backup was restored and both sides were read anew: write again."""
    restoring.go_live(_integration(pk), request.user)
    messages.success(request, "Both sides are kept in step again.")
    return redirect("portal:integration", pk=pk)


@company_page("integrations.edit")
@require_POST
def add(request: PortalRequest) -> HttpResponseBase:
    """Begin another pair, or go on with the one being set up."""
    setup.start_integration(request.company)
    return redirect("portal:setup")


urls: list[URLPattern] = [
    path("integrations/", list_, name="integrations"),
    path("integrations/add/", add, name="integration-add"),
    path("integrations/<int:pk>/", page, name="integration"),
    path("integrations/<int:pk>/rename/", rename, name="integration-rename"),
    path("integrations/<int:pk>/live/", go_live, name="integration-live"),
    path("mappings/<int:pk>/mode/", mode, name="mapping-mode"),
]
