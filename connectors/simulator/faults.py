"""Fault plans: "on the nth call that looks like this, misbehave like that". Planned at `POST /_sim/faults`.

A plan is `{"match": {...}, "action": "...", ...}`; see `FaultPlan` for the members. Plans survive a restart.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any

from connectors.simulator.store import Store
from connectors.simulator.wire import Request

#: A century: no clock is further off, no answer slower.
_LONGEST = 100 * 366 * 24 * 3600
ACTIONS = {
    "refuse": "close the listening port for `seconds` (default 1); the matched call is reset",
    "reset_before": "reset the connection, nothing is done",
    "reset_after": "do the work, commit, then reset the connection instead of answering",
    "delay": "wait `seconds` before doing the work (`after`: true waits before answering instead)",
    "throttle": "answer as the vendor does when a limit is reached; nothing is done",
    "status": "answer `status` with `body` and `content_type`; `after`: true does the work first",
    "html": "answer `status` (default 503) with a gateway's HTML page; `after`: true does the work first",
    "truncate": "do the work, send half the answer, close",
    "drip": "do the work, send the answer in small pieces over `seconds`",
    "content_type": "do the work, answer with `content_type` (default text/html)",
    "late_stamp": "do the work, with a change stamp `seconds` older than the moment it becomes visible",
    "skew": "do the work on a server whose clock is `seconds` off (negative: slow)",
    "expire_token": "let the access token of the call expire, then handle the call",
    "fault": "answer with the vendor's own error `code`, `message`, `detail`, `status`; nothing is done",
}


class BadPlan(ValueError):
    """The plan cannot be understood; the text says why."""


@dataclass
class FaultPlan:
    """One planned fault.

    `nth`: the first matching call it strikes (1 = the next one). `count`: how many calls in a row it strikes
    (0 = all of them). `probability`: strike by chance, from the simulator's seed, once `nth` is reached.
    """

    action: str
    method: str = ""
    path: str = ""
    query: str = ""
    body: str = ""
    nth: int = 1
    count: int = 1
    probability: float = 1.0
    seconds: float = 1.0
    status: int = 0
    response_body: Any = None
    content_type: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    after: bool = False
    code: str = ""
    message: str = ""
    detail: str = ""
    id: int = 0
    seen: int = 0
    struck: int = 0

    @property
    def spent(self) -> bool:
        return 0 < self.count <= self.struck

    def matches(self, request: Request) -> bool:
        """Whether the call looks like what this plan waits for (regular expressions, searched, any case)."""
        if self.method and self.method.upper() != request.method:
            return False
        if self.path and not re.search(self.path, request.path, re.IGNORECASE):
            return False
        if self.query and not re.search(self.query, request.query_text, re.IGNORECASE):
            return False
        return not self.body or bool(re.search(self.body.encode(), request.body, re.IGNORECASE))


def parse_plan(value: Any) -> FaultPlan:
    """A plan from its JSON. Raises `BadPlan` with a sentence."""
    if not isinstance(value, dict):
        raise BadPlan("a fault plan is an object")
    flat = {**value, **(value.get("match") or {})}
    flat.pop("match", None)
    if value.get("body") is not None and "match" in value:  # at the top level `body` is what to answer
        flat["response_body"] = value["body"]
        flat["body"] = (value.get("match") or {}).get("body", "")
    unknown = set(flat) - set(FaultPlan.__dataclass_fields__)
    if unknown:
        raise BadPlan(f"unknown members: {', '.join(sorted(unknown))}")
    if flat.get("action") not in ACTIONS:
        raise BadPlan(f"action must be one of {', '.join(ACTIONS)}")
    try:
        plan = FaultPlan(**{**flat, "seen": 0, "struck": 0})
        plan.nth, plan.count, plan.status = int(plan.nth), int(plan.count), int(plan.status)
        plan.probability, plan.seconds = float(plan.probability), float(plan.seconds)
        for pattern in (plan.path, plan.query, plan.body):
            re.compile(pattern)
    except (TypeError, ValueError, re.error) as error:
        raise BadPlan(f"cannot read the plan: {error}") from error
    if not abs(plan.seconds) <= _LONGEST:
        raise BadPlan(f"seconds must be within {_LONGEST}")
    return plan


class FaultPlans:
    """The plans of one stand-in."""

    def __init__(self, store: Store, name: str, random: Random) -> None:
        self._store = store
        self._key = f"{name}:faults"
        self._random = random
        self._plans = [FaultPlan(**saved) for saved in store.value(self._key) or []]

    def add(self, plans: list[FaultPlan]) -> None:
        """Plan more faults."""
        for plan in plans:
            plan.id = self._store.next_number(f"{self._key}:id")
            self._plans.append(plan)
        self._save()

    def strike(self, request: Request) -> FaultPlan | None:
        """The plan that hits this call, if any; counts it."""
        if not self._plans:
            return None
        hit = None
        moved = False
        for plan in self._plans:
            if plan.spent or not plan.matches(request):
                continue
            plan.seen += 1
            moved = True
            if hit is None and plan.seen >= plan.nth and self._chance(plan.probability):
                plan.struck += 1
                hit = plan
        if moved:
            self._save()
        return hit

    def report(self) -> list[dict[str, Any]]:
        """Every plan with how often it was seen and struck."""
        return [{**asdict(plan), "spent": plan.spent} for plan in self._plans]

    def clear(self) -> None:
        """Drop all plans."""
        self._plans.clear()
        self._save()

    def _chance(self, probability: float) -> bool:
        return probability >= 1 or self._random.random() < probability

    def _save(self) -> None:
        self._store.set_value(self._key, [asdict(plan) for plan in self._plans])
