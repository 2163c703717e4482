// Package storefront serves storefront.v1, the public API of shops' front ends. A page of the catalogue is one request for
// the client, composed here with one batch call per service; everything else relays to the service that owns it.
package storefront

import (
	"context"
	"time"

	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/channel"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/peer"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/relay"
	"go.uber.org/zap"
	"google.golang.org/grpc"
)

// Deps is what the services of the package share.
type Deps struct {
	Peers    *peer.Set
	Mapper   *relay.Mapper
	Channels *channel.Directory
	Log      *zap.Logger
	// BrowseTime bounds a request to the catalogue; zero means that only the request's own deadline does.
	BrowseTime time.Duration
}

// Register adds every service of storefront.v1 to r.
func Register(r grpc.ServiceRegistrar, d Deps) {
	storefrontv1.RegisterCatalogServiceServer(r, &catalogService{deps: d})
	storefrontv1.RegisterCartServiceServer(r, &cartService{peers: d.Peers, mapper: d.Mapper})
	storefrontv1.RegisterCheckoutServiceServer(r, &checkoutService{peers: d.Peers, mapper: d.Mapper, channels: d.Channels})
	storefrontv1.RegisterOrderServiceServer(r, &orderService{peers: d.Peers, mapper: d.Mapper})
	storefrontv1.RegisterAddressServiceServer(r, &addressService{peers: d.Peers, mapper: d.Mapper})
}

// catalogService serves CatalogService, one file per method.
type catalogService struct {
	storefrontv1.UnimplementedCatalogServiceServer
	deps Deps
}

// browse gives a request to the catalogue its time: a shopper waits for seconds, not for a checkout's deadline.
func (d Deps) browse(ctx context.Context) (context.Context, context.CancelFunc) {
	if d.BrowseTime <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, d.BrowseTime, peer.ErrPatience)
}
