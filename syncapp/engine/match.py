"""Matching: the normalised keys by which two records may be the same thing, and how good a match is (section 8).

Keys of both sides lie in an index; a record's candidates are the records that share a key with it, so that finding
them costs the same however many records there are. Kinds: external, code, name, email, phone, postal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from unicodedata import normalize

from connectors.contracts import RecordState, RemoteRecord, Side
from syncapp.engine import reasons
from syncapp.engine.compiled import CompiledRow, CompiledSpec, compile_spec
from syncapp.engine.decision import Candidate, Reason
from syncapp.engine.mapping import MappingSpec, ValueType
from syncapp.engine.paths import read
from syncapp.engine.records import phone_digits
from syncapp.engine.transforms import strip_deleted

SEED_KINDS = ("external", "code", "name", "email")
"""Kinds that alone make two records candidates; phone and postal code only strengthen a name."""

SCORES = {"external": 100, "code": 60, "name": 30, "email": 25, "phone": 10, "postal": 5}
LEGAL_FORMS = frozenset(
    re.findall(
        r"\w+",
        "inc incorporated llc llp lp ltd limited co corp corporation company plc gmbh ag kg ohg ug mbh bv nv sa sas "
        "sarl srl spa sl ab as oy aps kk pty pte pvt",
    )
)
_PUNCTUATION = re.compile(r"[^\w\s]|_")
AUTOMATIC_RANK = 4
"""Classes up to this one may link without a person, where the match is unique both ways."""


class MatchKey(NamedTuple):
    """One way to recognise a record: `kind` and normalised `value`."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Ranked:
    """How good a set of shared keys is: class of section 8 (2 external id … 5 name or e-mail alone), score, kinds."""

    rank: int
    score: int
    kinds: tuple[str, ...]


def normal_name(text: str) -> str:
    """A name as it is compared: NFKC, case folded, `&` as `and`, no punctuation, single blanks, no trailing legal form
    (`Acme & Sons, Inc.` gives `acme and sons`). A name that is nothing but a legal form stays."""
    folded = normalize("NFKC", strip_deleted(text.strip())).casefold().replace("&", " and ").replace("'", "")
    words = _PUNCTUATION.sub("", folded.replace(".", "").replace("’", "").replace("-", " ").replace("/", " "))
    parts = words.replace("_", " ").split()
    while len(parts) > 1 and parts[-1] in LEGAL_FORMS:
        parts.pop()
    return " ".join(parts)


def external_id(realm: str, entity: str, id: str) -> str:
    """The value of the Salesforce external id field of a record that is linked to this QuickBooks record (W6)."""
    return f"{realm}:{entity}:{id}"


def keys_of(side: Side, record: RemoteRecord, spec: MappingSpec, realm: str = "") -> tuple[MatchKey, ...]:
    """The keys of a record, each once: external id, code, name(s), e-mail, phone numbers, postal codes."""
    return tuple(dict.fromkeys(_keys(side, record, compile_spec(spec), realm)))


def _keys(side: Side, record: RemoteRecord, compiled: CompiledSpec, realm: str) -> Iterator[MatchKey]:
    yield from _external_keys(side, record, compiled, realm)
    yield from _name_keys(side, record, compiled)
    for row in compiled.rows:
        kind = _kind_of(row)
        value = row.read(side)(record.body) if kind else None
        if isinstance(value, str):
            normal = _normal(kind, value)
            if normal:
                yield MatchKey(kind, normal)


def _external_keys(
    side: Side, record: RemoteRecord, compiled: CompiledSpec, realm: str
) -> Iterator[MatchKey]:
    if side is Side.QUICKBOOKS:
        if realm:
            yield MatchKey("external", external_id(realm, compiled.spec.qbo_entity, record.id))
    elif compiled.spec.external_id_field:
        value = read(record.body, compiled.spec.external_id_field)
        if value:
            yield MatchKey("external", str(value))


def _name_keys(side: Side, record: RemoteRecord, compiled: CompiledSpec) -> Iterator[MatchKey]:
    traits = compiled.traits(side)
    if not (compiled.sf_traits.match_name and compiled.qbo_traits.match_name):
        return
    for path in (traits.name_path, *traits.other_name_paths):
        value = read(record.body, path)
        normal = normal_name(str(value)) if value else ""
        if normal:
            yield MatchKey("name", normal)


def _kind_of(row: CompiledRow) -> str:
    if row.spec.type is ValueType.EMAIL:
        return "email"
    if row.spec.type is ValueType.PHONE:
        return "" if "fax" in row.key.casefold() else "phone"
    if row.key == "sku":
        return "code"
    return "postal" if row.key.endswith("postal_code") else ""


def _normal(kind: str, value: str) -> str:
    if kind == "phone":
        digits = phone_digits(value)
        return digits if digits[:1].isdigit() else ""
    return "".join(value.split()).casefold() if kind == "postal" else value.strip().casefold()


def rank(ours: Iterable[MatchKey], theirs: Iterable[MatchKey]) -> Ranked | None:
    """How well two records' keys match; None when nothing they share makes them a pair."""
    return rank_of({key.kind for key in set(ours) & set(theirs)})


def rank_of(kinds: Iterable[str]) -> Ranked | None:
    """The class and score of a set of shared kinds; None where none of them makes a pair by itself."""
    shared = set(kinds)
    if not shared.intersection(SEED_KINDS):
        return None
    score = sum(SCORES.get(kind, 0) for kind in shared)
    return Ranked(_class_of(shared), score, tuple(sorted(shared)))


def _class_of(shared: set[str]) -> int:
    if "external" in shared:
        return 2
    if "code" in shared:
        return 3
    return 4 if "name" in shared and len(shared) > 1 else 5


@dataclass(frozen=True, slots=True)
class Choice:
    """What the candidates of a record amount to: one to link by itself, a person to ask, or (neither) nothing."""

    link_to: Candidate | None = None
    reason: Reason | None = None
    asks: bool = False


def choose(candidates: Sequence[Candidate], entity: str, *, automatic: bool = True) -> Choice:
    """Link the one clear match, or say why a person has to look (section 8). Candidates of the best class decide."""
    if not candidates:
        return Choice()
    best_rank = min(candidate.rank for candidate in candidates)
    best = [candidate for candidate in candidates if candidate.rank == best_rank]
    code = _obstacle(best, entity, automatic=automatic)
    found = best[0]
    reason = reasons.because(
        code or reasons.MATCHED,
        name=found.name,
        id=found.id,
        object=found.object,
        holder=found.holder,
        count=len(best),
        kinds=list(found.reasons),
    )
    return Choice(reason=reason, asks=True) if code else Choice(link_to=found, reason=reason)


def _obstacle(best: Sequence[Candidate], entity: str, *, automatic: bool) -> str:
    found = best[0]
    if len(best) > 1:
        return reasons.MATCH_CANDIDATES
    rules = (
        (found.object != entity, reasons.MATCH_OTHER_TYPE),
        (bool(found.holder), reasons.MATCH_HELD),
        (found.state is not RecordState.LIVE, reasons.MATCH_INACTIVE),
        (found.rank > AUTOMATIC_RANK, reasons.MATCH_WEAK),
        (not found.unique_backwards, reasons.MATCH_NOT_UNIQUE),
        (not automatic, reasons.MATCH_MANUAL),
    )
    return next((code for met, code in rules if met), "")
