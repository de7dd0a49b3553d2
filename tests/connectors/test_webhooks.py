import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from connectors.quickbooks.webhooks import Notice, parse, verify
from tests.shared import reference

BODY = b'[{"specversion":"1.0"}]'


def signature(raw: bytes, token: str = "verifier") -> str:
    return base64.b64encode(hmac.new(token.encode(), raw, hashlib.sha256).digest()).decode()


def test_a_body_signed_with_our_token_is_believed() -> None:
    assert verify(BODY, signature(BODY), "verifier")


@pytest.mark.parametrize("given", ["", "x", "ä", signature(BODY, "other"), signature(BODY + b" ")])
def test_a_wrong_signature_is_not_believed(given: str) -> None:
    assert not verify(BODY, given, "verifier")


def test_without_a_verifier_token_nothing_is_believed() -> None:
    assert not verify(BODY, signature(BODY, ""), "")


def test_cloud_events_name_realm_entity_operation_and_time() -> None:
    raw = reference("quickbooks/webhook.cloudevents_one.json").read_bytes()
    at = datetime(2025, 9, 10, 21, 31, 25, 179851, UTC)
    assert parse(raw) == [
        Notice("310687", "Account", "1234", "create", at, event_id="88cd52aa-33b6-4351-9aa4-47572edbd068")
    ]


def test_a_merge_names_survivor_and_loser() -> None:
    raw = reference("quickbooks/webhook.cloudevents_customer_merged.json").read_bytes()
    (notice,) = parse(raw)
    assert (notice.entity, notice.operation, notice.id, notice.deleted_id) == (
        "Customer",
        "merge",
        "123",
        "27",
    )


def test_one_body_may_hold_several_companies_in_either_format() -> None:
    old = parse(reference("quickbooks/webhook.legacy_two_realms.json").read_bytes())
    assert [(n.realm_id[-1], n.entity, n.operation) for n in old] == [
        ("1", "Customer", "create"),
        ("1", "Vendor", "create"),
        ("2", "Customer", "create"),
        ("2", "Vendor", "create"),
    ]
    assert old[0].at == datetime(2015, 10, 5, 21, 42, 19, tzinfo=UTC)


def test_a_poisoned_element_does_not_hold_back_the_others() -> None:
    raw = b'[1, {"type":"x"}, {"type":"qbo.invoice.voided.v1","intuitaccountid":"9","intuitentityid":"5"}]'
    assert parse(raw) == [Notice("9", "Invoice", "5", "void")]


@pytest.mark.parametrize("raw", [b"", b"{}", b'"x"', b"<xml/>"])
def test_a_body_that_is_no_notice_is_told_apart(raw: bytes) -> None:
    with pytest.raises(ValueError):
        parse(raw)
