"""From two connections to a running integration: template, scan, plan, switch on. Resumable at every step.

Until a person switches an integration on, nothing is written to either side.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from django.db import connection as database
from django.db import transaction
from django.db.models import Count, Sum
from django.utils import timezone

from connectors.contracts import Priority, Side
from connectors.errors import ConnectorError
from syncapp import queue
from syncapp.engine.mapping import OnConflict
from syncapp.engine.merge import OPTIONAL
from syncapp.models import (
    Company,
    Connection,
    ConnectionStatus,
    Integration,
    IntegrationState,
    Mapping,
    MappingPass,
    PreviewItem,
    Run,
    RunKind,
    RunState,
    SyncTest,
)
from syncapp.recipes import RECIPES, STARTERS, LeftOut, Prepared, Recipe, Template, can_have, mark_of, prepare
from syncapp.recipes.recipe import Org
from syncapp.services import audit, mappings
from syncapp.services import preview as previews
from syncapp.services.errors import Refused
from syncapp.services.org_facts import Describer
from syncapp.store import leases, passes

STEPS = {
    "welcome": "What you need",
    "company": "Company",
    "salesforce": "Connect Salesforce",
    "quickbooks": "Connect QuickBooks",
    "health": "Health check",
    "template": "What to keep in step",
    "match": "Preview the first load",
    "start": "Start",
    "test": "Test sync",
}
OFFERED = "test"
"""A step that nobody has to take: setup is over without it."""
QBO_BATCH, SF_COMPOSITE, BATCHES_PER_MINUTE = 30, 1000, 38
OPEN_RUNS = (RunState.QUEUED, RunState.READING, RunState.RUNNING)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the wizard."""

    key: str
    label: str
    done: bool
    current: bool


@dataclass(frozen=True, slots=True)
class SetupProgress:
    """Where a setup stands; `current` is the first step that is not done, "" when all are."""

    steps: tuple[Step, ...]
    current: str


def start_integration(company: Company) -> Integration:
    """The company's integration that is being set up; made, with the connections that wait, when there is none."""
    with transaction.atomic():
        Company.objects.select_for_update().get(pk=company.pk)
        found = Integration.objects.filter(state=IntegrationState.SETUP).order_by("id").first()
        if found is not None:
            return found
        return Integration.objects.create(
            salesforce=_waiting(Side.SALESFORCE), quickbooks=_waiting(Side.QUICKBOOKS)
        )


def _waiting(side: Side) -> Connection | None:
    """A live connection that no integration uses yet."""
    column = "salesforce_id" if side is Side.SALESFORCE else "quickbooks_id"
    used = Integration.objects.exclude(**{column: None}).values(column)
    rows = Connection.objects.filter(side=side, status=ConnectionStatus.LIVE).exclude(id__in=used)
    return rows.order_by("-connected_at").first()


def progress(integration: Integration | None) -> SetupProgress:
    """The steps of the wizard; without an integration nothing but the welcome has been seen."""
    done = _done(integration) if integration is not None else {}
    current = next((key for key in STEPS if not done.get(key) and key != OFFERED), "")
    shown = current or next((key for key in STEPS if not done.get(key)), "")
    return SetupProgress(
        tuple(Step(key, label, bool(done.get(key)), key == shown) for key, label in STEPS.items()), current
    )


def _done(integration: Integration) -> dict[str, bool]:
    sides = {"salesforce": integration.salesforce, "quickbooks": integration.quickbooks}
    connected = {
        key: side is not None and side.status == ConnectionStatus.LIVE for key, side in sides.items()
    }
    checked = all(side is not None and side.facts_at is not None for side in sides.values())
    return {
        "welcome": True,
        "company": True,
        **connected,
        "health": checked,
        "template": bool(integration.template),
        "match": _scanned(integration),
        "start": integration.switched_on_at is not None,
        "test": SyncTest.objects.filter(integration=integration).exclude(ended_at=None).exists(),
    }


def _scanned(integration: Integration) -> bool:
    published = _published(integration)
    return bool(published) and all(passes.barrier_open(mapping.pk) for mapping in published)


# --- template --------------------------------------------------------------------------------------------------------


TOLD: dict[Template | OnConflict, str] = {
    Template.BIDIRECTIONAL: "both ways",
    Template.SF_TO_QBO: "Salesforce to QuickBooks",
    Template.QBO_TO_SF: "QuickBooks to Salesforce",
    OnConflict.SF: "Salesforce wins",
    OnConflict.QBO: "QuickBooks wins",
    OnConflict.NEWEST: "the newest wins",
    OnConflict.ASK: "a person is asked",
}
"""The choices of a template, as the note of its version tells them."""


def choose_template(
    integration: Integration,
    template: str,
    winner: str,
    person: Any | None,
    recipes: Sequence[str] = STARTERS,
) -> list[LeftOut]:
    """Make the mappings of a template (bidirectional, sf_to_qbo, qbo_to_sf) with who wins (sf, qbo, newest, ask): one
    for each of these recipes that the two orgs can have.

    Fills the rows from the recipes for these two orgs and publishes them; returns the rows that these orgs cannot have.
    A scan made for another template is forgotten. The sides are described first: not inside a transaction. Raises
    Refused: `setup.not_connected`, `setup.already_on`, `setup.unknown_template`, `connect.unreachable`.
    """
    if integration.switched_on_at is not None:
        raise Refused("setup.already_on")
    try:
        chosen, wins = Template(template), OnConflict(winner)
    except ValueError as error:
        raise Refused("setup.unknown_template", template=template, winner=winner) from error
    wanted = without_replaced(with_parents(recipes))
    prepared = prepared_for(integration, chosen, wins, [RECIPES[key] for key in RECIPES if key in wanted])
    left_out: list[LeftOut] = []
    with transaction.atomic():
        made = [(_mapping_for(integration, recipe), each) for recipe, each in prepared]
        _drop_others(integration, {mapping.pk for mapping, _ in made})
        for mapping, each in made:
            mapping.recipe_mark = mark_of(RECIPES[mapping.key])
            mappings.rows_from_recipe(mapping, each.spec)
            left_out += each.left_out
            if not mapping.published_number or mappings.draft_differs(mapping):
                mappings.publish(mapping, person, f"From the template: {TOLD[chosen]}, {TOLD[wins]}")
                passes.reset(mapping.pk)
        integration.template, integration.winner = chosen.value, wins.value
        integration.save(update_fields=["template", "winner"])
        audit.decided("integration.template", person, after={"template": template, "winner": winner})
    return left_out


def with_parents(recipes: Iterable[str]) -> set[str]:
    """These recipes and those that their records cannot go without: an invoice's customer, the items of its lines."""
    wanted: set[str] = set()
    waiting = list(recipes)
    while waiting:
        key = waiting.pop()
        if key not in wanted and key in RECIPES:
            wanted.add(key)
            rows = [row.spec for row in RECIPES[key].rows]
            waiting += [row.refers_to for row in rows if row.refers_to and row.default != OPTIONAL]
    return wanted


def without_replaced(keys: set[str]) -> set[str]:
    """These recipes without those that another of them takes the place of."""
    return keys - {replaced for key in keys for replaced in RECIPES[key].instead_of}


def _without_strangers(prepared: Prepared, known: Collection[str]) -> Prepared:
    """Without the references that may stay empty to mappings that nobody chose."""
    fields = tuple(
        row
        for row in prepared.spec.fields
        if not row.refers_to or row.default != OPTIONAL or row.refers_to in known
    )
    return replace(prepared, spec=replace(prepared.spec, fields=fields))


def prepared_for(
    integration: Integration, template: Template, winner: OnConflict, recipes: Sequence[Recipe]
) -> list[tuple[Recipe, Prepared]]:
    """Each of these recipes that the two orgs can have, prepared for them."""
    salesforce, quickbooks = _both(integration)
    try:
        with Describer(salesforce, quickbooks) as describer:
            orgs = {recipe.key: describer.org(recipe, {}) for recipe in recipes}
            possible = [recipe for recipe in recipes if can_have(recipe, template, orgs[recipe.key].sf)]
            facts = describer.facts(possible)
    except ConnectorError as error:
        raise Refused("connect.unreachable", detail=error.failure.message) from error
    there = Mapping.objects.filter(integration=integration).values_list("key", flat=True)
    known = {*there, *(recipe.key for recipe in possible)}
    return [
        (recipe, _without_strangers(_prepare_one(recipe, template, winner, org, facts, possible), known))
        for recipe in possible
        for org in (orgs[recipe.key],)
    ]


def _prepare_one(
    recipe: Recipe,
    template: Template,
    winner: OnConflict,
    org: Org,
    facts: dict[str, Any],
    beside: Sequence[Recipe],
) -> Prepared:
    return prepare(
        recipe, template, winner, org.sf, org.qbo, children=org.children, facts=facts, beside=beside
    )


def _drop_others(integration: Integration, kept: set[int]) -> None:
    """Mappings of an earlier choice that is not made any more; nothing was written by them."""
    Mapping.objects.filter(integration=integration).exclude(pk__in=kept).delete()


def _both(integration: Integration) -> tuple[Connection, Connection]:
    if integration.salesforce is None or integration.quickbooks is None:
        raise Refused("setup.not_connected")
    return integration.salesforce, integration.quickbooks


def _mapping_for(integration: Integration, recipe: Recipe) -> Mapping:
    mapping, _ = Mapping.objects.get_or_create(
        integration=integration,
        key=recipe.key,
        defaults={
            "label": recipe.label,
            "recipe": recipe.key,
            "sf_object": recipe.sf_object,
            "qbo_entity": recipe.qbo_entity,
        },
    )
    return mapping


# --- scan and plan ---------------------------------------------------------------------------------------------------


def begin_scan(integration: Integration, person: Any | None) -> Run:
    """Read both sides and plan what a first load would do; nothing is written to either side.

    One run per mapping; returns the first. A scan that is under way is returned as it is. Raises Refused:
    `setup.not_connected`, `setup.no_template`.
    """
    _both(integration)
    with transaction.atomic():
        Integration.objects.select_for_update().get(pk=integration.pk)
        published = _published(integration)
        if not published:
            raise Refused("setup.no_template")
        runs = [preview(mapping, person) for mapping in published]
    return runs[0]


def _published(integration: Integration) -> list[Mapping]:
    return list(Mapping.objects.filter(integration=integration, published_number__gt=0).order_by("id"))


def preview(mapping: Mapping, person: Any | None, cause: str = "What a first load would do") -> Run:
    """Read both sides of one mapping and plan what a run would do; one that is under way is returned."""
    running = Run.objects.filter(mapping=mapping, kind=RunKind.PREVIEW, state__in=OPEN_RUNS).first()
    if running is not None:
        return running
    with transaction.atomic():
        return _new_run(mapping, RunKind.PREVIEW, Priority.NORMAL, person, cause)


def _new_run(
    mapping: Mapping,
    kind: RunKind,
    priority: Priority,
    person: Any | None,
    cause: str,
    scope: dict[str, Any] | None = None,
) -> Run:
    """A run that begins with reading both sides of a mapping."""
    run = Run.objects.create(
        integration_id=mapping.integration_id,
        mapping=mapping,
        kind=kind,
        priority=leases.RANK[priority],
        person=person,
        cause=cause,
        scope=scope or {},
    )
    queue.prepare(run.pk, priority)
    return run


def _newest_previews(integration: Integration) -> list[Run]:
    """The newest preview of each mapping, in the mappings' order."""
    rows = Run.objects.filter(integration=integration, kind=RunKind.PREVIEW).exclude(mapping=None)
    return list(rows.order_by("mapping_id", "-id").distinct("mapping_id"))


@dataclass(frozen=True, slots=True)
class FirstLoadPlan:
    """What the newest scan found. Counts are records; the lists are the run's PreviewItem rows by group."""

    run: Run | None
    scanning: bool
    scanned_sf: int = 0
    scanned_qbo: int = 0
    linked: int = 0
    alike: int = 0
    new_qbo: int = 0
    new_sf: int = 0
    skipped: int = 0
    calls_estimate: int = 0
    minutes_estimate: int = 0


def plan(integration: Integration) -> FirstLoadPlan:
    """How far the scan is and what it would do so far, over all mappings. `run` is the first mapping's."""
    found = _newest_previews(integration)
    if not found:
        return FirstLoadPlan(None, scanning=False)
    scanned = dict(
        MappingPass.objects.filter(mapping__integration=integration)
        .values_list("side")
        .annotate(number=Sum("records"))
        .order_by()
    )
    groups = dict(
        PreviewItem.objects.filter(run__in=found).values_list("group").annotate(number=Count("id")).order_by()
    )
    counts = {
        group: groups.get(group, 0)
        for group in (
            previews.LINKED,
            previews.ALIKE,
            previews.NEW_QBO,
            previews.NEW_SF,
            previews.SKIPPED,
        )
    }
    calls, minutes = _estimate(found, counts)
    return FirstLoadPlan(
        found[0],
        scanning=any(run.state in OPEN_RUNS for run in found),
        scanned_sf=scanned.get(Side.SALESFORCE.value, 0),
        scanned_qbo=scanned.get(Side.QUICKBOOKS.value, 0),
        calls_estimate=calls,
        minutes_estimate=minutes,
        **counts,
    )


CHANGED = """
select count(distinct i.id) filter (where c->>'target' = 'qbo'), count(distinct i.id) filter (where c->>'target' = 'sf')
from syncapp_previewitem i cross join lateral jsonb_array_elements(i.decision->'changes') c
where i.run_id = any(%s) and i."group" = 'linked'
"""


def _estimate(found: list[Run], counts: dict[str, int]) -> tuple[int, int]:
    """(calls, minutes) of the first load: batches of 30 to QuickBooks at 38 a minute, composites of 1,000 to Salesforce
    (which also take the new QuickBooks ids)."""
    with database.cursor() as cursor:
        cursor.execute(CHANGED, [[run.pk for run in found]])
        to_qbo, to_sf = cursor.fetchone()
    batches = math.ceil((counts[previews.NEW_QBO] + to_qbo) / QBO_BATCH)
    composites = math.ceil((counts[previews.NEW_SF] + counts[previews.NEW_QBO] + to_sf) / SF_COMPOSITE)
    calls = batches + composites
    return calls, math.ceil(batches / BATCHES_PER_MINUTE) if calls else 0


# --- switch on -------------------------------------------------------------------------------------------------------


def switch_on(integration: Integration, person: Any | None) -> Run:
    """From now on both sides are written to: the first load begins. A second press returns the same run.

    Raises Refused: `setup.not_connected`, `setup.scan_first`.
    """
    _both(integration)
    with transaction.atomic():
        row = Integration.objects.select_for_update().get(pk=integration.pk)
        if row.switched_on_at is not None:
            first = Run.objects.filter(integration=row, kind=RunKind.FIRST_LOAD).order_by("id").first()
            if first is not None:
                return first
        if not _scanned(row):
            raise Refused("setup.scan_first")
        row.switched_on_at = row.switched_on_at or timezone.now()
        row.switched_on_by = audit.name_of(person)
        row.state = IntegrationState.ACTIVE
        row.save(update_fields=["switched_on_at", "switched_on_by", "state"])
        together = {"together": str(uuid4())}  # what changed since the scan is read once for all of them
        runs = [
            _new_run(mapping, RunKind.FIRST_LOAD, Priority.BULK, person, "First load", together)
            for mapping in _published(row)
        ]
        audit.decided("integration.switched_on", person, cause=row.name)
    integration.refresh_from_db()
    return runs[0]
