"""Recorded bodies and schemas of the vendors. They lie beside the checkout and are never part of it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

REFERENCE = Path(__file__).resolve().parent.parent.parent / "shared" / "reference"


def reference(relative: str) -> Path:
    """Path of a file or folder in the reference, such as "quickbooks/customer.read.json"; skips the test without it."""
    path = REFERENCE / relative
    if not path.exists():
        pytest.skip("the recorded bodies are not beside this checkout (../shared/reference)")
    return path


def recorded(relative: str) -> Any:
    """A recorded JSON body; numbers with a fraction as Decimal."""
    return json.loads(reference(relative).read_text(encoding="utf-8"), parse_float=Decimal)
