"""Secrets at rest: AES-256-GCM bound to their row, with key ids (stack handbook section 7).

Stored form: `v1:<key id>:<base64 of nonce + ciphertext>`; associated data `company|model|pk|field`, so that a stored
secret copied into another row does not open. The first key of FIELD_ENCRYPTION_KEYS encrypts, all of them decrypt.
"""

from __future__ import annotations

import base64
import os
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import models


class SecretUnreadable(RuntimeError):
    """A stored secret cannot be opened with the keys of this installation, or was moved from another row."""


@lru_cache(maxsize=4)
def _keys(configured: tuple[tuple[str, str], ...]) -> dict[str, AESGCM]:
    return {key_id: AESGCM(base64.urlsafe_b64decode(key)) for key_id, key in configured}


def _current_keys() -> dict[str, AESGCM]:
    return _keys(tuple(settings.FIELD_ENCRYPTION_KEYS.items()))


def current_key_id() -> str:
    """The id of the key that encrypts. Raises SecretUnreadable when this installation has none."""
    if not settings.FIELD_ENCRYPTION_KEYS:
        raise SecretUnreadable("FIELD_ENCRYPTION_KEYS is not set.")
    return next(iter(settings.FIELD_ENCRYPTION_KEYS))


def seal(text: str, context: str) -> str:
    """Encrypt `text` for the place named by `context`; empty text stays empty."""
    if not text:
        return ""
    key_id = current_key_id()
    key = _current_keys()[key_id]
    nonce = os.urandom(12)
    sealed = nonce + key.encrypt(nonce, text.encode(), context.encode())
    return f"v1:{key_id}:{base64.b64encode(sealed).decode()}"


def unseal(sealed: str, context: str) -> str:
    """Decrypt what `seal` made for the same place. Raises SecretUnreadable; never hands back the stored text."""
    if not sealed:
        return ""
    try:
        key_id, payload = sealed.removeprefix("v1:").split(":", 1)
        raw = base64.b64decode(payload)
        return _current_keys()[key_id].decrypt(raw[:12], raw[12:], context.encode()).decode()
    except (ValueError, KeyError, InvalidTag) as error:
        raise SecretUnreadable("A stored secret cannot be read with FIELD_ENCRYPTION_KEYS.") from error


class Sealed:
    """Descriptor over a text column `<name>_sealed`: plain text in code, sealed in the database.

    The row needs its primary key and company before the secret is set (UUID keys, company given at construction).
    """

    def __set_name__(self, owner: type[models.Model], name: str) -> None:
        self.column = f"{name}_sealed"
        self.name = name

    def _context(self, row: Any) -> str:
        return f"{row.company_id}|{row._meta.label_lower}|{row.pk}|{self.name}"

    def __get__(self, row: Any, owner: type | None = None) -> Any:
        return self if row is None else unseal(getattr(row, self.column), self._context(row))

    def __set__(self, row: Any, text: str) -> None:
        setattr(row, self.column, seal(text, self._context(row)))

    def needs_rotation(self, row: Any) -> bool:
        """Whether this row's secret was sealed with an older key than the one that encrypts now."""
        sealed = getattr(row, self.column)
        return bool(sealed) and not sealed.startswith(f"v1:{current_key_id()}:")
