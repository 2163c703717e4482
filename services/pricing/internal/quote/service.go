package quote

import (
	"context"
	"slices"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/clock"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/pricelist"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/promotion"
)

// Store reads what decides a quote and counts rejected codes. Its methods join the transaction of the context.
type Store interface {
	// Tx runs fn in a transaction.
	Tx(ctx context.Context, fn func(ctx context.Context) error) error
	// Candidates reads the prices of distinct SKUs in every list that is for the buyer now.
	Candidates(ctx context.Context, skus []string, buyer pricelist.Buyer) ([]pricelist.Candidate, error)
	// LivePromotions reads the promotions that are live now and automatic or given by one of the codes, in upper case, to the
	// customer.
	LivePromotions(ctx context.Context, q PromotionQuery) ([]Candidate, error)
	// HoldAttempts makes other tries of the subject wait until the transaction ends, and says how many were rejected in the
	// last minute and how long ago the oldest of them was.
	HoldAttempts(ctx context.Context, subject string) (rejected int, oldest time.Duration, err error)
	// RecordAttempt counts a rejected try of the subject.
	RecordAttempt(ctx context.Context, subject string) error
}

// PromotionQuery asks for the promotions that may apply to a basket.
type PromotionQuery struct {
	// CustomerKey is whose use of limits per customer counts.
	CustomerKey string
	// Codes are in upper case.
	Codes []string
	// At is the time to ask for; nil: now, by the database's clock.
	At *time.Time
}

// The allowance of rejected codes.
const (
	maxAttempts   = 10
	attemptWindow = time.Minute
)

// Service makes quotes.
type Service struct {
	store Store
	clock clock.Clock
}

// New returns the service on a store. The clock only stamps quotes.
func New(store Store, c clock.Clock) *Service { return &Service{store: store, clock: c} }

// Quote prices a basket.
func (s *Service) Quote(ctx context.Context, b Basket) (Quote, error) {
	facts, err := s.Collect(ctx, b)
	if err != nil {
		return Quote{}, err
	}
	return s.Compute(b, facts)
}

// Compute prices a basket from facts collected before and stamps the quote.
func (s *Service) Compute(b Basket, facts Facts) (Quote, error) {
	q, err := Compute(b, facts)
	if err != nil {
		return Quote{}, err
	}
	q.At = s.clock.Now()
	if b.Buyer.At != nil {
		q.At = *b.Buyer.At
	}
	return q, nil
}

// Collect reads what the database knows about a basket.
func (s *Service) Collect(ctx context.Context, b Basket) (Facts, error) {
	if err := pricelist.CheckBuyer(ctx, "basket.context", b.Buyer); err != nil {
		return Facts{}, err
	}
	if len(b.Lines) == 0 {
		return Facts{}, nil
	}
	skus := make([]string, len(b.Lines))
	for i, line := range b.Lines {
		skus[i] = line.SKU
	}
	slices.Sort(skus)
	prices, err := s.store.Candidates(ctx, slices.Compact(skus), b.Buyer)
	if err != nil {
		return Facts{}, err
	}
	candidates, err := s.store.LivePromotions(ctx, PromotionQuery{CustomerKey: b.CustomerKey, Codes: fold(b.Codes), At: b.Buyer.At})
	if err != nil {
		return Facts{}, err
	}
	return Facts{Prices: pricelist.Resolve(b.Buyer.Currency, prices), Candidates: candidates}, nil
}

// CheckCoupon prices a basket with a code added that a buyer entered. It fails when the code gives nothing; a subject may
// have ten codes rejected in a minute, then every code is refused for a while, right ones too.
func (s *Service) CheckCoupon(ctx context.Context, b Basket, code, attemptKey string) (Quote, error) {
	folded := promotion.Fold(code)
	if slices.Contains(fold(b.Codes), folded) {
		return Quote{}, ErrApplied.At("code", "The code is in the basket already.")
	}
	if len(b.Codes) >= MaxCodes {
		return Quote{}, errs.InvalidField.New("The basket has too many codes.").
			Field("basket.couponCodes", "LIST_TOO_LONG", "A basket can have 10 codes.")
	}
	b.Codes = append(slices.Clone(b.Codes), folded)
	subject := subject(ctx, attemptKey)
	var q Quote
	var refusal error
	err := s.store.Tx(ctx, func(ctx context.Context) (err error) {
		refusal = nil
		rejected, oldest, err := s.store.HoldAttempts(ctx, subject)
		if err != nil {
			return err
		}
		if rejected >= maxAttempts {
			return ErrAttempts.New("Too many codes were tried.").RetryAfter(max(time.Second, attemptWindow-oldest))
		}
		if q, err = s.Quote(ctx, b); err != nil {
			return err
		}
		switch reasonOf(q, folded) {
		case ReasonRejected:
			refusal = ErrRejected.At("code", "The code is not accepted for this basket.")
			return s.store.RecordAttempt(ctx, subject) // the count must outlive the refusal
		case ReasonNotCombinable:
			refusal = ErrNotCombinable.At("code", "The code cannot be combined with the discounts that apply.")
		}
		return nil
	})
	if err == nil {
		err = refusal
	}
	if err != nil {
		return Quote{}, err
	}
	return q, nil
}

// reasonOf is why the quote rejected a code; empty when it counts.
func reasonOf(q Quote, code string) string {
	for _, rejection := range q.Rejected {
		if promotion.Fold(rejection.Code) == code {
			return rejection.Reason
		}
	}
	return ""
}

// subject is who tries codes. People who are not logged in are told apart by what the caller knows about them.
func subject(ctx context.Context, attemptKey string) string {
	principal := identity.From(ctx)
	if principal.Kind == identity.Customer || attemptKey == "" {
		return principal.Key()
	}
	return principal.Key() + "/" + attemptKey
}

func fold(codes []string) []string {
	folded := make([]string, len(codes))
	for i, code := range codes {
		folded[i] = promotion.Fold(code)
	}
	return folded
}
