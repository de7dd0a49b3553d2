"""Words for what the engine decides and why (sync-semantics sections 3 to 9). `{name}` is the record's name."""

from __future__ import annotations

from syncapp.messages.words import Message

BY_ITSELF = "Nothing to do. It goes on by itself."
CHOOSE = "Choose which value is right."
STAYS = "Nothing is deleted on either side."

MESSAGES: dict[str, Message] = {
    # nothing done, by rule
    "engine.mapping_off": Message(
        "This mapping is off", "Nothing is sent while it is.", "Switch it on.", "mapping"
    ),
    "engine.button_only": Message(
        "Sent by button only",
        "The mapping is set so.",
        "Press a button on the record, or change the mapping.",
        "send",
    ),
    "engine.writes_off": Message(
        "Not switched on yet",
        "Nothing is written to either side before a person switches it on.",
        "Finish the setup.",
    ),
    "engine.first_scan": Message(
        "The first reading is not done",
        "A record is only made once both sides were read to the end: it might be there already.",
        BY_ITSELF,
    ),
    "engine.filtered": Message(
        "Left out by the filter",
        "The mapping takes only records whose {field} fits; this one holds {value}",
        "Change the record or the filter.",
        "mapping",
    ),
    "engine.field_empty": Message(
        "{label} is empty",
        "The mapping takes only records whose {label} is filled; this one waits for it.",
        "Fill in {label} in Salesforce; it goes on by itself.",
        "mapping",
    ),
    "engine.filter_left": Message(
        "{label} was changed after the document was made",
        "The document stays as it is in QuickBooks, and no second one is made.",
        "Put {label} back to {wanted}, or void the document in QuickBooks and unlink the two.",
    ),
    "engine.nothing_there": Message("Deleted before it was sent", STAYS, "Nothing to do."),
    "engine.never_lived": Message("Deleted before it was sent", STAYS, "Nothing to do."),
    "engine.inactive_alone": Message(
        "Inactive in QuickBooks",
        "It has no counterpart here, and inactive records are not taken over.",
        "Make it active in QuickBooks if it should be.",
    ),
    "engine.sf_inactive": Message(
        "Inactive in Salesforce",
        "It has no counterpart in QuickBooks, and inactive records are not made there.",
        "Make it active in Salesforce if it should be.",
    ),
    "engine.create_off": Message(
        "New records are not made there",
        "The mapping says so.",
        "Change the mapping if they should be.",
        "mapping",
    ),
    "engine.before_go_live": Message(
        "Before go-live",
        "It is dated {value}; the mapping makes documents from {since} on.",
        "Nothing to do. To send it nonetheless, press the button of its record, or move the day in the mapping.",
        "mapping",
    ),
    "engine.no_recreate": Message(
        "Not made a second time",
        "It was undone or unlinked before.",
        "Create it anew if it should be there again.",
        "create_new",
    ),
    "engine.unlinked": Message(
        "Unlinked", "The two records are not kept in step.", "Link them again if they should be."
    ),
    "engine.in_sync": Message("In sync", "Both sides hold the same.", "Nothing to do."),
    "engine.agreed": Message("Both sides hold the same", "Nothing had to be written.", "Nothing to do."),
    "engine.sf_settling": Message(
        "Just saved in Salesforce", "We wait a moment before writing to it.", BY_ITSELF
    ),
    # gone
    "engine.sf_deleted": Message(
        "Deleted in Salesforce",
        f"The record in QuickBooks is left alone. {STAYS}",
        "Bring it back in Salesforce, or unlink it here.",
        "unlink",
    ),
    "engine.sf_missing": Message(
        "Not found in Salesforce",
        f"It may be hidden from the connected user. {STAYS}",
        "Check the user's access in Salesforce, then try again.",
        "retry",
    ),
    "engine.sf_merged": Message(
        "Merged in Salesforce",
        "Another account took its place. Each has a counterpart in QuickBooks or had one.",
        "Choose which counterpart stays: unlink this one, or link the other account to it.",
        "unlink",
    ),
    "engine.qbo_deleted": Message(
        "Deleted in QuickBooks",
        f"The record in Salesforce is left alone. {STAYS}",
        "Unlink it here; create it anew if it should be there again.",
        "unlink",
    ),
    "engine.qbo_inactive": Message(
        "Inactive in QuickBooks",
        "QuickBooks hides it and lets nobody use it. The record in Salesforce is left alone.",
        "Make it active again, or unlink it here.",
        "reactivate",
    ),
    "engine.qbo_voided": Message("Voided in QuickBooks", "Its amounts are zero now.", "Nothing to do."),
    "engine.qbo_missing": Message(
        "Not found in QuickBooks",
        f"It was deleted, or belongs to another QuickBooks company. {STAYS}",
        "Look for it in QuickBooks; unlink it here if it is gone.",
        "unlink",
    ),
    "engine.qbo_merged": Message(
        "Merged in QuickBooks",
        "Another customer took its place.",
        "Choose which counterpart stays: unlink this one, or link the account to the other customer.",
        "unlink",
    ),
    "engine.gone_both": Message(
        "Gone on both sides", "The record was deleted in Salesforce and in QuickBooks.", "Nothing to do."
    ),
    "engine.deactivated": Message(
        "Made inactive in QuickBooks", "It was deleted in Salesforce.", "Nothing to do."
    ),
    "engine.reactivated": Message(
        "Made active again in QuickBooks", "It is back in Salesforce.", "Nothing to do."
    ),
    "engine.revive_ask": Message(
        "Back in Salesforce, inactive in QuickBooks",
        "It was deleted in Salesforce once and has come back.",
        "Make it active again in QuickBooks, or leave it.",
        "reactivate",
    ),
    "engine.delete_brake": Message(
        "Many records were deleted at once",
        "{count} deletions came together in {side}, so none of them was followed; nothing was changed on the other "
        "side.",
        "Check in {side} that this was meant. Then let them be followed as the mapping says, or have them ignored.",
        "deletions",
    ),
    "engine.voided": Message("Voided in QuickBooks", "It was deleted in Salesforce.", "Nothing to do."),
    "engine.void_ask": Message(
        "Deleted in Salesforce, still open in QuickBooks",
        "The mapping says to void the document in QuickBooks, which nobody can take back, so you are asked first.",
        "Void it, or leave it as it is.",
        "void",
    ),
    "engine.void_by_hand": Message(
        "Deleted in Salesforce, still open in QuickBooks",
        "QuickBooks lets no other program void a document of this kind, and Ledgerbridge deletes none.",
        "Open it in QuickBooks and void or delete it there, or leave it as it is.",
        "leave_gone",
    ),
    "engine.restored": Message(
        "Restored from a backup: nothing is written yet",
        "The database is older than Salesforce and QuickBooks, so both are read anew and compared first.",
        "Look at what would be done, then press Go live on the page of the pair under Integrations.",
        "connections",
    ),
    # matching and creating
    "engine.matched": Message("Linked with {name}", "It was the one clear match.", "Nothing to do."),
    "engine.match_candidates": Message(
        "{count} records look alike",
        "Only you can tell which one it is.",
        "Choose one, or create a new record.",
        "create_new",
    ),
    "engine.match_weak": Message(
        "{name} looks alike",
        "Only the name or the e-mail address agrees, which is not enough to link them unasked.",
        "Link them, or create a new record.",
        "create_new",
    ),
    "engine.match_held": Message(
        "{name} is linked to another record",
        "It is the best match, but each record can be linked once.",
        "Open the record that holds it and unlink it, or create a new record here.",
        "create_new",
    ),
    "engine.match_let_go": Message(
        "{name} was unlinked by a person",
        "It is the best match, but what a person has unlinked is linked again by people only.",
        "Link them, or create a new record.",
        "create_new",
    ),
    "engine.match_inactive": Message(
        "An inactive record has this identity",
        "{name} is inactive in QuickBooks. Its name cannot be used twice.",
        "Make it active again in QuickBooks and link it, or change the name.",
        "retry",
    ),
    "engine.match_other_type": Message(
        "QuickBooks uses this name for another kind of record",
        "{name} is a {object} there. Customers, vendors and employees need different names.",
        "Put something behind the name, or change it in Salesforce and try again.",
        "retry",
    ),
    "engine.match_not_unique": Message(
        "{name} fits several of your records",
        "More than one record on this side looks like it.",
        "Choose one.",
        "create_new",
    ),
    "engine.match_manual": Message(
        "A possible match", "{name} looks alike; the mapping asks first.", "Link it, or create."
    ),
    "engine.match_twin": Message(
        "Looks like {name}, which goes first",
        "Neither is on the other side yet. The one with the smaller id is created; then you are asked about this one.",
        "Wait for it, or make the two differ: name, e-mail address or number.",
    ),
    "engine.created": Message(
        "Created", "It was not on the other side yet, and nothing there looked like it.", "Nothing to do."
    ),
    "engine.name_suffix": Message(
        "Created with “{suffix}” behind the name", "The name was taken.", "Nothing to do."
    ),
    "engine.waiting_parent": Message(
        "Waiting for another record", "It belongs to a record that is not on the other side yet.", BY_ITSELF
    ),
    "engine.parent_skipped": Message(
        "The record it belongs to is left out",
        "{parent} is skipped by a rule or was ignored, so this one cannot go.",
        "Change the rule, or choose another parent; this one follows by itself.",
    ),
    "engine.parent_problem": Message(
        "The record it belongs to has a problem",
        "It cannot go before {parent} is on the other side.",
        "Solve that one first; this one follows by itself.",
    ),
    "engine.parent_gone": Message(
        "The record it belongs to is gone",
        "{parent} was deleted, so there is nothing to hang this one on.",
        "Choose another parent in Salesforce, then try again.",
        "retry",
    ),
    "engine.cycle": Message(
        "The records belong to one another in a circle",
        "{ring}",
        "Take one of them out of the circle in Salesforce.",
        "retry",
    ),
    # one field or group
    "engine.source_changed": Message(
        "{label} was changed", "The change was sent to the other side.", "Nothing to do."
    ),
    "engine.sf_wins": Message("{label}: Salesforce won", "Both sides had changed it.", "Nothing to do."),
    "engine.qbo_wins": Message("{label}: QuickBooks won", "Both sides had changed it.", "Nothing to do."),
    "engine.newest_wins": Message(
        "{label}: the newer record won", "Both sides had changed it.", "Nothing to do."
    ),
    "engine.newest_close": Message(
        "{label} was changed on both sides at about the same time", "Neither is clearly newer.", CHOOSE
    ),
    "engine.conflict": Message("{label} was changed on both sides", "Neither value was overwritten.", CHOOSE),
    "engine.drift_left": Message(
        "{label} was edited on the other side",
        "The mapping does not carry it back; it was left as it is.",
        "Nothing to do.",
    ),
    "engine.drift_overwritten": Message(
        "{label} was put back", "The mapping keeps it as on the other side.", "Nothing to do."
    ),
    "engine.drift_ask": Message(
        "{label} was edited on the other side", "The mapping does not carry it back.", CHOOSE
    ),
    "engine.initial_taken": Message(
        "{label} differed at the first link", "The winner's value was taken.", "Nothing to do."
    ),
    "engine.initial_filled": Message("{label} was filled in", "It was empty on one side.", "Nothing to do."),
    "engine.initial_kept": Message("{label} differs", "Both values were kept.", "Nothing to do."),
    "engine.initial_ask": Message(
        "{label} differs at the first link", "Neither value was overwritten.", CHOOSE
    ),
    "engine.pressed": Message(
        "{label} was sent", "You pressed the button for this direction.", "Nothing to do."
    ),
    "engine.create_only": Message(
        "{label} is set only once", "It cannot be changed later.", "Nothing to do."
    ),
    "engine.answered": Message(
        "{label} was decided by a person", "The chosen value was taken for both sides.", "Nothing to do."
    ),
    "engine.undone": Message("{label} was undone", "It rests until it changes again.", "Nothing to do."),
    "engine.oscillation": Message(
        "{label} goes back and forth",
        "Something on each side keeps putting its own value back. We stopped.",
        "Find the automation that rewrites it, or let one side win in the mapping.",
        "mapping",
    ),
    "engine.sent_again": Message(
        "Refused {times} times within an hour: not sent again",
        "{said}. Something put the record back to work each time, and nothing had changed meanwhile. {message}",
        "Correct what it says. The record goes by itself once it, its parent, the mapping or the connection has "
        "changed; Try again sends it once.",
        "retry",
    ),
    "engine.locked_paid": Message(
        "{label}: the document is paid, wholly or in part",
        "QuickBooks holds a total of {total}, of which {paid} is paid; with the change it would be {new_total}. "
        "Nothing was sent for it; other fields go on.",
        "Send it nonetheless if the new total still covers what was paid, or leave QuickBooks as it is.",
    ),
    "engine.locked_paid_party": Message(
        "{label} cannot be changed on a paid document",
        "{paid} of {total} is paid, and the payment belongs to the customer and currency that stand there now.",
        "Leave it, or take the payment off in QuickBooks first; then it goes on by itself.",
    ),
    "engine.locked_deposited": Message(
        "{label} cannot be changed: the money is deposited",
        "QuickBooks does not let a deposited transaction be changed. Its total there is {total}.",
        "Leave it, or take it out of the deposit in QuickBooks; then it goes on by itself.",
    ),
    "engine.locked_closed": Message(
        "{label} cannot be changed: the books are closed",
        "The books are closed until {closed_until}. The total in QuickBooks is {total}; "
        "with the change it would be {new_total}.",
        "Leave it, or ask whoever keeps the books to reopen the period; then it goes on by itself.",
    ),
    "engine.locked_linked": Message(
        "{label} cannot be changed: another document was made from it",
        "Linked in QuickBooks: {linked}. The total there is {total}; with the change it would be {new_total}.",
        "Leave it, or change the linked document in QuickBooks.",
    ),
    "engine.closed_date": Message(
        "{label} lies in a closed period",
        "The books in QuickBooks are closed until {closed_until}; {value} is not after it. Nothing was sent for it.",
        "Send it with the next open day as its date, or once the books are open; or leave it. With another date it "
        "goes on by itself.",
        "retry",
    ),
    "engine.closed_waits": Message(
        "Waits until the books are open",
        "The books in QuickBooks are closed until {closed_until}; {value} is not after it.",
        "Nothing to do. It goes on when the period is reopened, or with a later date.",
    ),
    "engine.outcome_unclear": Message(
        "Nobody knows whether {name} was written",
        "The answer to a write got lost, and reading the {object} did not tell whether it was carried out.",
        "Look for it over there. If it exists, link it; if it does not, send it again.",
        "exists",
    ),
    "engine.outcome_several": Message(
        "More than one record fits", "Only a person can tell which one it is.", "Look for it over there."
    ),
    "engine.outcome_not_found": Message(
        "Nothing was found yet", "What was sent is looked for once more before it is sent again.", BY_ITSELF
    ),
    # data
    "engine.too_long": Message(
        "{label} is too long",
        "It has {length} characters; {field} takes {limit}. Nothing was sent for it.",
        "Shorten it, or choose “Cut to fit” for this field in the mapping.",
        "mapping",
    ),
    "engine.required": Message(
        "{label} is empty",
        "The other side cannot do without {field}.",
        "Fill it in, then try again.",
        "retry",
    ),
    "engine.bad_value": Message(
        "{label} has a value of the wrong kind",
        "“{value}” is not a {type}.",
        "Correct it, then try again.",
        "retry",
    ),
    "engine.forbidden_character": Message(
        "{label} has a character that QuickBooks does not allow",
        "“{value}” cannot be used as it is: no colon, tab or line break.",
        "Change it in Salesforce, or choose “Dash for colon” for this field in the mapping.",
        "mapping",
    ),
    "engine.bad_email": Message(
        "{label} is not an e-mail address",
        "“{value}” would be refused by QuickBooks.",
        "Correct it, then try again.",
        "retry",
    ),
    # sending
    "engine.moved": Message("Changed while it was being sent", "It is read again and compared.", BY_ITSELF),
    "engine.out_of_time": Message("Its turn was over", "It goes out in the next turn.", BY_ITSELF),
    "engine.no_failure": Message(
        "Refused without a reason",
        "The answer names no cause.",
        "Try again. If it stays, tell support.",
        "retry",
    ),
    "engine.our_defect": Message(
        "A defect on our side",
        "Nothing was written for this record; it is set aside so that the others go on.",
        "Copy the details for support and send them to whoever runs this installation.",
        "retry",
    ),
    "engine.not_listed": Message(
        "{value} is not in QuickBooks",
        "{label} names an entry that the list in QuickBooks does not have, or that is inactive there.",
        "Add {value} in QuickBooks, or correct the name here; then read the lists again and try again.",
        "retry",
    ),
    "engine.no_item": Message(
        "A line has no product",
        "QuickBooks does not count a line without a product or service, so nothing was sent.",
        "Choose a product on each line, or set a default item in the mapping.",
        "mapping",
    ),
    "engine.no_lines": Message(
        "No products and no amount",
        "There is nothing to put on the document.",
        "Add products, or an amount, in Salesforce.",
        "retry",
    ),
    "engine.unknown_product": Message(
        "A product is not linked with QuickBooks",
        "The mapping says to stop then, rather than to make the item or to take another.",
        "Link the product, or change what the mapping does with unknown products.",
        "mapping",
    ),
    "engine.price_book": Message(
        "The products are from another price book",
        "The price book is {value}; the mapping takes documents from {wanted} only.",
        "Use another price book in Salesforce, or add this one in the mapping.",
        "mapping",
    ),
    "engine.negative_total": Message(
        "The total is below nothing",
        "The lines come to {value}; QuickBooks refuses a document below 0.",
        "Make a credit memo of it, or correct the lines.",
        "retry",
    ),
    "engine.too_many_lines": Message(
        "The document has too many lines",
        "It has {count} lines; QuickBooks takes {limit} in one such document. Nothing was sent for it.",
        "Part it into several records in Salesforce, or leave lines out by the filter of the mapping’s lines.",
        "retry",
    ),
    "engine.no_email": Message(
        "No e-mail address for the document",
        "The mapping wants one before a document is sent.",
        "Add an e-mail address to the account or the contact.",
        "retry",
    ),
    "engine.no_address": Message(
        "No billing address for the document",
        "The mapping wants one before a document is sent.",
        "Add a billing address to the account.",
        "retry",
    ),
    "engine.no_number": Message(
        "The document has no number",
        "This QuickBooks company takes custom transaction numbers, so QuickBooks gives none by itself, and nothing was "
        "sent without one.",
        "Fill in the number in Salesforce or choose where it comes from in the mapping; or switch custom transaction "
        "numbers off in QuickBooks.",
        "mapping",
    ),
    "engine.date_moved": Message(
        "Dated {value}",
        "{wanted} lies in a closed period of QuickBooks; the mapping takes the next open day then.",
        "Nothing to do.",
    ),
    "engine.wrong_currency": Message(
        "The currency is not the one of the books",
        "{value} is not {wanted}, and QuickBooks keeps only {wanted} for this company.",
        "Switch on several currencies in QuickBooks, or change the currency of the record.",
        "retry",
    ),
    "engine.other_currency": Message(
        "The record is in another currency",
        "It is in {value}, and the mapping makes every document in {wanted}. Nothing is converted, so its amounts "
        "would be wrong.",
        "Let the mapping take the record’s own currency, or say there that amounts are taken as they are.",
        "mapping",
    ),
    "engine.customer_currency": Message(
        "The customer is kept in another currency",
        "The document is in {value}, the customer in {wanted}. QuickBooks keeps one currency for each customer, for "
        "good, and refuses any other.",
        "Change the currency of the record to {wanted}; or make a customer in {value} in QuickBooks and link the "
        "account with it.",
        "retry",
    ),
    "engine.other_document": Message(
        "Another document was made of it already",
        "QuickBooks has this as: {other}. A second document would bill the customer twice.",
        "Put Generate back, or void the first document in QuickBooks and unlink it here; then try again.",
        "retry",
    ),
}
