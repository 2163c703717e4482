package admin

import (
	"context"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/peer"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/relay"
)

// inventoryAdminService relays InventoryAdminService: the methods have no rules of their own.
type inventoryAdminService struct {
	adminv1.UnimplementedInventoryAdminServiceServer
	peers  *peer.Set
	mapper *relay.Mapper
}

// CreateLocation implements InventoryAdminService.
func (s *inventoryAdminService) CreateLocation(ctx context.Context, req *adminv1.CreateLocationRequest) (*adminv1.CreateLocationResponse, error) {
	return relay.Call[*adminv1.CreateLocationResponse](ctx, s.mapper, req, s.peers.Inventory.CreateLocation)
}

// UpdateLocation implements InventoryAdminService.
func (s *inventoryAdminService) UpdateLocation(ctx context.Context, req *adminv1.UpdateLocationRequest) (*adminv1.UpdateLocationResponse, error) {
	return relay.Call[*adminv1.UpdateLocationResponse](ctx, s.mapper, req, s.peers.Inventory.UpdateLocation)
}

// ListLocations implements InventoryAdminService.
func (s *inventoryAdminService) ListLocations(ctx context.Context, req *adminv1.ListLocationsRequest) (*adminv1.ListLocationsResponse, error) {
	return relay.Call[*adminv1.ListLocationsResponse](ctx, s.mapper, req, s.peers.Inventory.ListLocations)
}

// SetStock implements InventoryAdminService.
func (s *inventoryAdminService) SetStock(ctx context.Context, req *adminv1.SetStockRequest) (*adminv1.SetStockResponse, error) {
	return relay.Call[*adminv1.SetStockResponse](ctx, s.mapper, req, s.peers.Inventory.SetStock)
}

// AdjustStock implements InventoryAdminService.
func (s *inventoryAdminService) AdjustStock(ctx context.Context, req *adminv1.AdjustStockRequest) (*adminv1.AdjustStockResponse, error) {
	return relay.Call[*adminv1.AdjustStockResponse](ctx, s.mapper, req, s.peers.Inventory.AdjustStock)
}

// ListStock implements InventoryAdminService.
func (s *inventoryAdminService) ListStock(ctx context.Context, req *adminv1.ListStockRequest) (*adminv1.ListStockResponse, error) {
	return relay.Call[*adminv1.ListStockResponse](ctx, s.mapper, req, s.peers.Inventory.ListStock)
}

// ListMovements implements InventoryAdminService.
func (s *inventoryAdminService) ListMovements(ctx context.Context, req *adminv1.ListMovementsRequest) (*adminv1.ListMovementsResponse, error) {
	return relay.Call[*adminv1.ListMovementsResponse](ctx, s.mapper, req, s.peers.Inventory.ListMovements)
}

// SetBackorderPolicy implements InventoryAdminService.
func (s *inventoryAdminService) SetBackorderPolicy(ctx context.Context, req *adminv1.SetBackorderPolicyRequest) (*adminv1.SetBackorderPolicyResponse, error) {
	return relay.Call[*adminv1.SetBackorderPolicyResponse](ctx, s.mapper, req, s.peers.Inventory.SetBackorderPolicy)
}

// GetBackorderPolicy implements InventoryAdminService.
func (s *inventoryAdminService) GetBackorderPolicy(ctx context.Context, req *adminv1.GetBackorderPolicyRequest) (*adminv1.GetBackorderPolicyResponse, error) {
	return relay.Call[*adminv1.GetBackorderPolicyResponse](ctx, s.mapper, req, s.peers.Inventory.GetBackorderPolicy)
}

// SetPurchaseLimit implements InventoryAdminService.
func (s *inventoryAdminService) SetPurchaseLimit(ctx context.Context, req *adminv1.SetPurchaseLimitRequest) (*adminv1.SetPurchaseLimitResponse, error) {
	return relay.Call[*adminv1.SetPurchaseLimitResponse](ctx, s.mapper, req, s.peers.Inventory.SetPurchaseLimit)
}

// GetPurchaseLimit implements InventoryAdminService.
func (s *inventoryAdminService) GetPurchaseLimit(ctx context.Context, req *adminv1.GetPurchaseLimitRequest) (*adminv1.GetPurchaseLimitResponse, error) {
	return relay.Call[*adminv1.GetPurchaseLimitResponse](ctx, s.mapper, req, s.peers.Inventory.GetPurchaseLimit)
}
