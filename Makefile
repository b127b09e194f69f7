# make test: everything set up, then all tests.   make demo: a small export made, fixed and shown.
PYTHON ?= python3
PYTEST_FLAGS ?=
BIN := .venv/bin
VENV := .venv/.made
CODE := $(wildcard pef_tui tests bench plugins)

.PHONY: help venv tools test test-fault test-fault-docs test-mutations soak test-plugins generated docs dist oldest lint types contracts format check demo screens snapshots lock clean

help:
	@echo "make test       set up, then run all tests (PYTEST_FLAGS='-k name -x')"
	@echo "make test-plugins   install each plugin of plugins/ by itself and test it there"
	@echo "make docs       build the site of docs/ strictly, into build/site"
	@echo "make dist       build sdist and wheel, and try the wheel by itself"
	@echo "make oldest     test a part with the oldest dependencies allowed"
	@echo "make generated   write docs/pef-tui.1 and docs/schema anew from the program"
	@echo "make test-fault run the long tests that kill runs and inject faults"
	@echo "make test-fault-docs     the same, and put what was tried into docs/safety.md"
	@echo "make test-mutations      take one safeguard away at a time and see that a test fails"
	@echo "make soak       look for faults with random exports and histories (MINUTES=10 SEED=0 WORKERS=2; SEED=0: a random one)"
	@echo "make screens    take the screenshots of the docs anew"
	@echo "make snapshots  keep the screens as they are now, for the tests to compare with (look at the difference)"
	@echo "make demo       make a small export, fix it, show before and after"
	@echo "make check      lint, types, contracts"
	@echo "make format     rewrite the code in the project's form"
	@echo "make lock       write requirements-dev.lock anew from what is installed"
	@echo "make clean      remove .venv and what tools leave behind"

venv: $(VENV)

$(VENV): pyproject.toml requirements-dev.lock .ci/setup
	@PYTHON="$(PYTHON)" sh .ci/setup venv
	@touch $@

tools:
	@sh .ci/setup tools

generated: venv
	@$(BIN)/python -m pef_tui.manual docs/pef-tui.1
	@$(BIN)/python -m pef_tui.schema docs/schema
	@$(BIN)/python -m pef_tui.reference docs/reference.md

docs: venv
	@sh .ci/docs

dist: venv
	@sh .ci/wheel

oldest: venv
	@sh .ci/oldest

test-plugins: venv
	@sh .ci/plugins

test: venv tools
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 $(PYTEST_FLAGS)

test-fault: venv tools
	@$(BIN)/python -m pytest -m fault -n 2 $(PYTEST_FLAGS) tests/fault tests

test-fault-docs: venv tools
	@$(BIN)/python -m pytest -m fault -n 2 --write-docs tests/fault

test-mutations: venv tools
	@$(BIN)/python tests/fault/mutations.py

soak: venv
	@$(BIN)/python tests/soak/soak.py --minutes $(or $(MINUTES),10) --seed $(or $(SEED),0) --workers $(or $(WORKERS),2)

lint: venv
	@$(BIN)/ruff check -q $(CODE)
	@$(BIN)/ruff format --check $(CODE)

types: venv
	@$(BIN)/mypy --no-error-summary

contracts: venv
	@$(BIN)/lint-imports --no-logo

check: lint types contracts

format: venv
	@$(BIN)/ruff check -q --fix $(CODE)
	@$(BIN)/ruff format -q $(CODE)

screens: venv tools
	@$(BIN)/python bench/screens.py

snapshots: venv
	@SNAPSHOTS=write $(BIN)/python -m pytest tests/tui/test_snapshots.py -k every_screen

demo: venv tools
	@$(BIN)/python -m pef_tui.testing.demo

lock: venv
	@$(BIN)/pip freeze --exclude-editable --exclude pef-tui | LC_ALL=C sort -f > requirements-dev.lock
	@touch $(VENV)

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build demo
