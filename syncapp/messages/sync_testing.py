"""Words of the test sync."""

from __future__ import annotations

from syncapp.messages.words import Message

MESSAGES: dict[str, Message] = {
    "sync_test.not_possible": Message(
        "There is nothing to test yet",
        "A test needs customers and documents of opportunities that are kept in step, and both sides switched on.",
        "Add the mapping from opportunities to invoices, switch on, then test.",
    ),
    "sync_test.not_clean": Message(
        "The last test has not been cleaned up",
        "Its records are still there on both sides.",
        "Clean up first, then begin a new test.",
    ),
    "sync_test.busy": Message(
        "The test is still running",
        "Its records are being made or carried at this moment.",
        "Wait until it has ended, then clean up.",
    ),
    "sync_test.no_opportunity": Message(
        "That is no opportunity",
        "What was entered holds no id of a Salesforce record.",
        "Paste the address of an opportunity's page, or leave the field empty: then one is made.",
    ),
    "sync_test.has_document": Message(
        "That opportunity has a document already",
        "A test can only show how a document is made where there is none yet.",
        "Choose another opportunity, or leave the field empty: then one is made.",
    ),
    "sync_test.no_account": Message(
        "That opportunity has no account",
        "A document needs a customer, and the customer is made from the account.",
        "Give it an account in Salesforce, or choose another one.",
    ),
    "sync_test.no_won_stage": Message(
        "Salesforce has no stage that counts as won",
        "The active stages of opportunities, as the connected user sees them, do not hold what a test needs.",
        "Look at the stages of opportunities in Salesforce's Setup.",
    ),
}
