"""The rows of an ingest job: cells to values, and each row through the same rules as every write."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from connectors.simulator.salesforce import ids
from connectors.simulator.salesforce.bulk.csvtext import NULL
from connectors.simulator.salesforce.errors import Refused
from connectors.simulator.salesforce.rest.rows import key_field, without
from connectors.simulator.salesforce.values import to_stored

if TYPE_CHECKING:
    from connectors.simulator.salesforce.bulk.jobs import Job
    from connectors.simulator.salesforce.catalog import Entity
    from connectors.simulator.salesforce.rest.call import Call


@dataclass(slots=True)
class Outcome:
    """Result rows: id, created or error, then the cells as uploaded. Their order means nothing."""

    successful: list[list[str]] = field(default_factory=list)
    failed: list[list[str]] = field(default_factory=list)


class Loader:
    """Loads the rows of one job."""

    def __init__(self, call: Call, job: Job, header: list[str]) -> None:
        self.call = call
        self.job = job
        self.header = header
        self.entity: Entity = call.org.catalog.get(job.object)
        self.actor = call.actor()

    def check(self) -> None:
        """Raises Refused when the header does not fit the job: the whole job fails."""
        lowered = [name.lower() for name in self.header]
        if len(set(lowered)) < len(lowered):
            raise Refused("InvalidBatch", "Duplicate column in the header")
        for name in self.header:
            first, dot, _ = name.partition(".")
            if dot and first.lower() in self.entity.parents:
                continue
            if dot or name.lower() not in self.entity.fields:
                raise Refused("InvalidBatch", f"Field name not found : {name}")
        if self.job.operation in ("update", "delete", "hardDelete") and "id" not in lowered:
            raise Refused("InvalidBatch", "Field name not found : Id")
        if self.job.operation in ("delete", "hardDelete") and lowered != ["id"]:
            raise Refused("InvalidBatch", "InvalidBatch : only the column Id is allowed")

    def load(self, rows: list[list[str]]) -> Outcome:
        """Each row by itself; the results are shuffled, for nobody may rely on their order."""
        outcome = Outcome()
        for row in rows:
            cells = [*row, *[""] * (len(self.header) - len(row))][: len(self.header)]
            try:
                record_id, created = self.record(self.values(cells))
            except Refused as error:
                outcome.failed.append(["", _error(error), *cells])
            else:
                outcome.successful.append([record_id, "true" if created else "false", *cells])
        chance = Random(self.job.id)  # noqa: S311 - an order, not a secret
        chance.shuffle(outcome.successful)
        chance.shuffle(outcome.failed)
        return outcome

    def values(self, cells: list[str]) -> dict[str, Any]:
        """Empty cells are left out, `#N/A` is null, `Parent.Key` is a reference by external id."""
        values: dict[str, Any] = {}
        for name, cell in zip(self.header, cells, strict=True):
            if cell == "":
                continue
            value = None if cell == NULL else cell
            first, dot, rest = name.partition(".")
            if dot:
                key = rest.rpartition(".")[2]
                values[first] = {key: value} if value is not None else None
            else:
                values[name] = value
        return values

    def record(self, values: dict[str, Any]) -> tuple[str, bool]:
        """Write one row: its record's id, and whether it was made. Raises Refused."""
        records, operation = self.call.records, self.job.operation
        given = next((value for name, value in values.items() if name.lower() == "id"), None)
        if operation == "insert":
            if given:
                raise Refused(
                    "INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", ("Id",)
                )
            return records.create(self.entity, values, self.actor), True
        if operation == "upsert":
            return self.upsert(values)
        if not given:
            raise Refused("MISSING_ARGUMENT", "Id not specified in an update call")
        record_id = ids.to_18(str(given))
        if record_id is None or not record_id.startswith(self.entity.object.prefix):
            raise Refused("MALFORMED_ID", f"malformed id {given}")
        if operation == "update":
            records.update(self.entity, record_id, without(values, "Id"), self.actor)
        elif operation == "delete":
            records.bin.delete(self.entity, record_id, self.actor)
        else:
            records.bin.purge(self.entity, record_id, self.actor)
        return record_id, False

    def upsert(self, values: dict[str, Any]) -> tuple[str, bool]:
        records, key = self.call.records, key_field(self.entity, self.job.external_id_field)
        text = next((value for name, value in values.items() if name.lower() == key.name.lower()), None)
        if key.name == "Id":
            if not text:
                return records.create(self.entity, values, self.actor), True
            record_id = records.own_id(self.entity, str(text))
            records.update(self.entity, record_id, values, self.actor)
            return record_id, False
        if text is None:
            raise Refused("MISSING_ARGUMENT", f"{key.name} not specified")
        found = records.by_external_id(self.entity, key, to_stored(key, text, self.entity.object.label))
        if len(found) > 1:
            message = f"{key.name}: more than one record found for external id field: [{', '.join(found)}]"
            raise Refused("DUPLICATE_EXTERNAL_ID", message, (key.name,))
        if not found:
            return records.create(self.entity, values, self.actor), True
        records.update(self.entity, found[0], without(values, key.name), self.actor)
        return found[0], False


def _error(error: Refused) -> str:
    """`CODE:message:fields --`"""
    return f"{error.code}:{error.message}:{', '.join(error.fields or ())} --"
