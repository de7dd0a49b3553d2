"""Builders of engine values with defaults: a test names only what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.contracts import RecordState, RemoteRecord, Side, Token
from syncapp.engine.decision import Candidate, LinkView, Situation
from syncapp.engine.mapping import FieldSpec, MappingPolicies, MappingSpec
from syncapp.engine.projection import project

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ROW_NAME = FieldSpec(
    key="name", label="Name", sf_path="Name", qbo_path="DisplayName", transform="strip_deleted", required=True
)
ROW_PHONE = FieldSpec(key="phone", label="Phone", sf_path="Phone", qbo_path="PrimaryPhone.FreeFormNumber")


def row(key: str = "phone", **more: Any) -> FieldSpec:
    defaults = {"label": key.capitalize(), "sf_path": key.capitalize(), "qbo_path": f"{key.capitalize()}Q"}
    return FieldSpec(key=key, **{**defaults, **more})


def spec(*rows: FieldSpec, policies: MappingPolicies | None = None, **more: Any) -> MappingSpec:
    return MappingSpec(
        key="account_customer",
        label="Account and Customer",
        version=1,
        sf_object="Account",
        qbo_entity="Customer",
        fields=rows or (ROW_NAME, ROW_PHONE),
        policies=policies or MappingPolicies(),
        **more,
    )


def sf_record(body: Mapping[str, Any], *, state: RecordState = RecordState.LIVE, **more: Any) -> RemoteRecord:
    return _record(Side.SALESFORCE, "Account", "001A", body, state, **more)


def qbo_record(
    body: Mapping[str, Any], *, state: RecordState = RecordState.LIVE, **more: Any
) -> RemoteRecord:
    return _record(Side.QUICKBOOKS, "Customer", "7", body, state, **more)


def _record(
    side: Side,
    object: str,
    id: str,
    body: Mapping[str, Any],
    state: RecordState,
    *,
    version: str = "1",
    age: float = 3600,
    settled: bool = True,
    **more: Any,
) -> RemoteRecord:
    token = Token(version, NOW - timedelta(seconds=age), settled)
    return RemoteRecord(side, object, id, token, state, {"Id": id, **body}, **more)


def link(**more: Any) -> LinkView:
    return LinkView(**{"id": "link", "sf_id": "001A", "qbo_id": "7", "lifecycle": "linked", **more})


def agreed_link(mapping: MappingSpec, sf: RemoteRecord, qbo: RemoteRecord, **more: Any) -> LinkView:
    """A link whose last agreement is exactly what these two records hold."""
    bases = {
        "sf_base": project(Side.SALESFORCE, sf, mapping),
        "qbo_base": project(Side.QUICKBOOKS, qbo, mapping),
    }
    return link(**{**bases, **more})


def situation(
    mapping: MappingSpec,
    sf: RemoteRecord | None,
    qbo: RemoteRecord | None,
    view: LinkView | None = None,
    **more: Any,
) -> Situation:
    if view is None:
        view = link(sf_id=sf.id if sf else "", qbo_id=qbo.id if qbo else "", lifecycle="creating")
    return Situation(mapping, view, sf, qbo, NOW, **more)


def candidate(**more: Any) -> Candidate:
    return Candidate(
        **{
            "side": Side.QUICKBOOKS,
            "object": "Customer",
            "id": "7",
            "name": "Acme",
            "rank": 4,
            "score": 40,
            "reasons": ("name", "phone"),
            **more,
        }
    )
