"""Words about files that name records."""

from __future__ import annotations

from syncapp.messages.words import Message

MESSAGES: dict[str, Message] = {
    "file.none": Message(
        "No file was chosen", "Nothing came with the form.", "Choose a file, then press again."
    ),
    "file.empty": Message(
        "The file names no record",
        "It has no line, or a heading alone.",
        "Put one id or name in each line.",
    ),
    "file.too_large": Message(
        "The file is too long",
        "It has {lines} lines; at most {most} are taken at once.",
        "Split it, and preview one part after the other.",
    ),
    "file.not_text": Message(
        "This is no CSV file",
        "It is not text in UTF-8: perhaps a workbook.",
        "Save it as “CSV UTF-8” in your spreadsheet, then choose it again.",
    ),
    "file.broken": Message(
        "The file cannot be read from line {line} on",
        "A quotation mark is not closed, or a line is cut off.",
        "Save it as CSV once more, then choose it again.",
    ),
    "file.no_value": Message(
        "The line holds neither id nor name",
        "The columns that are taken are empty in it.",
        "Fill one of them in, or leave the line out.",
    ),
    "file.no_such_name": Message(
        "No record has this name",
        "None of the records of this mapping is called {name}.",
        "Check the name, or give the id.",
    ),
    "file.several": Message(
        "{count} records have this name",
        "{name} does not tell which of them is meant.",
        "Give the id instead.",
    ),
    "file.twice": Message(
        "The record is in the file already",
        "{name} is named by line {line} too, and is in the plan once.",
        "Nothing to do.",
    ),
    "file.two_records": Message(
        "The line names two records",
        "{id} is linked with {linked} in QuickBooks, and the line says {given}.",
        "Correct one of the ids, or leave one of them empty.",
    ),
}
