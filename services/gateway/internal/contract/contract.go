// Package contract lists what the public API is made of: the files of its contracts and the REST handlers generated from
// them. A new public service is added here and nowhere else.
package contract

import (
	"context"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Files returns the files that define public services.
func Files() []protoreflect.FileDescriptor {
	return []protoreflect.FileDescriptor{
		storefrontv1.File_cartwright_storefront_v1_catalog_proto,
		storefrontv1.File_cartwright_storefront_v1_cart_proto,
		storefrontv1.File_cartwright_storefront_v1_order_proto,
		adminv1.File_cartwright_admin_v1_channel_proto,
		adminv1.File_cartwright_admin_v1_product_proto,
		adminv1.File_cartwright_admin_v1_category_proto,
		adminv1.File_cartwright_admin_v1_price_proto,
		adminv1.File_cartwright_admin_v1_promotion_proto,
		adminv1.File_cartwright_admin_v1_inventory_proto,
		adminv1.File_cartwright_admin_v1_payment_proto,
		adminv1.File_cartwright_admin_v1_payment_control_proto,
		adminv1.File_cartwright_admin_v1_gift_card_proto,
		adminv1.File_cartwright_admin_v1_order_proto,
		adminv1.File_cartwright_admin_v1_saga_proto,
		adminv1.File_cartwright_admin_v1_shipping_proto,
		adminv1.File_cartwright_admin_v1_tax_proto,
		adminv1.File_cartwright_admin_v1_settings_proto,
		adminv1.File_cartwright_admin_v1_transfer_proto,
	}
}

// Handler registers the REST routes of one service, which call it over a connection.
type Handler func(context.Context, *runtime.ServeMux, grpc.ClientConnInterface) error

// Handlers returns the REST routes of every public service that has some. The router tries what was registered last
// first, so the routes with the most traffic come last.
func Handlers() []Handler {
	return []Handler{
		handler(adminv1.NewChannelAdminServiceClient, adminv1.RegisterChannelAdminServiceHandlerClient),
		handler(adminv1.NewProductAdminServiceClient, adminv1.RegisterProductAdminServiceHandlerClient),
		handler(adminv1.NewCategoryAdminServiceClient, adminv1.RegisterCategoryAdminServiceHandlerClient),
		handler(adminv1.NewPriceAdminServiceClient, adminv1.RegisterPriceAdminServiceHandlerClient),
		handler(adminv1.NewPromotionAdminServiceClient, adminv1.RegisterPromotionAdminServiceHandlerClient),
		handler(adminv1.NewInventoryAdminServiceClient, adminv1.RegisterInventoryAdminServiceHandlerClient),
		handler(adminv1.NewPaymentAdminServiceClient, adminv1.RegisterPaymentAdminServiceHandlerClient),
		handler(adminv1.NewPaymentControlAdminServiceClient, adminv1.RegisterPaymentControlAdminServiceHandlerClient),
		handler(adminv1.NewGiftCardAdminServiceClient, adminv1.RegisterGiftCardAdminServiceHandlerClient),
		handler(adminv1.NewOrderAdminServiceClient, adminv1.RegisterOrderAdminServiceHandlerClient),
		handler(adminv1.NewSagaAdminServiceClient, adminv1.RegisterSagaAdminServiceHandlerClient),
		handler(adminv1.NewShippingAdminServiceClient, adminv1.RegisterShippingAdminServiceHandlerClient),
		handler(adminv1.NewTaxAdminServiceClient, adminv1.RegisterTaxAdminServiceHandlerClient),
		handler(adminv1.NewChannelSettingsAdminServiceClient, adminv1.RegisterChannelSettingsAdminServiceHandlerClient),
		handler(storefrontv1.NewCatalogServiceClient, storefrontv1.RegisterCatalogServiceHandlerClient),
		handler(storefrontv1.NewCartServiceClient, storefrontv1.RegisterCartServiceHandlerClient),
		handler(storefrontv1.NewCheckoutServiceClient, storefrontv1.RegisterCheckoutServiceHandlerClient),
		handler(storefrontv1.NewOrderServiceClient, storefrontv1.RegisterOrderServiceHandlerClient),
		handler(storefrontv1.NewAddressServiceClient, storefrontv1.RegisterAddressServiceHandlerClient),
	}
}

func handler[C any](client func(grpc.ClientConnInterface) C, register func(context.Context, *runtime.ServeMux, C) error) Handler {
	return func(ctx context.Context, mux *runtime.ServeMux, conn grpc.ClientConnInterface) error {
		return register(ctx, mux, client(conn))
	}
}

// ReadOnlyFields returns the JSON names of fields that answers have and no request has. A client that sends one is told
// that the shop sets it.
func ReadOnlyFields() map[string]bool {
	w := walk{names: map[string]bool{}, seen: map[protoreflect.FullName]bool{}}
	for _, file := range Files() {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				w.message(methods.Get(j).Output())
			}
		}
	}
	// Names that shops are attacked with and that no message of ours has.
	for _, name := range []string{"price", "paid", "customerId", "taxRate", "cost"} {
		w.names[name] = true
	}
	return w.names
}

type walk struct {
	names map[string]bool
	seen  map[protoreflect.FullName]bool
}

func (w walk) message(m protoreflect.MessageDescriptor) {
	if w.seen[m.FullName()] {
		return
	}
	w.seen[m.FullName()] = true
	for i := range m.Fields().Len() {
		field := m.Fields().Get(i)
		w.names[field.JSONName()] = true
		w.names[string(field.Name())] = true
		if field.Message() != nil {
			w.message(field.Message())
		}
	}
}
