"""From a connection's facts to its client."""

from __future__ import annotations

import pytest

from connectors.contracts import ConnectionFacts, Environment, Priority, Side
from connectors.http import CallError
from connectors.quickbooks.client import QuickBooksClient
from connectors.registry import base_url, client_for
from connectors.salesforce.client import SalesforceClient
from tests.connectors.builders import Meter, Slots, Vault, facts


@pytest.mark.parametrize(
    ("side", "kind"), [(Side.SALESFORCE, SalesforceClient), (Side.QUICKBOOKS, QuickBooksClient)]
)
def test_each_side_has_its_client_in_the_class_of_work_asked_for(side: Side, kind: type) -> None:
    client = client_for(
        facts(side), Vault("http://127.0.0.1:1", ["t"]), Slots(), Meter(), priority=Priority.BULK
    )
    assert isinstance(client, kind)
    assert (client.side, client.priority) == (side, Priority.BULK)


@pytest.mark.parametrize(
    ("side", "environment", "url"),
    [
        (Side.SALESFORCE, Environment.PRODUCTION, "https://acme.my.salesforce.com"),
        (Side.QUICKBOOKS, Environment.PRODUCTION, "https://quickbooks.api.intuit.com"),
        (Side.QUICKBOOKS, Environment.SANDBOX, "https://sandbox-quickbooks.api.intuit.com"),
        (Side.QUICKBOOKS, Environment.SIMULATOR, "http://127.0.0.1:8802"),
    ],
)
def test_calls_go_to_the_environments_own_server(side: Side, environment: Environment, url: str) -> None:
    known = ConnectionFacts(side, environment, simulator_url="http://127.0.0.1:8802/")
    assert base_url(known, "https://acme.my.salesforce.com") == url


def test_a_simulator_elsewhere_is_not_called() -> None:
    with pytest.raises(CallError, match="host_not_allowed"):
        base_url(
            ConnectionFacts(Side.QUICKBOOKS, Environment.SIMULATOR, simulator_url="http://10.0.0.1:8802")
        )
