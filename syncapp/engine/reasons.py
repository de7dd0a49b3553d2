"""Every rule a decision can name, as a stable code for the words registry (`syncapp.messages`)."""

from __future__ import annotations

from typing import Any

from syncapp.engine.decision import Reason
from syncapp.engine.entities import locks

# Why nothing was done or may not be done now.
MAPPING_OFF = "engine.mapping_off"
BUTTON_ONLY = "engine.button_only"
WRITES_OFF = "engine.writes_off"
FIRST_SCAN = "engine.first_scan"
FILTERED = "engine.filtered"
FIELD_EMPTY = "engine.field_empty"
FILTER_LEFT = "engine.filter_left"
NO_CRITERIA = "engine.no_criteria"
CRITERIA_LEFT = "engine.criteria_left"
NOTHING_THERE = "engine.nothing_there"
CREATE_OFF = "engine.create_off"
BEFORE_GO_LIVE = "engine.before_go_live"
NO_RECREATE = "engine.no_recreate"
UNLINKED = "engine.unlinked"
NEVER_LIVED = "engine.never_lived"
INACTIVE_ALONE = "engine.inactive_alone"
SF_INACTIVE = "engine.sf_inactive"
IN_SYNC = "engine.in_sync"
SF_SETTLING = "engine.sf_settling"

# What became of a record over there.
SF_DELETED = "engine.sf_deleted"
SF_MISSING = "engine.sf_missing"
SF_MERGED = "engine.sf_merged"
QBO_DELETED = "engine.qbo_deleted"
QBO_INACTIVE = "engine.qbo_inactive"
QBO_VOIDED = "engine.qbo_voided"
QBO_MISSING = "engine.qbo_missing"
QBO_MERGED = "engine.qbo_merged"
GONE_BOTH = "engine.gone_both"
DEACTIVATED = "engine.deactivated"
REACTIVATED = "engine.reactivated"
VOIDED = "engine.voided"
VOID_ASK = "engine.void_ask"
VOID_BY_HAND = "engine.void_by_hand"
REVIVE_ASK = "engine.revive_ask"
DELETE_BRAKE = "engine.delete_brake"

# Matching and creating.
MATCHED = "engine.matched"
MATCH_CANDIDATES = "engine.match_candidates"
MATCH_WEAK = "engine.match_weak"
MATCH_HELD = "engine.match_held"
MATCH_LET_GO = "engine.match_let_go"
MATCH_INACTIVE = "engine.match_inactive"
MATCH_OTHER_TYPE = "engine.match_other_type"
MATCH_NOT_UNIQUE = "engine.match_not_unique"
MATCH_MANUAL = "engine.match_manual"
MATCH_TWIN = "engine.match_twin"
CREATED = "engine.created"
NAME_SUFFIX = "engine.name_suffix"
WAITING_PARENT = "engine.waiting_parent"
PARENT_SKIPPED = "engine.parent_skipped"
PARENT_PROBLEM = "engine.parent_problem"
PARENT_GONE = "engine.parent_gone"
CYCLE = "engine.cycle"

# Carrying a plan out.
MOVED = "engine.moved_since"
MOVED_MAPPING = "engine.moved_mapping"
MOVED_BUSY = "engine.moved_busy"
MOVED_PARENT = "engine.moved_parent"

# Taking a run back.
UNDO_RESTORED = "engine.undo_restored"
UNDO_LINK = "engine.undo_link"
UNDO_INACTIVE = "engine.undo_inactive"
UNDO_VOID = "engine.undo_void"
UNDO_DELETE = "engine.undo_delete"
UNDO_NOTHING = "engine.undo_nothing"
UNDO_EDITED = "engine.undo_edited"
UNDO_EDITED_RECORD = "engine.undo_edited_record"
UNDO_GONE = "engine.undo_gone"
UNDO_CHILDREN = "engine.undo_children"
UNDO_BALANCE = "engine.undo_balance"
UNDO_CLOSED = "engine.undo_closed"
UNDO_UNMAPPED = "engine.undo_unmapped"

# One unit of two records.
SOURCE_CHANGED = "engine.source_changed"
AGREED = "engine.agreed"
SF_WINS = "engine.sf_wins"
QBO_WINS = "engine.qbo_wins"
NEWEST_WINS = "engine.newest_wins"
NEWEST_CLOSE = "engine.newest_close"
CONFLICT = "engine.conflict"
DRIFT_LEFT = "engine.drift_left"
DRIFT_OVERWRITTEN = "engine.drift_overwritten"
DRIFT_ASK = "engine.drift_ask"
INITIAL_TAKEN = "engine.initial_taken"
INITIAL_FILLED = "engine.initial_filled"
INITIAL_KEPT = "engine.initial_kept"
INITIAL_ASK = "engine.initial_ask"
PRESSED = "engine.pressed"
CREATE_ONLY = "engine.create_only"
KEPT_FULL = "engine.kept_full"
LINKED_AS_IS = "engine.linked_as_is"
ANSWERED = "engine.answered"
UNDONE = "engine.undone"
OSCILLATION = "engine.oscillation"
SENT_AGAIN = "engine.sent_again"
LOCKED_PAID = locks.PAID
LOCKED_PAID_PARTY = locks.PAID_PARTY
LOCKED_DEPOSITED = locks.DEPOSITED
LOCKED_CLOSED = locks.CLOSED
LOCKED_LINKED = locks.LINKED
CLOSED_DATE = "engine.closed_date"
CLOSED_WAITS = "engine.closed_waits"

# Data that the other side would refuse.
TOO_LONG = "engine.too_long"
REQUIRED = "engine.required"
BAD_VALUE = "engine.bad_value"
FORBIDDEN_CHARACTER = "engine.forbidden_character"
BAD_EMAIL = "engine.bad_email"
NOT_COMPUTED = "engine.not_computed"
NOT_LISTED = "engine.not_listed"
NO_ITEM = "engine.no_item"
NO_LINES = "engine.no_lines"
UNKNOWN_PRODUCT = "engine.unknown_product"
PRICE_BOOK = "engine.price_book"
NEGATIVE_TOTAL = "engine.negative_total"
TOO_MANY_LINES = "engine.too_many_lines"
NO_EMAIL = "engine.no_email"
NO_ADDRESS = "engine.no_address"
WRONG_CURRENCY = "engine.wrong_currency"
OTHER_CURRENCY = "engine.other_currency"
CUSTOMER_CURRENCY = "engine.customer_currency"
MONEY_DIFFERS = "engine.money_differs"
NO_NUMBER = "engine.no_number"
DATE_MOVED = "engine.date_moved"
OTHER_DOCUMENT = "engine.other_document"
PAYS_NOTHING = "engine.pays_nothing"
PAYS_TWICE = "engine.pays_twice"
PAYS_BELOW_ZERO = "engine.pays_below_zero"
PAYS_TOO_MUCH = "engine.pays_too_much"
PAYS_MORE = "engine.pays_more"
NO_AMOUNT = "engine.no_amount"
CREDIT_WITH_MONEY = "engine.credit_with_money"
CREDIT_WITHOUT = "engine.credit_without"
CREDIT_UNEVEN = "engine.credit_uneven"

ALL: frozenset[str] = frozenset(
    value for value in dict(globals()).values() if isinstance(value, str) and value.startswith("engine.")
)


def because(code: str, **values: Any) -> Reason:
    """A reason with the values that its words mention."""
    return Reason(code, values)
