# What a newcomer types. Everything runs in a virtual environment of the clone's own, made from requirements.lock; what
# only tests and checks need (requirements-dev.lock, which holds the same and more) comes with the first of them.
PYTHON ?= python3
BIN := .venv/bin
# For demo, bench and drill: `make demo ARGS=--check`
ARGS ?=

COMPILE := pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
	--allow-unsafe --strip-extras

.PHONY: help demo test check bench drill lock clean environment programs tools
.DEFAULT_GOAL := help

help:
	@echo "make demo    invent five years of recruiting, fold them, serve them, say where to look (ctrl-c stops it)"
	@echo "make test    all tests, on a PostgreSQL of their own"
	@echo "make check   lint, format, types, import contracts, function lengths, nothing of one machine in the files"
	@echo "make bench   this machine's figures, as ratios to a stock library and to physical limits"
	@echo "make drill   kill -9 at random points under load, then count: nothing lost, nothing doubled;"
	@echo "             ARGS=--strangers: floods of requests beside a client who behaves well"
	@echo "make lock    resolve both requirements locks anew from pyproject.toml"
	@echo "make clean   remove what the above made, your data in .perennial excepted"
	@echo "Needed: python3 (3.11 or newer, with venv). PYTHON=python3.12 names another one; ARGS='...' is passed on."

demo: environment
	@$(BIN)/perennial demo $(ARGS)

# The tests share out to as many processes as there are cores, four at most: each has a PostgreSQL of its own.
test: programs tools
	$(BIN)/pytest --numprocesses logical --maxprocesses 4 --dist worksteal --durations 10 $(ARGS)

check: tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python .ci/tidy.py

bench: tools
	$(BIN)/perennial bench $(ARGS)

drill: tools
	$(BIN)/perennial drill $(ARGS)

lock:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet pip-tools
	.venv-lock/bin/$(COMPILE) --upgrade --extra install --extra dev --output-file requirements-dev.lock pyproject.toml
	.venv-lock/bin/$(COMPILE) --upgrade --extra install --constraint requirements-dev.lock \
		--output-file requirements.lock pyproject.toml
	rm -rf .venv-lock

# Made anew only when the lock is another one than the environment was made from.
environment:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Perennial needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || true)." >&2; \
		echo "Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@cmp -s requirements.lock .venv/made-from.lock || { \
		echo "making .venv from requirements.lock (once)" && \
		$(PYTHON) -m venv --clear .venv && \
		$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock && \
		$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . && \
		cp requirements.lock .venv/made-from.lock; }

# What pip cannot bring. It stops here, and not in the middle of the tests.
programs:
	@.ci/machine-tools

tools: environment
	@cmp -s requirements-dev.lock .venv/made-from-dev.lock || { \
		echo "adding what tests and checks need, from requirements-dev.lock (once)" && \
		$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock && \
		cp requirements-dev.lock .venv/made-from-dev.lock; }

clean:
	rm -rf .venv .venv-lock build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache drill-logs
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@if [ -d .perennial ]; then echo "left in place: .perennial (the embedded database and its keys)"; fi
