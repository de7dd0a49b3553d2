"""The vendor's own libraries, unchanged, against the stand-in: they must not notice."""

from __future__ import annotations

import re
import warnings
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from intuitlib.exceptions import AuthClientError
from quickbooks import QuickBooks
from quickbooks.batch import batch_create
from quickbooks.cdc import change_data_capture
from quickbooks.exceptions import AuthorizationException, QuickbooksException, ValidationException
from quickbooks.objects import Customer, Invoice, Item, Payment, Ref
from quickbooks.objects.detailline import SalesItemLine, SalesItemLineDetail

from connectors.simulator.testing import Simulator
from tests.simulator.wire_client import call

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def client(small_sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A python-quickbooks client made as its documentation says, its hosts pointed here."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    known = small_sim.quickbooks.credentials()
    auth = AuthClient(
        known["client_id"],
        known["client_secret"],
        "http://127.0.0.1:9/callback",
        known["discovery_url"],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = QuickBooks(
            auth_client=auth, refresh_token=known["refresh_token"], company_id=known["realm_id"]
        )
    made.api_url_v3 = made.sandbox_api_url_v3 = f"{known['url']}/v3"
    assert auth.access_token
    return made


def test_the_oauth_library_connects_identifies_refreshes_and_revokes(small_sim: Simulator) -> None:
    known = small_sim.quickbooks.credentials()
    auth = AuthClient(
        known["client_id"], known["client_secret"], "http://127.0.0.1:9/callback", known["discovery_url"]
    )
    page = call(auth.get_authorization_url([Scopes.ACCOUNTING, Scopes.OPENID, Scopes.EMAIL], "st"))
    hidden = re.search(r'name="request" value="([^"]+)"', page.body.decode())
    assert hidden is not None
    back = call(
        f"{known['url']}/connect/oauth2",
        "POST",
        urlencode({"request": hidden[1], "realm": known["realm_id"]}),
        {"Content-Type": "application/x-www-form-urlencoded"},
    )
    answer = {name: values[0] for name, values in parse_qs(urlsplit(back.headers["location"]).query).items()}
    auth.get_bearer_token(answer["code"], realm_id=answer["realmId"])
    assert auth.id_token is not None  # the library checked its signature against the published key
    assert auth.get_user_info().json()["emailVerified"] is True
    before = auth.access_token
    auth.refresh()
    assert auth.access_token != before
    assert auth.revoke() is True
    with pytest.raises(AuthClientError):
        auth.refresh()


def test_customers_are_saved_found_counted_and_refused(client: Any) -> None:
    customer = Customer()
    customer.DisplayName = "Made by the library"
    customer.save(qb=client)
    found = Customer.filter(DisplayName="Made by the library", qb=client)
    assert [row.Id for row in found] == [customer.Id]
    assert Customer.count("Active = true", qb=client) > 20
    assert len(Customer.all(qb=client)) > 20
    again = Customer()
    again.DisplayName = "Made by the library"
    with pytest.raises(QuickbooksException) as refused:
        again.save(qb=client)
    assert refused.value.error_code == 6240


def test_an_object_read_changed_and_saved_in_full_keeps_what_it_had(client: Any) -> None:
    customer = Customer.get(5, qb=client)
    customer.Notes = "changed"
    saved = customer.save(qb=client)
    assert (saved.SyncToken, saved.Notes, saved.BillAddr.City) == ("1", "changed", "Tucson")
    with pytest.raises(QuickbooksException) as stale:
        customer.save(qb=client)
    assert stale.value.error_code == 5010


def test_a_new_invoice_with_the_librarys_defaults_is_taken_paid_and_voided(client: Any) -> None:
    invoice = Invoice()
    line = SalesItemLine()
    line.Amount = 30
    line.SalesItemLineDetail = SalesItemLineDetail()
    line.SalesItemLineDetail.ItemRef = Ref()
    line.SalesItemLineDetail.ItemRef.value = Item.all(qb=client)[0].Id
    line.SalesItemLineDetail.Qty = 2
    line.SalesItemLineDetail.UnitPrice = 15
    invoice.Line.append(line)
    invoice.CustomerRef = Ref()
    invoice.CustomerRef.value = "2"
    saved = invoice.save(qb=client)
    assert float(saved.TotalAmt) == 30
    payment = Payment()
    payment.CustomerRef = invoice.CustomerRef
    payment.TotalAmt = 30
    paid = payment.save(qb=client)
    assert float(paid.UnappliedAmt) == 30
    assert Invoice.get(saved.Id, qb=client).download_pdf(qb=client).startswith(b"%PDF")
    saved.void(qb=client)
    assert float(Invoice.get(saved.Id, qb=client).TotalAmt) == 0


def test_batches_and_changes_come_through(client: Any) -> None:
    made = []
    for number in range(35):
        customer = Customer()
        customer.DisplayName = f"Batch by library {number}"
        made.append(customer)
    results = batch_create(made, qb=client)
    assert (len(results.successes), results.faults) == (35, [])
    changed = change_data_capture([Customer], "2026-11-01T00:00:00-08:00", qb=client)
    assert len(changed.Customer) >= 35


def test_errors_arrive_in_the_librarys_own_kinds(client: Any) -> None:
    with pytest.raises(QuickbooksException):
        Customer.get(987654, qb=client)
    with pytest.raises(ValidationException):
        Customer.where("NoSuchField = '1'", qb=client)
    client.session.access_token = "dead"
    with pytest.raises(AuthorizationException):
        Customer.get(1, qb=client)
