"""Value maps: what a value of one side is called on the other."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from portal.admin.value_pickers import values_of
from portal.site import TenantModelAdmin, TenantTabularInline, portal_site
from syncapp.engine.mapping import FieldSpec
from syncapp.engine.naming import value_maps_named
from syncapp.models import FieldMapping, Integration, Mapping, ValueMap, ValueMapEntry
from syncapp.services import audit, mappings
from syncapp.services.errors import Refused


class EntryForm(forms.ModelForm):
    """One pair; both inputs offer what the sides are known to have."""

    class Meta:
        model = ValueMapEntry
        fields = ("sf_value", "qbo_value")
        widgets = {
            "sf_value": forms.TextInput(attrs={"list": "pick-map-sf", "autocomplete": "off"}),
            "qbo_value": forms.TextInput(attrs={"list": "pick-map-qbo", "autocomplete": "off"}),
        }


class EntryInline(TenantTabularInline):
    """The pairs of a value map."""

    model = ValueMapEntry
    form = EntryForm
    view_action = "mappings.view"
    edit_action = "mappings.edit"
    fields = ("sf_value", "qbo_value")
    ordering = ("position", "id")
    extra = 5
    verbose_name = "pair"
    verbose_name_plural = "Pairs: the first one counts where several values mean the same"


@admin.register(ValueMap, site=portal_site)
class ValueMapAdmin(TenantModelAdmin):
    """Named translations. What runs keeps the map as it was published; a change is a change of the draft."""

    folder = "value-maps"
    view_action = "mappings.view"
    edit_action = "mappings.edit"
    heading_list = "Value maps"
    heading_add = "New value map"
    lede = "What a value of one side is called on the other. Fields and formulas of mappings name them."
    list_display = ("name", "integration", "pairs", "unknown_word", "used_by")
    list_select_related = ("integration",)
    ordering = ("integration", "name")
    fieldsets = (
        (None, {"fields": ("integration", "name", "unknown")}),
        (
            "Everything else",
            {
                "fields": ("default_qbo", "default_sf"),
                "description": "Used where a value that is not listed takes the value for everything else.",
            },
        ),
    )
    inlines = (EntryInline,)
    change_form_template = "mapping/value_map_form.html"

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        value_map = self.get_object(request, object_id or "")
        offered = {"offered": values_of(value_map) if value_map is not None else None}
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), **offered})

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The pair is chosen already where there is only one."""
        pairs = list(Integration.objects.values_list("pk", flat=True)[:2])
        return (
            {"integration": pairs[0], **super().get_changeform_initial_data(request)}
            if len(pairs) == 1
            else {}
        )

    @admin.display(description="Pairs")
    def pairs(self, value_map: ValueMap) -> int:
        return value_map.entries.count()

    @admin.display(description="A value that is not listed")
    def unknown_word(self, value_map: ValueMap) -> str:
        return str(value_map.get_unknown_display())

    @admin.display(description="Used by")
    def used_by(self, value_map: ValueMap) -> str:
        return ", ".join(one.label for one in users_of(value_map)) or "nothing yet"

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Number the pairs in their order, and let every mapping that names the map know that its draft differs."""
        super().save_related(request, form, formsets, change)
        value_map = form.instance
        for place, entry in enumerate(value_map.entries.order_by("id"), start=1):
            if entry.position != place:
                entry.position = place
                entry.save(update_fields=["position"])
        _tell(value_map)
        audit.decided("value_map.saved", request.user, cause=value_map.name)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        users = users_of(obj)
        if users:
            raise Refused("value_map.in_use", name=obj.name, mappings=[one.label for one in users])
        audit.decided("value_map.removed", request.user, cause=obj.name)
        super().delete_model(request, obj)

    def response_add(self, request: HttpRequest, obj: ValueMap, _url: str | None = None) -> HttpResponse:
        messages.success(request, f"{obj.name} is saved. Choose it in the rules of a field.")
        return redirect("portal:syncapp_valuemap_changelist")

    def response_change(self, request: HttpRequest, obj: ValueMap) -> HttpResponse:
        users = ", ".join(one.label for one in users_of(obj))
        after = f" Publish {users} to use it." if users else ""
        messages.success(request, f"{obj.name} is saved.{after}")
        return redirect("portal:syncapp_valuemap_changelist")


def users_of(value_map: ValueMap) -> list[Mapping]:
    """The mappings whose draft names a value map, in its rows or formulas."""
    rows = FieldMapping.objects.filter(mapping__integration_id=value_map.integration_id, enabled=True)
    named = rows.exclude(value_map="", formula="").select_related("mapping")
    found = {row.mapping_id: row.mapping for row in named if value_map.name in value_maps_named([_spec(row)])}
    return list(found.values())


def _spec(row: FieldMapping) -> FieldSpec:
    return FieldSpec(row.key, row.label, "", "", formula=row.formula, value_map=row.value_map)


def _tell(value_map: ValueMap) -> None:
    for mapping in users_of(value_map):
        mappings.mark_changed(mapping)
