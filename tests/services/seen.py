"""Records as capture brings them, without a vendor: what the services do with them afterwards is the real thing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from connectors.contracts import Environment, RecordState, RemoteRecord, Side, Token
from syncapp.engine.mapping import OnConflict
from syncapp.models import Connection, Integration, Mapping, MappingPass, RecordLink
from syncapp.recipes import Template, get, prepare
from syncapp.services import capture, mappings
from syncapp.services.watched import Watched, object_of
from syncapp.store import specs
from tests.services.builders import a_company, a_connection, an_integration

THEN = datetime(2026, 11, 20, 8, tzinfo=UTC)


def a_published_mapping(
    template: Template = Template.BIDIRECTIONAL,
    winner: OnConflict = OnConflict.SF,
    *,
    scanned: bool = True,
    **integration: Any,
) -> Mapping:
    """Account to Customer of a new company, published; both sides scanned to their end. Needs no tenant."""
    from syncapp.tenancy import tenant

    company = a_company()
    made = an_integration(
        company,
        quickbooks=a_connection(company, "qbo", environment=Environment.SIMULATOR.value),
        template=template.value,
        **integration,
    )
    recipe = get("account_customer")
    with tenant(company.id):
        mapping = Mapping.objects.create(
            integration=made,
            key=recipe.key,
            label=recipe.label,
            recipe=recipe.key,
            sf_object=recipe.sf_object,
            qbo_entity=recipe.qbo_entity,
        )
        mappings.rows_from_recipe(mapping, prepare(recipe, template, winner).spec)
        mappings.publish(mapping, None)
        if scanned:
            for side in Side:
                MappingPass.objects.create(
                    mapping=mapping, side=side.value, started_at=THEN, scanned_at=THEN, caught_up_at=THEN
                )
    mapping.refresh_from_db()
    return mapping


def an_account(
    mapping: Mapping, remote_id: str, version: str = "2026-11-20T08:00:00.000Z", **body: Any
) -> RecordLink:
    """Capture saw this account; its link."""
    return _seen(mapping, Side.SALESFORCE, remote_id, version, {"Id": remote_id, **body})


def a_customer(mapping: Mapping, remote_id: str, version: str = "0", **body: Any) -> RecordLink:
    """Capture saw this customer; its link."""
    full = {"Id": remote_id, "SyncToken": version, "Active": True, **body}
    return _seen(mapping, Side.QUICKBOOKS, remote_id, version, full)


def _seen(mapping: Mapping, side: Side, remote_id: str, version: str, body: dict[str, Any]) -> RecordLink:
    connection: Connection = getattr(
        mapping.integration, "salesforce" if side is Side.SALESFORCE else "quickbooks"
    )
    spec = specs.published_spec(mapping)
    assert spec is not None
    target = Watched(connection, side, object_of(mapping, side), ((mapping, spec),))
    record = RemoteRecord(side, target.object, remote_id, Token(version, THEN), RecordState.LIVE, body)
    capture.take_in(target, [record], "scan", run=None, cause="Test")
    column = "sf_id" if side is Side.SALESFORCE else "qbo_id"
    return RecordLink.objects.exclude(lifecycle__in=["unlinked", "absorbed"]).get(
        mapping=mapping, **{column: remote_id}
    )


def switched_on(integration: Integration) -> None:
    Integration.all_companies.filter(pk=integration.pk).update(switched_on_at=THEN, state="active")
    integration.refresh_from_db()
