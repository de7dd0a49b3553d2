"""Why is it not there? The decision about a record, made now, with every rule it met."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET, require_POST

from portal.people.access import PortalRequest, company_page
from syncapp.models import RecordLink
from syncapp.services import why


@transaction.non_atomic_requests
@company_page("records.read")
@require_GET
def page(request: PortalRequest) -> HttpResponse:
    """The box, and the answers for what was asked."""
    asked = request.GET.get("q", "").strip()[:500]
    return render(request, "why/page.html", {"q": asked, "answers": why.explain(asked) if asked else []})


@transaction.non_atomic_requests
@company_page("records.read")
@require_POST
def of_record(request: PortalRequest, pk: UUID) -> HttpResponse:
    """The same for one record, in its page."""
    links = RecordLink.objects.select_related(
        "mapping__integration__salesforce", "mapping__integration__quickbooks", "mapping__company"
    )
    link = get_object_or_404(links, pk=pk)
    return render(request, "why/panel.html", {"link": link, "answer": why.explain_link(link)})


urls: list[URLPattern] = [
    path("why/", page, name="why"),
    path("records/<uuid:pk>/why/", of_record, name="record-why"),
]
