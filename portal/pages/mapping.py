"""One mapping: what runs, what the draft would change, what stands in its way; publish, discard, switch."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET, require_POST

from portal.pages.integrations import conditions, direction_of
from portal.pages.mapping_words import CHOICES, told
from portal.people.access import PortalRequest, company_page
from syncapp.engine.criteria_text import in_words
from syncapp.engine.mapping import FieldSpec, OnDrift
from syncapp.engine.transforms import TRANSFORMS
from syncapp.messages import Words, words_for
from syncapp.models import Mapping, MappingMode, MappingVersion
from syncapp.services import (
    field_lists,
    linking_documents,
    mapping_checks,
    mapping_versions,
    mappings,
    recipe_gaps,
    records,
)
from syncapp.services.errors import Refused
from syncapp.services.mapping_faults import Fault
from syncapp.services.mapping_field_checks import vanished
from syncapp.store import specs

VERSIONS = 5


@company_page("mappings.view")
@require_GET
def page(request: PortalRequest, pk: int) -> HttpResponse:
    """What runs, field by field; the draft beside it."""
    mapping = _mapping(pk)
    published = specs.published_spec(mapping)
    spec = published or specs.draft_spec(mapping)
    changes = mappings.draft_changes(mapping)
    faults = mapping_checks.validate(mapping)
    described = field_lists.known(mapping)
    gone = {one.position: words_for(one.code, one.values) for one in vanished(spec, described)}
    context = {
        "mapping": mapping,
        "modes": MappingMode.choices,
        "can_link": linking_documents.can_link(mapping),
        "rows": [_row(row, gone.get(place)) for place, row in enumerate(spec.fields, start=1)],
        "lacks": recipe_gaps.of(mapping, spec, described.sf),
        "direction": direction_of(spec),
        "sf_filter": conditions(spec, "sf"),
        "qbo_filter": conditions(spec, "qbo"),
        "versions": list(MappingVersion.objects.filter(mapping=mapping).order_by("-number")[:VERSIONS])[::-1],
        "changes": told(changes),
        "differs": published is None or bool(changes),
        "faults": [_fault(one) for one in mapping_checks.serious(faults)],
        "doubts": [_fault(one) for one in faults if not one.serious],
        "criteria": [(one, [in_words(rule) for rule in one.members]) for one in spec.criteria],
        "newer": mapping_versions.newer_shipped(mapping),
        "described": described,
        "counts": records.counts(mapping.pk),
    }
    return render(request, "mapping/page.html", context)


def _mapping(pk: int) -> Mapping:
    return get_object_or_404(Mapping.objects.select_related("integration"), pk=pk)


def _fault(one: Fault) -> dict[str, Any]:
    return {"words": words_for(one.code, one.values), "position": one.position}


def _row(row: FieldSpec, gone: Words | None) -> dict[str, Any]:
    """A field of the mapping with its rules in words; `gone` are the words where it is not there any more."""
    rules = (
        [f"If both changed: {CHOICES['on_conflict'][row.on_conflict.value]}"]
        if row.direction == "both"
        else []
    )
    if row.direction != "both" and row.on_drift is not OnDrift.LEAVE:
        rules.append(f"If the target was edited: {CHOICES['on_drift'][row.on_drift.value]}")
    if row.part:
        rules.append("On each line")
    if row.group:
        rules.append(f"Merges as one: {row.group.replace('_', ' ')}")
    rules += [TRANSFORMS[name].label for name in row.transform.split("|") if name in TRANSFORMS]
    if row.write != "always":
        rules.append(CHOICES["write"][row.write.value])
    if row.value_map:
        rules.append(f"Value map: {row.value_map}")
    if row.required:
        rules.append("Required")
    if row.default not in (None, ""):
        rules.append(f"When empty: {row.default}")
    return {"field": row, "rules": rules, "gone": gone}


@company_page("mappings.edit")
@require_POST
def publish(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Make the draft what runs."""
    version = mappings.publish(_mapping(pk), request.user, request.POST.get("note", "").strip())
    messages.success(request, f"Version {version.number} is published and is used from now on.")
    return redirect("portal:mapping", pk=pk)


@company_page("mappings.edit")
@require_POST
def discard(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Put the draft back to what runs."""
    mappings.discard_draft(_mapping(pk), request.user)
    messages.success(request, "The draft is what runs again.")
    return redirect("portal:mapping", pk=pk)


@company_page("mappings.edit")
@require_POST
def move(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Move a row of the draft up or down."""
    mapping = _mapping(pk)
    row, _, way = request.POST.get("move", "").partition(":")
    if not row.isdecimal() or way not in {"up", "down"}:
        raise Refused("records.none_chosen")
    mappings.move_row(mapping, int(row), -1 if way == "up" else 1)
    return redirect("portal:mapping", pk=pk)


urls: list[URLPattern] = [
    path("mappings/<int:pk>/", page, name="mapping"),
    path("mappings/<int:pk>/publish/", publish, name="mapping-publish"),
    path("mappings/<int:pk>/discard/", discard, name="mapping-discard"),
    path("mappings/<int:pk>/move/", move, name="mapping-move"),
]
