"""Words of the API's own answers; what the services refuse keeps theirs."""

from __future__ import annotations

from syncapp.messages.words import Message

MESSAGES: dict[str, Message] = {
    "api.no_key": Message(
        "No valid API key",
        "The call carries no key, or one that is not valid any more.",
        "Send Authorization: Bearer with a key from the page API keys.",
    ),
    "api.role": Message(
        "The key may not do this",
        "Its role is {role}.",
        "Ask an owner or admin for a key with another role.",
    ),
    "api.too_many": Message(
        "Too many calls",
        "A key may make {most} calls a minute.",
        "Wait a minute, then go on.",
    ),
    "api.too_many_wrong": Message(
        "Too many calls without a valid key",
        "Calls from this address are not looked at for a minute.",
        "Check the key, wait a minute, then try again.",
    ),
    "api.too_large": Message("The body is too large", "A call may hold 1 MB.", "Send less at once."),
    "api.not_found": Message(
        "There is no such thing here", "Nothing of this company has that id.", "Check the address."
    ),
    "api.method": Message(
        "This cannot be done here", "The address takes {allowed}.", "Use one of these methods."
    ),
    "api.broke": Message(
        "Something broke on our side",
        "Nothing has been changed. The trace is {trace}.",
        "Try again; if it stays, tell whoever runs this installation the trace.",
    ),
    "api.unreadable": Message("The body could not be read", "It is not valid JSON.", "Send JSON."),
    "api.bad_input": Message(
        "Some values do not fit", "Missing, unknown or of the wrong type: {fields}.", "Correct them."
    ),
    "api.unknown_state": Message("No state is called {state}", "There are: {known}.", "Name one of them."),
    "api.unknown_mapping": Message(
        "No published mapping has the key {mapping}",
        "GET /api/v1/mappings lists those that have one.",
        "Name one of them.",
    ),
    "api.which_integration": Message(
        "Several integrations have a mapping {mapping}",
        "The company keeps several pairs in step.",
        "Name the integration as well.",
    ),
}
