# Two commands matter: `make quickstart` and `make test`. Each makes .venv where it is missing.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
# Two test processes side by side, each with one thread of its own: two cores are kept busy.
# Bytecode is kept, whatever the environment says: each kernel would compile the package anew.
PYTEST := PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 POSEBOOK_THREADS=1 $(BIN)/python -m pytest

# Threads that wait by spinning slow training tenfold where another program uses the cores.
export OMP_WAIT_POLICY ?= PASSIVE

.DEFAULT_GOAL := help
.PHONY: help install quickstart test check test-browser lab notebooks clean

help:
	@echo "make quickstart    chapter 1 without a browser: real 2D key points in, a 3D pose out"
	@echo "make lab           open a copy of the book in JupyterLab: workbook/, yours to change"
	@echo "make test          ruff and all tests but those that need a browser"
	@echo "make check         the part of the tests for each commit"
	@echo "make test-browser  notebooks and pages in Chromium"
	@echo "make notebooks     build every .ipynb anew from its .py, with outputs"
	@echo "make clean         remove .venv, caches and what the tests wrote; runs/ and workbook/ stay"

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null || { \
	  echo "posebook needs Python 3.11 to 3.14; $(PYTHON) is: $$($(PYTHON) --version 2>&1)."; \
	  echo "Name another one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments; on Debian: apt-get install python3-venv"; \
	  exit 1; }
	@echo "== making $(VENV): about 2 GB, one to five minutes"
	@echo "   (on Linux several GB more: torch brings CUDA, unless it finds its CPU build)"
	@$(PYTHON) -m venv $(VENV)
	@# torch first and alone: installed with the rest, some resolvers take its CUDA build.
	@echo "== step 1 of 3: torch"
	@$(PIP) install -q -c constraints.txt torch==2.13.0
	@echo "== step 2 of 3: everything else"
	@$(PIP) install -q -c constraints.txt -e '.[test]'
	@echo "== step 3 of 3: blazepose, which finds people in photographs"
	@$(PIP) install -q -c constraints.txt -e '.[pictures]' || \
	  echo "   without it all else works. Later: $(BIN)/python -m pip install ai-edge-litert"
	@$(BIN)/posebook detectors get blazepose || \
	  echo "   a warning only: without it all else works. Later: $(BIN)/posebook detectors get blazepose"
	@touch $(READY)

install: $(READY)

quickstart: $(READY)
	@$(BIN)/posebook run quickstart

test: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(PYTEST) -n 2 --dist worksteal --ignore=tests/browser --durations=15

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(PYTEST) -n 2 --dist worksteal --ignore=tests/browser -m "not slow"

test-browser: $(READY)
	$(PYTEST) -n 2 --dist worksteal tests/browser

# JupyterLab writes into what it opens: it gets copies. More options: make lab LAB=--no-browser
lab: $(READY)
	@$(BIN)/python tools/workbook.py
	$(BIN)/jupyter lab --notebook-dir=workbook $(LAB)

notebooks: $(READY)
	$(BIN)/python tools/build_notebooks.py

clean:
	rm -rf $(VENV) build .pytest_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
