"""Words for connecting a side: what can go wrong between our page, the vendor's consent page and the way back."""

from __future__ import annotations

from syncapp.messages.words import Message

NOTHING = "Nothing has been saved."

MESSAGES: dict[str, Message] = {
    "connect.no_app": Message(
        "No app to sign in with",
        "Neither this company nor this installation has app keys for this end point.",
        "Enter your own app's client id and secret under Advanced properties, or ask whoever runs this installation.",
    ),
    "connect.bad_host": Message(
        "That is not a Salesforce address",
        "A My Domain address ends in .my.salesforce.com; nothing else is ever asked for a sign-in.",
        "Copy the address from Setup, My Domain in Salesforce, for example acme.my.salesforce.com.",
    ),
    "connect.state_unknown": Message(
        "We did not start this sign-in",
        f"The answer that came back belongs to no sign-in that was started here. {NOTHING}",
        "Start again from the Connections page.",
    ),
    "connect.state_used": Message(
        "This sign-in has been used already",
        f"Each sign-in works once; a second answer, or reloading the page, is refused. {NOTHING}",
        "Look at the Connections page: if the first answer worked, you are connected. Otherwise start again.",
    ),
    "connect.state_expired": Message(
        "This sign-in took too long",
        f"A started sign-in is good for ten minutes. {NOTHING}",
        "Start again; you will be asked once more.",
    ),
    "connect.other_session": Message(
        "This sign-in was started in another browser",
        f"For safety the answer is accepted only where it was started. {NOTHING}",
        "Start again in this browser.",
    ),
    "connect.other_person": Message(
        "Somebody else started this sign-in",
        f"You are signed in to Ledgerbridge as another person than the one who started it. {NOTHING}",
        "Start again as yourself.",
    ),
    "connect.denied": Message(
        "Access was not granted",
        f"The consent page was left without granting access. {NOTHING}",
        "Start again and choose to allow it. If the page showed an error, an administrator over there has to approve "
        "the app first.",
    ),
    "connect.realm_taken": Message(
        "Another company here is connected to it",
        f"This Salesforce org or QuickBooks company is already connected by another company here. {NOTHING}",
        "Disconnect it there first, or choose another one on the consent page.",
    ),
    "connect.wrong_org": Message(
        "That is a different one",
        "You reconnected to another org or QuickBooks company than before. The old connection was left as it was.",
        "Reconnect and choose the same one, or make a new connection for the other.",
    ),
    "connect.forged_instance": Message(
        "The answer did not come from where it should",
        f"The address or signature in the answer is not the vendor's. {NOTHING}",
        "Start again. If it happens twice, tell whoever runs this installation.",
    ),
    "connect.unreachable": Message(
        "The other side could not be reached",
        f"It did not answer in time. {NOTHING}",
        "Try again in a few minutes.",
    ),
    "connect.exchange_failed": Message(
        "The sign-in could not be finished",
        f"The vendor refused to exchange the answer for access: {{detail}} {NOTHING}",
        "Check client id and secret, and the redirect address in the app to the letter; then start again.",
    ),
    "connection.disconnected": Message(
        "This side is disconnected",
        "Somebody disconnected it; what is due waits and nothing is lost.",
        "Connect the same org or QuickBooks company again.",
        "reconnect",
    ),
    "connect.no_role": Message(
        "Your role may not connect this",
        f"You lost the right to connect this company while you were away. {NOTHING}",
        "Ask an owner or admin of the company.",
    ),
}
