package rpc

import (
	"context"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

// BatchGetVariants gives what a cart needs to know of its SKUs, in one query.
func (s *Server) BatchGetVariants(ctx context.Context, req *productv1.BatchGetVariantsRequest) (*productv1.BatchGetVariantsResponse, error) {
	found, err := s.catalog.Variants(ctx, req.GetSkus(), catalog.View{Channel: req.GetChannel(), Locale: req.GetLocale()})
	if err != nil {
		return nil, err
	}
	return &productv1.BatchGetVariantsResponse{
		Variants: mapped(found.Variants, sellableToProto), Channel: found.Channel, Locale: found.Locale,
	}, nil
}
