# perseverance: every target sets up what it needs. ARGS goes to the command behind it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=
# Most tests wait for servers more than they work.
WORKERS ?= $(shell $(PYTHON) -c "import os; print(min(16, 2 * (os.cpu_count() or 1)))")

.PHONY: help setup demo up test test-long check format image deploy-check schemas golden lock bench idle scale sizing chaos soak clean
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the locked dependencies into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: $(STAMP) ## install everything into .venv

demo: $(STAMP) ## play one school year of a synthetic académie and open the pages
	@$(BIN)/perseverance demo $(ARGS)

up: $(STAMP) ## run the whole suite on this machine, data under ./var
	@$(BIN)/perseverance up $(ARGS)

test: $(STAMP) ## run the tests, on real NATS and PostgreSQL servers
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not long" $(ARGS)

test-long: $(STAMP) ## run the tests that take a whole suite of their own: faults, rollouts, backups, keys, canaries, browsers
	@$(BIN)/python -m pytest -n auto --dist loadfile -m long $(ARGS)

check: $(STAMP) ## lint, types, import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(STAMP) ## rewrite the code in the house style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

image: $(STAMP) ## run the steps of deploy/Dockerfile without a container engine, and prove the image
	@$(BIN)/hadolint deploy/Dockerfile
	@deploy/image-steps $(ARGS)

deploy-check: $(STAMP) ## render and check the manifests, play the alerts
	@PROMTOOL=$$(deploy/promtool) && PROMTOOL=$$PROMTOOL $(BIN)/python -m pytest tests/deploy -o "python_files=test_*.py check_*.py" $(ARGS)

schemas: $(STAMP) ## regenerate JSON Schemas, the AsyncAPI document, the permissions on NATS, the list of settings
	@$(BIN)/python -m contracts.generate
	@$(BIN)/python -m cli.settings

COMPILE = $(BIN)/uv pip compile --quiet --generate-hashes --no-header

golden: $(STAMP) ## freeze what this version writes: make golden VERSION=1.2.3
	@$(BIN)/python -m golden $(VERSION)

lock: $(STAMP) ## recompile the locks from pyproject.toml: for development, for the image, and to build the image
	@$(BIN)/uv --version >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet uv
	@$(COMPILE) --extra dev --extra machine --group image pyproject.toml -o requirements.lock
	@$(COMPILE) --constraint requirements.lock pyproject.toml -o deploy/requirements-run.lock
	@$(COMPILE) --constraint requirements.lock --group image -o deploy/requirements-build.lock

bench: $(STAMP) ## measure the pipeline beside its peers, in one run
	@$(BIN)/python -m benchmarks $(ARGS)

idle: $(STAMP) ## weigh the suite while nothing happens; ARGS="--without nats" without a server
	@$(BIN)/python -m benchmarks.idle $(ARGS)

scale: $(STAMP) ## run services by 1 to 16 replicas: throughput, balance, joins, leaves and kills
	@$(BIN)/python -m benchmarks.scaling $(ARGS)

sizing: $(STAMP) ## from a pupil's year and what one machine does to an académie and France; --write: docs/scale.md
	@$(BIN)/python -m benchmarks.sizing $(ARGS)

chaos: $(STAMP) ## break everything under load, kind by kind, and compare with the oracle
	@$(BIN)/python -m tests.chaos $(ARGS)

soak: $(STAMP) ## a steady load with a fault a minute, for an hour; ARGS="--minutes 10"
	@$(BIN)/python -m tests.chaos.soak $(ARGS)

clean: ## forget the virtual environment and local data
	rm -rf $(VENV) var
