# `make help` lists what there is. Everything runs in .venv, which every target completes when needed.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
RUNTIME := requirements.txt requirements/local.txt
INSTALL := $(PYTHON) portal/local/install.py

.PHONY: run
run: ## start everything on this machine and print the address and the demo sign-in; Ctrl-C ends all of it
	@$(INSTALL) $(RUNTIME)
	@exec env DEBUG=1 $(BIN)/python manage.py portal_up

.PHONY: test
test: setup ## the whole test suite on real components (TESTS="tests/engine -k merge" chooses)
	@$(BIN)/python -m portal.local.browser
	@exec $(BIN)/python -m pytest -n $(or $(WORKERS),2) --dist loadgroup $(TESTS)

.PHONY: lint
lint: setup ## formatter, linters, types, import contracts, templates, docker files
	@exec env DEBUG=1 $(BIN)/python .ci/lint.py

.PHONY: bench
bench: setup ## benchmarks: commands that print figures (BENCH="bench/first_load.py --records 10000" chooses)
	@exec env DEBUG=1 $(BIN)/python $(or $(BENCH),bench/first_load.py --records 10000)

.PHONY: simulate
simulate: setup ## plans of chance against every promise (SEEDS=2000 FIRST=1 says how many and from where)
	@exec env DEBUG=1 $(BIN)/python -m tests.simulation --seeds $(or $(SEEDS),500) --first $(or $(FIRST),1)

.PHONY: crash
crash: setup ## workers killed every 0.5 to 3 s during a load (RECORDS=2000): nothing lost, nothing twice
	@exec env CRASH_RECORDS=$(or $(RECORDS),2000) $(BIN)/python -m pytest -n 0 -q \
		tests/services/test_killed_workers.py -k "again_and_again or frozen"

.PHONY: defects
defects: setup ## how many plans of chance it takes to find each planted defect
	@exec env DEBUG=1 $(BIN)/python -m tests.simulation.defects

.PHONY: setup
setup: ## create or complete the environment (.venv) with the local servers' binaries and the developers' tools
	@$(INSTALL) $(RUNTIME) requirements/dev.txt

COMPILE := UV_PYTHON_DOWNLOADS=never $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-strip-extras --no-header --no-annotate --no-emit-index-url --no-emit-find-links $(UPGRADE)

.PHONY: requirements
requirements: setup ## compile requirements*.in into pinned, hashed files (UPGRADE=--upgrade for newer ones; read the diff)
	$(COMPILE) requirements.in -o requirements.txt
	$(COMPILE) requirements/local.in -o requirements/local.txt
	$(COMPILE) requirements/dev.in -o requirements/dev.txt

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14
