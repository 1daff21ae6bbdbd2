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
export BUSINESS PORT MAIL_PORT
ifdef DATABASE_URL
export DATABASE_URL
endif

VENV ?= .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready

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

.PHONY: run
run: $(READY) ## The whole system for one business, on this machine
	@exec $(RUN) -m local.run

.PHONY: demo
demo: $(READY) ## The same without a person: every right, from form to answer (BUSINESS=all: all five)
	@exec $(RUN) -m local.demo $(BUSINESS)

.PHONY: test
test: $(READY) ## The tests
	$(RUN) -m pytest -n auto --dist loadfile

.PHONY: check
check: $(READY) ## What CI runs: format, lint, types, imports, the road, tests with branch coverage
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports --no-cache
	$(VENV)/bin/statelint chalicelib/workflow/request.asl.json
	$(RUN) -m pytest -n auto --dist loadfile --cov --cov-report=term

.PHONY: check-data
check-data: $(READY) ## The data map held against the live database
	@$(RUN) -m local.check_data

.PHONY: bench
bench: $(READY) ## The benchmarks: a table, and bench/results.json
	@$(RUN) -m bench

.PHONY: package
package: $(READY) ## The AWS package of a stage, in out/
	@$(RUN) -m local.package $(STAGE)

.PHONY: deploy
deploy: package ## The package to AWS; needs the AWS CLI, its credentials and DEPLOY_BUCKET
	@command -v aws >/dev/null || { echo "make deploy needs the AWS CLI: https://aws.amazon.com/cli/"; exit 2; }
	@test -n "$${DEPLOY_BUCKET:-}" || { echo "make deploy needs DEPLOY_BUCKET, an S3 bucket for the package"; exit 2; }
	aws cloudformation package --template-file out/$(STAGE)/sam.json --s3-bucket "$$DEPLOY_BUCKET" --output-template-file out/$(STAGE)/packaged.yaml
	aws cloudformation deploy --template-file out/$(STAGE)/packaged.yaml --stack-name rightsdesk-$(STAGE) --capabilities CAPABILITY_IAM
