"""Load history: records of a mapping from a day on, with what it takes told first; preview it, or start it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.people.access import PortalRequest, company_page
from syncapp.models import Mapping
from syncapp.services import history
from syncapp.services.history import Forecast


class HistoryForm(forms.Form):
    """From which side, and from which day on."""

    use_required_attribute = False

    direction = forms.ChoiceField(
        label="Direction",
        choices=(("to_qbo", "Salesforce to QuickBooks"), ("to_sf", "QuickBooks to Salesforce")),
        widget=forms.RadioSelect,
    )
    since = forms.DateField(
        label="Changed from",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Records that were last changed on this day or later. Empty: all there are.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})

    def clean_since(self) -> Any:
        """A day to come has no history."""
        since = self.cleaned_data["since"]
        if since and since > timezone.localdate():
            raise forms.ValidationError("This day has not come yet.")
        return since


@transaction.non_atomic_requests  # the forecast asks a vendor
@company_page("runs.start")
@require_http_methods(["GET", "POST"])
def page(request: PortalRequest, pk: int) -> HttpResponseBase:
    """The form; its buttons tell what it takes, preview it, or start it."""
    rows = Mapping.objects.select_related("integration__salesforce", "integration__quickbooks", "company")
    mapping = get_object_or_404(rows, pk=pk)
    form = HistoryForm(request.POST or None, initial={"direction": "to_qbo"})
    forecast: Forecast | None = None
    if request.method == "POST" and form.is_valid():
        data, do = form.cleaned_data, request.POST.get("do", "")
        if do in ("preview", "start"):
            run = history.start(
                mapping, data["direction"], data["since"], request.user, only_preview=do == "preview"
            )
            return redirect("portal:run", pk=run.pk)
        forecast = history.forecast(mapping, data["direction"], data["since"])
    return _shown(request, mapping, form, forecast)


def _shown(
    request: PortalRequest, mapping: Mapping, form: HistoryForm, forecast: Forecast | None
) -> HttpResponse:
    context = {
        "mapping": mapping,
        "form": form,
        "forecast": forecast,
        "off": mapping.integration.switched_on_at is None,
    }
    return render(request, "mapping/history.html", context, status=422 if form.errors else 200)


urls: list[URLPattern] = [path("mappings/<int:pk>/history/", page, name="mapping-history")]
