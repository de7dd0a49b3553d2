"""Mappings: the draft of a pair of objects with its fields inline."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.admin import document_rules
from portal.admin.draft_faults import faults_of
from portal.admin.field_pickers import pickers_of
from portal.admin.mapping_forms import CriteriaForm, MappingForm, RowForm, RowFormSet, policies_of
from portal.site import TenantModelAdmin, TenantTabularInline, portal_site
from syncapp.models import FieldMapping, Mapping, MappingCriteria
from syncapp.services import audit, mappings

RULES = (
    "type", "formula", "constant", "default", "write", "value_map", "transform", "on_conflict", "on_drift", "initial",
    "group", "refers_to", "lookup", "part", "places", "required", "sf_length", "qbo_length",
)  # fmt: skip
"""The settings of a row that lie under "Rules"."""


class RowInline(TenantTabularInline):
    """The fields of a mapping: source, direction, target, and the rules underneath."""

    model = FieldMapping
    form = RowForm
    formset = RowFormSet
    template = "mapping/rows_inline.html"
    view_action = "mappings.view"
    edit_action = "mappings.edit"
    ordering = ("position", "id")
    extra = 1


class CriteriaInline(TenantTabularInline):
    """The named criteria of a mapping."""

    model = MappingCriteria
    form = CriteriaForm
    template = "mapping/criteria_inline.html"
    view_action = "mappings.view"
    edit_action = "mappings.edit"
    ordering = ("position", "id")
    extra = 1


@admin.register(Mapping, site=portal_site)
class MappingAdmin(TenantModelAdmin):
    """Mappings come from recipes, in the setup: there is no adding here. What is saved is a draft."""

    folder = "mappings"
    view_action = "mappings.view"
    edit_action = "mappings.edit"
    can_add = can_delete = False
    form = MappingForm
    inlines = (CriteriaInline, RowInline)
    change_form_template = "mapping/change_form.html"
    heading_list = "Mappings"
    lede = "Pairs of objects, and which fields of them are kept in step."
    list_display = ("name", "integration", "mode_word", "version")
    list_select_related = ("integration",)
    ordering = ("integration", "id")

    fieldsets = (
        (None, {"fields": ("label", "create_in_qbo", "create_in_sf")}),
        ("Which records", {"fields": ("sf_filter", "qbo_filter")}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ARG002  Django names it
        """The settings of a mapping, with those that only documents or customers have."""
        policies = policies_of(obj)
        names = ("name_clash", "name_suffix", *policies[1:]) if "name_clash" in policies else policies
        gone = {"fields": ("match_on", "match_auto", *names, "external_id_field")}
        return (*self.fieldsets, ("Matching and what is gone", gone), *document_rules.sections(obj))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The rules kept as JSON are fields of the form, not of the model: ask Django for the model's only."""
        return super().get_form(request, obj, change, **{**kwargs, "fields": MappingForm.Meta.fields})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        mapping = self.get_object(request, object_id or "")
        own: dict[str, Any] = {"rule_names": RULES}
        if mapping is not None:
            own |= {"pickers": pickers_of(mapping), "faults": faults_of(mapping)}
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), **own})

    @admin.display(description="Mapping")
    def name(self, mapping: Mapping) -> SafeString:
        return format_html("{}", mapping.label)

    @admin.display(description="Runs")
    def mode_word(self, mapping: Mapping) -> str:
        return mapping.get_mode_display()

    @admin.display(description="Version")
    def version(self, mapping: Mapping) -> str:
        draft = ", draft differs" if mapping.draft_changed_at else ""
        return f"{mapping.published_number or 'not published'}{draft}"

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Store the rows, number them in their order, and remember whether the draft differs from what runs."""
        super().save_related(request, form, formsets, change)
        mapping = form.instance
        for place, row in enumerate(_in_order(mapping), start=1):
            if row.position != place:
                row.position = place
                row.save(update_fields=["position"])
        mappings.mark_changed(mapping)
        audit.decided("mapping.draft_saved", request.user, cause=mapping.label)

    def response_change(self, request: HttpRequest, obj: Mapping) -> HttpResponse:
        row, _, way = request.POST.get("_move", "").partition(":")
        if row.isdecimal() and way in {"up", "down"}:
            mappings.move_row(obj, int(row), -1 if way == "up" else 1)
            return redirect(f"{reverse('portal:syncapp_mapping_change', args=[obj.pk])}#row-{row}")
        if "_try" in request.POST:
            return redirect("portal:mapping-try", pk=obj.pk)
        if "_stay" in request.POST:
            return redirect("portal:syncapp_mapping_change", obj.pk)
        messages.success(request, "The draft is saved. What runs is unchanged until you publish it.")
        return redirect("portal:mapping", pk=obj.pk)


def _in_order(mapping: Mapping) -> list[FieldMapping]:
    """Rows by position; new ones, which have none yet, at the end."""
    return sorted(
        FieldMapping.objects.filter(mapping=mapping), key=lambda row: (row.position or 10_000, row.pk)
    )
