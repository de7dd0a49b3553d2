"""Outbound messages of Salesforce: what is read of a recorded one, and what is refused."""

from __future__ import annotations

import pytest

from connectors.salesforce.outbound import Message, Notification, Unreadable, parse
from tests.shared import reference

ORG = "00D000000000001EAA"


def an_envelope(count: int = 1, *, org: str = ORG, before: str = "", name: str = "QBO_Sync__c") -> bytes:
    """A message with so many notifications, as Salesforce writes it."""
    notifications = "".join(
        f'<Notification><Id>04l{number:012d}AAA</Id><sObject xsi:type="sf:{name}"'
        ' xmlns:sf="urn:sobject.enterprise.soap.sforce.com">'
        f"<sf:Id>a0X{number:012d}AAA</sf:Id><sf:Name>A &amp; B</sf:Name></sObject></Notification>"
        for number in range(1, count + 1)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}<soapenv:Envelope'
        ' xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
        '<notifications xmlns="http://soap.sforce.com/2005/09/outbound">'
        f'<OrganizationId>{org}</OrganizationId><ActionId>05h000000000001AAA</ActionId><SessionId xsi:nil="true"/>'
        f"{notifications}</notifications></soapenv:Body></soapenv:Envelope>"
    ).encode()


def test_a_recorded_message_names_its_org_and_every_record() -> None:
    message = parse(reference("salesforce/outbound_message/notifications.xml").read_bytes())
    assert message.org_id == "0123456789ABCDENNN"
    assert [(one.id, one.object, one.record_id) for one in message.notifications] == [
        ("04l37000000L0E5AAK", "Lead1", "0123456789ABCDEEAE"),
        ("14l37000123L0E5AAK", "Lead2", "1123456789ABCDEEAE"),
        ("24l37123450L0E5AAK", "Lead3", "2123456789ABCDEEAE"),
    ]


def test_a_message_is_its_org_and_what_it_names() -> None:
    assert parse(an_envelope()) == Message(
        ORG, (Notification("04l000000000001AAA", "QBO_Sync__c", "a0X000000000001AAA"),)
    )


def test_a_hundred_notifications_are_read_and_more_are_none_of_salesforces() -> None:
    assert len(parse(an_envelope(100)).notifications) == 100
    with pytest.raises(Unreadable):
        parse(an_envelope(101))


@pytest.mark.parametrize(
    "raw",
    [
        an_envelope(before='<!DOCTYPE x [<!ENTITY a "b">]>'),
        an_envelope(before='<!DOCTYPE x SYSTEM "file:///etc/passwd">'),
        an_envelope(before='<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1/"> %p;]>'),
        an_envelope(before='<?xml-stylesheet href="http://127.0.0.1/"?>'),
        b"",
        b"not xml",
        b"<a>",
        b"\xff\xfe\x00",
        an_envelope(org="nonsense"),
        an_envelope(0),
        an_envelope(name="Bad Name"),
        b"<a>" * 50 + b"</a>" * 50,
        b"<a>" + b"<b/>" * 100_001 + b"</a>",
        b"<a>" + b"x" * 300_000 + b"</a>",
        an_envelope().replace(b"<sf:Id>", b"<sf:No>").replace(b"</sf:Id>", b"</sf:No>"),
        an_envelope().replace(b"2005/09/outbound", b"2005/09/inbound"),
    ],
    ids=[
        "entity", "external", "parameter entity", "instruction", "empty", "text", "cut off", "bytes", "no org",
        "nothing named", "no object", "too deep", "too many", "too long", "no record", "another namespace",
    ],
)  # fmt: skip
def test_anything_else_is_refused(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        parse(raw)
