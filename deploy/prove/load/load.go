// Package load buys at a shop as a crowd does: by card, with a challenge, by wallet, QR code and voucher, with gift cards and coupons,
// and then cancels, sends things back and has parcels sent. Whatever goes wrong on the way, a buyer repeats the call with its key,
// and every promise of the shop is written down before the buyer goes on.
package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// patience is how long a buyer repeats one call. It is longer than any outage that a cell makes, with what follows it.
const patience = 3 * time.Minute

// Kind is a way to buy.
type Kind string

// The kinds.
const (
	Card       Kind = "card"       // a card that is accepted
	Challenge  Kind = "challenge"  // a card with a challenge page, passed
	Denied     Kind = "denied"     // a card with a challenge page, not passed
	Declined   Kind = "declined"   // a card that is refused
	Wallet     Kind = "wallet"     // approved on the wallet's page
	QR         Kind = "qr"         // captured at once when it is approved
	Voucher    Kind = "voucher"    // paid later
	GiftCard   Kind = "giftcard"   // a gift card and a card
	GiftDenied Kind = "giftdenied" // a gift card, a coupon and a card that is refused
	Coupon     Kind = "coupon"     // with a coupon
	Cancel     Kind = "cancel"     // placed, then cancelled
	Refund     Kind = "refund"     // placed, then a part given back
	GiftRefund Kind = "giftrefund" // paid by gift card, coupon and card, then cancelled
	Parcels    Kind = "parcels"    // charged by parcel, sent in two
	Return     Kind = "return"     // sent, then a part returned to stock
	Hasty      Kind = "hasty"      // cancelled while the payment is under way
	LostReply  Kind = "lostreply"  // a card whose answer the bank loses
)

// Kinds are all ways to buy.
func Kinds() []Kind {
	return []Kind{
		Card, Challenge, Denied, Declined, Wallet, QR, Voucher, GiftCard, GiftDenied, Coupon, Cancel, Refund, GiftRefund, Parcels, Return,
		Hasty, LostReply,
	}
}

// Crowd is many buyers at one shop.
type Crowd struct {
	market  *Market
	ledger  *Ledger
	seed    uint64
	serial  atomic.Uint64
	waiting sync.WaitGroup
	stop    chan struct{}
	pace    *time.Ticker // gives leave to begin; nil when nobody waits for it

	mu       sync.Mutex
	wrong    []string
	refusals map[string]int
	began    int
	ended    int
}

// NewCrowd prepares buyers; the seed decides who buys what.
func NewCrowd(m *Market, ledger *Ledger, seed uint64) *Crowd {
	return &Crowd{market: m, ledger: ledger, seed: seed, refusals: map[string]int{}}
}

// Pace lets at most so many purchases begin in a second. It is for before Start.
func (c *Crowd) Pace(perSecond float64) {
	c.pace = time.NewTicker(time.Duration(float64(time.Second) / perSecond))
}

// Start lets so many buyers buy, half of them in the preferred ways, the rest in all, until Stop.
func (c *Crowd) Start(ctx context.Context, buyers int, preferred []Kind) {
	c.stop = make(chan struct{})
	for n := range buyers {
		c.waiting.Go(func() { c.shop(ctx, n, preferred) })
	}
}

// Stop lets nobody begin anew. Wait returns when those under way are served.
func (c *Crowd) Stop() {
	close(c.stop)
	if c.pace != nil {
		c.pace.Stop()
	}
}

// Wait returns when every buyer is served.
func (c *Crowd) Wait() { c.waiting.Wait() }

// Figures are the purchases that began and ended.
func (c *Crowd) Figures() (began, ended int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.began, c.ended
}

// Wrong is what no buyer may ever meet.
func (c *Crowd) Wrong() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.wrong...)
}

func (c *Crowd) shop(ctx context.Context, n int, preferred []Kind) {
	for c.mayBegin(ctx) {
		dice := rand.New(rand.NewPCG(c.seed, c.serial.Add(1))) //nolint:gosec // who buys what is no secret
		kinds := Kinds()
		if len(preferred) > 0 && n%2 == 0 {
			kinds = preferred
		}
		kind := kinds[dice.IntN(len(kinds))]
		c.count(&c.began)
		b := &buyer{crowd: c, dice: dice, kind: kind}
		if err := b.buy(ctx); err != nil && ctx.Err() == nil {
			c.Complain("%s: %v", kind, err)
		}
		c.count(&c.ended)
	}
}

// mayBegin waits for the pace and tells whether the crowd buys on.
func (c *Crowd) mayBegin(ctx context.Context) bool {
	if c.pace != nil {
		select {
		case <-c.pace.C:
		case <-c.stop:
		case <-ctx.Done():
		}
	}
	select {
	case <-c.stop:
		return false
	default:
		return ctx.Err() == nil
	}
}

func (c *Crowd) count(n *int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*n++
}

// Complain writes down what must not happen.
func (c *Crowd) Complain(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
}

// call sends a call with a key until it is answered for good. Only refusals that ask for a later try, and broken connections, are
// tried again; an answer that blames the shop is a complaint.
func (c *Crowd) call(ctx context.Context, client *shopclient.Client, call shopclient.Call, out proto.Message) error {
	if call.Verb != http.MethodGet {
		call.Key = id.New()
	}
	client = client.WithTransport(func(web http.RoundTripper) http.RoundTripper { return watch{c, web} })
	err := client.DoPatiently(ctx, patience, call, out)
	var problem *shopclient.Problem
	if errors.As(err, &problem) && problem.Status >= http.StatusInternalServerError {
		c.Complain("%s %s answered %v", call.Verb, call.Path, problem)
	}
	return err
}

// watch sees every answer, also those after which a buyer tries again.
type watch struct {
	crowd *Crowd
	web   http.RoundTripper
}

// RoundTrip complains of a 503 that does not say when to come back.
func (w watch) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := w.web.RoundTrip(r)
	if err == nil && answer.StatusCode == http.StatusServiceUnavailable && answer.Header.Get("Retry-After") == "" {
		w.crowd.Complain("%s %s answered 503 without Retry-After", r.Method, r.URL.Path)
	}
	return answer, err
}

// reasonOf is the reason of a refusal, empty for anything else.
func reasonOf(err error) string {
	var problem *shopclient.Problem
	if errors.As(err, &problem) {
		return problem.Reason
	}
	return ""
}
