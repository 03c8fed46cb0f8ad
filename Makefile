# `make help` lists the targets. Everything is set up in .venv by the target that needs it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help serve test check check-fast lint lint-docs format conform matrix client mutants fuzz soak bench clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.server: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --quiet -c constraints.txt -e .
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --quiet -c constraints.txt -e '.[dev]'
	touch $@ $(VENV)/.server

serve: $(VENV)/.server ## Start the sandbox (ARGS="--port 9000 …")
	$(BIN)/hris-sandbox serve $(ARGS)

test: $(VENV)/.dev ## Run all tests
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

check-fast: $(VENV)/.dev ## Run the quick tests (under a minute)
	$(BIN)/python -m pytest -n $(WORKERS) -m 'not slow' $(ARGS)

check: lint test ## Lint, then all tests

lint: $(VENV)/.dev ## ruff, mypy and the import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev ## Put the code in shape
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

node_modules/.installed: package.json
	npm install --no-audit --no-fund --silent
	touch $@

lint-docs: node_modules/.installed ## Spectral and Redocly over the documents (needs Node)
	npx spectral lint --fail-severity=hint openapi/*.yaml
	REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true npx redocly lint openapi/*.yaml

conform: $(VENV)/.dev ## Judge the sandbox by the contract suite (ARGS="--url …")
	$(BIN)/hris-sandbox conform $(ARGS)

matrix: $(VENV)/.dev ## Judge every deviation, write contracts/matrix.md (ARGS="NAME …" for some)
	$(BIN)/python -m tests.matrix $(ARGS)

client: $(VENV)/.dev ## Write the typed control client anew from its document
	$(BIN)/python -m tests.typed_client

mutants: $(VENV)/.dev ## Judge mutants of the domain, write contracts/mutants.md (ARGS="--every 10" for a sample)
	$(BIN)/python -m tests.mutants $(ARGS)

fuzz: $(VENV)/.dev ## Look for what no test has met, with new seeds (ARGS="--minutes 60 --seed N")
	$(BIN)/python -m tests.fuzz $(ARGS)

soak: $(VENV)/.dev ## Mixed load for an hour: does memory stay flat? (ARGS="--minutes 60 --requests N --seed N")
	$(BIN)/python -m tests.soak $(ARGS)

bench: $(VENV)/.dev ## Measure the hot paths as ratios to a bare route (needs wrk)
	$(BIN)/python -m bench $(ARGS)

clean: ## Remove everything that was set up
	rm -rf $(VENV) node_modules .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
