# `make demo` and `make test` install what they need and run.
.DEFAULT_GOAL := help
SHELL := /bin/bash
export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1
export ORT_DISABLE_TELEMETRY := 1
ARGS ?=
UV = $$(cat .tools/uv)
RUN = $(UV) run --frozen --no-sync

.PHONY: help demo attack run central permit test check bench soak torture restore-drill fuzz mutants pictures codes notice protocol \
	deb deb-check train-digits setup

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

demo: setup ## simulated customers at the real terminal, under a minute (ARGS=--all: everything; ARGS=--interactive: you)
	@$(RUN) python -m demo $(ARGS)

run: setup ## the terminal with settings.toml and real devices
	@$(RUN) kiosk run $(ARGS)

central: ## the central server alone
	@bash scripts/setup $(if $(findstring postgresql,$(ARGS)),postgresql)
	@$(RUN) central run --init --data var/central $(ARGS)

permit: ## the e-permit with central, both in simulation, for a browser; prints addresses and people to try
	@bash scripts/setup
	@$(RUN) python -m demo.permit_stack $(ARGS)

test: ## all tests, in random order
	@bash scripts/setup test
	@$(RUN) bash scripts/test $(ARGS)

check: setup ## lint, formatting, types, import contracts, generated documents (half a minute)
	@$(RUN) bash scripts/check

bench: ## speed and memory, each beside a baseline
	@bash scripts/setup test
	@$(RUN) python -m benchmarks $(ARGS)

soak: setup ## 10,000 simulated visits with faults; watches memory and open files (ARGS="--visits 1000")
	@bash scripts/setup test
	@$(RUN) python -m tests.soak $(ARGS)

attack: setup ## impostors at the whole terminal, what stops them (ARGS="--seeds 3 --models DIR": with anti-spoof weights)
	@$(RUN) python -m demo.attacks $(ARGS)

torture: setup ## kill both ends at every step, fill and damage disks; counts lost and doubled requests (long)
	@bash scripts/setup test
	@$(RUN) python -m tests.torture $(ARGS)

restore-drill: setup ## back central up, let terminals get ahead, destroy and restore it: what is recovered, what is reported
	@bash scripts/setup test
	@$(RUN) python -m tests.restore $(ARGS)

fuzz: setup ## malformed input at every entry point (ARGS="--target central settings --seconds 600")
	@$(RUN) python -m tests.fuzz $(ARGS)

mutants: setup ## small faults in the files that decide: does a test notice? (ARGS="--count 150 --seed 2")
	@$(RUN) python -m tests.mutants $(ARGS)

pictures: setup ## new pictures for README and docs, made by playing the demo (3 minutes)
	@$(RUN) python -m demo.pictures $(ARGS)

codes: setup ## write docs/codes.md, central's list of consent texts and the look-up page's words, from the phrases
	@$(RUN) python -m kiosk.ui.codes_document
	@$(RUN) python -m kiosk.ui.consents_document
	@$(RUN) python -m kiosk.ui.look_up_document

notice: ## write the package table of NOTICE
	@bash scripts/setup test
	@$(RUN) scripts/notice

protocol: setup ## write resources/protocol: OpenAPI document, schemas, examples
	@$(RUN) central protocol resources/protocol

deb: setup ## the terminal's Debian package for amd64, in out/ (ARGS="--models DIR": with the operator's weights)
	@packaging/deb/build $(ARGS)

deb-check: setup ## build the package twice, compare; install, run, upgrade and purge it in a fresh Debian (root, 10 minutes)
	@packaging/deb/check $(ARGS)

train-digits: setup ## train the digit recogniser (hours)
	@bash training/digits/run.sh $(ARGS)

setup: ## install what the other targets need
	@bash scripts/setup
