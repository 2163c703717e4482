// Package admin serves admin.v1, the public API of the back office. Its methods relay to the services that own the
// facts; who may call them stands in the contract and is enforced before they run.
package admin

import (
	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/peer"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/relay"
	"google.golang.org/grpc"
)

// Register adds every service of admin.v1 that is unary to r.
func Register(r grpc.ServiceRegistrar, peers *peer.Set, mapper *relay.Mapper) {
	adminv1.RegisterChannelAdminServiceServer(r, &channelAdminService{peers: peers, mapper: mapper})
	adminv1.RegisterProductAdminServiceServer(r, &productAdminService{peers: peers, mapper: mapper})
	adminv1.RegisterCategoryAdminServiceServer(r, &categoryAdminService{peers: peers, mapper: mapper})
	adminv1.RegisterPriceAdminServiceServer(r, &priceAdminService{peers: peers, mapper: mapper})
	adminv1.RegisterPromotionAdminServiceServer(r, &promotionAdminService{peers: peers, mapper: mapper})
	adminv1.RegisterInventoryAdminServiceServer(r, &inventoryAdminService{peers: peers, mapper: mapper})
	adminv1.RegisterPaymentAdminServiceServer(r, &paymentAdminService{peers: peers, mapper: mapper})
	adminv1.RegisterPaymentControlAdminServiceServer(r, &paymentControlAdminService{peers: peers, mapper: mapper})
	adminv1.RegisterGiftCardAdminServiceServer(r, &giftCardAdminService{peers: peers, mapper: mapper})
	adminv1.RegisterOrderAdminServiceServer(r, &orderAdminService{peers: peers, mapper: mapper})
	adminv1.RegisterSagaAdminServiceServer(r, &sagaAdminService{peers: peers, mapper: mapper})
	adminv1.RegisterShippingAdminServiceServer(r, &shippingAdminService{peers: peers, mapper: mapper})
	adminv1.RegisterTaxAdminServiceServer(r, &taxAdminService{peers: peers, mapper: mapper})
	adminv1.RegisterChannelSettingsAdminServiceServer(r, &channelSettingsAdminService{peers: peers, mapper: mapper})
}
