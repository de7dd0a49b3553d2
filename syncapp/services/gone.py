"""What shall become of a record whose other half was deleted or is inactive: a person's word, carried out at once."""

from __future__ import annotations

from typing import Any

from syncapp.engine import reasons
from syncapp.engine.existence import RECORD
from syncapp.models import RecordLink, Run
from syncapp.services import held_answers
from syncapp.services.errors import Refused

ANSWERS = {
    reasons.QBO_INACTIVE: ("reactivate", "leave"),
    reasons.REVIVE_ASK: ("reactivate", "leave"),
    reasons.VOID_ASK: ("void", "leave"),
    reasons.VOID_BY_HAND: ("leave",),
}
"""By what is asked: the answers that a person may give."""


def answer(link: RecordLink, choice: str, person: Any) -> Run:
    """Make an inactive record active again, void a document, or leave it. Raises Refused `gone.not_asked`."""

    def check(row: RecordLink) -> None:
        if choice not in ANSWERS.get(row.attention_code, ()):
            raise Refused("gone.not_asked")

    return held_answers.keep(
        link, RECORD, "gone", {"side": choice}, person, action=f"gone.{choice}", check=check
    )
