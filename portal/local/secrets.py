"""Secrets of a development installation: generated once, kept in the data folder, readable by its owner only."""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from portal.environment import LOCAL_ENVIRONMENT, LOCAL_PREFIX
from portal.local.failure import LocalProblem

SECRETS = "secrets.json"


@dataclass(frozen=True)
class LocalSecrets:
    """What the local servers and the portal need. The names of keys tell production that they are not for it."""

    secret_key: str
    field_keys: str
    postgres_admin: str
    postgres_app: str
    valkey: str

    @classmethod
    def generate(cls) -> LocalSecrets:
        return cls(
            secret_key=LOCAL_PREFIX + secrets.token_urlsafe(48),
            field_keys=f"{LOCAL_PREFIX}1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
            postgres_admin=secrets.token_urlsafe(24),
            postgres_app=secrets.token_urlsafe(24),
            valkey=secrets.token_urlsafe(24),
        )

    @classmethod
    def of(cls, data_dir: Path) -> LocalSecrets:
        """The secrets kept in `data_dir`, generated at the first call.

        Raises LocalProblem when the file is there but unreadable: making new ones would lock the database out.
        """
        file = data_dir / SECRETS
        if not file.exists():
            cls.generate().write(data_dir)
        try:
            return cls(**json.loads(file.read_text()))
        except (OSError, ValueError, TypeError) as error:
            raise LocalProblem(
                f"{file} is damaged. It holds the keys of this folder's database: restore it, or delete the folder "
                f"{data_dir} to start from nothing."
            ) from error

    def write(self, data_dir: Path) -> None:
        """Keep them in `data_dir`."""
        write_private(data_dir / SECRETS, json.dumps(asdict(self), indent=1))


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner can read, all of it or nothing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(file.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(text)
    fresh.replace(file)


def write_local_environment(data_dir: Path, variables: dict[str, str]) -> None:
    """Tell other commands in this folder how to reach this installation (`portal.environment` reads it)."""
    lines = [
        "# Written by `manage.py portal_up`; counts only where neither the environment nor .env says more."
    ]
    lines += [f"{name}={value}" for name, value in sorted(variables.items())]
    write_private(data_dir / LOCAL_ENVIRONMENT, "\n".join(lines) + "\n")
