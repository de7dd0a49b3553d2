"""When a mapping runs: off, by button only, on schedule, or as records change. What came while it did not go by itself
is looked at once it does again: capture has seen it by then and does not bring it a second time."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from syncapp.engine.mapping import Mode
from syncapp.models import Mapping, Run
from syncapp.services import audit, runs, scope
from syncapp.services.errors import Refused
from syncapp.store import passes

CAUSE = "Runs as records change again"
AGAIN = "Records are recognised in another way"


def set_mode(mapping: Mapping, mode: str, person: Any | None) -> Run | None:
    """Switch when a mapping runs; takes effect at once. Where it follows changes from now on, returns the run that
    looks at what came meanwhile: `waiting` says how much that is.

    Raises Refused `mapping.unknown_mode`, or `mapping.not_published` when it would run without a version.
    """
    if mode not in {choice.value for choice in Mode}:
        raise Refused("mapping.unknown_mode", mode=mode)
    if mode != Mode.OFF and not mapping.published_number:
        raise Refused("mapping.not_published", label=mapping.label)
    before = mapping.mode
    if before == mode:
        return None
    with transaction.atomic():
        mapping.mode = mode
        mapping.save(update_fields=["mode"])
        audit.decided(
            "mapping.mode",
            person,
            cause=mapping.label,
            before={"mode": before},
            after={"mode": mode, "mapping": mapping.label},
        )
        _forget_what_others_saw(mapping, before)
        return catch_up(mapping, person, CAUSE)


def resume(undoing: Run, person: Any | None) -> None:
    """Let the mappings that this undo paused run as they did before."""
    with transaction.atomic():
        row = Run.objects.select_for_update().get(pk=undoing.pk)
        for mapping_id, mode in (row.scope.get("paused") or {}).items():
            mapping = Mapping.objects.select_for_update().filter(pk=mapping_id, mode=Mode.BUTTON).first()
            if mapping is None:
                continue
            mapping.mode = mode
            mapping.save(update_fields=["mode"])
            audit.decided("mapping.resumed", person, after={"mapping": mapping_id, "mode": mode})
            catch_up(mapping, person, CAUSE)
        row.scope = {**row.scope, "paused": {}}
        row.save(update_fields=["scope"])
    undoing.refresh_from_db()


def catch_up(mapping: Mapping, person: Any | None, cause: str) -> Run | None:
    """A run that reads both sides and looks at what waits, where the mapping follows changes. One on schedule has its
    next time, one by button only its button."""
    if mapping.mode != Mode.CHANGES or mapping.integration.switched_on_at is None:
        return None
    return runs.request_mapping(mapping, person, cause)


def waiting(mapping: Mapping) -> int:
    """How many records of a mapping that was switched on have changed on a side and were not looked at since."""
    return scope.count_changed(mapping) if mapping.integration.switched_on_at is not None else 0


def scan_again(mapping: Mapping, person: Any | None) -> None:
    """Have both sides read to their ends, since what was read before counts no more: nothing is created until then.
    Where a mapping goes by itself the run goes on with what was found; by button only it reads and writes nothing."""
    if mapping.mode == Mode.OFF or mapping.integration.switched_on_at is None:
        return
    if mapping.mode == Mode.BUTTON:
        runs.preview_changes(mapping, person, AGAIN)
    else:
        runs.request_mapping(mapping, person, AGAIN)


def _forget_what_others_saw(mapping: Mapping, before: str) -> None:
    """A mapping that was off was told of nothing. What others of its objects have seen meanwhile is no news to capture
    any more: both sides are read from the start."""
    if before == Mode.OFF and scope.shares_an_object(mapping):
        passes.reset(mapping.pk)
