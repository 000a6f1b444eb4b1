# Two commands to begin with: `make demo` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
RATE ?= 14000
CONTESTS ?= 10000
SEEDS ?= 2000
BIN := .venv/bin
# A module is tested by one process, so that what its tests share is made once.
ON_ALL_CORES := --numprocesses auto --dist loadscope
IN_TWO_PROCESSES := --numprocesses 2 --dist loadscope

.PHONY: help setup demo up test check lint bench bench-quick bench-count bench-stages bench-peers chaos fuzz simulate mutate pictures format clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/ready ## make the environment in .venv from the lock file

.venv/ready: pyproject.toml uv.lock
	@command -v uv >/dev/null || [ -x .venv/bootstrap/bin/uv ] || { \
	  $(PYTHON) -m venv .venv/bootstrap && .venv/bootstrap/bin/pip install --quiet uv; }
	@uv=$$(command -v uv || echo .venv/bootstrap/bin/uv); $$uv venv --quiet --allow-existing --python $(PYTHON) .venv && $$uv sync --quiet --frozen --compile-bytecode
	@touch .venv/ready

demo: .venv/ready ## cast and count Labour's 2015 election on this machine (RATE=ballots/s, ONESHOT=1 to stop at the end)
	$(BIN)/python -m services.cli.demo --rate $(RATE) $(if $(ONESHOT),--oneshot)

up: .venv/ready ## run all of Livecount on this machine
	$(BIN)/livecount up

test: .venv/ready ## every test: those without a server on all cores, then real Kafka, Valkey and browser, then chaos (CONTESTS=random contests)
	@infra/chromium.sh
	LIVECOUNT_CONTESTS=$(CONTESTS) $(BIN)/python -m pytest $(ON_ALL_CORES) -m 'not kafka and not browser' tests
	$(BIN)/python -m pytest $(IN_TWO_PROCESSES) -m '(kafka or browser) and not alone' tests
	$(BIN)/python -m pytest -m alone tests

check: lint ## lint, types, import contracts, unit, property and golden tests
	LIVECOUNT_TAMPERINGS=1000 $(BIN)/python -m pytest -q $(ON_ALL_CORES) tests/unit tests/property tests/golden tests/tidy

lint: .venv/ready ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench-count: .venv/ready .livecount/peers/ready ## measure the counting core beside its peers from PyPI (QUICK=1: some minutes less)
	$(BIN)/python -m tests.bench.count $(if $(QUICK),--quick)

bench-stages: .venv/ready ## measure what a ballot costs at each stage, and how fast a log is replayed (BALLOTS=1000000)
	$(BIN)/python -m tests.bench.stages --ballots $(or $(BALLOTS),1000000)

bench: .venv/ready .livecount/peers/ready ## measure everything beside peers and goals, and write the table of goals (PIECES="latency proofs": only these)
	$(BIN)/python -m tests.bench $(PIECES)

bench-quick: .venv/ready .livecount/peers/ready ## the same with less of everything; writes no files
	$(BIN)/python -m tests.bench --quick $(PIECES)

bench-peers: .livecount/peers/ready ## install those peers, in an environment of their own

.livecount/peers/ready: .venv/ready tests/bench/peers.txt
	@uv=$$(command -v uv || echo .venv/bootstrap/bin/uv); $$uv venv --quiet --allow-existing --python $(BIN)/python .livecount/peers && \
	  $$uv pip install --quiet --python .livecount/peers/bin/python -r tests/bench/peers.txt
	@touch $@

chaos: .venv/ready ## break everything on three brokers while ballots are cast (BALLOTS KILLS PAUSES BROKER_KILLS SEED MINUTES; NET=1: each on a host of its own)
	$(BIN)/python -m tests.chaos $(if $(BALLOTS),--ballots $(BALLOTS)) $(if $(KILLS),--kills $(KILLS)) \
	  $(if $(PAUSES),--pauses $(PAUSES)) $(if $(BROKER_KILLS),--broker-kills $(BROKER_KILLS)) $(if $(SEED),--seed $(SEED)) \
	  $(if $(MINUTES),--minutes $(MINUTES)) $(if $(NET),--net)

fuzz: .venv/ready ## ask the three HTTP APIs what nobody should, and cast mutated ballots (MINUTES=10)
	$(BIN)/python -m tests.fuzz.over_http --minutes $(or $(MINUTES),10)

simulate: .venv/ready ## the real harness on a simulated log, disk and clock (SEEDS=2000 JOBS=2, or SEED=17 to replay one; MUTANTS=1)
	@$(BIN)/python -m tests.simulation $(if $(MUTANTS),mutants,$(if $(SEED),--seed $(SEED),--seeds $(SEEDS) $(if $(JOBS),--jobs $(JOBS))))

mutate: .venv/ready ## change the rules of counting one by one: do the tests notice? (RULES="ties methods/rulebook", MINUTES=60, CORES=1)
	@uv=$$(command -v uv || echo .venv/bootstrap/bin/uv); $$uv run --no-sync --frozen --with mutmut==3.8.1 \
	  python -m tests.mutation.run $(RULES) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(CORES),--cores $(CORES))

pictures: .venv/ready ## make the README's pictures anew: a count in a terminal, and the demo's page
	@infra/chromium.sh
	@uv=$$(command -v uv || echo .venv/bootstrap/bin/uv); $$uv run --no-sync --frozen --with pillow==12.* python -m tests.browser.pictures

format: .venv/ready ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove what running left behind
	rm -rf .livecount .mypy_cache .ruff_cache .hypothesis
