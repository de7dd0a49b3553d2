"""Bulk API 2.0: jobs that ingest or query CSV (reference/salesforce.md 4.5 and 4.6)."""
