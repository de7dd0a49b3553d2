from __future__ import annotations

from django.db import models

from syncapp.tenancy import TenantModel


class Observation(TenantModel):
    """One row per remote record saying "may have changed", whatever told us. Many events fold into one row."""

    connection = models.ForeignKey(
        "syncapp.Connection", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    object = models.CharField(max_length=80)
    remote_id = models.CharField(max_length=32)
    token = models.CharField(max_length=40, blank=True)
    modified = models.DateTimeField(null=True)
    settled = models.BooleanField(default=True)
    state = models.CharField(max_length=8, default="live")
    merged_into = models.CharField(max_length=32, blank=True)
    modified_by = models.CharField(max_length=255, blank=True)
    hinted_at = models.DateTimeField(null=True)
    source = models.CharField(max_length=8)
    """poll, scan, cdc, webhook, sweep, button, write."""
    first_seen_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(null=True)
    fresh = models.BooleanField(default=True)
    """Nothing was decided yet from this news."""
    body = models.JSONField(null=True)
    """Mapped fields of the newest token; emptied once both sides agree on them."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "object", "remote_id"], name="one_observation_per_record"
            )
        ]
        base_manager_name = "all_companies"


class Cursor(TenantModel):
    """Stored position of capture for (connection, object, lane); moves only together with its observations."""

    connection = models.ForeignKey("syncapp.Connection", on_delete=models.CASCADE, related_name="+")
    object = models.CharField(max_length=80, blank=True)
    lane = models.CharField(max_length=12)
    """Salesforce: fast, trailing, nightly. QuickBooks: cdc. Both: scan."""
    watermark = models.DateTimeField(null=True)
    position = models.TextField(blank=True)
    last_full_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)
    hinted_at = models.DateTimeField(null=True)
    """When the first notice came that no reading has covered yet."""
    last_news_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    owner = models.CharField(max_length=64, blank=True)
    version = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "object", "lane"], name="one_cursor_per_lane")
        ]
        indexes = [models.Index(fields=["next_at"], name="cursor_next")]
        base_manager_name = "all_companies"


class MappingPass(TenantModel):
    """Scan state of one side of a mapping, behind the creation barrier (sync-semantics section 8)."""

    mapping = models.ForeignKey("syncapp.Mapping", on_delete=models.CASCADE, related_name="passes")
    side = models.CharField(max_length=3)
    started_at = models.DateTimeField(null=True)
    """The vendor's clock at the start of the scan."""
    position = models.TextField(blank=True)
    scanned_at = models.DateTimeField(null=True)
    caught_up_at = models.DateTimeField(null=True)
    records = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mapping", "side"], name="one_pass_per_side")]
        base_manager_name = "all_companies"
