"""The kinds of news that people choose from, and who gets which without having chosen."""

from __future__ import annotations

from dataclasses import dataclass

from portal.people.models import Role

CONNECTION, TOKEN, PROBLEM, RUN, QUOTA = "connection", "token", "problem", "run", "quota"
DIGEST, CHECKUP = "digest", "checkup"


@dataclass(frozen=True, slots=True)
class Kind:
    """One line of the settings."""

    key: str
    label: str
    hint: str


KINDS = (
    Kind(
        CONNECTION,
        "Connection lost",
        "At once, when a side asks to be connected again. Everything waits until then.",
    ),
    Kind(TOKEN, "A sign-in ends soon", "14, 7 and 2 days before."),
    Kind(PROBLEM, "A new kind of problem", "Once per cause and mapping, never per record."),
    Kind(RUN, "A run failed", "When a run ends because of something a person has to see to."),
    Kind(QUOTA, "Calls nearly used up", "At 70 and 90 % of a day in Salesforce or a month in QuickBooks."),
    Kind(DIGEST, "Daily digest", "What is new since the day before. Not sent when nothing is."),
    Kind(
        CHECKUP,
        "Weekly check-up",
        "Open problems, differences, sign-ins that end, products without a partner.",
    ),
)
KEYS = tuple(kind.key for kind in KINDS)
LABELS = {kind.key: kind.label for kind in KINDS}

_ALL = frozenset(KEYS)
DEFAULTS: dict[str, frozenset[str]] = {
    Role.OWNER: _ALL,
    Role.ADMIN: _ALL,
    Role.OPERATOR: frozenset({PROBLEM, RUN, DIGEST}),
    Role.VIEWER: frozenset(),
}
"""What reaches a member who has not chosen."""


def known(keys: list[str] | tuple[str, ...]) -> list[str]:
    """Those of the given keys that are kinds, in the order of the settings."""
    return [key for key in KEYS if key in keys]
