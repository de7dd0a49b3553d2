"""The words and the address of a cause that several records share."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

from django.urls import reverse

from syncapp.messages import Words, words_for
from syncapp.services.problems import ProblemGroup

ONE_RECORDS_OWN = {"name": "this record", "value": "the value", "id": "…"}
"""What belongs to one record only, and how it reads for several."""


def words(group: ProblemGroup) -> Words:
    """The words of a cause; what only the newest of its records holds is left out when there are more."""
    values = dict(group.values)
    if group.count > 1:
        values |= {key: text for key, text in ONE_RECORDS_OWN.items() if key in values}
        return _sentences(words_for(group.code, values))
    return words_for(group.code, values)


def _sentences(words: Words) -> Words:
    """A sentence that begins with what stands for a name begins with a capital letter."""

    def begun(text: str) -> str:
        stands = tuple(ONE_RECORDS_OWN.values())
        return text[:1].upper() + text[1:] if text.startswith(stands) else text

    return replace(words, title=begun(words.title), what=begun(words.what), todo=begun(words.todo))


def address(group: ProblemGroup) -> str:
    """The list of the records with this cause."""
    parts = {"code": group.code, "mapping": group.mapping_id or "", "about": group.about}
    return f"{reverse('portal:problems')}?{urlencode({key: part for key, part in parts.items() if part})}"
