# `make help` lists what there is. Each target does its own set-up; a stamp in .venv makes repeats instant.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test check types secrets fuzz fmt bench bench-platform train docs lock clean

# Each process of the tests starts in half the time where compiled modules may be kept.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
# Slow tests wait now and then: half as many processes more than there are processors.
WORKERS := $(shell expr 3 '*' $$(getconf _NPROCESSORS_ONLN) / 2)
PYTEST := $(BIN)/python -m pytest --dist worksteal -n

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */  make \1\t/' | expand -t 16

demo: .venv/.demo  ## Build the demo company, ask it a question and serve it; PORT=n for another port
	$(BIN)/datamind demo $(if $(PORT),--port $(PORT))

test: .venv/.dev  ## The whole suite with coverage (at least 85 %), slowest tests and skip reasons shown
	$(PYTEST) $(WORKERS) -rs --durations=10 --session-timeout=2300 --cov --cov-report=term:skip-covered

check: .venv/.dev  ## Format, lint, types, secrets and the fast tests, in under 90 seconds
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(MAKE) --no-print-directory --output-sync types secrets & aside=$$!; failed=0; \
	  $(PYTEST) auto -q -rs -m "not slow and not postgres" || failed=1; wait $$aside || failed=1; exit $$failed

types: .venv/.dev
	$(BIN)/mypy

# What is older than the last scan that found nothing is not read again; a new rule reads all.
secrets: .venv/.dev .venv/.secrets
	@touch .venv/.secrets.now
	git ls-files -z --cached --others --exclude-standard --deduplicate \
	  | xargs -0 sh -c 'find "$$@" -maxdepth 0 -newer .venv/.secrets -print0 2>/dev/null; true' sh \
	  | xargs -0 --no-run-if-empty $(BIN)/detect-secrets-hook --no-verify \
	  --exclude-files '^requirements/.*\.txt$$' --exclude-secrets '^(password|secret|s3cr3t|hunter2|token)$$'
	@mv .venv/.secrets.now .venv/.secrets

.venv/.secrets: Makefile
	@touch --date=@0 $@

fuzz: SEED := $(or $(SEED),$(shell date +%s))
fuzz: .venv/.dev  ## Property tests on new random examples; SEED=n repeats a run
	@echo "SEED=$(SEED)"
	$(PYTEST) auto -q --hypothesis-profile=fuzz --hypothesis-seed=$(SEED) -m hypothesis

fmt: .venv/.dev  ## Format the code and mend what ruff can
	$(BIN)/ruff check --fix --exit-zero --quiet .
	$(BIN)/ruff format .

bench: .venv/.dev  ## Print each figure beside its target; fails on a miss
	$(BIN)/python -m benchmarks

# ARGS="--users 20 --seconds 20" for a short run; `--help` lists what there is.
bench-platform: .venv/.dev  ## Load (50, 200 and 500 people, saturation), then 20 questions on 3 engines at 10 million lines
	$(BIN)/python -m benchmarks.platform_load $(or $(ARGS),--cache-off --saturation)
	$(if $(ARGS),,$(BIN)/python -m benchmarks.platform_router)

# `python -m benchmarks.suites FOLDER --traces traces.jsonl` writes traces of our own suites.
TRACES ?= traces.jsonl
train: .venv/.dev  ## Fit the language engine's weights on TRACES (of `datamind eval explain --out`)
	$(BIN)/python -m benchmarks.train $(TRACES) --write

docs: .venv/.dev  ## Check that the documentation's links, commands and lists hold
	$(BIN)/python scripts/check_docs.py

lock: .venv/.dev  ## Compile pyproject.toml into requirements/*.txt, hashes included
	scripts/lock.sh

clean:  ## Remove what make, tests and the demo made, .venv too
	rm -rf .venv build dist htmlcov .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis .datamind
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.%: requirements/%.txt
	@scripts/install.sh $*
	@touch $@
