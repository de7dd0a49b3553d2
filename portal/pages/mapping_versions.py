"""The versions of a mapping: compare, go back, carry over as a file, take or decline the shipped default."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET, require_POST

from portal.pages.mapping_words import told
from portal.people.access import PortalRequest, company_page
from syncapp.models import Mapping, MappingVersion
from syncapp.services import mapping_trial, mapping_versions, runs
from syncapp.services.errors import Refused
from syncapp.store import specs


def mapping_of(pk: int) -> Mapping:
    """A mapping of the current company, or 404."""
    return get_object_or_404(
        Mapping.objects.select_related("integration__salesforce", "integration__quickbooks"), pk=pk
    )


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 6 else otherwise


@company_page("mappings.view")
@require_GET
def page(request: PortalRequest, pk: int) -> HttpResponse:
    """Every version, and any two of them side by side; 0 is the draft."""
    mapping = mapping_of(pk)
    left = _number(request.GET.get("from"), mapping.published_number)
    right = _number(request.GET.get("to"), 0)
    before = mapping_versions.spec_of(mapping, left)
    after = mapping_versions.spec_of(mapping, right)
    rows = MappingVersion.objects.filter(mapping=mapping).order_by("-number").defer("spec")
    context = {
        "mapping": mapping,
        "versions": list(rows[:200]),
        "left": left,
        "right": right,
        "changes": told(mapping_versions.differences(before, after)),
        "newer": mapping_versions.newer_shipped(mapping),
    }
    return render(request, "mapping/versions.html", context)


@company_page("records.read")
@require_POST
def effect(request: PortalRequest, pk: int) -> HttpResponse:
    """How many records the draft would write, tried on the newest of them; a part of the versions page."""
    mapping = mapping_of(pk)
    return render(
        request, "mapping/effect.html", {"effect": mapping_trial.compare(mapping), "mapping": mapping}
    )


@company_page("runs.start")
@require_POST
def preview_draft(request: PortalRequest, pk: int) -> HttpResponseBase:
    """What the draft would write, for every record of the mapping; nothing is written."""
    return redirect("portal:run", pk=runs.preview_draft(mapping_of(pk), request.user).pk)


@company_page("mappings.edit")
@require_POST
def roll_back(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Publish an older version anew."""
    mapping, number = mapping_of(pk), _number(request.POST.get("version"), -1)
    if number < 1:
        raise Refused("mapping.no_version", number=request.POST.get("version", ""))
    version = mapping_versions.roll_back(mapping, number, request.user)
    messages.success(
        request, f"Version {version.number} is what version {number} was, and is used from now on."
    )
    return redirect("portal:mapping-versions", pk=pk)


@company_page("mappings.view")
@require_GET
def export(request: PortalRequest, pk: int) -> HttpResponse:
    """The draft as a file."""
    del request
    mapping = mapping_of(pk)
    answer = HttpResponse(mapping_versions.exported(mapping), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{mapping.key}.mapping.json"'
    return answer


@company_page("mappings.edit")
@require_POST
def import_(request: PortalRequest, pk: int) -> HttpResponseBase:
    """A file: first its differences are shown, then it becomes the draft."""
    mapping = mapping_of(pk)
    upload = request.FILES.get("file")
    content = (
        upload.read(mapping_versions.MOST_BYTES + 1) if upload else request.POST.get("content", "").encode()
    )
    spec = mapping_versions.imported(mapping, content)
    if "take" in request.POST:
        mapping_versions.take_over(mapping, spec)
        messages.success(
            request, "The draft is what the file says. What runs is unchanged until you publish it."
        )
        return redirect("portal:mapping", pk=pk)
    return _proposal(
        request, mapping, spec, "mapping-import", "Import a file", content.decode("utf-8", "replace")
    )


@company_page("mappings.edit")
@require_POST
def default(request: PortalRequest, pk: int) -> HttpResponseBase:
    """The shipped default: first its differences are shown, then it becomes the draft, or it is declined."""
    mapping = mapping_of(pk)
    if "decline" in request.POST:
        mapping_versions.keep_own(mapping, request.user)
        messages.success(request, "Your mapping stays as it is. This default is not offered again.")
        return redirect("portal:mapping", pk=pk)
    if "take" in request.POST:
        mapping_versions.back_to_default(mapping, request.user)
        messages.success(request, "The draft is the default. What runs is unchanged until you publish it.")
        return redirect("portal:mapping", pk=pk)
    return _proposal(
        request, mapping, mapping_versions.shipped(mapping), "mapping-default", "The default mapping", ""
    )


def _proposal(
    request: PortalRequest, mapping: Mapping, spec: Any, action: str, title: str, content: str
) -> HttpResponse:
    changes = told(mapping_versions.differences(specs.draft_spec(mapping), spec))
    context = {
        "mapping": mapping,
        "changes": changes,
        "action": f"portal:{action}",
        "title": title,
        "content": content,
        "newer": action == "mapping-default" and mapping_versions.newer_shipped(mapping),
    }
    return render(request, "mapping/proposal.html", context)


urls: list[URLPattern] = [
    path("mappings/<int:pk>/versions/", page, name="mapping-versions"),
    path("mappings/<int:pk>/versions/effect/", effect, name="mapping-effect"),
    path("mappings/<int:pk>/versions/preview/", preview_draft, name="mapping-preview-draft"),
    path("mappings/<int:pk>/versions/back/", roll_back, name="mapping-roll-back"),
    path("mappings/<int:pk>/export/", export, name="mapping-export"),
    path("mappings/<int:pk>/import/", import_, name="mapping-import"),
    path("mappings/<int:pk>/default/", default, name="mapping-default"),
]
