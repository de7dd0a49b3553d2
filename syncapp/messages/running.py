"""Words of starting, stopping and answering: what a press of a button can be told."""

from __future__ import annotations

from syncapp.messages.words import Message

MESSAGES: dict[str, Message] = {
    "sync.nothing": Message(
        "There is nothing to send", "The record is not here any more.", "Reload the page."
    ),
    "sync.not_switched_on": Message(
        "Syncing is not switched on yet",
        "Nothing is written to either side before a person switches it on.",
        "Finish the setup and start it.",
    ),
    "run.not_stopped": Message("This run is not paused", "Only a paused run can go on.", "Reload the page."),
    "run.is_over": Message("This run is over", "It ended before it could be cancelled.", "Reload the page."),
    "held.paused": Message(
        "All syncing is paused",
        "Nothing is lost; what is due waits, and changes are still noticed.",
        "Let syncing go on under Settings.",
    ),
    "held.access": Message(
        "The access to {name} has ended",
        "Nothing is lost; what is due waits.",
        "Connect it again, and it goes on by itself.",
        "reconnect",
    ),
    "held.answers": Message(
        "{name} did not answer several times",
        "What is due waits. It is tried again by itself, every quarter of an hour at the latest.",
        "Nothing to do, unless it lasts: the service's own status page tells of an outage.",
        "connections",
    ),
    "run.waits_for_calls": Message(
        "Waits for more Salesforce calls",
        "{used} of {limit} calls of the last 24 hours are used; from 80 % on large loads wait.",
        "Nothing to do. Calls of a day ago come back hour by hour, and it goes on by itself.",
    ),
    "run.waits_for_reads": Message(
        "Waits for the next month",
        "All {budget} metered reads of this month are used, so large loads wait.",
        "Wait, or allow more reads under Connections if your Intuit plan includes them.",
        "connections",
    ),
    "history.direction": Message(
        "Which side do the records come from?",
        "History is loaded from one side at a time. Nothing has been started.",
        "Choose a direction.",
    ),
    "conflict.not_offered": Message(
        "That choice is not open here",
        "Money hangs on the record in QuickBooks, or the value itself has to be corrected.",
        "Reload the page to see what can be chosen now.",
    ),
    "unclear.gone": Message(
        "It is clear by now", "The outcome of the write became known.", "Reload the page."
    ),
    "unclear.which": Message(
        "Not exactly one record fits",
        "Either no {object} fits what was sent, or several do, or the one you named belongs to another record.",
        "Name the right one by its id or address.",
    ),
    "unclear.unreachable": Message(
        "The other side could not be asked",
        "Nothing was changed. {message}",
        "Try again in a minute.",
        "retry",
    ),
    "gone.not_asked": Message(
        "There is nothing to decide here any more",
        "The record stands differently than when the page was shown.",
        "Reload the page.",
    ),
    "closed.exists_there": Message(
        "{name} is in QuickBooks already", "The question of its date is over.", "Reload the page."
    ),
    "closed.unknown_answer": Message(
        "Nothing was chosen",
        "The press named none of the ways that are offered.",
        "Choose one of the buttons.",
    ),
    "naming.exists_there": Message(
        "{name} is in QuickBooks already",
        "A name is only chosen for a record that is still to be made.",
        "Reload the page.",
    ),
    "naming.forbidden": Message(
        "This cannot stand in a name",
        "QuickBooks takes no colon, quotation mark or line break in a name, and we take at most {longest} characters.",
        "Type something shorter and plainer, for example “Customer”.",
    ),
    "deletions.not_stopped": Message(
        "No deletions are waiting", "Somebody has decided about them already.", "Reload the page."
    ),
    "restored.still_reading": Message(
        "Both sides are still being read",
        "Until that is done, a record could be made a second time.",
        "Wait until the reading is done, then go live.",
    ),
    "restored.not": Message(
        "This pair is not waiting after a restore", "It is live already.", "Reload the page."
    ),
    "conflict.gone": Message(
        "There is nothing to decide any more",
        "Both sides agree by now, or it was decided already.",
        "Reload the page.",
    ),
    "conflict.moved": Message(
        "The values changed while you looked",
        "Somebody edited the record meanwhile, so your answer was not taken.",
        "Look at the values again, then choose.",
    ),
    "conflict.none_left": Message(
        "None of them could be answered",
        "They were decided already, changed while you looked, or leave no such choice. Nothing has been changed.",
        "Reload the page and look at them one by one.",
    ),
    "conflict.unknown_side": Message("That is no choice", "The form may be out of date.", "Reload the page."),
    "connect.token_refused": Message(
        "The sign-in works, but the first call was refused",
        "{detail} Nothing has been saved.",
        "Check that the app and the person may use the API, then start again.",
    ),
    "person.ignored": Message(
        "Ignored", "A person asked to leave this record alone.", "Try again to take it up.", "retry"
    ),
}
