# Everything is installed into .venv, hash-pinned, and nothing outside of it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(abspath $(BIN)):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# The revision before this one, where there is one: the gate compares with it as well.
PARENT = $(shell git rev-parse --verify --quiet HEAD~1)

.DEFAULT_GOAL := help
.PHONY: help serve test check fault polyglot bench bench-quick bench-growth generate generate-polyglot lock \
  release-schema format clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

# What the service needs, and no more: `make serve` starts soon on a fresh machine.
$(VENV)/.server: .ci/requirements-server.txt .ci/requirements-build.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r .ci/requirements-server.txt -r .ci/requirements-build.txt
	$(BIN)/pip install --quiet --no-index --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: .ci/requirements-dev.txt $(VENV)/.server
	$(BIN)/pip install --quiet --require-hashes -r .ci/requirements-dev.txt
	touch $@

serve: $(VENV)/.server ## serve on an embedded SQLite file, aboveboard.db
	$(BIN)/aboveboard serve

test: $(VENV)/.dev ## run the tests
	$(BIN)/pytest -n 3 --dist worksteal

fault: $(VENV)/.dev ## run the long suites: kills, power cuts, full disks, fuzzing (under 20 minutes on 2 cores)
	$(BIN)/pytest -m fault --timeout 900 -n 2 --dist load --maxschedchunk 1 --durations 15

polyglot: $(VENV)/.dev ## run the clients in five languages; needs Go, Maven, Node and Cargo
	.ci/polyglot-is-fresh
	$(BIN)/pytest -m polyglot tests/polyglot

bench: $(VENV)/.dev ## measure speed against the limit of the store (under 30 minutes, on a quiet machine)
	$(BIN)/python -m benchmarks run

bench-quick: $(VENV)/.dev ## measure what matters most, once (under a minute)
	$(BIN)/python -m benchmarks run --quick

bench-growth: $(VENV)/.dev ## measure how cost grows up to 10 million rows
	$(BIN)/python -m benchmarks growth

check: $(VENV)/.dev ## lint, types, schema gate, layers, freshness of generated code
	ruff check
	ruff format --check
	buf lint
	buf format --diff --exit-code
	aboveboard schema lint
	aboveboard schema check $(if $(PARENT),--against '.git#ref=$(PARENT)')
	.ci/generated-is-fresh
	mypy
	lint-imports --no-cache
	.ci/migrations-are-complete

generate: $(VENV)/.dev ## write generated/ anew from protos/
	buf generate

generate-polyglot: $(VENV)/.dev ## write the stubs of Go, Java, TypeScript and Rust anew; needs their toolchains
	.ci/polyglot-plugins
	buf generate --template .ci/buf.gen.polyglot.yaml

format: $(VENV)/.dev ## format code and protos
	ruff check --fix
	ruff format
	buf format -w

release-schema: $(VENV)/.dev ## make the schema as it stands the released one
	aboveboard schema check
	buf build --exclude-source-info -o protos/released.binpb

lock: $(VENV)/.dev ## pin the newest versions that pyproject.toml allows
	$(BIN)/pip install --quiet --require-hashes -r .ci/requirements-lock.txt
	.ci/lock

clean: ## remove what was installed and built
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	rm -rf generated/java/target tests/polyglot/*/target tests/polyglot/java/client/target \
	  tests/polyglot/typescript/node_modules
