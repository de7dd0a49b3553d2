"""What the data check asks about the records of a mapping: names that are double, what is missing, who has no partner.

Each question is a condition in SQL over one side's records as they were read last (`data_check`), with the words a
person needs: what is wrong with it, and what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.contracts import Condition, Side
from syncapp.engine.entities import traits
from syncapp.engine.lines import CHILD, picked
from syncapp.engine.mapping import Direction, FieldSpec, MappingSpec, ValueType
from syncapp.engine.match import SEED_KINDS, match_rules
from syncapp.models import Mapping as MappingRow
from syncapp.models import MatchKey, ReferenceEntry

PARTIES = ("Customer", "Vendor")
OWNER, SALES_REP = "Owner", "sales rep"
DOUBLE = "word <> '' and twins > 1"
EMPTY = "known and word = ''"


@dataclass(frozen=True, slots=True)
class Question:
    """One question about a side of a mapping. `word` is what it looks at, in SQL; `wrong` says of which records the
    list consists; `told` names the word on the page, where it tells the records apart."""

    key: str
    mapping: MappingRow
    side: Side
    title: str
    cause: str
    todo: str
    word: str
    wrong: str = EMPTY
    told: str = ""
    known: str = "seen"
    """Of which records what it looks at is known, in SQL: of the others nothing can be said yet."""
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NotAsked:
    """Something that cannot be asked with what is kept in step now, and why."""

    title: str
    why: str


@dataclass(slots=True)
class _Asking:
    """The questions of one mapping as they come together."""

    mapping: MappingRow
    spec: MappingSpec
    params: dict[str, Any] = field(default_factory=dict)

    def plural(self, side: Side) -> str:
        name = self.spec.sf_object if side is Side.SALESFORCE else self.spec.qbo_entity
        return traits(side, name).plural.lower()

    def value(self, row: FieldSpec, side: Side, *, far: bool = False) -> str:
        """A row's value on a side, as text: of the record as it was read, else as both sides agreed on it."""
        path = row.sf_path if side is Side.SALESFORCE else row.qbo_path
        name = f"v{len(self.params)}"
        self.params[name] = path.split(".")
        self.params[f"{name}_key"] = row.key
        body, base = ("far_body", "far_base") if far else ("body", "base")
        return f"(case when {body} is not null then {body} #>> %({name})s::text[] else {base} ->> %({name}_key)s end)"

    def on_either(self, rows: Sequence[FieldSpec]) -> str:
        """What the record or its partner holds in these rows, together; empty where neither holds anything."""
        parts = [self.value(row, Side.SALESFORCE) for row in rows]
        parts += [self.value(row, Side.QUICKBOOKS, far=True) for row in rows]
        return f"btrim(concat({', '.join(parts)}))"

    def of_path(self, path: str, *, part: bool = False) -> FieldSpec | None:
        rows = (row for row in self.spec.header if row.sf_path)
        return next(
            (row for row in rows if (row.qbo_path.startswith(path) if part else row.qbo_path == path)), None
        )

    def question(self, key: str, side: Side, **words: Any) -> Question:
        return Question(key, self.mapping, side, params=dict(self.params), **words)


def questions(mapping: MappingRow, spec: MappingSpec) -> list[Question]:
    """Everything to be asked about the records of one published mapping."""
    askers: dict[str, Sequence[Callable[[_Asking], Iterator[Question]]]] = {
        "Customer": (_same_names, _no_email, _no_address),
        "Vendor": (_same_names, _no_email, _no_address),
        "Item": (_same_names, _no_code, _double_codes, _no_price, _alone),
    }
    found: list[Question] = []
    for asker in (*askers.get(spec.qbo_entity, ()), _owners):
        found += asker(_Asking(mapping, spec))
    return found


def not_asked(specs: Sequence[MappingSpec]) -> list[NotAsked]:
    """What the mappings that there are leave no room to ask."""
    found = []
    entities = {spec.qbo_entity for spec in specs}
    rows = [row for spec in specs for row in spec.fields]
    if not entities & set(PARTIES):
        found.append(NotAsked("Accounts", "No mapping keeps accounts in step with customers or vendors."))
    elif not any(row.type is ValueType.EMAIL for row in rows):
        found.append(
            NotAsked(
                "E-mail addresses", "No field of the account is mapped to the customer's e-mail address."
            )
        )
    if "Item" not in entities:
        found.append(NotAsked("Products, codes and prices", "Products are not among what is kept in step."))
    if not any(map(_is_owner, rows)):
        found.append(
            NotAsked(
                "Sales reps",
                "No mapping sends an owner (Owner.Name, Account.Owner.Name) or a field named Sales rep to QuickBooks.",
            )
        )
    return found


# --- names and addresses ---


def _same_names(asking: _Asking) -> Iterator[Question]:
    row = next((one for one in asking.spec.header if one.sf_path == "Name"), None)
    if row is None:
        return
    plural = asking.plural(Side.SALESFORCE)
    name = asking.value(row, Side.SALESFORCE)
    yield asking.question(
        "same_name",
        Side.SALESFORCE,
        title=f"{plural.capitalize()} with the same name",
        cause="QuickBooks lets a name be used once. Of several with the same name only one can go over by itself; the "
        "others wait for your decision.",
        todo="Merge what is the same in Salesforce, and give the others a name that tells them apart.",
        word=f"lower(btrim(regexp_replace({name}, '\\s+', ' ', 'g')))",
        wrong=DOUBLE,
    )


def _no_email(asking: _Asking) -> Iterator[Question]:
    row = asking.of_path("PrimaryEmailAddr.Address")
    if row is None:
        return
    yield asking.question(
        "no_email",
        Side.SALESFORCE,
        title=f"{asking.plural(Side.SALESFORCE).capitalize()} without an e-mail address",
        cause="Neither side has one. QuickBooks cannot mail an invoice to them.",
        todo=f"Enter it in Salesforce ({row.sf_path}), or leave it where nothing is mailed.",
        word=asking.on_either([row]),
    )


def _no_address(asking: _Asking) -> Iterator[Question]:
    members = ("BillAddr.Line1", "BillAddr.City", "BillAddr.PostalCode")
    rows = [row for member in members if (row := asking.of_path(member)) is not None]
    if not rows:
        return
    yield asking.question(
        "no_address",
        Side.SALESFORCE,
        title=f"{asking.plural(Side.SALESFORCE).capitalize()} without a billing address",
        cause="Neither side has a street, a city or a postal code. Their invoices bear no address, and QuickBooks "
        "cannot work out sales tax from it.",
        todo="Enter the billing address in Salesforce.",
        word=asking.on_either(rows),
    )


# --- products ---


def _no_code(asking: _Asking) -> Iterator[Question]:
    row = asking.of_path("Sku")
    if row is None:
        return
    yield asking.question(
        "no_code",
        Side.SALESFORCE,
        title=f"{asking.plural(Side.SALESFORCE).capitalize()} without a code",
        cause="Items are recognised by their code first. Without one only the name is left, which is easily "
        "not the same.",
        todo=f"Enter the product code in Salesforce ({row.sf_path}), the same as the SKU in QuickBooks.",
        **_code(asking, row, Side.SALESFORCE),
    )


KEPT_CODE = """(
  select substr(m.value, length(%(code)s) + 1) from {keys} m
  where m.connection_id = %(near)s and m.object = %(near_object)s and m.remote_id = near.remote_id
    and m.kind = 'code' and starts_with(m.value, %(code)s) limit 1)"""


def _code(asking: _Asking, row: FieldSpec, side: Side) -> dict[str, str]:
    """A record's code: as it was read, else as the match index has it, which holds one of every record."""
    read = f"lower(btrim(coalesce({asking.value(row, side)}, '')))"
    if (row.key,) not in match_rules(asking.spec).codes:
        return {"word": read}
    asking.params["code"] = f"{row.key}|"
    kept = KEPT_CODE.format(keys=MatchKey._meta.db_table)
    return {"word": f"case when seen then {read} else coalesce({kept}, '') end", "known": "true"}


def _double_codes(asking: _Asking) -> Iterator[Question]:
    row = asking.of_path("Sku")
    if row is None:
        return
    for side, name in ((Side.SALESFORCE, "product code"), (Side.QUICKBOOKS, "SKU")):
        plural = asking.plural(side)
        yield asking.question(
            "double_code",
            side,
            title=f"{plural.capitalize()} with the same {name}",
            cause="A code that two records bear recognises neither of them: they are listed as alike and nothing is "
            "linked by itself.",
            todo=f"Give each its own {name}, or make those inactive that are not sold any more.",
            **_code(asking, row, side),
            wrong=DOUBLE,
            told=name[0].upper() + name[1:],
        )


PRICE = """case
  when body is not null then case when exists (
    select 1 from jsonb_array_elements(case when jsonb_typeof(body #> %(relation)s::text[]) = 'array'
                                       then body #> %(relation)s::text[] else '[]' end) e
    where %(book)s in ('', e->>'Pricebook2Id')) then 'priced' else '' end
  when base is not null then coalesce(base ->> %(price)s, '')
  else coalesce(plan -> 'sf_now' ->> %(price)s, '') end"""
"""A product's price: capture reads it without its entries, but the plan of the first load has looked at them."""


def _no_price(asking: _Asking) -> Iterator[Question]:
    row = next((one for one in asking.spec.header if CHILD in one.sf_path), None)
    child = picked(asking.spec, row.sf_path) if row is not None else None
    if row is None or child is None:
        return
    plain = (one for one in child.conditions if isinstance(one, Condition))
    book = next((str(one.value) for one in plain if one.path == "Pricebook2Id"), "")
    asking.params |= {"relation": [child.relation, "records"], "book": book, "price": row.key}
    yield asking.question(
        "no_price",
        Side.SALESFORCE,
        title=f"{asking.plural(Side.SALESFORCE).capitalize()} without a standard price",
        cause="They are not on the standard price book. Opportunities cannot sell them from it, and their items get "
        "no price.",
        todo="Add a standard price in Salesforce, or make the product inactive.",
        word=PRICE,
        known="seen or jsonb_typeof(plan -> 'sf_now') = 'object'",
    )


ALONE = """case when linked or exists (
  select 1 from {keys} m join {keys} f on f.connection_id = %(far)s and f.object = %(far_object)s and f.kind = m.kind
    and f.value = m.value
  where m.connection_id = %(near)s and m.object = %(near_object)s and m.remote_id = near.remote_id
    and m.kind = any(%(seeds)s)) then 'partner' else '' end"""


def _alone(asking: _Asking) -> Iterator[Question]:
    asking.params["seeds"] = list(SEED_KINDS)
    products, items = asking.plural(Side.SALESFORCE), asking.plural(Side.QUICKBOOKS)
    for side, ours, theirs, key in (
        (Side.SALESFORCE, products, items, "no_item"),
        (Side.QUICKBOOKS, items, products, "no_product"),
    ):
        other = "QuickBooks" if side is Side.SALESFORCE else "Salesforce"
        yield asking.question(
            key,
            side,
            title=f"{ours.capitalize()} that {other} does not have",
            cause=f"None of the {theirs} in {other} bears their code or name.",
            todo=f"Where it is there under another code or name, make them equal; else it is created in {other} if "
            "your mapping creates there.",
            word=ALONE.format(keys=MatchKey._meta.db_table),
            known="true",
        )


# --- sales reps ---


def _owners(asking: _Asking) -> Iterator[Question]:
    row = next((one for one in asking.spec.header if _is_owner(one)), None)
    if row is None:
        return
    maps = {one.name: one for one in asking.spec.value_maps}
    known: list[str] | None = None
    if row.value_map in maps and maps[row.value_map].unknown == "stop":
        known = list(maps[row.value_map].forward)
    elif row.lookup:
        known = _entries(asking.mapping, row.lookup)
    wrong = EMPTY
    if known is not None:
        asking.params["owners"] = known
        wrong = "known and (word = '' or not word = any(%(owners)s))"
    yield asking.question(
        "no_sales_rep",
        Side.SALESFORCE,
        title=f"{asking.plural(Side.SALESFORCE).capitalize()} whose owner has no sales rep in QuickBooks",
        cause=f"{row.label} is sent from {row.sf_path}, and these owners have no value there.",
        todo=f"Add the owners to the value map {row.value_map}." if row.value_map else "Give the record an owner "
        "that QuickBooks knows, or add the sales rep there.",
        word=f"lower(btrim(coalesce({asking.value(row, Side.SALESFORCE)}, '')))",
        wrong=wrong,
        told="Owner",
    )  # fmt: skip


def _is_owner(row: FieldSpec) -> bool:
    """Whether a row says whose a record is: by an owner's field, also its account's, or by a field of its own."""
    owner = OWNER in row.sf_path.split(".")[:-1] or (bool(row.sf_path) and SALES_REP in row.label.casefold())
    return owner and not row.part and row.direction is not Direction.TO_SF


def _entries(mapping: MappingRow, entity: str) -> list[str]:
    """The names of a QuickBooks list as it was read last, in small letters."""
    rows = ReferenceEntry.objects.filter(
        list__connection=mapping.integration.quickbooks, list__entity=entity, active=True
    )
    return [name.lower() for name in rows.values_list("name", flat=True)]
