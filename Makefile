# Two commands: `make demo` solves and compares, `make test` runs the tests. Both set up .venv first, once.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test setup lint benchmark reproduce clean

demo: setup
	$(BIN)/kanpde compare poisson --seconds 12 --out results/demo --force

test: setup
	$(BIN)/python -m pytest

setup: .venv/ready

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	touch $@

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

benchmark: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[peers]"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps ikan==1.3.0
	$(BIN)/python scripts/benchmark.py $(or $(TABLE),all)

# The experiments of the KAN paper; `make reproduce QUICK=--quick` takes half a minute, all of them hours.
reproduce: setup
	$(BIN)/python scripts/reproduce $(QUICK) $(or $(TABLE),all)

clean:
	rm -rf .venv results build *.egg-info
