"""What a request from Salesforce asks for, read from the texts of its record (reference salesforce.md 5.7)."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.contracts import Side
from connectors.salesforce.ids import to_18
from syncapp.models import Integration, SyncRequest
from syncapp.services import locating
from syncapp.services.errors import Refused
from syncapp.services.locating import Wanted

SIDE_WORDS = (("quickbooks", Side.QUICKBOOKS), ("qb", Side.QUICKBOOKS), ("salesforce", Side.SALESFORCE))


def understood(request: SyncRequest, integrations: Sequence[Integration]) -> tuple[Integration, Wanted]:
    """The pair of companies and the record that a request means. Raises Refused."""
    asked = request.asked
    if asked.get("operation", "").casefold() not in ("", "send", "pull", "generate"):
        raise Refused("request.unknown_operation", operation=asked["operation"])
    integration = _integration(asked.get("realm", ""), integrations)
    side = locating.side_of(asked.get("record", ""), _named_side(asked.get("platform", "")))
    if side is None:
        raise Refused("locate.no_id", id=asked.get("record") or "An empty Record Id")
    id_ = to_18(asked["record"]) if side is Side.SALESFORCE else asked["record"]
    type_ = asked.get("type") or asked.get("generate") or ""
    return integration, Wanted(side, id_, type_)


def _integration(realm: str, integrations: Sequence[Integration]) -> Integration:
    if not integrations:
        raise Refused("locate.no_mapping")
    known = {row.quickbooks.remote_id: row for row in integrations if row.quickbooks is not None}
    if realm:
        if realm not in known:
            raise Refused("request.unknown_company", realm=realm, known=sorted(known))
        return known[realm]
    if len(integrations) > 1:
        raise Refused("request.which_company", known=sorted(known))
    return integrations[0]


def _named_side(platform: str) -> Side | None:
    plain = "".join(platform.split()).casefold()
    return next((side for word, side in SIDE_WORDS if plain.startswith(word)), None)


def target(request: SyncRequest, side: Side) -> Side:
    """The side that is written: the one that the direction or the operation names, else the other one of the id's."""
    direction = request.asked.get("direction", "").casefold()
    if "salesforce" in direction or request.asked.get("operation", "").casefold() == "pull":
        return Side.SALESFORCE
    return Side.QUICKBOOKS if "quickbooks" in direction else side.other
