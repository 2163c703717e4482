package rpc_test

import (
	"testing"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency/idempotencytest"
)

// When this fails, a call whose answer was lost in a deploy is refused when it is repeated: the new release takes it for
// another request with the same key.
func TestRequestsKeepTheirFingerprints(t *testing.T) {
	t.Parallel()
	idempotencytest.Requests(t, "testdata/requests.txt",
		pricingv1.File_cartwright_pricing_v1_pricing_service_proto.Services().ByName("PricingService"),
	)
}
