package rpc_test

import (
	"testing"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency/idempotencytest"
)

// When this fails, a call whose answer was lost in a deploy is refused when it is repeated: the new release takes it for
// another request with the same key.
func TestRequestsKeepTheirFingerprints(t *testing.T) {
	t.Parallel()
	idempotencytest.Requests(t, "testdata/requests.txt",
		inventoryv1.File_cartwright_inventory_v1_inventory_service_proto.Services().ByName("InventoryService"),
	)
}
