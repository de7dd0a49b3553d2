from __future__ import annotations

from django.db import models
from django.db.models import Q

from syncapp.tenancy import TenantModel


class NotificationKind(models.TextChoices):
    CONNECTION = "connection", "Connection lost"
    TOKEN = "token", "Sign-in ends soon"
    PROBLEM = "problem", "New kind of problem"
    RUN = "run", "Run failed"
    QUOTA = "quota", "Calls nearly used up"


class Notification(TenantModel):
    """Something that people are to be told of, written down in the transaction that brought it about.

    One open row per `key`: what is told of is told of again only after it was over and came back.
    """

    kind = models.CharField(max_length=10, choices=NotificationKind.choices)
    key = models.CharField(max_length=200)
    code = models.CharField(max_length=80)
    values = models.JSONField(default=dict)
    """What the words of the code name."""
    mapping = models.ForeignKey(
        "syncapp.Mapping", null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    connection = models.ForeignKey(
        "syncapp.Connection", null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    run = models.ForeignKey(
        "syncapp.Run", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    raised_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    absent_at = models.DateTimeField(null=True)
    """Since when what it tells of is not there; over once it stays away."""
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "key"],
                condition=Q(ended_at__isnull=True),
                name="one_open_notification_per_key",
            )
        ]
        indexes = [
            models.Index(
                fields=["company", "raised_at"], name="notification_untold", condition=Q(told_at__isnull=True)
            ),
            models.Index(fields=["kind"], name="notification_open", condition=Q(ended_at__isnull=True)),
        ]
        base_manager_name = "all_companies"
