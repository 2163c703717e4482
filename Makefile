# Cartwright: `make help` lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help

MODULES := proto services/platform services/product services/pricing services/cart services/payment services/inventory services/gateway deploy
SQLC_SERVICES := product pricing cart payment inventory

BUF_VERSION := v1.75.0
SQLC_VERSION := v1.31.1
PROTOC_GEN_GO_VERSION := v1.36.12
PROTOC_GEN_GO_GRPC_VERSION := v1.6.2
GRPC_GATEWAY_VERSION := v2.33.0

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
$(TOOLS)/protoc-gen-openapiv3:
	$(GO_INSTALL) github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-openapiv3@$(GRPC_GATEWAY_VERSION)

.PHONY: tools
tools: $(TOOLS)/buf $(TOOLS)/sqlc $(TOOLS)/protoc-gen-go $(TOOLS)/protoc-gen-go-grpc $(TOOLS)/protoc-gen-grpc-gateway $(TOOLS)/protoc-gen-openapiv3

.PHONY: generate
generate: tools ## Regenerate code from contracts and SQL
	cd proto && buf generate
	@for s in $(SQLC_SERVICES); do if [ -f services/$$s/internal/postgres/sqlc.yaml ]; then (cd services/$$s/internal/postgres && sqlc generate) || exit 1; fi; done
