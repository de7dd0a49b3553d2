"""Words about formulas, value maps and the ways a row is written."""

from __future__ import annotations

from syncapp.messages.words import Message

MESSAGES: dict[str, Message] = {
    "engine.not_computed": Message(
        "{label} could not be worked out",
        "{message} Nothing was sent for it.",
        "Correct the value in the record, or the formula or value map in the mapping; then try again.",
        "mapping",
    ),
    "engine.kept_full": Message(
        "{label} was left as it is",
        "The mapping writes it only while it is empty, or only adds to it.",
        "Nothing to do.",
    ),
    "engine.no_criteria": Message(
        "Left out by the mapping's criteria",
        "It does not meet: {rule}.",
        "Nothing to do, unless it should be in: then change the record, or the criteria in the mapping.",
        "mapping",
    ),
    "engine.criteria_left": Message(
        "The record no longer meets the mapping's criteria",
        "It does not meet: {rule}. The document stays as it is in QuickBooks, and no second one is made.",
        "Change the record back, or void the document in QuickBooks and unlink the two.",
    ),
    "mapping.formula_wrong": Message(
        "{label}: the formula is not right",
        "{message} (character {at})",
        "Correct the formula at that place, or switch the line off.",
    ),
    "mapping.formula_both_ways": Message(
        "{label}: a formula flows one way only",
        "Its value is worked out from the other side and cannot be turned back.",
        "Set the direction to the side that it writes.",
    ),
    "mapping.formula_has_source": Message(
        "{label}: a formula and a source field",
        "The value comes from the formula, so {path} would not be read.",
        "Take out the field, and name it in the formula.",
    ),
    "mapping.no_list": Message(
        "{label}: there is no list “{name}”",
        "It is neither a value map of this integration nor a reference list of its QuickBooks company.",
        "Choose one that exists, or make the value map first.",
    ),
    "mapping.criteria_incomplete": Message(
        "The criteria “{name}” are not complete",
        "Each needs a name of its own and at least one condition; without one, every record would meet them.",
        "Complete or remove them.",
    ),
    "mapping.append_needs_text": Message(
        "{label}: only text can be added to",
        "“Behind the text that is there” joins texts, and goes to one side.",
        "Choose another way to write it, or set type and direction.",
    ),
}
