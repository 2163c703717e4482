// Package rpc serves cartwright.pricing.v1: it turns messages into calls of the domain packages and back, one file per RPC.
//
// Messages have passed the contract's validation before they get here. RPCs that change something store their answer under
// request_id, in the transaction of the change.
package rpc

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	pricingv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/pricelist"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/promotion"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/quote"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/redemption"
)

// Domain is what the server serves.
type Domain struct {
	// Lists manages price lists and answers prices.
	Lists *pricelist.Service
	// Promotions manages promotions and codes.
	Promotions *promotion.Service
	// Quotes prices baskets.
	Quotes *quote.Service
	// Uses reserves, redeems and releases.
	Uses *redemption.Service
}

// Server implements PricingService. It is safe for concurrent use.
type Server struct {
	pricingv1.UnimplementedPricingServiceServer
	lists      *pricelist.Service
	promotions *promotion.Service
	quotes     *quote.Service
	uses       *redemption.Service
	keeper     *idempotency.Keeper
	outcomes   *prometheus.CounterVec
}

// New returns a server and registers its metrics.
func New(domain Domain, keeper *idempotency.Keeper, metrics prometheus.Registerer) (*Server, error) {
	outcomes := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pricing_uses_total",
		Help: "Requests to check, confirm, redeem and release by outcome: ok or the reason of the error.",
	}, []string{"step", "outcome"})
	if err := metrics.Register(outcomes); err != nil {
		return nil, fmt.Errorf("register pricing metrics: %w", err)
	}
	return &Server{
		lists: domain.Lists, promotions: domain.Promotions, quotes: domain.Quotes, uses: domain.Uses,
		keeper: keeper, outcomes: outcomes,
	}, nil
}

// count counts how a step of a promotion's use ended.
func (s *Server) count(step string, err error) {
	outcome := "ok"
	if err != nil {
		outcome = errs.ReasonOf(err)
	}
	s.outcomes.WithLabelValues(step, outcome).Inc()
}

// mutation is a request that changes something.
type mutation interface {
	proto.Message
	GetRequestId() string
}

// once runs fn in a transaction and stores its answer under the request's id.
func once[R proto.Message](ctx context.Context, s *Server, rpc string, req mutation, fn func(ctx context.Context) (R, error)) (R, error) {
	var empty R
	call := idempotency.NewCall(ctx, rpc, req.GetRequestId(), req)
	return idempotency.Do(ctx, s.keeper, call, empty, fn)
}
