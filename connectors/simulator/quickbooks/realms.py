"""The companies of the stand-in: which there are, and how a fresh one is made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connectors.simulator.quickbooks.times import decimals_of
from connectors.simulator.store import Column, Store, Table

DEFAULT_REALM = "9341453000000101"


@dataclass(frozen=True)
class Realm:
    """One company. country: `US`, `CA` or `JP`; automated_tax: US automated sales tax; multi_currency: switched on."""

    id: str
    name: str
    country: str = "US"
    automated_tax: bool = False
    multi_currency: bool = False

    @property
    def currency(self) -> str:
        """The currency of its books."""
        return HOME[self.country]

    @property
    def decimals(self) -> int:
        """How many decimals its amounts have."""
        return decimals_of(self.currency)


HOME = {"US": "USD", "CA": "CAD", "JP": "JPY"}
STANDING = (
    Realm(DEFAULT_REALM, "Craig's Design and Landscaping Services"),
    Realm("9341453000000202", "Harborview Outfitters", automated_tax=True),
    Realm("9341453000000303", "Maple Leaf Garden Centre", country="CA", multi_currency=True),
)


class Realms:
    """The table of companies."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._decimals: dict[str, int] = {}
        store.define(
            Table(
                "qbo_realm",
                (
                    Column("realm"),
                    Column("name"),
                    Column("country"),
                    Column("automated_tax", "INTEGER"),
                    Column("multi_currency", "INTEGER"),
                    Column("created"),
                ),
                ("realm",),
            )
        )

    def all(self) -> list[Realm]:
        """Every company, in the order they were made."""
        rows = self._store.rows(
            "SELECT realm, name, country, automated_tax, multi_currency FROM qbo_realm ORDER BY rowid"
        )
        return [Realm(row[0], row[1], row[2], bool(row[3]), bool(row[4])) for row in rows]

    def get(self, realm_id: str) -> Realm | None:
        return next((realm for realm in self.all() if realm.id == realm_id), None)

    def decimals(self, realm_id: str) -> int:
        """How many decimals amounts of this company have; two of one that is not there."""
        if realm_id not in self._decimals:
            realm = self.get(realm_id)
            if realm is None:
                return 2
            self._decimals[realm_id] = realm.decimals
        return self._decimals[realm_id]

    def add(self, realm: Realm, when: datetime) -> None:
        self._store.write(
            "INSERT INTO qbo_realm VALUES (?, ?, ?, ?, ?, ?)",
            (
                realm.id,
                realm.name,
                realm.country,
                realm.automated_tax,
                realm.multi_currency,
                when.isoformat(),
            ),
        )

    def fresh(self, name: str, country: str) -> Realm:
        """A company that is not there yet, with a new number."""
        number = self._store.next_number("quickbooks:realm", 401)
        return Realm(
            f"9341453000000{number:03d}" if number < 1000 else f"93414530000{number:05d}",
            name or f"Sample Company {number}",
            country if country in HOME else "US",
            automated_tax=country not in HOME or country == "US",
        )

    def clear(self) -> None:
        self._decimals.clear()
        self._store.write("DELETE FROM qbo_realm")
