// Package rpc serves the catalogue over gRPC: one file per RPC, and the conversions between contract and domain.
package rpc

import (
	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
	"github.com/cartwright-shop/cartwright/services/product/internal/shopify"
)

// Server implements ProductService.
type Server struct {
	productv1.UnimplementedProductServiceServer
	catalog  *catalog.Catalog
	importer *shopify.Importer
	exporter *shopify.Exporter
	keeper   *idempotency.Keeper
}

var _ productv1.ProductServiceServer = (*Server)(nil)

// Parts are what a Server is made of.
type Parts struct {
	Catalog  *catalog.Catalog
	Importer *shopify.Importer
	Exporter *shopify.Exporter
	Keeper   *idempotency.Keeper
}

// New makes a server.
func New(p Parts) *Server {
	return &Server{catalog: p.Catalog, importer: p.Importer, exporter: p.Exporter, keeper: p.Keeper}
}
