"""Every error of the reference's two lists is brought up: by the right input, a switch, or a planned fault."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from connectors.simulator.testing import Side
from tests.shared import recorded
from tests.simulator.salesforce.caller import Caller, Reply, authorize, exchange, refresh

Provoke = Callable[[Caller], Reply]


@contextmanager
def switched(side: Side, **settings: Any) -> Iterator[None]:
    before = side.get("settings")
    side.post("settings", settings)
    try:
        yield
    finally:
        side.post("settings", {name: before.get(name, False) for name in settings})


def planned(sf: Caller, code: str, message: str = "") -> Reply:
    sf.side.plan({"match": {"path": "/limits$"}, "action": "fault", "code": code, "message": message})
    return sf.get("/limits")


def account(sf: Caller, **values: Any) -> Reply:
    return sf.post("/sobjects/Account", {"Name": "Catalog", **values})


def taken(sf: Caller) -> Reply:
    account(sf, QBO_Customer_Id__c="catalog-1")
    return account(sf, QBO_Customer_Id__c="catalog-1")


def against_a_rule(sf: Caller) -> Reply:
    rule = {
        "object": "Account",
        "condition": "Site = 'x'",
        "message": "Close date must be in the future",
        "field": "Site",
    }
    with switched(sf.side, validation_rules=[rule]):
        return account(sf, Site="x")


def unknown_state(sf: Caller) -> Reply:
    made = sf.side.post("orgs", {"name": "Placed", "state_picklists": True, "seed": "empty"})
    return account(
        Caller(sf.side, made["access_token"]), BillingCountry="United States", BillingState="Nowhere"
    )


def locked(sf: Caller) -> Reply:
    held = account(sf).json["id"]
    sf.side.post("locks", {"ids": [held], "times": 1})
    return sf.patch(f"/sobjects/Account/{held}", {"Site": "y"})


def deleted(sf: Caller) -> Reply:
    gone = account(sf).json["id"]
    sf.delete(f"/sobjects/Account/{gone}")
    return sf.patch(f"/sobjects/Account/{gone}", {"Site": "y"})


def read_only(sf: Caller) -> Reply:
    return planned(sf, "INSUFFICIENT_ACCESS_OR_READONLY")


def without_api(sf: Caller) -> Reply:
    with switched(sf.side, api_enabled=False):
        return sf.get("/limits")


def custom_price_first(sf: Caller) -> Reply:
    product, book = sf.make("Product2", Name="Unpriced", IsActive=True), sf.make("Pricebook2", Name="Own")
    return sf.post(
        "/sobjects/PricebookEntry",
        {"Pricebook2Id": book, "Product2Id": product, "UnitPrice": 1, "IsActive": True},
    )


PROVOKED: dict[str, Provoke] = {
    "MALFORMED_QUERY": lambda sf: sf.query("SELECT Id FROMM Account"),
    "INVALID_FIELD": lambda sf: sf.query("SELECT Id, Nope__c FROM Account"),
    "INVALID_TYPE": lambda sf: sf.query("SELECT Id FROM Nope__c"),
    "QUERY_TIMEOUT": lambda sf: planned(sf, "QUERY_TIMEOUT"),
    "INVALID_QUERY_LOCATOR": lambda sf: sf.get("/query/01gSm0100000999IAA-2000"),
    "REQUIRED_FIELD_MISSING": lambda sf: sf.post("/sobjects/Opportunity", {"Name": "x"}),
    "STRING_TOO_LONG": lambda sf: account(sf, Name="A" * 256),
    "DUPLICATE_VALUE": taken,
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": against_a_rule,
    "FIELD_INTEGRITY_EXCEPTION": unknown_state,
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": lambda sf: sf.post(
        "/sobjects/Opportunity",
        {"Name": "x", "StageName": "Prospecting", "CloseDate": "2026-12-01", "QBO_Generate__c": "Bill"},
    ),
    "INVALID_CROSS_REFERENCE_KEY": lambda sf: account(sf, ParentId="001Sm0100000ZZZ"),
    "UNABLE_TO_LOCK_ROW": locked,
    "ENTITY_IS_DELETED": deleted,
    "REQUEST_LIMIT_EXCEEDED": lambda sf: planned(sf, "REQUEST_LIMIT_EXCEEDED"),
    "STORAGE_LIMIT_EXCEEDED": lambda sf: planned(sf, "STORAGE_LIMIT_EXCEEDED"),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": lambda sf: planned(
        sf, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"
    ),
    "INSUFFICIENT_ACCESS_OR_READONLY": read_only,
    "API_DISABLED_FOR_ORG": without_api,
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": lambda sf: planned(
        sf,
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "MyTrigger: execution of BeforeInsert caused by: System.NullPointerException: ...",
    ),
    "STANDARD_PRICE_NOT_DEFINED": custom_price_first,
    "SERVER_UNAVAILABLE": lambda sf: planned(sf, "SERVER_UNAVAILABLE"),
}  # fmt: skip


def shorn(text: str) -> str:
    """A message without what depends on the record at hand: ids and repeated letters."""
    return re.sub(r"\b[a-zA-Z0-9]{15}(?:[A-Z0-9]{3})?\b|A{4,}(?:\.\.\.)?", "#", text)


def test_every_error_of_the_list_is_brought_up() -> None:
    listed = {one["body"][0]["errorCode"] for one in recorded("salesforce/errors/catalog.constructed.json")}
    assert listed == set(PROVOKED)


@pytest.mark.parametrize("code", sorted(PROVOKED))
def test_an_error_comes_with_its_status_words_and_fields(sf: Caller, code: str) -> None:
    listed = recorded("salesforce/errors/catalog.constructed.json")
    wanted = next(one for one in listed if one["body"][0]["errorCode"] == code)
    got = PROVOKED[code](sf)
    error, theirs = got.json[0], wanted["body"][0]

    assert (got.status, error["errorCode"]) == (wanted["httpStatus"], code)
    if code not in ("DUPLICATE_VALUE", "FIELD_CUSTOM_VALIDATION_EXCEPTION"):  # the field's name is ours
        assert shorn(error["message"]) == shorn(theirs["message"])
        assert error.get("fields") in (theirs.get("fields"), []) or "fields" not in theirs


# -- the token endpoint and the callback ----------------------------------------------------------------------


def without_a_user_to_run_as(side: Side) -> dict[str, str]:
    known = side.credentials()
    side.post("apps", {"client_credentials_org": 0})
    reply = Caller(side).form(
        "/services/oauth2/token",
        grant_type="client_credentials",
        client_id=known["client_id"],
        client_secret=known["client_secret"],
    )
    side.post("apps", {"client_credentials_org": 1})
    return dict(reply.json)


def inactive_user(side: Side) -> dict[str, str]:
    made = side.post("orgs", {"name": "Left", "seed": "empty"})
    Caller(side, made["access_token"]).patch(f"/sobjects/User/{made['user_id']}", {"IsActive": False})
    return dict(refresh(side, made["refresh_token"]).json)


def from_elsewhere(side: Side) -> dict[str, str]:
    token = exchange(side, authorize(side)["code"]).json["refresh_token"]
    with switched(side, ip_restricted=True):
        return dict(refresh(side, token).json)


BY_SWITCH: dict[str, Callable[[Side], dict[str, str]]] = {
    "request not supported on this domain": without_a_user_to_run_as,
    "inactive user": inactive_user,
    "ip restricted": from_elsewhere,
}


@pytest.mark.parametrize("description", sorted(BY_SWITCH))
def test_a_refusal_that_the_org_decides_is_brought_up_by_its_switch(side: Side, description: str) -> None:
    listed = [one["body"] for one in recorded("salesforce/oauth/errors.constructed.json") if "body" in one]
    wanted = next(one for one in listed if one["error_description"] == description)

    assert BY_SWITCH[description](side) == wanted
