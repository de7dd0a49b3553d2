"""Words of what is done once for a document that was made."""

from __future__ import annotations

from syncapp.messages.words import Message

MESSAGES: dict[str, Message] = {
    "document.not_emailed": Message(
        "{name} was not e-mailed",
        "QuickBooks was asked to send it and answered: {message} {detail} The document itself is in order.",
        "Correct what it names, then try again; or send it from QuickBooks.",
        "retry",
    ),
    "document.no_pdf": Message(
        "The PDF of {name} is not attached in Salesforce",
        "The answer was: {message} {detail} The document itself is in order.",
        "The connected user has to be allowed to create files in Salesforce. Then try again.",
        "retry",
    ),
    "document.pdf_too_large": Message(
        "The PDF is too large for Salesforce",
        "It has more than 25 MB.",
        "Attach it by hand.",
    ),
}
