package rpc_test

import (
	"testing"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency/idempotencytest"
)

// When this fails, a call whose answer was lost in a deploy is refused when it is repeated: the new release takes it for
// another request with the same key.
func TestRequestsKeepTheirFingerprints(t *testing.T) {
	t.Parallel()
	idempotencytest.Requests(t, "testdata/requests.txt",
		productv1.File_cartwright_product_v1_product_service_proto.Services().ByName("ProductService"),
	)
}
