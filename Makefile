# Development of the clinical data mesh template. `make help` lists the targets.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
VENV := .venv
UV := $(VENV)/bin/uv
UV_VERSION := 0.13.9

# What `make test` runs and the options it passes to pytest: make test TESTS=tests/dbt ARGS="-k loinc"
TESTS ?= tests
ARGS ?=
# What `make bench` measures, all by default.
ONLY ?=

# Where `make demo` puts the mesh it generates.
DEMO := build/demo

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(VENV)/template ## Generate the example mesh and run its demo: ARGS="--patients 1000"
	rm -rf $(DEMO)
	$(VENV)/bin/copier copy --quiet --defaults --vcs-ref HEAD --data-file examples/northwind/answers.yml . $(DEMO)
	@# Stands in for dbt Hub, so that the demo needs nothing but the package registry.
	mkdir -p $(DEMO)/dbt/dbt_packages
	cp -R tests/engines/dbt_utils $(DEMO)/dbt/dbt_packages/dbt_utils
	$(MAKE) --directory $(DEMO) --no-print-directory demo PYTHON="$(PYTHON)" ARGS="$(ARGS)"

.PHONY: docs
docs: ## Build the documentation of the example mesh, after its demo
	@test -f $(DEMO)/demo/mesh.duckdb || $(MAKE) --no-print-directory demo
	$(MAKE) --directory $(DEMO) --no-print-directory docs PYTHON="$(PYTHON)" ARGS=

.PHONY: test
test: $(VENV)/template ## Run the tests: TESTS=tests/dbt for a part, ARGS="-x -k loinc" for pytest
	$(VENV)/bin/python -m pytest --numprocesses auto --dist loadscope --no-loadscope-reorder $(TESTS) $(ARGS)

.PHONY: bench
bench: $(VENV)/template ## Measure speed and scale, and write benchmarks/RESULTS.md; one measure alone: ONLY=copy
	$(VENV)/bin/python -m benchmarks $(ONLY)

.PHONY: apply
apply: $(VENV)/template ## Apply the infrastructure of the example, both clouds, on this machine: ARGS="--environment prod"
	$(VENV)/bin/python -m tests.terraform.apply $(ARGS)

.PHONY: examples
examples: $(VENV)/template ## Render the examples anew
	$(VENV)/bin/python -m tests.examples

.PHONY: question-docs
question-docs: $(VENV)/template ## Write the reference of the questions anew
	$(VENV)/bin/python -m tests.template.question_docs

.PHONY: module-docs
module-docs: $(VENV)/template ## Write the tables in the READMEs of the Terraform modules anew
	$(VENV)/bin/python -m tests.terraform.module_docs

.PHONY: proof
proof: $(VENV)/template ## Write what is proved from the figures of the last whole run of the tests
	$(VENV)/bin/python -m tests.proof

.PHONY: airflow-locks
airflow-locks: $(VENV)/template ## Lock the requirements of Airflow, and of dbt on its workers, anew
	$(VENV)/bin/python -m tests.orchestration.locks

.PHONY: control-matrix
control-matrix: $(VENV)/template ## Write the HIPAA control matrix of the template anew
	$(VENV)/bin/python -m tests.sentinel.control_matrix

.PHONY: compatibility
compatibility: $(VENV)/template ## Compare with the last release, and fail for what the upgrade note lacks: ARGS="--from 0.1.0"
	$(VENV)/bin/python -m tests.update.compatibility $(ARGS)

.PHONY: release-notes
release-notes: ## Print what the changelog says of a version, if it is one that may be released: VERSION=v0.1.0
	@.ci/release_notes "$(VERSION)"

.PHONY: release-record
release-record: $(VENV)/template ## Record a tag in releases.yml, so that what follows is compared with it: VERSION=v0.1.0
	@$(VENV)/bin/python .ci/release_record "$(VERSION)"

.PHONY: lint
lint: $(VENV)/template ## Check the Python code of the template and of its tests
	$(VENV)/bin/ruff check . .ci/release_record
	$(VENV)/bin/ruff format --check . .ci/release_record
	$(VENV)/bin/mypy tests benchmarks .ci/release_record template/docs template/delivery template/orchestration/composer/deploy.py

.PHONY: format
format: $(VENV)/template ## Format the Python code
	$(VENV)/bin/ruff check --fix . .ci/release_record
	$(VENV)/bin/ruff format . .ci/release_record

.PHONY: clean
clean: ## Remove what the other targets made
	rm -rf $(VENV) .environments build .mypy_cache .pytest_cache .ruff_cache

# One file per dependency group of pyproject.toml says that the group is installed.
$(VENV)/template: pyproject.toml tests/environments/template.txt | $(UV)
	@echo "Installing the tools into $(VENV) ..."
	$(UV) pip install --quiet --compile-bytecode --python $(VENV) --constraint tests/environments/template.txt --group pyproject.toml:template
	@touch $@

$(UV):
	@command -v $(PYTHON) >/dev/null || { echo "No $(PYTHON) here. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is too old: Python 3.11 or newer is needed. Name another: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
