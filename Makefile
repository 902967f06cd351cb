# Two commands do all: `make demo` and `make test`. Both install what they need.
.DEFAULT_GOAL := help
SHELL := /bin/bash
export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1
export ORT_DISABLE_TELEMETRY := 1
ARGS ?=
UV = $$(cat .tools/uv)
RUN = $(UV) run --frozen --no-sync

.PHONY: help demo run central test torture soak fuzz check bench setup codes protocol train-digits

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

setup: ## install everything that demo and test need
	@bash scripts/setup

demo: setup ## simulated customers at the real terminal (ARGS=--interactive: you touch)
	@$(RUN) python -m demo $(ARGS)

run: setup ## the terminal with settings.toml and real devices
	@$(RUN) kiosk run $(ARGS)

central: setup ## the central server alone
	@$(RUN) central init --data var/central && $(RUN) central run --data var/central $(ARGS)

test: ## all tests
	@bash scripts/setup test
	@$(RUN) bash scripts/test $(ARGS)

fuzz: setup ## hostile input at every door (ARGS="--door central settings --seconds 600 --seed 1")
	@$(RUN) python -m tests.fuzz $(ARGS)

check: setup ## ruff, mypy, the house's layers, generated documents
	@$(RUN) bash scripts/check

torture: setup ## kill, cut, fill, spoil everything at every point; prints what was lost or doubled (long)
	@bash scripts/setup test
	@$(RUN) python -m tests.torture $(ARGS)

soak: setup ## months in a shop in minutes: 10,000 visits, faults, memory and handles (ARGS="--visits 1000")
	@bash scripts/setup test
	@$(RUN) python -m tests.soak $(ARGS)

bench: ## speed and memory, each beside its baseline
	@bash scripts/setup test
	@$(RUN) python -m benchmarks $(ARGS)

codes: setup ## write docs/codes.md anew
	@$(RUN) python -m kiosk.ui.codes_document

protocol: setup ## write resources/protocol anew: OpenAPI document, schemas, examples
	@$(RUN) central protocol resources/protocol

train-digits: setup ## train the digit recogniser anew (long)
	@bash training/digits/run.sh $(ARGS)
