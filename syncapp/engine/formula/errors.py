"""The one thing that a formula may raise."""

from __future__ import annotations


class FormulaError(Exception):
    """Why a formula cannot be used, or gives no value for a record.

    `sentence` is for a person, `start` and `end` are the characters of the formula it is about, counted from 0.
    """

    def __init__(self, sentence: str, start: int = 0, end: int | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.start = start
        self.end = start + 1 if end is None else end

    @property
    def position(self) -> int:
        """The place as a person counts it, from 1."""
        return self.start + 1
