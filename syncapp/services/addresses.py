"""Web addresses of records on both sides, and the ids in what a person pasted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from connectors.contracts import Environment, Side
from syncapp.engine.entities import traits
from syncapp.models import Connection
from syncapp.services.facts import simulator_url

_ID_PARAMETERS = ("nameid", "txnid", "id", "entityid")
_SALESFORCE_ID = re.compile(r"[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?")
_QUICKBOOKS_ID = re.compile(r"\d{1,19}")


@dataclass(frozen=True, slots=True)
class Ids:
    """Record ids found in a text: Salesforce's in the 18-character form. Empty when it names none."""

    salesforce: str = ""
    quickbooks: str = ""


def url(connection: Connection | None, object: str, remote_id: str | None) -> str:
    """Where a person opens this record; empty when there is no record or no page for its kind is known."""
    if connection is None or not remote_id:
        return ""
    side, environment = Side(connection.side), Environment(connection.environment)
    if environment is Environment.SIMULATOR and side is Side.QUICKBOOKS:
        # the stand-in's pages name the company, where the real ones take the one that is signed in
        return f"{simulator_url(side)}/app/{connection.remote_id}/{object.lower()}/{remote_id}"
    return traits(side, object).web_url(environment, connection.base_url, remote_id)


def urls(
    connections: Mapping[str, Connection | None],
    sf_object: str,
    sf_id: str | None,
    qbo_entity: str,
    qbo_id: str | None,
) -> dict[str, str]:
    """Both addresses of a pair of records, keyed `sf` and `qbo`."""
    return {
        Side.SALESFORCE.value: url(connections.get("sf"), sf_object, sf_id),
        Side.QUICKBOOKS.value: url(connections.get("qbo"), qbo_entity, qbo_id),
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
