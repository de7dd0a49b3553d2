"""The Salesforce part of the side door: orgs, switches, apps, sessions, and records changed as a person would."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from connectors.simulator.wire import Request, Response

from . import events, ids
from .changes import BY_HAND, Actor
from .errors import Refused
from .oauth.apps import App
from .orgs import Settings, settings_from
from .seeding import fresh_org
from .soql.errors import SoqlError
from .validation import check_condition

if TYPE_CHECKING:
    from .orgs import Org
    from .standin import Salesforce

_LONGEST_WAIT_SECONDS = 270.0  # the vendor's keep-alive interval (reference 5.5)


def answer(standin: Salesforce, request: Request) -> Response | None:
    """The answer to a path of ours below `/_sim/`, or None. Raises ValueError, KeyError, TypeError for bad bodies."""
    what = "/".join(request.segments[1:])
    routes = {
        "orgs": _orgs,
        "settings": _settings,
        "apps": _apps,
        "sessions/expire": _expire,
        "records": _records,
        "events": _events,
        "locks": _locks,
    }
    if what not in routes:
        return None
    try:
        return Response.json(routes[what](standin, request))
    except Refused as error:
        return Response.json({"error": error.message, "code": error.code}, 400)
    except SoqlError as error:
        return Response.json({"error": error.message, "code": error.code}, 400)


def waiting_seconds(request: Request) -> float:
    """How long a reader of events waits for the next one: `wait` of `GET /_sim/events`, at most 270 seconds."""
    if request.method != "GET" or request.segments != ("_sim", "events"):
        return 0.0
    text = request.query.get("wait", "")
    return min(float(text), _LONGEST_WAIT_SECONDS) if text.isascii() and text.isdigit() else 0.0


def _org(standin: Salesforce, name: object) -> Org:
    org = standin.orgs.find(str(name)) if name else standin.orgs.default
    if org is None:
        raise ValueError(f"no org {name}")
    return org


def _about(org: Org) -> dict[str, Any]:
    return {
        "number": org.number,
        "org_id": org.id,
        "name": org.name,
        "kind": org.kind,
        "edition": org.facts["edition"],
        "username": org.username,
        "flavour": asdict(org.flavour),
        "inactive": bool(org.facts.get("inactive")),
    }


def _orgs(standin: Salesforce, request: Request) -> Any:
    """GET lists them; POST makes one: name, kind, edition, package, multicurrency, quotes ..., seed."""
    if request.method == "POST":
        body = dict(request.json())
        plan = str(body.pop("seed", "small"))
        kind = str(body.pop("kind", "production"))
        org = fresh_org(standin.world, standin.orgs, kind, plan, **body)
        standin.adopt(org)
        return standin.credentials_of(org)
    return {"orgs": [_about(org) for org in standin.orgs]}


def _settings(standin: Salesforce, request: Request) -> Any:
    """GET or POST the switches of an org (`org`: id or number; the default org without)."""
    if request.method != "POST":
        return asdict(_org(standin, request.query.get("org")).settings)
    body = dict(request.json())
    org = _org(standin, body.pop("org", ""))
    for name in ("inactive", "ip_restricted"):
        if name in body:
            org.facts[name] = bool(body.pop(name))
    wanted: Settings = settings_from({**asdict(org.settings), **body})
    wanted.change_events = events.selection(org, wanted.change_events)
    for rule in wanted.validation_rules:
        check_condition(org, rule.object, rule.condition)
    org.settings = wanted
    org.changed()
    return asdict(org.settings)


def _apps(standin: Salesforce, request: Request) -> Any:
    """GET lists the client apps; POST adds or changes one (by client_id)."""
    if request.method == "POST":
        body = dict(request.json())
        known = standin.apps.find(str(body.get("client_id", standin.apps.default.client_id)))
        base = asdict(known) if known is not None else {"client_secret": ""}
        standin.apps.put(App(**{**base, **body}))
    return {"apps": [asdict(app) for app in standin.apps.all()]}


def _expire(standin: Salesforce, request: Request) -> Any:
    """POST: end one session (`token`), those of an org, or all; `refresh` ends the approvals too."""
    body = request.json() if request.body else {}
    if body.get("token"):
        return {"ended": int(standin.sessions.revoke(str(body["token"])))}
    org = _org(standin, body["org"]) if body.get("org") else None
    ended = standin.sessions.close_all(org.number if org else None)
    if body.get("refresh"):
        standin.sessions.revoke_all(org.number if org else None)
    return {"ended": ended}


def _records(standin: Salesforce, request: Request) -> Any:
    """POST: a change as another user makes it: org, object, action, id, values (merge: id, losers)."""
    body = request.json()
    org = _org(standin, body.get("org"))
    records = standin.engine.records_of(org)
    entity = org.catalog.get(str(body["object"]))
    actor = Actor(str(body.get("user") or org.facts["clerk_id"]), allow_duplicates=True, request_id=BY_HAND)
    action, record_id = str(body.get("action", "update")), str(body.get("id", ""))
    if action == "create":
        record_id = records.create(entity, body.get("values") or {}, actor)
    elif action == "update":
        records.update(entity, record_id, body.get("values") or {}, actor)
    elif action == "delete":
        records.bin.delete(entity, record_id, actor)
    elif action == "undelete":
        records.bin.undelete(entity, record_id, actor)
    elif action == "purge":
        records.bin.purge(entity, records.own_id(entity, record_id), actor)
    elif action == "merge":
        records.bin.merge(entity, record_id, [str(one) for one in body["losers"]], actor)
    else:
        raise ValueError(f"no such action: {action}")
    return {"id": record_id}


def _events(standin: Salesforce, request: Request) -> Any:
    """GET reads a `channel` after a replay id (-2 all, -1 none); POST tells a gap: org, object, change, ids."""
    if request.method != "POST":
        org = _org(standin, request.query.get("org"))
        bus = standin.engine.records_of(org).events
        limit = min(events.PAGE, max(1, int(request.query.get("limit", events.PAGE))))
        return bus.after(request.query.get("channel", ""), int(request.query.get("after", "-2")), limit)
    body = request.json()
    org = _org(standin, body.get("org"))
    kind = str(body["change"])
    if kind not in events.GAPS:
        raise ValueError(f"change must be one of {', '.join(events.GAPS)}")
    actor = Actor(str(org.facts["clerk_id"]))
    entity = org.catalog.get(str(body["object"]))
    standin.engine.records_of(org).events.gap(entity, kind, [str(one) for one in body.get("ids", [])], actor)
    return {"told": kind}


def _locks(standin: Salesforce, request: Request) -> Any:
    """POST: changes of these records are refused with UNABLE_TO_LOCK_ROW: org, ids, times (0 lets go)."""
    body = request.json()
    records = standin.engine.records_of(_org(standin, body.get("org")))
    for text in body["ids"]:
        known = ids.to_18(str(text))
        if known is None:
            raise ValueError(f"not an id: {text}")
        records.locks.hold(known, int(body.get("times", 1)))
    records.locks.save()
    return {"locked": records.locks.held()}
