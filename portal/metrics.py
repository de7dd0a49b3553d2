"""`/metrics`: the state of the whole installation for Prometheus, behind a token; no names, amounts or companies."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeHistogramMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from syncapp.store import clock, lag

KEPT_S = 30
"""What was counted is given out again for so long: a scraper that asks more often costs nothing."""
NOTICED_WITHIN = timedelta(hours=1)


@never_cache
@require_GET
@transaction.non_atomic_requests
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures as text; 404 where no METRICS_TOKEN is set, or another one is sent."""
    sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not settings.METRICS_TOKEN or not secrets.compare_digest(
        sent.encode(), settings.METRICS_TOKEN.encode()
    ):
        raise Http404
    text = cache.get_or_set("metrics", _text, KEPT_S)
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


def _text() -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures())
    return generate_latest(registry)


class _Figures(Collector):
    def collect(self) -> Iterator[Metric]:
        now = clock.now()
        yield from _work(now)
        yield _delays(now)
        yield _missed()
        yield _gauge(
            "ledgerbridge_foreign_notices",
            "Verified webhook notices of the last 30 days that named companies which are not connected here.",
            lag.foreign_notices(),
        )
        yield _gauge("ledgerbridge_open_problems", "Problems that wait for a person.", lag.open_problems())
        yield from _connections()


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _work(now: datetime) -> Iterator[Metric]:
    due = GaugeMetricFamily(
        "ledgerbridge_due_records", "Records that are due and not carried yet.", labels=["class"]
    )
    age = GaugeMetricFamily(
        "ledgerbridge_oldest_due_seconds", "How long the oldest due record has waited.", labels=["class"]
    )
    for name, count, since in lag.due_by_class():
        due.add_metric([name], count)
        age.add_metric([name], max((now - since).total_seconds(), 0) if since else 0)
    yield from (due, age)


def _delays(now: datetime) -> Metric:
    family = GaugeHistogramMetricFamily(
        "ledgerbridge_capture_delay_seconds",
        "Time from a change to its being noticed, of what was noticed within the last hour.",
        labels=["source", "object"],
    )
    sums: dict[tuple[str, str], list[float]] = {}
    for row in lag.noticed(now - NOTICED_WITHIN):
        steps = sums.setdefault((row.source, row.object), [0.0] * (len(lag.BOUNDS) + 2))
        for place, number in enumerate((*row.within, row.count, row.seconds)):
            steps[place] += number
    for labels, steps in sorted(sums.items()):
        names = [*(str(float(bound)) for bound in lag.BOUNDS), "+Inf"]
        family.add_metric(labels, list(zip(names, steps[:-1], strict=True)), steps[-1])
    return family


def _missed() -> Metric:
    family = GaugeMetricFamily(
        "ledgerbridge_missed_notices",
        "Changes of the last 30 days that reading found although no webhook had named them.",
        labels=["object"],
    )
    for name, count in lag.missed_by_object():
        family.add_metric([name], count)
    return family


def _connections() -> Iterator[Metric]:
    states = GaugeMetricFamily("ledgerbridge_connections", "Connections by state.", labels=["side", "status"])
    resting = GaugeMetricFamily(
        "ledgerbridge_connections_resting", "Connections that are left alone after failures.", labels=["side"]
    )
    for side, status, count, rest in lag.connections():
        states.add_metric([side, status], count)
        if status == "live":
            resting.add_metric([side], rest)
    yield from (states, resting)
