# `make help` lists what there is. Node 24 comes with `npm ci`, so an older one on the machine is no hindrance.
SHELL := /bin/sh
CLUSTER_NAME ?= default
export CLUSTER_NAME
# npm itself runs on the system's Node: it must not run on the one it is about to replace.
SYSTEM_PATH := $(PATH)
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

.PHONY: help build plugin plugin-executable image site manifests release publish uninstall run demo check test test-invariants test-gitops test-upgrade test-operations faults fuzz mutate test-versions soak bench cluster-up cluster-down cluster-status

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

node_modules/.stamp: package-lock.json
	PATH='$(SYSTEM_PATH)' npm ci --no-audit --no-fund
	@touch $@

build: node_modules/.stamp ## build the operator: dist/main.js
	@node scripts/build.ts

plugin: node_modules/.stamp ## build kubectl dbg: dist/kubectl-dbg, its archive, checksums and krew manifest
	@node scripts/plugin.ts

# ARCH: x64 or arm64. Default: this machine's.
plugin-executable: node_modules/.stamp ## build kubectl dbg with Node in it, for Linux (ARCH=x64 or arm64)
	@node scripts/plugin-executable.ts $(if $(ARCH),'$(ARCH)')

demo: node_modules/.stamp ## watch the main job on real containers
	@node test/demo/main.ts

IMAGE ?= debugsession-operator:0.1.0
# BUILD_ARGS: more options of the build, such as --build-arg BASE=... or --secret id=npmrc,src=$$HOME/.npmrc
image: node_modules/.stamp ## build the operator's image (IMAGE=registry/name:tag), with docker or buildah
	@node scripts/image.ts '$(IMAGE)' $(BUILD_ARGS)

# The packages of the site are its own: nobody else has to install them.
site/node_modules/.stamp: site/package-lock.json
	cd site && PATH='$(SYSTEM_PATH)' npm ci --no-audit --no-fund
	@touch $@

# SITE_BASE: the path of the site on its host, such as /debugsession/. Default: /
site: node_modules/.stamp site/node_modules/.stamp ## build docs/ as a site: dist/site
	@node scripts/site.ts

manifests: node_modules/.stamp ## everything to install, as one file: dist/install.yaml
	@node scripts/manifests.ts

# REGISTRY: where the image and the chart will be. DOWNLOADS, SOURCE: URLs of the files and of the source. BASE: see docs/releasing.md.
RELEASE = $(if $(REGISTRY),--registry='$(REGISTRY)') $(if $(DOWNLOADS),--downloads='$(DOWNLOADS)') $(if $(SOURCE),--source='$(SOURCE)') $(if $(BASE),--base='$(BASE)')
release: node_modules/.stamp ## make all files of a release in dist/release (VERSION=x)
	@node scripts/release.ts $(RELEASE) -- '$(VERSION)'

publish: node_modules/.stamp ## push the image and the chart of dist/release, with skopeo (VERSION=x, REGISTRY=...)
	@node scripts/publish.ts $(if $(REGISTRY),--registry='$(REGISTRY)') -- '$(VERSION)'

# OVERLAY: what was installed, if that was not config/default. TIMEOUT: seconds that each step may take.
OVERLAY = config/default
TIMEOUT = 120
uninstall: node_modules/.stamp ## end the sessions, then take everything away from your kubeconfig's cluster (OVERLAY=folder, TIMEOUT=seconds)
	@node scripts/uninstall.ts '$(OVERLAY)' '$(TIMEOUT)'

# It needs the resource and the policies on who asks (kubectl apply -k config/crd, and config/admission). ARGS: flags of the operator; the last of a kind counts. It holds its Lease in the namespace of your kubeconfig's context.
run: build ## run the operator against your kubeconfig, until Ctrl-C (ARGS=--flag=value)
	@node dist/main.js --log-format=text --metrics-secure=false --metrics-bind-address=127.0.0.1:8080 $(ARGS)

# What needs no root, no cluster and no network: what a contributor runs.
check faults test-invariants test-gitops test-upgrade test-operations: export NODE_OPTIONS := --experimental-vm-modules --no-warnings
check: node_modules/.stamp ## types, lint, format, prose, unit and simulation: no root, no cluster
	@tsc --noEmit
	@eslint .
	@prettier --check --log-level=warn .
	@node scripts/prose.ts
	@jest --selectProjects unit simulation

test: node_modules/.stamp ## every suite: lint, types, unit, process, simulation, integration, e2e, in the cluster, the node, demo
	@node test/run.ts

# Starts the cluster where it does not run, and then stops it at the end. KEEP=1: it stays.
ON_CLUSTER = node test/on-cluster.ts

# `make test` has both: of the faults a sample (docs/adr/0052, docs/adr/0053).
faults test-invariants test-gitops test-operations: export CHECK_INVARIANTS := 1
test-invariants: node_modules/.stamp ## run e2e, then look for broken promises in the API server's audit log
	@$(ON_CLUSTER) jest --selectProjects e2e

# The packages of Stryker are its own too (docs/adr/0062).
STRYKER = test/mutation/stryker
$(STRYKER)/node_modules/.stamp: $(STRYKER)/package-lock.json
	cd $(STRYKER) && PATH='$(SYSTEM_PATH)' npm ci --no-audit --no-fund --ignore-scripts
	@touch $@

# FILES: what is changed. TESTS: folders of test/unit that judge. Later runs try only what changed since.
mutate: FILES = src/session/**/*.ts,src/policy/**/*.ts,src/reconcile/**/*.ts
mutate: TESTS = session policy reconcile
mutate: node_modules/.stamp $(STRYKER)/node_modules/.stamp ## change the code by Stryker, and name each change that no unit test notices (FILES='src/policy/*.ts' TESTS=policy)
	@STRYKER_TESTS='$(TESTS)' node $(STRYKER)/node_modules/@stryker-mutator/core/bin/stryker.js run $(STRYKER)/stryker.config.js --mutate '$(FILES)'

# Not part of `make test`: the first run builds Flux and Argo CD for twenty minutes (docs/adr/0055).
test-gitops: node_modules/.stamp ## sessions from Git by a real Flux and a real Argo CD, which take twenty minutes to build once
	@$(ON_CLUSTER) jest --selectProjects gitops

# MINUTES=60: for so long in all. TARGETS='image words': these only (docs/adr/0063).
fuzz: export MINUTES := $(MINUTES)
fuzz: export TARGETS := $(TARGETS)
fuzz: node_modules/.stamp ## look for inputs that break the readers of foreign text (MINUTES=60, TARGETS='image words')
	@node test/fuzz/main.ts

# FILES=upgrade.test: that file only (docs/adr/0061).
test-upgrade: node_modules/.stamp ## this operator and that of the last release after each other, beside each other, and back
	@$(ON_CLUSTER) jest --selectProjects upgrade --runInBand $(if $(FILES),--testPathPatterns '$(FILES)')

# LIVES=300: more of what is drawn; SEED=n: other ones.
test-operations: export OPERATIONS_LIVES := $(or $(LIVES),30)
test-operations: export PROPERTY_SEED := $(or $(SEED),20261129)
test-operations: node_modules/.stamp ## odd statuses of a kubelet, drawn specs, and the edits that lead out of bad states (LIVES=30, SEED=n)
	@$(ON_CLUSTER) jest --selectProjects operations --runInBand

# FILES=watches: these only. FAULTS='silent|frozen': those whose name matches (docs/adr/0065).
faults: export FAULTS := $(FAULTS)
faults: node_modules/.stamp ## strike the operator at its writes, reads, connections and watches, behind a proxy of its own (FILES=watches, FAULTS=frozen)
	@$(ON_CLUSTER) jest --selectProjects faults --runInBand --testPathIgnorePatterns faults/sample $(if $(FILES),--testPathPatterns 'faults/$(FILES)')

# VERSIONS='1.37 1.36': these only.
test-versions: node_modules/.stamp ## test on each version of Kubernetes, and fill in the table of docs/versions.md (VERSIONS='1.37 1.36')
	@VERSIONS='$(VERSIONS)' node test/versions.ts

# On a cluster of its own, which goes at the end unless KEEP=1 or CLUSTER_NAME says which to take (docs/adr/0064).
soak: CLUSTER_NAME = soak
soak: export MINUTES := $(or $(MINUTES),40)
soak: cluster-up ## sessions of all kinds for so long, killed leaders, and the growth of an operator beside them (MINUTES=120)
	@node test/soak/main.ts $(if $(filter soak,$(CLUSTER_NAME)),$(if $(KEEP),,--down))

# QUICK=1: fewer of everything. ONLY=latency,memory: these parts only. PODS=n: pods in the cluster that nobody debugs.
# On a cluster of its own, which goes at the end unless KEEP=1 or CLUSTER_NAME says which to take.
BENCH = $(if $(QUICK),--quick) $(if $(ONLY),--only=$(ONLY)) $(if $(PODS),--pods=$(PODS))
bench: CLUSTER_NAME = bench
bench: cluster-up ## measure the operator beside a floor; writes bench/results (QUICK=1: fewer of everything)
	@node bench/main.ts $(BENCH) $(if $(filter bench,$(CLUSTER_NAME)),$(if $(KEEP),,--down))

cluster-up: node_modules/.stamp ## start a real Kubernetes on this machine (CLUSTER_NAME=...; CLUSTER=current: use yours)
	@node test/cluster/main.ts up

cluster-down: node_modules/.stamp ## stop it, and leave nothing but the built programs
	@node test/cluster/main.ts down

cluster-status: node_modules/.stamp ## say what of it runs
	@node test/cluster/main.ts status
