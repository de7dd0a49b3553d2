"""Records from a file, and as one: a column of ids becomes a plan to look at; what is pending goes out as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.db import transaction
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET, require_http_methods

from portal import csv_files
from portal.pages.sync_now import DIRECTIONS
from portal.people.access import PortalRequest, company_page
from portal.states import look_of
from syncapp.messages import words_for
from syncapp.models import Mapping, Run
from syncapp.services import id_files, record_files, records
from syncapp.services.errors import Refused
from syncapp.services.id_files import Unusable

SHOWN = 50


class FileForm(forms.Form):
    """Which records, from which file, in which direction."""

    use_required_attribute = False

    direction = forms.ChoiceField(label="Direction", choices=DIRECTIONS, widget=forms.RadioSelect)
    mapping: Any = forms.ModelChoiceField(label="Records", queryset=None, empty_label=None)
    file = forms.FileField(
        label="File",
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
        help_text="CSV, one record in a line: a column of Salesforce ids, QuickBooks ids or names. "
        f"At most {id_files.MOST_LINES:,} lines.",
        error_messages={"required": "Choose a file.", "empty": "The file is empty."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        field: Any = self.fields["mapping"]
        field.queryset = _mappings()


def _mappings() -> Any:
    rows = Mapping.objects.filter(published_number__gt=0).exclude(mode="off")
    rows = rows.select_related("integration__salesforce", "integration__quickbooks", "company")
    return rows.order_by("integration_id", "id")


@transaction.non_atomic_requests  # records that nobody has noticed yet are read
@company_page("runs.start")
@require_http_methods(["GET", "POST"])
def page(request: PortalRequest) -> HttpResponseBase:
    """The form; a file that names a record leads to its plan, any other is shown line by line."""
    initial = {"direction": "to_qbo", "mapping": request.GET.get("mapping") or _mappings().first()}
    form = FileForm(request.POST or None, request.FILES or None, initial=initial)
    unusable: Sequence[Unusable] = ()
    if request.method == "POST" and form.is_valid():
        try:
            made = _previewed(request, form.cleaned_data)
        except Refused as refused:
            words = words_for(refused.code, refused.values)
            form.add_error("file", f"{words.title}. {words.what} {words.todo}")
        else:
            if made.run is not None:
                return redirect("portal:run", pk=made.run.pk)
            form.add_error("file", "No line of this file names a record. Each line and its reason is listed.")
            unusable = made.unusable
    return _shown(request, form, unusable)


def _previewed(request: PortalRequest, data: dict[str, Any]) -> record_files.FromFile:
    upload = data["file"]
    content = upload.read(id_files.MOST_BYTES + 1)
    return record_files.preview(data["mapping"], data["direction"], content, upload.name or "", request.user)


def _shown(request: PortalRequest, form: FileForm, unusable: Sequence[Unusable]) -> HttpResponse:
    figures = records.counts_by_mapping()
    mappings = list(_mappings())
    counted = [(one, _pending(figures.get(one.pk))) for one in mappings]
    context = {
        "form": form,
        "mappings": mappings,
        "pending": [(one, count) for one, count in counted if count],
        "lines": [(one, words_for(one.code, one.values)) for one in unusable[:SHOWN]],
        "more": max(0, len(unusable) - SHOWN),
    }
    return render(request, "sync/file.html", context, status=422 if form.errors else 200)


def _pending(figures: dict[str, int] | None) -> int:
    return record_files.pending_count(figures) if figures else 0


@company_page("runs.start")
@require_GET
def pending(request: PortalRequest, pk: int) -> StreamingHttpResponse:
    """The pending records of a mapping as a file, which can come back as one."""
    del request
    mapping = get_object_or_404(Mapping.objects, pk=pk)
    return csv_files.download(_pending_rows(mapping), f"pending-{mapping.key}.csv")


def _pending_rows(mapping: Mapping) -> Iterator[tuple[Any, ...]]:
    yield ("Salesforce id", "QuickBooks id", "Name", "State", "Why", "Last tried")
    for row in record_files.pending(mapping):
        state, when = row.state, row.changed_at.isoformat(timespec="seconds")
        yield (row.sf_id, row.qbo_id, row.name, look_of(state.key).word, state.about, when)


@company_page("runs.view")
@require_GET
def left_over(request: PortalRequest, pk: UUID) -> StreamingHttpResponse:
    """The lines of a run's file that are not in its plan, with the reasons, as a file."""
    del request
    made = record_files.of_run(get_object_or_404(Run.objects, pk=pk))
    if made is None:
        raise Http404
    return csv_files.download(_left_over_rows(made.unusable), f"not-in-the-plan-{pk}.csv")


def _left_over_rows(unusable: Sequence[Unusable]) -> Iterator[tuple[Any, ...]]:
    yield ("Line", "What it says", "Why it is not in the plan", "What to do")
    for one in unusable:
        words = words_for(one.code, one.values)
        yield (one.line, one.text, f"{words.title}. {words.what}", words.todo)


urls: list[URLPattern] = [
    path("sync/file/", page, name="sync-file"),
    path("mappings/<int:pk>/pending.csv", pending, name="mapping-pending"),
    path("runs/<uuid:pk>/lines.csv", left_over, name="run-lines"),
]
