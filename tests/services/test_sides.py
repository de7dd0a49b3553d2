"""Both sides of a record, field by field, without asking a vendor."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.contracts import RecordState, RemoteRecord, Side, Token
from syncapp.models import Observation, RecordLink
from syncapp.services import sides
from syncapp.store import specs
from syncapp.tenancy import tenant
from tests.builders import a_link, a_mapping

pytestmark = pytest.mark.django_db

AGREED = {
    "name": "Nordlys Diesel",
    "phone": "(312) 555-0142",
    "street": "1 Dock Rd",
    "city": "Bergen",
    "postal": "5003",
}


def look(link: RecordLink) -> sides.RecordSides:
    with tenant(link.company_id):
        return sides.sides(link)


def by_key(compared: sides.RecordSides) -> dict[str, sides.SideField]:
    return {field.key: field for field in compared.fields}


def test_agreed_values_are_the_same_though_written_differently() -> None:
    link = a_link(sf_base=AGREED, qbo_base={**AGREED, "company": "Nordlys Diesel", "phone": "312-555-0142"})
    fields = by_key(look(link))
    assert (fields["phone"].sf, fields["phone"].qbo, fields["phone"].same) == (
        "(312) 555-0142",
        "312-555-0142",
        True,
    )
    assert (fields["website"].sf, fields["website"].qbo, fields["website"].same) == (None, None, True)


def test_a_held_unit_shows_both_values_and_what_was_agreed() -> None:
    held = {
        "billing": {
            "why": "conflict",
            "sf": {"street": "2 Dock Rd", "city": "Bergen", "postal": "5003"},
            "qbo": {"street": "9 Quay St", "city": "Bergen", "postal": "5003"},
        }
    }
    street = by_key(look(a_link(base=AGREED, held=held)))["street"]
    assert (street.base_sf, street.sf, street.qbo, street.same) == (
        "1 Dock Rd",
        "2 Dock Rd",
        "9 Quay St",
        False,
    )
    assert (street.changed, street.held) == (("sf", "qbo"), "conflict")


def test_a_unit_of_several_fields_is_called_by_what_their_names_share() -> None:
    mapping = a_mapping()
    with tenant(mapping.company_id):
        units = specs.draft_spec(mapping).units()
    assert sides.unit_label(units["billing"]) == "Billing"
    assert sides.unit_label(units["phone"]) == "Phone"


def test_a_body_that_capture_brought_is_newer_than_what_was_agreed() -> None:
    link = a_link(base=AGREED)
    Observation.all_companies.create(
        company_id=link.company_id,
        connection=link.mapping.integration.quickbooks,
        object="Customer",
        remote_id=link.qbo_id,
        source="cdc",
        body={"DisplayName": "Nordlys Diesel", "PrimaryPhone": {"FreeFormNumber": "(312) 555-0199"}},
    )
    phone = by_key(look(link))["phone"]
    assert (phone.sf, phone.qbo, phone.changed) == ("(312) 555-0142", "(312) 555-0199", ("qbo",))


def test_a_record_not_there_yet_shows_what_we_know_of_the_one_side() -> None:
    link = a_link(lifecycle="creating", qbo_id=None, sf_base=None, qbo_base=None)
    Observation.all_companies.create(
        company_id=link.company_id,
        connection=link.mapping.integration.salesforce,
        object="Account",
        remote_id=link.sf_id,
        source="scan",
        body={"Name": "Nordlys Diesel", "Phone": "1"},
    )
    fields = by_key(look(link))
    assert (fields["name"].sf, fields["name"].qbo, fields["name"].known) == ("Nordlys Diesel", None, True)


def test_a_mapping_never_published_has_no_fields_to_compare() -> None:
    assert look(a_link(a_mapping(published=False))) == sides.RecordSides(())


class Vendor:
    """A client that answers one body."""

    def __init__(self, side: Side, body: dict[str, Any]) -> None:
        self.side, self.body, self.asked = side, body, []  # type: ignore[var-annotated]

    def read(self, object: str, ids: Any, fields: Any) -> list[RemoteRecord]:
        self.asked.append((object, list(ids)))
        token = Token("1", datetime(2026, 11, 12, tzinfo=UTC))
        return [RemoteRecord(self.side, object, ids[0], token, RecordState.LIVE, self.body)]


def test_looking_again_reads_both_sides_now() -> None:
    link = a_link(base=AGREED)
    clients = {
        Side.SALESFORCE: Vendor(Side.SALESFORCE, {"Name": "Nordlys Diesel", "Phone": "(312) 555-0142"}),
        Side.QUICKBOOKS: Vendor(Side.QUICKBOOKS, {"DisplayName": "Nordlys Diesel AS"}),
    }
    with tenant(link.company_id):
        compared = sides.read_now(link, clients)
    name = by_key(compared)["name"]
    assert (compared.fresh, name.sf, name.qbo, name.same) == (
        True,
        "Nordlys Diesel",
        "Nordlys Diesel AS",
        False,
    )
    assert clients[Side.QUICKBOOKS].asked == [("Customer", [link.qbo_id])]
