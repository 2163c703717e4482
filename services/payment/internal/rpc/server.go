// Package rpc serves payment.v1: one file per RPC, each of which turns a message into a call of the domain and back.
//
// It decides nothing but who may call what: reading and changing the shop's own settings and books is for staff and
// services of ours; everything else is called by services on behalf of buyers.
package rpc

import (
	"context"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/giftcard"
	"github.com/cartwright-shop/cartwright/services/payment/internal/ledger"
	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/payment/internal/reconcile"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
)

// Server implements the payment service's RPCs.
type Server struct {
	paymentv1.UnimplementedPaymentServiceServer

	payments *payment.Service
	lister   payment.Lister
	cards    *giftcard.Service
	books    ledger.Reader
	keeper   *idempotency.Keeper

	comparer    *reconcile.Service
	comparisons Comparisons
}

// Comparisons reads what comparisons with the providers found.
type Comparisons interface {
	// ListRuns lists comparisons, newest first.
	ListRuns(ctx context.Context, f reconcile.RunFilter) ([]reconcile.Run, error)
	// ListFindings lists findings, newest first.
	ListFindings(ctx context.Context, f reconcile.FindingFilter) ([]reconcile.Finding, error)
}

var _ paymentv1.PaymentServiceServer = (*Server)(nil)

// Parts are what a Server is made of.
type Parts struct {
	// Payments and Cards hold the rules.
	Payments *payment.Service
	Cards    *giftcard.Service
	// Lister and Books read.
	Lister payment.Lister
	Books  ledger.Reader
	// Keeper stores answers.
	Keeper *idempotency.Keeper
	// Comparer compares our books with the providers', and Comparisons reads what was found.
	Comparer    *reconcile.Service
	Comparisons Comparisons
}

// New makes the server.
func New(p Parts) *Server {
	return &Server{
		payments: p.Payments, lister: p.Lister, cards: p.Cards, books: p.Books, keeper: p.Keeper, comparer: p.Comparer,
		comparisons: p.Comparisons,
	}
}

// Page sizes of every list.
const (
	defaultPage = 50
	maxPage     = 200
)

// staff lets only staff and services of ours pass.
func staff(ctx context.Context) error {
	switch identity.From(ctx).Kind {
	case identity.Staff, identity.Service:
		return nil
	default:
		return errs.Forbidden.New("Only staff may do this.")
	}
}
