"""The bundle of authorities is loaded once, and connections that are kept serve the next session."""

from __future__ import annotations

import os
import ssl
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from connectors import registry, tls
from connectors.contracts import Side
from connectors.simulator.testing import simulator
from tests.connectors.live import connect

CONTEXT = "connectors.tls.create_urllib3_context"


def test_many_connections_load_the_authorities_once() -> None:
    with simulator(seed="empty", tls=True) as sim, patch(CONTEXT, wraps=tls.create_urllib3_context) as made:
        known = connect(sim, Side.SALESFORCE)
        known.vault.grant = replace(known.vault.grant, instance_url=sim.salesforce.tls_url)
        facts = replace(known.facts, simulator_url=sim.salesforce.tls_url, ca_file=sim.ca_file)
        for _ in range(3):
            replace(known, facts=facts).salesforce().describe("Account")
    assert made.call_count == 1


def test_a_bundle_that_was_replaced_is_loaded_again(tmp_path: Path) -> None:
    bundle = tmp_path / "authorities.pem"
    bundle.write_text(Path(tls.DEFAULT_CA_BUNDLE_PATH).read_text())
    first = tls.context(str(bundle))
    assert tls.context(str(bundle)) is first
    changed = bundle.stat().st_mtime + 1
    os.utime(bundle, (changed, changed))
    assert tls.context(str(bundle)) is not first


def test_the_check_is_the_strict_one() -> None:
    context = tls.context(tls.DEFAULT_CA_BUNDLE_PATH)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_sessions_that_look_share_their_connections_and_others_do_not() -> None:
    with simulator(seed="empty") as sim:
        known = connect(sim, Side.SALESFORCE)
        kept = [
            registry.salesforce_client(known.facts, known.vault, known.slots, known.meter, kept=kept)
            for kept in (True, True, False)
        ]
        adapters = [client._transport.session.get_adapter("https://x") for client in kept]
    assert adapters[0] is adapters[1]
    assert adapters[2] is not adapters[0]
