from __future__ import annotations

from django.db import models

from syncapp.tenancy import TenantModel


class Cadence(models.TextChoices):
    EVERY = "every", "Every n minutes"
    HOURLY = "hourly", "Every hour"
    DAILY = "daily", "Every day"
    WEEKLY = "weekly", "Every week"
    MONTHLY = "monthly", "Every month"
    ONCE = "once", "Once"
    CRON = "cron", "Cron"


class Schedule(TenantModel):
    """When a mapping is captured and synced. Times are in the company's zone; `next_at` is UTC."""

    integration = models.ForeignKey("syncapp.Integration", on_delete=models.CASCADE, related_name="schedules")
    mapping = models.ForeignKey(
        "syncapp.Mapping", null=True, blank=True, on_delete=models.CASCADE, related_name="schedules"
    )
    cadence = models.CharField(max_length=7, choices=Cadence.choices, default=Cadence.EVERY)
    minutes = models.PositiveSmallIntegerField("every … minutes", default=15)
    at_time = models.TimeField("at", null=True, blank=True)
    at_minute = models.PositiveSmallIntegerField("minute of the hour", default=0)
    weekdays = models.CharField("on", max_length=13, blank=True)
    """Numbers of the days with commas, Monday 0."""
    month_day = models.PositiveSmallIntegerField("day of the month", default=1)
    """1 to 28; 31 means the last day, however long the month is."""
    once_at = models.DateTimeField(null=True, blank=True)
    cron = models.CharField(max_length=120, blank=True)
    paused = models.BooleanField(default=False)
    next_at = models.DateTimeField(null=True, blank=True)
    last_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["next_at"], name="schedule_next", condition=models.Q(paused=False)),
            models.Index(fields=["company", "integration"], name="schedule_company"),
        ]
        base_manager_name = "all_companies"
