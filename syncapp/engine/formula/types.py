"""Checks a formula before it is used: names, numbers of values, and kinds. All that is wrong is told at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from syncapp.engine.formula.errors import FormulaError
from syncapp.engine.formula.function import Function, Parameter
from syncapp.engine.formula.functions import FUNCTIONS, nearest
from syncapp.engine.formula.tree import Call, Field, Literal, Node, Operation, Unary
from syncapp.engine.formula.values import KIND_WORDS, Kind, kind_of

OPEN = (Kind.ANY, Kind.EMPTY)
"""Kinds that fit everywhere: nothing is known of one, and the other is empty."""

_FITS: dict[Kind, frozenset[Kind]] = {
    Kind.TEXT: frozenset({Kind.TEXT, Kind.NUMBER, Kind.DATE, Kind.TIME}),
    Kind.NUMBER: frozenset({Kind.NUMBER}),
    Kind.BOOL: frozenset({Kind.BOOL}),
    Kind.DATE: frozenset({Kind.DATE, Kind.TIME}),
    Kind.TIME: frozenset({Kind.DATE, Kind.TIME}),
    Kind.ANY: frozenset(Kind),
}
_HELP = {
    (Kind.NUMBER, Kind.TEXT): " VALUE(…) makes a number of a text.",
    (Kind.DATE, Kind.TEXT): " DATEVALUE(…) makes a date of a text.",
    (Kind.TEXT, Kind.BOOL): ' IF(…, "yes", "no") makes a text of it.',
}


class Checker:
    """Finds the kind of every part. `kinds` are those of the record's fields; a field that it lacks may be anything."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self.kinds = kinds
        self.errors: list[FormulaError] = []

    def kind(self, node: Node) -> Kind:
        """The kind that a part gives; what is wrong with it goes to `errors`."""
        match node:
            case Literal():
                return kind_of(node.value)
            case Field():
                return self.kinds.get(node.path, Kind.ANY)
            case Unary():
                wanted = Kind.BOOL if node.operator == "!" else Kind.NUMBER
                return self.must_be(node.operand, wanted)
            case Operation():
                return self.operation(node)
            case Call():
                return self.call(node)
        raise TypeError(node)

    def wrong(self, node: Node, sentence: str) -> None:
        self.errors.append(FormulaError(sentence, node.start, node.end))

    def must_be(self, node: Node, wanted: Kind) -> Kind:
        self.fits(node, self.kind(node), wanted)
        return wanted

    def fits(self, node: Node, found: Kind, wanted: Kind) -> None:
        if found in OPEN or found in _FITS[wanted]:
            return
        hint = _HELP.get((wanted, found), "")
        self.wrong(node, f"Here {KIND_WORDS[wanted]} is needed, but this is {KIND_WORDS[found]}.{hint}")

    # --- operators ---

    def operation(self, node: Operation) -> Kind:
        kind = self.kind(node.first)
        before = node.first
        for operator, operand in node.rest:
            right = self.kind(operand)
            kind = self.joined(operator, before, kind, operand, right)
            before = operand
        return kind

    def joined(self, operator: str, left: Node, kind: Kind, right: Node, other: Kind) -> Kind:
        if operator in ("&&", "||"):
            return self.both(left, kind, right, other, Kind.BOOL)
        if operator == "&":
            return self.both(left, kind, right, other, Kind.TEXT)
        if operator in ("+", "-"):
            return self.sum(operator, left, kind, right, other)
        if operator in ("*", "/", "^"):
            return self.both(left, kind, right, other, Kind.NUMBER)
        self.comparable(right, kind, other, ordered=operator not in ("=", "<>"))
        return Kind.BOOL

    def both(self, left: Node, kind: Kind, right: Node, other: Kind, wanted: Kind) -> Kind:
        self.fits(left, kind, wanted)
        self.fits(right, other, wanted)
        return wanted

    def sum(self, operator: str, left: Node, kind: Kind, right: Node, other: Kind) -> Kind:
        moments = (Kind.DATE, Kind.TIME)
        if kind in moments and other in moments:
            if operator == "+":
                self.wrong(right, "Two dates cannot be added. A number of days can.")
            return Kind.NUMBER
        if kind in moments:
            self.fits(right, other, Kind.NUMBER)
            return kind if other is Kind.NUMBER else Kind.ANY
        if operator == "+" and other in moments:
            self.fits(left, kind, Kind.NUMBER)
            return other
        if operator == "+" and Kind.TEXT in (kind, other):
            return self.texts(left, kind, right, other)
        if kind in OPEN or other in OPEN:
            for node, found in ((left, kind), (right, other)):
                if found is Kind.BOOL or (found is Kind.TEXT and operator == "-"):
                    self.fits(node, found, Kind.NUMBER)
            return Kind.ANY
        return self.both(left, kind, right, other, Kind.NUMBER)

    def texts(self, left: Node, kind: Kind, right: Node, other: Kind) -> Kind:
        for node, found in ((left, kind), (right, other)):
            if found is not Kind.TEXT and found not in OPEN:
                self.wrong(
                    node, f"This is {KIND_WORDS[found]}, the other is text. & joins any two to a text."
                )
        return Kind.TEXT

    def comparable(self, right: Node, kind: Kind, other: Kind, *, ordered: bool) -> None:
        if ordered and Kind.BOOL in (kind, other):
            self.wrong(right, "TRUE and FALSE can only be compared with = and <>.")
        elif kind not in OPEN and other not in OPEN and kind is not other:
            dates = {Kind.DATE, Kind.TIME}
            if not {kind, other} <= dates:
                self.wrong(
                    right, f"{_capital(KIND_WORDS[kind])} cannot be compared with {KIND_WORDS[other]}."
                )

    # --- functions ---

    def call(self, node: Call) -> Kind:
        function = FUNCTIONS.get(node.name)
        kinds = [self.kind(argument) for argument in node.arguments]
        if function is None:
            near = nearest(node.name)
            hint = f" Do you mean {near}?" if near else ""
            self.wrong(node, f"There is no function {node.name}.{hint}")
            return Kind.ANY
        if not self.counted(node, function):
            return Kind.ANY
        for index, (argument, kind) in enumerate(zip(node.arguments, kinds, strict=True)):
            self.argument(argument, kind, function.parameter(index))
        self.particular(node)
        return self.result(node, function, kinds)

    def argument(self, node: Node, found: Kind, parameter: Parameter) -> None:
        if parameter.kind is not Kind.ANY:
            self.fits(node, found, parameter.kind)

    def counted(self, node: Call, function: Function) -> bool:
        count, least, most = len(node.arguments), function.least, function.most
        if count < least or (most is not None and count > most):
            wanted = (
                f"{least}" if most == least else f"at least {least}" if most is None else f"{least} to {most}"
            )
            noun = "value" if wanted == "1" else "values"
            self.wrong(
                node,
                f"{node.name} takes {wanted} {noun}, here are {count}. It is written {function.signature}.",
            )
            return False
        if node.name == "CASE" and count % 2:
            self.wrong(
                node, "CASE needs a last value for everything else: CASE(value, case, result, …, else)."
            )
            return False
        return True

    def particular(self, node: Call) -> None:
        """What only one function asks for."""
        first = node.arguments[0] if node.arguments else None
        if node.name == "LOOKUP" and not (isinstance(first, Literal) and isinstance(first.value, str)):
            self.wrong(first or node, "The list of LOOKUP is named in quotation marks.")

    def result(self, node: Call, function: Function, kinds: list[Kind]) -> Kind:
        if function.results is None:
            return Kind.ANY if function.result is None else function.result
        chosen = [(node.arguments[index], kinds[index]) for index in function.results(len(kinds))]
        return self.common(node.name, chosen)

    def common(self, name: str, chosen: Iterable[tuple[Node, Kind]]) -> Kind:
        common = Kind.EMPTY
        for node, kind in chosen:
            if kind is Kind.EMPTY or common is Kind.ANY:
                continue
            if common in (Kind.EMPTY, kind) or kind is Kind.ANY:
                common = kind
            else:
                self.wrong(
                    node,
                    f"The results of {name} must be alike: one is {KIND_WORDS[common]}, this is {KIND_WORDS[kind]}.",
                )
        return common


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def fields_of(node: Node) -> tuple[str, ...]:
    """The paths of the fields that a formula reads, each once, in their order."""
    return tuple(dict.fromkeys(found.path for found in parts(node) if isinstance(found, Field)))


def lists_of(node: Node) -> tuple[str, ...]:
    """The names of the lists that a formula looks up."""
    names: dict[str, None] = {}
    for found in parts(node):
        if isinstance(found, Call) and found.name == "LOOKUP" and found.arguments:
            first = found.arguments[0]
            if isinstance(first, Literal) and isinstance(first.value, str):
                names[first.value] = None
    return tuple(names)


def parts(node: Node) -> Iterable[Node]:
    """A tree's nodes, from the outermost in."""
    yield node
    match node:
        case Unary():
            yield from parts(node.operand)
        case Operation():
            yield from parts(node.first)
            for _, operand in node.rest:
                yield from parts(operand)
        case Call():
            for argument in node.arguments:
                yield from parts(argument)
