# make test: set up everything, then run all tests.   make demo: make a small export, fix it and show it.
PYTHON ?= python3
PYTEST_FLAGS ?=
BIN := .venv/bin
VENV := .venv/.made
CODE := $(wildcard pef_tui tests bench plugins tools)

.PHONY: help changelog venv tools test test-long test-exiftool-13 test-fault test-fault-slow test-fault-docs test-mutations soak test-plugins generated docs pages dist oldest lint types contracts prose format check demo screens snapshots lock clean bench-slow

help:
	@echo "make test       set up, then run the tests (PYTEST_FLAGS='-k name -x')"
	@echo "make test-long  run the other tests that take long, such as those of every byte, screen and sample"
	@echo "make test-exiftool-13   compare the native writers with ExifTool 13 too (npm installs it into build/)"
	@echo "make test-plugins   install each plugin of plugins/ without the others and test it"
	@echo "make docs       build the site of docs/ into build/site, every warning an error"
	@echo "make pages      render the pages of the site in Chromium and look for faults (FLAGS='--pictures FOLDER')"
	@echo "make dist       build sdist and wheel, and test the wheel"
	@echo "make oldest     run some tests with the oldest dependencies allowed"
	@echo "make generated   generate docs/pef-tui.1, docs/schema, docs/reference.md and docs/keys.md from the program"
	@echo "make test-fault run the long tests that kill runs and inject faults"
	@echo "make test-fault-slow     the same on a disk that answers every call after 1 ms (needs FUSE)"
	@echo "make test-fault-docs     the same, and write what was tried into docs/safety.md"
	@echo "make test-mutations      remove one safeguard at a time and check that a test fails"
	@echo "make soak       search for faults with random exports and histories (MINUTES=10 SEED=0 WORKERS=2; SEED=0: a random one)"
	@echo "make bench-slow  compare pef-tui with copying on a slow line (FLAGS='--short', '--times 3', '--zip', '--large')"
	@echo "make screens    take the screenshots and make the pictures of the docs again"
	@echo "make snapshots  save the current screens for the tests to compare with (check the difference)"
	@echo "make demo       make a small export, fix it, show before and after"
	@echo "make changelog  show the changes in changelog.d/; with VERSION=1.2.3, move them into CHANGELOG.md"
	@echo "make check      lint, types, contracts, prose"
	@echo "make format     format the code"
	@echo "make lock       write requirements-dev.lock again from the installed packages"
	@echo "make clean      remove .venv and the files that tools leave behind"

venv: $(VENV)

$(VENV): pyproject.toml requirements-dev.lock .ci/setup
	@PYTHON="$(PYTHON)" sh .ci/setup venv
	@touch $@

tools:
	@sh .ci/setup tools

generated: venv
	@$(BIN)/python -m tools.manual docs/pef-tui.1
	@$(BIN)/python -m tools.schema docs/schema
	@$(BIN)/python -m tools.reference docs/reference.md
	@$(BIN)/python -m tools.keys docs/keys.md

changelog: venv
	@$(BIN)/towncrier build $(if $(VERSION),--version $(VERSION) --yes,--version Unreleased --draft)

docs: venv
	@sh .ci/docs

pages: docs
	@$(BIN)/python -m tools.pages $(FLAGS)

dist: venv
	@sh .ci/wheel

oldest: venv
	@sh .ci/oldest

test-plugins: venv
	@sh .ci/plugins

test: venv tools
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 $(PYTEST_FLAGS)

test-long: venv tools
	@$(BIN)/python -m pytest -m "long and not fault" -n auto --maxprocesses 4 $(PYTEST_FLAGS)

test-exiftool-13: venv tools
	@sh .ci/exiftool-13 $(PYTEST_FLAGS)

test-fault: venv tools
	@$(BIN)/python -m pytest -m fault -n 2 $(PYTEST_FLAGS) tests/fault tests

test-fault-slow: venv tools
	@$(BIN)/python tests/fault/on_slow_disk.py $(FLAGS)

test-fault-docs: venv tools
	@$(BIN)/python -m pytest -m fault -n 2 --write-docs tests/fault

test-mutations: venv tools
	@$(BIN)/python tests/fault/mutations.py

soak: venv
	@$(BIN)/python tests/soak/soak.py --minutes $(or $(MINUTES),10) --seed $(or $(SEED),0) --workers $(or $(WORKERS),2)

bench-slow: venv tools
	@$(BIN)/python bench/slow_lines.py $(FLAGS)

lint: venv
	@$(BIN)/ruff check -q $(CODE)
	@$(BIN)/ruff format --check $(CODE)

types: venv
	@$(BIN)/mypy --no-error-summary

contracts: venv
	@$(BIN)/lint-imports --no-logo

prose: venv
	@$(BIN)/codespell $(CODE) docs contrib changelog.d .ci Makefile Containerfile README.md CONTRIBUTING.md CHANGELOG.md SECURITY.md CODE_OF_CONDUCT.md .github
	@$(BIN)/python tools/prose.py

check: lint types contracts prose

format: venv
	@$(BIN)/ruff check -q --fix $(CODE)
	@$(BIN)/ruff format -q $(CODE)

screens: venv tools
	@$(BIN)/python bench/screens.py
	@$(BIN)/python bench/front_picture.py

snapshots: venv
	@SNAPSHOTS=write $(BIN)/python -m pytest tests/tui/test_snapshots.py -m long -k every_screen

demo: venv tools
	@$(BIN)/python -m pef_tui.testing.demo

lock: venv
	@$(BIN)/pip freeze --exclude-editable --exclude pef-tui | LC_ALL=C sort -f > requirements-dev.lock
	@touch $(VENV)

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build demo
