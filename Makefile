# Two commands for everybody: `make demo` and `make test`. Each sets up all it needs.
PYTHON ?= $(shell infra/pick-python)
ARGS ?=
# Of `make bench`: where worlds are simulated and kept (default: a folder that goes away), and which.
WORLDS ?=
BENCHES ?= $(patsubst tests/bench/%.py,%,$(sort $(wildcard tests/bench/*_bench.py)))
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
	@echo "  BENCHES='whatif_bench …' chooses benches; WORLDS=folder keeps the worlds that some simulate."

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

# A bench that cannot do without a folder says so in its docstring: `tests.bench.NAME FOLDER`. One
# that fails does not hold up the others.
bench: setup ## Every tests/bench/*_bench.py, a real broker's included: hours, most of them for drift_bench
	@worlds="$(WORLDS)"; failed=; trap 'exit 130' INT TERM; \
	if [ -z "$$worlds" ]; then worlds=$$(mktemp -d); trap 'rm -rf "$$worlds"' EXIT; fi; \
	for name in $(BENCHES); do \
	  if grep -qs "tests\.bench\.$$name FOLDER" "tests/bench/$$name.py"; \
	  then folder=$$worlds; else folder=; fi; \
	  echo "== $$name"; \
	  $(BIN)/python -m "tests.bench.$$name" $${folder:+"$$folder"} $(ARGS) || failed="$$failed $$name"; \
	done; \
	test -z "$$failed" || { echo "failed:$$failed" >&2; exit 1; }

clean: ## Stop the broker; remove the environment, Kafka's jars and data, and caches
	@test ! -x $(BIN)/fraud || $(BIN)/fraud down >/dev/null 2>&1 || true
	rm -rf $(VENV) .kafka .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist *.egg-info
	find $(PACKAGES) tests -name __pycache__ -type d -prune -exec rm -rf {} +
