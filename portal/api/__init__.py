"""The REST API, /api/v1/: for scripts and for what runs inside Salesforce. docs/api.md tells it to its users."""
