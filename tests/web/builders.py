"""Signed-in browsers and what they read, for tests of pages."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.people.models import Invitation, Membership, Role, User
from syncapp.models import Company, FieldMapping, Mapping
from tests.builders import a_company, a_member

PASSWORD = "correct horse battery"


def signed_in(person: User) -> Client:
    """A browser in which this person is signed in."""
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def a_browser(role: str = Role.OWNER, company: Company | None = None, **values: Any) -> Client:
    """A browser of a member of the company."""
    return signed_in(a_member(company or a_company(), role, **values))


def an_invitation(
    company: Company, email: str = "jonas@example.com", **values: Any
) -> tuple[Invitation, str]:
    """An open invitation and its token."""
    ended = values.pop("ended", False)
    row = Invitation(company=company, email=email, **{"role": Role.OPERATOR, **values})
    token = row.renew(timezone.now())
    if ended:
        row.expires_at = timezone.now() - timedelta(seconds=1)
    row.save()
    return row, token


def membership(company: Company, person: User) -> Membership | None:
    return Membership.all_companies.filter(company=company, user=person).first()


def words(response: Any) -> str:
    """What a person reads of a page: text without tags, blanks folded."""
    text = re.sub(r"<(script|style)\b.*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def queries_of(browser: Client, address: str) -> int:
    """How many queries the page takes."""
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(address).status_code == 200
    return len(captured)


def the_form(mapping: Mapping, **changes: Any) -> dict[str, Any]:
    """What the browser posts for the draft as it is, with changes by `<row key>-<field>`."""
    rows = list(FieldMapping.all_companies.filter(mapping=mapping).order_by("position", "id"))
    data: dict[str, Any] = {
        "label": mapping.label, "create_in_qbo": "on", "create_in_sf": "on", "match_auto": "on", "sf_filter": "",
        "qbo_filter": "", "external_id_field": "",
        "criteria-TOTAL_FORMS": 1, "criteria-INITIAL_FORMS": 0,
        "criteria-0-position": 0, "criteria-0-name": "", "criteria-0-side": "sf",
        "criteria-0-enabled": "on", "criteria-0-rules": "",
        "rows-TOTAL_FORMS": len(rows), "rows-INITIAL_FORMS": len(rows), "rows-MIN_NUM_FORMS": 0,
    }  # fmt: skip
    for place, row in enumerate(rows):
        values = {
            "id": row.pk, "position": row.position, "enabled": "on" if row.enabled else "", "key": row.key,
            "label": row.label, "sf_path": row.sf_path, "direction": row.direction, "qbo_path": row.qbo_path,
            "type": row.type, "on_conflict": row.on_conflict, "on_drift": row.on_drift, "initial": row.initial,
            "group": row.group, "transform": row.transform, "places": row.places, "refers_to": row.refers_to,
            "required": "on" if row.required else "", "qbo_length": row.qbo_length or "", "sf_length": "",
            "constant": "", "default": "", "write": row.write, "formula": row.formula, "value_map": row.value_map,
        }  # fmt: skip
        values |= {
            name.partition("__")[2]: value
            for name, value in changes.items()
            if name.startswith(f"{row.key}__")
        }
        data |= {f"rows-{place}-{name}": value for name, value in values.items() if value != ""}
    return {**data, **{name: value for name, value in changes.items() if "__" not in name}}
