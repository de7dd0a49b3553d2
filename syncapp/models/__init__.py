"""One file per noun of the glossary."""

from syncapp.models.app_credentials import AppCredentials, ConnectionEnvironment, VendorSide
from syncapp.models.audit import AuditEvent, AuditSeal
from syncapp.models.capture import Cursor, MappingPass, Observation
from syncapp.models.company import Company, CompanyState
from syncapp.models.connection import AuthMethod, Connection, ConnectionStatus
from syncapp.models.delivery import Delivery, ForeignNotice, MissedNotice
from syncapp.models.field_list import FieldList
from syncapp.models.follow_up import FollowUp, FollowUpKind, FollowUpState
from syncapp.models.integration import Integration, IntegrationState
from syncapp.models.intent import OPEN_STATES, BatchSend, IntentState, WriteIntent
from syncapp.models.link import (
    CLOSED_LIFECYCLES,
    Alias,
    Attention,
    DoNotMatch,
    Lifecycle,
    LinkBase,
    LinkWait,
    LinkWork,
    MatchKey,
    RecordLink,
)
from syncapp.models.mapping import (
    Direction,
    FieldMapping,
    Initial,
    Mapping,
    MappingCriteria,
    MappingMode,
    MappingVersion,
    OnConflict,
    OnDrift,
    WriteMode,
)
from syncapp.models.notification import Notification, NotificationKind
from syncapp.models.oauth_state import OAuthState
from syncapp.models.problem import Problem
from syncapp.models.reference import ReferenceEntry, ReferenceList
from syncapp.models.run import Attempt, Outcome, PreviewItem, Run, RunKind, RunState
from syncapp.models.schedule import Cadence, Schedule
from syncapp.models.sync_request import RequestState, RequestStatus, SyncRequest
from syncapp.models.sync_test import SyncTest, SyncTestState
from syncapp.models.usage import ApiUsage
from syncapp.models.value_map import UnknownValue, ValueMap, ValueMapEntry

__all__ = [
    "CLOSED_LIFECYCLES",
    "OPEN_STATES",
    "Alias",
    "ApiUsage",
    "AppCredentials",
    "Attempt",
    "Attention",
    "AuditEvent",
    "AuditSeal",
    "AuthMethod",
    "BatchSend",
    "Cadence",
    "Company",
    "CompanyState",
    "Connection",
    "ConnectionEnvironment",
    "ConnectionStatus",
    "Cursor",
    "Delivery",
    "Direction",
    "DoNotMatch",
    "FieldList",
    "FieldMapping",
    "FollowUp",
    "FollowUpKind",
    "FollowUpState",
    "ForeignNotice",
    "Initial",
    "Integration",
    "IntegrationState",
    "IntentState",
    "Lifecycle",
    "LinkBase",
    "LinkWait",
    "LinkWork",
    "Mapping",
    "MappingCriteria",
    "MappingMode",
    "MappingPass",
    "MappingVersion",
    "MatchKey",
    "MissedNotice",
    "Notification",
    "NotificationKind",
    "OAuthState",
    "Observation",
    "OnConflict",
    "OnDrift",
    "Outcome",
    "PreviewItem",
    "Problem",
    "RecordLink",
    "ReferenceEntry",
    "ReferenceList",
    "RequestState",
    "RequestStatus",
    "Run",
    "RunKind",
    "RunState",
    "Schedule",
    "SyncRequest",
    "SyncTest",
    "SyncTestState",
    "UnknownValue",
    "ValueMap",
    "ValueMapEntry",
    "VendorSide",
    "WriteIntent",
    "WriteMode",
]
