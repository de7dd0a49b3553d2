"""Words for Salesforce's errors (reference salesforce.md 1.7, 2.5, 3.5, 4.9; product.md 7)."""

from __future__ import annotations

from syncapp.messages.words import Message, Refinement

AGAIN = "It is tried again by itself."
UNTIL_CHANGED = "It is not tried again until something changes."

_BUSY = Message("Salesforce is busy", "It could not finish the call.", f"Nothing to do. {AGAIN}")
_SIGN_IN = Message(
    "Salesforce does not accept the connection any more",
    "Access was ended, or the connected user may not use it. Everything waiting stays in line.",
    "Reconnect Salesforce.",
    "reconnect",
)
_OURS = Message(
    "We sent something Salesforce does not understand",
    "Its answer: {message} This is a defect on our side; nothing was changed.",
    "Copy the details for support and send them to whoever runs this installation.",
)
_RIGHTS = Message(
    "The connected Salesforce user may not do this",
    "A permission on the object, a field or the record is missing. Salesforce answered: {message} {named}",
    "Let a Salesforce administrator give the user access to the object, its fields and the record, then try again.",
    "retry",
)
_POLICY = Message(
    "A security policy of Salesforce stopped this",
    "Your org has a rule against large or unusual exports. {message}",
    "Ask a Salesforce administrator to allow it for the connected user (transaction security).",
    "retry",
)
_AUTOMATION = Message(
    "An automation in Salesforce stopped this",
    "It runs whenever such a record is saved, and ended in an error. A flow or trigger of your org failed: {message}",
    "Show this text to your Salesforce administrator. Then try again.",
    "retry",
)
_VALUE = Message(
    "Salesforce refused a value",
    "The field does not take it. Its answer: {message} {named}",
    f"Correct the value in QuickBooks, or change how the field is mapped. {UNTIL_CHANGED}",
    "mapping",
)
_TOO_MUCH = Message(
    "The query is too large for Salesforce",
    "Formulas, or who may see what, make it too costly for Salesforce. {message}",
    "Map fewer fields, or narrow the filter.",
    "mapping",
)
_GONE = Message(
    "The record is not in Salesforce any more",
    "It was deleted, or the connected user cannot see it. Nothing is deleted in QuickBooks.",
    "Bring it back from the recycle bin in Salesforce, or unlink it here.",
    "unlink",
)

MESSAGES: dict[str, Message] = {
    "sf.INVALID_SESSION_ID": Message(
        "Salesforce asked for a new sign-in",
        "The access was renewed and refused again.",
        "Usually it goes on by itself. If this stays, reconnect Salesforce.",
        "reconnect",
    ),
    "sf.REQUEST_LIMIT_EXCEEDED": Message(
        "Salesforce asked us to slow down",
        "Too many calls ran at once in your org.",
        f"Nothing to do. {AGAIN}",
    ),
    "sf.SERVER_UNAVAILABLE": _BUSY,
    "sf.UNKNOWN_EXCEPTION": _BUSY,
    "sf.QUERY_TIMEOUT": _BUSY,
    "sf.INVALID_QUERY_LOCATOR": _BUSY,
    "sf.API_CURRENTLY_DISABLED": _BUSY,
    "sf.UNABLE_TO_LOCK_ROW": Message(
        "Another process in Salesforce held the record",
        "Two changes under one account or opportunity met. {message}",
        f"Nothing to do. {AGAIN}",
    ),
    "sf.PROCESSING_HALTED": Message(
        "Left undone because a neighbour failed",
        "Salesforce took back the whole call.",
        f"Nothing to do. {AGAIN}",
    ),
    "sf.ALL_OR_NONE_OPERATION_ROLLED_BACK": Message(
        "Left undone because a neighbour failed",
        "Salesforce took back the whole call.",
        f"Nothing to do. {AGAIN}",
    ),
    "sf.TXN_SECURITY_METERING_ERROR": _POLICY,
    "sf.TXN_SECURITY_NO_ACCESS": _POLICY,
    "sf.TXN_SECURITY_RUNTIME_ERROR": _POLICY,
    "sf.TXN_SECURITY_APEX_ERROR": _POLICY,
    "sf.STORAGE_LIMIT_EXCEEDED": Message(
        "The Salesforce org is full",
        "No record can be added until storage is freed or bought.",
        "Free storage in Salesforce. Everything waiting goes out afterwards.",
    ),
    "sf.INSUFFICIENT_ACCESS": _RIGHTS,
    "sf.INSUFFICIENT_ACCESS_OR_READONLY": _RIGHTS,
    "sf.INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": _RIGHTS,
    "sf.API_DISABLED_FOR_ORG": Message(
        "This Salesforce edition has no API",
        "Professional and Essentials editions need it as an add-on.",
        "Ask Salesforce to add API access, then validate the connection.",
        "connections",
    ),
    "sf.UNSUPPORTED_API_VERSION": Message(
        "Salesforce retired the API version we use",
        "Salesforce switches old versions off after some years. {message}",
        "Whoever runs this installation has to update Ledgerbridge.",
    ),
    "sf.INVALID_FIELD": Message(
        "A mapped field is not there for the connected user",
        "It was removed or renamed, or is hidden from that user. Salesforce answered: {message}",
        "Make the field visible for that user in Salesforce, or take it out of the mapping.",
        "mapping",
    ),
    "sf.INVALID_TYPE": Message(
        "A mapped object is not there for the connected user",
        "It is not part of the org, or is hidden from that user. Salesforce answered: {message}",
        "Give the user access to the object in Salesforce, or switch the mapping off.",
        "mapping",
    ),
    "sf.INVALID_FIELD_FOR_INSERT_UPDATE": Message(
        "A mapped field cannot be written",
        "Salesforce keeps it read only. {message} {named}",
        "Set the field's direction to “To QuickBooks”, or switch it off.",
        "mapping",
    ),
    "sf.QUERY_TOO_COMPLICATED": _TOO_MUCH,
    "sf.OPERATION_TOO_LARGE": _TOO_MUCH,
    "sf.INVALID_REPLICATION_DATE": Message(
        "Salesforce does not remember that far back",
        "Its list of deleted records was purged.",
        "Nothing to do: both sides are compared from the start.",
    ),
    "sf.ENTITY_IS_DELETED": _GONE,
    "sf.NOT_FOUND": _GONE,
    "sf.INVALID_CROSS_REFERENCE_KEY": Message(
        "It points to something Salesforce does not have",
        "The record it names was deleted or merged, or the connected user cannot see it. {message} {named}",
        "Nothing to do while the other record is sent first. If it was deleted or merged, link it again.",
        "retry",
    ),
    "sf.STANDARD_PRICE_NOT_DEFINED": Message(
        "The product has no standard price",
        "Salesforce wants the standard price before any other. {message}",
        f"It is made first. {AGAIN}",
    ),
    "sf.DUPLICATES_DETECTED": Message(
        "Salesforce found a possible duplicate",
        "A record there looks like this one. A duplicate rule of your org stopped it: {message}",
        "Look at the possible match and link it, or let an administrator relax the rule for the connected user.",
        "retry",
    ),
    "sf.DUPLICATE_VALUE": Message(
        "Another Salesforce record has this value already",
        "The field is unique there. {message}",
        "Link that record instead, or clear the value there.",
        "retry",
    ),
    "sf.DUPLICATE_EXTERNAL_ID": Message(
        "Two Salesforce records hold the same QuickBooks id",
        "So we cannot tell which of them is meant. {message}",
        "Clear the id in the one that does not belong to it, then try again.",
        "retry",
    ),
    "sf.300": Message(
        "Several Salesforce records hold the same QuickBooks id",
        "So we cannot tell which of them is meant. {message}",
        "Leave the id in one of them and clear it in the others, then try again.",
        "retry",
    ),
    "sf.REQUIRED_FIELD_MISSING": Message(
        "A field that Salesforce requires is empty",
        "Salesforce does not save the record without it. {message} {named}",
        "Map these fields, or give them a value for “when empty”.",
        "mapping",
    ),
    "sf.STRING_TOO_LONG": Message(
        "A text is too long for Salesforce",
        "Each field there has a greatest length. {message} {named}",
        "Shorten it in QuickBooks, or choose “Cut to fit” for this field in the mapping.",
        "mapping",
    ),
    "sf.INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": Message(
        "Salesforce does not know this choice",
        "The value is not in the list of the field. {message} {named}",
        "Add it to the list in Salesforce, or map it to one that is there.",
        "mapping",
    ),
    "sf.FIELD_CUSTOM_VALIDATION_EXCEPTION": Message(
        "A validation rule of your Salesforce org refused this",
        "An administrator of your org set a condition that the record does not meet. It says: {message}",
        f"Correct the record, or let an administrator exempt the connected user from the rule. {UNTIL_CHANGED}",
        "retry",
    ),
    "sf.FIELD_INTEGRITY_EXCEPTION": _VALUE,
    "sf.INVALID_EMAIL_ADDRESS": Message(
        "The e-mail address is not valid",
        "Salesforce wants one address with an @ and a dot behind it. {message}",
        f"Correct it in QuickBooks. {UNTIL_CHANGED}",
        "retry",
    ),
    "sf.NUMBER_OUTSIDE_VALID_RANGE": _VALUE,
    "sf.CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": _AUTOMATION,
    "sf.CANNOT_EXECUTE_FLOW_TRIGGER": _AUTOMATION,
    "sf.APEX_ERROR": _AUTOMATION,
    "sf.INACTIVE_OWNER_OR_USER": Message(
        "The owner of the record is inactive",
        "Salesforce does not save records of people who left. {message}",
        "Give the record another owner in Salesforce, then try again.",
        "retry",
    ),
    **dict.fromkeys(
        (
            *(
                "sf.MALFORMED_ID",
                "sf.MALFORMED_QUERY",
                "sf.INVALID_QUERY_FILTER_OPERATOR",
                "sf.LIMIT_EXCEEDED",
            ),
            *("sf.INVALID_QUERY_LOCATOR_FORMAT", "sf.EXCEEDED_ID_LIMIT", "sf.JSON_PARSER_ERROR", "sf.431"),
            *(
                "sf.METHOD_NOT_ALLOWED",
                "sf.UNSUPPORTED_MEDIA_TYPE",
                "sf.MIXED_DML_OPERATION",
                "sf.405",
                "sf.414",
            ),
            *("sf.415", "sf.428", "sf.400"),
        ),
        _OURS,
    ),
    "sf.OPERATION_ENQUEUED": _BUSY,
    "sf.401": _SIGN_IN,
    "sf.403": _RIGHTS,
    "sf.404": _GONE,
    **dict.fromkeys(
        ("sf.409", "sf.412"),
        Message(
            "Somebody saved the record in Salesforce at the same moment",
            "Salesforce keeps what was saved first, and told us so.",
            "Nothing to do: we read it again, compare and send only what still differs.",
        ),
    ),
    "sf.410": Message(
        "Salesforce retired what we asked for",
        "The address we called is not served any more. {message}",
        "Whoever runs this installation has to update Ledgerbridge.",
    ),
    "sf.429": Message(
        "Salesforce asked us to slow down", "Too many calls came at once.", f"Nothing to do. {AGAIN}"
    ),
    **dict.fromkeys(("sf.420", "sf.500", "sf.502", "sf.503", "sf.504"), _BUSY),
}

REFINEMENTS: dict[str, tuple[Refinement, ...]] = {
    "sf.REQUEST_LIMIT_EXCEEDED": (
        Refinement(
            r"TotalRequests",
            Message(
                "Salesforce's calls for today are used up",
                "All apps of your org share them; they come back over the next 24 hours.",
                "Nothing to do: large loads pause until then. More calls can be bought from Salesforce.",
            ),
        ),
    ),
    "sf.INSUFFICIENT_ACCESS_OR_READONLY": (
        Refinement(
            r"locked",
            Message(
                "The record is locked in Salesforce",
                "It waits for an approval: {message}",
                "Finish the approval, then try again.",
                "retry",
            ),
        ),
    ),
    "sf.FIELD_INTEGRITY_EXCEPTION": (
        Refinement(
            r"\b(state|country)\b",
            Message(
                "Salesforce does not know this state or country",
                "{message}",
                "Correct it in QuickBooks: your org allows only the states and countries of its lists.",
                "retry",
            ),
        ),
    ),
}
