from __future__ import annotations

from django.db import models

from syncapp.tenancy import TenantModel


class FieldList(TenantModel):
    """The fields of one object of a connection, as that side described them last: what mapping pages choose from.

    `info` is the JSON of `connectors.contracts.ObjectInfo`. An object that could not be described keeps what it held.
    """

    connection = models.ForeignKey("syncapp.Connection", on_delete=models.CASCADE, related_name="field_lists")
    object = models.CharField(max_length=80)
    info = models.JSONField(default=dict, blank=True)
    read_at = models.DateTimeField(null=True)
    failure_code = models.CharField(max_length=80, blank=True)
    failure_values = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "object"], name="one_field_list_per_object")
        ]
        indexes = [models.Index(fields=["company", "connection"], name="field_list_company")]
        base_manager_name = "all_companies"

    def __str__(self) -> str:
        return self.object
