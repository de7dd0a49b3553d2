"""`@{ref.id}` in composite requests: values of earlier answers put into later requests (reference 4.2)."""

from __future__ import annotations

import re
from typing import Any

from connectors.simulator.salesforce.errors import Refused

_REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)((?:\.[A-Za-z0-9_]+|\[\d+\])*)\}")
_STEP = re.compile(r"\.([A-Za-z0-9_]+)|\[(\d+)\]")


def named(value: Any) -> set[str]:
    """The referenceIds that a value names."""
    if isinstance(value, dict):
        return named(list(value.items()))
    if isinstance(value, list | tuple):
        return {name for inner in value for name in named(inner)}
    return {match[1] for match in _REFERENCE.finditer(value)} if isinstance(value, str) else set()


def resolved(value: Any, answers: dict[str, Any]) -> Any:
    """The value with its references replaced. Raises Refused PROCESSING_HALTED for one that leads nowhere."""
    if isinstance(value, dict):
        return {resolved(key, answers): resolved(inner, answers) for key, inner in value.items()}
    if isinstance(value, list):
        return [resolved(inner, answers) for inner in value]
    if not isinstance(value, str) or "@{" not in value:
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole is not None:
        return _look_up(whole, answers)
    return _REFERENCE.sub(lambda match: str(_look_up(match, answers)), value)


def _look_up(match: re.Match[str], answers: dict[str, Any]) -> Any:
    name, path = match[1], match[2]
    value = answers.get(name)
    if name not in answers:
        raise Refused("PROCESSING_HALTED", f"Invalid reference specified. No value for {name} found")
    for step in _STEP.finditer(path):
        key, index = step.groups()
        if key is not None and isinstance(value, dict) and key in value:
            value = value[key]
        elif index is not None and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        else:
            raise Refused(
                "PROCESSING_HALTED", f"Invalid reference specified. No value for {name}{path} found in {name}"
            )
    return value
