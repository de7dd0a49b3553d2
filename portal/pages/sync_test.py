"""Test sync: from the setup wizard, and later from the page of an integration."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_GET, require_POST

from connectors.contracts import RecordState, Side
from portal.pages.setup import integration_of_setup
from portal.pages.setup import page as step_page
from portal.people.access import PortalRequest, company_page
from portal.refusals import way_back
from syncapp.engine.entities import traits
from syncapp.messages import words_for
from syncapp.models import Integration, SyncTest, SyncTestState
from syncapp.models.sync_test import WORKING
from syncapp.services import sync_test

TITLES = {
    "customer": "Customer created",
    "document": "{document} created",
    "lines": "All lines are there",
    "amounts": "Amounts and tax match",
    "details": "Name, address and e-mail right",
}
GOES = {
    RecordState.VOIDED: "is voided and keeps its number",
    RecordState.DELETED: "is deleted",
    RecordState.INACTIVE: "is made inactive",
}


def _integration(pk: int) -> Integration:
    return get_object_or_404(Integration.objects.select_related("salesforce", "quickbooks"), pk=pk)


@company_page("integrations.view")
@require_GET
def page(request: PortalRequest, pk: int) -> HttpResponse:
    """How the newest test stands; htmx asks for the report alone."""
    context = _context(_integration(pk), request.path)
    return render(request, "sync_test/report.html" if request.htmx else "sync_test/page.html", context)


@company_page("setup.view")
@require_GET
def step(request: PortalRequest) -> HttpResponseBase:
    """The same as the last step of the wizard."""
    integration = integration_of_setup()
    if integration is None or integration.switched_on_at is None:
        return redirect("portal:setup")
    context = _context(integration, request.path)
    if request.htmx:
        return render(request, "sync_test/report.html", context)
    return step_page(request, "test", context)


@company_page("integrations.edit")
@require_POST
def begin(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Make the test records, or win the chosen opportunity."""
    sync_test.begin(_integration(pk), request.user, request.POST.get("opportunity", ""))
    return redirect(way_back(request, reverse("portal:sync-test", kwargs={"pk": pk})))


@company_page("integrations.edit")
@require_POST
def clean(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Take back what the test made on both sides."""
    test = sync_test.newest(_integration(pk))
    if test is None:
        messages.error(request, "There is no test to clean up.")
    else:
        sync_test.clean_up(test, request.user)
    return redirect(way_back(request, reverse("portal:sync-test", kwargs={"pk": pk})))


def _context(integration: Integration, here: str) -> dict[str, Any]:
    test = sync_test.newest(integration)
    ticks = _ticks(test) if test is not None else []
    state = test.state if test is not None else ""
    failed = test is not None and state == SyncTestState.FAILED
    right = sum(1 for tick in ticks if tick["right"])
    return {
        "integration": integration,
        "here": here,
        "test": test,
        "ticks": ticks,
        "right": right,
        "working": state in WORKING,
        "clean": state == SyncTestState.CLEAN,
        "to_clean": test is not None and state not in WORKING and sync_test.has_left_something(test),
        "failure": words_for(test.failure_code, test.failure_values) if failed and test is not None else None,
        "possible": sync_test.can_test(integration),
        "a_document": _a_document(integration),
        "said": f"{right} of {len(ticks)} right." if state == SyncTestState.DONE else "",
        **_words(integration, test),
    }


def _ticks(test: SyncTest) -> list[dict[str, Any]]:
    document = traits(Side.QUICKBOOKS, sync_test.document_entity(test.integration) or "Invoice").label
    links = {"customer": sync_test.account_link(test), "document": sync_test.deal_link(test)}
    found = {key: link.pk for key, link in links.items() if link is not None}
    return [
        {**tick, "title": TITLES[tick["key"]].format(document=document), "link": found.get(tick["key"])}
        for tick in test.ticks
    ]


def _a_document(integration: Integration) -> str:
    label = traits(Side.QUICKBOOKS, sync_test.document_entity(integration) or "Invoice").label.lower()
    return f"{'an' if label[0] in 'aeiou' else 'a'} {label}"


def _words(integration: Integration, test: SyncTest | None) -> dict[str, str]:
    """What cleaning up does and did, side by side."""
    entity = traits(Side.QUICKBOOKS, sync_test.document_entity(integration) or "Invoice")
    document, goes = entity.label.lower(), GOES[entity.removal]
    if test is not None and test.picked:
        there = f"In QuickBooks the {document} {goes}"
        there += ", and the customer is made inactive." if test.own_account else "; the customer stays."
        here = "In Salesforce your opportunity gets the stage back that it had; nothing is deleted."
    else:
        there = f"In QuickBooks the {document} {goes}, and the customer is made inactive."
        here = "In Salesforce the opportunity and the account are deleted; its recycle bin keeps them for a while."
    done = (
        "What the test made in QuickBooks was taken back, and your opportunity has its stage again."
        if test is not None and test.picked
        else "The test records are deleted in Salesforce; what they became in QuickBooks was taken back."
    )
    return {"will_go": f"{there} {here}", "gone": f"{done} Nothing of it is kept in step any more."}


urls: list[URLPattern] = [
    path("integrations/<int:pk>/test/", page, name="sync-test"),
    path("integrations/<int:pk>/test/begin/", begin, name="sync-test-begin"),
    path("integrations/<int:pk>/test/clean/", clean, name="sync-test-clean"),
    path("setup/test/", step, name="setup-test"),
]
