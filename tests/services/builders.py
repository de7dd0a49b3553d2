"""Rows with defaults for tests of the services. Every builder saves; names say what matters to the test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from portal.people.models import User
from syncapp.models import (
    AppCredentials,
    Company,
    Connection,
    ConnectionStatus,
    FieldMapping,
    Integration,
    Lifecycle,
    Mapping,
    Observation,
    RecordLink,
)
from syncapp.tenancy import tenant

_numbers = count(1)


def a_person(email: str = "") -> User:
    return User.objects.create_user(email or f"person{next(_numbers)}@example.com", "a long password")


def a_company(name: str = "Blue Pine", **fields: Any) -> Company:
    return Company.objects.create(name=name, **fields)


def an_app(side: str, environment: str = "simulator", **fields: Any) -> AppCredentials:
    secret = fields.pop("client_secret", "app-secret")
    row = AppCredentials(
        side=side, environment=environment, client_id=fields.pop("client_id", "app-id"), **fields
    )
    row.client_secret = secret
    row.save()
    return row


def a_connection(company: Company, side: str, **fields: Any) -> Connection:
    """A live connection with a token pair; `remote_id` is new each time."""
    number = next(_numbers)
    tokens = {name: fields.pop(name, f"{name}-1") for name in ("access_token", "refresh_token")}
    defaults: dict[str, Any] = {
        "environment": "simulator",
        "remote_id": f"00D{number:012}AAA" if side == "sf" else f"94130000{number:08}",
        "name": f"{side} {number}",
        "status": ConnectionStatus.LIVE,
        "base_url": "http://127.0.0.1:1",
        "token_version": 1,
    }
    row = Connection(company=company, side=side, **(defaults | fields))
    for name, value in tokens.items():
        setattr(row, name, value)
    row.save()
    return row


def an_integration(company: Company, **fields: Any) -> Integration:
    """An integration whose two connections exist."""
    defaults = {"salesforce": a_connection(company, "sf"), "quickbooks": a_connection(company, "qbo")}
    return Integration.all_companies.create(company=company, **(defaults | fields))


def a_mapping(integration: Integration, **fields: Any) -> Mapping:
    """Account to Customer with one name row."""
    defaults = {
        "key": "account_customer",
        "label": "Accounts and customers",
        "recipe": "account_customer",
        "sf_object": "Account",
        "qbo_entity": "Customer",
    }
    row = Mapping.all_companies.create(
        company_id=integration.company_id, integration=integration, **(defaults | fields)
    )
    FieldMapping.all_companies.create(
        company_id=row.company_id,
        mapping=row,
        key="name",
        label="Name",
        sf_path="Name",
        qbo_path="DisplayName",
    )
    return row


def a_link(mapping: Mapping, **fields: Any) -> RecordLink:
    """A half-link or link of the mapping's objects; give sf_id and or qbo_id."""
    defaults: dict[str, Any] = {
        "integration": mapping.integration,
        "sf_object": mapping.sf_object,
        "qbo_entity": mapping.qbo_entity,
        "lifecycle": Lifecycle.LINKED if {"sf_id", "qbo_id"} <= set(fields) else Lifecycle.CREATING,
        "name": fields.get("name", "Blue Pine Catering"),
    }
    if "sf_id" in fields:
        defaults["sf_state"] = "live"
    if "qbo_id" in fields:
        defaults["qbo_state"] = "live"
    return RecordLink.all_companies.create(
        company_id=mapping.company_id, mapping=mapping, **(defaults | fields)
    )


def an_observation(connection: Connection, object: str, remote_id: str, **fields: Any) -> Observation:
    return Observation.all_companies.create(
        company_id=connection.company_id,
        connection=connection,
        object=object,
        remote_id=remote_id,
        **({"source": "scan", "token": "1"} | fields),
    )


@contextmanager
def inside(company: Company) -> Iterator[Company]:
    with tenant(company.id):
        yield company
