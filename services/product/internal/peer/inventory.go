package peer

import (
	"context"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/product/internal/shopify"
)

// Inventory is shopify.Stock at the inventory service.
type Inventory struct {
	client inventoryv1.InventoryServiceClient
}

var _ shopify.Stock = (*Inventory)(nil)

// NewInventory makes an Inventory.
func NewInventory(client inventoryv1.InventoryServiceClient) *Inventory {
	return &Inventory{client: client}
}

// Levels implements shopify.Stock.
func (i *Inventory) Levels(ctx context.Context, location string, skus []string) (map[string]int64, error) {
	out := make(map[string]int64, len(skus))
	req := &inventoryv1.ListStockRequest{LocationKey: location, Skus: skus, PageSize: pageSize}
	for {
		resp, err := i.client.ListStock(ctx, req)
		if err != nil {
			return nil, err
		}
		for _, level := range resp.GetLevels() {
			out[level.GetSku()] = int64(level.GetOnHand())
		}
		if req.PageToken = resp.GetNextPageToken(); req.PageToken == "" {
			return out, nil
		}
	}
}

// SetLevels implements shopify.Stock.
func (i *Inventory) SetLevels(ctx context.Context, requestID, location string, levels []shopify.Level) error {
	req := &inventoryv1.SetStockRequest{RequestId: requestID, Reason: "import", Reference: "product file"}
	for _, level := range levels {
		req.Entries = append(req.Entries, &inventoryv1.SetStockEntry{
			Sku: level.SKU, LocationKey: location, OnHand: int32(level.OnHand),
		})
	}
	_, err := i.client.SetStock(ctx, req)
	return err
}
