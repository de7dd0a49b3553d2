"""How far behind the two sides are: what waits, how late changes were noticed, what no notice had named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from portal.people.models import Role
from syncapp.models import AppCredentials, Company, Connection, Mapping, MissedNotice, Observation
from syncapp.services import lag
from syncapp.store import deliveries
from syncapp.tenancy import tenant
from tests.builders import a_link, a_mapping, an_integration, some_work
from tests.web.builders import a_browser, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def mapping() -> Iterator[Mapping]:
    integration = an_integration()
    made = a_mapping(integration, published_number=1)
    with tenant(made.company_id):
        yield made


def noticed(mapping: Mapping, id_: str, seconds: float, source: str = "poll") -> None:
    """A record that was seen so long after its change."""
    now = datetime.now(UTC)
    Observation.objects.create(
        company_id=mapping.company_id,
        connection=mapping.integration.salesforce,
        object="Account",
        remote_id=id_,
        source=source,
        modified=now - timedelta(seconds=seconds),
        seen_at=now,
    )


def test_what_is_due_counts_from_when_the_oldest_became_due_and_what_waits_for_its_time_does_not(
    mapping: Mapping,
) -> None:
    now = datetime.now(UTC)
    old, later = now - timedelta(minutes=7), now + timedelta(minutes=7)
    for due_at in (old, now - timedelta(minutes=1), later):
        some_work(a_link(mapping), due_at=due_at)
    found = lag.of_company(mapping.company_id)
    assert [(one.mapping, one.due, one.since) for one in found.waiting] == [(mapping, 2, old)]
    assert found.oldest == old


def test_delays_are_those_of_live_capture_within_a_day(mapping: Mapping) -> None:
    for number, seconds in enumerate((3, 10, 50, 4000)):
        noticed(mapping, f"001{number}", seconds)
    noticed(mapping, "0019", 90000, source="scan")
    [delay] = lag.of_company(mapping.company_id).delays
    assert (delay.object, delay.source, delay.count) == ("Account", "poll", 4)
    assert delay.shares == (25, 50, 75, 75, 75, 75, 100)
    assert delay.typical == timedelta(seconds=15)


def test_the_page_says_what_holds_the_work_and_leads_there(mapping: Mapping) -> None:
    salesforce, quickbooks = mapping.integration.salesforce, mapping.integration.quickbooks
    assert salesforce is not None
    assert quickbooks is not None
    Connection.objects.filter(pk=salesforce.pk).update(name="Acme Org", status="needs_reauth")
    until = datetime.now(UTC) + timedelta(minutes=5)
    Connection.objects.filter(pk=quickbooks.pk).update(name="Acme Books", breaker_open_until=until)
    Company.objects.update(paused=True)
    text = words(a_browser(Role.OWNER, mapping.company).get("/lag/"))
    for part in (
        "The access to Acme Org has ended",
        "Acme Books did not answer several times",
        "All syncing is paused",
    ):
        assert part in text

    Connection.objects.filter(pk=salesforce.pk).update(status="disconnected")
    assert "Acme Org" not in words(a_browser(Role.OWNER, mapping.company).get("/lag/"))


def test_the_page_shows_them_and_what_no_notice_had_named(mapping: Mapping) -> None:
    some_work(a_link(mapping), due_at=datetime.now(UTC) - timedelta(minutes=7))
    noticed(mapping, "0011", 3)
    MissedNotice.objects.create(
        company_id=mapping.company_id,
        connection=mapping.integration.quickbooks,
        object="Invoice",
        day=datetime.now(UTC).date(),
        count=12,
    )
    text = words(a_browser(Role.VIEWER, mapping.company).get("/lag/"))
    for part in ("became due 7 minutes ago", "Regular look", "Invoice 12", "Webhooks"):
        assert part in text


def test_a_company_where_nothing_waits_is_told_so(mapping: Mapping) -> None:
    text = words(a_browser(Role.OWNER, mapping.company).get("/lag/"))
    assert "Nothing waits to be carried" in text
    assert "Nothing changed on either side" in text


class TestMetrics:
    def test_they_are_not_there_without_their_token(self, client: Client, settings) -> None:  # type: ignore[no-untyped-def]
        assert client.get("/metrics").status_code == 404
        settings.METRICS_TOKEN = "the token"
        assert client.get("/metrics", headers={"Authorization": "Bearer another"}).status_code == 404

    def test_they_tell_the_state_of_the_installation_in_the_words_of_prometheus(
        self,
        client: Client,
        settings,  # type: ignore[no-untyped-def]
        mapping: Mapping,
    ) -> None:
        settings.METRICS_TOKEN = "the token"
        some_work(a_link(mapping), due_at=datetime.now(UTC) - timedelta(minutes=7), priority=1)
        noticed(mapping, "0011", 3)
        noticed(mapping, "0012", 30)
        app = AppCredentials.objects.create(side="qbo", environment="production", client_id="intuit-app")
        deliveries.count_foreign(app.pk, 12)
        answer = client.get("/metrics", headers={"Authorization": "Bearer the token"})
        samples = {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(answer.content.decode())
            for sample in family.samples
        }
        assert samples["ledgerbridge_due_records", "normal"] == 1
        assert 419 <= samples["ledgerbridge_oldest_due_seconds", "normal"] <= 480
        assert samples["ledgerbridge_connections", "live", "sf"] == 1
        assert samples["ledgerbridge_connections_resting", "qbo"] == 0
        assert samples["ledgerbridge_open_problems",] == 0
        assert samples["ledgerbridge_foreign_notices",] == 12
        assert samples["ledgerbridge_capture_delay_seconds_bucket", "15.0", "Account", "poll"] == 1
        assert samples["ledgerbridge_capture_delay_seconds_bucket", "60.0", "Account", "poll"] == 2
        assert mapping.company.name not in answer.content.decode()
