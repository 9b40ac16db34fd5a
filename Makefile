# Two commands matter: `make demo` runs the main job on a lab of virtual Pis,
# `make test` passes every test. Both install what they need on Debian.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CARGO ?= cargo
MACHINE := $(shell uname -m)
CACHE := $(or $(TERRARIUM_CACHE),$(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME)/terrarium,$(HOME)/.cache/terrarium))
LAB_DIR := $(or $(TERRARIUM_LAB_DIR),$(CACHE)/lab)
# The lab makes its nodes: nobody else answers at their addresses.
PROVISION := dist/provision --host-keys accept-new --inventory $(LAB_DIR)/pis.toml

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: bootstrap dist ## Three fresh virtual Pis, one command, a running stack
	dist/lab up
	dist/lab reset
	$(PROVISION)
	$(PROVISION) status
	@echo
	@echo "Look around:  dist/lab shell pi-1        tear down:  dist/lab down --all"

test: bootstrap ## Every check and every test, the lab's included
	.ci/test

bench: bootstrap dist ## First run beside the floor, no-op run beside a raw ssh exec
	hardware/lab/bench.sh

bench-agent: bootstrap ## The agent beside node_exporter and blackbox_exporter
	agent/build.sh dist/agent $(MACHINE)
	UPDATE=$(CURDIR)/docs/performance.md $(CARGO) bench -p terrarium-agent --bench peers --profile agent

bench-fit: ## How long the verdict takes, as it is called and in its parts
	hardware/lab/scheduler/build.sh $(CACHE)/referee
	TERRARIUM_REFEREE=$(CACHE)/referee/referee UPDATE=$(CURDIR)/docs/performance.md \
	  $(CARGO) bench -q -p terrarium-provisioner --bench fit
	$(CARGO) bench -q -p terrarium-fit --bench fit

referee: ## The verdict against the real kube-scheduler, all 240 cases
	TERRARIUM_REFEREE_CASES=240 TERRARIUM_REFEREE_RUNS=10 \
	  $(CARGO) test -p terrarium-fit --test referee -- --nocapture

digests: ## Compare the built-in digests of helm and k3s with their releases, fill empty ones
	k3s/digests.sh

dist: ## Build provision, the nodes' programs and the lab into dist/
	$(CARGO) build --release -p terrarium-provisioner -p terrarium-lab
	agent/build.sh dist/agent
	helm/source/build.sh dist/source
	install -m 0755 target/release/provision target/release/lab dist/

docs: ## Build the documentation into site/
	.ci/docs

down: ## Remove everything the lab made
	dist/lab down --all

bootstrap: ## Install what building and the lab need
	hardware/lab/bootstrap.sh

.PHONY: help demo test bench bench-fit referee bench-agent digests dist docs down bootstrap
