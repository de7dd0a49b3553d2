"""Posting to addresses that people typed: https, public ones only, the one that was checked, and never for long."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from portal.notify import outside
from portal.notify.outside import NotTaken
from syncapp.services.errors import Refused

HOST = "hooks.example.com"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://hooks.slack.com/x", "notify.not_https"),
        ("ftp://hooks.slack.com/x", "notify.not_https"),
        ("https://", "notify.address"),
        ("https://user:pass@hooks.slack.com/x", "notify.address"),
        ("https://hooks.slack.com:99999/", "notify.address"),
        ("https://[::1", "notify.address"),
        ("https://hooks.slack.com/" + "x" * 3000, "notify.address"),
    ],
)
def test_what_is_no_https_address_is_refused(url: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        outside.check(url)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::",
    ],
)  # fmt: skip
def test_private_addresses_are_refused_under_whatever_name(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when only one of several addresses is private."""
    entries = [(0, 0, 0, "", ("93.184.216.34", 443)), (0, 0, 0, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: entries)
    with pytest.raises(Refused) as refused:
        outside.public_address(HOST, 443)
    assert refused.value.code == "notify.private"


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "localhost"])
def test_other_spellings_of_this_machine_are_refused(host: str) -> None:
    with pytest.raises(Refused) as refused:
        outside.public_address(host, 443)
    assert refused.value.code in {"notify.private", "notify.no_such_host"}


def a_certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert_file, key_file


class Server:
    """A chat service over TLS under a name of its own, on this machine."""

    def __init__(self, status: int, headers: dict[str, str], seen: list[tuple[str, str, bytes]]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                seen.append((self.headers["Host"], self.path, body))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: Any) -> None:
                return

        self.http = HTTPServer(("127.0.0.1", 0), Handler)


@contextmanager
def a_server(
    tmp_path: Path, patch: pytest.MonkeyPatch, status: int = 200, **headers: str
) -> Iterator[tuple[str, list[Any]]]:
    cert, key = a_certificate(tmp_path)
    seen: list[Any] = []
    server = Server(status, headers, seen).http
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    patch.setattr(outside, "public_address", lambda _host, _port: "127.0.0.1")
    patch.setattr(outside, "trusted", lambda: ssl.create_default_context(cafile=str(cert)))
    try:
        yield f"https://{HOST}:{server.server_port}/services/T0?x=1", seen
    finally:
        server.shutdown()
        server.server_close()


def test_a_message_goes_to_the_address_that_was_checked_under_its_own_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_server(tmp_path, monkeypatch) as (url, seen):
        outside.post(url, {"text": "hello"})
    host, path, body = seen[0]
    assert (host.split(":")[0], path, body) == (HOST, "/services/T0?x=1", b'{"text": "hello"}')


def test_a_redirect_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        a_server(tmp_path, monkeypatch, 302, Location="http://169.254.169.254/") as (url, seen),
        pytest.raises(NotTaken) as refused,
    ):
        outside.post(url, {"text": "hello"})
    assert (refused.value.code, len(seen)) == ("notify.answer_302", 1)


def test_a_busy_service_is_given_the_time_it_asks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        a_server(tmp_path, monkeypatch, 429, **{"Retry-After": "77"}) as (url, _),
        pytest.raises(NotTaken) as refused,
    ):
        outside.post(url, {})
    assert (refused.value.code, refused.value.retry_after) == ("notify.answer_429", 77.0)


def test_a_certificate_of_another_name_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_server(tmp_path, monkeypatch) as (url, seen), pytest.raises(NotTaken) as refused:
        outside.post(url.replace(HOST, "other.example.com"), {})
    assert (refused.value.code, seen) == ("notify.certificate", [])
