"""Our totals against the simulator's own arithmetic, over HTTP: the corpus, and documents nobody has thought of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import jsonwire
from connectors.contracts import Side
from connectors.simulator.testing import Simulator, simulator
from syncapp.engine import documents
from syncapp.engine.decision import DecisionKind
from syncapp.engine.projection import compose_create
from tests.engine.test_money_corpus import Case, books_of, decided, read_cases, spec_of

BATCH = 30


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with simulator(seed="empty") as running:
        yield running


@pytest.fixture(scope="module")
def customer(sim: Simulator) -> str:
    return str(_post(sim, "customer", {"DisplayName": "Corpus"})["Customer"]["Id"])


def _post(sim: Simulator, path: str, body: Any) -> Any:
    """One call with exact numbers both ways."""
    keys = sim.quickbooks.credentials()
    url = f"{keys['url']}/v3/company/{keys['realm_id']}/{path}?minorversion=75"
    headers = {
        "Authorization": f"Bearer {keys['access_token']}",
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    answer = requests.post(url, jsonwire.encode(body), headers=headers, timeout=60)
    assert answer.ok, answer.text
    return jsonwire.decode(answer.content)


def disagreements(sim: Simulator, customer: str, cases: Sequence[Case]) -> list[str]:
    """Send the documents of these cases, as the engine composes them, and compare what the simulator stored."""
    sent, items = {}, []
    for number, case in enumerate(cases):
        spec = spec_of(case)
        decision = decided(case, spec)
        if decision.kind is not DecisionKind.CREATE:
            continue
        body = compose_create(Side.QUICKBOOKS, spec, decision.create_values)
        body["CustomerRef"] = {"value": customer}
        sent[str(number)] = (case, spec, decision.create_values)
        items.append({"bId": str(number), "operation": "create", "Invoice": body})
    found = []
    for start in range(0, len(items), BATCH):
        answer = _post(sim, "batch", {"BatchItemRequest": items[start : start + BATCH]})
        for item in answer["BatchItemResponse"]:
            case, spec, values = sent[item["bId"]]
            if "Invoice" not in item:
                found.append(f"{case.name}: {item['Fault']['Error'][0]['Detail']}")
                continue
            stored = item["Invoice"]
            differs = documents.disagreement(spec, values, stored, books_of(case), {})
            tax = Decimal(str((stored.get("TxnTaxDetail") or {}).get("TotalTax") or 0))
            if differs is not None or Decimal(str(stored["TotalAmt"])) - tax != case.net:
                found.append(f"{case.name}: {differs}, {stored['TotalAmt']} - {tax} is not {case.net}")
    return found


def test_the_corpus_comes_to_the_same_over_there(sim, customer):
    """Dollar cases of the US without shipping, which the simulator's company has switched off."""
    cases = [case for case in read_cases() if case.currency == "USD" and not case.shipping]
    assert len(cases) > 200
    assert disagreements(sim, customer, cases) == []


AMOUNTS = st.decimals(min_value=Decimal("0.01"), max_value=Decimal(5000), places=2)
QUANTITIES = st.decimals(min_value=Decimal("0.001"), max_value=Decimal(500), places=3)
PRICES = st.decimals(min_value=Decimal(0), max_value=Decimal(900), places=4)
PERCENTS = st.one_of(st.none(), st.decimals(min_value=Decimal(0), max_value=Decimal(100), places=2))
LINES = st.lists(
    st.tuples(QUANTITIES, PRICES, PERCENTS, st.one_of(st.none(), AMOUNTS)), min_size=1, max_size=8
)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(st.lists(st.tuples(LINES, st.sampled_from(["line_price", "discount_line"])), min_size=5, max_size=15))
def test_documents_that_nobody_thought_of_come_to_the_same_over_there(sim, customer, made):
    cases = [_case(f"made-{n}", lines, policy) for n, (lines, policy) in enumerate(made)]
    assert disagreements(sim, customer, cases) == []


def _case(name: str, lines: Any, policy: str) -> Case:
    nothing = Decimal(0)
    net = sum((_shown(*line) for line in lines), nothing)
    return Case(
        name=name,
        currency="USD",
        country="US",
        policy=policy,
        lines=tuple(lines),
        discount=nothing,
        shipping=nothing,
        calculation="",
        rates=(),
        amounts=(),
        discount_line=nothing,
        net=net,
        tax=None,
    )


def _shown(quantity: Decimal, price: Decimal, percent: Decimal | None, total: Decimal | None) -> Decimal:
    exact = quantity * price * (100 - (percent or 0)) / 100
    return exact.quantize(Decimal("0.01"), ROUND_HALF_UP) if total is None else total
