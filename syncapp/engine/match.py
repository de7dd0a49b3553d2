"""Matching: the normalised keys by which two records may be the same thing, and how good a match is (section 8).

Keys of both sides lie in an index; a record's candidates are the records that share a key with it, so that finding
them costs the same however many records there are. Kinds: external, code (what identifies a record by itself), party
(a reference that a code counts together with), name, email, phone, postal. Which of them count is the mapping's policy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple
from unicodedata import normalize

from connectors.contracts import RecordState, RemoteRecord, Side
from syncapp.engine import reasons
from syncapp.engine.compiled import CompiledRow, CompiledSpec, compile_spec
from syncapp.engine.decision import Candidate, Reason
from syncapp.engine.mapping import MappingSpec, ValueType
from syncapp.engine.paths import read
from syncapp.engine.records import phone_digits, value_to_json
from syncapp.engine.transforms import strip_deleted

GENERAL = ("name", "email", "phone", "postal")
"""What any mapping may recognise records by; their rows are found by type and name."""
USUAL_CODES = (("sku",),)
"""Canonical keys that identify a record by themselves, wherever a mapping has them."""
NUMBER = "number"
"""A code that counts only together with a reference (a document's number with its customer). Where the links say that
the reference is the same it is a code, else only a hint."""
SEED_KINDS = ("external", "code", NUMBER, "name", "email")
"""Kinds that alone make two records candidates; phone and postal code only strengthen a name."""

SCORES = {"external": 100, "code": 60, "number": 20, "name": 30, "email": 25, "phone": 10, "postal": 5}
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


@dataclass(frozen=True, slots=True)
class MatchRules:
    """By what a mapping recognises records: `codes` are canonical keys that do so together, `kinds` the general ones;
    `order` lists both, best first, as the policy names them."""

    codes: tuple[tuple[str, ...], ...]
    kinds: tuple[str, ...]
    order: tuple[str, ...]

    def place(self, kinds: Iterable[str]) -> int:
        """How early the first of these shared kinds stands in the order: smaller is better."""
        shared = {"code" if kind == NUMBER else kind for kind in kinds}
        places = [
            place for place, name in enumerate(self.order) if (name if name in GENERAL else "code") in shared
        ]
        return min(places, default=len(self.order))


def match_rules(spec: MappingSpec) -> MatchRules:
    """The mapping's rules; the usual ones where its policy names none. Keys that it does not map are left out."""
    return _rules(compile_spec(spec))


@lru_cache(maxsize=256)
def _rules(compiled: CompiledSpec) -> MatchRules:
    spec = compiled.spec
    known = {row.key for row in spec.fields}
    usual = (*("+".join(code) for code in USUAL_CODES), *(GENERAL if _is_itself(compiled) else ()))
    order = tuple(
        name
        for name in spec.policies.match_on or usual
        if name in GENERAL or known.issuperset(name.split("+"))
    )
    return MatchRules(
        codes=tuple(tuple(name.split("+")) for name in order if name not in GENERAL),
        kinds=tuple(name for name in order if name in GENERAL),
        order=order,
    )


def _is_itself(compiled: CompiledSpec) -> bool:
    """Whether names and addresses on a record are its own: those on a document are its customer's, and every document
    of that customer bears the same."""
    return compiled.sf_traits.match_name and compiled.qbo_traits.match_name


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
    """The keys of a record, each once: external id, codes, name(s), e-mail, phone numbers, postal codes."""
    return tuple(dict.fromkeys(_keys(side, record, compile_spec(spec), realm)))


def _keys(side: Side, record: RemoteRecord, compiled: CompiledSpec, realm: str) -> Iterator[MatchKey]:
    rules = _rules(compiled)
    yield from _external_keys(side, record, compiled, realm)
    for code in rules.codes:
        yield from _code_keys(side, record, [compiled.by_key[key] for key in code])
    if "name" in rules.kinds:
        yield from _name_keys(side, record, compiled)
    for row in compiled.rows:
        kind = _kind_of(row)
        value = row.read(side)(record.body) if kind in rules.kinds else None
        if isinstance(value, str):
            normal = _normal(kind, value)
            if normal:
                yield MatchKey(kind, normal)


def _code_keys(side: Side, record: RemoteRecord, rows: Sequence[CompiledRow]) -> Iterator[MatchKey]:
    """One code, where the record holds every part of it. References are kept apart: each side has ids of its own for
    them, which only the links can compare."""
    values = [(row, row.read(side)(record.body)) for row in rows]
    if any(value in (None, "") for _, value in values):
        return
    own = [_code_part(value) for row, value in values if not row.reference]
    if own and all(own):
        kind = NUMBER if any(row.reference for row in rows) else "code"
        yield MatchKey(kind, "|".join(["+".join(row.key for row in rows), *own]))
        for row, value in values:
            if row.reference:
                yield MatchKey("party", f"{row.key}={value}")


def _code_part(value: Any) -> str:
    if isinstance(value, Decimal):
        value = value.normalize()
    return " ".join(str(value_to_json(value)).casefold().split())


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
    if not _is_itself(compiled):
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


def rank_of(kinds: Iterable[str], rules: MatchRules | None = None) -> Ranked | None:
    """The class and score of a set of shared kinds; None where none of them makes a pair by itself. With `rules` a
    general kind that they do not name does not count."""
    shared = {kind for kind in kinds if rules is None or kind not in GENERAL or kind in rules.kinds}
    if not shared.intersection(SEED_KINDS):
        return None
    score = sum(SCORES.get(kind, 0) for kind in shared)
    return Ranked(_class_of(shared), score, tuple(sorted(shared)))


def _class_of(shared: set[str]) -> int:
    if "external" in shared:
        return 2
    if "code" in shared:
        return 3
    return 4 if "name" in shared and len(shared - {NUMBER}) > 1 else 5


@dataclass(frozen=True, slots=True)
class Choice:
    """What the candidates of a record amount to: one to link by itself, a person to ask, or (neither) nothing."""

    link_to: Candidate | None = None
    reason: Reason | None = None
    asks: bool = False


def choose(
    candidates: Sequence[Candidate], entity: str, *, automatic: bool = True, by_name: bool = False
) -> Choice:
    """Link the one clear match, or say why a person has to look (section 8). Candidates of the best class decide.

    `by_name`: people said that the name alone makes a match clear, where it is the only one of its name both ways.
    """
    if not candidates:
        return Choice()
    best_rank = min(candidate.rank for candidate in candidates)
    best = [candidate for candidate in candidates if candidate.rank == best_rank]
    code = _obstacle(best, entity, automatic=automatic, by_name=by_name)
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


def _obstacle(best: Sequence[Candidate], entity: str, *, automatic: bool, by_name: bool) -> str:
    found = best[0]
    named = by_name and "name" in found.reasons
    if len(best) > 1:
        return reasons.MATCH_CANDIDATES
    rules = (
        (found.object != entity, reasons.MATCH_OTHER_TYPE),
        (bool(found.holder), reasons.MATCH_HELD),
        (found.let_go, reasons.MATCH_LET_GO),
        (found.state is not RecordState.LIVE, reasons.MATCH_INACTIVE),
        (found.rank > AUTOMATIC_RANK and not named, reasons.MATCH_WEAK),
        (not found.unique_backwards, reasons.MATCH_NOT_UNIQUE),
        (not automatic, reasons.MATCH_MANUAL),
    )
    return next((code for met, code in rules if met), "")
