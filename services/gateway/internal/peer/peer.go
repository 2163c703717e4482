// Package peer holds the clients of the services behind the gateway.
package peer

import (
	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"google.golang.org/grpc"
)

// Set is one client for each service contract the gateway calls.
type Set struct {
	Products  productv1.ProductServiceClient
	Pricing   pricingv1.PricingServiceClient
	Inventory inventoryv1.InventoryServiceClient
	Payments  paymentv1.PaymentServiceClient
	Carts     cartv1.CartServiceClient
	Checkout  cartv1.CheckoutServiceClient
	Orders    cartv1.OrderServiceClient
	Sagas     cartv1.SagaServiceClient
	Shipping  cartv1.ShippingServiceClient
	Tax       cartv1.TaxServiceClient
	Settings  cartv1.ChannelSettingsServiceClient
	Addresses cartv1.AddressServiceClient
}

// Connections is one connection for each process the gateway calls.
type Connections struct {
	Product, Pricing, Inventory, Payment, Cart grpc.ClientConnInterface
}

// New makes the clients of the connections.
func New(c Connections) *Set {
	return &Set{
		Products:  productv1.NewProductServiceClient(c.Product),
		Pricing:   pricingv1.NewPricingServiceClient(c.Pricing),
		Inventory: inventoryv1.NewInventoryServiceClient(c.Inventory),
		Payments:  paymentv1.NewPaymentServiceClient(c.Payment),
		Carts:     cartv1.NewCartServiceClient(c.Cart),
		Checkout:  cartv1.NewCheckoutServiceClient(c.Cart),
		Orders:    cartv1.NewOrderServiceClient(c.Cart),
		Sagas:     cartv1.NewSagaServiceClient(c.Cart),
		Shipping:  cartv1.NewShippingServiceClient(c.Cart),
		Tax:       cartv1.NewTaxServiceClient(c.Cart),
		Settings:  cartv1.NewChannelSettingsServiceClient(c.Cart),
		Addresses: cartv1.NewAddressServiceClient(c.Cart),
	}
}
