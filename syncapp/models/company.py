from __future__ import annotations

from django.db import models


class CompanyState(models.TextChoices):
    ACTIVE = "active", "Active"
    CLOSING = "closing", "Closing"
    CLOSED = "closed", "Closed"


class Company(models.Model):
    """The tenant: one customer of this installation."""

    name = models.CharField(max_length=120)
    zone = models.CharField("time zone", max_length=64, default="UTC")
    currency = models.CharField("base currency", max_length=3, default="USD")
    state = models.CharField(max_length=10, choices=CompanyState.choices, default=CompanyState.ACTIVE)
    is_demo = models.BooleanField(default=False)
    paused = models.BooleanField("all syncing paused", default=False)
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_to = models.TimeField(null=True, blank=True)
    """Between these times of the company's zone no schedule starts a run; empty: none."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "companies"

    def __str__(self) -> str:
        return self.name
