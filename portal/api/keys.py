"""API keys: made for one company and role, shown once, kept as a hash."""

from __future__ import annotations

import hmac
import re
import secrets
from datetime import datetime, timedelta

from django.utils import timezone

from portal.people.models import ApiKey, User, hash_token
from syncapp.services import audit

_FORM = re.compile(r"lb_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
NOTED_EVERY = timedelta(minutes=1)


def make(person: User, name: str, role: str) -> tuple[ApiKey, str]:
    """A new key of the current company and its text, which is stored nowhere."""
    public, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    row = ApiKey.objects.create(
        public=public, secret_hash=hash_token(secret), name=name, role=role, made_by=person
    )
    audit.decided("api_key.made", person, after={"name": name, "role": role, "key": public})
    return row, f"lb_{public}_{secret}"


def revoke(key: ApiKey, person: User) -> None:
    """End a key: the next call with it is refused."""
    if key.revoked_at is None:
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at"])
        audit.decided("api_key.revoked", person, after={"name": key.name, "key": key.public})


def find(text: str) -> ApiKey | None:
    """The live key that this text is; None for any other text. The secret part is compared in constant time."""
    form = _FORM.fullmatch(text)
    if form is None:
        return None
    row = ApiKey.all_companies.select_related("company").filter(public=form[1]).first()
    stored = row.secret_hash if row is not None else hash_token("")
    same = hmac.compare_digest(stored, hash_token(form[2]))
    live = row is not None and row.revoked_at is None and row.company.state == "active"
    return row if same and live else None


def note_use(key: ApiKey, now: datetime) -> None:
    """Remember that it was used; once a minute at most."""
    if key.last_used_at is None or now - key.last_used_at > NOTED_EVERY:
        ApiKey.all_companies.filter(pk=key.pk).update(last_used_at=now)
