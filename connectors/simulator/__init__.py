"""Stand-ins of Salesforce and QuickBooks Online over real HTTP on loopback. Imports neither client.

How a stand-in plugs in
-----------------------
Subclass `standin.StandIn` in `<vendor>/standin.py` (class `Salesforce` or `QuickBooks`), set `name`, fill
`self.router` with `add("GET POST", "/path/{placeholder}/<kept>", handler)` and override the hooks that raise
`NotImplementedError` (`seed`, `clear`, `is_seeded`, `credentials`, `not_found`, `crashed`, `throttled`, `fault`,
`expire_token`), plus `spread` (latency), `enter`/`leave` (limits), `subscribe`, `side_door`, `started`/`stopped` as
needed. A handler is `def handler(request: wire.Request) -> wire.Response`, synchronous.

* State: `self.world.store` (`store.Store`). Declare tables with `store.define(Table(...))` in `__init__`; read with
  `rows`/`row`, write with `write`/`write_many`; small facts with `value`/`set_value` (prefix keys with the side's
  name), sequences with `next_number`. A request is one transaction: committed before the answer leaves, rolled back
  when the handler raises. `with store.savepoint():` undoes one part of it (a batch item) alone. Keep no state that
  is not in the store: a restart must remember everything.
* Time: `self.world.clock.now()` only. Chance: `self.world.random`. Opaque texts (tokens): `self.world.opaque(...)`,
  and `self.world.fixed(name)` for ones that are the same at every start.
* Own base URL: `request.base_url()` while answering, `self.world.urls[self.name]` elsewhere.
* JSON: `jsontext.loads`/`dumps` keep decimals exact; keep record bodies as JSON texts and join them into pages.
* Write log: `self.journal.append(scope=realm or org, time=..., object_name=..., operation=..., record_id=...,
  request_id=..., before=json text or None, after=...)` for every accepted write. Seeding is not logged.
* Meter: `{name}` segments stay templated in the endpoint, `<name>` ones are written out; set `response.metered` to
  the number of paid reads, or `response.endpoint` to name it otherwise.
* Pages for people live under `/<page_prefix>/` (default `app`) and are made with `pages`; faults, limits and latency
  leave them alone.
* Seeding: `seed.businesses(plan)`, `seed.books_only(plan)`, `seed.lessons()`, `seed.PRODUCTS`.
* Tests: `with testing.simulator(only="salesforce", seed="small") as sim: sim.salesforce.url ...`.

The core serves `/_sim/credentials|log|calls|faults|clock|webhooks|reset` for both (see `side_door`, `faults`).
"""
