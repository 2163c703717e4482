package storefront

import (
	"context"

	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/peer"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/relay"
)

// orderService relays OrderService: the methods have no rules of their own.
type orderService struct {
	storefrontv1.UnimplementedOrderServiceServer
	peers  *peer.Set
	mapper *relay.Mapper
}

// GetOrder implements OrderService.
func (s *orderService) GetOrder(ctx context.Context, req *storefrontv1.GetOrderRequest) (*storefrontv1.GetOrderResponse, error) {
	return relay.Call[*storefrontv1.GetOrderResponse](ctx, s.mapper, req, s.peers.Orders.GetOrder)
}

// ListMyOrders implements OrderService.
func (s *orderService) ListMyOrders(ctx context.Context, req *storefrontv1.ListMyOrdersRequest) (*storefrontv1.ListMyOrdersResponse, error) {
	return relay.Call[*storefrontv1.ListMyOrdersResponse](ctx, s.mapper, req, s.peers.Orders.ListOrders)
}

// CancelOrder implements OrderService.
func (s *orderService) CancelOrder(ctx context.Context, req *storefrontv1.CancelOrderRequest) (*storefrontv1.CancelOrderResponse, error) {
	return relay.Call[*storefrontv1.CancelOrderResponse](ctx, s.mapper, req, s.peers.Orders.CancelOrder)
}
