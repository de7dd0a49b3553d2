"""The local PostgreSQL and Valkey: data survives, obstacles get a sentence."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from portal.local.failure import LocalProblem
from portal.local.postgres import Postgres
from portal.local.secrets import LocalSecrets
from portal.local.valkey import Valkey


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that root's PostgreSQL, running as nobody, can reach (pytest's own are private)."""
    folder = Path(tempfile.mkdtemp(prefix="ledgerbridge-servers-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


def test_the_database_keeps_its_data_and_its_role_can_do_nothing_special(home):
    first = Postgres(home / "postgres", "admin-password", "app-password", throwaway=True)
    first.start()
    with psycopg.connect(first.url, autocommit=True) as connection:
        connection.execute("create table kept as select 42 as answer")
    first.stop()

    second = Postgres(home / "postgres", "admin-password", "app-password", throwaway=True)
    second.start()
    try:
        with psycopg.connect(second.url) as connection:
            assert connection.execute("select answer from kept").fetchone() == (42,)
            rights = "select rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname = current_user"
            assert connection.execute(rights).fetchone() == (False, False, False)
    finally:
        second.stop()


def test_passwords_that_do_not_fit_the_database_are_a_sentence(home):
    first = Postgres(home / "postgres", "admin-password", "app-password", throwaway=True)
    first.start()
    first.stop()
    other = Postgres(home / "postgres", "another-password", "app-password", throwaway=True)
    with pytest.raises(LocalProblem, match="do not fit the database"):
        other.start()


def test_a_half_made_cluster_is_made_anew(home):
    server = Postgres(home / "postgres", "admin-password", "app-password", throwaway=True)
    (home / "postgres").mkdir()
    (home / "postgres" / "cluster.new").mkdir()
    (home / "postgres" / "cluster.new" / "PG_VERSION").write_text("half")
    server.start()
    try:
        assert psycopg.connect(server.url).execute("select 1").fetchone() == (1,)
    finally:
        server.stop()


def test_data_of_another_postgresql_version_is_a_sentence(home):
    server = Postgres(home / "postgres", "admin-password", "app-password", throwaway=True)
    server.data.mkdir(parents=True)
    (server.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(LocalProblem, match="was made by PostgreSQL 9"):
        server.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's PostgreSQL runs as somebody else")
def test_root_below_a_private_folder_keeps_the_data_where_nobody_can_read_it(home):
    private = home / "private"
    private.mkdir(mode=0o700)
    server = Postgres(private / "postgres", "admin-password", "app-password", throwaway=True)
    server.start()
    try:
        assert psycopg.connect(server.url).execute("select 1").fetchone() == (1,)
        assert str(server.data).startswith("/var/lib/ledgerbridge/")
    finally:
        server.stop()
        shutil.rmtree(server.base)


def test_the_queue_keeps_what_it_holds(home):
    first = Valkey(home / "valkey", "secret")
    first.start()
    with redis.Redis.from_url(first.url) as client:
        client.set("kept", "yes")
    first.stop()

    second = Valkey(home / "valkey", "secret")
    second.start()
    try:
        with redis.Redis.from_url(second.url) as client:
            assert client.get("kept") == b"yes"
        with redis.Redis(port=second.port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
    finally:
        second.stop()


def test_local_secrets_are_made_once_and_private(tmp_path):
    first = LocalSecrets.of(tmp_path)
    assert LocalSecrets.of(tmp_path) == first
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_damaged_local_secrets_are_a_sentence_and_stay_as_they_are(tmp_path):
    (tmp_path / "secrets.json").write_text("{")
    with pytest.raises(LocalProblem, match="is damaged"):
        LocalSecrets.of(tmp_path)
    assert (tmp_path / "secrets.json").read_text() == "{"
