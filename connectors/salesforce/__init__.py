"""The Salesforce wire: sign-in, queries, changes, writes, faults (reference salesforce.md)."""
