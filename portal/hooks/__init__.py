"""Doors for the vendors: verify, store, answer; nothing else. Each verifies its caller by itself."""
