package admin

import (
	"context"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/peer"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/relay"
)

// orderAdminService relays OrderAdminService: the methods have no rules of their own.
type orderAdminService struct {
	adminv1.UnimplementedOrderAdminServiceServer
	peers  *peer.Set
	mapper *relay.Mapper
}

// GetOrder implements OrderAdminService.
func (s *orderAdminService) GetOrder(ctx context.Context, req *adminv1.GetOrderRequest) (*adminv1.GetOrderResponse, error) {
	return relay.Call[*adminv1.GetOrderResponse](ctx, s.mapper, req, s.peers.Orders.GetOrder)
}

// ListOrders implements OrderAdminService.
func (s *orderAdminService) ListOrders(ctx context.Context, req *adminv1.ListOrdersRequest) (*adminv1.ListOrdersResponse, error) {
	return relay.Call[*adminv1.ListOrdersResponse](ctx, s.mapper, req, s.peers.Orders.ListOrders)
}

// CancelOrder implements OrderAdminService.
func (s *orderAdminService) CancelOrder(ctx context.Context, req *adminv1.CancelOrderRequest) (*adminv1.CancelOrderResponse, error) {
	return relay.Call[*adminv1.CancelOrderResponse](ctx, s.mapper, req, s.peers.Orders.CancelOrder)
}

// RefundOrder implements OrderAdminService.
func (s *orderAdminService) RefundOrder(ctx context.Context, req *adminv1.RefundOrderRequest) (*adminv1.RefundOrderResponse, error) {
	return relay.Call[*adminv1.RefundOrderResponse](ctx, s.mapper, req, s.peers.Orders.RefundOrder)
}

// CreateShipment implements OrderAdminService.
func (s *orderAdminService) CreateShipment(ctx context.Context, req *adminv1.CreateShipmentRequest) (*adminv1.CreateShipmentResponse, error) {
	return relay.Call[*adminv1.CreateShipmentResponse](ctx, s.mapper, req, s.peers.Orders.CreateShipment)
}

// ListOrderEvents implements OrderAdminService.
func (s *orderAdminService) ListOrderEvents(ctx context.Context, req *adminv1.ListOrderEventsRequest) (*adminv1.ListOrderEventsResponse, error) {
	return relay.Call[*adminv1.ListOrderEventsResponse](ctx, s.mapper, req, s.peers.Orders.ListOrderEvents)
}

// GetCheckout implements OrderAdminService.
func (s *orderAdminService) GetCheckout(ctx context.Context, req *adminv1.GetCheckoutRequest) (*adminv1.GetCheckoutResponse, error) {
	return relay.Call[*adminv1.GetCheckoutResponse](ctx, s.mapper, req, s.peers.Checkout.GetCheckout)
}
