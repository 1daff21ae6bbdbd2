# Everything the engineer does, by name: `make help`. Needs only make and Python 3.11 or newer.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
BUSINESS ?= jeffers
PORT ?= 8000
MAIL_PORT ?= 8025
STAGE ?= dev
URL ?=
PARAMETERS ?=
SMOKE_EMAIL ?=
SMOKE_STAGE ?=
export BUSINESS PORT MAIL_PORT URL PARAMETERS SMOKE_EMAIL SMOKE_STAGE
ifdef DATABASE_URL
export DATABASE_URL
endif

VENV ?= .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready
CHECKOV := $(VENV)-checkov/bin/checkov

.PHONY: help
help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' | awk -F'|' '{printf "  make %-11s %s\n", $$1, $$2}'
	@echo
	@echo "  BUSINESS=$(BUSINESS) PORT=$(PORT) MAIL_PORT=$(MAIL_PORT) STAGE=$(STAGE); DATABASE_URL for a database of your own"

$(READY): requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name it: make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

# By itself: it pins an old boto3.
$(CHECKOV): requirements-checkov.txt
	$(PYTHON) -m venv $(VENV)-checkov
	$(VENV)-checkov/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-checkov.txt
	@touch $@

.PHONY: run
run: $(READY) ## The whole system for one business, on this machine
	@exec $(RUN) -m local.run

.PHONY: demo
demo: $(READY) ## The same without a person: every right, from form to answer (BUSINESS=all: all five)
	@exec $(RUN) -m local.demo $(BUSINESS)

.PHONY: test
test: $(READY) ## The tests, without the slow journeys
	$(RUN) -m pytest -n auto --dist loadfile -m "not slow"

.PHONY: check
check: $(READY) ## What CI runs: format, lint, types, imports, road, template, tests with branch coverage
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports --no-cache
	$(VENV)/bin/statelint chalicelib/workflow/request.asl.json
	@$(MAKE) --no-print-directory check-template check-wheels
	$(RUN) -m pytest -n auto --dist loadfile --cov --cov-report=term

.PHONY: screens
screens: $(READY) ## Pictures of every page and mail, in docs/screens/; needs Chromium
	@$(RUN) -m tests.browser.screens

.PHONY: check-data
check-data: $(READY) ## The data map held against the live database
	@$(RUN) -m local.check_data

.PHONY: bench
bench: $(READY) ## The benchmarks: a table, and bench/results.json
	@$(RUN) -m bench

.PHONY: catalogue
catalogue: $(READY) ## The catalogue of translations: what is new, and compiled
	@$(RUN) -m local.catalogue

.PHONY: package
package: $(READY) ## The AWS package of a stage, in out/
	@$(RUN) -m local.package $(STAGE)

.PHONY: deploy
deploy: package ## The package to AWS. PARAMETERS="Name=value …", DATABASE_URL
	@$(RUN) -m local.deploy deploy $(STAGE)

.PHONY: smoke
smoke: $(READY) ## Whether a deployed stage serves. URL=…; SMOKE_EMAIL files a request, SMOKE_STAGE asks AWS too
	@$(RUN) -m local.smoke

.PHONY: destroy
destroy: $(READY) ## Takes a stage down; asks first, and keeps what it holds
	@$(RUN) -m local.deploy destroy $(STAGE)

.PHONY: check-template
check-template: package $(CHECKOV) ## The stage's template held against cfn-lint and checkov
	$(VENV)/bin/cfn-lint out/$(STAGE)/sam.json
	$(CHECKOV) -f out/$(STAGE)/sam.json --framework cloudformation --compact --quiet --skip-download

.PHONY: check-wheels
check-wheels: $(READY) ## Whether every dependency has a wheel for each Lambda
	@$(RUN) -m local.wheels
