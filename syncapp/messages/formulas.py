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
    "mapping.field_gone": Message(
        "{label}: {side} has no field {field}",
        "It was not among the fields when {side} was last asked, or the connected user may not see it. {near}",
        "Choose another field, give the user access to it and refresh the fields, or switch the line off.",
    ),
    "mapping.field_read_only": Message(
        "{label}: {field} cannot be written in {side}",
        "The connected user may only read it there.",
        "Let the line flow the other way, choose another field, or give the user the right to edit it.",
    ),
    "mapping.type_differs": Message(
        "{label}: {field} is of another kind",
        "The line holds a {type}, and {side} keeps a {wanted} there.",
        "Set the type of the line, or translate the value with a formula.",
    ),
    "mapping.not_in_picklist": Message(
        "{label}: {side} does not offer {values}",
        "The list of {field} has no such value. {side} may refuse it, or keep a value that nobody can choose.",
        "Choose a value of the list, or add it there and refresh the fields.",
    ),
    "mapping.length_wrong": Message(
        "{label}: {field} takes at most {limit} characters",
        "The line allows {length}, which {side} would refuse.",
        "Set the length to {limit}.",
    ),
    "mapping.may_be_too_long": Message(
        "A long text may not fit on the other side",
        "It takes fewer characters there: {labels}. A longer one stops that field of its record.",
        "Choose “Cut to fit”, or leave it: the record will be named when it happens.",
    ),
    "mapping.required_unmapped": Message(
        "{side} needs {field} for new records",
        "No line fills it, so records that are made there may be refused.",
        "Map it, give it a fixed value, or do not create records in {side}.",
    ),
    "mapping.us_tax": Message(
        "{label}: a US company has no such setting",
        "QuickBooks refuses “tax inclusive” or “exclusive” for companies in the United States.",
        "Switch the line off.",
    ),
    "mapping.no_currency": Message(
        "QuickBooks does not keep {value}",
        "The mapping makes every document in {value}; this company keeps {wanted} only.",
        "Choose another currency in the mapping, or switch on several currencies in QuickBooks.",
    ),
    "mapping.numbers_off": Message(
        "{label}: QuickBooks numbers by itself",
        "Custom transaction numbers are off in this company. Ours would be stored, and may come twice.",
        "Switch on “Custom transaction numbers” in QuickBooks, or switch the line off.",
    ),
    "mapping.not_tracked": Message(
        "{label}: QuickBooks does not keep it there",
        "The company tracks classes or locations elsewhere, or not at all, and would ignore ours.",
        "Switch tracking on in QuickBooks, or choose the place where the company keeps it.",
    ),
    "mapping.loop": Message(
        "{label} and {other} run in a circle",
        "What one writes sets off the other, for ever.",
        "Let the value flow one way only, or both ways in one line.",
    ),
    "mapping.overlap": Message(
        "Some records may belong to {other} as well",
        "Both mappings make records from the same {side} records, and nothing in their filters keeps them apart.",
        "Add a condition to one of them, such as a type, unless both are wanted.",
    ),
    "mapping.cannot_try": Message(
        "The draft could not be tried",
        "{message} Nothing was written.",
        "Correct what it names, then try again.",
    ),
    "mapping.no_version": Message(
        "There is no version {number}",
        "This mapping never had one of that number.",
        "Choose one of the list.",
    ),
    "mapping.not_a_file": Message(
        "This file cannot be used",
        "{message} Nothing has been changed.",
        "Choose a file that was exported from a mapping.",
    ),
    "mapping.other_objects": Message(
        "This file is for other objects",
        "It maps {found}; this mapping is for {wanted}. Nothing has been changed.",
        "Open the mapping that it belongs to, and import it there.",
    ),
    "mapping.no_recipe": Message(
        "There is no default for this mapping",
        "{label} did not come from a mapping that we ship, or these two orgs cannot have it.",
        "Go back to an older version instead.",
    ),
    "mapping.no_object": Message(
        "This object is not known", "{message} is not an object that can be mapped.", "Check the mapping."
    ),
    "value_map.in_use": Message(
        "{name} is in use",
        "These mappings name it: {mappings}. Nothing has been removed.",
        "Take it out of their fields and publish them first.",
    ),
}
