"""What one accepted write works with: the company, the moment, the switches, and ways to read and touch records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.simulator import jsontext
from connectors.simulator.journal import Journal
from connectors.simulator.quickbooks.definitions import ENTITIES
from connectors.simulator.quickbooks.knobs import Knobs
from connectors.simulator.quickbooks.model import Entity
from connectors.simulator.quickbooks.records import Body, Records
from connectors.simulator.quickbooks.times import stamp
from connectors.simulator.store import Store

# Lists that documents refer to and rarely change: worth remembering while a batch is worked on.
_REFERRED = {
    "account",
    "class",
    "companyinfo",
    "department",
    "item",
    "paymentmethod",
    "taxcode",
    "taxrate",
    "term",
}


def _nobody(realm: str, entity: str, record_id: str, operation: str) -> None:
    """No webhooks."""


@dataclass
class Context:
    """One request on one company. `emit` hands a change to the webhooks: (entity name, id, operation)."""

    realm: str
    now: datetime
    store: Store
    records: Records
    journal: Journal
    knobs: Knobs
    user_id: str
    person: str
    request_id: str = ""
    #: How much older than now the stamps of the changes are (a fault plan).
    late_seconds: float = 0.0
    include: frozenset[str] = frozenset()
    emit: Callable[[str, str, str, str], None] = _nobody
    _settings: Body | None = field(default=None)
    _looked_up: dict[tuple[str, str], Body | None] = field(default_factory=dict)

    @property
    def time_text(self) -> str:
        return stamp(self.now - timedelta(seconds=self.late_seconds))

    @property
    def today(self) -> str:
        """Today's date in the company's zone."""
        return stamp(self.now)[:10]

    def next_id(self, sequence: str) -> str:
        """The next id of one of the company's sequences."""
        return str(self.store.next_number(f"quickbooks:{self.realm}:{sequence}"))

    def get(self, path: str, record_id: str) -> Body | None:
        """A live record of this company by resource name and id. Records of the lists that documents refer to are
        read once per request: treat them as read-only."""
        if path not in _REFERRED:
            return self.records.get(self.realm, ENTITIES[path], record_id)
        key = path, record_id
        if key not in self._looked_up:
            self._looked_up[key] = self.records.get(self.realm, ENTITIES[path], record_id)
        return self._looked_up[key]

    # -- the company's settings ----------------------------------------------------------------------------------

    def preference(self, group: str, name: str, default: Any = None) -> Any:
        """One setting of Preferences, e.g. `preference("SalesFormsPrefs", "CustomTxnNumbers")`."""
        if self._settings is None:
            self._settings = self.get("preferences", "1") or {}
        return self._settings.get(group, {}).get(name, default)

    def forget_settings(self) -> None:
        """Settings or company changed: read them again."""
        self._settings = None
        self._looked_up.clear()

    @property
    def home_currency(self) -> str:
        home = self.preference("CurrencyPrefs", "HomeCurrency", {})
        return str(home.get("value", "USD"))

    @property
    def is_us(self) -> bool:
        company = self.get("companyinfo", "1") or {}
        return str(company.get("Country", "US")) == "US"

    # -- changing ------------------------------------------------------------------------------------------------

    def save(self, entity: Entity, old: Body | None, new: Body, operation: str) -> Body:
        """Store an accepted write with its log entry and its webhook (of a deactivation: the one the knob names)."""
        after = self.records.put(self.realm, entity, new)
        self._looked_up.pop((entity.path, new["Id"]), None)
        gone = operation == "Update" and (old or {}).get("Active") is True and new.get("Active") is False
        event = self.knobs.deactivation_event if gone else operation
        self.log(entity, operation, new["Id"], old, after, event)
        return new

    def log(
        self,
        entity: Entity,
        operation: str,
        record_id: str,
        old: Body | None,
        after: str | None,
        event: str = "",
    ) -> None:
        """Write the log entry of an accepted write and raise its webhook event."""
        self.journal.append(
            scope=self.realm,
            time=self.now,
            object_name=entity.name,
            operation=operation.lower(),
            record_id=record_id,
            request_id=self.request_id,
            before=None if old is None else jsontext.dumps(old),
            after=after,
        )
        if (event or operation) in entity.events:
            self.emit(self.realm, entity.event_name or entity.name, record_id, event or operation)

    def touch(self, path: str, record_id: str, changes: Body, *, token: bool = False) -> None:
        """A side effect on another record: members change and LastUpdatedTime moves; SyncToken only with `token`."""
        entity = ENTITIES[path]
        body = self.records.get(self.realm, entity, record_id)
        if body is None:
            return
        self._looked_up.pop((path, record_id), None)
        body.update(changes)
        for name in [name for name, value in body.items() if value is None]:
            del body[name]
        body["MetaData"]["LastUpdatedTime"] = self.time_text
        if token:
            body["SyncToken"] = str(int(body["SyncToken"]) + 1)
        self.records.put(self.realm, entity, body)
        if "Update" in entity.events:
            self.emit(self.realm, entity.event_name or entity.name, record_id, "Update")


def new_address_id(context: Context) -> str:
    return context.next_id("address")
