"""The vendors' certificates are checked against one bundle of authorities, which is loaded once per process.

requests loads the bundle anew for every connection that it opens, some 18 ms of CPU each time. Everything else about
the check is the library's: host names, versions, ciphers.
"""

from __future__ import annotations

import os
import ssl
from functools import lru_cache
from pathlib import Path
from typing import Any

from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.util.ssl_ import create_urllib3_context

KEPT_HOSTS = 256
"""So many orgs' connections one process keeps open for its next look; the ones used longest ago go first."""


class Adapter(HTTPAdapter):
    """Sends calls like its parent; a session's own bundle is not loaded a second time."""

    def build_connection_pool_key_attributes(
        self, request: Any, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        if host["scheme"] == "https" and verify:
            pool.pop("ca_certs", None)
            pool.pop("ca_cert_dir", None)
            pool["ssl_context"] = context(DEFAULT_CA_BUNDLE_PATH if verify is True else str(verify))
        return host, pool

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """The pool holds its context already; what the parent would set makes each connection load the bundle."""
        super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]
        if verify:
            conn.ca_certs = conn.ca_cert_dir = None


def context(bundle: str) -> ssl.SSLContext:
    """What checks certificates against this file or folder of authorities; loaded again once it has changed. Raises
    OSError for one that is not there."""
    return _context(bundle, Path(bundle).stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _context(bundle: str, _changed: int) -> ssl.SSLContext:
    made = create_urllib3_context()
    folder = Path(bundle).is_dir()
    made.load_verify_locations(cafile=None if folder else bundle, capath=bundle if folder else None)
    return made


@lru_cache(maxsize=1)
def kept_adapter() -> Adapter:
    """The connections that this process keeps open from one look to the next, whichever session looks."""
    return Adapter(pool_connections=KEPT_HOSTS, pool_maxsize=8, max_retries=0)


os.register_at_fork(after_in_child=kept_adapter.cache_clear)
