"""Rows with sensible defaults: a test names only what it is about.

Every builder that needs a parent makes one when none is given, and works with or without a company in context.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from portal.people.models import Membership, Role, User
from syncapp.models import (
    Attempt,
    AuditEvent,
    Cadence,
    Company,
    Connection,
    FieldMapping,
    Integration,
    IntegrationState,
    LinkBase,
    LinkWork,
    Mapping,
    MappingVersion,
    Outcome,
    Problem,
    RecordLink,
    Run,
    RunKind,
    RunState,
    Schedule,
)
from syncapp.store import specs
from syncapp.tenancy import tenant

NOW = datetime(2026, 11, 12, 17, 42, 10, tzinfo=UTC)
"""11:42:10 in Chicago, the zone of the company that `a_company` makes."""

_numbers = count(1)

CUSTOMER_FIELDS: tuple[dict[str, Any], ...] = (
    {"key": "name", "label": "Name", "sf_path": "Name", "qbo_path": "DisplayName", "required": True, "qbo_length": 500},
    {"key": "company", "label": "Company name", "sf_path": "Name", "qbo_path": "CompanyName", "direction": "to_qbo"},
    {"key": "phone", "label": "Phone", "sf_path": "Phone", "qbo_path": "PrimaryPhone.FreeFormNumber", "type": "phone"},
    {"key": "website", "label": "Website", "sf_path": "Website", "qbo_path": "WebAddr.URI", "type": "url"},
    {"key": "street", "label": "Billing street", "sf_path": "BillingStreet", "qbo_path": "BillAddr.Line1",
     "group": "billing"},
    {"key": "city", "label": "Billing city", "sf_path": "BillingCity", "qbo_path": "BillAddr.City", "group": "billing"},
    {"key": "postal", "label": "Billing postal code", "sf_path": "BillingPostalCode", "qbo_path": "BillAddr.PostalCode",
     "group": "billing"},
    {"key": "notes", "label": "Notes", "sf_path": "Description", "qbo_path": "Notes", "direction": "to_qbo"},
)  # fmt: skip


def a_company(name: str = "", **values: Any) -> Company:
    values["name"] = name or f"Company {next(_numbers)}"
    return Company.objects.create(**{"zone": "America/Chicago", **values})


def a_person(email: str = "", **values: Any) -> User:
    """Someone who can sign in with the password `correct horse battery`."""
    values["email"] = email or f"person{next(_numbers)}@example.com"
    return User.objects.create_user(**{"password": "correct horse battery", **values})


def a_member(company: Company | None = None, role: str = Role.OWNER, **values: Any) -> User:
    """A person who belongs to the company in that role."""
    person = a_person(**values)
    Membership.all_companies.create(company=company or a_company(), user=person, role=role)
    return person


def a_connection(company: Company | None = None, side: str = "sf", **values: Any) -> Connection:
    number = next(_numbers)
    company = company or a_company()
    defaults = {
        "environment": "simulator",
        "remote_id": f"00D{number:015d}" if side == "sf" else f"91304{number:011d}",
        "name": "Halvorsen Marine Supply" if side == "sf" else "Halvorsen Marine Supply, Inc.",
        "connected_user": "integration@halvorsenmarine.example",
        "base_url": "https://halvorsen.my.salesforce.com"
        if side == "sf"
        else "https://quickbooks.api.intuit.com",
    }
    return Connection.all_companies.create(company=company, side=side, **{**defaults, **values})


def an_integration(company: Company | None = None, **values: Any) -> Integration:
    """A pair that is switched on."""
    company = company or a_company()
    defaults: dict[str, Any] = {"state": IntegrationState.ACTIVE, "switched_on_at": NOW - timedelta(days=30)}
    if "salesforce" not in values:
        defaults["salesforce"] = a_connection(company, "sf")
    if "quickbooks" not in values:
        defaults["quickbooks"] = a_connection(company, "qbo")
    return Integration.all_companies.create(company=company, **{**defaults, **values})


def a_mapping(
    integration: Integration | None = None,
    *,
    rows: tuple[dict[str, Any], ...] = CUSTOMER_FIELDS,
    published: bool = True,
    **values: Any,
) -> Mapping:
    """Account <-> Customer with some rows, published as version 1."""
    integration = integration or an_integration()
    defaults = {
        "key": "account_customer",
        "label": "Account ↔ Customer",
        "recipe": "account_customer",
        "sf_object": "Account",
        "qbo_entity": "Customer",
    }
    mapping = Mapping.all_companies.create(
        company=integration.company, integration=integration, **{**defaults, **values}
    )
    for position, row in enumerate(rows, start=1):
        a_row(mapping, position=position, **row)
    if published:
        publish(mapping)
    return mapping


def a_row(mapping: Mapping, **values: Any) -> FieldMapping:
    number = next(_numbers)
    defaults = {
        "key": f"field{number}",
        "label": f"Field {number}",
        "sf_path": f"F{number}__c",
        "qbo_path": f"F{number}",
    }
    return FieldMapping.all_companies.create(
        company_id=mapping.company_id, mapping=mapping, **{**defaults, **values}
    )


def publish(mapping: Mapping) -> MappingVersion:
    """Freeze the draft as the next version, without checks."""
    number = mapping.published_number + 1
    rows = FieldMapping.all_companies.filter(mapping=mapping).order_by("position", "id")
    version = MappingVersion.all_companies.create(
        company_id=mapping.company_id,
        mapping=mapping,
        number=number,
        spec=specs.to_json(specs.draft_spec(mapping, rows)),
        published_by="person@example.com",
    )
    mapping.published_number = number
    mapping.save(update_fields=["published_number"])
    return version


def a_link(
    mapping: Mapping | None = None, *, base: dict[str, Any] | None = None, **values: Any
) -> RecordLink:
    """A link that is in sync. `base` are the agreed values of both sides; `sf_base`, `qbo_base`, `held`,
    `candidates` and `seen` go to the link's base row."""
    mapping = mapping or a_mapping()
    number = next(_numbers)
    wide = {
        name: values.pop(name)
        for name in ("sf_base", "qbo_base", "held", "candidates", "seen")
        if name in values
    }
    name = values.pop("name", f"Customer {number}")
    defaults: dict[str, Any] = {
        "sf_object": mapping.sf_object,
        "qbo_entity": mapping.qbo_entity,
        "sf_id": f"001Hp{number:010d}AAA",
        "qbo_id": str(number),
        "name": name,
        "name_key": name.lower(),
        "lifecycle": "linked",
        "sf_state": "live",
        "qbo_state": "live",
        "last_ok_at": NOW - timedelta(minutes=12),
        "last_cause": "Schedule",
    }
    link = RecordLink.all_companies.create(
        company_id=mapping.company_id,
        integration_id=mapping.integration_id,
        mapping=mapping,
        **{**defaults, **values},
    )
    agreed = base if base is not None else {"name": name}
    LinkBase.all_companies.create(
        company_id=mapping.company_id,
        link=link,
        **{"sf_base": agreed, "qbo_base": agreed, "base_version": mapping.published_number, **wide},
    )
    return link


def some_work(link: RecordLink, **values: Any) -> LinkWork:
    """The link is due; `lease_until` in the future means that somebody works on it."""
    defaults = {"priority": 0, "due_at": NOW}
    return LinkWork.all_companies.create(
        company_id=link.company_id, link=link, mapping_id=link.mapping_id, **{**defaults, **values}
    )


def an_attempt(link: RecordLink, **values: Any) -> Attempt:
    """A successful update of QuickBooks by the schedule."""
    defaults: dict[str, Any] = {
        "decision": "update",
        "direction": "to_qbo",
        "cause": "Schedule",
        "outcome": Outcome.UPDATED,
        "started_at": NOW - timedelta(minutes=12, seconds=2),
        "finished_at": NOW - timedelta(minutes=12),
        "changes": [
            {"unit": "phone", "key": "phone", "label": "Phone", "side": "qbo",
             "before": "(312) 555-0142", "after": "(312) 555-0178"}
        ],
    }  # fmt: skip
    return Attempt.all_companies.create(company_id=link.company_id, link=link, **{**defaults, **values})


def a_problem(link: RecordLink, **values: Any) -> Problem:
    """An open problem of that link: QuickBooks has the name already."""
    defaults: dict[str, Any] = {
        "subject": f"link:{link.pk}",
        "mapping_id": link.mapping_id,
        "kind": "exists",
        "code": "qbo.6240",
        "values": {"field": "DisplayName", "value": link.name},
        "first_seen_at": NOW - timedelta(minutes=31),
        "last_seen_at": NOW - timedelta(minutes=26),
        "count": 2,
    }
    return Problem.all_companies.create(company_id=link.company_id, link=link, **{**defaults, **values})


def a_connection_problem(connection: Connection, **values: Any) -> Problem:
    """An open problem of a connection: its access has ended."""
    defaults: dict[str, Any] = {
        "subject": f"connection:{connection.pk}",
        "kind": "auth",
        "code": "oauth.invalid_grant",
        "first_seen_at": NOW - timedelta(hours=2),
        "last_seen_at": NOW - timedelta(minutes=2),
    }
    return Problem.all_companies.create(
        company_id=connection.company_id, connection=connection, **{**defaults, **values}
    )


def a_run(integration: Integration | None = None, **values: Any) -> Run:
    """A finished run by schedule."""
    integration = integration or an_integration()
    defaults: dict[str, Any] = {
        "kind": RunKind.SCHEDULE,
        "state": RunState.DONE,
        "cause": "Schedule",
        "started_at": NOW - timedelta(minutes=2, seconds=6),
        "finished_at": NOW - timedelta(minutes=2),
    }
    return Run.all_companies.create(
        company_id=integration.company_id, integration=integration, **{**defaults, **values}
    )


def a_schedule(integration: Integration | None = None, **values: Any) -> Schedule:
    """Every 15 minutes, due three minutes from NOW."""
    integration = integration or an_integration()
    defaults: dict[str, Any] = {
        "cadence": Cadence.EVERY,
        "minutes": 15,
        "next_at": NOW + timedelta(minutes=3),
    }
    return Schedule.all_companies.create(
        company_id=integration.company_id, integration=integration, **{**defaults, **values}
    )


def an_audit_row(company: Company, **values: Any) -> AuditEvent:
    defaults: dict[str, Any] = {"action": "update", "side": "qbo", "object": "Customer", "remote_id": "58",
                                "actor": "person@example.com", "at": NOW}  # fmt: skip
    with tenant(company.pk):
        return AuditEvent.objects.create(**{**defaults, **values})
