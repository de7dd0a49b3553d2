"""Which records a run is about, where it is not simply what waits: all of a mapping, what changed, a filter, a choice.

A scope is the JSON of `Run.scope`: `{"of": "changes"}`, `{"of": "links", "links": [...]}`, `{"of": "filter", ...}`,
`{"of": "draft", "draft": ...}` (every link of the mapping, decided by its draft as it was when it was asked for);
without `of` it is every link of the run's mapping. `position` is how far a plan has come, `together` the runs that one
tick of a schedule, or switching on, began.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q

from connectors.contracts import Side
from syncapp.models import Mapping, MappingMode, Run
from syncapp.store import bulk

ALL, CHANGES, LINKS, FILTER, UNDO, DRAFT = "all", "changes", "links", "filter", "undo", "draft"
KNOWN = (LINKS, DRAFT)
"""Scopes about records that are known: nothing is looked for before they are planned."""
FORCED = {"to_qbo": Side.QUICKBOOKS, "to_sf": Side.SALESFORCE}
NONE = UUID(int=0)

OF_MAPPING = """
select l.id from syncapp_recordlink l
where l.company_id = %(company)s and l.mapping_id = %(mapping)s and l.lifecycle not in ('unlinked', 'absorbed')
  and not l.paused
"""
CHANGED = """
  and (exists (select 1 from syncapp_observation o where o.connection_id = %(sf)s and o.object = l.sf_object
               and o.remote_id = l.sf_id and o.fresh)
    or exists (select 1 from syncapp_observation o where o.connection_id = %(qbo)s and o.object = l.qbo_entity
               and o.remote_id = l.qbo_id and o.fresh))
"""
# What is known of a record is stored once for all mappings of its object: another one has looked at it, this one not.
MOVED_ON = """
  and (exists (select 1 from syncapp_observation o where o.connection_id = %(sf)s and o.object = l.sf_object
               and o.remote_id = l.sf_id and (o.fresh or o.token <> l.sf_token))
    or exists (select 1 from syncapp_observation o where o.connection_id = %(qbo)s and o.object = l.qbo_entity
               and o.remote_id = l.qbo_id and (o.fresh or o.token <> l.qbo_token)))
"""
BATCH = "and l.id > %(after)s order by l.id limit %(size)s"


def of(run: Run) -> str:
    """What kind of scope a run has."""
    return str(run.scope.get("of", ALL))


def forced(run: Run) -> str:
    """The side that a person's press names, where the run is about records that a person chose; else empty.
    History (`gentle`) names a side too, but only to say which is looked through: it overwrites nothing."""
    target = FORCED.get(run.direction) if is_asked(run) and not run.scope.get("gentle") else None
    return target.value if target else ""


def is_asked(run: Run) -> bool:
    """Whether a person chose the records: then a mapping that runs by button only lets them through."""
    return of(run) in (LINKS, FILTER)


def is_read_anew(run: Run) -> bool:
    """Whether both sides of each record are read, whatever was stored of them: a draft may want other fields."""
    return is_asked(run) or of(run) == DRAFT


def is_whole(run: Run) -> bool:
    """Whether nobody chose the records: all of the mapping that would go by themselves."""
    return not is_asked(run)


def next_links(run: Run, size: int) -> list[UUID]:
    """The next links of a plan under way, in order of id; none at its end."""
    after = UUID(run.scope["position"]) if run.scope.get("position") else NONE
    if of(run) == LINKS:
        chosen = sorted(UUID(text) for text in run.scope["links"])
        return [link_id for link_id in chosen if link_id > after][:size]
    if of(run) == CHANGES:
        return _of_mapping(run, OF_MAPPING + _changed(run.mapping) + BATCH, after=after, size=size)
    return _of_mapping(run, OF_MAPPING + BATCH, after=after, size=size)


def move_on(run: Run, link_ids: Sequence[UUID]) -> None:
    """These were planned: go on behind them."""
    run.scope = {**run.scope, "position": str(max(link_ids))}
    Run.objects.filter(pk=run.pk).update(scope=run.scope)


def changed(run: Run) -> list[UUID]:
    """Every link of the run's mapping that waits to be looked at."""
    return _of_mapping(run, OF_MAPPING + _changed(run.mapping))


def everything(run: Run) -> list[UUID]:
    """Every link of the run's mapping."""
    return _of_mapping(run, OF_MAPPING)


def count_changed(mapping: Mapping) -> int:
    """How many links of this mapping wait to be looked at."""
    counted = (OF_MAPPING + _changed(mapping)).replace("select l.id", "select count(*)", 1)
    return int(bulk.fetch_named(counted, _params(mapping))[0][0])


def _changed(mapping: Mapping | None) -> str:
    """What waits of a mapping: what is news, where nobody else looks at its objects."""
    return MOVED_ON if mapping is not None and shares_an_object(mapping) else CHANGED


def shares_an_object(mapping: Mapping) -> bool:
    """Whether another mapping that is not off watches one of its objects in the same org."""
    pair = mapping.integration
    others = Mapping.objects.filter(
        Q(integration__salesforce_id=pair.salesforce_id, sf_object=mapping.sf_object)
        | Q(integration__quickbooks_id=pair.quickbooks_id, qbo_entity=mapping.qbo_entity),
        published_number__gt=0,
    )
    return others.exclude(pk=mapping.pk).exclude(mode=MappingMode.OFF).exists()


def _of_mapping(run: Run, text: str, **more: Any) -> list[UUID]:
    if run.mapping is None:
        raise ValueError("a run over a mapping's links has a mapping")
    return [row[0] for row in bulk.fetch_named(text, {**_params(run.mapping), **more})]


def _params(mapping: Mapping) -> dict[str, Any]:
    return {
        "company": mapping.company_id,
        "mapping": mapping.pk,
        "sf": mapping.integration.salesforce_id,
        "qbo": mapping.integration.quickbooks_id,
    }
