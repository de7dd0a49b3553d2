"""Rows <-> engine values: leases, fences, cursors, intents. Set-based SQL only: no query per record."""
