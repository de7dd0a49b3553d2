"""The clock of the database: the only time that leases, due rows and rules use (sync-semantics section 17)."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db.models import DateTimeField, Func

from syncapp.store import bulk


def now() -> datetime:
    """`lb_now()`: the database's clock, or the session setting `app.now` in tests. UTC."""
    moment: datetime = bulk.fetch("select lb_now()")[0][0]
    return moment.astimezone(UTC)


class SqlNow(Func):
    """The same clock inside a query: `filter(lease_until__lte=SqlNow())`."""

    function = "lb_now"
    output_field = DateTimeField()
