from __future__ import annotations

from django.db import models
from django.db.models import Q

from syncapp.tenancy import TenantModel


class Delivery(models.Model):
    """One thing that a vendor's verified notice named (the inbox). Stored before the notice is answered.

    A system table outside the tenant rules: it is written before any company is in context, and one body may name
    several. `key` tells repeats apart: the event's id, else the body's digest and the place in it.
    """

    app_credentials = models.ForeignKey(
        "syncapp.AppCredentials", null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    """The app that was notified; None for an outbound message, which belongs to its connection alone."""
    connection = models.ForeignKey(
        "syncapp.Connection", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    key = models.CharField(max_length=255)
    object = models.CharField(max_length=80)
    remote_id = models.CharField(max_length=32)
    operation = models.CharField(max_length=20)
    merged_id = models.CharField(max_length=32, blank=True)
    """The loser of a merge; `remote_id` is the survivor."""
    happened_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    """When the changes that it tells of were read."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["app_credentials", "connection", "key"], name="one_delivery_per_event"
            ),
            models.UniqueConstraint(
                fields=["connection", "key"],
                name="one_delivery_per_message",
                condition=Q(app_credentials__isnull=True),
            ),
        ]
        indexes = [
            models.Index(
                fields=["connection", "received_at"],
                name="delivery_unread",
                condition=Q(read_at__isnull=True),
            ),
            models.Index(fields=["connection", "object", "-received_at"], name="delivery_object_newest"),
            models.Index(fields=["received_at"], name="delivery_age"),
        ]

    def __str__(self) -> str:
        return f"{self.object} {self.remote_id}: {self.operation}"


class MissedNotice(TenantModel):
    """How many changes of an object were found by reading although no notice had named them, per day (UTC)."""

    connection = models.ForeignKey(
        "syncapp.Connection", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    object = models.CharField(max_length=80)
    day = models.DateField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "object", "day"], name="one_missed_count_per_day")
        ]
        base_manager_name = "all_companies"


class ForeignNotice(models.Model):
    """How many verified notices of an app named companies that it does not connect here, per day (UTC).

    A system table like the inbox: they belong to no company of ours. Nothing of them is kept but their number.
    """

    app_credentials = models.ForeignKey(
        "syncapp.AppCredentials", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    day = models.DateField()
    count = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["app_credentials", "day"], name="one_foreign_count_per_day")
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.count}"
