package bench

import (
	"context"
	"fmt"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/cartwright-shop/cartwright/deploy/demo"
)

// HotSKU reserves single units of one SKU at inventory's own port.
func HotSKU(address string) (Work, func() error, error) {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return Work{}, nil, err
	}
	client := inventoryv1.NewInventoryServiceClient(conn)
	do := func(ctx context.Context, _ int) error {
		reservation, err := uuid.NewV7()
		if err != nil {
			return err
		}
		_, err = client.Reserve(ctx, &inventoryv1.ReserveRequest{
			ReservationId: reservation.String(), OrderId: "nbswy3dpeb3w64tmmqqhi33omu", Channel: demo.Channels()[0].Key, TtlSeconds: 900,
			Lines: []*inventoryv1.ReserveLine{{Sku: SKU(1, 1), Quantity: 1}},
		})
		if err != nil {
			return fmt.Errorf("reserve: %w", err)
		}
		return nil
	}
	return Work{Name: "one hot SKU, granted over gRPC", Do: do}, conn.Close, nil
}
