# Two commands for everybody: `make demo` and `make test`. Each sets up all it needs.
PYTHON ?= $(shell infra/pick-python)
ARGS ?=
VENV := .venv
# One test at a time to the process that is free: broker tests take up to half a minute each.
IN_TWO := -n 2 --dist loadgroup
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
JARS := .kafka/jars
PACKAGES := schemas models streams producers infra

.DEFAULT_GOAL := help
.PHONY: help setup jars demo test check format bench clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  ARGS='…' is handed on to demo, test and bench; PYTHON=/path/to/python3.11 chooses the interpreter."

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
	  echo "Python 3.11 is needed, found: $$($(PYTHON) --version 2>&1 || echo none)." >&2; \
	  echo "Install it (apt-get install python3.11 python3.11-venv; brew install python@3.11)," >&2; \
	  echo "or name it: make PYTHON=/path/to/python3.11 …" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

setup: $(STAMP) jars ## Virtual environment and, where Java and Maven are, Kafka's jars

# Without Java or Maven this says so and goes on: the demo runs embedded, broker tests are skipped.
jars: $(STAMP)
	@$(BIN)/python -m infra.kafka.jars $(JARS)

demo: setup ## The whole system on the Handbook's world, then a summary
	$(BIN)/fraud demo $(ARGS)

test: setup ## Every test; the broker tests run on a real Kafka
	$(BIN)/python -m pytest $(IN_TWO) $(ARGS)

check: setup ## The gate for developers: format, lint, types, import contracts, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest $(IN_TWO) $(ARGS)

format: $(STAMP) ## Rewrite the code in the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## Every tests/bench/*_bench.py, throughput and latency through a real broker included
	@for script in tests/bench/*_bench.py; do \
	  echo "== $$script"; $(BIN)/python "$$script" $(ARGS) || exit 1; done

clean: ## Stop the broker; remove the environment, Kafka's jars and data, and caches
	@test ! -x $(BIN)/fraud || $(BIN)/fraud down >/dev/null 2>&1 || true
	rm -rf $(VENV) .kafka .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist *.egg-info
	find $(PACKAGES) tests -name __pycache__ -type d -prune -exec rm -rf {} +
