"""App credentials: a company's own vendor app, or the installation's; the environment only seeds the latter."""

from __future__ import annotations

from typing import Any

import requests
from django.conf import settings
from django.db import transaction

from connectors.contracts import Side
from syncapp.crypto import SecretUnreadable
from syncapp.models import AppCredentials, Company, ConnectionEnvironment
from syncapp.services.errors import Refused
from syncapp.services.facts import simulator_url

SIDE_DOOR_TIMEOUT_S = 5
_CALLBACKS = {Side.SALESFORCE: "salesforce", Side.QUICKBOOKS: "quickbooks"}


def redirect_uri(side: Side | str) -> str:
    """The callback address to register with the vendor's app, to the letter."""
    return f"{settings.BASE_URL}/oauth/{_CALLBACKS[Side(side)]}/callback"


def environments(side: Side | str) -> list[ConnectionEnvironment]:
    """The end points that this installation may connect this side to."""
    del side
    allowed = [ConnectionEnvironment.PRODUCTION, ConnectionEnvironment.SANDBOX]
    return [*allowed, ConnectionEnvironment.SIMULATOR] if settings.SIMULATOR_ENABLED else allowed


def app_credentials(
    company: Company, side: str, environment: str, login_host: str = ""
) -> AppCredentials | None:
    """The app that this company signs in with: its own (for that login host, then for any), else the installation's.

    None when neither exists. The simulator's app is asked for at its side door each time: a reset makes a new one.
    """
    if environment == ConnectionEnvironment.SIMULATOR:
        return _simulator_app(Side(side))
    own = AppCredentials.objects.filter(company=company, side=side, environment=environment)
    for host in dict.fromkeys((login_host, "")):
        found = own.filter(login_host=host).first()
        if found is not None:
            return found
    return _installation_app(Side(side), environment)


def save_app(
    company: Company,
    side: str,
    environment: str,
    client_id: str,
    client_secret: str | None = None,
    verifier_token: str | None = None,
    login_host: str = "",
) -> AppCredentials:
    """Store a company's own app. Secrets are write-only: None keeps what is stored."""
    row = AppCredentials.objects.filter(
        company=company, side=side, environment=environment, login_host=login_host
    ).first() or AppCredentials(company=company, side=side, environment=environment, login_host=login_host)
    row.client_id = client_id.strip()
    if client_secret is not None:
        row.client_secret = client_secret.strip()
    if verifier_token is not None:
        row.verifier_token = verifier_token.strip()
    row.save()
    return row


def _installation_app(side: Side, environment: str) -> AppCredentials | None:
    """The deployment-wide row, made from the environment variables when it does not exist yet."""
    row = AppCredentials.objects.filter(
        company=None, side=side, environment=environment, login_host=""
    ).first()
    return row or _seed(side, environment)


def _seed(side: Side, environment: str) -> AppCredentials | None:
    prefix = "SALESFORCE" if side is Side.SALESFORCE else "QUICKBOOKS"
    client_id = getattr(settings, f"{prefix}_CLIENT_ID")
    if not client_id:
        return None
    verifier = settings.QUICKBOOKS_WEBHOOK_VERIFIER_TOKEN if side is Side.QUICKBOOKS else ""
    return _store_deployment_wide(
        side, environment, client_id, getattr(settings, f"{prefix}_CLIENT_SECRET"), verifier
    )


def _simulator_app(side: Side) -> AppCredentials | None:
    if not settings.SIMULATOR_ENABLED:
        return None
    known = simulator_credentials(side)
    return _store_deployment_wide(
        side,
        ConnectionEnvironment.SIMULATOR,
        known["client_id"],
        known["client_secret"],
        known.get("webhook_verifier_token", ""),
    )


@transaction.atomic
def _store_deployment_wide(
    side: Side, environment: str, client_id: str, client_secret: str, verifier_token: str
) -> AppCredentials:
    row, _ = AppCredentials.objects.select_for_update().get_or_create(
        company=None, side=side, environment=environment, login_host="", defaults={"client_id": client_id}
    )
    if _holds(row) != (client_id, client_secret, verifier_token):
        row.client_id, row.client_secret, row.verifier_token = client_id, client_secret, verifier_token
        row.save()
    return row


def _holds(row: AppCredentials) -> tuple[str, str, str] | None:
    """What the row says; None when it was sealed with a key that is gone (it is then written anew)."""
    try:
        return row.client_id, row.client_secret, row.verifier_token
    except SecretUnreadable:
        return None


def simulator_credentials(side: Side) -> dict[str, str]:
    """What the stand-in of this side says at its side door: its app, and a token pair of its default org or realm.

    Only in a development installation. Raises Refused (`connect.unreachable`) when the stand-in does not run.
    """
    try:
        answer = requests.get(f"{simulator_url(side)}/_sim/credentials", timeout=SIDE_DOOR_TIMEOUT_S)
        answer.raise_for_status()
        found: dict[str, str] = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise Refused("connect.unreachable", side=side.value) from error
    return found


def subscribe_simulator(address: str) -> None:
    """Let the QuickBooks stand-in send its webhook notices to this address. Raises Refused (`connect.unreachable`)."""
    _subscribe(Side.QUICKBOOKS, {"url": address})


def send_messages_of(org_id: str, object_: str, address: str) -> None:
    """Let the Salesforce stand-in send an outbound message to this address whenever somebody saves a record of this
    object in that org. Raises Refused (`connect.unreachable`)."""
    _subscribe(
        Side.SALESFORCE,
        {"org": org_id, "object": object_, "name": object_, "url": address, "skips_own": True},
    )


def _subscribe(side: Side, message: dict[str, Any]) -> None:
    side_door = f"{simulator_url(side)}/_sim/webhooks"
    try:
        requests.post(side_door, json=message, timeout=SIDE_DOOR_TIMEOUT_S).raise_for_status()
    except requests.RequestException as error:
        raise Refused("connect.unreachable", side=side.value) from error
