"""The stand-in of QuickBooks Online: Accounting API v3, OAuth 2.0, webhooks. Written from the wire reference alone."""
