from __future__ import annotations

from django.db import models

from syncapp.tenancy import TenantModel


class ReferenceList(TenantModel):
    """One list of a QuickBooks company that records refer to by name (terms, tax codes, accounts …), read now and then.

    Reads are metered, so it is refreshed slowly and by a person's button; what it says is as old as `read_at`.
    """

    connection = models.ForeignKey(
        "syncapp.Connection", on_delete=models.CASCADE, related_name="reference_lists"
    )
    entity = models.CharField(max_length=40)
    read_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)
    failure_code = models.CharField(max_length=80, blank=True)
    failure_values = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "entity"], name="one_reference_list_per_entity")
        ]
        base_manager_name = "all_companies"

    def __str__(self) -> str:
        return self.entity


class ReferenceEntry(TenantModel):
    """One entry of a list. `more` is what else decisions rest on (a tax code's rates, whether an item is taxable)."""

    list = models.ForeignKey(ReferenceList, on_delete=models.CASCADE, related_name="entries", db_index=False)
    remote_id = models.CharField(max_length=32)
    name = models.CharField(max_length=500)
    number = models.CharField(max_length=40, blank=True)
    sku = models.CharField(max_length=100, blank=True)
    kind = models.CharField(max_length=60, blank=True)
    active = models.BooleanField(default=True)
    more = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["list", "remote_id"], name="one_reference_entry_per_id")
        ]
        base_manager_name = "all_companies"

    def __str__(self) -> str:
        return self.name
