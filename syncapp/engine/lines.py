"""The lines of a record: child rows that are read, compared and written as one value.

A lines row (`type` lines) names a child relationship in Salesforce and an array in QuickBooks; the rows of one line
belong to it by their `part`. Its canonical value is a list, one dict for each line: `id` on that side, `kind` (item,
text, discount, shipping, group), `more` (what the mapping does not cover, kept when the array is written anew), and the
values of its rows by key. Keys with a meaning of their own, where a mapping has them: item, description, quantity,
unit_price, discount, amount, tax_code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connectors.contracts import Body, Side
from syncapp.engine.filters import first_unmet, paths_in, rules_of
from syncapp.engine.mapping import Criterion, MappingSpec
from syncapp.engine.paths import read
from syncapp.engine.records import normalise

if TYPE_CHECKING:
    from syncapp.engine.compiled import CompiledRow
    from syncapp.engine.entities.traits import LinesTraits

Line = Mapping[str, Any]

ID, KIND, MORE, GONE, SAME = "id", "kind", "more", "gone", "same"
ITEM, TEXT, DISCOUNT, SHIPPING, GROUP = "item", "text", "discount", "shipping", "group"
LABELS = {ITEM: "Item", TEXT: "Text", DISCOUNT: "Discount", SHIPPING: "Shipping", GROUP: "Bundle"}
"""What a kind is called in a row that reads `LineKind`."""
CHILD = "[]."
"""Between a child relationship and a field of its rows, in the paths that a read asks for."""


@dataclass(frozen=True, slots=True)
class LinesRule:
    """What a mapping says of its lines beside their rows (`options["lines"]`).

    `discount` is where a line's discount goes: line_price or discount_line. `discount_path` and `shipping_path` are
    amounts of the Salesforce record itself. `single` makes one line where a record has none: its amount, SKU, text.
    """

    sf_object: str = ""
    parent_field: str = ""
    sort: tuple[str, ...] = ("SortOrder", "Id")
    conditions: tuple[Criterion, ...] = ()
    discount: str = "line_price"
    discount_path: str = ""
    shipping_path: str = ""
    single: Mapping[str, str] = field(default_factory=dict)
    every_kind: bool = False
    """Every line that QuickBooks holds is shown in Salesforce, discounts, shipping, text and bundles too."""
    credit: bool = False
    """Lines that come to less than nothing are written with their signs turned: a credit's amounts are positive."""
    only: Mapping[str, tuple[Criterion, ...]] = field(default_factory=dict)
    """Rows that read a child's field only where these hold: a lookup of a payment's line leads to an invoice or to a
    credit memo, and each is a row of its own."""


def rule_of(spec: MappingSpec) -> LinesRule:
    """The mapping's rule for its lines."""
    said: Mapping[str, Any] = spec.options.get("lines") or {}
    return LinesRule(
        sf_object=str(said.get("sf_object") or ""),
        parent_field=str(said.get("parent_field") or ""),
        sort=tuple(said.get("sort") or ("SortOrder", "Id")),
        conditions=rules_of(said.get("filter") or ()),
        discount=str(said.get("discount") or "line_price"),
        discount_path=str(said.get("discount_path") or ""),
        shipping_path=str(said.get("shipping_path") or ""),
        single=dict(said.get("single") or {}),
        every_kind=bool(said.get("every_kind")),
        credit=bool(said.get("credit")),
        only={str(key): rules_of(rows) for key, rows in (said.get("only") or {}).items()},
    )


@dataclass(frozen=True, slots=True, eq=False)
class CompiledLines:
    """A lines row made ready for use."""

    relation: str
    rows: tuple[CompiledRow, ...]
    by_key: Mapping[str, CompiledRow]
    rule: LinesRule
    traits: LinesTraits

    @property
    def references(self) -> tuple[CompiledRow, ...]:
        return tuple(row for row in self.rows if row.reference)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of lines that this mapping writes; others of QuickBooks are left as they are."""
        if self.rule.every_kind:
            return frozenset(LABELS)
        kinds = {ITEM, TEXT}
        if self.rule.discount == "discount_line" or self.rule.discount_path:
            kinds.add(DISCOUNT)
        if self.rule.shipping_path:
            kinds.add(SHIPPING)
        return frozenset(kinds)

    # --- reading ---

    def read_sf(self, body: Body) -> list[dict[str, Any]] | None:
        """The canonical lines of a Salesforce record: its child rows, filtered and sorted."""
        rows = sorted(self._children(body), key=self._place)
        lines = [{ID: str(child.get("Id") or ""), KIND: ITEM, **self._values(child)} for child in rows]
        if not lines and self.rule.single:
            lines = self._single(body)
        lines += self._sums(body)
        return lines or None

    def _children(self, body: Body) -> Iterator[Body]:
        found = body.get(self.relation)
        children: Iterable[Body] = found.get("records") or () if isinstance(found, Mapping) else found or ()
        for child in children:
            if not child.get("IsDeleted") and first_unmet(self.rule.conditions, child) is None:
                yield child

    def _place(self, child: Body) -> tuple[tuple[bool, Any], ...]:
        return tuple((value is None, value or 0) for value in (child.get(name) for name in self.rule.sort))

    def _values(self, child: Body) -> dict[str, Any]:
        return {
            row.key: value
            for row in self.rows
            if (value := row.read_sf(child)) is not None and self._means(row.key, child)
        }

    def _means(self, key: str, child: Body) -> bool:
        """Whether a row is what this child's field holds; one of several that read it is."""
        return not self.rule.only or first_unmet(self.rule.only.get(key, ()), child) is None

    def _single(self, body: Body) -> list[dict[str, Any]]:
        """The one line of a record without lines: its amount, the item found by SKU, else the default item."""
        amount = normalise(
            self.by_key["amount"].spec.type, read(body, self.rule.single.get("amount", "Amount"))
        )
        if amount is None:
            return []
        line: dict[str, Any] = {ID: "single", KIND: ITEM, "quantity": amount / amount if amount else None}
        line |= {"unit_price": amount, "amount": amount}
        sku = read(body, self.rule.single["sku"]) if self.rule.single.get("sku") else None
        text = read(body, self.rule.single["text"]) if self.rule.single.get("text") else None
        item = f"@sku:{sku}" if sku else self.rule.single.get("item")
        return [line | {key: value for key, value in (("item", item), ("description", text)) if value}]

    def _sums(self, body: Body) -> Iterator[dict[str, Any]]:
        kind_of_amount = self.by_key["amount"].spec.type if "amount" in self.by_key else None
        for kind, path in ((DISCOUNT, self.rule.discount_path), (SHIPPING, self.rule.shipping_path)):
            amount = normalise(kind_of_amount, read(body, path)) if path and kind_of_amount else None
            if amount:
                yield {ID: kind, KIND: kind, "amount": amount}

    def read_qbo(self, body: Body) -> list[dict[str, Any]] | None:
        """The canonical lines of a QuickBooks body, in the order in which they are written."""
        lines = [
            {
                ID: id_,
                KIND: kind,
                **self._read_line({**raw, "LineKind": LABELS[kind]}),
                **({MORE: more} if more else {}),
            }
            for kind, id_, raw, more in self.traits.read(body, self._written())
        ]
        return lines or None

    def _read_line(self, raw: Body) -> dict[str, Any]:
        return {row.key: value for row in self.rows if (value := row.read_qbo(raw)) is not None}

    def _written(self) -> frozenset[tuple[str, ...]]:
        return frozenset(row.qbo_members for row in self.rows if row.qbo_members)

    # --- comparing ---

    def same(self, one: Any, other: Any) -> bool:
        """Whether two lists of one side's lines say the same, line by line; what the mapping does not write aside."""
        mine, theirs = self.covered(one), self.covered(other)
        return len(mine) == len(theirs) and all(map(self.alike, mine, theirs))

    def covered(self, lines: Any) -> list[Line]:
        """The lines of the kinds that this mapping writes."""
        return [line for line in lines or () if line.get(KIND, ITEM) in self.kinds and not line.get(GONE)]

    def alike(self, one: Line, other: Line) -> bool:
        """Whether two lines of one side hold the same."""
        if one.get(KIND, ITEM) != other.get(KIND, ITEM):
            return False
        return all(row.same(one.get(row.key), other.get(row.key)) for row in self.rows)

    def differing(self, one: Line, other: Line) -> tuple[str, ...]:
        """The rows on which two lines of one side differ."""
        return tuple(row.key for row in self.rows if not row.same(one.get(row.key), other.get(row.key)))

    # --- composing ---

    def compose(self, side: Side, lines: Sequence[Line]) -> Any:
        """These lines as the body of `side` holds them: QuickBooks' whole array, Salesforce's child rows."""
        if side is Side.QUICKBOOKS:
            return [self._raw(line) for line in lines]
        return {"records": [self._child(line) for line in lines if not line.get(SAME)]}

    def _raw(self, line: Line) -> dict[str, Any]:
        values = [(row.qbo_members, line.get(row.key), row.reference) for row in self.rows if row.qbo_members]
        return self.traits.write(line, values)

    def _child(self, line: Line) -> dict[str, Any]:
        attributes: dict[str, Any] = {"type": self.rule.sf_object, "parent": self.rule.parent_field}
        known = {"Id": line[ID]} if line.get(ID) else {}
        if line.get(GONE):
            return {"attributes": {**attributes, "delete": True}, **known}
        values = {
            row.spec.sf_path: line[row.key]
            for row in self.rows
            if row.key in line and row.spec.sf_path and row.spec.direction.allows(Side.SALESFORCE)
        }
        return {"attributes": attributes, **known, **values}

    def fields_to_read(self) -> tuple[str, ...]:
        """The paths of child fields that a read of Salesforce must ask for."""
        names = dict.fromkeys(("Id", "IsDeleted", *self.rule.sort))
        names |= dict.fromkeys(path for row in self.rows for path in row.reads(Side.SALESFORCE))
        asked = (self.rule.conditions, *self.rule.only.values())
        names |= dict.fromkeys(path for rules in asked for path in paths_in(rules))
        return tuple(f"{self.relation}{CHILD}{name}" for name in names)

    def own_fields(self) -> tuple[str, ...]:
        """The fields of the record itself that its lines are made from."""
        rule = self.rule
        single = [path for role, path in rule.single.items() if role != "item" and path]
        return tuple(path for path in (rule.discount_path, rule.shipping_path, *single) if path)


@dataclass(frozen=True, slots=True)
class PickedChild:
    """The one child row that a row of the record itself reads and writes a field of: a product's entry in a price book,
    an account's billing contact. `create` are the fields of one that has to be made."""

    relation: str
    member: str
    sf_object: str = ""
    parent_field: str = ""
    conditions: tuple[Criterion, ...] = ()
    create: Mapping[str, Any] = field(default_factory=dict)

    def of(self, body: Body) -> Body | None:
        """The child row in a Salesforce body; the first in order of Id where several fit."""
        found = body.get(self.relation)
        rows: Iterable[Body] = found.get("records") or () if isinstance(found, Mapping) else found or ()
        fitting = [
            row for row in rows if not row.get("IsDeleted") and first_unmet(self.conditions, row) is None
        ]
        return min(fitting, key=lambda row: str(row.get("Id") or ""), default=None)

    def read(self, body: Body) -> Any:
        """The field of the child row; None without one."""
        row = self.of(body)
        return read(row, self.member) if row is not None else None

    def fields_to_read(self) -> tuple[str, ...]:
        """The paths of child fields that a read must ask for."""
        names = dict.fromkeys(("Id", "IsDeleted", self.member, *paths_in(self.conditions)))
        return tuple(f"{self.relation}{CHILD}{name}" for name in names)

    def put(self, body: dict[str, Any], value: Any, before: Body) -> None:
        """Write the field into a body that is being composed: into the row that is there, or a new one."""
        rows = body.setdefault(self.relation, {"records": []})["records"]
        if not rows:
            there = self.of(before)
            attributes = {"type": self.sf_object, "parent": self.parent_field}
            known = {"Id": there["Id"]} if there is not None and there.get("Id") else dict(self.create)
            rows.append({"attributes": attributes, **known})
        rows[0][self.member] = value


def picked(spec: MappingSpec, path: str) -> PickedChild | None:
    """The child row that a path like `PricebookEntries[].UnitPrice` goes through; None for every other path. What is
    picked is said in the mapping's options, by relationship."""
    relation, mark, member = path.partition(CHILD)
    if not mark:
        return None
    said: Mapping[str, Any] = (spec.options.get("children") or {}).get(relation) or {}
    return PickedChild(
        relation,
        member,
        sf_object=str(said.get("sf_object") or ""),
        parent_field=str(said.get("parent_field") or ""),
        conditions=rules_of(said.get("filter") or ()),
        create=dict(said.get("create") or {}),
    )


@dataclass(frozen=True, slots=True)
class ChildObject:
    """An object whose changes are news for the record that they belong to."""

    sf_object: str
    parent_field: str


def child_objects(spec: MappingSpec) -> tuple[ChildObject, ...]:
    """The Salesforce objects whose rows a mapping reads as part of its records."""
    said = [spec.options.get("lines") or {}, *(spec.options.get("children") or {}).values()]
    found = [
        ChildObject(str(one["sf_object"]), str(one["parent_field"]))
        for one in said
        if one.get("sf_object") and one.get("parent_field")
    ]
    return tuple(dict.fromkeys(found))


def kept_value(lines: Any) -> Any:
    """A list of lines as a base keeps it: what was removed is gone, marks of the writing are not part of it."""
    if not isinstance(lines, list):
        return lines
    return [
        {key: value for key, value in line.items() if key != SAME} for line in lines if not line.get(GONE)
    ] or None


def line_references(lines: Any, row: CompiledRow) -> Iterator[Any]:
    """What the lines of a value refer to by one of their rows; entries of lists (`@…`) are no references to records."""
    for line in lines or ():
        value = line.get(row.key)
        if value is not None and not str(value).startswith("@"):
            yield value


@dataclass(frozen=True, slots=True)
class LinePlan:
    """How the lines of one side stand to those of the other: `twins` finds the target's line of a source line's id;
    `kept` are lines of the target that the mapping does not write; `gone` are target lines whose source is no more."""

    twins: Mapping[str, Line] = field(default_factory=dict)
    kept: tuple[Line, ...] = ()
    gone: tuple[Line, ...] = ()


def pair_up(
    child: CompiledLines, source: Any, target: Any, source_base: Any, target_base: Any, by: str = ""
) -> LinePlan:
    """Pair the lines of two sides. Line identity is what the two bases say: they were agreed in the same order. Lines
    that no base knows are paired by the row `by` (a stored line id), then in their order."""
    mine, theirs = list(child.covered(source)), list(child.covered(target))
    free = {str(line.get(ID)): line for line in theirs if line.get(ID)}
    twins: dict[str, Line] = {}
    known = zip(child.covered(source_base), child.covered(target_base), strict=False)
    for one, other in known:
        if one.get(ID) and str(other.get(ID)) in free:
            twins[str(one[ID])] = free.pop(str(other[ID]))
    if by:
        for line in mine:
            found = next((each for each in free.values() if each.get(by) == line.get(ID)), None)
            if found is not None and str(line.get(ID)) not in twins:
                twins[str(line[ID])] = free.pop(str(found[ID]))
    if not child.covered(source_base) or any(not line.get(ID) for line in child.covered(target_base)):
        left = [line for line in mine if str(line.get(ID)) not in twins]
        for line, other in zip(left, list(free.values()), strict=False):
            twins[str(line.get(ID))] = free.pop(str(other[ID]))
    kept = tuple(line for line in target or () if line.get(KIND, ITEM) not in child.kinds)
    return LinePlan(twins, kept, tuple(free.values()))
