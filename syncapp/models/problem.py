from __future__ import annotations

from django.db import models
from django.db.models import Q

from syncapp.tenancy import TenantModel


class Problem(TenantModel):
    """Something a person may have to act on. One open row per subject; closes itself on success."""

    subject = models.CharField(max_length=80)
    """`link:<id>` or `connection:<id>`."""
    link = models.ForeignKey(
        "syncapp.RecordLink", null=True, on_delete=models.CASCADE, related_name="problems", db_index=False
    )
    connection = models.ForeignKey(
        "syncapp.Connection", null=True, on_delete=models.CASCADE, related_name="problems", db_index=False
    )
    mapping = models.ForeignKey(
        "syncapp.Mapping", null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=14)
    code = models.CharField(max_length=80)
    values = models.JSONField(default=dict)
    count = models.PositiveIntegerField(default=1)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "subject"],
                condition=Q(closed_at__isnull=True),
                name="one_open_problem_per_subject",
            )
        ]
        indexes = [
            models.Index(
                fields=["company", "code", "-last_seen_at"],
                name="problem_open",
                condition=Q(closed_at__isnull=True),
            ),
            models.Index(fields=["link"], name="problem_link", condition=Q(link__isnull=False)),
        ]
        base_manager_name = "all_companies"
