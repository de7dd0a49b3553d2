"""Why is it not there? For any id, name or pasted address of either side: the decision, made now, and each rule it met.

Works as well for a record that has no link: one that a filter leaves out, that nobody has noticed, or before go-live.
Reads the record where it lies; writes nothing, stores nothing, makes nothing due.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.db.models import Q

from connectors.contracts import RecordState, RemoteRecord, Side
from connectors.errors import ConnectorError, FailureKind
from syncapp.engine.decision import DecisionKind
from syncapp.engine.display import display_name
from syncapp.engine.entities import traits
from syncapp.engine.mapping import Mode
from syncapp.engine.projection import fields_to_read
from syncapp.engine.state import IGNORED
from syncapp.engine.why import FITS, MODE, STOPPED, Step, trace
from syncapp.messages import Words, words_for
from syncapp.models import (
    CLOSED_LIFECYCLES,
    CompanyState,
    ConnectionStatus,
    Lifecycle,
    LinkWork,
    Mapping,
    Observation,
    RecordLink,
    WriteIntent,
)
from syncapp.services import addresses, deciding, preview
from syncapp.services.clients import AnyClient
from syncapp.services.reading import Sides
from syncapp.services.slice_context import SliceContext
from syncapp.services.watched import connection_of, object_of
from syncapp.store import links
from syncapp.store.links import LinkRow, name_key

MOST = 5
SIDES = {Side.SALESFORCE.value: "Salesforce", Side.QUICKBOOKS.value: "QuickBooks"}
MODES = {
    Mode.OFF.value: "off.",
    Mode.BUTTON.value: "run by button only.",
    Mode.SCHEDULE.value: "run on schedule.",
    Mode.CHANGES.value: "run as records change.",
}
STATES = {
    RecordState.NONE.value: "none",
    RecordState.LIVE.value: "there",
    RecordState.DELETED.value: "deleted",
    RecordState.INACTIVE.value: "inactive",
    RecordState.VOIDED.value: "voided",
    RecordState.MERGED.value: "merged into another",
    RecordState.MISSING.value: "not found",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as a person reads it. `verdict` is passed, stopped or told."""

    words: Words
    verdict: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of one record in one mapping. `outcome` is the kind of the decision."""

    name: str
    mapping: str
    sf_object: str
    qbo_entity: str
    sf_id: str
    qbo_id: str
    sf_url: str
    qbo_url: str
    outcome: str
    rules: tuple[Rule, ...]
    link: UUID | None = None

    @property
    def stopped_by(self) -> Rule | None:
        """The first rule that stops the record."""
        return next((rule for rule in self.rules if rule.verdict == STOPPED), None)


def explain(text: str) -> list[Answer]:
    """Answer for what a person typed or pasted: up to five records, each in every mapping that may take it."""
    text = text.strip()
    ids = addresses.ids_in(text)
    named = {side: id_ for side, id_ in _ids(ids) if id_}
    found = _linked(text, named)
    answers = [explain_link(link) for link in found]
    if named:
        answers += [one for side, id_ in named.items() for one in _unlinked(text, side, id_, found)]
    return answers[:MOST] or [_nobody(text, named)]


def _ids(ids: addresses.Ids) -> Iterator[tuple[Side, str]]:
    yield Side.SALESFORCE, ids.salesforce
    yield Side.QUICKBOOKS, ids.quickbooks


def _linked(text: str, named: dict[Side, str]) -> list[RecordLink]:
    """Links of these ids, else of a name that begins so; halves that were joined are one."""
    links_ = RecordLink.objects.exclude(lifecycle=Lifecycle.ABSORBED).select_related(
        "mapping__integration__salesforce", "mapping__integration__quickbooks", "mapping__company"
    )
    if named:
        wanted = Q()
        for side, id_ in named.items():
            wanted |= Q(sf_id=id_) if side is Side.SALESFORCE else Q(qbo_id=id_)
        found = list(links_.filter(wanted).order_by("lifecycle", "-id")[: MOST * 2])
        kinds = {object_ for side in named if (object_ := _object_named(text, side, found))}
        return [link for link in found if not kinds or kinds & {link.sf_object, link.qbo_entity}][:MOST]
    key = name_key(text)
    return list(links_.filter(name_key__startswith=key).order_by("name_key", "id")[:MOST]) if key else []


def _object_named(text: str, side: Side, found: Sequence[RecordLink]) -> str:
    """The object that a pasted address names, among those that the found links have."""
    for link in found:
        object_ = link.sf_object if side is Side.SALESFORCE else link.qbo_entity
        if _address_is_of(text, side, object_):
            return object_
    return ""


def _address_is_of(text: str, side: Side, object_: str) -> bool:
    """Whether an address is the page of a record of this kind."""
    path = traits(side, object_).web_path.split("{id}")[0].split("?")[0].rstrip("/").casefold()
    lower = text.casefold()
    return "://" in text and bool(path) and (f"{path}?" in lower or f"{path}/" in lower)


# --- a record with a link --------------------------------------------------------------------------------------------


def explain_link(link: RecordLink) -> Answer:
    """The decision about a link, made now, and every rule it met."""
    mapping = link.mapping
    before = [*_around(mapping), *_of_link(link)]
    if _is_shut(before) or not mapping.published_number:
        return _answer(link, mapping, None, before)
    context = preview.open_for(mapping, [link.pk])
    rows = links.load(context.company_id, [link.pk])
    try:
        row = rows[link.pk]
        sides = preview.look(context, [row], anew=True)
        [item] = deciding.decide_slice(context, [row], sides).items
        return _answer(link, mapping, item, before)
    except ConnectorError as error:
        return _answer(link, mapping, None, [*before, _unreachable(error)])
    finally:
        context.count_calls()


def _around(mapping: Mapping) -> Iterator[Step]:
    """What stands around every record of a mapping: the company, the switch, both connections."""
    integration = mapping.integration
    if mapping.company.paused or mapping.company.state != CompanyState.ACTIVE:
        yield Step("why.company_paused", STOPPED)
    if integration.switched_on_at is None:
        yield Step("why.not_switched_on", STOPPED)
    for side in Side:
        connection = integration.salesforce if side is Side.SALESFORCE else integration.quickbooks
        if connection is None or connection.status != ConnectionStatus.LIVE:
            yield Step("why.connection", STOPPED, {"name": SIDES[side.value]})
    if not mapping.published_number:
        yield Step("why.not_published", STOPPED)


def _is_shut(steps: Sequence[Step]) -> bool:
    """Whether nothing can be read, so that nothing more can be said."""
    return any(step.code in ("why.connection", "why.not_published") for step in steps)


def _of_link(link: RecordLink) -> Iterator[Step]:
    yield Step("why.seen")
    if link.paused:
        yield Step("why.ignored" if link.attention_code == IGNORED else "why.paused", STOPPED)
    if WriteIntent.objects.filter(link=link, state__in=("sending", "unknown", "ask")).exists():
        yield Step("why.unclear", STOPPED)
    elif LinkWork.objects.filter(link=link).exists():
        yield Step("why.due", "told")


# --- a record without one --------------------------------------------------------------------------------------------


def _unlinked(text: str, side: Side, id_: str, found: Sequence[RecordLink]) -> Iterator[Answer]:
    """The record read where it lies, in each mapping that takes its kind and has no open link of it."""
    known = {link.mapping_id for link in found if link.lifecycle not in CLOSED_LIFECYCLES}
    rows = Mapping.objects.filter(published_number__gt=0).exclude(id__in=known)
    rows = rows.select_related("integration__salesforce", "integration__quickbooks", "company")
    mappings = list(rows.order_by("id"))
    named = [one for one in mappings if _address_is_of(text, side, object_of(one, side))]
    for mapping in named or mappings:
        answer = _of_stranger(mapping, side, id_, sure=bool(named), closed=bool(found))
        if answer is not None:
            yield answer


def _of_stranger(mapping: Mapping, side: Side, id_: str, *, sure: bool, closed: bool) -> Answer | None:
    """What would be decided of a record that has no link; None where there is no such record of this kind."""
    before = list(_around(mapping))
    if _is_shut(before):
        return _answer(None, mapping, None, before, ids={side: id_})
    context = preview.open_for(mapping, [])
    try:
        record = _read(context, side, id_)
        if record is None:
            missing = Step(
                "why.not_there", STOPPED, {"side": side.value, "id": id_, "object": object_of(mapping, side)}
            )
            return _answer(None, mapping, None, [missing], ids={side: id_}) if sure and not closed else None
        return _decide_stranger(context, mapping, record, before)
    except ConnectorError as error:
        return _answer(None, mapping, None, [*before, _unreachable(error)], ids={side: id_})
    finally:
        context.count_calls()


def _read(context: SliceContext, side: Side, id_: str) -> RemoteRecord | None:
    try:
        with context.client(side) as client:
            if not _may_be(client, context.object(side), side, id_):
                return None
            [record] = client.read(context.object(side), [id_], fields_to_read(side, context.spec))
    except ConnectorError as error:
        if error.failure.kind in (FailureKind.DATA, FailureKind.MISSING):
            return None
        raise
    return record if record.body or record.state is RecordState.DELETED else None


def _may_be(client: AnyClient, object_: str, side: Side, id_: str) -> bool:
    """A Salesforce id says what kind of record it is by its first letters."""
    if side is Side.QUICKBOOKS:
        return True
    prefix = client.describe(object_).key_prefix
    return not prefix or id_.startswith(prefix)


def _decide_stranger(
    context: SliceContext, mapping: Mapping, record: RemoteRecord, before: list[Step]
) -> Answer:
    row = _half_row(record, display_name(record.side, record, context.spec))
    sides = {row.id: Sides({record.side: record})}
    [item] = deciding.decide_slice(context, [row], sides, asked=[row.id]).items
    seen = Observation.objects.filter(
        connection=connection_of(mapping, record.side), object=record.object, remote_id=record.id
    )
    if not seen.exists():
        before = [*before, Step("why.not_seen", STOPPED)]
    return _answer(None, mapping, item, before)


def _half_row(record: RemoteRecord, name: str) -> LinkRow:
    """A half-link that is nowhere stored."""
    sf = record.side is Side.SALESFORCE
    return LinkRow(
        id=uuid4(),
        sf_id=record.id if sf else "",
        qbo_id="" if sf else record.id,
        name=name,
        lifecycle=Lifecycle.CREATING.value,
        attention="none",
        sf_token="",
        sf_modified=None,
        qbo_token="",
        qbo_modified=None,
        sf_state=record.state.value if sf else "none",
        qbo_state="none" if sf else record.state.value,
        no_recreate=False,
        attempts=0,
        sf_base=None,
        qbo_base=None,
        base_version=0,
    )


def _unreachable(error: ConnectorError) -> Step:
    return Step("why.unreachable", STOPPED, {"message": error.failure.message})


def _nobody(text: str, named: dict[Side, str]) -> Answer:
    code = "why.no_mapping" if named else "why.nothing_found"
    rules = (Rule(words_for(code), STOPPED),)
    ids = {side.value: id_ for side, id_ in named.items()}
    return Answer(text, "", "", "", ids.get("sf", ""), ids.get("qbo", ""), "", "", "", rules)


# --- words -----------------------------------------------------------------------------------------------------------


def _answer(
    link: RecordLink | None,
    mapping: Mapping,
    item: deciding.Decided | None,
    before: Sequence[Step],
    *,
    ids: dict[Side, str] | None = None,
) -> Answer:
    steps = [*before, *_traced(item)]
    sf_id, qbo_id = _both_ids(link, item, ids or {})
    integration = mapping.integration
    urls = addresses.urls(
        {"sf": integration.salesforce, "qbo": integration.quickbooks},
        mapping.sf_object,
        sf_id,
        mapping.qbo_entity,
        qbo_id,
    )
    return Answer(
        name=str(link)
        if link is not None
        else (item.link.name if item is not None else "") or sf_id or qbo_id,
        mapping=mapping.label,
        sf_object=mapping.sf_object,
        qbo_entity=mapping.qbo_entity,
        sf_id=sf_id,
        qbo_id=qbo_id,
        sf_url=urls["sf"],
        qbo_url=urls["qbo"],
        outcome=_outcome(item, steps),
        rules=tuple(Rule(words_for(step.code, _spoken(step)), step.verdict) for step in steps),
        link=link.pk if link is not None else None,
    )


def _traced(item: deciding.Decided | None) -> tuple[Step, ...]:
    if item is None or item.situation is None:
        return ()
    return trace(item.situation, item.decision)


def _both_ids(
    link: RecordLink | None, item: deciding.Decided | None, ids: dict[Side, str]
) -> tuple[str, str]:
    if link is not None:
        return link.sf_id or "", link.qbo_id or ""
    if item is not None:
        return item.link.sf_id, item.link.qbo_id
    return ids.get(Side.SALESFORCE, ""), ids.get(Side.QUICKBOOKS, "")


def _outcome(item: deciding.Decided | None, steps: Sequence[Step]) -> str:
    if item is None:
        return DecisionKind.SKIP.value
    around = any(step.verdict == STOPPED and step.code.startswith("why.") for step in steps)
    would = item.decision.kind
    return DecisionKind.SKIP.value if around and would is not DecisionKind.NOTHING else would.value


def _spoken(step: Step) -> dict[str, Any]:
    """The values with what the words need said in a person's language."""
    values = {name: "nothing" if value is None else value for name, value in step.values.items()}
    side = values.get("side")
    if side in SIDES:
        values["side_words"] = SIDES[side]
    if step.code == MODE:
        values["mode_words"] = MODES.get(str(values.get("mode")), "")
    if step.code == FITS:
        seen = values.get("value")
        values["value_words"] = f"it holds {seen}" if seen not in (None, "") else "it is empty"
    for name in ("sf", "qbo"):
        if values.get(name) in STATES:
            values[f"{name}_words"] = STATES[values[name]]
    return values
