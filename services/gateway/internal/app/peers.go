package app

import (
	"errors"

	"github.com/cartwright-shop/cartwright/services/gateway/internal/peer"
	"github.com/cartwright-shop/cartwright/services/platform/service"
	"google.golang.org/grpc"
)

// dial connects to every service. Only methods that read are sent again while a service is unavailable; writes carry an
// idempotency key and are repeated by the client that made it.
func dial(cfg Config, rt *service.Runtime) (*peer.Set, error) {
	var problems []error
	connect := func(name, addr string, reads ...string) *grpc.ClientConn {
		conn, err := rt.Dial(name, addr, reads...)
		problems = append(problems, err)
		return conn
	}
	connections := peer.Connections{
		Product: connect("product", cfg.ProductAddr,
			"cartwright.product.v1.ProductService/ListChannels", "cartwright.product.v1.ProductService/GetProduct",
			"cartwright.product.v1.ProductService/ListProducts", "cartwright.product.v1.ProductService/SearchProducts",
			"cartwright.product.v1.ProductService/ListCategories"),
		Pricing:   connect("pricing", cfg.PricingAddr, "cartwright.pricing.v1.PricingService/BatchGetPrices"),
		Inventory: connect("inventory", cfg.InventoryAddr, "cartwright.inventory.v1.InventoryService/BatchGetAvailability"),
		Payment: connect("payment", cfg.PaymentAddr,
			"cartwright.payment.v1.PaymentService/ListPaymentMethods", "cartwright.payment.v1.PaymentService/GetPayment"),
		Cart: connect("cart", cfg.CartAddr, "cartwright.cart.v1.CartService/GetCart", "cartwright.cart.v1.OrderService/GetOrder"),
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return peer.New(connections), nil
}
