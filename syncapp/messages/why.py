"""Words of "Why is it not there?": the rules that a record came past, and what was seen of it."""

from __future__ import annotations

from syncapp.messages.words import Message

NONE = "Nothing to do."

MESSAGES: dict[str, Message] = {
    "why.mode": Message("The mapping is on", "It is set to {mode_words}", NONE),
    "why.exists": Message(
        "What is there",
        "Salesforce: {sf_words}. QuickBooks: {qbo_words}",
        NONE,
    ),
    "why.fits": Message("It fits the filter", "{rule} ({value_words})", NONE),
    "why.no_filter": Message("No filter leaves it out", "The mapping takes every record.", NONE),
    "why.may_create": Message("New records may be made", "The mapping makes them in {side_words}", NONE),
    "why.scanned": Message("Both sides were read to the end", "What is there already is known.", NONE),
    "why.no_match": Message(
        "Nothing there looks like it", "No record in {side_words} has its keys or name.", NONE
    ),
    "why.parents": Message("What it refers to is linked", "{number} references were looked up.", NONE),
    "why.company_paused": Message(
        "The company is paused", "Nothing is sent for it.", "Resume it under Company."
    ),
    "why.not_switched_on": Message(
        "Syncing is not switched on yet",
        "Nothing is written to either side before a person switches it on.",
        "Finish the setup and start it.",
    ),
    "why.not_published": Message(
        "The mapping was never published", "Only a published mapping runs.", "Publish it.", "mapping"
    ),
    "why.connection": Message(
        "A connection does not work",
        "{name} needs a person to sign in again.",
        "Connect it again.",
        "reconnect",
    ),
    "why.ignored": Message(
        "Ignored", "A person asked to leave this record alone.", "Take it up again on its page.", "retry"
    ),
    "why.paused": Message("The record is paused", "Nothing is sent for it.", "Resume it on its page."),
    "why.due": Message("It is in the queue", "It is compared and written in a moment.", "Wait a moment."),
    "why.unclear": Message(
        "The outcome of its last write is not known yet",
        "It is found out before anything else is written.",
        "Wait a few minutes.",
    ),
    "why.not_seen": Message(
        "Nobody has noticed it yet",
        "It is there, and it was not among the changes that were read so far.",
        "Sync it now, or wait until changes are read again.",
    ),
    "why.seen": Message("It is known here", "It has been read before, and is on its own page.", NONE),
    "why.not_there": Message(
        "There is no such record",
        "{side_words} does not know {id} as {object}",
        "Check the id or the address.",
    ),
    "why.nothing_found": Message(
        "Nothing of that name is known",
        "No record whose name begins so was seen on either side.",
        "Paste its address or its id: then it is looked up.",
    ),
    "why.no_mapping": Message(
        "No mapping takes records of this kind",
        "What is kept in step is set by the mappings.",
        "Add a mapping for it.",
        "mapping",
    ),
    "why.unreachable": Message(
        "The other side could not be asked", "It did not answer: {message}", "Try again in a minute.", "retry"
    ),
}
