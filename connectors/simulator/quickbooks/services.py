"""Calls beside the plain writes: send, PDF, exchange rates, tax codes, merging two names (quickbooks.md 1.1, 3.12, 3.19)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.simulator import jsontext
from connectors.simulator.quickbooks import faults
from connectors.simulator.quickbooks.context import Context
from connectors.simulator.quickbooks.definitions import ENTITIES
from connectors.simulator.quickbooks.faults import ApiError, Fault
from connectors.simulator.quickbooks.model import Entity
from connectors.simulator.quickbooks.records import Body
from connectors.simulator.quickbooks.rules import links
from connectors.simulator.quickbooks.rules.base import currency_reference, described
from connectors.simulator.quickbooks.rules.sales import exchange_rate
from connectors.simulator.quickbooks.writes import in_order


def send(context: Context, entity: Entity, record_id: str, send_to: str) -> Body:
    """E-mail a document: nothing leaves, the document says it was sent. Its SyncToken stays (recorded)."""
    if "send" not in entity.operations:
        raise faults.operation_not_allowed("send", entity.name)
    body = context.records.get(context.realm, entity, record_id)
    if body is None:
        raise faults.not_found()
    if send_to and "@" not in send_to:
        raise Fault(faults.invalid_email("sendTo", send_to))
    if not send_to and "BillEmail" in entity.fields and not body.get("BillEmail"):
        raise faults.business("Email address is required.", "6420", "Email address required", "BillEmail")
    old = dict(body)
    if "EmailStatus" in entity.fields:
        body["EmailStatus"] = "EmailSent"
    if "DeliveryInfo" in entity.fields:
        body["DeliveryInfo"] = {"DeliveryType": "Email", "DeliveryTime": context.time_text}
    if send_to and "BillEmail" in entity.fields:
        body["BillEmail"] = {"Address": send_to}
    body["MetaData"] = {**body["MetaData"], "LastUpdatedTime": context.time_text}
    return context.save(entity, old, in_order(entity, body), "Emailed")


def pdf(context: Context, entity: Entity, record_id: str) -> bytes:
    """The document on one page."""
    if "pdf" not in entity.operations:
        raise faults.operation_not_allowed("pdf", entity.name)
    body = context.records.get(context.realm, entity, record_id)
    if body is None:
        raise faults.not_found()
    lines = [f"{entity.name} {body.get('DocNumber', record_id)}", f"Date {body.get('TxnDate', '')}"]
    lines.append(str((body.get("CustomerRef") or {}).get("name", "")))
    for line in body.get("Line", []):
        item = ((line.get("SalesItemLineDetail") or {}).get("ItemRef") or {}).get(
            "name", line.get("DetailType")
        )
        lines.append(f"{item}   {line.get('Amount', '')}")
    lines.append(f"Total {body.get('TotalAmt', '')}")
    return _one_page(lines)


def _one_page(lines: list[str]) -> bytes:
    def escaped(text: str) -> str:
        plain = text.encode("latin-1", "replace").decode("latin-1")
        return plain.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")

    text = "BT /F1 12 Tf 60 780 Td 16 TL " + " ".join(f"({escaped(line)}) Tj T*" for line in lines) + " ET"
    stream = text.encode("latin-1")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
            b" /Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for offset in offsets:
        out += b"%010d 00000 n \n" % offset
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


# -- exchange rates ---------------------------------------------------------------------------------------------


def read_rate(context: Context, query: dict[str, str]) -> Body:
    """`GET /exchangerate?sourcecurrencycode=EUR&asofdate=...`: home units for one foreign unit."""
    given = {name.lower(): value for name, value in query.items()}
    code = given.get("sourcecurrencycode", "").upper()
    currency_reference(code)
    day = _day(given.get("asofdate", context.today))
    entity = ENTITIES["exchangerate"]
    found = context.records.get(context.realm, entity, f"{code}-{day}")
    if found is None:
        found = _rate(context, code, day, exchange_rate(context, code), "0")
    found.pop("Id", None)
    return found


def store_rate(context: Context, payload: Any) -> Body:
    """`POST /exchangerate`: set the rate of a day."""
    if not isinstance(payload, dict) or not payload.get("SourceCurrencyCode"):
        raise Fault(faults.missing("SourceCurrencyCode"))
    code = str(payload["SourceCurrencyCode"]).upper()
    currency_reference(code)
    try:
        rate = Decimal(str(payload.get("Rate")))
    except InvalidOperation:
        rate = Decimal(0)
    if not rate.is_finite() or rate <= 0:
        raise Fault(faults.number_format("Rate", str(payload.get("Rate")), whole=False))
    day = _day(str(payload.get("AsOfDate") or context.today))
    entity = ENTITIES["exchangerate"]
    old = context.records.get(context.realm, entity, f"{code}-{day}")
    token = "0" if old is None else str(int(old["SyncToken"]) + 1)
    body = {**_rate(context, code, day, rate, token), "Id": f"{code}-{day}"}
    context.save(entity, old, body, "Create" if old is None else "Update")
    return {name: value for name, value in body.items() if name != "Id"}


def _rate(context: Context, code: str, day: str, rate: Decimal, token: str) -> Body:
    return {
        "SyncToken": token,
        "domain": "QBO",
        "AsOfDate": day,
        "SourceCurrencyCode": code,
        "Rate": rate,
        "sparse": False,
        "TargetCurrencyCode": context.home_currency,
        "MetaData": {"LastUpdatedTime": context.time_text},
    }


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        raise Fault(faults.invalid_date("AsOfDate", text)) from None


# -- tax codes --------------------------------------------------------------------------------------------------


def make_tax_code(context: Context, payload: Any) -> Body:
    """`POST /taxservice/taxcode`: a tax code with its rates; the answer has a shape of its own."""
    if not isinstance(payload, dict) or not payload.get("TaxCode"):
        raise Fault(faults.missing("TaxCode"))
    details = payload.get("TaxRateDetails")
    if not isinstance(details, list) or not details:
        raise Fault(faults.missing("TaxRateDetails"))
    name = str(payload["TaxCode"])
    code, rate_entity = ENTITIES["taxcode"], ENTITIES["taxrate"]
    _free(context, code, name)
    rates = [_tax_rate(context, rate_entity, detail) for detail in details]
    body: Body = {
        "Name": name,
        "Description": name,
        "Active": True,
        "Taxable": True,
        "TaxGroup": True,
        "SalesTaxRateList": _rate_list(rates, "Sales"),
        "PurchaseTaxRateList": _rate_list(rates, "Purchase"),
    }
    stored = _store(context, code, body, name)
    answer = [
        {
            "TaxRateName": rate["Name"],
            "TaxRateId": rate["Id"],
            "RateValue": f"{Decimal(rate['RateValue']):f}%",
            "TaxAgencyId": rate["AgencyRef"]["value"],
            "TaxApplicableOn": where,
        }
        for rate, where in rates
    ]
    return {"TaxRateDetails": answer, "TaxCodeId": stored["Id"], "TaxCode": name}


def _tax_rate(context: Context, entity: Entity, detail: Any) -> tuple[Body, str]:
    if not isinstance(detail, dict):
        raise faults.unreadable_body("Can not deserialize instance of TaxRateDetails")
    where = str(detail.get("TaxApplicableOn", "Sales"))
    if where not in ("Sales", "Purchase"):
        raise Fault(
            ApiError(
                "2270", "Invalid TaxApplicableOn", f"Invalid TaxApplicableOn : {where}", "TaxApplicableOn"
            )
        )
    if detail.get("TaxRateId"):
        found = context.get("taxrate", str(detail["TaxRateId"]))
        if found is None:
            raise faults.invalid_reference("TaxRates", str(detail["TaxRateId"]))
        return found, where
    for needed in ("TaxRateName", "RateValue", "TaxAgencyId"):
        if detail.get(needed) in (None, ""):
            raise Fault(faults.missing(needed))
    if context.get("taxagency", str(detail["TaxAgencyId"])) is None:
        raise faults.invalid_reference("TaxAgencies", str(detail["TaxAgencyId"]))
    try:
        value = Decimal(str(detail["RateValue"]).rstrip("%"))
    except InvalidOperation:
        raise Fault(faults.number_format("RateValue", str(detail["RateValue"]), whole=False)) from None
    name = str(detail["TaxRateName"])
    _free(context, entity, name)
    body: Body = {
        "Name": name,
        "Description": name,
        "Active": True,
        "RateValue": value,
        "AgencyRef": {"value": str(detail["TaxAgencyId"])},
        "SpecialTaxType": "NONE",
        "DisplayType": "ReadOnly",
    }
    return _store(context, entity, body, name), where


def _free(context: Context, entity: Entity, name: str) -> None:
    if context.records.name_owner(context.realm, entity.name_family, name) is not None:
        raise faults.duplicate_name()


def _store(context: Context, entity: Entity, body: Body, name: str) -> Body:
    now = context.time_text
    body |= {"domain": "QBO", "sparse": False, "Id": context.next_id(entity.sequence), "SyncToken": "0"}
    body["MetaData"] = {"CreateTime": now, "LastUpdatedTime": now}
    context.save(entity, None, in_order(entity, body), "Create")
    context.records.take_name(context.realm, entity, name, body["Id"])
    return body


def _rate_list(rates: list[tuple[Body, str]], where: str) -> Body:
    return {
        "TaxRateDetail": [
            {
                "TaxRateRef": {"value": rate["Id"], "name": rate["Name"]},
                "TaxTypeApplicable": "TaxOnAmount",
                "TaxOrder": 0,
            }
            for rate, place in rates
            if place == where
        ]
    }


# -- merging ----------------------------------------------------------------------------------------------------


def merge(context: Context, entity: Entity, keep_id: str, lose_id: str) -> tuple[str, str]:
    """What an owner does in the product: two customers or vendors become one, documents move to the survivor.

    The loser is gone (610) and listed as deleted by change capture. Raises `ValueError` with a sentence."""
    keep = context.records.get(context.realm, entity, keep_id)
    lose = context.records.get(context.realm, entity, lose_id)
    if keep is None or lose is None or keep_id == lose_id or entity.name not in ("Customer", "Vendor"):
        raise ValueError("choose two different records of one list, customers or vendors")
    member = f"{entity.name}Ref"
    label = keep.get("FullyQualifiedName") or keep["DisplayName"]
    for target in ENTITIES.values():
        if member not in target.columns:
            continue
        for body in context.records.find(context.realm, target, f"f_{member} = ?", (lose_id,)):
            context.touch(target.path, body["Id"], {member: {"value": keep_id, "name": label}})
    stub = {
        "domain": "QBO",
        "status": "Deleted",
        "Id": lose_id,
        "MetaData": {"LastUpdatedTime": context.time_text},
    }
    context.records.remove(context.realm, entity, lose_id, stub, context.now)
    context.records.free_name(
        context.realm,
        entity.name_family,
        str(lose.get("FullyQualifiedName") or lose["DisplayName"]),
        lose_id,
    )
    context.journal.append(
        scope=context.realm,
        time=context.now,
        object_name=entity.name,
        operation="merge",
        record_id=keep_id,
        request_id=context.request_id,
        before=jsontext.dumps(lose),
        after=context.records.text(context.realm, entity, keep_id),
    )
    if entity.name == "Customer":
        links.settle_customer(context, keep_id)
    return keep_id, lose_id


# -- bundles ----------------------------------------------------------------------------------------------------------


def bundle(context: Context, name: str, parts: dict[str, int]) -> str:
    """What an owner does in the product, and the API cannot (3.5): a bundle of items, each with its quantity. Its id."""
    entity = ENTITIES["item"]
    _free(context, entity, name)
    lines = [
        {"ItemRef": {**described("ItemRef", entity, found), "type": found["Type"]}, "Qty": quantity}
        for item, quantity in parts.items()
        if (found := context.get("item", item)) is not None
    ]
    body: Body = {
        "Name": name,
        "FullyQualifiedName": name,
        "Active": True,
        "Taxable": False,
        "UnitPrice": 0,
        "Type": "Group",
        "PurchaseCost": 0,
        "TrackQtyOnHand": False,
        "PrintGroupedItems": True,
        "ItemGroupDetail": {"ItemGroupLine": lines},
    }
    return str(_store(context, entity, body, name)["Id"])
