# `make help` lists what there is. Everything runs in .venv, which `make setup` creates.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
REQUIREMENTS := requirements.txt requirements/local.txt requirements/dev.txt

.PHONY: setup
setup: ## create or complete the environment (.venv) and the local servers' binaries
	@bash .ci/setup $(PYTHON) $(VENV) $(REQUIREMENTS)

COMPILE := UV_PYTHON_DOWNLOADS=never $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links

.PHONY: requirements
requirements: setup ## compile requirements*.in into pinned, hashed requirements files (read the diff)
	$(COMPILE) requirements.in -o requirements.txt
	$(COMPILE) requirements/local.in -o requirements/local.txt
	$(COMPILE) requirements/dev.in -o requirements/dev.txt

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16
