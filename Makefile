# Two commands on a machine with only Python 3.11+ and make: `make run` and `make test`.

PYTHON ?= python3
VENV := .venv
UV := $(VENV)/bin/uv
RUN := $(VENV)/bin/python
SEED ?= $(shell date +%Y%m%d)
.DEFAULT_GOAL := help
.PHONY: help run demo stop reset status check format test test-long bench bench-long generate hooks clean

help: ## print the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "make %-12s %s\n", $$1, $$2}'

# uv itself comes from the package index into the environment that it then fills.
$(VENV)/.ready: pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=python3.x"; exit 1; }
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV) || { echo "the venv module is missing: install your system's python3-venv"; exit 1; }
	@test -x $(UV) || $(RUN) -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'
	@UV_PROJECT_ENVIRONMENT=$(VENV) $(UV) sync --quiet --locked --inexact --python $(RUN)
	@touch $@

run: $(VENV)/.ready ## bring everything up with the sample register, show the figures, serve until Ctrl-C
	@$(RUN) -m deploy.local run

demo: $(VENV)/.ready ## the same in an empty folder of its own: load, compare with the published figures, stop
	@$(RUN) -m deploy.local demo

stop: $(VENV)/.ready ## stop what `make run` started
	@$(RUN) -m deploy.local stop

reset: $(VENV)/.ready ## stop and delete the data of `make run`
	@$(RUN) -m deploy.local reset

status: $(VENV)/.ready ## say what runs and where
	@$(RUN) -m deploy.local status

check: $(VENV)/.ready ## the gate: format, lint, types, imports, generated files
	@$(VENV)/bin/ruff format --quiet --check .
	@$(VENV)/bin/ruff check --quiet .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports --no-logo
	@$(RUN) -m shared.contracts check
	@$(RUN) -m pytest -q -p no:cacheprovider tests/architecture

format: $(VENV)/.ready ## format and mend what can be mended
	@$(VENV)/bin/ruff format --quiet .
	@$(VENV)/bin/ruff check --quiet --fix .

generate: $(VENV)/.ready ## write schemas, AsyncAPI and generated documents
	@$(RUN) -m shared.contracts generate

# Two workers must collect the same tests under the same names: sets among parameters need one order.
test: $(VENV)/.ready ## all tests on real Kafka and Postgres, long ones as a seeded tenth
	@PYTHONHASHSEED=0 TEST_SEED=$(SEED) $(RUN) -m pytest -n 2 --dist loadfile

test-long: $(VENV)/.ready ## what is long and random, in full
	@PYTHONHASHSEED=0 TEST_LONG=1 TEST_SEED=$(SEED) $(RUN) -m pytest -n 2 --dist loadfile

bench: $(VENV)/.ready ## speed, one JSON line a figure (PEERS=<folder> races the peers beside it)
	@$(RUN) -m bench

bench-long: $(VENV)/.ready ## the long figures
	@$(RUN) -m bench --long

hooks: $(VENV)/.ready ## make `make check` the pre-commit hook
	@$(VENV)/bin/pre-commit install

clean: ## remove the environment and caches
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
