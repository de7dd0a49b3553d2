"""Words about members, invitations and companies."""

from __future__ import annotations

from syncapp.messages.words import Message

MESSAGES: dict[str, Message] = {
    "people.already_member": Message(
        "They are a member already",
        "{email} belongs to this company.",
        "Change their role under Members instead.",
    ),
    "people.invitation_used": Message(
        "This invitation has been accepted",
        "It worked once and is over.",
        "Change the person's role or remove them under Members.",
    ),
    "people.last_owner": Message(
        "A company needs an owner",
        "This is the only one. Nothing has been changed.",
        "Make somebody else owner first.",
    ),
    "people.only_owners": Message(
        "Only an owner can do this",
        "Owners are made, changed and removed by owners alone. Nothing has been changed.",
        "Ask an owner of the company.",
    ),
}
