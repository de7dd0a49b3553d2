"""From a formula's text to its tree, and back."""

from __future__ import annotations

from decimal import Decimal

from syncapp.engine.formula.errors import FormulaError
from syncapp.engine.formula.lexer import CONSTANTS, PLAIN_NAME, Token, quoted, text_of, words
from syncapp.engine.formula.limits import ARITHMETIC, MOST_DEPTH, MOST_EXPONENT
from syncapp.engine.formula.tree import RANK, RANKS, UNARY_RANK, Call, Field, Literal, Node, Operation, Unary


def parse(text: str) -> Node:
    """The tree of a formula. Raises FormulaError at the first thing that cannot be read."""
    parser = _Parser(words(text))
    node = parser.expression()
    parser.must_end()
    return node


class _Parser:
    """Reads operators by their rank; every nesting counts, so that no formula is deeper than `MOST_DEPTH`."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.place = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.place]

    def take(self) -> Token:
        token = self.token
        self.place += 1
        return token

    def must_end(self) -> None:
        if self.token.kind != "end":
            raise self.unexpected()

    def unexpected(self) -> FormulaError:
        token = self.token
        if token.kind == "end":
            return FormulaError("The formula ends too early: something is missing here.", token.start)
        if token.text == ")":
            return FormulaError("This bracket closes nothing.", token.start)
        if token.text == ",":
            return FormulaError("A comma only separates the values of a function.", token.start)
        return FormulaError(f"“{token.text}” cannot stand here.", token.start, token.end)

    def expression(self) -> Node:
        self.deeper()
        node = self.operations(0)
        self.depth -= 1
        return node

    def operations(self, least: int) -> Node:
        """Operands joined by operators of rank `least` and closer ones; what stands alone is left as it is."""
        left = self.unary()
        while (rank := self.rank()) >= least:
            rest: list[tuple[str, Node]] = []
            while self.rank() == rank:
                operator = self.take().text
                rest.append((operator, self.operations(rank + 1)))
            left = _joined(left, rest)
        return left

    def rank(self) -> int:
        """The rank of the operator that stands here; -1 where there is none. Powers are read by `power`."""
        return RANK.get(self.token.text, -1) if self.token.kind == "operator" else -1

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise FormulaError(
                f"The formula is nested too deeply: at most {MOST_DEPTH} levels are possible.",
                self.token.start,
            )

    def unary(self) -> Node:
        token = self.token
        if token.kind != "operator" or token.text not in ("-", "!", "+"):
            return self.power()
        self.take()
        self.deeper()
        operand = self.unary()
        self.depth -= 1
        if token.text == "+":
            return operand
        return Unary(token.text, operand, start=token.start, end=operand.end)

    def power(self) -> Node:
        first = self.primary()
        rest: list[tuple[str, Node]] = []
        while self.token.kind == "operator" and self.token.text == "^":
            self.take()
            signed = self.token.kind == "operator"
            rest.append(("^", self.unary() if signed else self.primary()))
        return _joined(first, rest)

    def primary(self) -> Node:
        token = self.token
        if token.text == "(" and token.kind == "mark":
            return self.bracketed()
        if token.kind == "number":
            self.take()
            return Literal(_number(token), start=token.start, end=token.end)
        if token.kind == "text":
            self.take()
            return Literal(text_of(token.text), start=token.start, end=token.end)
        if token.kind == "braced":
            return self.braced()
        if token.kind == "name":
            return self.named()
        raise self.unexpected()

    def bracketed(self) -> Node:
        opening = self.take()
        node = self.expression()
        if self.token.text != ")":
            raise self.unclosed(opening)
        self.take()
        return node

    def unclosed(self, opening: Token) -> FormulaError:
        if self.token.kind == "end":
            return FormulaError("This bracket is not closed.", opening.start)
        return self.unexpected()

    def braced(self) -> Node:
        token = self.take()
        path = token.text[1:-1].strip()
        if not path:
            raise FormulaError("A field name is missing between the braces.", token.start, token.end)
        return Field(path, start=token.start, end=token.end)

    def named(self) -> Node:
        token = self.take()
        if self.token.text == "(" and self.token.kind == "mark":
            return self.call(token)
        upper = token.text.upper()
        if upper in CONSTANTS:
            return Literal(CONSTANTS[upper], start=token.start, end=token.end)
        return Field(token.text, start=token.start, end=token.end)

    def call(self, name: Token) -> Node:
        opening = self.take()
        arguments: list[Node] = []
        if self.token.text != ")":
            arguments.append(self.expression())
            while self.token.kind == "mark" and self.token.text == ",":
                self.take()
                arguments.append(self.expression())
        if self.token.kind != "mark" or self.token.text != ")":
            raise self.unclosed(opening)
        closing = self.take()
        return Call(name.text.upper(), tuple(arguments), start=name.start, end=closing.end)


def _joined(first: Node, rest: list[tuple[str, Node]]) -> Node:
    if not rest:
        return first
    return Operation(first, tuple(rest), start=first.start, end=rest[-1][1].end)


def _number(token: Token) -> Decimal:
    if len(token.text) > MOST_EXPONENT:
        raise FormulaError("This number has too many digits.", token.start, token.end)
    return ARITHMETIC.plus(Decimal(token.text))


# --- back to text ---


def print_tree(node: Node) -> str:
    """The formula of a tree, with as few brackets as it needs: `parse` makes the same tree of it."""
    return _printed(node)


def _printed(node: Node) -> str:
    match node:
        case Literal():
            return _literal(node.value)
        case Field():
            plain = PLAIN_NAME.fullmatch(node.path) and node.path.upper() not in CONSTANTS
            return node.path if plain else f"{{{node.path}}}"
        case Call():
            return f"{node.name}({', '.join(map(_printed, node.arguments))})"
        case Unary():
            return node.operator + _operand(node.operand, UNARY_RANK)
        case Operation():
            return _operation(node)
    raise TypeError(node)


def _literal(value: Decimal | str | bool | None) -> str:
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    return "NULL" if value is None else str(value).upper()


def _operation(node: Operation) -> str:
    rank = RANK[node.rest[0][0]]
    parts = [_operand(node.first, rank + 1)]
    for operator, operand in node.rest:
        parts += [operator, _operand(operand, rank + 1)]
    return " ".join(parts)


def _operand(node: Node, least: int) -> str:
    """An operand, in brackets where its operators bind less than `least`."""
    text = _printed(node)
    return f"({text})" if _rank(node) < least else text


def _rank(node: Node) -> int:
    if isinstance(node, Operation):
        return RANK[node.rest[0][0]]
    return UNARY_RANK if isinstance(node, Unary) else len(RANKS)
