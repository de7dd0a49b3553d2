"""Web addresses of records on both sides, and the ids in what a person pasted.

Salesforce answers `<instance>/<id>` by opening the record. QuickBooks has one page per kind of record; the address of
an invoice is documented (reference product 5.8), those of names are the ones its own pages show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlsplit

from django.conf import settings

from connectors.contracts import Environment, Side
from syncapp.models import Connection

_QUICKBOOKS_HOSTS = {
    Environment.PRODUCTION: "https://app.qbo.intuit.com",
    Environment.SANDBOX: "https://app.sandbox.qbo.intuit.com",
}
_QUICKBOOKS_PAGES = {
    "Customer": "/app/customerdetail?nameId={id}",
    "Vendor": "/app/vendordetail?nameId={id}",
    "Invoice": "/app/invoice?txnId={id}",
    "Estimate": "/app/estimate?txnId={id}",
    "SalesReceipt": "/app/salesreceipt?txnId={id}",
    "CreditMemo": "/app/creditmemo?txnId={id}",
    "Payment": "/app/recvpayment?txnId={id}",
}
_ID_PARAMETERS = ("nameid", "txnid", "id", "entityid")
_SALESFORCE_ID = re.compile(r"[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?")
_QUICKBOOKS_ID = re.compile(r"\d{1,19}")


@dataclass(frozen=True, slots=True)
class Ids:
    """Record ids found in a text: Salesforce's in the 18-character form. Empty when it names none."""

    salesforce: str = ""
    quickbooks: str = ""


def salesforce_url(connection: Connection | None, object: str, remote_id: str | None) -> str:
    """Where a person opens this Salesforce record; empty when there is no record or no known address."""
    if connection is None or not remote_id:
        return ""
    if connection.environment == Environment.SIMULATOR:
        return _simulator_page(settings.SIM_SALESFORCE_URL, connection.remote_id, object, remote_id)
    return f"{connection.base_url.rstrip('/')}/{quote(remote_id)}" if connection.base_url else ""


def quickbooks_url(connection: Connection | None, entity: str, remote_id: str | None) -> str:
    """Where a person opens this QuickBooks record; empty when there is no record or no page for its kind."""
    if connection is None or not remote_id:
        return ""
    if connection.environment == Environment.SIMULATOR:
        return _simulator_page(settings.SIM_QUICKBOOKS_URL, connection.remote_id, entity, remote_id)
    page = _QUICKBOOKS_PAGES.get(entity)
    host = _QUICKBOOKS_HOSTS.get(Environment(connection.environment))
    return host + page.format(id=quote(remote_id)) if page and host else ""


def _simulator_page(origin: str, owner: str, object: str, remote_id: str) -> str:
    return f"{origin}/_web/{quote(owner)}/{quote(object)}/{quote(remote_id)}" if origin else ""


def urls(
    connections: Mapping[str, Connection | None],
    sf_object: str,
    sf_id: str | None,
    qbo_entity: str,
    qbo_id: str | None,
) -> dict[str, str]:
    """Both addresses of a pair of records, keyed `sf` and `qbo`."""
    return {
        Side.SALESFORCE.value: salesforce_url(connections.get("sf"), sf_object, sf_id),
        Side.QUICKBOOKS.value: quickbooks_url(connections.get("qbo"), qbo_entity, qbo_id),
    }


def ids_in(text: str) -> Ids:
    """The record ids that a person typed or pasted: a bare id of either side, or the address of a record's page."""
    text = text.strip()
    if "://" in text:
        return _ids_in_address(text)
    if _QUICKBOOKS_ID.fullmatch(text):
        # fifteen or more digits may be either side's
        return Ids(salesforce=_as_salesforce(text), quickbooks=text)
    return Ids(salesforce=_as_salesforce(text))


def _ids_in_address(address: str) -> Ids:
    for word in _words_of(address):
        if _QUICKBOOKS_ID.fullmatch(word):
            return Ids(quickbooks=word)
        found = _as_salesforce(word)
        if found:
            return Ids(salesforce=found)
    return Ids()


def _words_of(address: str) -> Iterator[str]:
    """The parts of an address that may be an id, likeliest first: named parameters, then the path from its end."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return
    fragment = urlsplit(parts.fragment)
    for query in (parts.query, fragment.query):
        for name, value in parse_qsl(query):
            if name.lower() in _ID_PARAMETERS:
                yield value.strip()
    for path in (fragment.path, parts.path):
        yield from (word for word in reversed(path.split("/")) if word)


def _as_salesforce(text: str) -> str:
    """The 18-character form of a Salesforce id, with its check letters right; empty when it is none."""
    if not _SALESFORCE_ID.fullmatch(text) or not any(letter.isdigit() for letter in text[:3]):
        return ""
    return text[:15] + _check_letters(text[:15])


def _check_letters(short: str) -> str:
    """One letter per five characters: bit n is set where the n-th of the five is a capital (reference salesforce)."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    return "".join(
        letters[sum(1 << place for place, letter in enumerate(short[start : start + 5]) if letter.isupper())]
        for start in (0, 5, 10)
    )
