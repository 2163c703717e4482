package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
)

// ListShippingOptions answers the ways to deliver a cart.
func (s *CartServer) ListShippingOptions(ctx context.Context, req *cartv1.ListShippingOptionsRequest) (*cartv1.ListShippingOptionsResponse, error) {
	options, err := s.carts.ShippingOptions(ctx, req.GetCartId())
	if err != nil {
		return nil, err
	}
	resp := &cartv1.ListShippingOptionsResponse{Estimated: options.Estimated}
	for _, method := range options.Methods {
		resp.Options = append(resp.Options, optionToProto(amounts(options.Currency), method))
	}
	return resp, nil
}
