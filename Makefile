# The two commands: `make train` runs the default experiment, `make test` the whole test suite.
PYTHON ?= python3
BIN = .venv/bin

.PHONY: train test lint format

train: .venv/installed
	$(BIN)/physml train $(ARGS)

test: .venv/installed
	$(BIN)/python -m pytest $(ARGS)

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

format: .venv/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Installed again only when what is to be installed has changed.
.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "physml needs Python 3.11 or newer, found " + sys.version.split()[0] + ": make PYTHON=python3.11 …")'
	@echo "Installing into .venv; this takes a minute or two and happens once."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@
