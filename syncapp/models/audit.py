from __future__ import annotations

from django.db import models
from django.db.models import Q

from syncapp.ids import uuid7
from syncapp.tenancy import TenantModel

EMAILED = "send"
WRITES = ("create", "update", "upsert", "deactivate", "void", "delete", EMAILED)
"""Actions of rows that tell of a remote write; those of people's decisions have a dot in their names."""


class AuditEvent(TenantModel):
    """Append-only: one row per remote record written, and one per decision of a person that changes what is written.

    A write that comes to several records (a document with its lines in Salesforce) has one row for each, with the same
    `intent`: `part` 0 is the record itself, or the first row where only child rows were written. An applied intent has
    exactly one part 0 (invariant 3). Writes beside the merge (the answer to a request, a file, a letter) have none:
    what they came from is their `cause`. `number` and `chain` are the sealer's.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    intent = models.ForeignKey(
        "syncapp.WriteIntent", null=True, on_delete=models.PROTECT, related_name="audit", db_index=False
    )
    part = models.PositiveIntegerField(default=0)
    link = models.ForeignKey(
        "syncapp.RecordLink", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    action = models.CharField(max_length=40)
    side = models.CharField(max_length=3, blank=True)
    object = models.CharField(max_length=80, blank=True)
    remote_id = models.CharField(max_length=32, blank=True)
    actor = models.CharField(max_length=255, blank=True)
    cause = models.CharField(max_length=120, blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    guard = models.CharField(max_length=20, blank=True)
    request_id = models.CharField(max_length=80, blank=True)
    at = models.DateTimeField()
    number = models.BigIntegerField(null=True)
    chain = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["company", "-id"], name="audit_company_newest"),
            models.Index(fields=["link", "-id"], name="audit_link"),
            models.Index(fields=["company", "id"], name="audit_unsealed", condition=Q(number__isnull=True)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["company", "number"],
                condition=Q(number__isnull=False),
                name="one_audit_row_per_number",
            ),
            models.UniqueConstraint(
                fields=["intent", "part"],
                condition=Q(intent__isnull=False),
                name="one_audit_row_per_written_record",
            ),
        ]
        base_manager_name = "all_companies"


class AuditSeal(TenantModel):
    """How far a company's trail is numbered and chained, and how far the chain was checked again."""

    number = models.BigIntegerField(default=0)
    chain = models.CharField(max_length=64, blank=True)
    sealed_at = models.DateTimeField(null=True)
    checked_number = models.BigIntegerField(default=0)
    checked_chain = models.CharField(max_length=64, blank=True)
    verified_at = models.DateTimeField(null=True)
    """When a check last reached the end of the chain and found every row as it was sealed."""
    broken_number = models.BigIntegerField(null=True)
    """The first row that is not as it was sealed, or is missing."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["company"], name="one_seal_per_company")]
        base_manager_name = "all_companies"
