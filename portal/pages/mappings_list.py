"""All mappings on one page: what each does and when it runs, in the order in which records go."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET

from portal import cadence
from portal.pages.integrations import conditions, direction_of
from portal.people.access import PortalRequest, company_page
from syncapp.engine.mapping import MappingSpec
from syncapp.models import Company, Integration, Mapping, MappingMode, Schedule, ValueMap
from syncapp.services import mapping_checks, mapping_versions, mappings, records
from syncapp.store import specs


@company_page("mappings.view")
@require_GET
def page(request: PortalRequest) -> HttpResponse:
    """Every mapping by pair: what it makes of what, when it runs, what is wrong with it."""
    rows = Mapping.objects.select_related("integration__salesforce", "integration__quickbooks").order_by("id")
    by_pair: dict[int, list[Mapping]] = {}
    for mapping in rows:
        by_pair.setdefault(mapping.integration_id, []).append(mapping)
    when = _schedules(request.company)
    maps = {pair: ValueMap.objects.filter(integration_id=pair).count() for pair in by_pair}
    context = {
        "pairs": [
            {
                "integration": pair,
                "lines": _in_order([_line(one, when) for one in by_pair[pair.pk]]),
                "maps": maps[pair.pk],
            }
            for pair in Integration.objects.filter(pk__in=list(by_pair)).order_by("id")
        ],
        "modes": MappingMode.choices,
    }
    return render(request, "mapping/list.html", context)


def _schedules(company: Company) -> dict[tuple[int, int], list[dict[str, Any]]]:
    """The schedules in words by (pair, mapping), those of a whole pair under mapping 0. One query."""
    found: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for one in Schedule.objects.order_by("id"):
        line = {"schedule": one, "words": cadence.words(one, company.zone)}
        found.setdefault((one.integration_id, one.mapping_id or 0), []).append(line)
    return found


def _line(mapping: Mapping, when: dict[tuple[int, int], list[dict[str, Any]]]) -> dict[str, Any]:
    own = when.get((mapping.integration_id, mapping.pk), [])
    spec = specs.published_spec(mapping) or specs.draft_spec(mapping)
    faults = mapping_checks.validate(mapping)
    return {
        "mapping": mapping,
        "schedules": [*own, *when.get((mapping.integration_id, 0), [])],
        "running": sum(not one["schedule"].paused for one in own),
        "paused": sum(one["schedule"].paused for one in own),
        "spec": spec,
        "direction": direction_of(spec),
        "creates": _creates(spec),
        "filters": [*conditions(spec, "sf"), *conditions(spec, "qbo")],
        "draft": mappings.draft_differs(mapping) if mapping.draft_changed_at else False,
        "faults": len(mapping_checks.serious(faults)),
        "doubts": len(faults) - len(mapping_checks.serious(faults)),
        "newer": mapping_versions.newer_shipped(mapping),
        "counts": records.counts(mapping.pk),
        "needs": sorted({row.refers_to for row in spec.fields if row.refers_to} - {spec.key}),
    }


def _creates(spec: MappingSpec) -> list[str]:
    """On which sides it makes new records."""
    made = {"QuickBooks": spec.policies.create_in_qbo, "Salesforce": spec.policies.create_in_sf}
    ways = {"QuickBooks": "to_sf", "Salesforce": "to_qbo"}
    return [side for side, on in made.items() if on and direction_of(spec) != ways[side]]


def _in_order(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mappings before those that refer to them, otherwise in the order in which they were made: a record that meets
    several mappings goes through them in this order."""
    ordered: list[dict[str, Any]] = []
    waiting = list(lines)
    while waiting:
        done = {line["spec"].key for line in ordered}
        open_keys = {line["spec"].key for line in waiting}
        ready = [line for line in waiting if not (set(line["needs"]) & open_keys) - done] or waiting[:1]
        ordered.append(ready[0])
        waiting.remove(ready[0])
    labels = {line["spec"].key: line["mapping"].label for line in lines}
    for place, line in enumerate(ordered, start=1):
        line["place"] = place
        line["after"] = [labels[key] for key in line["needs"] if key in labels]
    return ordered


urls: list[URLPattern] = [path("mappings/", page, name="mappings")]
