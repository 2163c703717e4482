package rpc_test

import (
	"testing"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency/idempotencytest"
)

// When this fails, a call whose answer was lost in a deploy is refused when it is repeated: the new release takes it for
// another request with the same key.
func TestRequestsKeepTheirFingerprints(t *testing.T) {
	t.Parallel()
	idempotencytest.Requests(t, "testdata/requests.txt",
		cartv1.File_cartwright_cart_v1_address_proto.Services().ByName("AddressService"),
		cartv1.File_cartwright_cart_v1_cart_proto.Services().ByName("CartService"),
		cartv1.File_cartwright_cart_v1_checkout_proto.Services().ByName("CheckoutService"),
		cartv1.File_cartwright_cart_v1_order_proto.Services().ByName("OrderService"),
		cartv1.File_cartwright_cart_v1_saga_proto.Services().ByName("SagaService"),
		cartv1.File_cartwright_cart_v1_settings_proto.Services().ByName("ChannelSettingsService"),
		cartv1.File_cartwright_cart_v1_shipping_proto.Services().ByName("ShippingService"),
		cartv1.File_cartwright_cart_v1_tax_proto.Services().ByName("TaxService"),
	)
}
