"""Versions, resources, limits, record counts, describes (reference/salesforce.md 2.1, 2.8, 6)."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from connectors.simulator.salesforce.describe import describe, describe_global
from connectors.simulator.salesforce.errors import Refused
from connectors.simulator.salesforce.times import from_http_date, from_wire, http_date
from connectors.simulator.wire import Request, Response

from .call import Answer, Call
from .engine import JSON, NEWEST_VERSION, OLDEST_VERSION, Engine

if TYPE_CHECKING:
    from datetime import datetime

_SEASONS = ("Spring", "Summer", "Winter")
#: Maximum of each limit (LIM, REST: limits); the daily calls are the org's own.
_LIMITS = {
    "ActiveScratchOrgs": 3, "AnalyticsExternalDataSizeMB": 40960, "ConcurrentAsyncGetReportInstances": 200,
    "ConcurrentEinsteinDataInsightsStoryCreation": 5, "ConcurrentEinsteinDiscoveryStoryCreation": 2,
    "ConcurrentSyncReportRuns": 20, "DailyAnalyticsDataflowJobExecutions": 60,
    "DailyAnalyticsUploadedFilesSizeMB": 51200,
    "DailyAsyncApexExecutions": 250000, "DailyAsyncApexTests": 500, "DailyBulkApiBatches": 15000,
    "DailyBulkV2QueryFileStorageMB": 976562, "DailyBulkV2QueryJobs": 10000,
    "DailyDeliveredPlatformEvents": 10000, "DailyDurableGenericStreamingApiEvents": 10000,
    "DailyDurableStreamingApiEvents": 10000, "DailyEinsteinDataInsightsStoryCreation": 1000,
    "DailyEinsteinDiscoveryPredictAPICalls": 50000, "DailyEinsteinDiscoveryPredictionsByCDC": 5000000,
    "DailyEinsteinDiscoveryStoryCreation": 100, "DailyFunctionsApiCallLimit": 235000,
    "DailyGenericStreamingApiEvents": 10000, "DailyScratchOrgs": 6,
    "DailyStandardVolumePlatformEvents": 10000, "DailyStreamingApiEvents": 10000, "DailyWorkflowEmails": 100000,
    "DataStorageMB": 1024, "DurableStreamingApiConcurrentClients": 20, "FileStorageMB": 1024,
    "HourlyAsyncReportRuns": 1200, "HourlyDashboardRefreshes": 200, "HourlyDashboardResults": 5000,
    "HourlyDashboardStatuses": 999999999, "HourlyLongTermIdMapping": 100000,
    "HourlyManagedContentPublicRequests": 50000, "HourlyODataCallout": 20000,
    "HourlyPublishedPlatformEvents": 50000, "HourlyPublishedStandardVolumePlatformEvents": 1000,
    "HourlyShortTermIdMapping": 100000, "HourlySyncReportRuns": 500, "HourlyTimeBasedWorkflow": 1000,
    "MassEmail": 5000, "MonthlyEinsteinDiscoveryStoryCreation": 500, "Package2VersionCreates": 6,
    "Package2VersionCreatesWithoutValidation": 500, "PermissionSets": 1500,
    "PlatformEventTriggersWithParallelProcessing": 5, "PrivateConnectOutboundCalloutHourlyLimitMB": 0,
    "SingleEmail": 5000, "StreamingApiConcurrentClients": 20,
}  # fmt: skip
#: Own permission sets, within the number of all.
_CUSTOM_PERMISSION_SETS = 1000
_RESOURCES = (
    "tooling", "metadata", "chatter", "tabs", "appMenu", "quickActions", "queryAll", "commerce", "wave",
    "search", "composite", "query", "theme", "nouns", "recent", "limits", "jobs", "sobjects", "actions",
    "parameterizedSearch", "support",
)  # fmt: skip


def add_routes(engine: Engine) -> None:
    engine.route("GET", "", resources)
    engine.route("GET", "/limits", limits)
    engine.route("GET", "/limits/recordCount", record_count)
    engine.route("GET", "/sobjects", global_describe)
    engine.route("GET", "/sobjects/<object>/describe", object_describe)
    engine.route("GET", "/tooling/sobjects", tooling_describe)
    engine.route("GET", "/ui-api/object-info/<object>/picklist-values/{recordType}", picklist_values)


def label_of(version: int) -> str:
    """API 63 is Spring '25; three releases a year."""
    season = _SEASONS[(version - 63) % 3]
    year = 25 + (version - 63) // 3 + (1 if season == "Winter" else 0)
    return f"{season} '{year:02d}"


def versions(request: Request) -> Response:
    """`/services/data`: no sign-in, no limit header, no count."""
    listed = [
        {"label": label_of(number), "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
        for number in range(OLDEST_VERSION, NEWEST_VERSION + 1)
    ]
    response = Response.json(listed, content_type=JSON)
    if request.header("accept").startswith("application/xml"):
        items = "".join(
            f"<Version><label>{one['label']}</label><url>{one['url']}</url><version>{one['version']}</version></Version>"
            for one in listed
        )
        response = Response.text(
            f'<?xml version="1.0" encoding="UTF-8"?><Versions>{items}</Versions>', 200, "application/xml"
        )
    return response


def resources(call: Call) -> Answer:
    found = {name: f"{call.root}/{name}" for name in _RESOURCES}
    found["identity"] = f"{call.request.base_url()}/id/{call.org.id}/{call.user_id}"
    return Answer(found)


def limits(call: Call) -> Answer:
    if not call.org.settings.sees_limits:
        message = "Insufficient privileges: View Setup and Configuration"
        raise Refused("INSUFFICIENT_ACCESS", message, status=403)
    used, allowed = call.engine.usage.of(call.org)
    found: dict[str, Any] = {name: {"Max": most, "Remaining": most} for name, most in sorted(_LIMITS.items())}
    sets = _permission_sets(call)
    found["PermissionSets"]["Remaining"] -= sets
    found["PermissionSets"]["CreateCustom"] = {
        "Max": _CUSTOM_PERMISSION_SETS,
        "Remaining": _CUSTOM_PERMISSION_SETS - sets,
    }
    found["DailyApiRequests"] = {"Max": allowed, "Remaining": max(0, allowed - used)}
    return Answer(dict(sorted(found.items())))


def _permission_sets(call: Call) -> int:
    table = call.org.catalog.get("PermissionSet").table
    found: int = call.org.world.store.rows(f'SELECT count(*) FROM "{table}"')[0][0]
    return found


def record_count(call: Call) -> Answer:
    """Counts by object; all objects when none is named."""
    names = [name.strip() for name in call.query("sObjects").split(",") if name.strip()]
    catalog = call.org.catalog
    entities = [catalog.find(name) for name in names] if names else list(catalog.entities.values())
    shown = []
    for entity in entities:
        if entity is None or entity.object.tooling or not entity.object.createable:
            continue
        alive = ' WHERE "IsDeleted" = 0' if entity.bins else ""
        count = call.org.world.store.rows(f'SELECT count(*) FROM "{entity.table}"{alive}')[0][0]
        if count or names:
            shown.append({"count": count, "name": entity.name})
    return Answer({"sObjects": shown})


def _metadata_changed(call: Call) -> datetime:
    return from_wire(str(call.org.facts["metadata_changed"]))


def _unchanged(call: Call, content_key: str) -> tuple[dict[str, str], bool]:
    """Validators of a describe, and whether the caller has it already."""
    changed = _metadata_changed(call)
    tag = f'"{zlib.crc32(content_key.encode()):08x}"'
    since = from_http_date(call.request.header("if-modified-since"))
    known = since is not None and changed <= since
    return {"ETag": tag, "Last-Modified": http_date(changed)}, known


def global_describe(call: Call) -> Answer:
    headers, known = _unchanged(call, f"{call.org.id}{call.version}{call.org.facts['metadata_changed']}")
    if known:
        return Answer(None, 304, headers)
    return Answer(describe_global(call.org.catalog, call.root), 200, headers)


def tooling_describe(call: Call) -> Answer:
    return Answer(describe_global(call.org.catalog, f"{call.root}/tooling", tooling=True))


def object_describe(call: Call) -> Answer:
    entity = call.entity()
    headers, known = _unchanged(call, f"{call.org.id}{entity.name}{call.org.facts['metadata_changed']}")
    if known:
        return Answer(None, 304, headers)
    types = call.records.rows("RecordType", '"SobjectType" = ? ORDER BY "Id"', entity.name)
    return Answer(describe(entity, call.root, call.request.base_url(), types), 200, headers)


def picklist_values(call: Call) -> Answer:
    """Picklists of a record type: here every record type offers all values."""
    entity = call.entity()
    record_type = call.param("recordType")
    base = f"{call.root}/ui-api/object-info/{entity.name}/picklist-values/{record_type}"
    shown = {}
    for item in entity.object.fields:
        if item.type not in ("picklist", "multipicklist"):
            continue
        values: list[dict[str, Any]] = [
            {"attributes": None, "label": choice.label, "validFor": [], "value": choice.value}
            for choice in item.choices
            if choice.active
        ]
        default = next(
            (value for value, choice in zip(values, item.choices, strict=False) if choice.default), None
        )
        shown[item.name] = {
            "controllerValues": {}, "defaultValue": default, "eTag": f"{zlib.crc32(repr(values).encode()):08x}",
            "url": f"{base}/{item.name}", "values": values,
        }  # fmt: skip
    return Answer({"eTag": f"{zlib.crc32(repr(sorted(shown)).encode()):08x}", "picklistFieldValues": shown})
