from __future__ import annotations

from django.db import models

from syncapp.models.app_credentials import VendorSide
from syncapp.tenancy import TenantModel


class MappingMode(models.TextChoices):
    OFF = "off", "Off"
    BUTTON = "button", "By button only"
    SCHEDULE = "schedule", "On schedule"
    CHANGES = "changes", "As it changes"


class Direction(models.TextChoices):
    BOTH = "both", "Both ways"
    TO_QBO = "to_qbo", "To QuickBooks"
    TO_SF = "to_sf", "To Salesforce"


class OnConflict(models.TextChoices):
    SF = "sf", "Salesforce wins"
    QBO = "qbo", "QuickBooks wins"
    NEWEST = "newest", "Newest wins (by record, not by field)"
    ASK = "ask", "Ask"


class OnDrift(models.TextChoices):
    LEAVE = "leave", "Leave it"
    OVERWRITE = "overwrite", "Overwrite it"
    ASK = "ask", "Ask"


class Initial(models.TextChoices):
    SF = "sf", "Take Salesforce"
    QBO = "qbo", "Take QuickBooks"
    FILL_EMPTY = "fill_empty", "Only fill empty fields"
    ASK = "ask", "Ask"


class WriteMode(models.TextChoices):
    ALWAYS = "always", "Whenever it differs"
    ON_CREATE = "on_create", "Only when created"
    WHEN_EMPTY = "when_empty", "Only while it is empty"
    APPEND = "append", "Behind the text that is there"


class Mapping(TenantModel):
    """A pair of objects with directions, filters and policies. Its rows are a draft; publishing freezes a version."""

    integration = models.ForeignKey("syncapp.Integration", on_delete=models.CASCADE, related_name="mappings")
    key = models.CharField(max_length=60)
    label = models.CharField(max_length=120)
    recipe = models.CharField(max_length=60)
    sf_object = models.CharField("Salesforce object", max_length=80)
    qbo_entity = models.CharField("QuickBooks entity", max_length=80)
    mode = models.CharField("runs", max_length=10, choices=MappingMode.choices, default=MappingMode.CHANGES)
    external_id_field = models.CharField("external id field in Salesforce", max_length=80, blank=True)
    create_in_qbo = models.BooleanField("create new records in QuickBooks", default=True)
    create_in_sf = models.BooleanField("create new records in Salesforce", default=True)
    sf_filter = models.JSONField("Salesforce filter", default=list, blank=True)
    qbo_filter = models.JSONField("QuickBooks filter", default=list, blank=True)
    policies = models.JSONField(default=dict, blank=True)
    recipe_mark = models.CharField(max_length=16, blank=True)
    """What the recipe said when it filled this draft last; another mark now means that a newer one is shipped."""
    published_number = models.PositiveIntegerField(default=0)
    draft_changed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["integration", "key"], name="one_mapping_per_key")]
        indexes = [models.Index(fields=["company", "integration"], name="mapping_company")]
        base_manager_name = "all_companies"

    def __str__(self) -> str:
        return self.label


class FieldMapping(TenantModel):
    """One row of a mapping's draft. The columns are those of `engine.mapping.FieldSpec`."""

    mapping = models.ForeignKey(Mapping, on_delete=models.CASCADE, related_name="rows")
    position = models.PositiveSmallIntegerField(default=0)
    enabled = models.BooleanField(default=True)
    key = models.CharField(max_length=60)
    label = models.CharField(max_length=120)
    sf_path = models.CharField("Salesforce field", max_length=160, blank=True)
    qbo_path = models.CharField("QuickBooks field", max_length=160, blank=True)
    type = models.CharField(max_length=10, default="text")
    direction = models.CharField(max_length=6, choices=Direction.choices, default=Direction.BOTH)
    on_conflict = models.CharField(
        "if both changed", max_length=6, choices=OnConflict.choices, default=OnConflict.ASK
    )
    on_drift = models.CharField(
        "if the target was edited", max_length=9, choices=OnDrift.choices, default=OnDrift.LEAVE
    )
    initial = models.CharField("at first link", max_length=10, choices=Initial.choices, default=Initial.ASK)
    group = models.CharField("merges as one with", max_length=60, blank=True)
    transform = models.CharField(max_length=60, blank=True)
    places = models.PositiveSmallIntegerField(default=2)
    constant = models.JSONField(null=True, blank=True)
    formula = models.TextField(max_length=4000, blank=True)
    value_map = models.CharField(max_length=60, blank=True)
    default = models.JSONField("when empty", null=True, blank=True)
    refers_to = models.CharField(max_length=60, blank=True)
    lookup = models.CharField("looked up in", max_length=40, blank=True)
    part = models.CharField("row of the lines", max_length=60, blank=True)
    write = models.CharField("is written", max_length=10, choices=WriteMode.choices, default=WriteMode.ALWAYS)
    required = models.BooleanField(default=False)
    sf_length = models.PositiveIntegerField(null=True, blank=True)
    qbo_length = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["mapping", "key"], name="one_row_per_key")]
        base_manager_name = "all_companies"

    def __str__(self) -> str:
        return self.label


class MappingCriteria(TenantModel):
    """Named criteria of a mapping's draft: which records of a side belong to it. Several of a side are alternatives.

    `rules` is the JSON of `engine.mapping.Criterion`s, all of which must hold.
    """

    mapping = models.ForeignKey(Mapping, on_delete=models.CASCADE, related_name="criteria")
    position = models.PositiveSmallIntegerField(default=0)
    enabled = models.BooleanField(default=True)
    name = models.CharField(max_length=80)
    side = models.CharField(max_length=3, choices=VendorSide.choices, default=VendorSide.SALESFORCE)
    rules = models.JSONField("all of these", default=list, blank=True)

    class Meta:
        ordering = ["position", "id"]
        base_manager_name = "all_companies"

    def __str__(self) -> str:
        return self.name


class MappingVersion(TenantModel):
    """A published mapping: immutable. `spec` is what `store.specs` turns into `engine.mapping.MappingSpec`."""

    mapping = models.ForeignKey(Mapping, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    spec = models.JSONField()
    note = models.CharField(max_length=255, blank=True)
    published_by = models.CharField(max_length=255, blank=True)
    published_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mapping", "number"], name="one_version_per_number")]
        base_manager_name = "all_companies"
