"""Words for requests from Salesforce, its buttons and the API: what cannot be started, and why. Those of requests are
written into the record over there, so they must be understood without our pages."""

from __future__ import annotations

from syncapp.messages.words import Message

MESSAGES: dict[str, Message] = {
    "locate.no_mapping": Message(
        "Nothing is set up to be synced yet",
        "No mapping between the two is published and on.",
        "Finish the setup in Ledgerbridge.",
    ),
    "locate.unknown_type": Message(
        "No mapping for the type {type}",
        "Mappings that are on send: {known}.",
        "Name one of these, or leave the type empty.",
    ),
    "locate.which_type": Message(
        "The id {id} means several records in QuickBooks",
        "Records of different types have the same number there: {known}.",
        "Name the type as well.",
    ),
    "locate.not_mapped": Message(
        "{object} is not synced",
        "No mapping that is on belongs to this kind of record.",
        "Check the id, or set up a mapping for it.",
    ),
    "locate.no_record": Message(
        "There is no such record",
        "{object} {id} does not exist, was deleted, or the connected user may not see it.",
        "Check the id.",
    ),
    "locate.no_owner": Message(
        "The {object} belongs to no {owner}",
        "It goes along with its {owner}, and has none.",
        "Fill in its {owner}, then try again.",
    ),
    "locate.no_id": Message(
        "This is no record id",
        "{id} is neither an id of Salesforce (15 or 18 characters) nor one of QuickBooks (a number).",
        "Check the id.",
    ),
    "locate.unlinked": Message(
        "The record was unlinked",
        "A person unlinked it from its counterpart, so it is left alone.",
        "Link it again in Ledgerbridge if it should be synced.",
    ),
    "button.unknown_org": Message(
        "This org is not connected to a company of yours",
        "No company that you belong to holds the Salesforce org that this address names.",
        "Sign in with the address that you use for that company, or ask its owner to invite you.",
    ),
    "request.unknown_company": Message(
        "Unknown QuickBooks company",
        "This org is not connected to a QuickBooks company with the id {realm}.",
        "Correct the QuickBooks company id. Connected: {known}.",
    ),
    "request.which_company": Message(
        "Which QuickBooks company?",
        "This org is connected to several: {known}.",
        "Name the QuickBooks company id.",
    ),
    "request.unknown_operation": Message(
        "{operation} is not offered",
        "A request can send a record or fetch it; nothing else.",
        "Choose Send or Pull, or leave the operation empty.",
    ),
    "request.record_gone": Message(
        "The record is not kept any more",
        "Ledgerbridge has forgotten it since this was asked.",
        "Ask again.",
    ),
}
