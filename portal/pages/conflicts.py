"""Conflicts: what both sides changed, with the value they last agreed on, answered one by one or all alike."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_GET, require_POST

from portal.people.access import PortalRequest, company_page
from syncapp.models import Mapping, RecordLink
from syncapp.services import answers, conflicts
from syncapp.services.answers import Answered, Choice
from syncapp.services.conflicts import Which

SIDES = {"sf": "Salesforce", "qbo": "QuickBooks", "leave": ""}


@company_page("conflicts.view")
@require_GET
def list_(request: PortalRequest) -> HttpResponse:
    """Records on hold, newest first, with their values; by kind, mapping and field."""
    which = _which(request.GET)
    found = conflicts.page(which, request.GET.get("before", ""))
    fields = conflicts.fields(which)
    context: dict[str, Any] = {
        "page": found,
        "which": which,
        "address": _address(which),
        "counts": conflicts.counts(which.mapping),
        "fields": [(one, _address(Which(which.kind, one.mapping, one.unit))) for one in fields],
        "unit": next((one for one in fields if (one.mapping, one.unit) == (which.mapping, which.unit)), None),
        "mappings": list(Mapping.objects.order_by("integration_id", "id")),
        "narrowed": bool(which.mapping or which.unit or request.GET.get("before")),
    }
    return render(request, "conflicts/list.html", context)


def _which(data: QueryDict) -> Which:
    kind, mapping = data.get("kind", ""), data.get("mapping", "")
    return Which(
        kind=kind if kind in conflicts.KINDS else "open",
        mapping=int(mapping) if mapping.isdecimal() else None,
        unit=data.get("unit", ""),
    )


def _address(which: Which) -> str:
    """The list with this choice."""
    kind = which.kind if which.kind != "open" else ""
    parts = {"kind": kind, "mapping": which.mapping, "unit": which.unit}
    query = urlencode({name: part for name, part in parts.items() if part})
    return f"{reverse('portal:conflicts')}{'?' if query else ''}{query}"


@company_page("conflicts.answer")
@require_POST
def settle_one(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """The answers for one record: by unit, or one side for all of it."""
    shown = [name for name in request.POST if name.startswith("seen:")]
    units = {name.removeprefix("seen:"): request.POST.get(name, "") for name in shown}
    every = request.POST.get("every", "")
    sides = {unit: side for unit in units if (side := request.POST.get(f"side:{unit}", ""))}
    link = get_object_or_404(RecordLink, pk=pk)
    choice = Choice(link.pk, sides={} if every else sides, every=every, seen=units)
    return _told(request, answers.settle([choice], request.user))


@company_page("conflicts.answer")
@require_POST
def settle_many(request: PortalRequest) -> HttpResponseBase:
    """One answer for the chosen records, or for all of a choice once a person has confirmed it."""
    which, side = _which(request.POST), request.POST.get("side", "")
    if request.POST.get("do") != "all":
        chosen = [_chosen(request, one, which, side) for one in request.POST.getlist("record")]
        return _told(request, answers.settle(chosen, request.user))
    if request.POST.get("sure"):
        return _told(request, answers.settle_all(which, side, request.user))
    count = len(conflicts.ids(which, answers.MOST))
    unit = next((one for one in conflicts.fields(which) if one.unit == which.unit), None)
    context = {
        "which": which,
        "side": side,
        "name": SIDES.get(side, ""),
        "count": count,
        "unit": unit,
        "address": _address(which),
    }
    return render(request, "conflicts/sure.html", context)


def _chosen(request: PortalRequest, record: str, which: Which, side: str) -> Choice:
    """A ticked record with what was shown of it: unit=digest, one after another."""
    shown = dict(part.partition("=")[::2] for part in request.POST.get(f"seen:{record}", "").split())
    return Choice(UUID(record), every=side, only=which.unit, seen=shown)


def _told(request: PortalRequest, came: Answered) -> HttpResponseBase:
    text = f"{came.taken} record{'s are' if came.taken != 1 else ' is'} being settled."
    if came.left_out:
        text += f" {came.left_out} changed meanwhile or were decided already: look at them again."
    messages.success(request, text)
    which = _which(request.POST)
    return redirect(_address(which))


urls: list[URLPattern] = [
    path("conflicts/", list_, name="conflicts"),
    path("conflicts/answer/", settle_many, name="conflicts-answer"),
    path("conflicts/<uuid:pk>/", settle_one, name="conflict-settle"),
]
