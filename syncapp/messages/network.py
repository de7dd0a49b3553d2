"""Words for calls that did not get through, for sign-in answers (salesforce.md 1.7, quickbooks.md 1.4), for limits."""

from __future__ import annotations

from syncapp.messages.words import Message

AGAIN = "Nothing to do. It is tried again by itself."
RECONNECT = "Everything waiting stays in line and goes out afterwards."

_ENDED = Message(
    "The connection has ended", f"Access was taken back or ran out. {RECONNECT}", "Reconnect.", "reconnect"
)
_SECRET = Message(
    "The app's secret was not accepted",
    "Client id and secret belong together; these do not. The vendor answered: {message}",
    "Enter client id and secret of the app again under Advanced properties.",
    "connections",
)
_START_AGAIN = Message(
    "The sign-in took too long or was used already",
    "A sign-in may be used once and only for a few minutes. {message}",
    "Start the sign-in again.",
    "reconnect",
)
_DISTRUST = Message(
    "The answer did not come from where it should",
    "{message} Nothing was saved.",
    "Start again. If it happens twice, tell whoever runs this installation.",
)
_SETTINGS = Message(
    "The app over there does not allow this",
    "The app was registered without the right that this sign-in needs. {message}",
    "Check the app's settings over there, then start again.",
)

MESSAGES: dict[str, Message] = {
    "net.connect": Message(
        "The other side could not be reached", "No connection was made; nothing was sent.", AGAIN
    ),
    "net.timeout": Message(
        "The other side did not answer in time",
        "We find out first whether it was done; nothing is sent twice.",
        AGAIN,
    ),
    "net.reset": Message(
        "The connection was cut", "We find out first whether it was done; nothing is sent twice.", AGAIN
    ),
    "net.unreadable": Message(
        "The answer could not be read", "We find out first whether it was done; nothing is sent twice.", AGAIN
    ),
    "net.too_large": Message(
        "The answer was larger than we accept",
        "One answer may not fill our memory, so reading stopped there; nothing was changed. {message}",
        "Map fewer fields, or narrow the filter.",
        "mapping",
    ),
    "net.tls": Message(
        "The other side's certificate was not accepted",
        "The connection would not be safe, so nothing was sent.",
        "Whoever runs this installation should check its certificates and clock.",
    ),
    "net.host_not_allowed": Message(
        "That address is not the vendor's",
        "{detail} Nothing was sent there.",
        "Correct the address.",
        "connections",
    ),
    "net.bad_address": Message(
        "That is not an address",
        "An address begins with https:// and has no blanks. {detail}",
        "Correct the address.",
        "connections",
    ),
    "net.redirect": Message(
        "The other side sent us elsewhere",
        "{detail} We follow to no other server.",
        "Check the address.",
        "connections",
    ),
    "oauth.invalid_grant": _ENDED,
    "oauth.invalid_token": _ENDED,
    "oauth.code_expired": _START_AGAIN,
    "oauth.invalid_verifier": _START_AGAIN,
    "oauth.invalid_state": _START_AGAIN,
    "oauth.authentication_failure": Message(
        "Salesforce refused user name or password",
        "The password, the security token, the network address or the hours do not fit. {message}",
        "Check them in this order: user name, password, security token, allowed networks, login hours.",
        "connections",
    ),
    "oauth.inactive_user": Message(
        "The connected user is inactive",
        "Salesforce lets nobody in with a user that was switched off. {message}",
        "Reconnect with an active user.",
        "reconnect",
    ),
    "oauth.inactive_organization": Message(
        "The Salesforce org is inactive",
        "Salesforce closed the org, or its trial has ended. {message}",
        "Ask Salesforce to open it, then reconnect.",
        "reconnect",
    ),
    "oauth.ip_restricted": Message(
        "Salesforce does not allow our network address",
        "The org or the user's profile allows sign-ins only from certain addresses. {message}",
        "Let an administrator relax the IP restrictions of the app or allow this address.",
        "reconnect",
    ),
    "oauth.user_not_approved": Message(
        "The user has not approved the app yet",
        "Salesforce wants the app approved once for this user. {message}",
        "Let an administrator approve the app for the user, or sign in once with the browser.",
        "connections",
    ),
    "oauth.audience": Message(
        "Signed in at the wrong place",
        "The sign-in was made for another end point than the one it was sent to. {message}",
        "Use the right end point: production, sandbox or My Domain.",
    ),
    "oauth.domain": Message(
        "This sign-in needs your My Domain",
        "Your org takes this kind of sign-in only at its own address. {message}",
        "Enter the address that ends in .my.salesforce.com.",
    ),
    "oauth.access_denied": Message(
        "Access was not granted",
        "The consent page was left without allowing it.",
        "Start again and allow it.",
        "reconnect",
    ),
    "oauth.app_already_purchased": Message(
        "Another person connected this QuickBooks company before",
        "Intuit keeps one connection per app and company, and it belongs to somebody else. {message}",
        "Let that person disconnect the app in QuickBooks under Apps, then start again; or let them connect here.",
        "reconnect",
    ),
    "oauth.app_not_installed": Message(
        "The app has to be approved in Salesforce first",
        "Salesforce blocks apps that no administrator has approved. {message}",
        "Let an administrator install or approve the app under Setup, Connected Apps, then start again.",
    ),
    "oauth.invalid_client": _SECRET,
    "oauth.invalid_client_credentials": _SECRET,
    "oauth.invalid_client_id": Message(
        "The app's client id is not known there",
        "A new app takes up to ten minutes to be known. {message}",
        "Check the client id under Advanced properties, or wait a little and start again.",
        "connections",
    ),
    "oauth.unauthorized_client": _SETTINGS,
    "oauth.invalid_app_access": _SETTINGS,
    "oauth.unsupported_grant_type": _SETTINGS,
    "oauth.unsupported_response_type": _SETTINGS,
    "oauth.invalid_scope": _SETTINGS,
    "oauth.invalid_assertion": _SETTINGS,
    "oauth.OAUTH_APPROVAL_ERROR_GENERIC": Message(
        "Salesforce could not show its consent page",
        "The app may not be approved for this org or this person. {message}",
        "Let an administrator approve the app under Setup, then start again.",
    ),
    "oauth.redirect_uri_mismatch": Message(
        "The callback address is not entered in the app",
        "It has to be there to the letter. {message}",
        "Copy the callback address from the Connections page into the app, then start again.",
        "connections",
    ),
    "oauth.invalid_request": Message(
        "The sign-in request was not understood",
        "Something in the request was missing or wrong; nothing was saved. {message}",
        "Copy the details for support and send them to whoever runs this installation.",
    ),
    "oauth.server_error": Message(
        "The sign-in server has a problem", "It answered that it cannot work just now. {message}", AGAIN
    ),
    "oauth.temporarily_unavailable": Message(
        "The sign-in server has a problem", "It answered that it cannot work just now. {message}", AGAIN
    ),
    "oauth.discovery": Message(
        "Intuit's sign-in could not be looked up",
        "Intuit publishes where to sign in; that page did not answer. {message}",
        AGAIN,
    ),
    "oauth.refresh_busy": Message("The sign-in is being renewed", "Another process does it now.", AGAIN),
    "oauth.incomplete": _DISTRUST,
    "oauth.forged_instance": _DISTRUST,
    "oauth.signature": _DISTRUST,
    "oauth.private_key": Message(
        "The private key cannot be used",
        "It is not an RSA key, or it is locked by a password. {message}",
        "Paste an RSA key in PEM form without a password.",
        "connections",
    ),
    "connection.needs_reauth": Message(
        "{connection} has to be connected again",
        f"The sign-in ended: {{message}} {RECONNECT}",
        "Reconnect with a person who may use that side.",
        "reconnect",
    ),
    "limit.wait": Message("Many calls at once", "The next ones go in turn.", AGAIN),
    "limit.paused": Message("We were asked to slow down", "Calls pause for a moment.", AGAIN),
    "limit.daily": Message(
        "Today's calls are nearly used up",
        "The rest is kept for people who press a button. Large loads go on tomorrow.",
        "Nothing to do. More calls can be bought from the vendor.",
    ),
    "limit.daily_70": Message(
        "{connection}: 70 % of today's calls are used",
        "{used} of {limit} calls of the last 24 hours, of all apps of the org together. From 80 % on large loads wait.",
        "Put off large loads, or see which other app calls so often.",
        "connections",
    ),
    "limit.daily_90": Message(
        "{connection}: 90 % of today's calls are used",
        "{used} of {limit} calls of the last 24 hours, of all apps of the org together. The rest is kept for people.",
        "Let other apps call less often, or buy more calls from Salesforce. Calls of a day ago come back hour by hour.",
        "connections",
    ),
    "limit.month_70": Message(
        "{connection}: 70 % of this month's metered reads are used",
        "{used} of {budget}; at this pace the month comes to {forecast}. Intuit counts reads, not writes.",
        "Let schedules run less often, or allow more reads under Connections.",
        "connections",
    ),
    "limit.month_90": Message(
        "{connection}: 90 % of this month's metered reads are used",
        "{used} of {budget}; at this pace the month comes to {forecast}. Once they are used up, large loads wait.",
        "Put off large loads, or allow more reads under Connections.",
        "connections",
    ),
    "limit.month_used": Message(
        "This month's metered reads are used up",
        "Large loads wait for next month; what people press and what changes goes on. {message}",
        "Wait, or allow more reads under Connections if your Intuit plan includes them.",
        "connections",
    ),
    "budget.number": Message(
        "How many reads a month?",
        "A budget is a number from 1 to {most}, or empty for no limit. Nothing has been changed.",
        "Enter a number.",
    ),
    "limit.unavailable": Message(
        "Calls go one at a time", "Our own counter of calls cannot be reached, so we are careful.", AGAIN
    ),
}
