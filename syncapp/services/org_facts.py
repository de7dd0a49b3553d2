"""What recipes must know of two orgs before they are prepared: described objects, price book, default accounts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from connectors.contracts import ObjectInfo, Priority, Side
from connectors.errors import ConnectorError, FailureKind
from connectors.salesforce import soql
from connectors.salesforce.client import SalesforceClient
from syncapp.engine.lists import BY_ID, Entry, ReferenceList
from syncapp.models import Connection
from syncapp.recipes import Recipe
from syncapp.recipes.recipe import Org
from syncapp.services import field_lists, reference_lists
from syncapp.services.clients import UsageMeter, client_for, flush

INCOME_SUBTYPES = ("SalesOfProductIncome", "ServiceFeeIncome")
"""Where a new item's sales are booked unless the mapping says otherwise, best first."""


class Describer:
    """Describes the objects of two connections, each once; use as a context manager, which counts the calls and keeps
    what Salesforce described for the pages of mappings."""

    def __init__(self, salesforce: Connection, quickbooks: Connection) -> None:
        self._connections = {Side.SALESFORCE: salesforce, Side.QUICKBOOKS: quickbooks}
        self._meters = {side: UsageMeter() for side in Side}
        self._clients = {
            side: client_for(connection, Priority.INTERACTIVE, self._meters[side])
            for side, connection in self._connections.items()
        }
        self._known: dict[tuple[Side, str], ObjectInfo | None] = {}

    def __enter__(self) -> Describer:
        return self

    def __exit__(self, *_: object) -> None:
        for side, connection in self._connections.items():
            flush(connection, self._meters[side])
        found = [
            info for (side, _), info in self._known.items() if side is Side.SALESFORCE and info is not None
        ]
        field_lists.keep(self._connections[Side.SALESFORCE], found)

    def describe(self, side: Side, name: str) -> ObjectInfo | None:
        """The object, or None where this side has no such thing. Raises ConnectorError for anything else."""
        key = (side, name)
        if key not in self._known:
            self._known[key] = self._ask(side, name)
        return self._known[key]

    def _ask(self, side: Side, name: str) -> ObjectInfo | None:
        try:
            return self._clients[side].describe(name)
        except ConnectorError as error:
            if error.failure.kind is not FailureKind.MISSING:
                raise
            return None

    def org(self, recipe: Recipe, facts: dict[str, Any]) -> Org:
        """What a recipe needs to be prepared."""
        children = {name: self.describe(Side.SALESFORCE, name) for name in recipe.other_objects}
        return Org(
            self.describe(Side.SALESFORCE, recipe.sf_object),
            self.describe(Side.QUICKBOOKS, recipe.qbo_entity),
            {name: info for name, info in children.items() if info is not None},
            facts,
        )

    def facts(self, recipes: Iterable[Recipe]) -> dict[str, Any]:
        """The facts that these recipes name; asked for only when one does."""
        wanted = {name for recipe in recipes for name in _named(recipe)}
        found: dict[str, Any] = {}
        if "standard_price_book" in wanted:
            found["standard_price_book"] = self._standard_price_book()
        if "income_account" in wanted:
            found["income_account"] = self._income_account()
        return found

    def _standard_price_book(self) -> str:
        client = self._clients[Side.SALESFORCE]
        if not isinstance(client, SalesforceClient):
            return ""
        text = soql.select("Pricebook2", ("Id",), where=[soql.equals("IsStandard", True)], limit=1)
        rows = client.query(text)["records"]
        return str(rows[0]["Id"]) if rows else ""

    def _income_account(self) -> str:
        connection = self._connections[Side.QUICKBOOKS]
        lists = reference_lists.load(connection, ("Account",), self._clients[Side.QUICKBOOKS])
        entry = income_account(lists.get("Account"))
        return f"{BY_ID}{entry.id}" if entry is not None else ""


def income_account(accounts: ReferenceList | None) -> Entry | None:
    """The account that new items' sales go to: of the usual detail type, else the first income account."""
    entries = [entry for entry in accounts.entries if entry.active] if accounts is not None else []
    income = [entry for entry in entries if entry.kind == "Income"]
    for subtype in INCOME_SUBTYPES:
        found = next((entry for entry in income if entry.more.get("subtype") == subtype), None)
        if found is not None:
            return found
    return next(iter(income), None)


def _named(recipe: Recipe) -> Iterable[str]:
    """The facts that a recipe names anywhere, as `$name`."""
    values: list[Any] = [recipe.options]
    for row in recipe.rows:
        values += [row.fallback, row.spec.default, row.spec.constant]
    while values:
        value = values.pop()
        if isinstance(value, str) and value.startswith("$"):
            yield value[1:]
        elif isinstance(value, dict):
            values += value.values()
        elif isinstance(value, list | tuple):
            values += value
