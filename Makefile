# Everything a person does with this project; `make` alone lists it. Needs make, git and a Python from 3.11 on.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

UV_VERSION := 0.13.8
UV := .local/uv/bin/uv
VENV := .venv/.complete
EMULATOR := .local/emulator/.complete

# 3.13 is what the functions run on; where it is missing, what there is.
PYTHON ?= $(shell for candidate in python3.13 "$$(pyenv root 2>/dev/null)"/versions/3.13.*/bin/python3.13 \
	python3.14 python3.12 python3.11 python3 "$$(pyenv root 2>/dev/null)"/versions/3.1[12].*/bin/python3; do \
	"$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v "$$candidate" && break; done)

# Which stack, when several run side by side, and on which ports. Only from the command line: many a shell has a PORT of its own.
given = $(if $(findstring command,$(origin $(1))),$(2) $($(1)))
STACK = $(call given,NAME,--instance)
PORTS = $(call given,PORT,--port) $(call given,ORDERS_PORT,--orders-port) $(call given,APP_PORT,--app-port) \
	$(call given,MAIL_PORT,--mail-port) $(call given,EMULATOR_PORT,--emulator-port)
# https instead of http, until TLS=0; by which name; and where a conformance suite is.
ENCRYPTION = $(if $(call given,TLS),$(if $(filter 0 no off,$(TLS)),--no-tls,--tls)) $(call given,HOST,--host)
SUITES = $(if $(call given,SUITE,x),$(foreach suite,$(SUITE),--suite $(suite))) $(if $(call given,ALIAS,x),$(foreach alias,$(ALIAS),--alias $(alias)))
RUN := PYTHONDONTWRITEBYTECODE=1 .venv/bin/python -m
LOCAL = $(RUN) local
PYTEST := PYTHONDONTWRITEBYTECODE=1 .venv/bin/python -m pytest
# How many processes share the tests; 0 for none but the one that starts.
WORKERS ?= 3
ARCHITECTURE ?= arm64

export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1

# step(label, command, remedy): one line with seconds; when it fails, one line that says why.
define step
	@mkdir -p .local; printf '  %-28s' '$(1)'; started=$$(date +%s); \
	if ( $(2) ) >.local/setup.log 2>&1; then printf '%5d s\n' $$(( $$(date +%s) - started )); \
	else echo failed; echo "error: $(1): $$(grep -v '^ *$$' .local/setup.log | tail -n 1) ($(strip $(3)); log: .local/setup.log)" >&2; exit 1; fi
endef

.PHONY: help
help: ## List what there is
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: setup ## Start everything on http://localhost:8080 and say what to do next (PORT=, NAME=, TLS=1)
	@$(LOCAL) up $(STACK) $(PORTS) $(ENCRYPTION) $(foreach parameter,$(PARAMETERS),--parameter $(parameter))
	@$(if $(call given,CERTIFICATION,x),$(MAKE) certification)

.PHONY: stop
stop: $(VENV) ## End it; its state stays
	@$(LOCAL) down $(STACK)

.PHONY: reset
reset: $(VENV) ## End it and forget its state
	@$(LOCAL) reset $(STACK)

.PHONY: status
status: $(VENV) ## Show what runs
	@$(LOCAL) status $(STACK) || true

.PHONY: mail
mail: $(VENV) ## Print the newest mails that it sent
	@$(LOCAL) mail $(STACK)

.PHONY: client
client: $(VENV) ## Register an application (ARGS="--help" shows how)
	@$(LOCAL) exec $(STACK) -- $(CURDIR)/.venv/bin/python -m local.admin client $(ARGS)

.PHONY: certification
certification: $(VENV) ## Register what the OpenID conformance suite needs (SUITE=, ALIAS=)
	@$(LOCAL) exec $(STACK) -- $(CURDIR)/.venv/bin/python -m local.certification $(SUITES)

.PHONY: rotate-keys
rotate-keys: $(VENV) ## Replace the signing keys now
	@$(LOCAL) exec $(STACK) -- $(CURDIR)/.venv/bin/python -m local.admin rotate-keys $(ARGS)

.PHONY: redeliver
redeliver: $(VENV) ## Tell a webhook again what it could not be told (ARGS="<webhook id> [--event <id>]")
	@$(LOCAL) exec $(STACK) -- $(CURDIR)/.venv/bin/python -m local.admin redeliver $(ARGS)

.PHONY: hook
hook: $(VENV) ## Replay an event: make hook EVENT=events/hooks/post_login.json HOOK=<id> (or FUNCTION=<folder or ARN>)
	@PYTHONPATH=layers/core/python $(RUN) local.hook $(STACK) $(if $(HOOK),--hook $(HOOK),--function $(or $(FUNCTION),$(error say which: HOOK=<id of a hook>, or FUNCTION=<folder or ARN>))) \
		$(or $(EVENT),$(error say which event: EVENT=events/hooks/<file>.json))

.PHONY: invoke
invoke: $(VENV) ## Invoke one function: make invoke F=discovery E=discovery
	@$(LOCAL) invoke $(STACK) $(or $(F),$(error say which function: F=<folder under functions/>)) $(or $(E),$(error say which event: E=<name under events/>))

.PHONY: test
test: setup ## Run all tests; they start a stack of their own
	@$(PYTEST) --numprocesses $(WORKERS) tests

.PHONY: unit
unit: $(VENV) ## Run the tests that need nothing but Python
	@$(PYTEST) --numprocesses $(WORKERS) tests/unit

.PHONY: integration
integration: setup ## Run the tests against a stack of their own
	@$(PYTEST) tests/integration

.PHONY: e2e
e2e: setup ## Run real clients and a real browser against a stack of their own
	@$(PYTEST) tests/e2e

.PHONY: check
check: setup ## Lint, format, types, import contracts, template
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@PYTHONPATH=layers/core/python .venv/bin/lint-imports --no-logo
	@$(UV) lock --check --quiet
	@$(UV) export $(LAYER_EXPORT) --no-dev | diff -q - layers/dependencies/requirements.txt >/dev/null \
		|| { echo "error: layers/dependencies/requirements.txt differs from uv.lock; make lock writes it" >&2; exit 1; }
	@$(UV) export $(LAYER_EXPORT) --only-group whole | diff -q - layers/core/requirements.txt >/dev/null \
		|| { echo "error: layers/core/requirements.txt differs from uv.lock; make lock writes it" >&2; exit 1; }
	@$(UV) export $(LAYER_EXPORT) --only-group management | diff -q - layers/management/requirements.txt >/dev/null \
		|| { echo "error: layers/management/requirements.txt differs from uv.lock; make lock writes it" >&2; exit 1; }
	@$(UV) export $(LAYER_EXPORT) --only-group hooks | diff -q - examples/hooks/powertools/requirements.txt >/dev/null \
		|| { echo "error: examples/hooks/powertools/requirements.txt differs from uv.lock; make lock writes it" >&2; exit 1; }
	@SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 .local/emulator/bin/sam validate --lint --template-file template.yaml
	@SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 .local/emulator/bin/sam validate --lint --template-file examples/orders_api/template.yaml
	@SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 .local/emulator/bin/sam validate --lint --template-file examples/hooks/template.yaml
	@SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 .local/emulator/bin/sam validate --lint --template-file examples/schedules/template.yaml

.PHONY: format
format: $(VENV) ## Put the code into the agreed format
	@.venv/bin/ruff check --fix --quiet . ; .venv/bin/ruff format .

.PHONY: describe
describe: $(VENV) ## Write docs/openapi.json and the table of docs/management-api.md anew
	@PYTHONPATH=layers/core/python $(RUN) local.describe || true

.PHONY: layers
layers: $(VENV) ## Write anew which files of gatehouse the core layer has
	@$(RUN) local.layers

.PHONY: imports
imports: $(VENV) ## Write anew what the functions that people wait for import (tests/golden/imports)
	@WRITE_IMPORTS=1 $(PYTEST) --quiet tests/unit/test_hot_imports.py

.PHONY: bench
bench: setup ## Measure cost and speed (PART=exact, work, peers, load, growth, cost or all; else work)
	@$(RUN) bench $(call given,PART,) $(ARGS)

.PHONY: build
build: $(UV) $(EMULATOR) ## Build for AWS (ARCHITECTURE=arm64 or x86_64)
	@ARCHITECTURE=$(ARCHITECTURE) UV=$(CURDIR)/$(UV) BUILD_PYTHON=$(CURDIR)/.local/emulator/bin/python SAM_CLI_TELEMETRY=0 .local/emulator/bin/sam build

.PHONY: deploy
deploy: build ## Build and deploy to your AWS account, with questions
	@SAM_CLI_TELEMETRY=0 .local/emulator/bin/sam deploy --guided

.PHONY: lock
lock: $(UV) ## Write the lock files anew
	@$(UV) lock --quiet
	@$(UV) export $(LAYER_EXPORT) --no-dev --output-file layers/dependencies/requirements.txt
	@$(UV) export $(LAYER_EXPORT) --only-group whole --output-file layers/core/requirements.txt
	@$(UV) export $(LAYER_EXPORT) --only-group management --output-file layers/management/requirements.txt
	@$(UV) export $(LAYER_EXPORT) --only-group hooks --output-file examples/hooks/powertools/requirements.txt
	@$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command 'make lock' \
		local/emulator.in --output-file local/emulator.lock
	@$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command 'make lock' \
		bench/peers/servers/requirements.in --output-file bench/peers/servers/requirements.txt

LAYER_EXPORT := --quiet --frozen --no-emit-project --no-header --format requirements.txt

.PHONY: setup
setup: $(VENV) $(EMULATOR) ## Install what all of this needs, into .venv and .local

$(UV):
	$(if $(PYTHON),,$(error there is no Python from 3.11 on; install one, or name it: make PYTHON=/path/to/python3))
	$(call step,uv,"$(PYTHON)" -m venv .local/uv && .local/uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION),\
	this needs the venv module and PyPI)

$(VENV): uv.lock pyproject.toml | $(UV)
	$(if $(PYTHON),,$(error there is no Python from 3.11 on; install one, or name it: make PYTHON=/path/to/python3))
	$(call step,environment,$(UV) sync --quiet --locked --compile-bytecode --python "$(PYTHON)",this needs PyPI)
	@touch $@

$(EMULATOR): local/emulator.lock | $(UV)
	$(if $(PYTHON),,$(error there is no Python from 3.11 on; install one, or name it: make PYTHON=/path/to/python3))
	$(call step,emulator environment,$(UV) venv --quiet --clear --no-project --python "$(PYTHON)" .local/emulator && $(UV) pip install --quiet \
	--require-hashes --compile-bytecode --python .local/emulator/bin/python --requirement local/emulator.lock,this needs PyPI)
	@touch $@
