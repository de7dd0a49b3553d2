"""What is done once for a document that was made: e-mailed by QuickBooks, its PDF attached in Salesforce."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from syncapp.models import AuditEvent, FollowUp, Problem, RecordLink
from syncapp.services import clients, follow_ups
from syncapp.store import clock
from tests.services.sales import DOCUMENTS, a_product, an_opportunity, document
from tests.services.spine import Spine, a_spine
from tests.services.test_document_policies import rules

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)


class Killed(BaseException):
    """The process is gone: no code of ours may handle it."""


def killed() -> None:
    raise Killed


SEND = {"email": "yes", "email_how": "send"}
PDF = {"pdf": "yes"}


@pytest.fixture
def spine() -> Iterator[Spine]:
    """Acme can be reached by e-mail; there is a product in step."""
    with a_spine(recipes=DOCUMENTS, winner="sf") as made:
        made.make("Account", Name="Acme", QBO_Email__c="pay@acme.example", BillingStreet="1 Main St")
        made.bench = a_product(made, "Cedar bench", "CB", 100)
        yield made


def won(spine: Spine, name: str = "Spring") -> str:
    return an_opportunity(spine, name, {"PricebookEntryId": spine.bench, "Quantity": 2, "UnitPrice": 100})


def an_invoice(spine: Spine, **asked: Any) -> str:
    """Acme is in step, the rules are set, then a deal is won and becomes an invoice."""
    rules(spine, rules=asked)
    spine.first_load()
    made = won(spine)
    spine.sync()
    return made


def rows() -> list[tuple[str, str, int]]:
    return list(FollowUp.all_companies.order_by("id").values_list("kind", "state", "tries"))


def much_later() -> None:
    FollowUp.all_companies.exclude(next_at=None).update(
        next_at=clock.now(), sent_at=clock.now() - timedelta(hours=1)
    )


def sends(spine: Spine) -> int:
    return sum(
        1
        for entry in spine.sim.quickbooks.log()
        if "Emailed" in str(entry) or entry["operation"] == "emailed"
    )


def test_nothing_is_sent_or_attached_unless_the_mapping_says_so(spine: Spine) -> None:
    an_invoice(spine)
    assert follow_ups.carry() == 0
    assert (rows(), document(spine)["EmailStatus"]) == ([], "NotSet")


def test_an_invoice_is_e_mailed_once_when_it_was_made(spine: Spine) -> None:
    an_invoice(spine, **SEND)
    assert (rows(), document(spine)["EmailStatus"]) == ([("email", "due", 0)], "NeedToSend")
    follow_ups.carry()
    sent = document(spine)
    assert (rows(), sent["EmailStatus"]) == ([("email", "done", 1)], "EmailSent")
    assert sent["DeliveryInfo"]["DeliveryType"] == "Email"
    spine.sync()
    mark = spine.mark()
    spine.sync()
    follow_ups.carry()
    assert spine.writes(mark) == []


def test_a_letter_whose_answer_was_lost_is_not_sent_again(spine: Spine, monkeypatch: Any) -> None:
    an_invoice(spine, **SEND)
    real, calls = clients.QuickBooksClient.send, []

    def dies(self: Any, object_: str, id_: str) -> None:
        calls.append(id_)
        real(self, object_, id_)
        raise KeyboardInterrupt

    monkeypatch.setattr(clients.QuickBooksClient, "send", dies)
    with pytest.raises(KeyboardInterrupt):
        follow_ups.carry()
    assert rows() == [("email", "sending", 1)]
    much_later()
    follow_ups.carry()
    assert (len(calls), rows()) == (1, [("email", "done", 1)])


def test_a_try_that_did_not_arrive_waits_until_it_cannot_arrive_any_more(spine: Spine) -> None:
    an_invoice(spine, **SEND)
    FollowUp.all_companies.update(state="sending", tries=1, sent_at=clock.now())
    follow_ups.carry()
    assert document(spine)["EmailStatus"] == "NeedToSend"
    much_later()
    follow_ups.carry()
    assert (document(spine)["EmailStatus"], rows()) == ("EmailSent", [("email", "done", 2)])


def test_a_first_load_of_old_deals_writes_no_letters(spine: Spine) -> None:
    won(spine)
    rules(spine, rules=SEND)
    spine.first_load()
    assert (rows(), document(spine)["EmailStatus"]) == ([], "NeedToSend")


def test_what_was_voided_meanwhile_is_not_sent(spine: Spine) -> None:
    an_invoice(spine, **SEND)
    invoice = document(spine)
    spine.qbo("POST", "invoice?operation=void", {"Id": invoice["Id"], "SyncToken": invoice["SyncToken"]})
    follow_ups.carry()
    assert rows() == [("email", "dropped", 0)]


def test_the_pdf_is_attached_once_to_the_record_in_salesforce(spine: Spine, monkeypatch: Any) -> None:
    deal = an_invoice(spine, **PDF)
    with monkeypatch.context() as patched:
        patched.setattr(follow_ups, "_done", lambda *_: killed())
        with pytest.raises(Killed):
            follow_ups.carry()
    assert [(row.failure_code, row.failure_values) for row in FollowUp.all_companies.all()] == [("", {})]
    title = f"Invoice {document(spine)['DocNumber']}"
    files = spine.rows("SELECT Title, PathOnClient, FirstPublishLocationId, VersionData FROM ContentVersion")
    assert [(one["Title"], one["PathOnClient"], one["FirstPublishLocationId"]) for one in files] == [
        (title, f"{title}.pdf", deal)
    ]
    assert base64.b64decode(files[0]["VersionData"]).startswith(b"%PDF")
    FollowUp.all_companies.update(next_at=clock.now(), sent_at=clock.now() - timedelta(hours=1))
    follow_ups.carry()
    assert len(spine.rows("SELECT Id FROM ContentVersion")) == 1
    assert rows() == [("pdf", "done", 1)]
    (told,) = AuditEvent.all_companies.filter(object="ContentVersion")
    assert (told.action, told.side, told.after["Title"]) == ("create", "sf", title)
    assert told.cause == follow_ups.AS_FILE


def test_what_is_refused_is_a_problem_and_a_press_tries_it_again(spine: Spine, monkeypatch: Any) -> None:
    an_invoice(spine, **SEND)
    invoice = document(spine)
    with monkeypatch.context() as patched:
        patched.setattr(
            clients.QuickBooksClient, "send", lambda self, object_, id_: self._read_one_that_is_refused()
        )
        patched.setattr(clients.QuickBooksClient, "_read_one_that_is_refused", refused, raising=False)
        follow_ups.carry()
    link = RecordLink.all_companies.get(qbo_id=invoice["Id"], qbo_entity="Invoice")
    problem = Problem.all_companies.get(link=link, closed_at=None)
    assert (problem.code, rows()) == ("document.not_emailed", [("email", "failed", 1)])
    spine.press(link, None)
    follow_ups.carry()
    assert (document(spine)["EmailStatus"], rows()) == ("EmailSent", [("email", "done", 1)])
    assert not Problem.all_companies.filter(link=link, closed_at=None).exists()


def refused(_self: Any) -> None:
    from connectors.errors import ConnectorError, Failure, FailureKind

    raise ConnectorError(Failure(FailureKind.DATA, "qbo.6420", "Email address required"))
