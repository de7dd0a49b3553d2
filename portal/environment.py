"""Reads the configuration from environment variables, and refuses nonsense with a sentence that names the variable.

Values come from the process environment and, below it, from a `.env` file beside `manage.py`. A third source, the
file `local.env` that `make run` leaves in the data folder, counts only where nobody configured anything: then
`python manage.py ...` in another terminal finds the running local servers.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

LOCAL_ENVIRONMENT = "local.env"
LOCAL_PREFIX = "local-"  # secrets that this program generated for a development installation begin with it
_CONFIGURES = ("DEBUG", "DATABASE_URL", "REDIS_URL", "SECRET_KEY")
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


class Environment:
    """Typed access to environment variables. Every method raises ImproperlyConfigured naming the variable."""

    def __init__(self, folder: Path) -> None:
        """Read `folder`/.env into the process environment; variables already set there win."""
        self._env = environ.Env()
        self._folder = folder
        environ.Env.read_env(str(folder / ".env"))
        self._read_local_environment()

    def _read_local_environment(self) -> None:
        if any(os.environ.get(name) for name in _CONFIGURES):
            return
        file = self.folder("DATA_DIR", "var") / LOCAL_ENVIRONMENT
        if file.is_file():
            environ.Env.read_env(str(file))

    def text(self, name: str, default: str = "") -> str:
        """The value without surrounding blanks; `default` when unset or empty."""
        return os.environ.get(name, "").strip() or default

    def flag(self, name: str, *, default: bool) -> bool:
        """True for 1, true, yes, on; False for 0, false, no, off."""
        value = self.text(name).lower()
        if not value:
            return default
        if value in {"1", "true", "yes", "on"}:
            return True
        if value in {"0", "false", "no", "off"}:
            return False
        raise ImproperlyConfigured(f"{name} must be 1 or 0 (or true, false, yes, no), not {value!r}.")

    def number(self, name: str, default: int, *, low: int = 0, high: int = 2**31) -> int:
        """A whole number from `low` to `high`."""
        value = self.text(name)
        if not value:
            return default
        if not re.fullmatch(r"-?\d{1,12}", value) or not low <= int(value) <= high:
            raise ImproperlyConfigured(f"{name} must be a whole number from {low} to {high}, not {value!r}.")
        return int(value)

    def port(self, name: str, default: int) -> int:
        """A TCP port."""
        return self.number(name, default, low=1, high=65535)

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        """One of `allowed`, in any case."""
        value = self.text(name, default)
        for candidate in allowed:
            if value.lower() == candidate.lower():
                return candidate
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")

    def folder(self, name: str, default: str) -> Path:
        """An absolute path; relative ones count from the folder of `manage.py`."""
        return (self._folder / self.text(name, default)).resolve()

    def address(self, name: str, default: str) -> str:
        """An http(s) origin such as https://sync.example.com, without a trailing slash; "" when unset."""
        value = self.text(name, default).rstrip("/")
        if not value:
            return ""
        parts = _split(name, value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
            raise ImproperlyConfigured(
                f"{name} must be an address such as https://sync.example.com with nothing after the host "
                f"(and port), not {value!r}."
            )
        return value

    def database(self, name: str, default: str) -> dict[str, object]:
        """Django's settings of a PostgreSQL database from postgresql://user:password@host:port/name."""
        value = self.text(name, default)
        parts = _split(name, value)
        if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
            raise ImproperlyConfigured(
                f"{name} must look like postgresql://user:password@host:5432/name (PostgreSQL is the only database "
                f"that Ledgerbridge uses); its scheme is {parts.scheme or 'missing'!r}."
            )
        return dict(environ.Env.db_url_config(value))

    def redis(self, name: str, default: str) -> str:
        """redis://... or rediss://... of a Redis 7 or Valkey 8 server."""
        value = self.text(name, default)
        parts = _split(name, value)
        if parts.scheme not in {"redis", "rediss"} or not parts.hostname:
            raise ImproperlyConfigured(
                f"{name} must look like redis://:password@host:6379/0 or rediss://...; its scheme is "
                f"{parts.scheme or 'missing'!r}."
            )
        if not re.fullmatch(r"/?\d{0,3}", parts.path):
            raise ImproperlyConfigured(f"{name} must end in the number of a database, such as /0.")
        return value

    def email(self, name: str) -> dict[str, object]:
        """Django's e-mail settings from smtp+tls://user:password@host:587; {} when unset."""
        value = self.text(name)
        if not value:
            return {}
        try:
            return dict(self._env.email_url_config(value))
        except (KeyError, ValueError, ImproperlyConfigured) as error:
            raise ImproperlyConfigured(
                f"{name} must look like smtp+tls://user:password@mail.example.com:587."
            ) from error

    def field_keys(self, name: str, default: str) -> dict[str, str]:
        """Keys for secrets in the database by id, newest first: `id:base64 of 32 bytes`, separated by commas.

        Both alphabets of base64 are read; the values returned are in the one for addresses (`-` and `_`).
        """
        entries = [entry.strip() for entry in self.text(name, default).split(",") if entry.strip()]
        keys = dict(_field_key(name, entry) for entry in entries)
        if len(keys) != len(entries):
            raise ImproperlyConfigured(
                f"{name} uses the same key id twice; every key needs an id of its own."
            )
        return keys


def _split(name: str, value: str) -> SplitResult:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not a valid address: {error}.") from error
    return parts


def _field_key(name: str, entry: str) -> tuple[str, str]:
    key_id, _, encoded = entry.partition(":")
    encoded = encoded.replace("+", "-").replace("/", "_")
    try:
        size = len(base64.b64decode(encoded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        size = 0
    if not _KEY_ID.fullmatch(key_id) or size != 32:
        raise ImproperlyConfigured(
            f"{name} must be a list of id:key, newest first, each key 32 random bytes in base64. Make one with: "
            "python -c \"import base64,secrets; print('k1:' + base64.b64encode(secrets.token_bytes(32)).decode())\""
        )
    return key_id, encoded
