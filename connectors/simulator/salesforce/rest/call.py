"""One REST call, or one sub-request of a composite: who calls, which org, which version, which headers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from connectors.simulator.salesforce.changes import Actor
from connectors.simulator.salesforce.errors import bad_json, not_found, unsupported_media_type
from connectors.simulator.wire import Request

if TYPE_CHECKING:
    from connectors.simulator.salesforce.catalog import Entity
    from connectors.simulator.salesforce.orgs import Org
    from connectors.simulator.salesforce.records import Records

    from .engine import Engine

_UNSET = object()


@dataclass(slots=True)
class Answer:
    """What a resource answers: the JSON value (None: no body), status, headers."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    #: Text instead of JSON, with its content type (CSV, XML).
    text: str | None = None
    content_type: str = ""


@dataclass(slots=True)
class Call:
    """One call. `version` is `66.0`; `params` of the route are in `request.params`."""

    engine: Engine
    request: Request
    org: Org
    records: Records
    user_id: str
    version: str
    #: Sub-requests bring their body already parsed.
    parsed: Any = _UNSET
    is_part: bool = False

    @property
    def root(self) -> str:
        return f"/services/data/v{self.version}"

    @property
    def url(self) -> str:
        """What the URL of every record begins with."""
        return f"/services/data/v{self.version}/sobjects/"

    @property
    def now(self) -> datetime:
        return self.org.now()

    def param(self, name: str) -> str:
        return self.request.params[name]

    def query(self, name: str, default: str = "") -> str:
        return self.request.query.get(name, default)

    def body(self) -> Any:
        """The JSON body. Raises Refused JSON_PARSER_ERROR, or UNSUPPORTED_MEDIA_TYPE for a body of another kind."""
        if self.parsed is not _UNSET:
            return self.parsed
        if not self.request.body:
            return None
        kind = self.request.header("content-type").partition(";")[0].strip().lower()
        if kind and not kind.endswith("json"):
            raise unsupported_media_type(kind)
        try:
            return self.request.json()
        except (ValueError, UnicodeDecodeError) as error:
            raise bad_json(f"{str(error)[:200]} at [line:1, column:1]") from None

    def object_body(self) -> dict[str, Any]:
        """The body when it must be an object. Raises Refused."""
        body = self.body()
        if body is None:
            return {}
        if not isinstance(body, dict):
            raise bad_json("The HTTP entity body is required to be a JSON object")
        return body

    def entity(self, name: str | None = None, *, tooling: bool = False) -> Entity:
        """The object that the path (or `name`) names. Raises Refused 404."""
        found = self.org.catalog.find(self.param("object") if name is None else name)
        if found is None or (found.object.tooling and not tooling):
            raise not_found()
        return found

    def actor(self) -> Actor:
        options = header_options(self.request.header("sforce-duplicate-rule-header"))
        return Actor(
            self.user_id,
            options.get("allowsave", "").lower() == "true",
            self.request.header("x-request-id"),
            self._origin(),
        )

    def _origin(self) -> str:
        """`com/salesforce/api/rest/66.0;client=Name`: what change events say of the caller (reference 5.4)."""
        client = header_options(self.request.header("sforce-call-options")).get("client", "")
        return f"com/salesforce/api/rest/{self.version}" + (f";client={client}" if client else "")

    def flag(self, name: str, value: Any) -> bool:
        """A JSON boolean that clients also send as text."""
        if isinstance(value, bool) or value is None:
            return bool(value)
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        raise bad_json(f"Cannot deserialize instance of boolean from VALUE value {value} for {name}")


Resource = Callable[[Call], Answer]


def header_options(text: str) -> dict[str, str]:
    """`allowSave=true; includeRecordDetails=false`: names in lower case."""
    found = {}
    for part in text.replace(",", ";").split(";"):
        name, equals, value = part.partition("=")
        if equals:
            found[name.strip().lower()] = value.strip()
    return found


def page_size(request: Request) -> int:
    """Sforce-Query-Options: batchSize between 200 and 2,000, which is the default."""
    text = header_options(request.header("sforce-query-options")).get("batchsize", "")
    return min(2000, max(200, int(text))) if text.isascii() and text.isdigit() and len(text) < 9 else 2000
