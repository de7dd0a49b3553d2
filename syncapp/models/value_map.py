from __future__ import annotations

from django.db import models

from syncapp.tenancy import TenantModel


class UnknownValue(models.TextChoices):
    STOP = "stop", "Stop, and tell me the value"
    KEEP = "keep", "Keep it as it is"
    DEFAULT = "default", "Take the value for everything else"


class ValueMap(TenantModel):
    """A translation of values between the two sides, named by rows and formulas of an integration's mappings.

    Publishing a mapping freezes the maps that it names into the version.
    """

    integration = models.ForeignKey(
        "syncapp.Integration", on_delete=models.CASCADE, related_name="value_maps"
    )
    name = models.CharField(max_length=60)
    unknown = models.CharField(
        "a value that is not listed", max_length=7, choices=UnknownValue.choices, default=UnknownValue.STOP
    )
    default_qbo = models.CharField("everything else in QuickBooks", max_length=255, blank=True)
    default_sf = models.CharField("everything else in Salesforce", max_length=255, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["integration", "name"], name="one_value_map_per_name")]
        indexes = [models.Index(fields=["company", "integration"], name="value_map_company")]
        base_manager_name = "all_companies"

    def __str__(self) -> str:
        return self.name


class ValueMapEntry(TenantModel):
    """One pair of a value map. Where several values of a side mean the same, the first one is taken on the way back."""

    value_map = models.ForeignKey(ValueMap, on_delete=models.CASCADE, related_name="entries")
    position = models.PositiveSmallIntegerField(default=0)
    sf_value = models.CharField("in Salesforce", max_length=255, blank=True)
    qbo_value = models.CharField("in QuickBooks", max_length=255, blank=True)

    class Meta:
        ordering = ["position", "id"]
        base_manager_name = "all_companies"

    def __str__(self) -> str:
        return f"{self.sf_value} = {self.qbo_value}"
