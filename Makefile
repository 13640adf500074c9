# Everything runs in .venv, made on first use. Python 3.11 and make are all this assumes.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet
PYTEST := $(BIN)/python -m pytest

.PHONY: demo test test-all check docs format setup clean

# The main job on the bundled sample: crawl → dataset → model → answers → report.
demo: $(VENV)/.demo
	$(BIN)/penstock run recipes/crawl-to-chat.yaml

# Lint, types, import contracts, and all tests that need nothing but packages.
test: check
	$(PYTEST) -n 2 -m "not more"

# Also what needs more: Ray, a built wheel, namespaces. What cannot run here is listed as skipped.
test-all: $(VENV)/.all
	$(PYTEST) -m more

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The pages of docs/operators, from docstrings and cases.
docs: $(VENV)/.dev
	$(BIN)/python docs/operators/build.py

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

setup: $(VENV)/.dev

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# PyTorch comes first: whatever depends on it would otherwise choose a build of its own.
$(VENV)/.torch:
	$(PYTHON) -m venv $(VENV)
	$(PIP) torch==2.13.0
	touch $@

$(VENV)/.demo: $(VENV)/.torch pyproject.toml
	$(PIP) --editable '.[train,serve]'
	touch $@

$(VENV)/.dev: $(VENV)/.torch pyproject.toml
	$(PIP) --editable '.[dev]'
	touch $@ $(VENV)/.demo

$(VENV)/.all: $(VENV)/.dev
	$(PIP) --editable '.[ray]'
	touch $@
