"""One line of a health check or of a validation: good, to look at, or broken, with a fix in plain words."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


_ORDER = {Level.GOOD: 0, Level.WARN: 1, Level.BAD: 2}


@dataclass(frozen=True, slots=True)
class Check:
    """`field` names the form field that a validation error belongs to, where there is one."""

    key: str
    level: Level
    title: str
    detail: str = ""
    fix: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """What was found when a connection or a form was tried out."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Nothing is broken; warnings do not count."""
        return worst(self.checks) is not Level.BAD

    @property
    def errors(self) -> tuple[Check, ...]:
        """What must be fixed before anything is saved."""
        return tuple(check for check in self.checks if check.level is Level.BAD)

    @property
    def warnings(self) -> tuple[Check, ...]:
        """What works and is worth knowing."""
        return tuple(check for check in self.checks if check.level is Level.WARN)


def worst(checks: tuple[Check, ...] | list[Check]) -> Level:
    """The worst level among the checks; good without any."""
    return max((check.level for check in checks), key=_ORDER.__getitem__, default=Level.GOOD)


def good(key: str, title: str, detail: str = "") -> Check:
    return Check(key, Level.GOOD, title, detail)


def warn(key: str, title: str, detail: str = "", fix: str = "", field: str = "") -> Check:
    return Check(key, Level.WARN, title, detail, fix, field)


def bad(key: str, title: str, detail: str = "", fix: str = "", field: str = "") -> Check:
    return Check(key, Level.BAD, title, detail, fix, field)


def to_json(checks: tuple[Check, ...] | list[Check]) -> list[dict[str, Any]]:
    """For storing with the connection."""
    return [asdict(check) for check in checks]


def from_json(rows: list[dict[str, Any]]) -> tuple[Check, ...]:
    """What `to_json` stored."""
    return tuple(Check(**{**row, "level": Level(row["level"])}) for row in rows)
