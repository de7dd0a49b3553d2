"""Problems: by cause or one by one, tried again, exported."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET, require_POST

from portal import causes, csv_files
from portal.people.access import PortalRequest, company_page
from syncapp.messages import words_for
from syncapp.models import Connection
from syncapp.services import deletions, problems, support

SAMPLE = 5
"""Records of a cause that are shown before "Show all"."""
OPENED = 3
"""Causes that are unfolded when the page opens."""


@company_page("problems.view")
@require_GET
def list_(request: PortalRequest) -> HttpResponse:
    """Open problems by cause; one cause, or the resolved ones, as a list."""
    code, closed = request.GET.get("code", ""), request.GET.get("show") == "resolved"
    number = request.GET.get("mapping", "")
    mapping = int(number) if number.isdecimal() else None
    about = request.GET.get("about", "")
    by_record = bool(code) or closed or request.GET.get("by") == "record"
    context: dict[str, Any] = {
        "totals": problems.totals(),
        "code": code,
        "mapping": mapping,
        "about": about,
        "closed": closed,
        "by_record": by_record,
        "words": words_for(code) if code else None,
    }
    if by_record:
        found = problems.page(
            code=code, mapping=mapping, about=about, before=request.GET.get("before", ""), closed=closed
        )
        rows = [{"row": row, "words": words_for(row.problem.code, row.problem.values)} for row in found.rows]
        context |= {"rows": rows, "older": found.older}
        if code and rows and not closed:
            context["words"] = rows[0]["words"]
    else:
        context["causes"] = _causes()
    return render(request, "problems/list.html", context)


def _causes() -> list[dict[str, object]]:
    """Each cause with its words; the first few with some of their records."""
    found: list[dict[str, object]] = []
    for place, group in enumerate(problems.open_groups()):
        found.append(
            {
                "group": group,
                "words": causes.words(group),
                "url": causes.address(group),
                "page": _sample(group) if place < OPENED else None,
                "open": place == 0,
            }
        )
    return found


def _sample(group: problems.ProblemGroup) -> problems.Page:
    return problems.page(code=group.code, mapping=group.mapping_id, about=group.about, size=SAMPLE)


@company_page("problems.view")
@require_GET
def details(request: PortalRequest, pk: int) -> HttpResponse:
    """What a person copies for support, of one problem."""
    problem = problems.one(pk)
    if problem is None:
        raise Http404
    context = {
        "problem": problem,
        "words": words_for(problem.code, problem.values),
        "support": support.of_problem(problem),
    }
    return render(request, "problems/support.html", context)


@company_page("problems.retry")
@require_POST
def retry(request: PortalRequest) -> HttpResponseBase:
    """Try the chosen ones, or all of one cause, again."""
    chosen = [int(one) for one in request.POST.getlist("problem") if one.isdecimal()]
    number = request.POST.get("mapping", "")
    everything = request.POST.get("do") == "all"
    run = problems.retry(
        request.user,
        ids=() if everything else chosen,
        code=request.POST.get("code", "") if everything else "",
        mapping=int(number) if number.isdecimal() else None,
        about=request.POST.get("about", ""),
    )
    messages.success(request, "They are tried again. This page shows how it goes.")
    return redirect("portal:run", pk=run.pk)


@company_page("connections.edit")
@require_POST
def decide_deletions(request: PortalRequest) -> HttpResponseBase:
    """Deletions that came in great number are right and shall be followed, or are to be ignored."""
    connection = get_object_or_404(Connection, pk=request.POST.get("connection") or None)
    deletions.decide(connection, follow=request.POST.get("do") == "follow", person=request.user)
    messages.success(request, "Your decision is stored.")
    return redirect("portal:problems")


@company_page("problems.export")
@require_GET
def export(request: PortalRequest) -> StreamingHttpResponse:
    """The problems as a file for a spreadsheet."""
    lines = problems.csv_rows(code=request.GET.get("code", ""), closed=request.GET.get("show") == "resolved")
    return csv_files.download(lines, "problems.csv")


urls: list[URLPattern] = [
    path("problems/", list_, name="problems"),
    path("problems/retry/", retry, name="problems-retry"),
    path("problems/deletions/", decide_deletions, name="problems-deletions"),
    path("problems/export/", export, name="problems-export"),
    path("problems/<int:pk>/support/", details, name="problem-support"),
]
