"""Tokens to tree: one method for each rule of the grammar in reference/salesforce.md section 3.1."""

from __future__ import annotations

from . import ast
from .errors import SoqlError, malformed, unexpected
from .lexer import Kind, Token, like_pattern, tokens, unescaped

MAX_LENGTH = 100_000
_CLAUSES = frozenset({
    "FROM", "USING", "WHERE", "WITH", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FOR", "ALL",
    "UPDATE", "AND", "OR", "NOT", "IN", "LIKE", "INCLUDES", "EXCLUDES", "ASC", "DESC", "NULLS", "WHEN",
    "THEN", "ELSE", "END", "SELECT",
})  # fmt: skip
_OPERATORS = {"=": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_COUNTED_DATES = frozenset(
    f"{prefix}_{unit}" if suffix == "" else f"N_{unit}_AGO"
    for unit in ("DAYS", "WEEKS", "MONTHS", "QUARTERS", "YEARS", "FISCAL_QUARTERS", "FISCAL_YEARS")
    for prefix, suffix in (("LAST_N", ""), ("NEXT_N", ""), ("N", "AGO"))
)
_PLAIN_DATES = frozenset({"YESTERDAY", "TODAY", "TOMORROW", "LAST_90_DAYS", "NEXT_90_DAYS"}) | {
    f"{when}_{unit}"
    for when in ("LAST", "THIS", "NEXT")
    for unit in ("WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR")
}
_SCOPES = frozenset({"DELEGATED", "EVERYTHING", "MINE", "MINE_AND_MY_GROUPS", "MY_TERRITORY", "TEAM"})


def parse(text: str) -> ast.Query:
    """The query as a tree. Raises SoqlError (MALFORMED_QUERY, QUERY_TOO_COMPLICATED) as Salesforce would answer."""
    if len(text) > MAX_LENGTH:
        raise SoqlError("QUERY_TOO_COMPLICATED", "SOQL statements cannot be longer than 100,000 characters")
    parser = _Parser(text)
    query = parser.query()
    parser.expect_end()
    return query


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.index = 0

    # -- tokens ---------------------------------------------------------------------------------------------

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def take(self) -> Token:
        token = self.token
        if token.kind is not Kind.END:
            self.index += 1
        return token

    def refuse(self, token: Token | None = None) -> SoqlError:
        token = token or self.token
        return unexpected(self.text, token.at, token.text)

    def at_word(self, *words: str) -> bool:
        return self.token.kind is Kind.NAME and self.token.upper in words

    def took_word(self, *words: str) -> bool:
        if self.at_word(*words):
            self.index += 1
            return True
        return False

    def need_word(self, word: str) -> Token:
        if not self.at_word(word):
            raise self.refuse()
        return self.take()

    def took_sign(self, sign: str) -> bool:
        if self.token.kind is Kind.SIGN and self.token.text == sign:
            self.index += 1
            return True
        return False

    def need_sign(self, sign: str) -> None:
        if not self.took_sign(sign):
            raise self.refuse()

    def follows_sign(self, sign: str) -> bool:
        following = self.tokens[min(self.index + 1, len(self.tokens) - 1)]
        return following.kind is Kind.SIGN and following.text == sign

    def expect_end(self) -> None:
        if self.token.kind is not Kind.END:
            raise self.refuse()

    # -- query ----------------------------------------------------------------------------------------------

    def query(self) -> ast.Query:
        self.need_word("SELECT")
        counts_only = self.count_alone()
        select = () if counts_only else self.select_list()
        self.need_word("FROM")
        source = self.source()
        scope = self.scope()
        where = self.condition() if self.took_word("WHERE") else None
        self.with_clause()
        grouping = self.grouping()
        having = self.condition() if self.took_word("HAVING") else None
        order = self.ordering()
        limit = self.whole_number() if self.took_word("LIMIT") else None
        offset = self.whole_number() if self.took_word("OFFSET") else None
        return ast.Query(
            self.text,
            select,
            source,
            where,
            grouping,
            having,
            order,
            limit,
            offset,
            counts_only,
            scope,
            self.ends(),
        )

    def count_alone(self) -> bool:
        if not (self.at_word("COUNT") and self.follows_sign("(")):
            return False
        closing = self.tokens[min(self.index + 2, len(self.tokens) - 1)]
        if closing.text != ")" or closing.kind is not Kind.SIGN:
            return False
        self.index += 3
        return True

    def select_list(self) -> tuple[ast.Item, ...]:
        items = [self.item()]
        while self.took_sign(","):
            items.append(self.item())
        return tuple(items)

    def item(self) -> ast.Item:
        start = self.token.at
        if self.took_sign("("):
            nested = self.query()
            self.need_sign(")")
            return ast.Nested(nested, start)
        if self.at_word("TYPEOF"):
            return self.type_of()
        if self.at_word("FIELDS") and self.follows_sign("("):
            return self.all_fields()
        expression = self.expression()
        alias = ""
        if self.token.kind is Kind.NAME and self.token.upper not in _CLAUSES:
            alias = self.select_alias()
        return ast.Selected(expression, alias)

    def select_alias(self) -> str:
        """Only a word right before a comma or FROM is an alias; anything else is out of place."""
        word = self.take()
        if not (self.at_word("FROM") or self.token.text == ","):
            raise self.refuse(word)
        return word.text

    def all_fields(self) -> ast.AllFields:
        start = self.take().at
        self.need_sign("(")
        kind = self.take()
        if kind.upper not in ("ALL", "STANDARD", "CUSTOM"):
            raise self.refuse(kind)
        self.need_sign(")")
        return ast.AllFields(kind.upper, start)

    def type_of(self) -> ast.TypeOf:
        start = self.take().at
        relation = self.path()
        branches: list[ast.Branch] = []
        while self.took_word("WHEN"):
            entity = self.name().text
            self.need_word("THEN")
            branches.append(ast.Branch(entity, self.paths()))
        if not branches:
            raise self.refuse()
        otherwise = self.paths() if self.took_word("ELSE") else ()
        self.need_word("END")
        return ast.TypeOf(relation, tuple(branches), otherwise, start)

    def paths(self) -> tuple[ast.FieldPath, ...]:
        paths = [self.path()]
        while self.took_sign(","):
            paths.append(self.path())
        return tuple(paths)

    def source(self) -> ast.Source:
        path = self.path()
        alias = ""
        self.took_word("AS")
        if self.token.kind is Kind.NAME and self.token.upper not in _CLAUSES:
            alias = self.take().text
        return ast.Source(str(path), alias, path.at)

    def scope(self) -> str:
        if not self.took_word("USING"):
            return ""
        self.need_word("SCOPE")
        scope = self.name()
        if scope.upper not in _SCOPES:
            raise self.refuse(scope)
        return scope.upper

    def with_clause(self) -> None:
        """WITH SECURITY_ENFORCED | USER_MODE | SYSTEM_MODE change nothing here: the user sees everything."""
        if self.took_word("WITH") and not self.took_word("SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"):
            raise self.refuse()

    def grouping(self) -> ast.Grouping | None:
        if not self.took_word("GROUP"):
            return None
        self.need_word("BY")
        if self.at_word("ROLLUP", "CUBE") and self.follows_sign("("):
            kind = self.take().upper
            self.need_sign("(")
            expressions = self.expressions()
            self.need_sign(")")
            return ast.Grouping(expressions, kind)
        return ast.Grouping(self.expressions())

    def expressions(self) -> tuple[ast.Expression, ...]:
        found = [self.expression()]
        while self.took_sign(","):
            found.append(self.expression())
        return tuple(found)

    def ordering(self) -> tuple[ast.Ordering, ...]:
        if not self.took_word("ORDER"):
            return ()
        self.need_word("BY")
        found = [self.one_ordering()]
        while self.took_sign(","):
            found.append(self.one_ordering())
        return tuple(found)

    def one_ordering(self) -> ast.Ordering:
        expression = self.expression()
        descending = self.took_word("DESC")
        if not descending:
            self.took_word("ASC")
        nulls_first: bool | None = None
        if self.took_word("NULLS"):
            nulls_first = self.at_word("FIRST")
            if not self.took_word("FIRST", "LAST"):
                raise self.refuse()
        return ast.Ordering(expression, descending, nulls_first)

    def whole_number(self) -> int:
        token = self.take()
        if token.kind is not Kind.NUMBER or not token.text.isdigit():
            raise self.refuse(token)
        return int(token.text)

    def ends(self) -> tuple[str, ...]:
        """FOR VIEW | REFERENCE | UPDATE, UPDATE TRACKING | VIEWSTAT, ALL ROWS."""
        found: list[str] = []
        while self.at_word("FOR", "UPDATE", "ALL"):
            first = self.take().upper
            allowed = {
                "FOR": ("VIEW", "REFERENCE", "UPDATE"),
                "UPDATE": ("TRACKING", "VIEWSTAT"),
                "ALL": ("ROWS",),
            }
            if not self.at_word(*allowed[first]):
                raise self.refuse()
            found.append(f"{first} {self.take().upper}")
        return tuple(found)

    # -- expressions ----------------------------------------------------------------------------------------

    def name(self) -> Token:
        token = self.take()
        if token.kind is not Kind.NAME:
            raise self.refuse(token)
        return token

    def path(self) -> ast.FieldPath:
        first = self.name()
        if first.upper in ("FROM", "WHERE", "SELECT"):
            raise self.refuse(first)
        names, offsets = [first.text], [first.at]
        while self.took_sign("."):
            part = self.name()
            names.append(part.text)
            offsets.append(part.at)
        return ast.FieldPath(tuple(names), first.at, tuple(offsets))

    def expression(self) -> ast.Expression:
        if self.token.kind is Kind.NAME and self.follows_sign("("):
            function = self.take()
            self.need_sign("(")
            arguments = () if self.took_sign(")") else self.expressions()
            if arguments:
                self.need_sign(")")
            return ast.Call(function.text, arguments, function.at)
        return self.path()

    # -- conditions -----------------------------------------------------------------------------------------

    def condition(self) -> ast.Condition:
        """AND and OR may not be mixed without parentheses."""
        first = self.negation()
        if not self.at_word("AND", "OR"):
            return first
        joiner = self.token.upper
        parts = [first]
        while self.took_word(joiner):
            parts.append(self.negation())
        if self.at_word("AND", "OR"):
            raise self.refuse()
        return ast.Both(tuple(parts)) if joiner == "AND" else ast.Either(tuple(parts))

    def negation(self) -> ast.Condition:
        if self.at_word("NOT"):
            start = self.take().at
            return ast.Not(self.negation(), start)
        if self.took_sign("("):
            inner = self.condition()
            self.need_sign(")")
            return inner
        return self.test()

    def test(self) -> ast.Condition:
        left = self.expression()
        operator = self.take()
        if operator.kind is Kind.SIGN and operator.text in _OPERATORS:
            return ast.Comparison(left, ast.Operator(_OPERATORS[operator.text]), self.value(), operator.at)
        if operator.upper == "LIKE":
            return ast.Comparison(left, ast.Operator.LIKE, self.pattern(), operator.at)
        if operator.upper in ("IN", "NOT"):
            if operator.upper == "NOT":
                self.need_word("IN")
            return self.membership(left, operator.upper == "NOT", operator)
        if operator.upper in ("INCLUDES", "EXCLUDES") and isinstance(left, ast.FieldPath):
            return ast.Includes(left, self.text_list(), operator.upper == "EXCLUDES", operator.at)
        raise self.refuse(operator)

    def membership(self, left: ast.Expression, negated: bool, operator: Token) -> ast.Condition:
        self.need_sign("(")
        if self.at_word("SELECT"):
            if not isinstance(left, ast.FieldPath):
                raise self.refuse()
            query = self.query()
            self.need_sign(")")
            return ast.InQuery(left, query, negated, operator.at)
        values = [self.value()]
        while self.took_sign(","):
            values.append(self.value())
        self.need_sign(")")
        return ast.InList(left, tuple(values), negated, operator.at)

    def text_list(self) -> tuple[ast.Text, ...]:
        self.need_sign("(")
        values = [self.literal()]
        while self.took_sign(","):
            values.append(self.literal())
        self.need_sign(")")
        return tuple(values)

    def literal(self) -> ast.Text:
        token = self.take()
        if token.kind is not Kind.TEXT:
            raise self.refuse(token)
        return ast.Text(unescaped(token.text, self.text, token.at), token.at, token.text)

    def pattern(self) -> ast.Value:
        token = self.token
        if token.kind is not Kind.TEXT:
            return self.value()
        self.take()
        return ast.Text(like_pattern(token.text, self.text, token.at), token.at, token.text)

    def value(self) -> ast.Value:
        token = self.token
        if token.kind is Kind.TEXT:
            return self.literal()
        self.take()
        if token.kind is Kind.NUMBER:
            return ast.Number(_number(token.text), token.at)
        if token.kind is Kind.DAY:
            return ast.Day(token.text, token.at)
        if token.kind is Kind.MOMENT:
            return ast.Moment(token.text, token.at)
        if token.kind is Kind.NAME:
            return self.word_value(token)
        if token.kind is Kind.SIGN and token.text == ":":
            raise malformed(self.text, token.at, "unexpected token: ':'")
        raise self.refuse(token)

    def word_value(self, token: Token) -> ast.Value:
        word = token.upper
        if word in ("TRUE", "FALSE"):
            return ast.Truth(word == "TRUE", token.at)
        if word == "NULL":
            return ast.Null(token.at)
        if word in _PLAIN_DATES:
            return ast.DateWord(word, None, token.at)
        if word in _COUNTED_DATES:
            self.need_sign(":")
            return ast.DateWord(word, self.whole_number(), token.at)
        if word[:3].isalpha() and word[3:].replace(".", "", 1).isdigit():
            return ast.Number(self.currency_amount(word[3:]), token.at, word[:3])
        raise self.refuse(token)

    def currency_amount(self, whole: str) -> float | int:
        if self.token.kind is Kind.NUMBER and self.token.text.startswith("."):
            return _number(whole + self.take().text)
        return _number(whole)


def _number(text: str) -> float | int:
    return int(text) if text.lstrip("+-").isdigit() else float(text)
