"""What a test sync makes in Salesforce, and removes there again: an account, an opportunity with lines, won.

Names are the test's own, so that a record whose making was not answered is found by its name before it is asked for
again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.contracts import Condition, Group, Operation, Side, Write, WriteResult, WriteStatus
from connectors.errors import Failure, FailureKind
from connectors.salesforce import soql
from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.ids import to_18
from syncapp.engine.mapping import Criterion, MappingSpec
from syncapp.engine.records import value_to_json
from syncapp.models import AuditEvent, Lifecycle, RecordLink, SyncTest
from syncapp.models.audit import WRITES
from syncapp.recipes import product_item
from syncapp.services import audit
from syncapp.services.errors import Refused
from syncapp.store import clock

ACCOUNT, OPPORTUNITY, LINE, ENTRY = "Account", "Opportunity", "OpportunityLineItem", "PricebookEntry"
GENERATE = "QBO_Generate__c"
EMAIL = "ledgerbridge-test@example.com"
"""example.com belongs to nobody: no letter to it ever arrives (RFC 2606)."""
ADDRESS = {
    "street": "1 Test Street",
    "city": "Springfield",
    "state": "Illinois",
    "postal_code": "62701",
    "country": "United States",
}
CODES = {"state": "IL", "country": "US"}
"""What fields of codes hold (`BillingStateCode`; salesforce.md 8.1)."""
PRODUCTS = 2
AMOUNT = Decimal(100)
"""What the one line of an opportunity without products comes to."""


def fresh(client: SalesforceClient, test: SyncTest, customers: MappingSpec, documents: MappingSpec) -> None:
    """Make the account and the opportunity with its lines, and win it; goes on where it was. Raises Refused with what
    Salesforce said."""
    if not test.account:
        test.account = _ensure(client, test, ACCOUNT, _account(test.name, customers))
    if not test.opportunity:
        test.opportunity = _ensure(client, test, OPPORTUNITY, _opportunity(client, test, documents))
    entries = _entries(client, test)
    if entries and not _has_lines(client, test.opportunity):
        lines = [
            Write(f"line{n}", Operation.CREATE, LINE, _line(test.opportunity, entry, n))
            for n, entry in enumerate(entries, start=1)
        ]
        _sent(client, test, lines)
    win(client, test, documents)


def picked(client: SalesforceClient, test: SyncTest, documents: MappingSpec) -> None:
    """Take the opportunity that a person chose, and win it. Raises Refused where there is none or it has no account."""
    text = soql.select(
        OPPORTUNITY, ("AccountId", "StageName", "IsWon"), where=[soql.equals("Id", test.picked)]
    )
    found = client.query(text)["records"]
    if not found:
        raise Refused("locate.no_record", object=OPPORTUNITY, id=test.picked)
    if not found[0].get("AccountId"):
        raise Refused("sync_test.no_account")
    test.opportunity, test.account = test.picked, str(found[0]["AccountId"])
    test.stage = test.stage or str(found[0].get("StageName") or "")
    test.save(update_fields=["opportunity", "account", "stage"])
    win(client, test, documents)


def win(client: SalesforceClient, test: SyncTest, documents: MappingSpec) -> None:
    """Give the opportunity a stage that counts as won, and what else the mapping's filter asks for."""
    text = soql.select(
        "OpportunityStage",
        ("MasterLabel",),
        where=[soql.equals("IsWon", True), soql.equals("IsActive", True)],
        order_by=["SortOrder"],
        limit=1,
    )
    found = client.query(text)["records"]
    if not found:
        raise Refused("sync_test.no_won_stage")
    body = {"StageName": found[0]["MasterLabel"], **asked_for(documents)}
    _sent(client, test, [Write("won", Operation.UPDATE, OPPORTUNITY, body, id=test.opportunity)])


def remove(client: SalesforceClient, test: SyncTest) -> None:
    """Delete what the test made, the opportunity first; a chosen one gets its stage back. Raises Refused with what
    Salesforce said."""
    if test.picked:
        if test.stage and test.opportunity:
            body = {"StageName": test.stage}
            _sent(client, test, [Write("back", Operation.UPDATE, OPPORTUNITY, body, id=test.opportunity)])
        return
    for object_, id_ in ((OPPORTUNITY, test.opportunity), (ACCOUNT, test.account)):
        if id_ and client.query(soql.select(object_, ("Id",), where=[soql.equals("Id", id_)]))["records"]:
            _sent(client, test, [Write("gone", Operation.DELETE, object_, {}, id=id_)])


def remove_mirrors(client: SalesforceClient, test: SyncTest, mirrors: Sequence[RecordLink]) -> None:
    """Delete the records in Salesforce that only showed the test's document."""
    for link in mirrors:
        text = soql.select(link.sf_object, ("Id",), where=[soql.equals("Id", link.sf_id)])
        if client.query(text)["records"]:
            _sent(client, test, [Write("gone", Operation.DELETE, link.sf_object, {}, id=link.sf_id or "")])


# --- what the records hold -------------------------------------------------------------------------------------------


def _account(name: str, customers: MappingSpec) -> dict[str, Any]:
    """Name, billing address and e-mail, in the fields that the mapping reads."""
    paths = {row.key: row.sf_path for row in customers.header}
    body: dict[str, Any] = {"Name": name, **asked_for(customers)}
    for part, value in ADDRESS.items():
        path = paths.get(f"billing_{part}", "")
        if path:
            body[path] = CODES[part] if path.endswith("Code") and part in CODES else value
    if paths.get("email") and "." not in paths["email"]:
        body[paths["email"]] = EMAIL
    return body


def _opportunity(client: SalesforceClient, test: SyncTest, documents: MappingSpec) -> dict[str, Any]:
    body: dict[str, Any] = {
        "Name": test.name,
        "AccountId": test.account,
        "CloseDate": clock.now().date().isoformat(),
        "StageName": _first_stage(client),
    }
    entries = _entries(client, test)
    if entries:
        body["Pricebook2Id"] = entries[0]["Pricebook2Id"]
    else:
        body["Amount"] = AMOUNT
    return {**asked_for(documents, but=(GENERATE,)), **body}


def _first_stage(client: SalesforceClient) -> str:
    text = soql.select(
        "OpportunityStage",
        ("MasterLabel",),
        where=[soql.equals("IsClosed", False), soql.equals("IsActive", True)],
        order_by=["SortOrder"],
        limit=1,
    )
    found = client.query(text)["records"]
    if not found:
        raise Refused("sync_test.no_won_stage")
    return str(found[0]["MasterLabel"])


def _line(opportunity: str, entry: Mapping[str, Any], place: int) -> dict[str, Any]:
    return {
        "OpportunityId": opportunity,
        "PricebookEntryId": entry["Id"],
        "Quantity": place + 1,
        "UnitPrice": entry["UnitPrice"],
    }


def _entries(client: SalesforceClient, test: SyncTest) -> list[Mapping[str, Any]]:
    """Up to two prices of the standard price book, of products that are in step."""
    known = RecordLink.objects.filter(
        integration_id=test.integration_id,
        mapping__key=product_item.KEY,
        lifecycle=Lifecycle.LINKED,
        attention="none",
        sf_state="live",
        qbo_state="live",
    )
    ids = list(known.order_by("-id").exclude(sf_id=None).values_list("sf_id", flat=True)[:50])
    if not ids:
        return []
    text = soql.select(
        ENTRY,
        ("Id", "Pricebook2Id", "UnitPrice"),
        where=[
            soql.within("Product2Id", ids),
            soql.equals("IsActive", True),
            soql.equals("Pricebook2.IsStandard", True),
            "UnitPrice > 0",
        ],
        order_by=["Id"],
        limit=PRODUCTS,
    )
    found: list[Mapping[str, Any]] = client.query(text)["records"]
    return found


def _has_lines(client: SalesforceClient, opportunity: str) -> bool:
    text = soql.select(LINE, ("Id",), where=[soql.equals("OpportunityId", opportunity)], limit=1)
    return bool(client.query(text)["records"])


def asked_for(spec: MappingSpec, but: Sequence[str] = ()) -> dict[str, Any]:
    """Values that fulfil the mapping's filter of Salesforce, as far as fields of the record itself can; what Salesforce
    computes (`IsWon`) follows from the stage."""
    return {
        path: value
        for path, value in _wishes(spec.sf_filter)
        if "." not in path and path not in but and path not in ("IsWon", "IsClosed", "StageName")
    }


def _wishes(rules: Sequence[Criterion]) -> Iterator[tuple[str, Any]]:
    for rule in rules:
        if isinstance(rule, Group):
            yield from _wishes(rule.members if rule.joined == "all" else rule.members[:1])
        elif isinstance(rule, Condition) and rule.operator == "eq":
            yield rule.path, rule.value
        elif isinstance(rule, Condition) and rule.operator == "in" and rule.value:
            yield rule.path, next(iter(rule.value))


# --- how they are written --------------------------------------------------------------------------------------------


def _ensure(client: SalesforceClient, test: SyncTest, object_: str, body: dict[str, Any]) -> str:
    """The id of the test's record of this object; made where it is not there. That it is asked for is stored first."""
    if object_ in test.begun:
        text = soql.select(object_, ("Id",), where=[soql.equals("Name", test.name)], limit=1)
        found = client.query(text)["records"]
        if found:
            return _found_again(test, object_, body, to_18(found[0]["Id"]))
    else:
        test.begun = [*test.begun, object_]
        test.save(update_fields=["begun"])
    (made,) = _sent(client, test, [Write("made", Operation.CREATE, object_, body)])
    return _kept(test, object_, made.id)


def _found_again(test: SyncTest, object_: str, body: dict[str, Any], id_: str) -> str:
    """Made by us, and its answer was lost: it is kept now, and the trail tells of it."""
    if not AuditEvent.objects.filter(action__in=WRITES, object=object_, remote_id=id_).exists():
        write = Write("made", Operation.CREATE, object_, body)
        made = WriteResult("made", WriteStatus.APPLIED, id_, created=True)
        audit.wrote(Side.SALESFORCE, [_wrote(write, made)], test.person)
    return _kept(test, object_, id_)


def _kept(test: SyncTest, object_: str, id_: str) -> str:
    column = "account" if object_ == ACCOUNT else "opportunity"
    setattr(test, column, id_)
    test.save(update_fields=[column])
    return id_


def _sent(client: SalesforceClient, test: SyncTest, writes: Sequence[Write]) -> tuple[WriteResult, ...]:
    """What came of these writes. Raises Refused with the vendor's words for the first that was not carried out."""
    answer = client.write(writes, request_id=f"test-{test.pk}", priority=client.priority)
    taken = [
        pair for pair in zip(writes, answer.results, strict=True) if pair[1].status is WriteStatus.APPLIED
    ]
    audit.wrote(Side.SALESFORCE, [_wrote(write, result) for write, result in taken], test.person)
    for result in answer.results:
        if result.status is not WriteStatus.APPLIED:
            failure = result.failure or Failure(FailureKind.UNKNOWN_WRITE, "net.unreadable")
            raise Refused(failure.code, message=failure.message, detail=failure.detail, fields=failure.fields)
    return answer.results


def _wrote(write: Write, result: WriteResult) -> audit.Wrote:
    return audit.Wrote(
        write.operation.value,
        write.object,
        result.id or write.id,
        "Test sync",
        {name: value_to_json(value) for name, value in write.body.items()},
        request_id=result.request_id,
    )
