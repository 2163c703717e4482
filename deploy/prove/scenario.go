package prove

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/prove/load"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
)

// several is how many purchases a scenario makes of its own beside the crowd's.
const several = 6

// busy waits until the crowd has made so many more purchases.
func (s *stage) busy(ctx context.Context, purchases int) error {
	_, before := s.crowd.Figures()
	return wait(ctx, firingTime, "the crowd buys", func() (bool, error) {
		_, ended := s.crowd.Figures()
		return ended >= before+purchases, nil
	})
}

// together runs several purchases side by side.
func (s *stage) together(n int, one func(n int) error) error {
	var all sync.WaitGroup
	problems := make([]error, n)
	for i := range n {
		all.Go(func() { problems[i] = one(i) })
	}
	all.Wait()
	s.shots.Add(int64(n))
	return errors.Join(problems...)
}

// bank is what the provider is told to do wrong.
type bank struct {
	Reset    bool           `json:"reset,omitempty"`
	Faults   []bankFault    `json:"faults,omitempty"`
	Webhooks map[string]any `json:"webhooks,omitempty"`
}

type bankFault struct {
	Kind    string `json:"kind,omitempty"`
	Order   string `json:"order_reference,omitempty"`
	Action  string `json:"action"`
	DelayMS int    `json:"delay_ms,omitempty"`
	Count   int    `json:"count"`
}

// tell tells the provider how to behave.
func (s *stage) tell(ctx context.Context, b bank) error {
	body, err := json.Marshal(b)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.market.Sandbox+"/control", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the provider answered %d", answer.StatusCode)
	}
	return nil
}

// bought makes a purchase up to the order.
func (s *stage) bought(ctx context.Context, kind load.Kind) (load.One, *storefrontv1.Order, error) {
	one := s.crowd.One(kind)
	if err := one.Fill(ctx); err != nil {
		return one, nil, err
	}
	order, err := one.Checkout(ctx)
	if err == nil && order == nil {
		err = errors.New("the checkout was refused")
	}
	return one, order, err
}

func page(o *storefrontv1.Order) string { return o.GetPayment().GetNextAction().GetUrl() }

// must turns a condition into an error.
func must(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

func priceMoves(ctx context.Context, s *stage) error {
	return s.together(several, func(int) error {
		sku, err := s.market.Sell(ctx, 100, "10.00")
		if err != nil {
			return err
		}
		one := s.crowd.One(load.Card)
		if err := errors.Join(one.Fill(ctx), one.Add(ctx, sku, 1)); err != nil {
			return err
		}
		cart, err := one.Cart(ctx)
		if err != nil {
			return err
		}
		if err := s.market.Price(ctx, load.AtOnce, sku, fmt.Sprintf("11.%02d", 1+s.seed%90)); err != nil {
			return err
		}
		err = one.Expecting(ctx, cart.GetTotals().GetTotal().GetAmount())
		_, after := one.Cart(ctx)
		return errors.Join(must(load.Reason(err) == "PRICE_CHANGED", "a checkout at the old price answered: %v", err), after)
	})
}

func halfShort(ctx context.Context, s *stage) error {
	short, err := s.market.Sell(ctx, 1, "10.00")
	if err != nil {
		return err
	}
	plenty, err := s.market.Sell(ctx, 100, "10.00")
	if err != nil {
		return err
	}
	err = s.together(several, func(int) error {
		one := s.crowd.One(load.Card)
		if err := errors.Join(one.Fill(ctx), one.Add(ctx, plenty, 1), one.Add(ctx, short, 2)); err != nil {
			return err
		}
		_, err := one.Checkout(ctx)
		return must(load.Reason(err) == "SOLD_OUT", "two of one answered: %v", err)
	})
	n, countErr := s.count(ctx, "reserved", []string{short, plenty})
	return errors.Join(err, countErr, must(n == 0, "%d units stayed reserved", n))
}

func bankTooLate(ctx context.Context, s *stage) error {
	if err := s.tell(ctx, bank{Faults: []bankFault{{Kind: "authorize", Action: "delay", DelayMS: 4000, Count: 2 * several}}}); err != nil {
		return err
	}
	err := s.together(several, func(int) error {
		one := s.crowd.One(load.Hasty)
		if err := one.Fill(ctx); err != nil {
			return err
		}
		_, err := one.Checkout(ctx)
		return err
	})
	return errors.Join(err, s.tell(ctx, bank{Reset: true}))
}

// expire ends the time of checkouts as the database sees it.
func (s *stage) expire(ctx context.Context, orders ...string) error {
	_, err := s.db.Exec(ctx, query("expire_checkouts"), orders)
	return err
}

func neverBack(ctx context.Context, s *stage) error { return s.tooLate(ctx, false) }

func backTooLate(ctx context.Context, s *stage) error { return s.tooLate(ctx, true) }

// tooLate lets checkouts run out of time while their buyers are at the bank, and some buyers pay afterwards.
func (s *stage) tooLate(ctx context.Context, paysAfterwards bool) error {
	kinds := []load.Kind{load.Challenge, load.Wallet, load.QR}
	return s.together(several, func(n int) error {
		one, order, err := s.bought(ctx, kinds[n%len(kinds)])
		if err != nil {
			return err
		}
		at := page(order)
		if err := s.expire(ctx, order.GetId()); err != nil {
			return err
		}
		settled, err := one.Settled(ctx, order.GetId())
		if err != nil {
			return err
		}
		failed := settled.GetStatus() == storefrontv1.OrderStatus_ORDER_STATUS_FAILED
		if err := must(failed, "order %s is %s", order.GetId(), settled.GetStatus()); err != nil || !paysAfterwards {
			return err
		}
		return errors.Join(load.Click(ctx, at, "approve"), one.Resume(ctx, order.GetId()))
	})
}

func captureRefused(ctx context.Context, s *stage) error {
	return s.together(several, func(int) error {
		one, order, err := s.bought(ctx, load.Challenge)
		if err != nil {
			return err
		}
		if err := s.tell(ctx, bank{Faults: []bankFault{{Kind: "capture", Order: order.GetId(), Action: "refuse", Count: 1}}}); err != nil {
			return err
		}
		if err := errors.Join(load.Click(ctx, page(order), "approve"), one.Resume(ctx, order.GetId())); err != nil {
			return err
		}
		problem := storefrontv1.PaymentStatus_PAYMENT_STATUS_PROBLEM
		err = wait(ctx, RecoveryTime, "order "+order.GetId()+" has a problem", func() (bool, error) {
			settled, err := one.Settled(ctx, order.GetId())
			return settled.GetPaymentStatus() == problem, err
		})
		if err != nil {
			return err
		}
		seen, err := one.Staff(ctx, order.GetId())
		if err != nil {
			return err
		}
		return errors.Join(must(seen.GetNeedsAttention(), "nobody is told of order %s", order.GetId()), one.Cancel(ctx, order.GetId()))
	})
}

func voidOfCaptured(ctx context.Context, s *stage) error {
	return s.together(several, func(int) error {
		one, order, err := s.bought(ctx, load.QR)
		if err != nil {
			return err
		}
		clicked := make(chan error, 1)
		go func() { clicked <- load.Click(ctx, page(order), "approve") }()
		err = one.Cancel(ctx, order.GetId())
		if reason := load.Reason(err); reason == "ORDER_STATE" {
			err = nil // it was over already
		}
		return errors.Join(err, <-clicked, one.Resume(ctx, order.GetId()))
	})
}

func twoTabs(ctx context.Context, s *stage) error {
	return s.together(several, func(int) error {
		one := s.crowd.One(load.Card)
		if err := one.Fill(ctx); err != nil {
			return err
		}
		ids := make([]string, 2)
		var both sync.WaitGroup
		var mu sync.Mutex
		var problems error
		for tab := range ids {
			both.Go(func() {
				order, err := one.Checkout(ctx)
				mu.Lock()
				defer mu.Unlock()
				ids[tab] = order.GetId()
				if reason := load.Reason(err); err != nil && reason != "CART_CONVERTED" && reason != "CHECKOUT_IN_PROGRESS" {
					problems = errors.Join(problems, err)
				}
			})
		}
		both.Wait()
		return errors.Join(problems, must((ids[0] == "") != (ids[1] == ""), "two tabs made the orders %q", ids))
	})
}

func refundRefused(ctx context.Context, s *stage) error {
	return s.together(several, func(int) error {
		one, order, err := s.bought(ctx, load.Card)
		if err != nil {
			return err
		}
		if _, err := one.Settled(ctx, order.GetId()); err != nil {
			return err
		}
		if err := s.tell(ctx, bank{Faults: []bankFault{{Kind: "refund", Order: order.GetId(), Action: "refuse", Count: 1}}}); err != nil {
			return err
		}
		err = one.Refund(ctx, order)
		if err := must(load.Reason(err) == "PAYMENT_REFUND_FAILED", "a refused refund answered: %v", err); err != nil {
			return err
		}
		return one.Refund(ctx, order)
	})
}

func manyRefunds(ctx context.Context, s *stage) error {
	return s.together(several, func(int) error {
		one, order, err := s.bought(ctx, load.Card)
		if err != nil {
			return err
		}
		if _, err := one.Settled(ctx, order.GetId()); err != nil {
			return err
		}
		return s.together(5, func(int) error {
			err := one.Refund(ctx, order)
			if reason := load.Reason(err); reason == "ORDER_BUSY" || reason == "QTY_EXCEEDS" {
				return nil
			}
			return err
		})
	})
}

// disorder lets the provider repeat and shuffle its news.
func disorder(ctx context.Context, s *stage) error {
	return s.webhooks(ctx, map[string]any{"duplicate": 2, "reorder": true})
}

// newsHeld lets the provider keep its news back.
func newsHeld(ctx context.Context, s *stage) error {
	return s.webhooks(ctx, map[string]any{"hold": true})
}

func (s *stage) webhooks(ctx context.Context, mode map[string]any) error {
	if err := s.tell(ctx, bank{Webhooks: mode}); err != nil {
		return err
	}
	s.shots.Add(1)
	err := s.pass(ctx, 4*time.Second)
	return errors.Join(err, s.tell(ctx, bank{Reset: true}))
}

func countBelow(ctx context.Context, s *stage) error {
	sku, err := s.market.Sell(ctx, 100, "10.00")
	if err != nil {
		return err
	}
	return s.together(several, func(int) error {
		one := s.crowd.One(load.Card)
		if err := errors.Join(one.Fill(ctx), one.Add(ctx, sku, 2)); err != nil {
			return err
		}
		if _, err := one.Checkout(ctx); err != nil {
			return err
		}
		err := s.crowd.Count(ctx, sku, 1)
		return must(load.Refused(err), "a count below what is reserved answered: %v", err)
	})
}
