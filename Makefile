# Two commands do everything: `make run` and `make test`. Both need Python 3.11+ and make, nothing else.
PYTHON ?= python3
ARGS ?=
VENV := .venv
PY := $(VENV)/bin/python

.PHONY: help run test thorough lint types worker doctor proof texts matrix bench registers faults clean

help: ## What there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(VENV)/run.done: requirements.lock
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked dependencies …"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/test.done: requirements-dev.lock
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked dependencies of the tests …"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@ $(VENV)/run.done

run: $(VENV)/run.done ## Simulated shop and ERP, a worker, all orders transferred, the proof, then the back office
	@$(PY) manage.py demo $(ARGS)

test: $(VENV)/test.done ## The tests of every day, on SQLite and (where a server is found) on PostgreSQL
	@$(PY) -m tests.suite $(ARGS)

thorough: $(VENV)/test.done ## The same in more ways: crashes, storms, nonsense, every page for everybody
	@$(PY) -m tests.suite --thorough $(ARGS)

bench: $(VENV)/test.done ## Measurements: speed, latency, memory, fairness (ARGS="--only NAME …" for some of them)
	@$(PY) -m tests.benchmarks $(ARGS)

registers: $(VENV)/test.done ## Stock and articles through both simulators: calls, writes of a second run, memory
	@$(PY) -m tests.benchmarks.registers $(ARGS)

faults: $(VENV)/test.done ## The long tests, then the kill storm: half an hour on each database (ARGS="--kills N", "--seed N", "--only NAME")
	@EXAMPLES=500 $(PY) -m pytest -q -m "deep or hypothesis" tests; deep=$$?; $(PY) -m tests.faults.chaos $(ARGS) && exit $$deep

lint: $(VENV)/test.done ## Style
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: $(VENV)/test.done ## Types, strictly
	$(PY) -m mypy .

worker: $(VENV)/run.done ## A worker on the configured database
	$(PY) manage.py worker

texts: $(VENV)/test.done ## Gather the texts that people see into the Swedish catalogue, and compile it
	@$(PY) -m tests.texts $(ARGS)

matrix: $(VENV)/run.done ## Write docs/matrix.md anew: what every pair of systems can do together
	@$(PY) manage.py matrix

doctor: $(VENV)/run.done ## Check settings, database, queue and every endpoint
	$(PY) manage.py doctor

proof: ## The proof alone: ends after it, status 0 only if it holds
	@$(MAKE) --no-print-directory run ARGS="--no-serve $(ARGS)"

clean: ## Forget the demo: its database, keys and simulators
	rm -rf var
