"""Words of webhook notices."""

from __future__ import annotations

from syncapp.messages.words import Message

MESSAGES: dict[str, Message] = {
    "notices.no_verifier": Message(
        "The verifier token is missing",
        "Without it nobody can tell whether a notice comes from Intuit, so all of them are refused.",
        "Copy it from the Webhooks page of your app at Intuit and store it here.",
    ),
    "notices.unreachable": Message(
        "Our own address cannot be reached",
        "{address} did not answer. Intuit cannot reach it either.",
        "It needs a public https address. Whoever runs this installation should check BASE_URL, proxy and certificate.",
    ),
    "notices.not_accepted": Message(
        "Our own address answers {status}",
        "A signed notice sent to {address} was not accepted: something before this portal answers in its place.",
        "Let the proxy pass POST requests below /hooks/ on as they are, without sign-in and without changing the body.",
    ),
    "notices.not_our_app": Message(
        "This app is not the company's own",
        "The company is connected through the installation's app; its verifier token is set by whoever runs it.",
        "Ask them to set QUICKBOOKS_WEBHOOK_VERIFIER_TOKEN, or use an app of your own under Advanced properties.",
    ),
}
