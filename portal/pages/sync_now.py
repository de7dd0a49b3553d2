"""Sync now: which records, in which direction, from a filter, an id or a pasted address; sync them or see the plan."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_http_methods

from portal.people.access import PortalRequest, company_page
from syncapp.messages import words_for
from syncapp.models import Mapping
from syncapp.services import finding
from syncapp.services.errors import Refused
from syncapp.services.finding import Wish

DIRECTIONS = (
    ("to_qbo", "Salesforce to QuickBooks"),
    ("to_sf", "QuickBooks to Salesforce"),
    ("both", "Whichever side changed"),
)


class SyncForm(forms.Form):
    """What to sync. An empty filter means every record of the object, or of the days given."""

    use_required_attribute = False

    direction = forms.ChoiceField(label="Direction", choices=DIRECTIONS, widget=forms.RadioSelect)
    mapping: Any = forms.ModelChoiceField(label="Records", queryset=None, empty_label=None)
    text = forms.CharField(
        label="Filter",
        required=False,
        max_length=2000,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "class": "id"}),
        help_text="Conditions, an id, a pasted link, or the beginning of a name. "
        "<span class='id'>Id = '001…'</span>, <span class='id'>Name LIKE 'Blue%' AND Type = 'Customer'</span>. "
        "Field names are those of the side the records come from.",
    )
    since = forms.DateField(
        label="Changed from",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        label="Changed until",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        rows = Mapping.objects.filter(published_number__gt=0).exclude(mode="off")
        field: Any = self.fields["mapping"]
        field.queryset = rows.select_related("integration", "company").order_by("integration_id", "id")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("since") and data.get("until") and data["since"] > data["until"]:
            self.add_error("until", "This day is before the first one.")
        return data

    def wish(self) -> Wish:
        data = self.cleaned_data
        return Wish(data["mapping"], data["direction"], data["text"], data["since"], data["until"])


@company_page("runs.start")
@require_http_methods(["GET", "POST"])
def sync_now(request: PortalRequest) -> HttpResponseBase:
    """The form; its two buttons lead to the run."""
    initial = {"direction": "to_qbo", "text": request.GET.get("q", ""), "mapping": _first(request)}
    form = SyncForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            only = request.POST.get("do") != "sync"
            run = finding.request(form.wish(), request.user, only_preview=only)
        except Refused as refused:
            if not refused.code.startswith("filter."):
                raise
            words = words_for(refused.code, refused.values)
            form.add_error("text", f"{words.what} {words.todo}")
        else:
            return redirect("portal:run", pk=run.pk)
    return _page(request, form)


def _first(request: PortalRequest) -> str:
    wanted = request.GET.get("mapping", "")
    if wanted.isdecimal():
        return wanted
    first = Mapping.objects.filter(published_number__gt=0).exclude(mode="off").order_by("id").first()
    return str(first.pk) if first is not None else ""


def _page(request: PortalRequest, form: SyncForm) -> HttpResponse:
    field: Any = form.fields["mapping"]
    off = not Mapping.objects.filter(integration__switched_on_at__isnull=False).exists()
    status = 422 if form.is_bound and form.errors else 200
    context = {"form": form, "none": not field.queryset.exists(), "off": off}
    return render(request, "sync/page.html", context, status=status)


urls: list[URLPattern] = [path("sync/", sync_now, name="sync-now")]
