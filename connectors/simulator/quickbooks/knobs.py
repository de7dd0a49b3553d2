"""Switches for what the vendor leaves open: each defaults to what is harder for a client. `/_sim/knobs`.

The open questions behind them are in quickbooks.md section 12.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from connectors.simulator.store import Store

_KEY = "quickbooks:knobs"


@dataclass
class Knobs:
    """The stand-in's switches.

    access_seconds: life of an access token. refresh_days: rolling life of a refresh token.
    rotate: `daily` (a refresh after 24 h gives a new value), `always`, or `never`.
    refresh_grace_hours: how long a superseded refresh token still works (0: dies at once).
    code_reuse_revokes: exchanging a code twice ends the connection that the first exchange made.
    kill_on_reuse: using a superseded refresh token revokes the whole connection.
    cdc_inclusive: CDC's changedSince takes in records changed at that very second.
    null_clears: null in a sparse update clears the field (else it says nothing).
    query_case_sensitive: `=` and IN compare texts by case.
    batch_limit: items in one batch. clamp_page: MAXRESULTS above 1000 is cut (else refused).
    max_results_zero_ok: STARTPOSITION 0 is taken as 1 (else refused).
    duplicate_docnumbers: `refuse` (6140) or `allow`.
    unique_names: `fully_qualified` (as recorded) or `display` (as documented).
    deactivation_event: the webhook of a deactivation, `Update` or `Delete`.
    subscription: `ended` refuses every write (6190); reads still work.
    deactivate_with_balance: a customer with an open balance is refused (6220), or `allow`.
    closed_books: closed with a `password` (6210) or with a warning, `warn` (6200).
    inactive_customer: the code of an inactive customer on a sales document, `6250` or `610`.
    negative_lines: `allow` lines below nothing on sales documents, or `refuse` them (2290).
    void_note: `replace` puts "Voided" in place of the note, `prefix` puts it before.
    webhook_seconds: how long changes are gathered before a notification leaves.
    webhook_retry_scale: the published retry waits are multiplied by this (0.01: 10 s become 0.1 s).
    """

    access_seconds: int = 3600
    refresh_days: int = 101
    rotate: str = "daily"
    refresh_grace_hours: float = 0.0
    code_reuse_revokes: bool = True
    kill_on_reuse: bool = False
    cdc_inclusive: bool = False
    null_clears: bool = False
    query_case_sensitive: bool = True
    batch_limit: int = 30
    clamp_page: bool = False
    max_results_zero_ok: bool = False
    duplicate_docnumbers: str = "refuse"
    unique_names: str = "fully_qualified"
    deactivation_event: str = "Update"
    closed_books: str = "password"
    inactive_customer: str = "6250"
    negative_lines: str = "allow"
    void_note: str = "replace"
    subscription: str = "active"
    deactivate_with_balance: str = "refuse"
    webhook_seconds: float = 0.5
    webhook_retry_scale: float = 1.0


def load(store: Store) -> Knobs:
    """The switches as they stand."""
    return Knobs(**(store.value(_KEY) or {}))


def change(store: Store, changes: dict[str, Any]) -> Knobs:
    """Turn some switches. Raises `ValueError` for a name that is none."""
    knobs = load(store)
    types = {knob.name: type(getattr(Knobs(), knob.name)) for knob in fields(Knobs)}
    for name, value in changes.items():
        if name not in types:
            raise ValueError(f"no such knob: {name}; there are {', '.join(types)}")
        setattr(knobs, name, types[name](value))
    store.set_value(_KEY, asdict(knobs))
    return knobs


def reset(store: Store) -> None:
    """Back to the defaults."""
    store.set_value(_KEY, None)
