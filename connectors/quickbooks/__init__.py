"""The QuickBooks Online wire: sign-in, queries, change capture, batches, webhooks, faults (reference quickbooks.md)."""
