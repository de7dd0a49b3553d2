"""Posting to an address that a person typed: https only, never to a private address, never for long.

The name is looked up once, every address it stands for has to be a public one, and the connection goes to the address
that was checked (a second look-up could give another one). Redirects are not followed.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

import urllib3

from syncapp.services.errors import Refused

CONNECT_S, READ_S = 5.0, 10.0
MOST_READ = 2_000
LONGEST_URL = 2_000


class NotTaken(Exception):
    """The other side did not take the message. `code` says why; `retry_after` when it asked for patience."""

    def __init__(self, code: str, retry_after: float | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after = retry_after


def check(url: str) -> SplitResult:
    """The parts of an address that may be stored. Raises Refused `notify.address`, `notify.not_https`."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise Refused("notify.address") from None
    if parts.scheme != "https":
        raise Refused("notify.not_https")
    if not parts.hostname or parts.username or parts.password or len(url) > LONGEST_URL or port == 0:
        raise Refused("notify.address")
    return parts


def public_address(host: str, port: int) -> str:
    """One address of this name. Raises Refused `notify.no_such_host`, or `notify.private` when any of them is not a
    public one."""
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        raise Refused("notify.no_such_host", host=host) from None
    if not found or not all(_is_public(address) for address in found):
        raise Refused("notify.private", host=host)
    return min(found, key=lambda address: ":" in address)  # where a machine has no IPv6, IPv4 works


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    if inner is not None:
        ip = inner
    if isinstance(ip, ipaddress.IPv6Address) and (ip.teredo or ip in NAT64):
        return False
    return ip.is_global and not ip.is_multicast


NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""Addresses that a network translates to IPv4 (RFC 6052), private ones among them."""


def trusted() -> ssl.SSLContext:
    """Which certificates are believed: those of the system."""
    return ssl.create_default_context()


def post(url: str, body: Mapping[str, Any]) -> None:
    """Post JSON. Raises NotTaken when it was not accepted with a 2xx, Refused as `check` and `public_address` do."""
    parts = check(url)
    host, port = str(parts.hostname), parts.port or 443
    pool = urllib3.HTTPSConnectionPool(
        public_address(host, port),
        port,
        timeout=urllib3.Timeout(connect=CONNECT_S, read=READ_S),
        retries=False,
        ssl_context=trusted(),
        assert_hostname=host,
        server_hostname=host,
    )
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        _send(pool, target, parts.netloc, body)
    finally:
        pool.close()


def _send(pool: urllib3.HTTPSConnectionPool, target: str, host: str, body: Mapping[str, Any]) -> None:
    headers = {"Host": host, "Content-Type": "application/json", "User-Agent": "Ledgerbridge"}
    try:
        answer = pool.urlopen(
            "POST",
            target,
            body=json.dumps(body).encode(),
            headers=headers,
            redirect=False,
            preload_content=False,
        )
    except urllib3.exceptions.TimeoutError:
        raise NotTaken("notify.timeout") from None
    except urllib3.exceptions.SSLError:
        raise NotTaken("notify.certificate") from None
    except urllib3.exceptions.HTTPError:
        raise NotTaken("notify.unreachable") from None
    try:
        answer.read(MOST_READ)
    except urllib3.exceptions.HTTPError:
        pass  # the status is in; what it says beyond is not needed
    finally:
        answer.close()
    if not 200 <= answer.status < 300:
        raise NotTaken(f"notify.answer_{answer.status}", _seconds(answer.headers.get("Retry-After", "")))


def _seconds(text: str) -> float | None:
    return min(float(text), 3600.0) if text.isdecimal() else None
