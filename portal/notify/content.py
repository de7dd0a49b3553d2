"""What a letter says, as a value: a subject, an opening sentence, and sections of lines that lead somewhere."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to know: what it is, what to do about it, and the page that helps. `kind` is what it is chosen by."""

    kind: str
    title: str
    text: str = ""
    place: str = ""
    """Where: a mapping, a connection, a time."""
    url: str = ""
    button: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under a heading; without a heading they stand by themselves."""

    heading: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """A whole letter."""

    subject: str
    opening: str
    sections: tuple[Section, ...] = ()

    def only(self, kinds: Collection[str]) -> Content:
        """The same letter with the lines of these kinds alone."""
        kept = (
            replace(one, lines=tuple(line for line in one.lines if line.kind in kinds))
            for one in self.sections
        )
        return replace(self, sections=tuple(one for one in kept if one.lines))

    @property
    def lines(self) -> Sequence[Line]:
        """All lines, in order."""
        return [line for section in self.sections for line in section.lines]


def to_json(content: Content) -> dict[str, Any]:
    """As it is stored."""
    return asdict(content)


def from_json(stored: dict[str, Any]) -> Content:
    """What `to_json` made."""
    sections = (
        Section(one["heading"], tuple(Line(**line) for line in one["lines"]))
        for one in stored.get("sections", ())
    )
    return Content(stored.get("subject", ""), stored.get("opening", ""), tuple(sections))
