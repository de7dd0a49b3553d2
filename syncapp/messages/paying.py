"""What people are told where the amounts of a payment do not come to what QuickBooks takes (`engine.payments`)."""

from __future__ import annotations

from syncapp.messages.words import Message

MESSAGES: dict[str, Message] = {
    "engine.pays_nothing": Message(
        "A line says not what it pays",
        "Line {line} names no invoice and no credit memo that is kept in step with QuickBooks.",
        "Name the invoice or the credit memo in the line, or delete the line: then its money stays unapplied.",
        "retry",
    ),
    "engine.pays_twice": Message(
        "Two lines for one document",
        "Line {line} names the same {document} as a line before it; QuickBooks keeps one amount for each.",
        "Put the two amounts into one line.",
        "retry",
    ),
    "engine.pays_below_zero": Message(
        "A line without an amount to apply",
        "The amount of line {line} is {value}; QuickBooks applies amounts above 0 only.",
        "Enter how much of the document is settled. What is taken of a credit memo is an amount above 0 too.",
        "retry",
    ),
    "engine.pays_too_much": Message(
        "More than is open",
        "Line {line} applies {value} to the {document}, of which {open} was open when it was last read.",
        "Lower the amount of the line, or look at what was applied to the document in QuickBooks, then try again.",
        "retry",
    ),
    "engine.pays_more": Message(
        "The lines come to more than the payment",
        "{invoices} is applied to invoices, the payment and its credit memos come to {value}: {by} too much.",
        "Correct the amount of the payment or of its lines.",
        "retry",
    ),
    "engine.no_amount": Message(
        "The payment has no amount",
        "Its amount is {value}; money that came in is more than 0.",
        "Enter the amount. Where only credit is applied to an invoice, choose the type Credit Application.",
        "retry",
    ),
    "engine.credit_with_money": Message(
        "Applied credit with an amount of money",
        "Its amount is {value}; where credit is applied to an invoice no money comes in.",
        "Make the amount 0 or empty. If money came in too, choose the type Payment.",
        "retry",
    ),
    "engine.credit_without": Message(
        "Nothing to apply credit to or from",
        "There is no {document} among the lines: credit is taken of a credit memo and put on an invoice.",
        "Add a line for each, with the same amount.",
        "retry",
    ),
    "engine.credit_uneven": Message(
        "Credit and invoices do not cancel out",
        "{credits} is taken of credit memos, {invoices} is put on invoices: a difference of {by}.",
        "Correct the amounts of the lines.",
        "retry",
    ),
}
