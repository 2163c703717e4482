package storefront

import (
	"context"

	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/peer"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/relay"
)

// cartService relays CartService: the methods have no rules of their own.
type cartService struct {
	storefrontv1.UnimplementedCartServiceServer
	peers  *peer.Set
	mapper *relay.Mapper
}

// CreateCart implements CartService.
func (s *cartService) CreateCart(ctx context.Context, req *storefrontv1.CreateCartRequest) (*storefrontv1.CreateCartResponse, error) {
	return relay.Call[*storefrontv1.CreateCartResponse](ctx, s.mapper, req, s.peers.Carts.CreateCart)
}

// GetCart implements CartService.
func (s *cartService) GetCart(ctx context.Context, req *storefrontv1.GetCartRequest) (*storefrontv1.GetCartResponse, error) {
	return relay.Call[*storefrontv1.GetCartResponse](ctx, s.mapper, req, s.peers.Carts.GetCart)
}

// UpdateCart implements CartService.
func (s *cartService) UpdateCart(ctx context.Context, req *storefrontv1.UpdateCartRequest) (*storefrontv1.UpdateCartResponse, error) {
	return relay.Call[*storefrontv1.UpdateCartResponse](ctx, s.mapper, req, s.peers.Carts.UpdateCart)
}

// AddLines implements CartService.
func (s *cartService) AddLines(ctx context.Context, req *storefrontv1.AddLinesRequest) (*storefrontv1.AddLinesResponse, error) {
	return relay.Call[*storefrontv1.AddLinesResponse](ctx, s.mapper, req, s.peers.Carts.AddLines)
}

// UpdateLine implements CartService.
func (s *cartService) UpdateLine(ctx context.Context, req *storefrontv1.UpdateLineRequest) (*storefrontv1.UpdateLineResponse, error) {
	return relay.Call[*storefrontv1.UpdateLineResponse](ctx, s.mapper, req, s.peers.Carts.UpdateLine)
}

// RemoveLine implements CartService.
func (s *cartService) RemoveLine(ctx context.Context, req *storefrontv1.RemoveLineRequest) (*storefrontv1.RemoveLineResponse, error) {
	return relay.Call[*storefrontv1.RemoveLineResponse](ctx, s.mapper, req, s.peers.Carts.RemoveLine)
}

// ListShippingOptions implements CartService.
func (s *cartService) ListShippingOptions(ctx context.Context, req *storefrontv1.ListShippingOptionsRequest) (*storefrontv1.ListShippingOptionsResponse, error) {
	return relay.Call[*storefrontv1.ListShippingOptionsResponse](ctx, s.mapper, req, s.peers.Carts.ListShippingOptions)
}

// SetShippingOption implements CartService.
func (s *cartService) SetShippingOption(ctx context.Context, req *storefrontv1.SetShippingOptionRequest) (*storefrontv1.SetShippingOptionResponse, error) {
	return relay.Call[*storefrontv1.SetShippingOptionResponse](ctx, s.mapper, req, s.peers.Carts.SetShippingOption)
}

// ApplyCoupon implements CartService.
func (s *cartService) ApplyCoupon(ctx context.Context, req *storefrontv1.ApplyCouponRequest) (*storefrontv1.ApplyCouponResponse, error) {
	return relay.Call[*storefrontv1.ApplyCouponResponse](ctx, s.mapper, req, s.peers.Carts.ApplyCoupon)
}

// RemoveCoupon implements CartService.
func (s *cartService) RemoveCoupon(ctx context.Context, req *storefrontv1.RemoveCouponRequest) (*storefrontv1.RemoveCouponResponse, error) {
	return relay.Call[*storefrontv1.RemoveCouponResponse](ctx, s.mapper, req, s.peers.Carts.RemoveCoupon)
}

// ApplyGiftCard implements CartService.
func (s *cartService) ApplyGiftCard(ctx context.Context, req *storefrontv1.ApplyGiftCardRequest) (*storefrontv1.ApplyGiftCardResponse, error) {
	return relay.Call[*storefrontv1.ApplyGiftCardResponse](ctx, s.mapper, req, s.peers.Carts.ApplyGiftCard)
}

// RemoveGiftCard implements CartService.
func (s *cartService) RemoveGiftCard(ctx context.Context, req *storefrontv1.RemoveGiftCardRequest) (*storefrontv1.RemoveGiftCardResponse, error) {
	return relay.Call[*storefrontv1.RemoveGiftCardResponse](ctx, s.mapper, req, s.peers.Carts.RemoveGiftCard)
}

// MergeCart implements CartService.
func (s *cartService) MergeCart(ctx context.Context, req *storefrontv1.MergeCartRequest) (*storefrontv1.MergeCartResponse, error) {
	return relay.Call[*storefrontv1.MergeCartResponse](ctx, s.mapper, req, s.peers.Carts.MergeCart)
}

// GetMyCart implements CartService.
func (s *cartService) GetMyCart(ctx context.Context, req *storefrontv1.GetMyCartRequest) (*storefrontv1.GetMyCartResponse, error) {
	return relay.Call[*storefrontv1.GetMyCartResponse](ctx, s.mapper, req, s.peers.Carts.GetCustomerCart)
}
