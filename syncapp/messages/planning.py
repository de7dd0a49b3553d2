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
    "engine.undo_restored": Message(
        "Put back as it was", "The values from before the run are written again.", "Nothing to do."
    ),
    "engine.undo_link": Message(
        "Unlinked again",
        "The run linked the two records; they are not kept in step any more.",
        "Link them again if they should be.",
    ),
    "engine.undo_inactive": Message(
        "Made inactive",
        "The run made this record. It is made inactive, and not made a second time.",
        "Create it anew if it should be there again.",
    ),
    "engine.undo_void": Message(
        "Voided",
        "The run made this document. It is voided and keeps its number; it is not made a second time.",
        "Create it anew if it should be there again.",
    ),
    "engine.undo_delete": Message(
        "Deleted",
        "The run made this record. It is deleted, and not made a second time. Salesforce keeps it in the recycle bin"
        " for 15 days.",
        "Create it anew if it should be there again.",
    ),
    "engine.undo_nothing": Message(
        "Nothing to take back", "The record is as it was before the run.", "Nothing to do."
    ),
    "engine.undo_edited": Message(
        "Edited since",
        "Somebody changed {label} after the run, so what was there before is not put back.",
        "Change it by hand if it should be.",
    ),
    "engine.undo_edited_record": Message(
        "Changed since",
        "The record was changed after the run, so it stays.",
        "Look at it, then remove it by hand if it should go.",
    ),
    "engine.undo_gone": Message(
        "Not there any more", "The record was deleted, voided or made inactive meanwhile.", "Nothing to do."
    ),
    "engine.undo_children": Message(
        "Other records hang on it",
        "Something refers to this record and is not taken back with it: {names}",
        "Take those back first.",
    ),
    "engine.undo_balance": Message(
        "It has a balance",
        "{balance} is open in QuickBooks, so it cannot be made inactive.",
        "Settle the balance first.",
    ),
    "engine.undo_closed": Message(
        "Unlinked since", "The two records are not kept in step any more.", "Nothing to do."
    ),
    "engine.undo_unmapped": Message(
        "Not in the mapping any more",
        "The mapping no longer reads {label}, so its former value cannot be put back.",
        "Change it by hand if it should be.",
    ),
    "undo.still_running": Message(
        "The run is still under way",
        "Only a run that has ended can be undone.",
        "Stop it, or wait for its end.",
    ),
    "undo.nothing": Message(
        "There is nothing to undo", "The run wrote nothing to either side.", "Nothing to do."
    ),
    "undo.of_undo": Message(
        "An undo cannot be undone",
        "What it put back stays until the record changes or you choose a side on its page.",
        "Open the record and choose.",
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
    "plan.of_draft": Message(
        "This plan is of a draft",
        "It shows what the draft would write. A draft writes nothing until it is published.",
        "Publish the draft; what it changes is then written with the next run.",
    ),
    "plan.draft_changed": Message(
        "The draft was edited meanwhile",
        "The draft of {label} is not the one that this preview began with. Nothing was written.",
        "Preview the draft again.",
    ),
    "plan.applied": Message(
        "The plan was applied already", "What was written stays.", "Open the run to see it or to undo it."
    ),
    "plan.nothing_moved": Message(
        "Nothing to look at again", "No record of this run moved meanwhile.", "Nothing to do."
    ),
    "filter.no_field": Message(
        "The filter has a mistake",
        "At character {position} a field name is expected, not {text}",
        "Write a field, an operator and a value: Name = 'Blue Pine'.",
    ),
    "filter.no_operator": Message(
        "The filter has a mistake",
        "At character {position} an operator is missing after {field}",
        "Use one of = <> < <= > >= IN LIKE CONTAINS STARTS, or IS NULL.",
    ),
    "filter.no_value": Message(
        "The filter has a mistake",
        "At character {position} a value is missing.",
        "Write it in quotes: 'Blue Pine'.",
    ),
    "filter.no_list": Message(
        "The filter has a mistake",
        "At character {position} a list in brackets is expected.",
        "Write IN ('A', 'B').",
    ),
    "filter.open_quote": Message(
        "The filter has a mistake", "The quote at character {position} is not closed.", "Close it."
    ),
    "filter.open_bracket": Message(
        "The filter has a mistake", "The bracket at character {position} is not closed.", "Close it."
    ),
    "filter.rest": Message(
        "The filter has a mistake",
        "From character {position} on ({text}) it is not clear what is meant.",
        "Join conditions by AND or OR, and put values with blanks in quotes.",
    ),
    "filter.letter": Message(
        "The filter has a mistake",
        "At character {position} stands {text}, which means nothing here.",
        "Remove it.",
    ),
    "filter.like": Message(
        "The filter has a mistake",
        "At character {position}: a pattern has percent signs only at its beginning or end.",
        "Write LIKE 'Blue%' or LIKE '%Pine%'.",
    ),
    "filter.too_wide": Message(
        "The filter has too many alternatives",
        "More than {most} of them at character {position}",
        "Use IN ('A', 'B', …), or filter in several steps.",
    ),
    "filter.unknown_field": Message(
        "There is no such field",
        "{object} has no field {field}, or the connected user may not see it.",
        "Check its API name.",
    ),
    "filter.bad_value": Message(
        "The value does not fit the field",
        "{field} cannot hold {value}",
        "Write a value of the field's kind.",
    ),
    "filter.too_many": Message(
        "The filter finds too much",
        "More than {most} records fit.",
        "Narrow it down, or run the whole mapping.",
    ),
}
