"""Words of previews, of applying and undoing them, and of what moved meanwhile."""

from __future__ import annotations

from syncapp.messages.words import Message

MESSAGES: dict[str, Message] = {
    "engine.moved_since": Message(
        "Changed since the plan was made",
        "Somebody changed the record meanwhile, so the plan does not fit it any more. Nothing was written to it.",
        "Preview it again.",
    ),
    "engine.moved_mapping": Message(
        "The mapping was changed since the plan was made",
        "The plan was made with version {version} of the mapping.",
        "Preview it again.",
    ),
    "engine.moved_busy": Message(
        "Under way elsewhere",
        "Another run works on the record, or it was ignored or unlinked meanwhile.",
        "Preview it again.",
    ),
    "engine.moved_parent": Message(
        "What it belongs to did not come",
        "The record that it refers to was to be made first, and was not.",
        "Look at that record, then preview this one again.",
    ),
    "plan.not_ready": Message(
        "The plan is not ready",
        "It is still being made, or the reading of a side failed.",
        "Wait until it is there, or preview again.",
    ),
    "plan.dropped": Message(
        "The plan was discarded", "A discarded plan cannot be applied.", "Preview again."
    ),
    "plan.nothing": Message(
        "There is nothing to apply", "None of the planned records would be changed.", "Nothing to do."
    ),
    "plan.applied": Message(
        "The plan was applied already", "What was written stays.", "Open the run to see it or to undo it."
    ),
    "plan.nothing_moved": Message(
        "Nothing to look at again", "No record of this run moved meanwhile.", "Nothing to do."
    ),
}
