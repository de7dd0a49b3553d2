"""The shared builders as tests of the services want them: with tokens, not switched on, half-links."""

from __future__ import annotations

from typing import Any

from syncapp.models import (
    AppCredentials,
    Company,
    Connection,
    Integration,
    IntegrationState,
    Lifecycle,
    Mapping,
    Observation,
    RecordLink,
)
from tests import builders
from tests.builders import a_company, a_person

__all__ = [
    "a_company",
    "a_connection",
    "a_link",
    "a_mapping",
    "a_person",
    "an_app",
    "an_integration",
    "an_observation",
]


def an_app(side: str, environment: str = "simulator", **fields: Any) -> AppCredentials:
    secret = fields.pop("client_secret", "app-secret")
    row = AppCredentials(
        side=side, environment=environment, client_id=fields.pop("client_id", "app-id"), **fields
    )
    row.client_secret = secret
    row.save()
    return row


def a_connection(company: Company, side: str, **fields: Any) -> Connection:
    """A live connection with a token pair; nobody answers at its address."""
    tokens = {name: fields.pop(name, f"{name}-1") for name in ("access_token", "refresh_token")}
    row = builders.a_connection(
        company, side, **{"base_url": "http://127.0.0.1:1", "token_version": 1, **fields}
    )
    for name, value in tokens.items():
        setattr(row, name, value)
    row.save()
    return row


def an_integration(company: Company, **fields: Any) -> Integration:
    """Two connections that are being set up."""
    defaults = {
        "salesforce": a_connection(company, "sf"),
        "quickbooks": a_connection(company, "qbo"),
        "state": IntegrationState.SETUP,
        "switched_on_at": None,
    }
    return builders.an_integration(company, **{**defaults, **fields})


def a_mapping(integration: Integration, **fields: Any) -> Mapping:
    """Account to Customer with one name row, a draft."""
    name = {"key": "name", "label": "Name", "sf_path": "Name", "qbo_path": "DisplayName"}
    return builders.a_mapping(integration, rows=(name,), published=False, **fields)


def a_link(mapping: Mapping, **fields: Any) -> RecordLink:
    """A half-link, or a link where both sf_id and qbo_id are given; nothing was agreed yet."""
    defaults: dict[str, Any] = {
        "sf_id": None,
        "qbo_id": None,
        "sf_state": "live" if "sf_id" in fields else "none",
        "qbo_state": "live" if "qbo_id" in fields else "none",
        "lifecycle": Lifecycle.LINKED if {"sf_id", "qbo_id"} <= set(fields) else Lifecycle.CREATING,
        "name": "Blue Pine Catering",
        "last_ok_at": None,
        "last_cause": "",
        "sf_base": None,
        "qbo_base": None,
    }
    return builders.a_link(mapping, **{**defaults, **fields})


def an_observation(connection: Connection, object: str, remote_id: str, **fields: Any) -> Observation:
    return Observation.all_companies.create(
        company_id=connection.company_id,
        connection=connection,
        object=object,
        remote_id=remote_id,
        **({"source": "scan", "token": "1"} | fields),
    )
