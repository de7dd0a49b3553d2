"""A plan as a person reads it: how many records of each kind, what would be written where, and what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Count

from syncapp.engine import plan as plans
from syncapp.engine.compiled import compile_spec
from syncapp.engine.mapping import MappingSpec
from syncapp.engine.plan import Cost
from syncapp.messages import Words, words_for
from syncapp.models import Mapping as MappingRow
from syncapp.models import PreviewItem, RecordLink, Run
from syncapp.services import addresses, scope
from syncapp.services.apply import CARRIED
from syncapp.services.preview import PARTNER
from syncapp.store import bulk, specs

PAGE = 50
EACH = 2000

KINDS = (
    "create",
    "update",
    "link",
    "unlink",
    "adopt",
    "wait",
    "conflict",
    "hold",
    "refused",
    "skip",
    "nothing",
)
"""What can become of a record, in the order in which a person wants to see it."""


@dataclass(frozen=True, slots=True)
class ShownChange:
    """One field: its name, the side that is written, what is there and what will be."""

    label: str
    side: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class ShownItem:
    """One record of a plan."""

    id: int
    link: UUID | None
    name: str
    mapping: str
    kind: str
    changes: tuple[ShownChange, ...]
    reasons: tuple[Words, ...]
    sf_id: str
    qbo_id: str
    sf_url: str
    qbo_url: str
    partner: str = ""
    """The record that it is linked with, where the plan links it."""

    @property
    def sides(self) -> tuple[str, ...]:
        """The sides that are written, in order."""
        return tuple(dict.fromkeys(change.side for change in self.changes))


@dataclass(frozen=True, slots=True)
class Totals:
    """How many records of each kind a plan has, and how many of them it would write or link."""

    kinds: Mapping[str, int] = field(default_factory=dict)
    carried: int = 0
    records: int = 0


def totals(run: Run) -> Totals:
    """The plan in numbers. The QuickBooks half of a pair is counted on its Salesforce side."""
    rows = PreviewItem.objects.filter(run=run).exclude(group=PARTNER).values_list("kind").order_by()
    found = dict(rows.annotate(number=Count("id")))
    carried = sum(number for kind, number in found.items() if kind in CARRIED)
    return Totals({kind: found[kind] for kind in KINDS if found.get(kind)}, carried, sum(found.values()))


WRITES = """
select count(*) filter (where s.qbo), count(*) filter (where s.sf or (s.made and s.named)),
       count(*) filter (where s.sf and s.touched)
from (
  select
    coalesce(i.decision->>'create_on' = 'qbo', false) as made,
    coalesce(v.spec->>'external_id_field', '') <> '' as named,
    coalesce(i.decision->>'create_on' <> 'sf', true) as touched,
    coalesce(i.decision->>'create_on' = 'qbo' or i.decision->'set_state'->>'target' = 'qbo'
      or jsonb_path_exists(i.decision, '$.changes[*].target ? (@ == "qbo")')
      or jsonb_path_exists(i.decision, '$.then.changes[*].target ? (@ == "qbo")'), false) as qbo,
    coalesce(i.decision->>'create_on' = 'sf' or i.decision->'set_state'->>'target' = 'sf'
      or jsonb_path_exists(i.decision, '$.changes[*].target ? (@ == "sf")')
      or jsonb_path_exists(i.decision, '$.then.changes[*].target ? (@ == "sf")'), false) as sf
  from syncapp_previewitem i
  left join syncapp_mappingversion v on v.mapping_id = i.mapping_id and v.number = i.mapping_version
  where i.company_id = %s and i.run_id = %s and i.kind = any(%s) and i."group" <> 'partner'
) s
"""


def cost(run: Run) -> Cost:
    """The calls that applying the plan takes."""
    [(to_qbo, to_sf, guarded)] = bulk.fetch(WRITES, [run.company_id, run.pk, sorted(CARRIED)])
    return plans.cost(to_qbo, to_sf, guarded=guarded)


@dataclass(frozen=True, slots=True)
class Page:
    """Up to 50 records of a plan; `after` is the key of the next page, 0 on the last."""

    items: Sequence[ShownItem]
    after: int = 0


def page(run: Run, *, kind: str = "", after: int = 0) -> Page:
    """A page of the plan, of one kind or of all but those where nothing is to be done."""
    rows = PreviewItem.objects.filter(run=run, id__gt=after).exclude(group=PARTNER)
    rows = rows.filter(kind=kind) if kind in KINDS else rows.exclude(kind="nothing")
    found = list(_with_mappings(rows)[: PAGE + 1])
    items = list(_shown(found[:PAGE], run))
    return Page(items, found[PAGE - 1].pk if len(found) > PAGE else 0)


def every(run: Run) -> Iterator[ShownItem]:
    """All records of the plan, a few thousand at a time."""
    after = 0
    while True:
        rows = PreviewItem.objects.filter(run=run, id__gt=after).exclude(group=PARTNER)
        found = list(_with_mappings(rows)[:EACH])
        if not found:
            return
        yield from _shown(found, run)
        after = found[-1].pk


def _with_mappings(rows: Any) -> Any:
    return rows.select_related(
        "link",
        "mapping__integration__salesforce",
        "mapping__integration__quickbooks",
    ).order_by("id")


def _shown(rows: Sequence[PreviewItem], run: Run) -> Iterator[ShownItem]:
    names = _names(rows)
    of_draft = specs.draft_spec(run.mapping) if scope.of(run) == scope.DRAFT and run.mapping else None
    for row in rows:
        mapping = row.mapping or run.mapping or (row.link.mapping if row.link else None)
        if mapping is not None:
            yield _item(row, mapping, names, of_draft if mapping.pk == run.mapping_id else None)


def _names(rows: Iterable[PreviewItem]) -> dict[str, str]:
    """Names of the records that symbolic references stand for."""
    wanted = {
        value.removeprefix(plans.SYMBOL)
        for row in rows
        for values in (
            row.decision.get("values") or {},
            *(c["values"] for c in row.decision.get("changes") or ()),
        )
        for value in values.values()
        if isinstance(value, str) and value.startswith(plans.SYMBOL)
    }
    ids = [UUID(text) for text in wanted if _is_uuid(text)]
    found = RecordLink.objects.filter(id__in=ids).values_list("id", "name") if ids else ()
    return {f"{plans.SYMBOL}{link_id}": f"{name} (new)" for link_id, name in found}


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _item(
    row: PreviewItem, mapping: MappingRow, names: Mapping[str, str], of_draft: MappingSpec | None
) -> ShownItem:
    spec = of_draft or (specs.version_spec(mapping, row.mapping_version) if row.mapping_version else None)
    spec = spec or specs.published_spec(mapping)
    sf_id, qbo_id = row.remote_id("sf"), row.remote_id("qbo")
    integration = mapping.integration
    urls = addresses.urls(
        {"sf": integration.salesforce, "qbo": integration.quickbooks},
        mapping.sf_object,
        sf_id,
        mapping.qbo_entity,
        qbo_id,
    )
    return ShownItem(
        id=row.pk,
        link=row.link_id,
        name=row.name,
        mapping=mapping.label,
        kind=row.kind,
        changes=tuple(_changes(row.decision, spec, names)),
        reasons=tuple(words_for(one["code"], one["values"]) for one in row.decision.get("reasons", ())),
        sf_id=sf_id,
        qbo_id=qbo_id,
        sf_url=urls["sf"],
        qbo_url=urls["qbo"],
        partner=(row.decision.get("link_to") or {}).get("name", ""),
    )


def _changes(
    decision: Mapping[str, Any], spec: MappingSpec | None, names: Mapping[str, str]
) -> Iterator[ShownChange]:
    labels = {} if spec is None else {row.key: row.spec.label for row in compile_spec(spec).rows}
    created = decision.get("create_on") or ""
    for key, value in (decision.get("values") or {}).items() if created else ():
        yield ShownChange(labels.get(key, key), created, None, names.get(str(value), value))
    parts = (decision, decision.get("then") or {})
    for change in (one for part in parts for one in part.get("changes") or ()):
        for key, value in change["values"].items():
            before = change["before"].get(key)
            yield ShownChange(labels.get(key, key), change["target"], before, names.get(str(value), value))
    state = decision.get("set_state")
    if state:
        yield ShownChange(
            STATES[state["state"]], state["target"], state["state"] != "live", state["state"] == "live"
        )


STATES = {"live": "Active", "inactive": "Active", "voided": "In force", "deleted": "There"}
