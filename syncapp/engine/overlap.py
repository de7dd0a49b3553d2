"""Whether one record may pass two filters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from connectors.contracts import Condition, Group
from syncapp.engine.mapping import Criterion


@dataclass(frozen=True, slots=True)
class _Values:
    """The values that a field may have: these, or all but these."""

    these: frozenset[str]
    all_but: bool = False

    def and_(self, other: _Values) -> _Values:
        if self.all_but and other.all_but:
            return _Values(self.these | other.these, True)
        if self.all_but:
            return _Values(other.these - self.these)
        return _Values(self.these - other.these if other.all_but else self.these & other.these)

    @property
    def none(self) -> bool:
        return not self.these and not self.all_but


_Allowed = dict[str, _Values]


def may_overlap(one: Iterable[Criterion], other: Iterable[Criterion]) -> bool:
    """False where no record can meet both: some field must have a value of two sets that share none.

    What cannot be told (formulas, comparisons, texts) counts as a possible overlap.
    """
    theirs = _ways(other)
    return any(_meet(mine, their) for mine in _ways(one) for their in theirs)


def _ways(rules: Iterable[Criterion]) -> list[_Allowed]:
    """The ways to meet all rules, each as the values it allows by field; a field that is free is left out."""
    ways: list[_Allowed] = [{}]
    for rule in rules:
        ways = [joined for way in ways for more in _ways_of(rule) if (joined := _join(way, more)) is not None]
        if len(ways) > MOST_WAYS:
            return [{}]
    return ways


MOST_WAYS = 200
"""Alternatives that are looked at; beyond, an overlap is taken to be possible."""


def _ways_of(rule: Criterion) -> list[_Allowed]:
    if isinstance(rule, Group):
        if rule.joined == "any":
            return [way for member in rule.members for way in _ways_of(member)]
        return _ways(rule.members)
    if isinstance(rule, Condition):
        return [_allowed(rule)]
    return [{}]


def _allowed(rule: Condition) -> _Allowed:
    if rule.operator in ("eq", "ne"):
        return {rule.path: _Values(frozenset({_plain(rule.value)}), rule.operator == "ne")}
    if rule.operator == "in":
        return {rule.path: _Values(frozenset(map(_plain, rule.value or ())))}
    if rule.operator == "blank":
        return {rule.path: _Values(frozenset({""}), rule.value not in (None, True, "true"))}
    return {}


def _plain(value: object) -> str:
    return str(value).casefold()


def _join(one: _Allowed, other: _Allowed) -> _Allowed | None:
    joined = dict(one)
    for path, values in other.items():
        joined[path] = joined[path].and_(values) if path in joined else values
        if joined[path].none:
            return None
    return joined


def _meet(one: _Allowed, other: _Allowed) -> bool:
    return _join(one, other) is not None
