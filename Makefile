# Two commands matter: `make demo` and `make test`. Everything they need is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.8
export UV_CACHE_DIR ?= $(CURDIR)/.cache/uv
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_CACHE_DIR := 1
# Where it is set, every start of Python compiles all it loads anew: seven seconds for the server instead of one.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install dev demo test check lint types browser php format soak bench lock clean

help: ## Show this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Passerby needs Python 3.11 or newer; name one with: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv==$(UV_VERSION)

$(VENV)/.runtime: $(BIN)/uv requirements.lock pyproject.toml
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@

install: $(VENV)/.runtime ## Set everything up; .venv/bin/passerby works afterwards
dev: $(VENV)/.dev ## Also what tests and checks need

demo: install ## Load a simulated network into ./demo-data and serve it on 127.0.0.1:8080
	$(BIN)/passerby demo --data demo-data

test: check browser php ## Lint, types and all tests
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

check: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

browser: dev ## See to it that there are a Chromium and axe-core for the browser tests
	@tools/chromium
	@tools/axe

php: ## See to it that there is a PHP for a vendor's signing example, where it can be installed
	@tools/php

format: dev ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

soak: dev ## Kill the server 200 times under load
	PASSERBY_SOAK=200 $(BIN)/python -m pytest tests/crash

bench: dev ## Measure each figure beside its floor; writes docs/benchmarks.md
	$(BIN)/python -m bench

lock: $(BIN)/uv ## Choose the newest versions and write the lock files
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --constraint requirements.lock --extra dev pyproject.toml -o requirements-dev.lock

clean: ## Remove everything that was made
	rm -rf $(VENV) .cache demo-data bench-data .mypy_cache .ruff_cache .pytest_cache .hypothesis
