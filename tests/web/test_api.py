"""The REST API: who gets in, what a key sees and starts, and the words in which it is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from connectors.salesforce.ids import to_18
from portal.api import guard, keys
from portal.api.v1 import api
from portal.people.models import ApiKey, Role
from syncapp.models import AuditEvent, Company, LinkWork, Mapping, RecordLink, Run
from syncapp.tenancy import tenant
from tests.builders import a_company, a_link, a_mapping, a_member, a_problem, a_run
from tests.web.builders import a_browser, signed_in, words

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_minute() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def mapping() -> Mapping:
    return a_mapping()


def a_key(company: Company, role: str = "operator") -> str:
    with tenant(company.pk):
        return keys.make(a_member(company), "Nightly script", role)[1]


def call(key: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    data = b"" if body is None else json.dumps(body).encode()
    answer = Client().generic(
        method, f"/api/v1/{path}", data=data, content_type="application/json", headers=headers
    )
    return answer.status_code, json.loads(answer.content)


# --- the door ---


def operations() -> list[tuple[str, str]]:
    """Every operation that the API describes: (method, path with ids that name nothing)."""
    paths: dict[str, Any] = api.get_openapi_schema()["paths"]
    return [
        (method.upper(), path.removeprefix("/api/v1/").replace("{pk}", _nothing(path)))
        for path, methods in paths.items()
        for method in methods
    ]


def _nothing(path: str) -> str:
    return "987654" if "/problems/" in path else str(uuid4())


def test_there_are_operations_to_walk() -> None:
    assert len(operations()) == 12


@pytest.mark.parametrize("key", ["", "nonsense", "lb_0123456789ab_" + "x" * 43])
def test_without_a_valid_key_every_operation_says_so(key: str) -> None:
    answers = {(method, path): call(key, method, path, {}) for method, path in operations()}
    assert {(status, body["code"]) for status, body in answers.values()} == {(401, "api.no_key")}
    assert call(key, "GET", "openapi.json")[0] == 401


def test_an_ended_key_and_a_key_with_another_secret_are_refused(mapping: Mapping) -> None:
    text = a_key(mapping.company)
    other = a_key(mapping.company)
    forged = text.rpartition("_")[0] + "_" + other.rsplit("_", 1)[1]
    assert [call(text, "GET", "me")[0], call(forged[: len(text)], "GET", "me")[0]] == [200, 401]
    with tenant(mapping.company_id):
        keys.revoke(ApiKey.objects.get(public=text.split("_")[1]), a_member(mapping.company))
    assert call(text, "GET", "me")[0] == 401


def test_a_session_opens_no_door_here(mapping: Mapping) -> None:
    assert a_browser(Role.OWNER, mapping.company).get("/api/v1/me").status_code == 401


def test_a_key_that_only_reads_starts_nothing(mapping: Mapping) -> None:
    link = a_link(mapping)
    key = a_key(mapping.company, "viewer")
    posts = [
        (f"records/{link.pk}/sync", {}), ("syncs", {"mapping": mapping.key}),
        ("problems/retry", {"code": "qbo.6240"}), ("problems/1/retry", None),
    ]  # fmt: skip
    answers = [call(key, "POST", path, body) for path, body in posts]
    assert [(status, body["code"]) for status, body in answers] == [(403, "api.role")] * 4
    assert (Run.all_companies.count(), call(key, "GET", "records")[0]) == (0, 200)


def test_nothing_of_another_company_is_seen_or_started(mapping: Mapping) -> None:
    link = a_link(mapping)
    problem = a_problem(link)
    run = a_run(mapping.integration)
    key = a_key(a_company("Mine"))
    opened = [
        call(key, method, path, body)[0]
        for method, path, body in (
            ("GET", f"records/{link.pk}", None),
            ("POST", f"records/{link.pk}/sync", {}),
            ("GET", f"runs/{run.pk}", None),
            ("GET", f"runs/{run.pk}/plan", None),
            ("POST", f"problems/{problem.pk}/retry", None),
        )
    ]
    assert opened == [404] * 5
    assert call(key, "POST", "syncs", {"mapping": mapping.key})[0] == 422
    lists = [call(key, "GET", path)[1] for path in ("records", "runs", "problems", "mappings")]
    assert lists == [{"records": [], "next": ""}, {"runs": [], "next": ""}, {"problems": [], "next": 0}, []]


def test_a_key_has_its_rate_and_wrong_keys_are_soon_not_looked_at(
    mapping: Mapping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "CALLS_A_MINUTE", 2)
    monkeypatch.setattr(guard, "WRONG_KEYS_A_MINUTE", 3)
    key = a_key(mapping.company)
    assert [call(key, "GET", "me")[0] for _ in range(3)] == [200, 200, 429]
    assert [call("wrong", "GET", "me")[0] for _ in range(4)] == [401, 401, 401, 429]


# --- what it does ---


def test_it_tells_whom_the_key_acts_for_and_notes_its_use(mapping: Mapping) -> None:
    key = a_key(mapping.company)
    status, body = call(key, "GET", "me")
    assert (status, body["company"], body["role"]) == (200, mapping.company.name, "operator")
    assert ApiKey.all_companies.get().last_used_at is not None


def test_records_are_listed_and_read_with_what_stands_in_their_way(mapping: Mapping) -> None:
    half = {"lifecycle": "creating", "qbo_id": None, "attention": "data_error"}
    link = a_link(mapping, name="Blue Pine Catering", sf_id=to_18("001Hp0000000042"), **half)
    a_link(mapping, name="Red Fir")
    a_problem(link)
    key = a_key(mapping.company, "viewer")

    found = call(key, "GET", "records?state=needs_attention")[1]["records"]
    assert [(row["name"], row["sf_id"], row["state"]) for row in found] == [
        ("Blue Pine Catering", link.sf_id, "needs_attention")
    ]
    one = call(key, "GET", f"records/{link.pk}")[1]
    assert (one["problem"]["code"], one["qbo_id"]) == ("qbo.6240", "")
    assert [row["name"] for row in call(key, "GET", f"records?q={link.sf_id}")[1]["records"]] == [link.name]


def test_a_second_start_joins_the_running_one(mapping: Mapping) -> None:
    link = a_link(mapping)
    key = a_key(mapping.company)
    first = call(key, "POST", f"records/{link.pk}/sync", {"direction": "to_qbo"})
    second = call(key, "POST", f"records/{link.pk}/sync", {"direction": "to_qbo"})
    assert (first[0], second[0], first[1]["id"] == second[1]["id"]) == (202, 202, True)
    for body in ({"mapping": mapping.key}, {"mapping": mapping.key, "filter": "Name LIKE 'Blue%'"}):
        one, two = call(key, "POST", "syncs", body)[1], call(key, "POST", "syncs", body)[1]
        assert one["id"] == two["id"]
    causes = set(Run.all_companies.values_list("cause", "person"))
    assert causes == {("API: Nightly script", None), ("API: Nightly script: Name LIKE 'Blue%'", None)}
    assert LinkWork.all_companies.get().forced == "qbo"


def test_previews_are_runs_that_write_nothing(mapping: Mapping) -> None:
    key = a_key(mapping.company)
    status, run = call(key, "POST", "syncs", {"mapping": mapping.key, "preview": True})
    assert (status, run["kind"], run["state"]) == (202, "preview", "queued")
    assert call(key, "GET", f"runs/{run['id']}/plan") == (200, {"items": [], "next": 0})
    assert call(key, "GET", "runs")[1]["runs"][0]["id"] == run["id"]


def test_problems_are_listed_and_tried_again(mapping: Mapping) -> None:
    problem = a_problem(a_link(mapping))
    a_problem(a_link(mapping))
    key = a_key(mapping.company)
    listed = call(key, "GET", "problems")[1]["problems"]
    assert (len(listed), all(row["todo"] for row in listed)) == (2, True)
    assert call(key, "POST", f"problems/{problem.pk}/retry")[1]["total"] == 1
    assert call(key, "POST", "problems/retry", {"code": "qbo.6240"})[0] == 202
    assert RecordLink.all_companies.filter(work__isnull=False).count() == 2


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "nowhere", None, 404, "api.not_found"),
        ("GET", "records?state=upside-down", None, 422, "api.unknown_state"),
        ("GET", "records?mapping=none", None, 422, "api.unknown_mapping"),
        ("GET", "runs?before=x", None, 422, "api.bad_input"),
        ("GET", "records/17", None, 404, "api.not_found"),
        ("POST", "syncs", {}, 422, "api.bad_input"),
        ("POST", "syncs", {"mapping": "account_customer", "direction": "up"}, 422, "api.bad_input"),
        ("POST", "syncs", {"mapping": "account_customer", "filter": "Name LIKE"}, 422, None),
        ("POST", "problems/retry", {"code": "none"}, 409, "problems.none"),
        ("PUT", "syncs", {}, 405, "api.method"),
    ],
)
def test_what_is_refused_is_said_as_problem_json(
    mapping: Mapping, method: str, path: str, body: Any, status: int, code: str | None
) -> None:
    answered, told = call(a_key(mapping.company), method, path, body)
    assert (answered, told["status"], bool(told["title"])) == (status, status, True)
    assert told["code"] == code or (code is None and told["code"].startswith("filter."))


def test_the_description_names_every_operation_and_is_served_to_keys(mapping: Mapping) -> None:
    status, body = call(a_key(mapping.company, "viewer"), "GET", "openapi.json")
    assert (status, body["openapi"].split(".")[0], len(body["paths"])) == (200, "3", 12)
    assert Client().get("/api/v1/docs").status_code == 401


def test_a_large_body_is_not_read(mapping: Mapping) -> None:
    assert call(a_key(mapping.company), "POST", "syncs", {"mapping": "x" * 1_100_000})[0] == 413


# --- the page ---


def test_a_key_is_shown_once_and_stored_as_a_hash(mapping: Mapping) -> None:
    person = a_member(mapping.company, Role.ADMIN)
    browser = signed_in(person)
    made = browser.post(reverse("portal:api-keys-make"), {"name": "Panel", "role": "operator"})
    text = made.content.decode().split('<code id="made">')[1].split("<")[0]
    later = browser.get(reverse("portal:api-keys")).content.decode()
    key = ApiKey.all_companies.get()
    assert (call(text, "GET", "me")[1]["key"], text in later, text.split("_", 2)[2] in key.secret_hash) == (
        "Panel", False, False,
    )  # fmt: skip
    assert "no-store" in made.headers["Cache-Control"]

    answer = browser.post(reverse("portal:api-keys-end", args=[key.pk]), follow=True)
    assert "The key Panel is ended" in words(answer)
    assert call(text, "GET", "me")[0] == 401
    assert list(AuditEvent.all_companies.order_by("pk").values_list("action", "actor")) == [
        ("api_key.made", person.email), ("api_key.revoked", person.email),
    ]  # fmt: skip


def test_no_key_may_do_more_than_work(mapping: Mapping) -> None:
    browser = a_browser(Role.OWNER, mapping.company)
    assert browser.post(reverse("portal:api-keys-make"), {"name": "x", "role": "owner"}).status_code == 422
