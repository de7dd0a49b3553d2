from __future__ import annotations

from django.db import models

from syncapp.tenancy import TenantModel


class ApiUsage(TenantModel):
    """Calls of one connection on one day, by endpoint; added once per checkpoint."""

    connection = models.ForeignKey(
        "syncapp.Connection", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    day = models.DateField()
    endpoint = models.CharField(max_length=80)
    calls = models.PositiveIntegerField(default=0)
    metered = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "day", "endpoint"], name="one_usage_row_per_day")
        ]
        indexes = [models.Index(fields=["company", "day"], name="usage_company_day")]
        base_manager_name = "all_companies"
