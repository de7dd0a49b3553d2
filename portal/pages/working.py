"""The pages of the daily work, mounted together: dashboard, records, problems, runs, schedules, integrations, audit."""

from __future__ import annotations

from django.urls import URLPattern

from portal.pages import (
    audit,
    conflicts,
    dashboard,
    data_check,
    explanations,
    history_load,
    integrations,
    lag,
    lists,
    mapping,
    mapping_try,
    mapping_versions,
    mappings_list,
    notifications,
    plans,
    problems,
    reconcile,
    record,
    record_files,
    records,
    runs,
    schedules,
    sync_now,
    why,
)

urls: list[URLPattern] = [
    *dashboard.urls,
    *records.urls,
    *record.urls,
    *conflicts.urls,
    *problems.urls,
    *lag.urls,
    *reconcile.urls,
    *explanations.urls,
    *runs.urls,
    *plans.urls,
    *sync_now.urls,
    *record_files.urls,
    *why.urls,
    *schedules.urls,
    *integrations.urls,
    *data_check.urls,
    *mappings_list.urls,
    *mapping.urls,
    *mapping_versions.urls,
    *mapping_try.urls,
    *history_load.urls,
    *lists.urls,
    *audit.urls,
    *notifications.urls,
]
