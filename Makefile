# Cartwright: `make help` lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help

MODULES := proto services/platform services/product services/pricing services/cart services/payment services/inventory services/gateway deploy deploy/charts
SQLC_SERVICES := product pricing cart payment inventory

BUF_VERSION := v1.75.0
SQLC_VERSION := v1.31.1
PROTOC_GEN_GO_VERSION := v1.36.12
PROTOC_GEN_GO_GRPC_VERSION := v1.6.2
GRPC_GATEWAY_VERSION := v2.33.0
GOLANGCI_LINT_VERSION := v2.15.0
GITLEAKS_VERSION := v8.30.1
GOVULNCHECK_VERSION := v1.9.0
OSV_SCANNER_VERSION := v2.6.0
COSIGN_VERSION := v3.1.3
HELM_VERSION := v3.19.5
CFN_LINT_VERSION := 1.58.0
CHECKOV_VERSION := 3.3.30
KUBERNETES_VERSION := 1.34.0
PROMETHEUS_VERSION := v0.316.0

TOOLS := $(CURDIR)/.bin
GO_INSTALL := GOBIN=$(TOOLS) CGO_ENABLED=0 GOWORK=off GOFLAGS=-buildvcs=false go install
export PATH := $(TOOLS):$(PATH)

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-zA-Z\/_-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(TOOLS)/buf:
	$(GO_INSTALL) github.com/bufbuild/buf/cmd/buf@$(BUF_VERSION)
$(TOOLS)/sqlc:
	$(GO_INSTALL) github.com/sqlc-dev/sqlc/cmd/sqlc@$(SQLC_VERSION)
$(TOOLS)/protoc-gen-go:
	$(GO_INSTALL) google.golang.org/protobuf/cmd/protoc-gen-go@$(PROTOC_GEN_GO_VERSION)
$(TOOLS)/protoc-gen-go-grpc:
	$(GO_INSTALL) google.golang.org/grpc/cmd/protoc-gen-go-grpc@$(PROTOC_GEN_GO_GRPC_VERSION)
$(TOOLS)/protoc-gen-grpc-gateway:
	$(GO_INSTALL) github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-grpc-gateway@$(GRPC_GATEWAY_VERSION)
$(TOOLS)/golangci-lint:
	$(GO_INSTALL) github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
$(TOOLS)/gitleaks:
	$(GO_INSTALL) github.com/zricethezav/gitleaks/v8@$(GITLEAKS_VERSION)
$(TOOLS)/govulncheck:
	$(GO_INSTALL) golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)
$(TOOLS)/osv-scanner:
	$(GO_INSTALL) github.com/google/osv-scanner/v2/cmd/osv-scanner@$(OSV_SCANNER_VERSION)
$(TOOLS)/cosign:
	$(GO_INSTALL) github.com/sigstore/cosign/v3/cmd/cosign@$(COSIGN_VERSION)
$(TOOLS)/helm:
	$(GO_INSTALL) helm.sh/helm/v3/cmd/helm@$(HELM_VERSION)
$(TOOLS)/promtool:
	$(GO_INSTALL) github.com/prometheus/prometheus/cmd/promtool@$(PROMETHEUS_VERSION)

.PHONY: tools
tools: $(TOOLS)/buf $(TOOLS)/sqlc $(TOOLS)/protoc-gen-go $(TOOLS)/protoc-gen-go-grpc $(TOOLS)/protoc-gen-grpc-gateway

.PHONY: generate
generate: tools ## Regenerate code, the API description, the tables of errors and of callers
	cd proto && buf generate && buf build -o $(TOOLS)/api.binpb
	@for s in $(SQLC_SERVICES); do (cd services/$$s/internal/postgres && sqlc generate) || exit 1; done
	@cd services/platform/idempotency && sqlc generate
	cd services/gateway && go run ./internal/openapi/generate -descriptors $(TOOLS)/api.binpb -services .. \
		-document internal/openapi/openapi.json -errors ../../docs/errors.md
	cd deploy && go run ./callgraph/generate -graph ../charts/lib/callgraph.json -page ../docs/callers.md
	cd deploy && GOWORK=off go run ./alerts/generate alerts && GOWORK=off go run ./dashboards/generate dashboards
	cd deploy/charts && GOWORK=off go run ./cmd/schema ../..

GENERATED := proto/gen docs/errors.md docs/callers.md deploy/alerts/prometheus deploy/alerts/cloudwatch deploy/alerts/sumo deploy/alerts/collector charts/lib/callgraph.json ':(glob)charts/*/values.schema.json' services/gateway/internal/openapi services/platform/idempotency/db ':(glob)services/*/internal/postgres/db/**'

.PHONY: verify
verify: generate ## Fail when generated files are not what the sources give
	@git diff --exit-code --stat -- $(GENERATED) && test -z "$$(git status --porcelain -- $(GENERATED))" || \
		{ git status --short -- $(GENERATED); echo "generated files have drifted: commit what 'make generate' wrote"; exit 1; }

.PHONY: lint
lint: $(TOOLS)/buf $(TOOLS)/golangci-lint ## Lint contracts and code
	cd proto && buf lint && buf format --diff --exit-code --path cartwright
	@release=$$(git describe --tags --abbrev=0 2>/dev/null) || { echo "NOT RUN: buf breaking: nothing was released yet"; exit 0; }; \
		cd proto && buf breaking --against "../.git#tag=$$release,subdir=proto"
	@for m in $(MODULES); do echo "lint $$m"; (cd $$m && GOWORK=off golangci-lint run ./...) || exit 1; done

lint/%: $(TOOLS)/buf $(TOOLS)/golangci-lint # contracts, and one service
	cd proto && buf lint && buf format --diff --exit-code --path cartwright
	cd services/$* && GOWORK=off golangci-lint run ./...

.PHONY: lint-migrations
lint-migrations: ## Find migrations that would break or hold up the release that runs beside them, see docs/compatibility.md
	@go run ./deploy/migrationlint/cmd/migrationlint

.PHONY: lint-aws
lint-aws: ## Check the specification of builds, the CloudFormation templates and the path filters of pipelines
	@go run ./deploy/pipeline/cmd/check
	@go run ./deploy/pipeline/cmd/triggers --check deploy/aws/pipeline.yaml
	@if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then \
		echo "NOT RUN: cfn-lint, checkov: there is no Python with venv on this machine"; \
	elif ! { test -x $(TOOLS)/venv/bin/checkov || { python3 -m venv $(TOOLS)/venv && \
		$(TOOLS)/venv/bin/pip install -q cfn-lint==$(CFN_LINT_VERSION) checkov==$(CHECKOV_VERSION); }; }; then \
		echo "NOT RUN: cfn-lint, checkov: they could not be installed"; \
	else \
		$(TOOLS)/venv/bin/cfn-lint deploy/aws/*.yaml && \
		$(TOOLS)/venv/bin/checkov --quiet --compact --skip-download --framework cloudformation -d deploy/aws; \
	fi

.PHONY: triggers
triggers: ## Write the path filters of all pipelines into their template
	@go run ./deploy/pipeline/cmd/triggers deploy/aws/pipeline.yaml

.PHONY: pipeline-tools
pipeline-tools: tools $(TOOLS)/golangci-lint $(TOOLS)/gitleaks $(TOOLS)/govulncheck $(TOOLS)/osv-scanner \
	$(TOOLS)/cosign $(TOOLS)/helm # what buildspec.yml needs

.PHONY: gates
gates: pipeline-tools ## Run what a service must pass before its image is made (SERVICE=cart AGAINST=v1.2.0, or none when nothing is deployed)
	go run ./deploy/pipeline/cmd/gate run secrets lint vet static contract unit integration skew vulnerabilities dependencies
	go run ./deploy/pipeline/cmd/gate require sources

.PHONY: chart
chart: $(TOOLS)/helm # what is deployed of a service, in .local/release (SERVICE, VERSION, REGISTRY)
	go run ./deploy/pipeline/cmd/bundle -service $(SERVICE) -version $(VERSION) -registry $(REGISTRY)
	helm package .local/release/chart --destination .local/release

HELM := helm 2> >(grep -v 'found symbolic link' >&2)
NO_DIGEST := sha256:$(shell printf '0%.0s' {1..64})

.PHONY: charts
charts: $(TOOLS)/helm ## Lint and render every chart with Helm, with the values of every environment, and test the rules
	@for chart in gateway product pricing cart payment inventory auditor; do for env in staging production; do \
		values="--kube-version $(KUBERNETES_VERSION) -f deploy/env/$$env/$$chart.yaml --set image.digest=$(NO_DIGEST)"; \
		$(HELM) lint --quiet --strict $$values charts/$$chart && $(HELM) template $$chart charts/$$chart $$values >/dev/null || exit 1; \
	done; done
	@for chart in sandbox namespace; do $(HELM) lint --quiet --strict --kube-version $(KUBERNETES_VERSION) charts/$$chart || exit 1; done
	@$(HELM) lint --quiet --strict --kube-version $(KUBERNETES_VERSION) -f charts/shop/example.yaml charts/shop
	@cd deploy/charts && GOWORK=off go test -count=1 ./...

.PHONY: rules
rules: $(TOOLS)/promtool ## Check the rules of Prometheus and run their unit tests
	cd deploy/alerts/prometheus && promtool check rules $$(ls *.yaml | grep -v _test) && promtool test rules *_test.yaml

.PHONY: test
test: $(TOOLS)/buf ## Run every test: unit, contract, architecture, Postgres, journeys (test/cart: those of one service)
	@go build -C deploy -o ../.local/bin/suite ./local/cmd/suite && exec .local/bin/suite

test/%: $(TOOLS)/buf
	@go build -C deploy -o ../.local/bin/suite ./local/cmd/suite && exec .local/bin/suite services/$*

.PHONY: acceptance
acceptance: ## Run the journeys against a shop of their own, or the one at ACCEPTANCE_URL
	@go build -C deploy -o ../.local/bin/suite ./local/cmd/suite && exec .local/bin/suite deploy/acceptance

.PHONY: affected
affected: ## List the services that were changed since a revision (SINCE=main~1), or that FILES="a b" belong to
	@go run ./deploy/pipeline/cmd/affected --why $(if $(SINCE),--since $(SINCE)) $(FILES)

.PHONY: release
release: ## Put a version in place, watch it, take it back when it is bad (SERVICE=cart IMAGE=sha256:... ENV=staging ARGS="--version 1.2.3"), see docs/release.md
	@go build -C deploy -o ../.local/bin/release ./pipeline/cmd/release && exec .local/bin/release "$(SERVICE)" --image "$(IMAGE)" $(if $(ENV),--env $(ENV)) $(ARGS)

.PHONY: can-i-deploy
can-i-deploy: $(TOOLS)/buf ## Tell whether a version gets along with what is deployed (SERVICE=cart VERSION=HEAD ARGS="-namespace cartwright")
	@go run ./deploy/pipeline/cmd/can-i-deploy $(ARGS) "$(SERVICE)" "$(VERSION)"

.PHONY: smoke
smoke: ## Buy one thing from a running shop and give it back (URL=http://127.0.0.1:8080 ARGS="-channel uk-web -stop-before-payment")
	@go build -C deploy -o ../.local/bin/smoke ./smoke/cmd/smoke && exec .local/bin/smoke $(if $(URL),-url $(URL)) $(ARGS)

.PHONY: certificates
certificates: ## Print Secrets with new certificates for a shop's services, for kubectl apply (AUTHORITY=dir DOMAIN=shop.example.com NAMESPACE=shop ARGS="-prefix shop- -days 90")
	@go build -C deploy -o ../.local/bin/certificates ./certificates/cmd/certificates && exec .local/bin/certificates -authority "$(AUTHORITY)" -domain "$(DOMAIN)" -namespace "$(NAMESPACE)" $(ARGS)

.PHONY: tidy
tidy: ## Fail when a go.mod asks for more or less than its module needs
	@for m in $(MODULES); do (cd $$m && GOWORK=off go mod tidy -diff) || { echo "go.mod of $$m: run GOWORK=off go mod tidy there"; exit 1; }; done

.PHONY: up
up: ## Run the demo shop on this machine (FRESH=1 starts over, PORT=9080 moves it, MTLS=1 gives the services certificates)
	@go build -C deploy -o ../.local/bin/up ./local/cmd/up && exec .local/bin/up

.PHONY: replay
replay: ## Replay the shipped orders (FILE=... CHAOS=1 ARGS="--rate 5 --limit 100 --workers 8 --from D --until D --import")
	@go build -C deploy -o ../.local/bin/replay ./replay/cmd/replay && exec .local/bin/replay $(if $(FILE),--file $(FILE)) $(if $(CHAOS),--chaos) $(ARGS)

.PHONY: prove
prove: ## Break shops in every place of the crash matrix while a crowd buys, and audit (CELL=CP-08,CP-09 SEED=7 ARGS="-shops 2")
	@go build -C deploy -o ../.local/bin/prove ./prove/cmd/prove && exec .local/bin/prove $(if $(CELL),-cells '$(CELL)') $(if $(SEED),-seed $(SEED)) $(ARGS)

.PHONY: prove-all
prove-all: ## All of it: every crash point 20 times, the grid of faults and steps, two faults at once, zombies of 30 s; goes on where it was cut off (SEED=7)
	@go build -C deploy -o ../.local/bin/prove ./prove/cmd/prove && .local/bin/prove -shops 6 -runs 4 -strikes 5 -long-runs 1 -state .local/prove-all.jsonl $(if $(SEED),-seed $(SEED)) $(ARGS)
	@$(MAKE) --no-print-directory prove-histories

.PHONY: prove-histories
prove-histories: ## The long form of the proofs in payment and inventory: 400 histories of 1,000 calls, models, races, readers of the books
	@go build -C deploy -o ../.local/bin/suite ./local/cmd/suite && CARTWRIGHT_PROOF=long exec .local/bin/suite services/payment services/inventory

.PHONY: skew
skew: ## Run each service at its last release among those of this tree, and the other way round, on old and new schemas (ARGS=old/cart)
	@go build -C deploy -buildvcs=false -o ../.local/bin/skew ./skew/cmd/skew && exec .local/bin/skew $(ARGS)

.PHONY: prove-cluster
prove-cluster: ## Put the shop to the proof on a Kubernetes cluster (KUBECONFIG=... REGISTRY=... POSTGRES_DSN=..., see docs/operations.md; ARGS="-only install,bad-image -keep")
	@go build -C deploy -o ../.local/bin/prove-cluster ./cluster/cmd/prove-cluster && exec .local/bin/prove-cluster $(ARGS)

.PHONY: prove-restore
prove-restore: ## Lose the database while people buy, restore it to the newest point and to a time, audit and reconcile, see docs/restore.md (ARGS="-archive-timeout 60s -seed 7")
	@go build -C deploy -o ../.local/bin/prove-restore ./restore/cmd/prove-restore && exec .local/bin/prove-restore $(ARGS)

.PHONY: soak
soak: ## Use one shop for an hour with random faults, audit it every few minutes and follow its memory (MINUTES=10 SEED=7 ARGS="-rate 4 -buyers 8")
	@go build -C deploy -o ../.local/bin/prove ./prove/cmd/prove && exec .local/bin/prove soak $(if $(MINUTES),-minutes $(MINUTES)) $(if $(SEED),-seed $(SEED)) $(ARGS)

.PHONY: bench
bench: ## Measure what the shop costs: requests/s, waiting time and CPU µs per request (ARGS="-clients 8 -length 10s")
	@go build -C deploy -o ../.local/bin/bench ./bench/cmd/bench && exec .local/bin/bench $(ARGS)

.PHONY: bench-hot-sku
bench-hot-sku: ## Sell one SKU to 256 clients at once, fsync on, and count every unit (ARGS="-clients 256 -stock 20000")
	@go build -C deploy -o ../.local/bin/hotsku ./bench/cmd/hotsku && exec .local/bin/hotsku $(ARGS)

.PHONY: prove-overload
prove-overload: ## Send a shop three times what it can do for a minute, then let a service fail, and hold it to the bars (SECONDS=60 ARGS="-times 3 -capacity 15")
	@go build -C deploy -o ../.local/bin/overload ./overload/cmd/overload && exec .local/bin/overload $(if $(filter command line environment,$(origin SECONDS)),-seconds $(SECONDS)) $(ARGS)

.PHONY: prove-the-provers
prove-the-provers: ## Plant known bugs one by one and show which tests turn red (ARGS="cart-becomes-two-orders" for some)
	@go build -C deploy -o ../.local/bin/mutants ./mutants/cmd/mutants && exec .local/bin/mutants $(ARGS)

.PHONY: bench-idempotency
bench-idempotency: ## Measure calls that are answered again among a million stored answers, and the purge (ARGS="-keys 1000000 -clients 4")
	@go build -C deploy -o ../.local/bin/keys ./bench/cmd/keys && exec .local/bin/keys $(ARGS)

.PHONY: audit
audit: ## Look at the running shop's data for what must never be (ARGS="-json -quiet-shop -settlement F -acknowledged F -logs 'x/*.log'")
	@go build -C deploy -o ../.local/bin/audit ./audit/cmd/audit && exec .local/bin/audit $(ARGS)

.PHONY: evidence
evidence: ## Collect what is known about a sick service into an archive (SERVICE=cart NAMESPACE=cartwright, or OPS=http://127.0.0.1:9090 for one process)
	@go build -C deploy -o ../.local/bin/evidence ./evidence/cmd/evidence && exec .local/bin/evidence $(if $(OPS),-ops "$(OPS)",-service "$(SERVICE)" $(if $(NAMESPACE),-namespace "$(NAMESPACE)")) $(ARGS)

.PHONY: bench-audit
bench-audit: ## Make a shop of 1,000,000 orders and measure an audit of it (ARGS="-orders 100000 -dir D -keep")
	@go build -C deploy -o ../.local/bin/bench-audit ./audit/cmd/bench && exec .local/bin/bench-audit $(ARGS)

# Images: see deploy/image/README.md. VERSION, REGISTRY, ARCH, COSIGN_KEY and ALLOW_NOT_RUN are read from the environment.
IMAGE = @go build -C deploy -o ../.local/bin/image ./image/cmd/image && .local/bin/image

.PHONY: image
image: ## Make the container image of one program in .local/image (SERVICE=cart VERSION=1.2.3 ARCH=arm64)
	$(IMAGE) build "$(SERVICE)"

.PHONY: images
images: ## Make all images
	$(IMAGE) build all

.PHONY: images-check
images-check: ## Make images again in another folder, compare every bit, run them (SERVICE=cart for one)
	$(IMAGE) check "$(or $(SERVICE),all)"

.PHONY: image-docker
image-docker: ## Make an image with docker buildx, from the files of `make image` (SERVICE=cart)
	$(IMAGE) docker "$(SERVICE)"

.PHONY: sbom
sbom: ## Write the bill of materials of an image: SPDX, beside it (SERVICE=cart)
	$(IMAGE) bill "$(SERVICE)"

.PHONY: scan
scan: ## Look for known vulnerabilities and secrets in an image and its sources (SERVICE=cart GOVULNDB=... ALLOW_NOT_RUN=1)
	$(IMAGE) scan "$(SERVICE)"

.PHONY: push
push: ## Push an image, tagged with its version (SERVICE=cart REGISTRY=registry.example.com/shop)
	$(IMAGE) push "$(SERVICE)"

.PHONY: push-all
push-all: ## Push all images (REGISTRY=registry.example.com/shop)
	$(IMAGE) push all

.PHONY: sign
sign: ## Sign a pushed image and its bill of materials with cosign (SERVICE=cart REGISTRY=... COSIGN_KEY=...)
	$(IMAGE) sign "$(SERVICE)"
