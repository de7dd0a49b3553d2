"""Pure decisions: standard library and `connectors.contracts` / `connectors.errors` only. No Django, no clock, no wire."""
