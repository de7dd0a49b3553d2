"""Pure decisions: standard library, `connectors.contracts` and `connectors.errors` only. No Django, clock or wire."""
