// Package rpc serves cartwright.cart.v1: one file per RPC. It converts, knows who stores which answer, and decides nothing else.
package rpc

import (
	"context"

	"google.golang.org/protobuf/proto"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/cart"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
)

// cartService is what the names of CartService's methods begin with.
const cartService = "cartwright.cart.v1.CartService/"

// shortestGuestKey is the length from which the idempotency key of a guest who starts a cart counts. All guests are one
// principal, and whoever sent another guest's key would be answered that guest's cart: a key short enough to be guessed is
// as none.
const shortestGuestKey = 16

// CartServer serves CartService.
type CartServer struct {
	cartv1.UnimplementedCartServiceServer
	carts  *cart.Service
	keeper *idempotency.Keeper
}

// NewCartServer makes the server.
func NewCartServer(carts *cart.Service, keeper *idempotency.Keeper) *CartServer {
	return &CartServer{carts: carts, keeper: keeper}
}

// cartRequest is a request that changes a cart.
type cartRequest interface {
	proto.Message
	GetRequestId() string
}

// cartCall names a call for the stored answers. Keys belong to the caller and, where one is named, to the cart.
func cartCall(ctx context.Context, method string, req cartRequest) idempotency.Call {
	named, ok := req.(interface{ GetCartId() string })
	if ok {
		return idempotency.NewCall(ctx, cartService+method, req.GetRequestId(), req).For(named.GetCartId())
	}
	key := req.GetRequestId()
	if identity.From(ctx).Kind == identity.Anonymous && len(key) < shortestGuestKey {
		key = ""
	}
	return idempotency.NewCall(ctx, cartService+method, key, req)
}

// answerOnce stores the answer of a change in the change's own transaction.
type answerOnce struct {
	keeper *idempotency.Keeper
	call   idempotency.Call
	wrap   func(*cartv1.Cart) proto.Message
}

// Claim implements cart.Once.
func (o answerOnce) Claim(ctx context.Context) error { return o.keeper.Claim(ctx, o.call) }

// Answer implements cart.Once.
func (o answerOnce) Answer(ctx context.Context, c *cart.Cart) error {
	return o.keeper.Answer(ctx, o.call, o.wrap(cartToProto(c)))
}

// change runs a change once. A call that fails looks for an answer again: the same key may have been answered while it ran, and
// that answer counts, as does that it was used for another change.
func change[R proto.Message](ctx context.Context, s *CartServer, call idempotency.Call, wrap func(*cartv1.Cart) R, run func(cart.Once) (*cart.Cart, error)) (R, error) {
	empty := wrap(nil)
	_, leave, err := s.keeper.Enter(ctx, call)
	if err != nil {
		return empty, err
	}
	defer leave()
	if resp, found, err := idempotency.Lookup(ctx, s.keeper, call, empty); found || err != nil {
		return resp, err
	}
	var once cart.Once
	if call.RequestID != "" {
		once = answerOnce{keeper: s.keeper, call: call, wrap: func(c *cartv1.Cart) proto.Message { return wrap(c) }}
	}
	c, err := run(once)
	if err == nil {
		return wrap(cartToProto(c)), nil
	}
	if resp, found, lookupErr := idempotency.Lookup(ctx, s.keeper, call, empty); found || errs.Has(lookupErr, errs.IdempotencyKeyReused) {
		return resp, lookupErr
	}
	return empty, err
}

func lineInputs(lines []*cartv1.LineInput) []cart.LineInput {
	inputs := make([]cart.LineInput, len(lines))
	for i, line := range lines {
		inputs[i] = cart.LineInput{SKU: line.GetSku(), Quantity: line.GetQuantity()}
	}
	return inputs
}
