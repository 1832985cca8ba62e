# The two commands: `make train` runs the default experiment, `make test` the whole test suite.
PYTHON ?= python3
BIN = .venv/bin

.PHONY: train test test-cluster lint format

train: .venv/installed
	$(BIN)/physml train $(ARGS)

test: .venv/installed
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 $(ARGS)

# As root it installs SLURM where apt-get can; else these tests say what they lack.
test-cluster: .venv/installed
	-@command -v slurmctld >/dev/null || PATH=$$PATH:/usr/sbin command -v slurmctld >/dev/null || apt-get install -y -qq --no-install-recommends slurmctld slurmd slurm-client munge
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -m cluster $(ARGS)

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
