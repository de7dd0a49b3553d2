"""Words about linking documents that both systems had before go-live."""

from __future__ import annotations

from syncapp.messages.words import Message

MESSAGES: dict[str, Message] = {
    "link_documents.not_possible": Message(
        "{label} has no documents to link",
        "Only mappings whose records have an amount, a date and a customer can be compared with documents.",
        "Choose a mapping of opportunities to documents.",
    ),
    "link_documents.no_number": Message(
        "No field holds the document number",
        "{label} maps none, and none was named.",
        "Name the Salesforce field in which older records hold the number of their document.",
    ),
    "engine.linked_as_is": Message(
        "{label} stays as it is on both sides",
        "The two were linked as they were; it follows the record from its next change on.",
        "Nothing to do.",
    ),
}
