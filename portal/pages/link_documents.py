"""Link documents that both systems had before go-live: look first, then link what is clear and leave the rest alone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.people.access import PortalRequest, company_page
from syncapp.messages import words_for
from syncapp.models import Mapping
from syncapp.services import linking_documents
from syncapp.services.errors import Refused
from syncapp.services.linking_documents import Proposal

SHOWN = 50


class LinkForm(forms.Form):
    """From which day on documents are ours, and where older records hold their number."""

    use_required_attribute = False

    go_live = forms.DateField(
        label="Go-live date",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Only what is dated before this day is looked at.",
    )
    number = forms.CharField(
        label="Field with the document number",
        max_length=160,
        widget=forms.TextInput(attrs={"spellcheck": "false", "class": "id"}),
        help_text="The Salesforce field in which older records hold the number of their document.",
    )
    leave_rest = forms.BooleanField(
        label="Leave every other older record alone",
        required=False,
        initial=True,
        help_text="None of them is exported. Each can be taken back on its page.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})

    def clean_go_live(self) -> Any:
        """What is dated in the future is no history."""
        day = self.cleaned_data["go_live"]
        if day > timezone.localdate():
            raise forms.ValidationError("This day has not come yet.")
        return day


@transaction.non_atomic_requests  # Salesforce is asked for the older records
@company_page("records.link")
@require_http_methods(["GET", "POST"])
def page(request: PortalRequest, pk: int) -> HttpResponseBase:
    """The form; its first button looks, the second links."""
    rows = Mapping.objects.select_related("integration__salesforce", "integration__quickbooks", "company")
    mapping = get_object_or_404(rows, pk=pk)
    if not linking_documents.can_link(mapping):
        raise Http404
    initial = {"go_live": timezone.localdate(), "number": linking_documents.number_field(mapping)}
    form = LinkForm(request.POST or None, initial={**initial, "leave_rest": True})
    proposal: Proposal | None = None
    if request.method == "POST" and form.is_valid():
        try:
            if request.POST.get("do") == "link":
                return _linked(request, mapping, form.cleaned_data)
            proposal = linking_documents.propose(
                mapping, form.cleaned_data["go_live"], form.cleaned_data["number"]
            )
        except Refused as refused:
            words = words_for(refused.code, refused.values)
            form.add_error("number", f"{words.title}. {words.what} {words.todo}")
    return _shown(request, mapping, form, proposal)


def _linked(request: PortalRequest, mapping: Mapping, data: dict[str, Any]) -> HttpResponseBase:
    done = linking_documents.link(
        mapping, data["go_live"], request.user, data["number"], leave_rest=data["leave_rest"]
    )
    parts = [f"{done.linked:,} linked as they are"]
    parts += [f"{done.left_alone:,} left alone"] if done.left_alone else []
    parts += [f"{done.moved:,} moved meanwhile and were not touched"] if done.moved else []
    messages.success(request, f"{', '.join(parts)}. Nothing was written to QuickBooks.")
    return redirect("portal:mapping", pk=mapping.pk)


def _shown(
    request: PortalRequest, mapping: Mapping, form: LinkForm, proposal: Proposal | None
) -> HttpResponse:
    context: dict[str, Any] = {"mapping": mapping, "form": form, "proposal": proposal}
    if proposal is not None:
        context |= {
            "pairs": proposal.pairs[:SHOWN],
            "more_pairs": max(0, len(proposal.pairs) - SHOWN),
            "left": proposal.left[:SHOWN],
            "more_left": max(0, len(proposal.left) - SHOWN),
        }
    return render(request, "mapping/link_documents.html", context, status=422 if form.errors else 200)


urls: list[URLPattern] = [
    path("mappings/<int:pk>/link-documents/", page, name="mapping-link-documents"),
]
