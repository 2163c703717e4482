package redemption

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/pricelist"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/quote"
)

// Store keeps uses. Its methods join the transaction of the context.
type Store interface {
	// Tx runs fn in a transaction.
	Tx(ctx context.Context, fn func(ctx context.Context) error) error
	// OrderUse reads an order's use; false when there is none.
	OrderUse(ctx context.Context, orderID string) (OrderUse, bool, error)
	// LockOrderUse reads an order's use and keeps others from changing it; false when there is none.
	LockOrderUse(ctx context.Context, orderID string) (OrderUse, bool, error)
	// LockDue locks one reservation whose time has run out and that nobody else has locked; false when there is none.
	LockDue(ctx context.Context) (OrderUse, bool, error)
	// ExpireEmpty ends reservations of no promotion whose time has run out, at most limit.
	ExpireEmpty(ctx context.Context, limit int) error
	// InsertOrderUse records the first use of an order; false when somebody else just did. The time to live counts from now,
	// by the database's clock.
	InsertOrderUse(ctx context.Context, u OrderUse, ttl time.Duration) (OrderUse, bool, error)
	// UpdateOrderUse replaces a locked use, with a new time to live or, when that is 0, the one it has.
	UpdateOrderUse(ctx context.Context, u OrderUse, ttl time.Duration) (OrderUse, error)
	// ReplaceUses replaces the promotions of a locked order.
	ReplaceUses(ctx context.Context, u OrderUse) error
	// SetCounting says whether the promotions of a locked order count against limits.
	SetCounting(ctx context.Context, orderID string, counting bool) error
	// HoldPromotions locks promotions, in the order of their ids, so that their terms stay until the transaction ends.
	HoldPromotions(ctx context.Context, ids []string) (map[string]Terms, error)
	// TakeTotal, TakeCustomer and TakeCode move a counter up; false when its limit is reached.
	TakeTotal(ctx context.Context, promotionID string) (bool, error)
	TakeCustomer(ctx context.Context, promotionID, customerKey string, limit int32) (bool, error)
	TakeCode(ctx context.Context, code string) (bool, error)
	// GiveTotal, GiveCustomer and GiveCode move it down.
	GiveTotal(ctx context.Context, promotionID string) error
	GiveCustomer(ctx context.Context, promotionID, customerKey string) error
	GiveCode(ctx context.Context, code string) error
	// Purge deletes released and expired uses that changed longer ago than age, at most limit, and says how many.
	Purge(ctx context.Context, age time.Duration, limit int) (int, error)
}

// Quoter prices baskets.
type Quoter interface {
	// Collect reads what the database knows about a basket.
	Collect(ctx context.Context, b quote.Basket) (quote.Facts, error)
	// Compute prices a basket from facts.
	Compute(b quote.Basket, f quote.Facts) (quote.Quote, error)
}

var _ Quoter = (*quote.Service)(nil)

// Service reserves, redeems and releases.
type Service struct {
	store  Store
	quotes Quoter
}

// New returns the service on a store.
func New(store Store, quotes Quoter) *Service { return &Service{store: store, quotes: quotes} }

// requotes is how often a confirmation prices the basket again because staff changed a promotion in between.
const requotes = 3

// ConfirmQuote prices the basket again and reserves its promotions for the order, all or none. It runs in a transaction of
// the caller, which must roll back when it fails.
func (s *Service) ConfirmQuote(ctx context.Context, c Confirmation) (quote.Quote, OrderUse, error) {
	if err := c.validate(); err != nil {
		return quote.Quote{}, OrderUse{}, err
	}
	held, found, err := s.store.LockOrderUse(ctx, c.OrderID)
	if err != nil {
		return quote.Quote{}, OrderUse{}, err
	}
	if found && held.State == Redeemed && held.Generation == c.Generation && held.Fingerprint == c.Expected {
		return s.confirmedAgain(ctx, c, held)
	}
	if found {
		if err := held.admit(c); err != nil {
			return quote.Quote{}, OrderUse{}, err
		}
		// What the order holds is given back first, so that the new quote does not find its own uses taken.
		if err := s.giveBack(ctx, held); err != nil {
			return quote.Quote{}, OrderUse{}, err
		}
	}
	q, terms, err := s.settle(ctx, c)
	if err != nil {
		return quote.Quote{}, OrderUse{}, err
	}
	use := OrderUse{
		OrderID: c.OrderID, Generation: c.Generation, State: Reserved, Fingerprint: q.Fingerprint,
		CustomerKey: c.Basket.CustomerKey, Currency: q.Currency, Uses: usesOf(q),
	}
	if err := s.take(ctx, use, terms); err != nil {
		return quote.Quote{}, OrderUse{}, err
	}
	use, err = s.record(ctx, use, found, c.TTL)
	return q, use, err
}

// confirmedAgain answers a repeated confirmation of an order that went on meanwhile. The quote is the one that was redeemed
// or the answer says that it no longer can be shown.
func (s *Service) confirmedAgain(ctx context.Context, c Confirmation, held OrderUse) (quote.Quote, OrderUse, error) {
	facts, err := s.quotes.Collect(ctx, c.Basket)
	if err != nil {
		return quote.Quote{}, OrderUse{}, err
	}
	facts.IgnoreLimits = true
	q, err := s.quotes.Compute(c.Basket, facts)
	if err != nil {
		return quote.Quote{}, OrderUse{}, err
	}
	if q.Fingerprint != held.Fingerprint {
		return quote.Quote{}, OrderUse{}, ErrRedeemed.New("The order has redeemed its quote.")
	}
	return q, held, nil
}

// settle prices the basket until the promotions it uses are locked in the versions it was priced with.
func (s *Service) settle(ctx context.Context, c Confirmation) (quote.Quote, map[string]Terms, error) {
	for range requotes {
		facts, err := s.quotes.Collect(ctx, c.Basket)
		if err != nil {
			return quote.Quote{}, nil, err
		}
		q, err := s.quotes.Compute(c.Basket, facts)
		if err != nil {
			return quote.Quote{}, nil, err
		}
		if err := s.compare(c, facts, q); err != nil {
			return quote.Quote{}, nil, err
		}
		terms, err := s.store.HoldPromotions(ctx, promotionIDs(usesOf(q)))
		if err != nil {
			return quote.Quote{}, nil, err
		}
		moved := slices.ContainsFunc(q.Applied, func(a quote.Applied) bool {
			return terms[a.Promotion.ID].Version != a.Promotion.Version
		})
		if !moved {
			return q, terms, nil
		}
	}
	return quote.Quote{}, nil, errs.Conflict.New("The promotions are being changed.").RetryAfter(time.Second)
}

// compare fails when the quote is not the expected one, and says whether it is because a use ran out.
func (s *Service) compare(c Confirmation, facts quote.Facts, q quote.Quote) error {
	if len(q.Unpriced) > 0 {
		refusal := quote.ErrUnpriced.New("%d line(s) have no price.", len(q.Unpriced))
		for i, line := range c.Basket.Lines {
			if slices.Contains(q.Unpriced, line.ID) {
				refusal.Field(fmt.Sprintf("basket.lines[%d].sku", i), quote.ReasonUnpriced, "It has no price for this buyer.")
			}
		}
		return refusal
	}
	if q.Fingerprint == c.Expected {
		return nil
	}
	facts.IgnoreLimits = true
	if unlimited, err := s.quotes.Compute(c.Basket, facts); err == nil && unlimited.Fingerprint == c.Expected {
		gone := slices.IndexFunc(unlimited.Applied, func(a quote.Applied) bool {
			return !slices.ContainsFunc(q.Applied, func(b quote.Applied) bool { return a.Promotion.ID == b.Promotion.ID && a.Code == b.Code })
		})
		if gone >= 0 {
			return limitReached(unlimited.Applied[gone].Promotion.Key, unlimited.Applied[gone].Code)
		}
	}
	return quote.ErrChanged.New("The total is now %s.", q.Total).
		Meta("currency", q.Currency).Meta("total_minor", strconv.FormatInt(q.Total.Minor, 10)).Meta("fingerprint", q.Fingerprint)
}

func limitReached(promotionKey, code string) error {
	return ErrLimit.New("The promotion has no use left.").Meta("promotion_key", promotionKey).Meta("code", code)
}

// take moves the counters of every limited promotion, in the order everybody moves them, so that orders wait for each other
// instead of deadlocking: promotions by id, and of each the total, the customer's and the code's.
func (s *Service) take(ctx context.Context, u OrderUse, terms map[string]Terms) error {
	for _, use := range u.Uses {
		ok, err := s.takeOne(ctx, u.CustomerKey, use, terms[use.PromotionID])
		if err != nil {
			return err
		}
		if !ok {
			return limitReached(use.PromotionKey, use.Code)
		}
	}
	return nil
}

func (s *Service) takeOne(ctx context.Context, customerKey string, use Use, terms Terms) (bool, error) {
	if terms.LimitTotal > 0 {
		if ok, err := s.store.TakeTotal(ctx, use.PromotionID); !ok || err != nil {
			return false, err
		}
	}
	if terms.LimitPerCustomer > 0 {
		if ok, err := s.store.TakeCustomer(ctx, use.PromotionID, customerKey, terms.LimitPerCustomer); !ok || err != nil {
			return false, err
		}
	}
	if !use.CodeLimited {
		return true, nil
	}
	return s.store.TakeCode(ctx, use.Code)
}

// giveBack moves the counters down again if the order's uses count, in the order of take.
func (s *Service) giveBack(ctx context.Context, u OrderUse) error {
	if !u.State.Holds() || len(u.Uses) == 0 {
		return nil
	}
	terms, err := s.store.HoldPromotions(ctx, promotionIDs(u.Uses))
	if err != nil {
		return err
	}
	for _, use := range u.Uses {
		if terms[use.PromotionID].LimitTotal > 0 {
			if err := s.store.GiveTotal(ctx, use.PromotionID); err != nil {
				return err
			}
		}
		if terms[use.PromotionID].LimitPerCustomer > 0 {
			if err := s.store.GiveCustomer(ctx, use.PromotionID, u.CustomerKey); err != nil {
				return err
			}
		}
		if use.CodeLimited {
			if err := s.store.GiveCode(ctx, use.Code); err != nil {
				return err
			}
		}
	}
	return s.store.SetCounting(ctx, u.OrderID, false)
}

// record writes the order's use and its promotions.
func (s *Service) record(ctx context.Context, u OrderUse, found bool, ttl time.Duration) (OrderUse, error) {
	uses := u.Uses
	var err error
	if found {
		u, err = s.store.UpdateOrderUse(ctx, u, ttl)
	} else {
		var inserted bool
		if u, inserted, err = s.store.InsertOrderUse(ctx, u, ttl); err == nil && !inserted {
			err = errs.Conflict.New("The order is being confirmed or released by another call.").RetryAfter(time.Second)
		}
	}
	if err != nil {
		return OrderUse{}, err
	}
	u.Uses = uses
	if found || len(uses) > 0 {
		err = s.store.ReplaceUses(ctx, u)
	}
	return u, err
}

func (c *Confirmation) validate() error {
	if c.Basket.CustomerKey == "" {
		return ErrCustomerNeeded.At("basket.customerKey", "A confirmed quote needs it.")
	}
	if c.Basket.Buyer.At != nil {
		return pricelist.ErrAtNotAllowed.At("basket.context.at", "A quote is confirmed for now.")
	}
	if c.TTL == 0 {
		c.TTL = DefaultTTL
	}
	if c.TTL < MinTTL || c.TTL > MaxTTL {
		return ErrTTL.At("ttl", "It must be from %s to %s.", MinTTL, MaxTTL)
	}
	return nil
}

// usesOf are the promotions a quote uses, by id.
func usesOf(q quote.Quote) []Use {
	uses := make([]Use, len(q.Applied))
	for i, applied := range q.Applied {
		uses[i] = Use{
			PromotionID: applied.Promotion.ID, PromotionKey: applied.Promotion.Key,
			Code: applied.Code, CodeLimited: applied.CodeLimited, Minor: applied.Amount.Minor,
		}
	}
	slices.SortFunc(uses, func(a, b Use) int { return cmp.Compare(a.PromotionID, b.PromotionID) })
	return uses
}

func promotionIDs(uses []Use) []string {
	ids := make([]string, len(uses))
	for i, use := range uses {
		ids[i] = use.PromotionID
	}
	return ids
}

func itoa(n int32) string { return strconv.Itoa(int(n)) }
