"""What mappings choose from: the fields of both sides, and the lists of the QuickBooks company. Read by a button."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET, require_POST

from portal.people.access import PortalRequest, company_page
from portal.refusals import way_back
from syncapp.messages import words_for
from syncapp.models import FieldList, Integration, Mapping, ReferenceEntry, ReferenceList
from syncapp.services import field_lists, reference_lists, salesforce_users
from syncapp.services.errors import Refused

LIST_WORDS = {
    "Account": "Accounts",
    "Class": "Classes",
    "Department": "Locations",
    "Term": "Terms",
    "PaymentMethod": "Payment methods",
    "TaxCode": "Tax codes",
    "TaxRate": "Tax rates",
    "CustomerType": "Customer types",
    "CompanyCurrency": "Currencies",
    "Item": "Products and services",
}
SHOWN = 200


@company_page("mappings.view")
@require_GET
def page(request: PortalRequest, pk: int) -> HttpResponse:
    """The lists of one pair, each with what it holds and when it was read."""
    integration = _integration(pk)
    sides = [one for one in (integration.salesforce_id, integration.quickbooks_id) if one]
    fields = FieldList.objects.filter(connection_id__in=sides).select_related("connection").order_by("object")
    context = {
        "integration": integration,
        "lists": _lists(integration),
        "fields": [_fields(row) for row in fields],
        "users": _users(integration),
    }
    return render(request, "lists/page.html", context)


def _integration(pk: int) -> Integration:
    return get_object_or_404(Integration.objects.select_related("salesforce", "quickbooks"), pk=pk)


def _quickbooks(integration: Integration) -> list[UUID]:
    """The pair's QuickBooks connection; none before it is made."""
    return [integration.quickbooks_id] if integration.quickbooks_id else []


def _connection_of(integration: Integration, entity: str) -> list[UUID]:
    """The connection whose list this is: people are Salesforce's, everything else is QuickBooks'."""
    if entity == salesforce_users.USERS:
        return [integration.salesforce_id] if integration.salesforce_id else []
    return _quickbooks(integration)


def _users(integration: Integration) -> ReferenceList | None:
    rows = ReferenceList.objects.filter(
        connection_id__in=_connection_of(integration, salesforce_users.USERS), entity=salesforce_users.USERS
    )
    return rows.annotate(active=Count("entries", filter=Q(entries__active=True))).first()


def _lists(integration: Integration) -> list[dict[str, Any]]:
    rows = ReferenceList.objects.filter(connection_id__in=_quickbooks(integration)).annotate(
        active=Count("entries", filter=Q(entries__active=True))
    )
    known = {row.entity: row for row in rows}
    return [
        {"entity": one, "label": LIST_WORDS.get(one, one), "row": known.get(one)}
        for one in reference_lists.LISTS
    ]


def _fields(row: FieldList) -> dict[str, Any]:
    fields = row.info.get("fields", [])
    return {
        "row": row,
        "count": len(fields),
        "own": sum(one["name"].endswith("__c") or one["name"].startswith("CustomField.") for one in fields),
        "trouble": words_for(row.failure_code, row.failure_values) if row.failure_code else None,
    }


@company_page("mappings.view")
@require_GET
def entries(request: PortalRequest, pk: int, entity: str) -> HttpResponse:
    """What one list holds, by name."""
    integration = _integration(pk)
    row = get_object_or_404(
        ReferenceList.objects, connection_id__in=_connection_of(integration, entity), entity=entity
    )
    search = request.GET.get("q", "").strip()[:120]
    found = ReferenceEntry.objects.filter(list=row).order_by("-active", "name")
    if search:
        found = found.filter(Q(name__icontains=search) | Q(number__icontains=search) | Q(remote_id=search))
    context = {
        "integration": integration,
        "row": row,
        "label": {salesforce_users.USERS: "Users", **LIST_WORDS}.get(entity, entity),
        "side": "Salesforce" if entity == salesforce_users.USERS else "QuickBooks",
        "search": search,
        "entries": list(found[: SHOWN + 1]),
        "most": SHOWN,
    }
    return render(request, "lists/entries.html", context)


@company_page("mappings.edit")
@require_POST
def refresh_lists(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Read the lists of the QuickBooks company now."""
    integration = _integration(pk)
    wanted = request.POST.get("entity", "")
    if wanted == salesforce_users.USERS:
        return _refresh_users(request, integration)
    if integration.quickbooks is None:
        raise Refused("setup.not_connected")
    chosen = [one for one in reference_lists.LISTS if wanted in ("", one)]
    counts = reference_lists.refresh_all(integration.quickbooks, chosen)
    messages.success(
        request, f"Read from QuickBooks: {sum(counts.values()):,} entries in {len(counts)} lists."
    )
    return redirect("portal:lists", pk=pk)


def _refresh_users(request: PortalRequest, integration: Integration) -> HttpResponseBase:
    if integration.salesforce is None:
        raise Refused("setup.not_connected")
    count = salesforce_users.refresh_now(integration.salesforce)
    messages.success(request, f"Read from Salesforce: {count:,} user{'' if count == 1 else 's'}.")
    return redirect("portal:lists", pk=integration.pk)


@company_page("mappings.edit")
@require_POST
def refresh_fields(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Ask both sides for the fields of one mapping's objects, or of all mappings."""
    integration = _integration(pk)
    if integration.salesforce is None or integration.quickbooks is None:
        raise Refused("setup.not_connected")
    rows = Mapping.objects.filter(integration=integration).select_related(
        "integration__salesforce", "integration__quickbooks"
    )
    if request.POST.get("mapping", "").isdecimal():
        rows = rows.filter(pk=int(request.POST["mapping"]))
    read = [one for mapping in rows for one in field_lists.read_for(mapping)]
    failed = [one.object for one in read if one.failure_code]
    if failed:
        messages.warning(request, f"Could not be read: {', '.join(sorted(set(failed)))}.")
    messages.success(
        request, f"The fields of {len({one.object for one in read} - set(failed))} objects are up to date."
    )
    return redirect(way_back(request, f"/integrations/{integration.pk}/lists/"))


urls: list[URLPattern] = [
    path("integrations/<int:pk>/lists/", page, name="lists"),
    path("integrations/<int:pk>/lists/refresh/", refresh_lists, name="lists-refresh"),
    path("integrations/<int:pk>/lists/fields/", refresh_fields, name="fields-refresh"),
    path("integrations/<int:pk>/lists/<slug:entity>/", entries, name="list-entries"),
]
