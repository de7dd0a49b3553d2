"""Intuit's notices: late, doubled, lost and out of order, as the plan wants; what we make of them is our own code."""

from __future__ import annotations

import base64
import hashlib
import hmac
from random import Random

from connectors.quickbooks import webhooks
from connectors.simulator.quickbooks import knobs
from syncapp.models import AppCredentials
from syncapp.services import deliveries
from tests.simulation.actors import Actor
from tests.simulation.world import World

VERIFIER = "the app's verifier token"


def pending(world: World) -> list[bytes]:
    """Bodies that wait to be delivered, the oldest first; what changed by now is among them."""
    hooks = _hooks(world)
    for subscription in hooks.subscriptions():
        hooks._gather(subscription)
    return [row[0].encode() for row in world.store.rows("SELECT body FROM qbo_delivery ORDER BY n")]


def _hooks(world: World):  # type: ignore[no-untyped-def]
    knobs.change(world.store, {"webhook_seconds": 0})
    return world.standins["quickbooks"].webhooks  # type: ignore[attr-defined]


def forget(world: World) -> None:
    """What was not delivered yet never will be."""
    pending(world)
    world.store.write("DELETE FROM qbo_delivery")
    world.store.commit()


def deliver(world: World, raw: bytes) -> Actor:
    """One delivery reaches our door; the process that answers it may be overtaken or die like any other."""
    signature = base64.b64encode(hmac.new(VERIFIER.encode(), raw, hashlib.sha256).digest()).decode()
    return world.start("notice", lambda: _door(raw, signature))


def _door(raw: bytes, signature: str) -> None:
    """What the address for notices does with a body (`portal/hooks/quickbooks.py`), without HTTP."""
    app = AppCredentials.objects.get(side="qbo")
    if webhooks.verify(raw, signature, VERIFIER):
        deliveries.receive(app.pk, webhooks.parse(raw), raw)


def some(world: World, chance: Random) -> list[bytes]:
    """What arrives now of what is pending: some lost, some twice, in any order; the rest stays for later."""
    waiting = pending(world)
    kept = waiting[chance.randrange(len(waiting) + 1) :] if waiting and chance.random() < 0.4 else []
    arriving = [raw for raw in waiting[: len(waiting) - len(kept)] if chance.random() > 0.15]
    arriving += [raw for raw in arriving if chance.random() < 0.2]
    chance.shuffle(arriving)
    world.store.write("DELETE FROM qbo_delivery")
    for raw in kept:
        world.store.write(
            "INSERT INTO qbo_delivery (subscription, body, attempts, due) VALUES (1, ?, 0, 0)",
            (raw.decode(),),
        )
    world.store.commit()
    return arriving
