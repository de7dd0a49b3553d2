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
from quickbooks.batch import batch_create, batch_delete, batch_update
from quickbooks.cdc import change_data_capture
from quickbooks.exceptions import AuthorizationException, QuickbooksException, ValidationException
from quickbooks.objects import (
    Account,
    Attachable,
    AttachableRef,
    Bill,
    BillPayment,
    Class,
    CompanyInfo,
    CreditMemo,
    Customer,
    Department,
    Deposit,
    Employee,
    Estimate,
    Invoice,
    Item,
    JournalEntry,
    Payment,
    PaymentMethod,
    Preferences,
    Purchase,
    PurchaseOrder,
    Ref,
    RefundReceipt,
    SalesReceipt,
    TaxAgency,
    TaxCode,
    TaxRate,
    TaxRateDetails,
    TaxService,
    Term,
    TimeActivity,
    Transfer,
    Vendor,
    VendorCredit,
)
from quickbooks.objects.companycurrency import CompanyCurrency
from quickbooks.objects.customertype import CustomerType
from quickbooks.objects.detailline import SalesItemLine, SalesItemLineDetail
from quickbooks.objects.exchangerate import ExchangeRate

from connectors.simulator.testing import Simulator
from tests.simulator.quickbooks.receiver import endpoint_for, subscribe
from tests.simulator.wire_client import call

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def client_of(sim: Simulator, company: int) -> Any:
    """A python-quickbooks client made as its documentation says, its hosts pointed here."""
    known = sim.quickbooks.credentials()
    chosen = known["all"][company]
    auth = AuthClient(
        known["client_id"],
        known["client_secret"],
        "http://127.0.0.1:9/callback",
        known["discovery_url"],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = QuickBooks(
            auth_client=auth, refresh_token=chosen["refresh_token"], company_id=chosen["realm_id"]
        )
    made.api_url_v3 = made.sandbox_api_url_v3 = f"{known['url']}/v3"
    assert auth.access_token
    return made


@pytest.fixture
def client(small_sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    return client_of(small_sim, 0)


@pytest.fixture
def canadian(small_sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same for the company with several currencies."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    return client_of(small_sim, 2)


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


#: Minimal bodies of what the seed has none of, as the library would send them.
_EXPENSE = {"DetailType": "AccountBasedExpenseLineDetail", "Amount": 5,
            "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}}}  # fmt: skip
_ORDERED = {"DetailType": "ItemBasedExpenseLineDetail", "Amount": 5,
            "ItemBasedExpenseLineDetail": {"ItemRef": {"value": "1"}, "Qty": 1, "UnitPrice": 5}}  # fmt: skip
_SOLD = {"DetailType": "SalesItemLineDetail", "Amount": 5,
         "SalesItemLineDetail": {"ItemRef": {"value": "1"}, "Qty": 1, "UnitPrice": 5}}  # fmt: skip
_EARNED = {"DetailType": "DepositLineDetail", "Amount": 5,
           "DepositLineDetail": {"AccountRef": {"value": "1"}}}  # fmt: skip


def _posted(kind: str) -> dict[str, Any]:
    detail = {"PostingType": kind, "AccountRef": {"value": "7"}}
    return {"DetailType": "JournalEntryLineDetail", "Amount": 5, "JournalEntryLineDetail": detail}


BODIES: dict[type, dict[str, Any]] = {
    Bill: {"VendorRef": "vendor", "Line": [_EXPENSE]},
    VendorCredit: {"VendorRef": "vendor", "Line": [_EXPENSE]},
    Purchase: {"PaymentType": "Cash", "AccountRef": {"value": "35"}, "Line": [_EXPENSE]},
    PurchaseOrder: {"VendorRef": "vendor", "APAccountRef": {"value": "33"}, "Line": [_ORDERED]},
    Transfer: {"FromAccountRef": {"value": "35"}, "ToAccountRef": {"value": "36"}, "Amount": 5},
    JournalEntry: {"Line": [_posted("Debit"), _posted("Credit")]},
    Deposit: {"DepositToAccountRef": {"value": "35"}, "Line": [_EARNED]},
    RefundReceipt: {"CustomerRef": {"value": "1"}, "DepositToAccountRef": {"value": "35"}, "Line": [_SOLD]},
    TimeActivity: {
        "NameOf": "Employee",
        "EmployeeRef": "employee",
        "Hours": 1,
        "Minutes": 5,
        "TxnDate": "2026-11-01",
    },
    SalesReceipt: {"CustomerRef": {"value": "1"}, "Line": [_SOLD]},
    CreditMemo: {"CustomerRef": {"value": "1"}, "Line": [_SOLD]},
    Estimate: {"CustomerRef": {"value": "1"}, "Line": [_SOLD]},
}


@pytest.mark.parametrize("kind", BODIES, ids=lambda kind: kind.__name__)
def test_transactions_of_every_kind_are_made_read_saved_and_deleted(client: Any, kind: Any) -> None:
    body = dict(BODIES[kind])
    if body.get("VendorRef"):
        body["VendorRef"] = {"value": Vendor.all(qb=client)[0].Id}
    if body.get("EmployeeRef"):
        body["EmployeeRef"] = {"value": Employee.all(qb=client)[0].Id}
    before = kind.count(qb=client)
    made = kind.from_json(body).save(qb=client)

    assert kind.count(qb=client) == before + 1
    assert [one.Id for one in kind.choose([made.Id], qb=client)] == [made.Id]
    again = kind.get(made.Id, qb=client)
    setattr(again, "Description" if kind is TimeActivity else "PrivateNote", "by the library")
    saved = again.save(qb=client)
    assert int(saved.SyncToken) >= int(made.SyncToken)
    saved.delete(qb=client)
    assert kind.count(qb=client) == before


def test_a_bill_is_paid_and_the_payment_voided(client: Any) -> None:
    vendor = {"value": Vendor.all(qb=client)[0].Id}
    bill = Bill.from_json({**BODIES[Bill], "VendorRef": vendor}).save(qb=client)
    line = {"Amount": 5, "LinkedTxn": [{"TxnId": bill.Id, "TxnType": "Bill"}]}
    check = {"BankAccountRef": {"value": "35"}}
    paid = BillPayment.from_json(
        {"VendorRef": vendor, "TotalAmt": 5, "PayType": "Check", "CheckPayment": check, "Line": [line]}
    ).save(qb=client)

    paid.void(qb=client)
    assert float(BillPayment.get(paid.Id, qb=client).TotalAmt) == 0


@pytest.mark.parametrize("kind", [Payment, SalesReceipt], ids=lambda kind: kind.__name__)
def test_money_taken_is_voided_the_way_the_library_does_it(client: Any, kind: Any) -> None:
    body = BODIES.get(kind) or {"CustomerRef": {"value": "1"}, "TotalAmt": 5}
    made = kind.from_json(body).save(qb=client)

    made.void(qb=client)
    assert float(kind.get(made.Id, qb=client).TotalAmt) == 0


_LISTS = (Account, Class, CompanyInfo, Customer, CustomerType, Department, Employee, Invoice, Item, PaymentMethod,
          TaxAgency, TaxCode, TaxRate, Term, Vendor)  # fmt: skip


@pytest.mark.parametrize("kind", _LISTS, ids=lambda kind: kind.__name__)
def test_lists_of_every_kind_are_paged_counted_and_read_one_by_one(client: Any, kind: Any) -> None:
    first = kind.all(max_results=1, qb=client)[0]

    assert kind.count(qb=client) >= 1
    assert kind.get(first.Id, qb=client).Id == first.Id
    assert kind.where(f"Id = '{first.Id}'", start_position=1, max_results=1, qb=client)[0].Id == first.Id


@pytest.mark.parametrize("kind", [Account, Class, Department, Employee, Item, PaymentMethod, Term, Vendor],
                         ids=lambda kind: kind.__name__)  # fmt: skip
def test_list_records_read_and_saved_unchanged_are_accepted(client: Any, kind: Any) -> None:
    first = kind.all(max_results=1, qb=client)[0]

    assert kind.get(first.Id, qb=client).save(qb=client).Id == first.Id


def test_preferences_are_read_and_saved_whole(client: Any) -> None:
    preferences = Preferences.get(qb=client)

    assert preferences.save(qb=client).SalesFormsPrefs.AllowDiscount is not None


def test_documents_are_sent_and_files_attached(client: Any) -> None:
    invoice = Invoice.all(max_results=1, qb=client)[0]
    sent = invoice.send(qb=client, send_to="someone@example.com")
    assert sent["Invoice"]["EmailStatus"] == "EmailSent"

    file = Attachable()
    file.FileName, file.ContentType, file._FileBytes = "terms.txt", "text/plain", b"thirty days"
    target = AttachableRef()
    target.EntityRef = Ref()
    target.EntityRef.type, target.EntityRef.value = "Invoice", invoice.Id
    file.AttachableRef.append(target)
    kept = file.save(qb=client)
    assert (kept.FileName, kept.AttachableRef[0].EntityRef.value) == ("terms.txt", invoice.Id)
    note = Attachable()
    note.Note = "call first"
    note = note.save(qb=client)
    assert Attachable.get(note.Id, qb=client).Note == "call first"
    note.delete(qb=client)
    assert Attachable.filter(Id=note.Id, qb=client) == []


def test_a_tax_code_is_made_through_the_tax_service(client: Any) -> None:
    service = TaxService()
    service.TaxCode = "By the library"
    rate = TaxRateDetails()
    rate.TaxRateName, rate.RateValue, rate.TaxAgencyId = "Library rate", 7, TaxAgency.all(qb=client)[0].Id
    service.TaxRateDetails.append(rate)
    body = client.create_object("TaxService/Taxcode", service.to_json())

    assert body["TaxCode"] == "By the library"
    assert TaxCode.get(body["TaxCodeId"], qb=client).Name == "By the library"


def test_batches_update_and_delete_too(client: Any) -> None:
    estimates = batch_create([Estimate.from_json(BODIES[Estimate]) for _ in range(3)], qb=client).successes
    for one in estimates:
        one.PrivateNote = "batched"
    changed = batch_update(estimates, qb=client)
    assert ([one.PrivateNote for one in changed.successes], changed.faults) == (["batched"] * 3, [])
    gone = batch_delete(changed.successes, qb=client)
    assert ([one.status for one in gone.successes], gone.faults) == (["Deleted"] * 3, [])


@pytest.mark.parametrize(
    "report",
    ["CustomerBalance", "CustomerBalanceDetail", "TransactionList", "ProfitAndLoss", "AgedReceivables"],
)
def test_reports_come_through(client: Any, report: str) -> None:
    found = client.get_report(report, {"start_date": "2026-01-01", "end_date": "2026-12-31"})

    assert (found["Header"]["ReportName"], set(found)) == (report, {"Header", "Columns", "Rows"})


def test_a_request_id_given_to_the_library_makes_one_record_only(client: Any) -> None:
    ids = {
        SalesReceipt.from_json(BODIES[SalesReceipt]).save(qb=client, request_id="library-1").Id
        for _ in range(2)
    }

    assert len(ids) == 1


def test_currencies_and_their_rates_are_listed_and_set(canadian: Any) -> None:
    assert {"USD", "EUR"} <= {one.Code for one in CompanyCurrency.all(qb=canadian)}
    rate = ExchangeRate.filter(SourceCurrencyCode="EUR", qb=canadian)[0]
    rate.Rate = 1.5
    assert rate.save(qb=canadian).Rate == 1.5
    assert ExchangeRate.filter(SourceCurrencyCode="EUR", qb=canadian)[0].Rate == 1.5


def test_webhooks_pass_the_librarys_own_check(small_sim: Simulator, client: Any) -> None:
    with endpoint_for() as endpoint:
        subscribe(small_sim, endpoint, format="legacy")
        Customer.from_json({"DisplayName": "Told to the library"}).save(qb=client)
        endpoint.wait(1)
    verifier = small_sim.quickbooks.credentials()["webhook_verifier_token"]
    headers, body = endpoint.deliveries[0]
    signature = headers["intuit-signature"]

    assert client.validate_webhook_signature(body.decode(), signature, verifier) is True
    assert client.validate_webhook_signature(f"{body.decode()} ", signature, verifier) is False
