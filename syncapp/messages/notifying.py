"""Words of notifications: what people are warned of, and channels that cannot be used."""

from __future__ import annotations

from syncapp.messages.words import Message

MESSAGES: dict[str, Message] = {
    "token.ending": Message(
        "The sign-in of {connection} ends in {days}",
        "{side} asks for a new sign-in then, and everything of this connection waits until somebody gives it.",
        "Reconnect it under Connections before that day. Nothing is lost by it, and no link changes.",
        "connections",
    ),
    "notify.channel_off": Message(
        "The channel {channel} was switched off",
        "Many messages in a row were not taken by its address.",
        "Check the address under Notifications, send a test, and switch it on again.",
        "notifications",
    ),
    "notify.address": Message(
        "That is no address to post to",
        "It has to be a whole address as Slack or Teams shows it, without a user name in it. Nothing has been changed.",
        "Copy it from Slack or Teams once more.",
    ),
    "notify.not_https": Message(
        "The address has to begin with https://",
        "Messages name records and causes, so they go over encrypted connections only. Nothing has been changed.",
        "Copy the address from Slack or Teams once more.",
    ),
    "notify.private": Message(
        "{host} is not on the public internet",
        "Its name leads to a private address. Nothing is ever posted there, so that this portal cannot be used to "
        "reach into a network.",
        "Use the address that Slack or Teams shows for an incoming webhook.",
    ),
    "notify.no_such_host": Message(
        "{host} does not exist",
        "The name could not be found. Nothing has been changed.",
        "Copy the address from Slack or Teams once more.",
    ),
    "notify.too_many": Message(
        "No more channels",
        "A company can have {most}. Nothing has been changed.",
        "Remove one that nobody reads.",
    ),
    "notify.not_taken": Message(
        "The test did not get through",
        "The message was sent to {host}, but {why}.",
        "Check the address there; it may have been withdrawn. Then send another test.",
    ),
    "notify.no_mail": Message(
        "The mail could not be sent",
        "The mail server of this installation did not take it.",
        "Tell whoever runs this installation: EMAIL_URL names the server.",
    ),
}
