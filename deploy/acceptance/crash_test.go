package acceptance_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

const (
	// crowd is how many buyers go on buying while services die.
	crowd = 4
	// ordersBetween is how many orders must come through before and after each death.
	ordersBetween = 4
	// patience is how long a buyer repeats one call.
	patience = 90 * time.Second
)

// second runs another shop of the same binaries: one in which processes may be killed.
func (s *shop) second(t *testing.T) *shop {
	t.Helper()
	dir, err := os.MkdirTemp("", "cartwright-acceptance-crash-")
	require.NoError(t, err)
	ports, err := stack.FreePorts()
	require.NoError(t, err)
	o := stack.Options{Root: s.options.Root, Dir: dir, Bin: s.options.Bin, Ports: ports, Output: &quiet{}}
	other, err := start(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, other.close(context.Background(), !t.Failed()))
	})
	other.connect()
	require.NoError(t, other.openMarkets(t.Context()))
	return other
}

// quiet takes progress that nobody reads.
type quiet struct{}

// Write implements io.Writer.
func (quiet) Write(p []byte) (int, error) { return len(p), nil }

// bought is an order that the shop has acknowledged, with what it said it costs.
type bought struct {
	cart, order string
	total       int64
}

// shoppers buy without a pause and remember every promise of the shop.
type shoppers struct {
	t        *testing.T
	shop     *shop
	sku      string
	market   *market
	gateDown atomic.Bool // the gateway is not there, so connections fail

	mu       sync.Mutex
	orders   []bought
	refusals map[string]int
	wrong    []string
}

func (s *shoppers) count() (orders, refusals int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.refusals {
		refusals += n
	}
	return len(s.orders), refusals
}

func (s *shoppers) complain(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong = append(s.wrong, fmt.Sprintf(format, args...))
}

// do repeats a call with its key until it is accepted. Each refusal must be one that says when to come back.
func (s *shoppers) do(ctx context.Context, call shopclient.Call, out proto.Message) error {
	call.Key = id.New()
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) && ctx.Err() == nil {
		began := s.gateDown.Load()
		err := s.shop.web.Do(ctx, call, out)
		var refusal *shopclient.Problem
		wait := 100 * time.Millisecond
		switch {
		case err == nil:
			return nil
		case errors.As(err, &refusal):
			if (refusal.Status != http.StatusServiceUnavailable && refusal.Reason != "IDEMPOTENCY_IN_PROGRESS") || refusal.RetryAfter == "" {
				return err
			}
			wait = time.Duration(refusal.RetrySeconds()) * time.Second
			s.note(refusal.Reason)
		case began || s.gateDown.Load():
			s.note("no connection")
		case ctx.Err() == nil:
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%s %s: refused for %s", call.Verb, call.Path, patience)
}

func (s *shoppers) note(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusals[reason]++
}

// buy is one purchase.
func (s *shoppers) buy(ctx context.Context, n int) error {
	created := &storefrontv1.CreateCartResponse{}
	err := s.do(ctx, shopclient.Call{Verb: http.MethodPost, Path: "/v1/carts", In: &storefrontv1.CreateCartRequest{
		Channel: s.market.channel, Lines: []*storefrontv1.LineInput{{Sku: s.sku, Quantity: 1}},
	}}, created)
	if err != nil {
		return err
	}
	path := "/v1/carts/" + created.GetCart().GetId()
	email := "crowd@example.com"
	for _, call := range []shopclient.Call{
		{Verb: http.MethodPatch, Path: path, In: &storefrontv1.UpdateCartRequest{Email: &email, ShippingAddress: s.market.address}},
		{Verb: http.MethodPut, Path: path + "/shipping-option", In: &storefrontv1.SetShippingOptionRequest{Key: "standard"}},
	} {
		if err := s.do(ctx, call, nil); err != nil {
			return err
		}
	}
	kind := "ok"
	if n%7 == 0 {
		kind = "reply_lost"
	}
	answer := &storefrontv1.CheckoutResponse{}
	if err := s.do(ctx, shopclient.Call{Verb: http.MethodPost, Path: path + "/checkout", In: &storefrontv1.CheckoutRequest{Payment: card(kind)}}, answer); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders = append(s.orders, bought{cart: created.GetCart().GetId(), order: answer.GetOrder().GetId(), total: minor(s.t, answer.GetOrder().GetTotals().GetTotal())})
	return nil
}

// run buys until ctx ends.
func (s *shoppers) run(ctx context.Context) *sync.WaitGroup {
	var all sync.WaitGroup
	for shopper := range crowd {
		all.Go(func() {
			for n := shopper; ctx.Err() == nil; n++ {
				if err := s.buy(ctx, n); err != nil && ctx.Err() == nil {
					s.complain("a buyer was turned away: %v", err)
				}
			}
		})
	}
	return &all
}

// more waits until so many more orders came through.
func (s *shoppers) more(t *testing.T, orders int, when string) {
	t.Helper()
	before, _ := s.count()
	until(t, patience, fmt.Sprintf("%d more orders %s", orders, when), func() bool {
		now, _ := s.count()
		return now >= before+orders
	})
}

// When this fails a crash of one process loses orders, charges twice or hangs buyers: every service dies once, without
// warning, while buyers go on.
func TestEveryServiceMayDie(t *testing.T) {
	t.Parallel()
	if theShop.own == nil {
		theShop.leaveOut(t, "kills processes, which only a shop of the suite's own allows")
		return
	}
	victim := theShop.second(t)
	m := victim.market(gb)
	thing := victim.sell(t, goods{price: "10.00", stock: 100_000}, m)
	s := &shoppers{t: t, shop: victim, sku: thing.sku, market: m, refusals: map[string]int{}}
	ctx, stop := context.WithCancel(t.Context())
	crowded := s.run(ctx)
	for _, name := range []string{"product", "pricing", "inventory", "payment", "cart", "sandbox", "gateway"} {
		s.more(t, ordersBetween, "before "+name+" dies")
		_, before := s.count()
		s.gateDown.Store(name == "gateway")
		began := time.Now()
		victim.own.Kill(name)
		s.whileDown(t, name, thing)
		until(t, 5*time.Second, "the death of "+name+" is felt", func() bool {
			_, now := s.count()
			return now > before || time.Since(began) > 3*time.Second
		})
		require.NoError(t, victim.own.Restart(ctx, name))
		s.gateDown.Store(false)
		s.more(t, ordersBetween, "after "+name+" came back")
		t.Logf("%s died and came back; the shop sold again after %s", name, time.Since(began).Round(10*time.Millisecond))
	}
	stop()
	crowded.Wait()
	s.audit(thing)
	require.NoError(t, victim.audit(t.Context(), s.promises(), t.Output()))
}

// whileDown asks for something that the dead service owns: a clear refusal that says when to come back, or an answer that does
// without.
func (s *shoppers) whileDown(t *testing.T, name string, thing *item) {
	t.Helper()
	page := "/v1/products/" + thing.handle + "?channel=" + s.market.channel
	path := map[string]string{
		"product": page, "pricing": page, "payment": "/v1/payment-methods?channel=" + s.market.channel, "cart": "/v1/carts/" + id.Secret(),
	}[name]
	guest := s.shop.guest(t)
	if name == "payment" || name == "cart" || name == "sandbox" {
		require.Equal(t, http.StatusOK, guest.send(shopclient.Call{Verb: http.MethodGet, Path: page}).Status, "the catalogue goes on without %s", name)
	}
	switch name {
	case "inventory":
		require.Equal(t, storefrontv1.StockBand_STOCK_BAND_UNSPECIFIED, guest.product(thing.handle, s.market).GetVariants()[0].GetStock(), "one may look while nobody counts")
	case "gateway":
		_, err := s.shop.web.Send(t.Context(), shopclient.Call{Verb: http.MethodGet, Path: page})
		require.Error(t, err)
	case "sandbox":
		guest.get("/v1/payment-methods?channel="+s.market.channel, nil)
	default:
		answer := guest.send(shopclient.Call{Verb: http.MethodGet, Path: path})
		require.Equal(t, http.StatusServiceUnavailable, answer.Status, "%s is down: %s", name, answer.Body)
		require.NotEmpty(t, answer.Header.Get("Retry-After"))
		require.Contains(t, string(answer.Body), "DEPENDENCY_UNAVAILABLE")
	}
}

// audit compares what was promised with what is there, and both with the provider's own log.
func (s *shoppers) audit(thing *item) {
	t := s.t
	orders, _ := s.count()
	t.Logf("%d orders acknowledged, refusals meanwhile: %v", orders, s.refusals)
	require.Empty(t, s.wrong)
	require.Empty(t, s.shop.watch.complaints())
	guest, staff := s.shop.guest(t), s.shop.staff(t)
	var open []string
	until(t, settleTime, "every order reaches a final state", func() bool {
		open = nil
		page := &adminv1.ListOrdersResponse{}
		staff.get("/admin/v1/orders?pageSize=200&status=ORDER_STATUS_PENDING", page)
		for _, order := range page.GetOrders() {
			open = append(open, order.GetId())
		}
		return len(open) == 0
	})
	for _, promised := range s.orders {
		order := guest.settled(promised.order)
		require.Equal(t, placed, order.GetStatus(), "order %s: %v", order.GetId(), order.GetFailure())
		require.Equal(t, captured, order.GetPaymentStatus(), "order %s", order.GetId())
		require.Equal(t, promised.cart, order.GetCartId())
		require.Equal(t, promised.total, minor(t, order.GetTotals().GetTotal()))
		require.Equal(t, moved{Authorized: promised.total, Captured: promised.total}, s.shop.moved(t, order.GetId()), "order %s is paid once", order.GetId())
	}
	s.auditAll(staff, thing)
}

// auditAll looks at every order there is, also those whose buyer never got an answer.
func (s *shoppers) auditAll(staff *caller, thing *item) {
	t := s.t
	sold := int32(0)
	token := ""
	for {
		page := &adminv1.ListOrdersResponse{}
		staff.get("/admin/v1/orders?pageSize=200&pageToken="+token, page)
		for _, summary := range page.GetOrders() {
			order := staff.settled(summary.GetId())
			money := s.shop.moved(t, order.GetId())
			if order.GetStatus() == placed {
				sold++
				require.Equal(t, minor(t, order.GetTotals().GetTotal()), money.Captured-money.Refunded, "order %s", order.GetId())
				continue
			}
			require.Zero(t, money.Captured-money.Refunded, "order %s was not placed and costs nothing", order.GetId())
			require.Zero(t, money.Authorized-money.Captured-money.Voided, "order %s holds nothing at the bank", order.GetId())
		}
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	until(t, settleTime, "stock is what was not sold", func() bool {
		level := thing.level()
		return level.GetAvailable() == 100_000-sold && level.GetOnHand() == 100_000
	})
	doubtful := &adminv1.ListOperationsResponse{}
	staff.get("/admin/v1/payment-operations?needsAttention=true", doubtful)
	require.Empty(t, doubtful.GetOperations())
}
