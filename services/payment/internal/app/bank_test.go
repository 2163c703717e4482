package app_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/payment/internal/giftcard"
	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/payment/internal/sandboxserver"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	platform "github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/prooftest"
)

// watch reads the books over and over until ctx ends: at every instant they sum to nothing and gift cards are what was posted.
func (e *engine) watch(ctx context.Context, reads *atomic.Int64) {
	for ctx.Err() == nil {
		balances, err := e.store.TrialBalance(context.WithoutCancel(ctx))
		if err != nil {
			e.t.Error(err)
			return
		}
		sum := int64(0)
		for _, b := range balances {
			sum += b.Debits - b.Credits
		}
		drift, err := e.store.CardDrift(context.WithoutCancel(ctx))
		if err != nil || sum != 0 || drift != 0 {
			e.t.Errorf("the books are off by %d and the cards by %d: %v", sum, drift, err)
			return
		}
		reads.Add(1)
	}
}

// use is one random thing that is done with gift cards; its refusals are fine and its failures are not.
func (e *engine) use(ctx context.Context, random *rand.Rand, cards []string) error {
	card, amount := cards[random.IntN(len(cards))], 1+random.Int64N(300)
	ttl := []time.Duration{time.Second, time.Hour}[random.IntN(2)]
	hold := id.New()
	_, err := e.cards.Hold(ctx, giftcard.HoldRequest{HoldID: hold, RequestID: "r", CardID: card, OrderID: id.Secret(), Amount: *pounds(amount), TTL: ttl})
	if err != nil {
		return err
	}
	switch random.IntN(4) {
	case 0:
		_, err = e.cards.Release(ctx, hold, "r", "")
	case 1:
		_, err = e.cards.FreeExpired(ctx) // leaves this hold to a later sweep
	default:
		if _, err = e.cards.Post(ctx, hold, "r", pounds(1+random.Int64N(amount))); err == nil && random.IntN(3) > 0 {
			_, err = e.cards.RefundToCard(ctx, giftcard.RefundRequest{RefundID: "f", HoldID: hold, RequestID: "r", Amount: *pounds(1)})
		}
	}
	return err
}

// pay is one random thing that is done with a payment that others use at the same time.
func (e *engine) pay(ctx context.Context, random *rand.Rand, payments []string) error {
	p, r := payments[random.IntN(len(payments))], move("", id.New(), 1+random.Int64N(200))
	r.PaymentID = p
	var err error
	if random.IntN(2) == 0 {
		_, _, err = e.Capture(ctx, r)
	} else {
		_, _, err = e.Refund(ctx, r)
	}
	return err
}

// Whoever reads the books while everybody buys and returns sees sums of nothing, and nobody waits for ever: elsewhere locks
// taken in different orders stopped the checkout, and a page read in between showed money that was not there. Fails when a
// reader sees a sum, when the database has to end a deadlock, or when money is made or lost.
func TestBooksBalanceAtEveryInstantOfAStorm(t *testing.T) {
	t.Parallel()
	e := newEngine(t, sandboxserver.Config{}, payment.Config{})
	var cards, payments []string
	for range 6 {
		cards = append(cards, issue(t, e.cards, 50_000))
		payments = append(payments, e.authorize(500_000, "tok_ok").ID)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(prooftest.Rounds(3, 60))*time.Second)
	defer cancel()
	var reads, done atomic.Int64
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { e.watch(ctx, &reads) })
	}
	for i := range 16 {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(rand.Uint64(), uint64(i)))
			for ctx.Err() == nil {
				work, act := context.WithoutCancel(ctx), e.use
				things := cards
				if i < 4 {
					act, things = e.pay, payments
				}
				err := act(work, random, things)
				switch code := errs.CodeOf(err); {
				case platform.IsLockTimeout(err): // a busy machine; the caller is told to come again
				case code == errs.Internal, code == errs.Unavailable:
					t.Errorf("worker %d: %v", i, err)
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	require.Positive(t, reads.Load())
	t.Logf("%d uses, %d reads", done.Load(), reads.Load())
	require.Zero(t, e.deadlocks())
}

// deadlocks is how many the server had to end in a database; what its connections counted is known when they are closed.
func (e *engine) deadlocks() (n int64) {
	t := e.t
	t.Helper()
	e.pool.Close()
	e.db.DB.Close()
	conn, err := pgx.Connect(t.Context(), e.db.AdminDSN)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	require.Eventually(t, func() bool {
		var open int
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()").Scan(&open))
		return open == 0
	}, waitFor, tick)
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").Scan(&n))
	return n
}

// What was spent is given back once, though everybody asks twice: elsewhere a refund that was checked without the lock that
// spending takes paid twice. Fails when of two reversals of the same spending both or none succeed.
func TestEverySpendingIsReversedOnce(t *testing.T) {
	t.Parallel()
	e := newEngine(t, sandboxserver.Config{}, payment.Config{})
	const workers, amount = 32, 100
	spendings := prooftest.Rounds(320, 5_000)
	var cards []string
	for range 16 {
		cards = append(cards, issue(t, e.cards, int64(spendings)*amount))
	}
	todo := make(chan int, spendings)
	for i := range spendings {
		todo <- i
	}
	close(todo)
	var once, refused atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range todo {
				hold, order := id.New(), id.Secret()
				err := patiently(func() error {
					_, err := e.cards.Hold(t.Context(), giftcard.HoldRequest{
						HoldID: hold, RequestID: "r", CardID: cards[i%len(cards)], OrderID: order, Amount: *pounds(amount), TTL: time.Hour,
					})
					return err
				})
				if err == nil {
					err = patiently(func() error { _, err := e.cards.Post(t.Context(), hold, "r", nil); return err })
				}
				if err != nil {
					t.Error(err)
					continue
				}
				e.reverseTwice(hold, amount, &once, &refused)
			}
		})
	}
	wg.Wait()
	require.Equal(t, int64(spendings), once.Load())
	require.Equal(t, int64(spendings), refused.Load())
	for _, card := range cards {
		after, err := e.cards.Get(t.Context(), card)
		require.NoError(t, err)
		require.Equal(t, after.Initial, after.Balance)
		require.Zero(t, after.Held)
	}
	drift, err := e.store.CardDrift(t.Context())
	require.NoError(t, err)
	require.Zero(t, drift)
}

// patiently repeats a call that waited too long for a lock, as its caller would.
func patiently(call func() error) error {
	for {
		if err := call(); !platform.IsLockTimeout(err) {
			return err
		}
	}
}

// reverseTwice gives a spending back twice at once, under two ids.
func (e *engine) reverseTwice(hold string, amount int64, once, refused *atomic.Int64) {
	var both sync.WaitGroup
	for _, refund := range []string{"one", "two"} {
		both.Go(func() {
			err := patiently(func() error {
				_, err := e.cards.RefundToCard(e.t.Context(), giftcard.RefundRequest{RefundID: refund, HoldID: hold, RequestID: "r", Amount: *pounds(amount)})
				return err
			})
			switch errs.ReasonOf(err) {
			case "":
				once.Add(1)
			case "AMOUNT_EXCEEDS":
				refused.Add(1)
			default:
				e.t.Error(err)
			}
		})
	}
	both.Wait()
}

// A cause is booked once, whatever is tried, and what is booked stays: fails when the same source can be posted again.
func TestACauseIsBookedOnce(t *testing.T) {
	t.Parallel()
	e := newEngine(t, sandboxserver.Config{AllEvents: true}, payment.Config{})
	p := e.authorize(5_000, "tok_ok")
	_, _, err := e.Capture(t.Context(), move(p.ID, "c", 5_000))
	require.NoError(t, err)
	_, _, err = e.Refund(t.Context(), move(p.ID, "f", 5_000))
	require.NoError(t, err)
	before := e.ledger(p.ID)
	require.Len(t, before, 4)
	for _, body := range e.provider.Events() {
		for range 3 {
			require.NoError(t, e.deliver(rewrittenBody(t, body)))
		}
	}
	require.Equal(t, before, e.ledger(p.ID))
	_, err = e.db.DB.Exec(t.Context(), `INSERT INTO ledger_transaction (id, kind, source, order_id, payment_id, operation_id, gift_card_id, actor, request_id)
		SELECT 'again', kind, source, order_id, payment_id, operation_id, gift_card_id, actor, request_id FROM ledger_transaction LIMIT 1`)
	require.ErrorContains(t, err, "ledger_transaction_source")
}
