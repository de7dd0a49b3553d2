"""Words of setup and of deciding on look-alikes."""

from __future__ import annotations

from syncapp.messages.words import Message

MESSAGES: dict[str, Message] = {
    "setup.not_connected": Message(
        "Both sides have to be connected first",
        "One of them is not connected, or was disconnected meanwhile.",
        "Go back to the step of that side and connect it.",
    ),
    "setup.no_template": Message(
        "Choose a direction first", "Without it there is nothing to compare.", "Go back one step and choose."
    ),
    "setup.unknown_template": Message(
        "That choice does not exist", "The form may be out of date.", "Open the step again and choose."
    ),
    "setup.already_on": Message(
        "It is switched on already",
        "The direction was chosen before. Nothing has been changed.",
        "Change the mapping's fields instead.",
    ),
    "setup.scan_first": Message(
        "Both sides have to be read first",
        "Until both were read to the end, nothing may be created: it might be there already.",
        "Read both sides, look at what would happen, then switch on.",
    ),
    "match.already_linked": Message(
        "{name} is linked already", "Somebody linked it meanwhile.", "Open the record to see to what."
    ),
    "match.held": Message(
        "{name} belongs to another record",
        "Each record can be linked once.",
        "Unlink the other one first, or choose another record.",
    ),
    "match.busy": Message(
        "One of the two is being synced right now",
        "Deciding at this moment could be overtaken by what is on its way.",
        "Try again in a few seconds.",
    ),
    "match.unknown_record": Message(
        "We have not seen that record",
        "Its id is {id}; it may have been deleted, or is left out by your rules.",
        "Read both sides again, then choose.",
    ),
    "match.not_linked": Message(
        "{name} is not linked", "There is nothing to take apart.", "Reload the page."
    ),
    "match.not_unlinked": Message(
        "{name} was not unlinked", "There is nothing to link again.", "Reload the page."
    ),
    "match.closed": Message(
        "{name} is not kept in step any more",
        "It was unlinked, or became one with another record, meanwhile.",
        "Reload the page; what was unlinked can be linked again there.",
    ),
    "vault.unreadable": Message(
        "Stored secrets cannot be read",
        "The keys of this installation (FIELD_ENCRYPTION_KEYS) do not open them. Nothing has been changed.",
        "Whoever runs this installation has to put the key back with which they were stored; or connect again.",
    ),
}
