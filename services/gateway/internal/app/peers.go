package app

import (
	"errors"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/peer"
	"github.com/cartwright-shop/cartwright/services/platform/service"
	"google.golang.org/grpc"
)

// dial connects to every service. Only methods that read are sent again while a service is unavailable; writes carry an
// idempotency key and are repeated by the client that made it.
func dial(cfg Config, rt *service.Runtime) (*peer.Set, error) {
	var problems []error
	connect := func(name, addr string, contracts ...*grpc.ServiceDesc) grpc.ClientConnInterface {
		conn, err := rt.Dial(name, addr, readsOf(contracts)...)
		problems = append(problems, err)
		return peer.Bounded{ClientConnInterface: conn, Peer: name}
	}
	connections := peer.Connections{
		Product:   connect("product", cfg.ProductAddr, &productv1.ProductService_ServiceDesc),
		Pricing:   connect("pricing", cfg.PricingAddr, &pricingv1.PricingService_ServiceDesc),
		Inventory: connect("inventory", cfg.InventoryAddr, &inventoryv1.InventoryService_ServiceDesc),
		Payment:   connect("payment", cfg.PaymentAddr, &paymentv1.PaymentService_ServiceDesc),
		Cart: connect("cart", cfg.CartAddr, &cartv1.CartService_ServiceDesc, &cartv1.OrderService_ServiceDesc,
			&cartv1.CheckoutService_ServiceDesc, &cartv1.SagaService_ServiceDesc, &cartv1.ShippingService_ServiceDesc, &cartv1.TaxService_ServiceDesc,
			&cartv1.ChannelSettingsService_ServiceDesc, &cartv1.AddressService_ServiceDesc),
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return peer.New(connections), nil
}

// readsOf names the methods that only read.
func readsOf(contracts []*grpc.ServiceDesc) []string {
	var names []string
	for _, contract := range contracts {
		for _, method := range contract.Methods {
			if name := contract.ServiceName + "/" + method.MethodName; peer.Reads(name) {
				names = append(names, name)
			}
		}
	}
	return names
}
