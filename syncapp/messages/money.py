"""What people are told where QuickBooks comes to other money than was sent (promise G6)."""

from __future__ import annotations

from syncapp.messages.words import Message, Refinement

MESSAGES: dict[str, Message] = {
    "engine.money_differs": Message(
        "QuickBooks comes to another amount",
        "{what}: {ours} was sent, QuickBooks holds {theirs}, a difference of {by}.",
        "Open the document in QuickBooks and compare it line by line; then send it again.",
        "retry",
    ),
}
REFINEMENTS: dict[str, tuple[Refinement, ...]] = {
    "engine.money_differs": (
        Refinement(
            "",
            Message(
                "QuickBooks comes to another tax",
                "{what}: {ours} was expected, QuickBooks holds {theirs}, a difference of {by}. {why}",
                "Look at the tax of the document in QuickBooks. Where QuickBooks is right, leave it; else correct the"
                " rate there or the tax code of the line, and try again.",
                "retry",
            ),
            when={"of": "tax"},
        ),
    ),
}
"""Tax is QuickBooks' own: the words say which rate made it another one."""
