"""Rows are those of the company in context, whoever asked before."""

from __future__ import annotations

import pytest

from syncapp import tenancy
from syncapp.models import Integration, Mapping
from syncapp.tenancy import NoCompany, tenant
from tests.builders import a_company, a_mapping, an_integration

pytestmark = pytest.mark.django_db


def test_each_company_sees_its_own_rows_however_often_others_asked() -> None:
    ours, theirs = a_mapping(), a_mapping()
    for _ in range(2):
        for one in (ours, theirs):
            with tenant(one.company_id):
                assert list(Mapping.objects.all()) == [one]
                assert list(Mapping.objects.filter(key=ours.key)) == [one]
                assert one.integration.mappings.count() == 1


def test_nothing_of_one_query_stays_in_the_next() -> None:
    pair = an_integration()
    first, second = a_mapping(pair), a_mapping(pair, key="product_item")
    with tenant(pair.company_id):
        found = Mapping.objects.filter(key="product_item").order_by("-id")[:1]
        assert list(found) == [second]
        assert Mapping.objects.exclude(pk=second.pk).update(label="Changed") == 1
        third = a_mapping(pair, key="third")
        assert set(Mapping.objects.all()) == {first, second, third}


def test_without_a_company_nothing_is_answered_even_after_one_was_there() -> None:
    mapping = a_mapping()
    with tenant(mapping.company_id):
        assert Mapping.objects.count() == 1
    with pytest.raises(NoCompany):
        Mapping.objects.count()


def test_what_is_kept_of_companies_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenancy, "_MOST_KEPT", 3)
    monkeypatch.setattr(tenancy, "_kept", {})
    for _ in range(5):
        company = a_company()
        with tenant(company.pk):
            assert list(Integration.objects.all()) == []
        assert len(tenancy._kept) <= 3


def test_another_database_alias_is_asked_where_one_is_named() -> None:
    mapping = a_mapping()
    with tenant(mapping.company_id):
        assert Mapping.objects.using("vault").db == "vault"
        assert Mapping.objects.db_manager("vault").all().db == "vault"
        assert Mapping.objects.all().db == "default"
