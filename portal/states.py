"""The one vocabulary of states on screens: word, icon and tone of each (design language, "States")."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StateLook:
    """How a state looks: its word, the icon of the sprite and the tone class."""

    word: str
    icon: str
    tone: str
    turns: bool = False


STATES: dict[str, StateLook] = {
    "in_sync": StateLook("In sync", "check", "good"),
    "in_sync_warning": StateLook("In sync with a warning", "check-note", "warn"),
    "needs_approval": StateLook("Needs approval", "seal", "warn"),
    "deleted_there": StateLook("Deleted there", "trash", "warn"),
    "needs_attention": StateLook("Needs attention", "alert", "bad"),
    "conflict": StateLook("Conflict", "clash", "clash"),
    "changed_qbo": StateLook("Changed in QuickBooks", "delta", "drift"),
    "changed_sf": StateLook("Changed in Salesforce", "delta", "drift"),
    "waiting": StateLook("Waiting", "hourglass", "wait"),
    "syncing": StateLook("Syncing", "sync", "busy", turns=True),
    "not_synced": StateLook("Not synced", "dashed", "mute"),
    "queued": StateLook("Queued", "clock", "mute"),
    "skipped": StateLook("Skipped", "skip", "mute"),
    "ignored": StateLook("Ignored", "eye-off", "mute"),
    "unlinked": StateLook("Unlinked", "unlink", "mute"),
    "voided": StateLook("Voided", "ban", "mute"),
    "paused": StateLook("Paused", "pause", "mute"),
}

OTHERS: dict[str, StateLook] = {
    # runs
    "run.queued": StateLook("Queued", "clock", "mute"),
    "run.reading": StateLook("Reading", "sync", "busy", turns=True),
    "run.running": StateLook("Running", "sync", "busy", turns=True),
    "run.stopped": StateLook("Paused", "pause", "mute"),
    "run.canceled": StateLook("Cancelled", "x", "mute"),
    "run.done": StateLook("Done", "check", "good"),
    "run.failed": StateLook("Failed", "alert", "bad"),
    "run.dropped": StateLook("Discarded", "x", "mute"),
    # what a plan would do
    "plan.create": StateLook("Create", "plus", "good"),
    "plan.update": StateLook("Update", "delta", "drift"),
    "plan.link": StateLook("Link", "link", "busy"),
    "plan.unlink": StateLook("Unlink", "unlink", "busy"),
    "plan.adopt": StateLook("Agree", "check", "good"),
    "plan.wait": StateLook("Wait", "hourglass", "wait"),
    "plan.conflict": StateLook("Conflict", "clash", "clash"),
    "plan.hold": StateLook("Decide", "eye", "warn"),
    "plan.refused": StateLook("Stays", "lock", "mute"),
    "plan.skip": StateLook("Skip", "skip", "mute"),
    "plan.nothing": StateLook("In sync", "check", "mute"),
    # connections
    "connection.live": StateLook("Connected", "check", "good"),
    "connection.needs_reauth": StateLook("Reconnect", "alert", "bad"),
    "connection.disconnected": StateLook("Disconnected", "unlink", "mute"),
    # verdicts of checks
    "check.good": StateLook("Fine", "check", "good"),
    "check.warn": StateLook("Worth knowing", "alert", "warn"),
    "check.bad": StateLook("To fix", "x", "bad"),
    # outcomes of attempts
    "outcome.created": StateLook("Created", "plus", "good"),
    "outcome.updated": StateLook("Updated", "check", "good"),
    "outcome.linked": StateLook("Linked", "link", "good"),
    "outcome.nothing": StateLook("Nothing to do", "check", "mute"),
    "outcome.skipped": StateLook("Skipped", "skip", "mute"),
    "outcome.waiting": StateLook("Waiting", "hourglass", "wait"),
    "outcome.asked": StateLook("Waits for a person", "eye", "warn"),
    "outcome.failed": StateLook("Failed", "alert", "bad"),
    "outcome.unknown": StateLook("Outcome unknown", "hourglass", "warn"),
    "outcome.moved": StateLook("To look at", "delta", "warn"),
}


def look_of(key: str) -> StateLook:
    """The look of a state by its key. Raises KeyError for a word that is not in the vocabulary."""
    return STATES[key] if key in STATES else OTHERS[key]
