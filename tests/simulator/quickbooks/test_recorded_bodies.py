"""Every recorded body is replayed somewhere in this folder, or listed here with the reason why not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.simulator.quickbooks.definitions import ENTITIES
from connectors.simulator.testing import Simulator, simulator
from tests.shared import recorded, reference
from tests.simulator.wire_client import Books

_ELSEWHERE = "not an answer of this stand-in's kind of company: "
NOT_REPLAYED = {
    "README.md": "the index of the folder",
    "attachable.query.json": "rows cut down by the documentation; queried by reference in test_services",
    "fault.400_10000_system.json": "only by plan: the stand-in has no failure of its own to show",
    "fault.400_6240_duplicate_name_2014.json": "older wording of fault.400_6240_duplicate_name.json",
    "fault.403_3100_authorization.json": "constructed from the recorded 401, whose shape is replayed",
    "fault.429_3001_throttle_as_json.json": "a JSON spelling of a body that was recorded as XML, which is what we send",
    "fault.two_errors.json": "fields of another product; several errors in one fault are provoked on customers",
    "invoice.discount_shipping_deposit_sent.json": "rewritten sample; its arithmetic is replayed in test_sales",
    "invoice.void_doc.json": "upper-case spellings of an older server; the 2022 recording is replayed",
    "recurringtransaction.delete.json": _ELSEWHERE + "recurring templates are not served",
    "report.general_ledger.json": _ELSEWHERE + "needs postings, which the stand-in does not keep",
}

# Files whose records are posted one by one: the answer must have the same members, types and values.
CREATED = {
    "account.query.json": "account",
    "account.read.json": "account",
    "attachable.note.create.response.json": "attachable",
    "class.query.json": "class",
    "class.read.json": "class",
    "creditmemo.create.response.json": "creditmemo",
    "creditmemo.read.json": "creditmemo",
    "customer.query_escaped_quote.json": "customer",
    "customer.query_doc.json": "customer",
    "customer.query_page.json": "customer",
    "customer.read.json": "customer",
    "customer.read_2024.json": "customer",
    "customer.sparse_update.response.json": "customer",
    "department.query.json": "department",
    "department.read.json": "department",
    "employee.query_with_inactive.json": "employee",
    "employee.read.json": "employee",
    "estimate.read.json": "estimate",
    "invoice.create_doc.response.json": "invoice",
    "invoice.create_customfield_multicurrency_company_2024.json": "invoice",
    "invoice.percent_discount.json": "invoice",
    "invoice.query.json": "invoice",
    "invoice.read_2020.json": "invoice",
    "invoice.read_2024.json": "invoice",
    "item.category.create.response.json": "item",
    "item.create.json": "item",
    "item.inventory.read.json": "item",
    "item.noninventory.read.json": "item",
    "item.query.json": "item",
    "item.read.json": "item",
    "item.service.create.response.json": "item",
    "item.update.json": "item",
    "journalentry.read.json": "journalentry",
    "payment.read_with_lineex.json": "payment",
    "paymentmethod.query.json": "paymentmethod",
    "refundreceipt.read.json": "refundreceipt",
    "refundreceipt.sent.json": "refundreceipt",
    "salesreceipt.create.json": "salesreceipt",
    "salesreceipt.query.json": "salesreceipt",
    "salesreceipt.read.json": "salesreceipt",
    "salesreceipt.read_doc.json": "salesreceipt",
    "term.query.json": "term",
    "vendor.query_ampersand.json": "vendor",
    "vendor.query_with_inactive.json": "vendor",
    "vendor.read.json": "vendor",
    "invoice.multicurrency.json": "invoice",
    "invoice.bundle_discount_taxinclusive.json": "invoice",
}
# Files whose records are compared by member names with what the seeded books hold.
SEEDED = {
    "companycurrency.query.json": (2, "select * from CompanyCurrency"),
    "customertype.query.json": (0, "select * from CustomerType"),
    "taxagency.query.json": (0, "select * from TaxAgency"),
    "taxcode.query.json": (0, "select * from TaxCode"),
    "taxrate.query.json": (0, "select * from TaxRate"),
}
_SYSTEM = {"Id", "SyncToken", "MetaData", "domain", "sparse", "status"}
# Members of recordings that depend on what happened to the record before, or on addresses that were geocoded.
_HISTORY = {
    "Balance", "BalanceWithJobs", "RemainingCredit", "OpenBalance", "Lat", "Long",
    "LinkedTxn", "V4IDPseudonym", "DocNumber", "TotalAmt", "UnappliedAmt", "HomeTotalAmt",
    "HomeBalance", "TxnTaxDetail", "EmailStatus", "DeliveryInfo", "FreeFormAddress", "CurrentBalance",
    "CurrentBalanceWithSubAccounts", "InvoiceLink", "RecurDataRef", "Deposit", "CustomField", "ProjectRef",
    "TaxExemptionRef", "ShipFromAddr", "ExchangeRate", "GlobalTaxCalculation", "CurrencyRef", "QtyOnHand",
    "SSN", "Organization", "DefaultTaxCodeRef", "ApplyTaxAfterDiscount",
}  # fmt: skip


@pytest.fixture(scope="module")
def fresh() -> Iterator[Simulator]:
    with simulator(only="quickbooks", seed="empty") as running:
        yield running


def _records(name: str) -> list[dict[str, Any]]:
    """The records in a recorded answer."""
    body = recorded(f"quickbooks/{name}")
    if "QueryResponse" in body:
        return next(rows for rows in body["QueryResponse"].values() if isinstance(rows, list))  # type: ignore[no-any-return]
    return [next(value for key, value in body.items() if key != "time")]


def _sendable(value: Any, numbers: dict[str, str]) -> Any:
    """A recorded value with its references pointed at records that exist here."""
    if isinstance(value, list):
        return [_sendable(item, numbers) for item in value if item.get("DetailType") != "SubTotalLineDetail"]
    if not isinstance(value, dict):
        return value
    made = {}
    for name, item in value.items():
        if name in ("LinkedTxn", "Lat", "Long", "LineEx", "ItemAccountRef", "TaxClassificationRef"):
            continue
        if (
            isinstance(item, dict)
            and "value" in item
            and name in numbers
            and item["value"] != "SHIPPING_ITEM_ID"
        ):
            made[name] = {"value": numbers[name]}
        else:
            made[name] = _sendable(item, numbers)
    return made


def _types(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | Decimal):
        return "number"
    return type(value).__name__


def _payload(path: str, record: dict[str, Any], number: int) -> dict[str, Any]:
    references = {
        "CustomerRef": "1", "ItemRef": "1", "GroupItemRef": "1", "DepositToAccountRef": "35", "AccountRef": "35",
        "DiscountAccountRef": "86", "PaymentMethodRef": "1", "IncomeAccountRef": "79", "ExpenseAccountRef": "80",
        "TermRef": "3", "SalesTermRef": "3", "PrefVendorRef": "2", "EntityRef": "", "AssetAccountRef": "81",
    }  # fmt: skip
    entity = ENTITIES[path]
    dropped = _SYSTEM | {
        "ParentRef",
        "Job",
        "Level",
        "SubClass",
        "SubDepartment",
        "DocNumber",
        "AttachableRef",
    }
    dropped |= {
        "DefaultTaxCodeRef",
        "TxnTaxDetail",
        "CustomField",
        "RecurDataRef",
        "DeliveryInfo",
        "CurrencyRef",
    }
    dropped |= {"EmailStatus", "ExchangeRate", "GlobalTaxCalculation"}
    kept = {name: value for name, value in record.items() if name not in dropped}
    payload: dict[str, Any] = _sendable(kept, references)
    if entity.name_field and entity.kind == "list":
        suffix = f" r{number}"
        payload[entity.name_field] = (
            record[entity.name_field].replace(" (deleted)", "")[: 31 - len(suffix)] + suffix
        )
    payload.pop("Active", None)
    if path == "payment":
        payload.pop("Line")
    if path in ("invoice", "salesreceipt"):
        payload["Line"] = [
            part for line in payload["Line"] for part in line.get("GroupLineDetail", {}).get("Line", [line])
        ]
    for line in payload.get("Line", []):
        detail = line.get("SalesItemLineDetail") or {}
        if detail.get("TaxCodeRef", {}).get("value") not in ("TAX", "NON", None):
            detail["TaxCodeRef"] = {"value": "NON"}
    return payload


def test_every_recorded_body_is_replayed_or_has_a_reason() -> None:
    files = {path.name for path in reference("quickbooks").iterdir()}
    sources = "".join(
        path.read_text()
        for path in Path(__file__).parent.glob("test_*.py")
        if path.name != Path(__file__).name
    )
    sources += Path(__file__).read_text().partition("NOT_REPLAYED = {")[2].partition("\n}\n")[2]
    named = set(re.findall(r"[\"'/]([a-z_0-9.A-Z]+\.json)\b", sources))
    named |= {f"{name}.json" for name in re.findall(r"\"(fault\.[\w]+)\"", sources)}
    replayed = files & named
    assert files - replayed - set(NOT_REPLAYED) == set()
    assert set(NOT_REPLAYED) & replayed == set()
    assert set(NOT_REPLAYED) - files == set()
    assert len(replayed) > 10 * len(NOT_REPLAYED)


@pytest.mark.parametrize(("name", "path"), sorted(CREATED.items()))
def test_a_recorded_record_sent_again_comes_back_with_its_members_types_and_values(
    fresh: Simulator, name: str, path: str
) -> None:
    books = Books.of(fresh)
    if not books.rows("select * from Customer where Id = '1'"):
        books.post("customer", {"DisplayName": "Bearer of references"})
        books.post("vendor", {"DisplayName": "Supplier of references"})
    fresh.quickbooks.post("knobs", {"duplicate_docnumbers": "allow"})
    for number, record in enumerate(_records(name)):
        payload = _payload(path, record, sum(map(ord, name)) * 100 + number)
        got = books.call("POST", path, json.dumps(payload, default=float))
        assert got.status == 200, (payload, got.body)
        made = next(value for key, value in got.json.items() if key != "time")
        known = set(record) - _HISTORY - {"ParentRef", "Level", "status", "AttachableRef", "IsProject"}
        assert known - set(made) == set()
        for member in set(record) & set(made):
            assert _types(record[member]) == _types(made[member]), member
        for member in set(payload) & set(record) - _HISTORY - {"Line", "PrintStatus"}:
            if not isinstance(record[member], dict | list) and member not in (
                ENTITIES[path].name_field,
                "FullyQualifiedName",
                "PrintOnCheckName",
                "TaxIdentifier",
                "DisplayName",
                "AllowOnlinePayment",
                "AllowIPNPayment",
            ):
                assert made[member] == record[member], member


@pytest.mark.parametrize(("name", "where"), sorted(SEEDED.items()))
def test_seeded_lists_have_the_recorded_members(fresh: Simulator, name: str, where: tuple[int, str]) -> None:
    rows = Books.of(fresh, where[0]).rows(where[1])
    theirs = [set(record) for record in _records(name)]
    assert {frozenset(keys) for keys in theirs} <= {frozenset(row) for row in rows}


@pytest.mark.parametrize("path", sorted(ENTITIES))
def test_the_schema_of_the_vendor_names_no_member_that_we_would_refuse(path: str) -> None:
    entity = ENTITIES[path]
    schema = json.loads(reference("schemas/qbo_schema.json").read_text())["entities"][entity.name]["fields"]
    ours = set(entity.fields)
    internal = {
        name for name, field in schema.items() if field.get("internal") or field.get("product") == "QBW"
    }
    if entity.name != "TaxAgency":  # the schema gives it every member of a vendor
        assert {name for name in schema if name not in internal} - ours == set()


def test_answers_stay_within_the_shapes_seen(fresh: Simulator) -> None:
    shapes = json.loads(reference("schemas/qbo_shapes.json").read_text())["entities"]
    books = Books.of(fresh)
    for name, shape in shapes.items():
        entity = ENTITIES.get(name.lower())
        if entity is None or "query" not in entity.operations:
            continue
        for row in books.rows(f"select * from {name} maxresults 20"):
            for key, value in row.items():
                seen = shape["keys"].get(key)
                if seen:
                    kind = {
                        "number": "number",
                        "bool": "boolean",
                        "str": "string",
                        "list": "list",
                        "dict": "object",
                    }
                    assert kind[_types(value)] in seen[1], (name, key, value)


def test_a_query_without_rows_and_a_count_are_as_recorded(fresh: Simulator) -> None:
    books = Books.of(fresh)
    for name, statement in (
        ("query.empty_page.json", "select * from Bill"),
        ("query.count.json", "select count(*) from Term"),
        ("query.count_with_inactive.json", "select count(*) from Term where Active in (true, false)"),
    ):
        body = recorded(f"quickbooks/{name}")
        mine = books.query(statement).json
        assert set(mine) == set(body)
        assert set(mine["QueryResponse"]) == set(body["QueryResponse"])


def test_a_short_last_page_says_how_many_rows_it_has(fresh: Simulator) -> None:
    shape = recorded("quickbooks/query.page_6_of_6.json")["QueryResponse"]
    mine = (
        Books.of(fresh).query("select * from Customertype startposition 2 maxresults 5").json["QueryResponse"]
    )
    assert (set(mine) - {"CustomerType"}, mine["maxResults"]) == (
        set(shape) - {"Vendor"},
        shape["maxResults"],
    )


def test_deactivating_and_deleting_answer_as_recorded(fresh: Simulator) -> None:
    books = Books.of(fresh)
    shape = recorded("quickbooks/account.deactivate.response.json")["Account"]
    sent = recorded("quickbooks/account.deactivate.request.json")
    account = books.post("account", {"Name": "Fees to close", "AccountType": "Income"})
    gone = books.post("account", {**sent, "Id": account["Id"], "SyncToken": "0", "Name": "Fees to close"})
    assert gone["Name"] == gone["FullyQualifiedName"] == "Fees to close (deleted)"
    assert set(shape) <= set(gone)
    employee = books.post("employee", {"GivenName": "Emily", "FamilyName": "Gone"})
    off = recorded("quickbooks/employee.deactivate.request.json") | {"Id": employee["Id"], "SyncToken": "0"}
    first = books.post("employee", off)
    second = books.post("employee", off | {"SyncToken": first["SyncToken"]})
    assert (first["DisplayName"], second) == ("Emily Gone (deleted)", first)
    customer = books.post("customer", {"DisplayName": "Thrifty"})
    inactive = books.change("customer", customer, Active=False)
    theirs = recorded("quickbooks/customer.deactivated.json")["Customer"]
    for body in (inactive, theirs):
        assert body["DisplayName"].endswith(" (deleted)")
        assert body["Active"] is False
    for path, record, name in (
        ("attachable", {"Note": "x"}, "attachable.delete.response.json"),
        ("payment", {"CustomerRef": {"value": customer["Id"]}, "TotalAmt": 1}, "delete.payment.json"),
    ):
        if path == "payment":
            record["CustomerRef"] = {"value": books.post("customer", {"DisplayName": "Payer"})["Id"]}
        made = books.post(path, record)
        stub = books.call("POST", f"{path}?operation=delete", {"Id": made["Id"], "SyncToken": "0"}).json
        theirs = recorded(f"quickbooks/{name}")
        entity = ENTITIES[path].name
        assert {**stub[entity], "Id": ""} == {**theirs[entity], "Id": ""}


def test_requests_of_the_reference_are_accepted(fresh: Simulator) -> None:
    books = Books.of(fresh)
    exempt = books.post("customer", {"DisplayName": "Sends the reference's requests", "Taxable": False})
    customer = {"CustomerRef": {"value": exempt["Id"]}}
    item = {"ItemRef": {"value": "3"}}
    for name, path in (
        ("creditmemo.create.request.json", "creditmemo"),
        ("invoice.create_doc.request.json", "invoice"),
        ("refundreceipt.create.request.json", "refundreceipt"),
    ):
        body = recorded(f"quickbooks/{name}")
        for line in body["Line"]:
            line["SalesItemLineDetail"] |= item
        made = books.post(path, body | customer)
        assert made["TotalAmt"] == body["Line"][0]["Amount"]
    made = books.post("invoice", recorded("quickbooks/invoice.create_doc.request.json") | customer)
    sent = recorded("quickbooks/invoice.void.request.json") | {"Id": made["Id"], "SyncToken": "0"}
    assert set(sent) == {"Id", "SyncToken"}
    assert books.post("invoice?operation=void", sent)["TotalAmt"] == 0
    gone = recorded("quickbooks/invoice.delete.request.json") | {"Id": made["Id"], "SyncToken": "1"}
    assert books.post("invoice?operation=delete", gone)["status"] == "Deleted"
    first = books.post("customer", recorded("quickbooks/customer.create_minimal.request.json"))
    named = recorded("quickbooks/customer.sparse_update.request.json")
    after = books.post("customer", named | {"Id": first["Id"], "SyncToken": "0"})
    assert (after["MiddleName"], after["SyncToken"]) == ("Mark", "1")


def test_a_voided_payment_and_receipt_look_as_recorded(fresh: Simulator) -> None:
    books = Books.of(fresh)
    payer = books.post("customer", {"DisplayName": "Voider"})["Id"]
    payment = books.post("payment", {"CustomerRef": {"value": payer}, "TotalAmt": 9})
    switch = {"Id": payment["Id"], "SyncToken": "0", "sparse": True}
    voided = books.post("payment?operation=update&include=void", switch)
    shape = recorded("quickbooks/payment.void.json")["Payment"]
    assert set(shape) <= set(voided)
    assert {name: voided[name] for name in ("TotalAmt", "UnappliedAmt", "PrivateNote")} == {
        name: shape[name] for name in ("TotalAmt", "UnappliedAmt", "PrivateNote")
    }
    detail = {"ItemRef": {"value": "3"}, "Qty": 2, "UnitPrice": 5}
    line = {"Amount": 10, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    receipt = books.post("salesreceipt", {"Line": [line]})
    empty = books.post("salesreceipt?operation=update&include=void", {**switch, "Id": receipt["Id"]})
    shape = recorded("quickbooks/salesreceipt.void.json")["SalesReceipt"]
    zeroed = shape["Line"][0]["SalesItemLineDetail"]
    assert (empty["TotalAmt"], empty["PrivateNote"]) == (shape["TotalAmt"], shape["PrivateNote"])
    assert {name: empty["Line"][0]["SalesItemLineDetail"][name] for name in ("Qty", "UnitPrice")} == {
        name: zeroed[name] for name in ("Qty", "UnitPrice")
    }


def test_faults_of_the_reference_come_back_word_for_word(fresh: Simulator) -> None:
    books = Books.of(fresh)
    item = {"Amount": 5, "SalesItemLineDetail": {"ItemRef": {"value": "1"}}}
    for name, path, body in (
        ("fault.400_2020_missing_name.json", "item", {"Type": "Service"}),
        ("fault.400_2020_missing_detailtype.json", "salesreceipt", {"Line": [item]}),
        (
            "fault.400_2200_web_address.json",
            "customer",
            {"DisplayName": "Web", "WebAddr": {"URI": "example.com"}},
        ),
    ):
        theirs = recorded(f"quickbooks/{name}")
        got = books.call("POST", path, body)
        assert (got.status, got.json["Fault"]) == (400, theirs["Fault"])
    theirs = recorded("quickbooks/fault.400_500_unsupported_operation.json")["Fault"]["Error"][0]
    mine = books.call("GET", "customer/1/5").fault
    assert {**mine, "Detail": ""} == {**theirs, "Detail": ""}
    assert mine["Detail"].startswith("Operation Could not find resource for relative : /v3/company/")
    unknown = recorded("quickbooks/fault.400_2010_unknown_property.json")["Fault"]["Error"][0]
    mine = books.call("POST", "invoice", {"BadJson": 1}).fault
    assert {**mine, "Detail": mine["Detail"][:60]} == {**unknown, "Detail": unknown["Detail"][:60]}
    rates = recorded("quickbooks/fault.400_6240_duplicate_taxrate.json")["Fault"]["Error"][0]
    sent = {
        "TaxCode": "Twice",
        "TaxRateDetails": [{"TaxRateName": "California", "RateValue": "8", "TaxAgencyId": "1"}],
    }
    assert books.call("POST", "taxservice/taxcode", sent).code == rates["code"]
    books.change("preferences", books.get("preferences"), AccountingInfoPrefs={"BookCloseDate": "2000-01-01"})
    closed = recorded("quickbooks/fault.400_6210_period_closed.json")["Fault"]["Error"][0]
    line = {**item, "DetailType": "SalesItemLineDetail"}
    assert books.call("POST", "salesreceipt", {"TxnDate": "1999-12-31", "Line": [line]}).fault == closed


def test_change_capture_without_changes_is_an_empty_block(fresh: Simulator) -> None:
    books = Books.of(fresh)
    shape = recorded("quickbooks/cdc.no_change.json")
    now = fresh.quickbooks.get("clock")["now"]
    mine = books.call("GET", "cdc", entities="Bill", changedSince=now).json
    assert set(mine) == set(shape)
    assert mine["CDCResponse"] == shape["CDCResponse"]
    both = recorded("quickbooks/cdc.with_deleted.json")["CDCResponse"][0]["QueryResponse"]
    assert {"startPosition", "maxResults"} <= set(both[0])
