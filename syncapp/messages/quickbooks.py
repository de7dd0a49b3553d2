"""Words for QuickBooks' faults (reference quickbooks.md 8.2; causes and remedies also product.md 7).

The vendor's own text is `{message}` and `{detail}`; pages show it with the request id under Advanced.
"""

from __future__ import annotations

from collections.abc import Iterable

from syncapp.messages.words import Message, Refinement

AGAIN = "It is tried again by itself."
UNTIL_CHANGED = "It is not tried again until the record, the mapping or QuickBooks changes."


def _each(codes: Iterable[int], message: Message) -> dict[str, Message]:
    return {f"qbo.{code}": message for code in codes}


_SIGN_IN = Message(
    "QuickBooks does not accept the connection any more",
    "Access was ended or belongs to another app or company. Everything waiting stays in line.",
    "Reconnect QuickBooks with an admin of the same QuickBooks company.",
    "reconnect",
)
_BUSY = Message("QuickBooks is busy", "Intuit could not finish the call.", f"Nothing to do. {AGAIN}")
_OURS = Message(
    "We sent something QuickBooks does not understand",
    "Its answer: {message} {detail} This is a defect on our side; nothing was changed.",
    "Copy the details for support and send them to whoever runs this installation.",
)
_VALUE = Message(
    "QuickBooks refused a value",
    "An amount, a percentage, a quantity or a text lies outside what QuickBooks takes. Its answer: {message} {detail}",
    f"Correct the value in Salesforce or change how the field is mapped. {UNTIL_CHANGED}",
    "mapping",
)
_RULE = Message(
    "QuickBooks refused by one of its rules",
    "The record breaks a rule of the books; nothing was saved. Its answer: {message} {detail}",
    f"Correct what it names, on the side where the record is kept, then try again. {UNTIL_CHANGED}",
    "retry",
)
_CLOSED = Message(
    "The books are closed for this date",
    "The date lies before the closing date of the QuickBooks company. {detail}",
    "Change the date, or ask whoever closed the books to open them for this entry. Then try again.",
    "retry",
)
_PAID_ELSEWHERE = Message(
    "Paid through QuickBooks Payments",
    "QuickBooks does not let others change or delete what its payment service has processed. {detail}",
    "Make the change in QuickBooks itself.",
)
_TIME_RULE = Message(
    "QuickBooks refused a time entry",
    "Hours, dates, customer and worker have to fit together. Its answer: {message} {detail}",
    "Correct the entry, then try again.",
    "retry",
)
_TAX_CODE = Message(
    "This tax code cannot be used here",
    "QuickBooks does not accept the tax code for this record. {detail}",
    "Choose a tax code of this QuickBooks company in the mapping. Companies in the US use TAX and NON only.",
    "mapping",
)

MESSAGES: dict[str, Message] = {
    **_each((100, 110, 3100), _SIGN_IN),
    "qbo.120": Message(
        "The person who connected QuickBooks has no access any more",
        "They were removed from the QuickBooks company, or lost their role there. {detail}",
        "Let an admin of the QuickBooks company reconnect, or give that person access again.",
        "reconnect",
    ),
    "qbo.3200": Message(
        "QuickBooks asked for a new sign-in",
        "The access was renewed and refused again.",
        "Usually it goes on by itself. If this stays, reconnect QuickBooks.",
        "reconnect",
    ),
    "qbo.3001": Message(
        "QuickBooks asked us to slow down",
        "The company's limit of calls per minute is reached.",
        f"Nothing to do: we wait a minute and send more slowly. {AGAIN}",
    ),
    **_each((130, 1000, 1010, 1020), _BUSY),
    **_each(
        (140, 150),
        Message(
            "The QuickBooks company is closed for maintenance",
            "Intuit has locked it for a while.",
            f"Nothing to do. {AGAIN}",
        ),
    ),
    "qbo.10000": Message(
        "QuickBooks had an error of its own",
        "It could not finish the call and does not say why. We find out first whether it was done.",
        "Nothing to do. If it stays, send Intuit the request id shown under Advanced.",
    ),
    "qbo.500": _OURS,
    "qbo.600": Message(
        "QuickBooks says it has seen this request before",
        "We look up what became of the first one.",
        f"Nothing to do. {AGAIN}",
    ),
    "qbo.610": Message(
        "QuickBooks cannot find the record, or something it points to",
        "It was deleted or made inactive. {detail}",
        "Make it active again in QuickBooks, or unlink this record and choose another one.",
        "retry",
    ),
    "qbo.620": Message(
        "These two transactions cannot be linked",
        "They belong to different customers, or are applied already. {detail}",
        "Check the customer of both in QuickBooks, then try again.",
        "retry",
    ),
    "qbo.630": Message(
        "QuickBooks has this record already",
        "It found one with the same identity. {message} {detail}",
        "Look at the possible matches and link it, or change what makes it the same.",
        "retry",
    ),
    **_each(
        (700, 900),
        Message(
            "The parent does not fit",
            "QuickBooks refuses this record under that parent. {detail}",
            "Choose another parent in Salesforce, then try again.",
            "retry",
        ),
    ),
    "qbo.800": Message(
        "QuickBooks cannot delete it because other records need it",
        "Transactions or settings there point to it. {detail}",
        "Remove those first, or leave it.",
    ),
    **_each((1040, 1050, 2000, 2010, 2030, 2120, 2130, 2600, 4000, 4001, 4002, 5000, 3202), _OURS),
    "qbo.2020": Message(
        "A field that QuickBooks requires is empty",
        "QuickBooks does not save the record without it. {message} {detail}",
        "Fill it in Salesforce, or give the field a value for “when empty” in the mapping.",
        "mapping",
    ),
    "qbo.2040": Message(
        "QuickBooks does not allow a character in this text",
        "Colons, tabs and line breaks are not allowed in names. {detail}",
        f"Change the text in Salesforce. {UNTIL_CHANGED}",
        "retry",
    ),
    "qbo.2050": Message(
        "A text is too long for QuickBooks",
        "Each field there has a greatest length. {detail}",
        "Shorten it in Salesforce, or choose “Cut to fit” for this field in the mapping.",
        "mapping",
    ),
    **_each((2060, 2070, 2190), _OURS),
    **_each((2080, 2090, 2100, 2110, 2170, 2220, 2230, 2260, 2270, 2280), _OURS),
    **_each((2140, 2150, 2160, 2180, 2240, 2290), _VALUE),
    "qbo.2200": Message(
        "The web address is not valid",
        "QuickBooks wants an address such as https://example.com. {detail}",
        f"Correct it in Salesforce. {UNTIL_CHANGED}",
        "retry",
    ),
    "qbo.2210": Message(
        "The e-mail address is not valid",
        "QuickBooks wants one address with an @ and a dot behind it. {detail}",
        f"Correct it in Salesforce. {UNTIL_CHANGED}",
        "retry",
    ),
    "qbo.2250": Message(
        "There are no lines",
        "QuickBooks wants at least one line. {detail}",
        "Add a product, then try again.",
        "retry",
    ),
    "qbo.2300": Message(
        "Debits and credits differ",
        "A journal entry is only saved when both sums are equal. {detail}",
        "Correct the amounts, then try again.",
        "retry",
    ),
    "qbo.2500": Message(
        "It points to something QuickBooks does not have",
        "A customer, product, account or other entry that the record names is not there, or was deleted. {detail}",
        "Send that record first, or make it active again in QuickBooks. Then try again.",
        "retry",
    ),
    "qbo.3000": Message(
        "A custom field of QuickBooks is not there any more",
        "It was removed or made anew in QuickBooks, so its id no longer fits. {detail}",
        "Choose the field again in the mapping.",
        "mapping",
    ),
    "qbo.5010": Message(
        "Somebody saved the record in QuickBooks at the same moment",
        "QuickBooks keeps what was saved first, and told us so. {detail}",
        "Nothing to do: we read it again, compare and send only what still differs.",
    ),
    "qbo.5020": Message(
        "The connected person may not do this in QuickBooks",
        "Their role, or the company's plan, does not allow it. {detail}",
        "Give them the role in QuickBooks, or reconnect with an admin.",
        "reconnect",
    ),
    "qbo.5030": Message(
        "This QuickBooks plan does not have the feature",
        "Classes, stock, several currencies and others come with larger plans only. {message} {detail}",
        "Switch the field off in the mapping, or change the plan in QuickBooks.",
        "mapping",
    ),
    "qbo.6000": _RULE,
    **_each((6010, 6020, 6030, 6040, 6050, 6060, 6090, 6150, 6170, 6420, 6530, 10100), _OURS),
    "qbo.6070": Message(
        "An amount does not equal quantity times price",
        "QuickBooks multiplies again and takes no other result. {detail}",
        "Check quantity and price of the line in Salesforce, then try again.",
        "retry",
    ),
    "qbo.6080": Message(
        "There is no name", "QuickBooks needs a name for it.", "Fill the name in Salesforce.", "retry"
    ),
    **_each((6100, 6160, 6230), _TAX_CODE),
    **_each((6110, 6120), _PAID_ELSEWHERE),
    "qbo.6130": Message(
        "QuickBooks cannot change who pays for this customer any more",
        "There are invoices already. {detail}",
        "Change it in QuickBooks, or switch the field off in the mapping.",
        "mapping",
    ),
    "qbo.6140": Message(
        "QuickBooks has this number already",
        "Each document number can be used once. {detail}",
        "Change the number, or link the document that has it.",
        "retry",
    ),
    "qbo.6180": Message(
        "Too many levels",
        "QuickBooks allows a customer and four levels below it.",
        "Choose a parent higher up.",
    ),
    "qbo.6190": Message(
        "The QuickBooks subscription has ended",
        "QuickBooks lets nobody add data to this company. {detail}",
        "Renew the subscription in QuickBooks. Everything waiting goes out afterwards.",
        "connections",
    ),
    **_each((6200, 6210), _CLOSED),
    "qbo.6220": Message(
        "It has an open balance",
        "QuickBooks does not remove it. {detail}",
        "Settle the balance in QuickBooks first.",
    ),
    "qbo.6280": Message(
        "It has unbilled charges",
        "QuickBooks does not remove it. {detail}",
        "Bill or remove them in QuickBooks first.",
    ),
    "qbo.6240": Message(
        "QuickBooks refused: name already in use",
        "A customer, vendor or employee there has this name, perhaps an inactive one. Names must differ among all of "
        "them.",
        "If it is the same, link it. If it is somebody else, put something behind the name, or change it there.",
        "retry",
    ),
    "qbo.6250": Message(
        "The customer is not in QuickBooks any more",
        "It was deleted or made inactive. {detail}",
        "Make it active again in QuickBooks, or link the account to another customer.",
        "retry",
    ),
    "qbo.6270": Message(
        "The date lies before the product's inventory start",
        "QuickBooks counts the product in stock only from a certain day on. {detail}",
        "Change one of the two dates.",
        "retry",
    ),
    **_each(range(6290, 6400, 10), _TIME_RULE),
    "qbo.6400": Message(
        "An invoice depends on it",
        "It was billed to a customer; without it the invoice would not add up. {detail}",
        "Change the invoice in QuickBooks first.",
    ),
    "qbo.6430": Message(
        "The account has the wrong type",
        "QuickBooks takes only certain types of accounts for this use. {detail}",
        "Choose another account for this use in the mapping.",
        "mapping",
    ),
    "qbo.6440": Message(
        "A line has no product",
        "QuickBooks needs a product or an account on every line. {detail}",
        "Choose a product for each line in Salesforce, then try again.",
        "retry",
    ),
    "qbo.6450": Message(
        "It cannot be voided: it is settled",
        "The payment has already reached the bank. {detail}",
        "Make the change in QuickBooks itself.",
    ),
    "qbo.6460": Message(
        "Deposit and card amount differ",
        "QuickBooks wants both to be the same. {detail}",
        "Correct the amount, then try again.",
        "retry",
    ),
    "qbo.6470": Message(
        "Sales tax is not set up completely",
        "An account or a rate for sales tax is missing in QuickBooks. {detail}",
        "Finish the sales tax set-up in QuickBooks, then try again.",
    ),
    "qbo.6480": Message(
        "It is matched with a bank transaction",
        "QuickBooks does not delete what was matched in its bank feed. {detail}",
        "Undo the match in QuickBooks first, then try again.",
    ),
    **_each((6490, 6500, 6510), _RULE),
    "qbo.6520": Message(
        "A quantity is missing",
        "QuickBooks counts this product in stock. {detail}",
        "Map the quantity, or fill it in Salesforce.",
        "mapping",
    ),
    "qbo.6540": Message(
        "It lies in a deposit",
        "QuickBooks does not change deposited payments.",
        "Take it out of the deposit first.",
    ),
    "qbo.6560": Message(
        "The customer is missing",
        "The record it belongs to is not in QuickBooks yet.",
        "Nothing to do while the customer is sent first. If this stays, choose the account in Salesforce.",
        "retry",
    ),
    "qbo.10200": Message(
        "The QuickBooks company was reset",
        "All records there are new, so no link fits any more.",
        "Read both sides again and match from the start.",
        "connections",
    ),
    "qbo.http_429": Message(
        "QuickBooks asked us to slow down", "Too many calls came within a minute.", f"Nothing to do. {AGAIN}"
    ),
    "qbo.http_413": _OURS,
    "qbo.http_404": Message(
        "This is not where QuickBooks answers",
        "The address of the connection gave “not found”.",
        "Check whether the connection is for production or sandbox, then reconnect.",
        "reconnect",
    ),
    **{f"qbo.http_{status}": _SIGN_IN for status in (401, 403)},
    **{f"qbo.http_{status}": _BUSY for status in (500, 502, 503, 504)},
}


def _name_of(kind: str) -> Refinement:
    words = Message(
        f"QuickBooks refused: name already in use by {kind}",
        "“{holder_name}” is there already. Customers, vendors and employees need different names, inactive ones too.",
        "Put something behind the name, or change it in Salesforce or in QuickBooks and try again.",
        "retry",
    )
    return Refinement("", words, {"holder_type": kind.rsplit(maxsplit=1)[-1].capitalize()})


def _names(pattern: str, what: str, todo: str, button: str = "retry") -> Refinement:
    """Which kind of entry an invalid reference (2500) names."""
    return Refinement(
        pattern,
        Message(
            f"It names {what} that QuickBooks does not have",
            "It was deleted or made inactive there, or belongs to another QuickBooks company. {detail}",
            todo,
            button,
        ),
    )


REFINEMENTS: dict[str, tuple[Refinement, ...]] = {
    "qbo.2500": (
        _names(
            r"\bNames element|CustomerRef|VendorRef",
            "a customer or vendor",
            "Make it active again in QuickBooks, or unlink its account and link it to another one.",
        ),
        _names(
            r"\bItems element|ItemRef",
            "a product",
            "Make the product active again in QuickBooks, or unlink it and link it to another one.",
        ),
        _names(
            r"\bAccounts element|AccountRef", "an account of the books", "Choose another account.", "mapping"
        ),
        _names(
            r"\bKlasses element|\bDepts element|ClassRef|DepartmentRef",
            "a class or location",
            "Choose one of this QuickBooks company in the mapping.",
            "mapping",
        ),
        _names(
            r"\bTerms element|TermRef|PaymentMethodRef",
            "payment terms or a method",
            "Choose one of this QuickBooks company in the mapping.",
            "mapping",
        ),
        _names(
            r"TaxCode|TaxRate",
            "a tax code",
            "Choose one of this QuickBooks company in the mapping.",
            "mapping",
        ),
    ),
    "qbo.6240": (
        _name_of("a vendor"),
        _name_of("an employee"),
        Refinement(
            "",
            Message(
                "QuickBooks refused: an inactive customer has this name",
                "“{holder_name}” is inactive. Its name cannot be used twice.",
                "Make it active again in QuickBooks, or change the name in Salesforce. Then try again.",
                "retry",
            ),
            {"holder_type": "Customer", "holder_inactive": "True"},
        ),
        Refinement(
            "",
            Message(
                "QuickBooks refused: another customer has this name",
                "“{holder_name}” is there already and belongs to another record.",
                "Open the record that holds it and unlink it if it is the same, or change the name in Salesforce.",
                "retry",
            ),
            {"holder_type": "Customer"},
        ),
    ),
    "qbo.6000": (
        Refinement(
            r"\brate before you save",
            Message(
                "A line has no tax code",
                "Companies outside the US need one on every line. {detail}",
                "Map the tax code, or give products one.",
                "mapping",
            ),
        ),
        Refinement(
            r"service date",
            Message(
                "QuickBooks wants a service date on each line",
                "{detail}",
                "Map the service date, or switch revenue recognition off in QuickBooks.",
                "mapping",
            ),
        ),
        Refinement(
            r"discount amount can.t be greater",
            Message(
                "The discount is larger than the sum",
                "{detail}",
                "Correct the discount, then try again.",
                "retry",
            ),
        ),
        Refinement(
            r"more than 21 characters",
            Message(
                "The number is too long",
                "QuickBooks keeps 21 characters.",
                "Shorten it, then try again.",
                "retry",
            ),
        ),
        Refinement(
            r"set a transaction amount",
            Message(
                "The document has no amount",
                "QuickBooks does not save a transaction without one. {detail}",
                "Fill quantity and price of its lines in Salesforce, then try again.",
                "retry",
            ),
        ),
        Refinement(
            r"customer you have specified has been deleted",
            Message(
                "The customer is not in QuickBooks any more",
                "It was deleted there. {detail}",
                "Link the account to another customer, or make the customer active again, then try again.",
                "retry",
            ),
        ),
        Refinement(
            r"deposited transaction",
            Message(
                "It lies in a deposit",
                "QuickBooks does not change deposited payments. {detail}",
                "Take it out of the deposit in QuickBooks first, then try again.",
                "retry",
            ),
        ),
        Refinement(
            r"one foreign currency",
            Message(
                "Two currencies in one document",
                "Customer, accounts and lines must share one currency. {detail}",
                "Correct the odd line in Salesforce.",
                "retry",
            ),
        ),
    ),
    "qbo.610": (
        Refinement(
            r"made inactive",
            Message(
                "Something it uses is inactive in QuickBooks",
                "An account, customer, product, vendor or employee was made inactive. {detail}",
                "Make it active again in QuickBooks, or choose another one, then try again.",
                "retry",
            ),
        ),
    ),
}
