"""The REST API: one module for each family of resources (reference/salesforce.md 2.2)."""
