"""The reconciliation page of N documents of L lines: time of each of its questions, and the memory of the export.

    python bench/reconcile.py [--documents 100000] [--lines 8]

Rows go straight into the database: eight in ten documents are linked (one in a hundred differs), the rest are on one
side only (waiting, problem, not sent, before go-live, by rule). Each question is asked three times; the least is told,
as the wall sees it and as CPU of this process and its PostgreSQL backend (without parallel workers).
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.installation import installation

CUSTOMERS = 2_000
LINKS = """
insert into syncapp_recordlink (id, company_id, integration_id, mapping_id, sf_object, qbo_entity, sf_id, qbo_id, name,
  name_key, sf_token, qbo_token, sf_state, qbo_state, lifecycle, attention, attention_code, attention_values,
  no_recreate, paused, attempts, last_cause, created_at)
select gen_random_uuid(), %(company)s, %(integration)s, %(mapping)s, 'Opportunity', 'Invoice',
  '006' || lpad(n::text, 15, '0'), case when n %% 10 < 8 then n::text end, 'Deal ' || n, 'deal ' || n, '', '', 'live',
  case when n %% 10 < 8 then 'live' else 'none' end, case when n %% 10 < 8 then 'linked' else 'creating' end,
  case when n %% 10 < 8 then 'none' else (array['waiting', 'data_error', 'none', 'skipped', 'skipped'])[n %% 5 + 1] end,
  case when n %% 10 >= 8 and n %% 5 = 3 then 'engine.before_go_live' else '' end, '{}', false, false, 0, '', now()
from generate_series(1, %(documents)s) n
"""
BASES = """
insert into syncapp_linkbase (link_id, company_id, base_version, held, candidates, sf_base, qbo_base, seen)
select l.id, l.company_id, 1, '{}', '[]', case when l.qbo_id is not null then o.sf end,
  case when l.qbo_id is not null then o.qbo end,
  case when l.qbo_id is null then jsonb_build_object('sf', o.sf) else '{}' end
from syncapp_recordlink l,
lateral (select substr(l.sf_id, 4)::int n) k,
lateral (select jsonb_agg(jsonb_build_object('id', k.n || '-' || i, 'kind', 'item', 'item', 'P-' || i, 'quantity', '2',
    'unit_price', '12.50', 'description', 'A line of a document', 'amount', (25 + i)::text)) lines,
  jsonb_agg(jsonb_build_object('id', i::text, 'kind', 'item', 'item', i::text, 'quantity', '2', 'unit_price', '12.50',
    'description', 'A line of a document', 'amount', (25 + i + case when k.n %% 100 = 0 then 1 else 0 end)::text))
    qlines
  from generate_series(1, %(lines)s) i) made,
lateral (select
  jsonb_build_object('customer', '001' || lpad((k.n %% %(customers)s)::text, 15, '0'), 'date', d.day, 'lines', lines,
                     'doc_tax', '17.00') sf,
  jsonb_build_object('customer', (k.n %% %(customers)s)::text, 'doc_date', d.day, 'lines', qlines, 'doc_tax', '17.00',
                     'doc_number', k.n::text) qbo
  from (select to_char(date '2024-12-01' + k.n %% 720, 'YYYY-MM-DD') as day) d) o
where l.mapping_id = %(mapping)s
"""
PARENTS = """
insert into syncapp_recordlink (id, company_id, integration_id, mapping_id, sf_object, qbo_entity, sf_id, qbo_id, name,
  name_key, sf_token, qbo_token, sf_state, qbo_state, lifecycle, attention, attention_code, attention_values,
  no_recreate, paused, attempts, last_cause, created_at)
select gen_random_uuid(), %(company)s, %(integration)s, %(parent)s, 'Account', 'Customer',
  '001' || lpad(n::text, 15, '0'),
  n::text, 'Customer ' || n, 'customer ' || n, '', '', 'live', 'live', 'linked', 'none', '', '{}', false, false,
  0, '', now()
from generate_series(0, %(customers)s - 1) n
"""
SEEN = """
insert into syncapp_observation (company_id, connection_id, object, remote_id, token, modified, settled, state,
  merged_into, modified_by, source, first_seen_at, seen_at, fresh)
select l.company_id, %(connection)s, l.{object}, l.{id}, 't', now(), true, 'live', '', '', 'scan', now(), now(), false
from syncapp_recordlink l where l.mapping_id = %(mapping)s and l.{id} is not null
"""


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--documents", type=int, default=100_000)
    words.add_argument("--lines", type=int, default=8)
    chosen = words.parse_args()
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with installation(seed="empty"):
        mapping = _seeded(chosen)
        _measure(mapping)


def _seeded(chosen: argparse.Namespace) -> Any:
    from django.db import connection

    from tests.builders import a_mapping

    documents = {"key": "opportunity_invoice", "recipe": "opportunity_invoice", "sf_object": "Opportunity"}
    mapping = a_mapping(rows=(), label="Documents", qbo_entity="Invoice", create_in_sf=False, **documents)
    parent = a_mapping(mapping.integration)
    asked = {
        "company": mapping.company_id,
        "integration": mapping.integration_id,
        "mapping": mapping.pk,
        "parent": parent.pk,
        "documents": chosen.documents,
        "lines": chosen.lines,
        "customers": CUSTOMERS,
    }
    ends = ((mapping.integration.salesforce_id, "sf_object", "sf_id"),
            (mapping.integration.quickbooks_id, "qbo_entity", "qbo_id"))  # fmt: skip
    with connection.cursor() as cursor:
        for text in (LINKS, PARENTS):
            cursor.execute(text, asked)
        began = time.monotonic()
        cursor.execute(BASES, asked)
        print(
            f"{chosen.documents:,} bases of {chosen.lines} lines stored in {time.monotonic() - began:.1f} s"
        )
        for remote, object_, id_ in ends:
            cursor.execute(SEEN.format(object=object_, id=id_), {**asked, "connection": remote})
        cursor.execute("vacuum analyze")
    return mapping


def _measure(mapping: Any) -> None:
    from syncapp.services import accounted, reconcile
    from syncapp.tenancy import tenant

    with tenant(mapping.company_id):
        _timed("totals and the 200 largest differences", lambda: reconcile.summary(mapping))
        _timed("where every record stands", accounted.accounts)
        _timed("the forecast of a reading", lambda: reconcile.reading(mapping))
        tracemalloc.start()
        rows = sum(1 for _ in reconcile.csv_rows(mapping))
        print(
            f"export: {rows:,} rows, peak of Python's memory {tracemalloc.get_traced_memory()[1] / 2**20:.0f} MiB"
        )


def _backend_cpu() -> float:
    """Seconds of CPU that the backend of this connection has used."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("set max_parallel_workers_per_gather = 0")
        cursor.execute("select pg_backend_pid()")
        [pid] = cursor.fetchone() or (0,)
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _timed(what: str, ask: Callable[[], Any]) -> None:
    best, cpu = 9e9, 9e9
    for _ in range(3):
        used = time.process_time() + _backend_cpu()
        began = time.monotonic()
        ask()
        best = min(best, time.monotonic() - began)
        cpu = min(cpu, time.process_time() + _backend_cpu() - used)
    print(f"{what:40} {1000 * best:7.0f} ms, {1000 * cpu:6.0f} ms CPU")


if __name__ == "__main__":
    main()
