"""Which company's rows the current code may see. Fail-closed: without a company, tenant models refuse to answer.

`with tenant(company_id):` surrounds each request and each piece of work (DESIGN section 8; stack handbook section 3).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, Self

from django.db import models

_company: ContextVar[int | None] = ContextVar("company", default=None)


class NoCompany(RuntimeError):
    """A tenant model was asked for rows outside `with tenant(...)`."""


@contextmanager
def tenant(company_id: int) -> Iterator[None]:
    """Run the block as this company: `objects` of every tenant model starts from it."""
    token = _company.set(company_id)
    try:
        yield
    finally:
        _company.reset(token)


def current_company_id() -> int:
    """The company of the current context. Raises NoCompany when there is none."""
    company_id = _company.get()
    if company_id is None:
        raise NoCompany("No company in context: use `with tenant(company_id):`.")
    return company_id


_MOST_KEPT = 1000
_kept: dict[tuple[type[models.Model], int], models.QuerySet[Any]] = {}
"""All rows of a model and a company, never evaluated: to build the condition took as long as the rest of a query."""


class TenantManager(models.Manager[Any]):
    """Rows of the current company only; raises NoCompany without one."""

    def get_queryset(self) -> models.QuerySet[Any]:
        company_id = current_company_id()
        if type(self) is not TenantManager or self._db is not None or getattr(self, "_hints", None):
            # Of a relation, or of a chosen database: these make querysets of their own.
            return super().get_queryset().filter(company_id=company_id)
        kept = _kept.get((self.model, company_id))
        if kept is None:
            kept = super().get_queryset().filter(company_id=company_id)
            if len(_kept) >= _MOST_KEPT:
                _kept.clear()
            _kept[self.model, company_id] = kept
        return kept.all()


class TenantModel(models.Model):
    """Base of every model that belongs to a company. Saving without a company takes the one in context."""

    company = models.ForeignKey("syncapp.Company", on_delete=models.CASCADE, db_index=False, related_name="+")

    objects: ClassVar[models.Manager[Self]] = TenantManager()
    all_companies: ClassVar[models.Manager[Self]] = models.Manager()
    """For the tick, the sweeper, migrations and operators: work that starts before a company is known."""

    class Meta:
        abstract = True
        base_manager_name = "all_companies"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.company_id:
            self.company_id = current_company_id()
        super().save(*args, **kwargs)
