"""A draft that a plan is made by: which one it was, so that no plan is made by two (sync-semantics section 20)."""

from __future__ import annotations

import hashlib
import json

from syncapp.engine.mapping import MappingSpec
from syncapp.models import Mapping, Run
from syncapp.services import scope
from syncapp.services.errors import Refused
from syncapp.store import specs


def mark(spec: MappingSpec) -> str:
    """What tells this draft from the same one after an edit."""
    text = json.dumps(specs.to_json(spec), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def of_run(run: Run, mapping: Mapping) -> MappingSpec | None:
    """The draft that a plan decides this mapping's records by; None where it goes by what is published.

    Raises Refused `plan.draft_changed` when somebody has edited the draft since it was asked for.
    """
    if scope.of(run) != scope.DRAFT or mapping.pk != run.mapping_id:
        return None
    draft = specs.draft_spec(mapping)
    if mark(draft) != run.scope["draft"]:
        raise Refused("plan.draft_changed", label=mapping.label)
    return draft
