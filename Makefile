# The commands a person needs; each works on a fresh checkout.
# PYTHON is the interpreter that makes the virtual environment (3.11 or later).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev programs serve test check format lint types imports docs soak soak-protection bench bench-spam lock clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Alphorn needs Python 3.11 or later; this is $$($(PYTHON) --version). Say: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "Could not make a virtual environment. On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@touch $@

$(VENV)/.runtime: $(VENV)/.made requirements/runtime.lock pyproject.toml
	@echo "Installing Alphorn's dependencies into $(VENV) (hash-checked) ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check --only-binary :all: --require-hashes -r requirements/runtime.lock
	@$(BIN)/python requirements/link.py
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.lock
	@echo "Installing the tools for developing ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check --only-binary :all: --require-hashes -r requirements/dev.lock
	@touch $@

setup: $(VENV)/.runtime ## prepare .venv (runtime dependencies only)
setup-dev: $(VENV)/.dev ## prepare .venv with test and lint tools too

serve: $(VENV)/.runtime ## everything on localhost with sample mail: try it in one minute
	@exec $(BIN)/alphorn serve --demo

programs: ## install the mail programs that tests drive (root and apt), else name them
	@sh tests/programs.sh

test: $(VENV)/.dev programs ## all tests
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not soak"

check: format lint types imports docs test ## what CI runs

format: $(VENV)/.dev
	@$(BIN)/ruff format --check src tests bench docs requirements

lint: $(VENV)/.dev
	@$(BIN)/ruff check src tests bench docs requirements

types: $(VENV)/.dev
	@$(BIN)/mypy

imports: $(VENV)/.dev
	@$(BIN)/lint-imports

docs: $(VENV)/.dev ## generated references are current, links lead somewhere
	@$(BIN)/python docs/check.py

soak: $(VENV)/.dev programs ## slow proofs (an hour or so)
	@$(BIN)/python -m pytest -m soak

soak-protection: $(VENV)/.dev ## one of these: wanted mail among strangers for ten minutes, with its figures
	@$(BIN)/python -m pytest -s -m soak tests/end_to_end/test_protection_soak.py

bench: $(VENV)/.dev ## measure against Postfix + Dovecot where installed
	@$(BIN)/python -m bench

bench-spam: $(VENV)/.dev ## measure what is recognized as spam, beside other filters where installed
	@$(BIN)/python -m bench.spam

lock: $(VENV)/.dev ## renew the lock files from pyproject.toml
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url -o requirements/runtime.lock pyproject.toml
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url -o requirements/dev.lock -c requirements/runtime.lock --extra dev pyproject.toml

clean: ## remove what was made here
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build *.egg-info src/*.egg-info
