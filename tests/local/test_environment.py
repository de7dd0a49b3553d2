"""Configuration by environment variables: what is refused, and with which sentence."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal.environment import Environment

ROOT = Path(__file__).resolve().parent.parent.parent
KEY = base64.b64encode(bytes(32)).decode()
PRODUCTION = {
    "SECRET_KEY": "s" * 50,
    "FIELD_ENCRYPTION_KEYS": f"k1:{KEY}",
    "BASE_URL": "https://sync.example.com",
    "DATABASE_URL": "postgresql://app:pw@127.0.0.1:5432/ledgerbridge",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "EMAIL_URL": "smtp+tls://user:pw@mail.example.com:587",
}


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    monkeypatch.setenv("DEBUG", "1")
    return Environment(tmp_path)


@pytest.mark.parametrize(
    ("variable", "value", "read"),
    [
        ("PORT", "80000", lambda env: env.port("PORT", 8000)),
        ("DEBUG", "maybe", lambda env: env.flag("DEBUG", default=False)),
        ("BASE_URL", "sync.example.com", lambda env: env.address("BASE_URL", "")),
        ("BASE_URL", "https://sync.example.com/portal", lambda env: env.address("BASE_URL", "")),
        ("DATABASE_URL", "mysql://root@db/x", lambda env: env.database("DATABASE_URL", "")),
        ("DATABASE_URL", "postgresql://db:notaport/x", lambda env: env.database("DATABASE_URL", "")),
        ("REDIS_URL", "http://cache", lambda env: env.redis("REDIS_URL", "")),
        ("REDIS_URL", "redis://cache/name", lambda env: env.redis("REDIS_URL", "")),
        ("EMAIL_URL", "mail.example.com", lambda env: env.email("EMAIL_URL")),
        ("LOG_LEVEL", "LOUD", lambda env: env.choice("LOG_LEVEL", "INFO", ("INFO", "WARNING"))),
        ("FIELD_ENCRYPTION_KEYS", "k1:short", lambda env: env.field_keys("FIELD_ENCRYPTION_KEYS", "")),
        (
            "FIELD_ENCRYPTION_KEYS",
            f"a:{KEY},a:{KEY}",
            lambda env: env.field_keys("FIELD_ENCRYPTION_KEYS", ""),
        ),
    ],
)
def test_nonsense_is_refused_with_a_sentence_that_names_the_variable(env, monkeypatch, variable, value, read):
    monkeypatch.setenv(variable, value)
    with pytest.raises(ImproperlyConfigured) as refusal:
        read(env)
    assert str(refusal.value).startswith(variable)


def test_a_refusal_never_repeats_a_password(env, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "mysql://root:hunter2@db/x")
    with pytest.raises(ImproperlyConfigured) as refusal:
        env.database("DATABASE_URL", "")
    assert "hunter2" not in str(refusal.value)


def test_field_keys_are_read_newest_first_in_either_alphabet(env, monkeypatch):
    newest = base64.b64encode(b"\xfb" * 32).decode()
    monkeypatch.setenv("FIELD_ENCRYPTION_KEYS", f"k2:{newest}, k1:{KEY}")
    keys = env.field_keys("FIELD_ENCRYPTION_KEYS", "")
    assert list(keys) == ["k2", "k1"]
    assert base64.urlsafe_b64decode(keys["k2"]) == b"\xfb" * 32


def test_the_local_servers_are_found_only_where_nobody_configured_anything(tmp_path, monkeypatch):
    for name in ("DEBUG", "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DATA_DIR", "LOCAL_MARK"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "local.env").write_text("LOCAL_MARK=found\n")
    monkeypatch.setenv("SECRET_KEY", "configured")
    assert Environment(tmp_path).text("LOCAL_MARK") == ""
    monkeypatch.delenv("SECRET_KEY")
    assert Environment(tmp_path).text("LOCAL_MARK") == "found"
    monkeypatch.delenv("LOCAL_MARK")


def start(**changes: str | None) -> str:
    """The error of starting with production settings, changed; "" when it starts."""
    wanted = {**PRODUCTION, **changes, "DEBUG": "0"}
    environment = {name: value for name, value in wanted.items() if value is not None}
    answer = subprocess.run(
        [sys.executable, "-c", "import portal.settings"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stderr.strip().splitlines()[-1] if answer.returncode else ""


def test_a_complete_production_configuration_starts():
    assert start() == ""


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"SECRET_KEY": None}, "SECRET_KEY is not set"),
        ({"SECRET_KEY": "local-" + "x" * 50}, "SECRET_KEY must be"),
        ({"FIELD_ENCRYPTION_KEYS": None}, "FIELD_ENCRYPTION_KEYS is not set"),
        ({"FIELD_ENCRYPTION_KEYS": f"local-1:{KEY}"}, "generated for development"),
        ({"BASE_URL": None}, "BASE_URL is not set"),
        ({"BASE_URL": "http://sync.example.com"}, "BASE_URL must begin with https"),
        ({"DATABASE_URL": None}, "DATABASE_URL is not set"),
        ({"REDIS_URL": None}, "REDIS_URL is not set"),
        ({"EMAIL_URL": None}, "EMAIL_URL is not set"),
        ({"SIMULATOR": "1"}, "SIMULATOR is for DEBUG=1 only"),
    ],
)
def test_production_refuses_what_is_missing_generated_simulated_or_unencrypted(changes, sentence):
    assert sentence in start(**changes)
