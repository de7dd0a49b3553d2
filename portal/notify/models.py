"""Who is told what, by which way, and the outbox of what is to be told."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from syncapp.crypto import Sealed
from syncapp.ids import uuid7
from syncapp.tenancy import TenantModel


class Choice(TenantModel):
    """What reaches one member by mail. Without a row the member's role decides (`kinds.DEFAULTS`)."""

    membership = models.OneToOneField("people.Membership", on_delete=models.CASCADE, related_name="told")
    kinds = models.JSONField(default=list)

    class Meta:
        base_manager_name = "all_companies"


class ChannelFormat(models.TextChoices):
    SLACK = "slack", "Slack, or anything that takes its messages"
    TEAMS = "teams", "Microsoft Teams (Workflows)"


class Channel(TenantModel):
    """An address that messages are posted to. The address is a secret: whoever knows it can post there."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80)
    format = models.CharField(max_length=5, choices=ChannelFormat.choices, default=ChannelFormat.SLACK)
    url_sealed = models.TextField(blank=True)
    url = Sealed()
    host = models.CharField(max_length=255, blank=True)
    """The part of the address that pages show."""
    kinds = models.JSONField(default=list)
    failures = models.PositiveSmallIntegerField(default=0)
    """Tries in a row that failed."""
    last_error = models.CharField(max_length=80, blank=True)
    last_ok_at = models.DateTimeField(null=True)
    off_at = models.DateTimeField(null=True)
    """Switched off: by a person, or after many failures."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["company", "name"], name="channel_company")]
        base_manager_name = "all_companies"

    def __str__(self) -> str:
        return self.name


class Rhythm(TenantModel):
    """When a company gets its digest and its check-up, and when it was last told of news."""

    digest_hour = models.PositiveSmallIntegerField(default=8)
    checkup_day = models.PositiveSmallIntegerField(default=0)
    """Day of the week, Monday 0; at the hour of the digest."""
    told_at = models.DateTimeField(null=True)
    digest_at = models.DateTimeField(null=True)
    """Up to when the last digest told."""
    checkup_at = models.DateTimeField(null=True)
    next_digest_at = models.DateTimeField(null=True)
    next_checkup_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["company"], name="one_rhythm_per_company")]
        indexes = [
            models.Index(fields=["next_digest_at"], name="rhythm_digest"),
            models.Index(fields=["next_checkup_at"], name="rhythm_checkup"),
        ]
        base_manager_name = "all_companies"


class LetterState(models.TextChoices):
    WAITING = "waiting", "On its way"
    SENT = "sent", "Sent"
    FAILED = "failed", "Not delivered"


class Letter(TenantModel):
    """One mail or message that is to be sent, whole: who, what, and how often it was tried."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    membership = models.ForeignKey(
        "people.Membership", null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    channel = models.ForeignKey(
        Channel, null=True, on_delete=models.CASCADE, related_name="letters", db_index=False
    )
    kind = models.CharField(max_length=10)
    """news, digest, checkup or test."""
    content = models.JSONField(default=dict)
    """`content.to_json`."""
    state = models.CharField(max_length=7, choices=LetterState.choices, default=LetterState.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    error = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(membership__isnull=False) ^ Q(channel__isnull=False), name="letter_goes_one_way"
            )
        ]
        indexes = [
            models.Index(fields=["next_at"], name="letter_due", condition=Q(state="waiting")),
            models.Index(fields=["company", "-id"], name="letter_newest"),
        ]
        base_manager_name = "all_companies"
