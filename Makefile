# Everything a developer runs. Needs make and Python 3.11 or newer; the rest is installed into
# .venv from the hashed locks in requirements/.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.stamp

PLUGINS  := $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml))
PROJECTS := . $(PLUGINS)
LOCKS    := run test check docs bench peers lock
# What the search for duplicates is measured against, in an environment of its own.
PEERS    := build/peers

# Extra arguments for pytest, as in `make test PYTEST_ARGS="-k merge"`.
PYTEST_ARGS ?=
# Worker processes of the suite; 0 runs it in this process.
JOBS ?= auto
# Random steps that each store is compared with the reference by; more are for a change's acceptance.
PROFILECORE_STEPS ?= 500
# How long the soak tests run: short or full.
PROFILECORE_SOAK ?= full
# `make lock UPGRADE=--upgrade` takes newer versions; otherwise the lock changes only where it must.
UPGRADE ?=

PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test check format docs bench bench-duplicates soak lock dist clean

help: ## show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(STAMP)-projects ## run the demonstration in a fresh directory under build/
	@rm -rf build/demo
	@$(BIN)/profilecore demo --keep build/demo

test: $(STAMP)-projects $(STAMP)-test ## run the whole suite
	PROFILECORE_STEPS=$(PROFILECORE_STEPS) $(BIN)/python -m pytest -n $(JOBS) $(PYTEST_ARGS)

check: $(STAMP)-projects $(STAMP)-test $(STAMP)-check ## check format, lint, types and spelling
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy src $(wildcard $(addsuffix /src,$(PLUGINS)))
	$(BIN)/codespell

format: $(STAMP)-check ## format the code and apply the safe fixes of the linter
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

docs: $(STAMP)-projects $(STAMP)-docs ## build the documentation into build/site
	$(BIN)/python docs/_generate.py
	$(BIN)/mkdocs build --strict
	@echo "build/site/index.html"

bench: $(STAMP)-projects $(STAMP)-bench ## run the benchmarks
	$(BIN)/python -m bench $(BENCH_ARGS)

bench-duplicates: $(STAMP)-projects $(STAMP)-bench $(PEERS)/.stamp ## measure the search for duplicates beside its peers
	$(BIN)/python -m bench.duplicates --peers $(PEERS)/bin/python $(BENCH_ARGS)

soak: $(STAMP)-projects $(STAMP)-test ## run the long randomised tests (PROFILECORE_SOAK=short|full)
	PROFILECORE_SOAK=$(PROFILECORE_SOAK) $(BIN)/python -m pytest tests/soak -m soak $(PYTEST_ARGS)

dist: $(STAMP)-run ## build wheels and source distributions into build/dist
	@rm -rf build/dist
	@for project in $(PROJECTS); do \
	  (cd $$project && $(abspath $(BIN))/python -m hatchling build --directory $(abspath build/dist)) || exit 1; \
	done

lock: $(STAMP)-lock ## renew the locks (UPGRADE=--upgrade for newer versions)
	$(BIN)/python requirements/collect.py
	@for name in $(LOCKS); do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(UPGRADE) \
	    requirements/$$name.in --output-file requirements/$$name.txt || exit 1; \
	done

clean: ## remove everything that was built, .venv included
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis docs/reference/generated
	find src plugins tests docs requirements -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is newer than what it was made from, so nothing is installed twice.

$(STAMP)-venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "profilecore needs Python 3.11 or newer, and $(PYTHON) is not;" >&2; \
	  echo "name another, as in: make PYTHON=python3.12 test" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(STAMP)-run $(STAMP)-test $(STAMP)-check $(STAMP)-docs $(STAMP)-bench $(STAMP)-lock: \
$(STAMP)-%: requirements/%.txt $(STAMP)-venv
	$(PIP_INSTALL) --require-hashes -r $<
	@touch $@

$(PEERS)/.stamp: requirements/peers.txt
	$(PYTHON) -m venv --clear $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# pip check: the locks hold everything that the projects declare.
$(STAMP)-projects: $(addsuffix /pyproject.toml,$(PROJECTS)) $(STAMP)-run
	$(PIP_INSTALL) --no-deps --no-build-isolation $(addprefix -e ,$(addprefix ./,$(PROJECTS)))
	$(BIN)/python -m pip check
	@touch $@
