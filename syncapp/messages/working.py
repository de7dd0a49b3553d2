"""Words about mappings, schedules and the retry of problems."""

from __future__ import annotations

from syncapp.messages.words import Message

MESSAGES: dict[str, Message] = {
    # publishing a mapping
    "mapping.invalid": Message(
        "This draft cannot be published yet",
        "{count} things have to be put right first. What runs now is unchanged.",
        "They are listed under Checks.",
    ),
    "mapping.unchanged": Message(
        "Nothing to publish",
        "The draft of {label} is what already runs.",
        "Change a field first.",
    ),
    "mapping.never_published": Message(
        "There is no published version to go back to",
        "{label} has not been published yet.",
        "Publish the draft, or fill it from the default mapping again.",
    ),
    "mapping.not_published": Message(
        "Publish this mapping first",
        "{label} has no published version, so there is nothing that could run.",
        "Publish the draft, then switch it on.",
    ),
    "mapping.unknown_mode": Message(
        "There is no such choice", "“{mode}” is not a way a mapping can run.", "Choose one."
    ),
    "mapping.no_rows": Message(
        "No field is mapped",
        "A mapping without fields would keep nothing in step.",
        "Switch at least one field on.",
    ),
    "mapping.bad_condition": Message(
        "{side}, line {number}: not a complete condition",
        "Each line needs a field, a comparison and, but for “is empty”, a value.",
        "Complete or remove the line.",
    ),
    "mapping.key_twice": Message(
        "{label}: the short name {key} is used twice",
        "Each field of a mapping needs a short name of its own.",
        "Give one of them another.",
    ),
    "mapping.no_quickbooks_field": Message(
        "{label}: no QuickBooks field",
        "It has nowhere to go on that side.",
        "Choose one, or switch the line off.",
    ),
    "mapping.no_salesforce_field": Message(
        "{label}: no Salesforce field",
        "It has no source on that side and no fixed value.",
        "Choose a field or a fixed value, or switch the line off.",
    ),
    "mapping.constant_both_ways": Message(
        "{label}: a fixed value can only go to QuickBooks",
        "There is no Salesforce field that could take a value back.",
        "Set the direction to “To QuickBooks”.",
    ),
    "mapping.refers_to_nothing": Message(
        "{label}: points to a mapping that does not exist",
        "A reference is translated through the links of another mapping; “{refers_to}” is none of this integration.",
        "Choose one of its mappings.",
    ),
    "mapping.too_many_places": Message(
        "{label}: too many decimal places", "Neither side keeps more than {most}.", "Choose {most} or fewer."
    ),
    "mapping.two_rows_one_field": Message(
        "{label} and {other} both write {path}",
        "One would undo the other at every sync.",
        "Change the direction or the field of one of them.",
    ),
    "mapping.group_disagrees": Message(
        "{label} merges as one with {other}, but follows other rules",
        "Fields that merge as one need the same direction and the same answers to “if both changed”, "
        "“if the target was edited” and “at first link”.",
        "Set them alike.",
    ),
    # schedules
    "schedule.minutes": Message(
        "How many minutes?", "A schedule runs every 1 to {most} minutes.", "Enter a number in that range."
    ),
    "schedule.minute_of_hour": Message(
        "Which minute?", "An hour has the minutes 0 to 59.", "Enter one of them."
    ),
    "schedule.time_missing": Message(
        "At what time?",
        "Daily, weekly and monthly schedules need a time of day.",
        "Enter one, such as 02:00.",
    ),
    "schedule.day_missing": Message(
        "On which days?", "A weekly schedule needs at least one day of the week.", "Tick the days."
    ),
    "schedule.month_day": Message(
        "On which day?", "Every month has the days 1 to 28 and a last day.", "Choose one of them."
    ),
    "schedule.once_over": Message(
        "This moment is over", "A schedule that runs once needs a moment to come.", "Choose a later one."
    ),
    "company.quiet_half": Message(
        "Quiet hours need a beginning and an end", "One of the two is empty.", "Enter both, or empty both."
    ),
    "schedule.cron_wrong": Message(
        "This cron line cannot be read",
        "“{cron}” is not five fields: minute, hour, day of the month, month, day of the week.",
        "For example 0 6 * * MON for Mondays at six.",
    ),
    "schedule.never": Message(
        "This time never comes", "“{cron}” names a date that no calendar has.", "Choose another day."
    ),
    "schedule.other_mapping": Message(
        "That mapping belongs to another integration",
        "Nothing has been saved.",
        "Choose a mapping of this one.",
    ),
    "schedule.still_running": Message(
        "It is running already",
        "The last run of this schedule has not ended, and two never run at once.",
        "Watch it under Runs.",
    ),
    "schedule.nothing_to_run": Message(
        "Nothing runs by this schedule",
        "Its mappings are off, by button only, or not published.",
        "Set a mapping to “On schedule” or “As it changes” under Integrations.",
    ),
    "integration.no_name": Message(
        "A name is needed", "Nothing has been changed.", "Enter one, such as “US books”."
    ),
    # problems
    "problems.none": Message(
        "Nothing to try again",
        "What you chose is settled already, or is a connection that wants to be reconnected.",
        "Reload the list to see what is open.",
    ),
    "records.none_chosen": Message(
        "No record is chosen", "Nothing has been sent.", "Tick the records first."
    ),
}
