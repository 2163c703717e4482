package app_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/payment/internal/sandboxserver"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// asOwner changes what the service itself may not.
func (e *engine) asOwner(statement string) {
	e.t.Helper()
	conn, err := pgx.Connect(e.t.Context(), e.db.OwnerDSN)
	require.NoError(e.t, err)
	_, err = conn.Exec(e.t.Context(), statement)
	require.NoError(e.t, err)
	require.NoError(e.t, conn.Close(e.t.Context()))
}

// Money is never recorded without its ledger entry, nor the other way around, when the store fails between the two: elsewhere
// the provider had refunded and the shop's own transaction was rolled back, so the refund was paid out again. Fails when the
// operation says done and the books do not, or when what was done is done again afterwards.
func TestMoneyAndItsEntryAreRecordedTogether(t *testing.T) {
	t.Parallel()
	e := newEngine(t, sandboxserver.Config{}, payment.Config{})
	for _, kind := range []payment.Kind{payment.Capture, payment.Refund} {
		p := e.authorize(1_000, "tok_ok")
		act := func() error { _, _, err := e.Capture(t.Context(), move(p.ID, "m", 1_000)); return err }
		if kind == payment.Refund {
			require.NoError(t, act())
			act = func() error { _, _, err := e.Refund(t.Context(), move(p.ID, "m", 1_000)); return err }
		}
		booked := e.ledger(p.ID)
		e.asOwner("REVOKE INSERT ON posting FROM payment_app")
		require.Error(t, act(), kind)
		require.Equal(t, booked, e.ledger(p.ID))
		after := e.get(p.ID)
		last := after.Operations[len(after.Operations)-1]
		require.Equal(t, payment.Sending, last.Status, "not recorded, although the provider has done it: %s", kind)
		require.Equal(t, int64(1), e.effects(p.OrderID, kind))
		require.Equal(t, "IDEMPOTENCY_IN_PROGRESS", errs.ReasonOf(act()), "nobody does it again meanwhile")
		e.asOwner("GRANT INSERT ON posting TO payment_app")
		e.exec("UPDATE operation SET next_check_at = now() WHERE id = $1", last.ID)
		_, err := e.ResolveDue(t.Context())
		require.NoError(t, err)
		require.NoError(t, act(), "the answer is found by asking: %s", kind)
		require.Len(t, e.ledger(p.ID), len(booked)+2)
		require.Equal(t, int64(1), e.effects(p.OrderID, kind))
	}
}

// What is not written down is not sent: fails when the provider is asked for money although the request could not be stored.
func TestNothingIsSentThatIsNotStored(t *testing.T) {
	t.Parallel()
	e := newEngine(t, sandboxserver.Config{}, payment.Config{})
	p := e.authorize(1_000, "tok_ok")
	_, _, err := e.Capture(t.Context(), move(p.ID, "c", 500))
	require.NoError(t, err)
	e.asOwner("REVOKE INSERT ON operation FROM payment_app")
	for name, act := range map[string]func() error{
		"authorize": func() error { _, err := e.Authorize(t.Context(), request(1_000, "tok_ok")); return err },
		"capture":   func() error { _, _, err := e.Capture(t.Context(), move(p.ID, "c1", 100)); return err },
		"refund":    func() error { _, _, err := e.Refund(t.Context(), move(p.ID, "f1", 100)); return err },
		"void": func() error {
			_, err := e.Void(t.Context(), payment.VoidRequest{PaymentID: p.ID, VoidID: "v", RequestID: "r"})
			return err
		},
	} {
		require.Error(t, act(), name)
	}
	books := e.books(p.OrderID)
	require.Equal(t, []int64{1_000, 500, 0, 0}, []int64{books.Authorized, books.Captured, books.Refunded, books.Voided})
	require.Len(t, e.provider.Summary(""), 1, "no other order reached the provider")
	e.asOwner("GRANT INSERT ON operation TO payment_app")
	require.Equal(t, int64(500), e.get(p.ID).Capturable(), "and nothing stayed reserved")
}

// A sweep that meets a capture at the end of an authorization leaves one winner: fails when the money is both taken and said to
// be gone, or is given back although it came in time.
func TestLapseRacesCapture(t *testing.T) {
	t.Parallel()
	e := newEngine(t, sandboxserver.Config{}, payment.Config{})
	won := map[payment.State]int{}
	for i := range 40 {
		p := e.authorize(1_000, "tok_ok")
		e.endsIn(p.ID, time.Duration((i%8)*(i%8)*5)*time.Millisecond)
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for range 8 {
					if _, err := e.ReleaseLapsed(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Go(func() {
			_, _, err := e.Capture(t.Context(), move(p.ID, "c", 1_000))
			if reason := errs.ReasonOf(err); reason != "" && reason != "AUTH_EXPIRED" && reason != "PAYMENT_STATE" {
				t.Error(err)
			}
		})
		wg.Wait()
		_, err := e.ReleaseLapsed(t.Context())
		require.NoError(t, err)
		after, books := e.get(p.ID), e.books(p.OrderID)
		won[after.State]++
		require.Equal(t, []int64{books.Captured, books.Voided, books.Refunded}, []int64{after.Captured, after.Voided, after.Refunded})
		require.Zero(t, after.Refunded)
		require.Equal(t, int64(1_000), after.Captured+after.Voided, "%s", after.State)
	}
	require.Len(t, won, 2, "each has won sometimes: %v", won)
	require.Equal(t, 40, won[payment.Captured]+won[payment.Expired])
}

// A buyer who leaves at the bank's page and comes back the next day is not charged for an order that is gone: fails when the
// payment waits for ever, or when the late approval takes money and nobody gives it back.
func TestBuyerWhoComesBackTooLate(t *testing.T) {
	t.Parallel()
	e := newEngine(t, sandboxserver.Config{ActionTTL: 15 * time.Minute}, payment.Config{})
	for _, token := range []string{"tok_3ds", ""} {
		r := request(1_000, token)
		if token == "" {
			r.Method = "qr"
		}
		p, err := e.Authorize(t.Context(), r)
		require.NoError(t, err)
		page := p.NextAction.URL
		e.clock.Advance(16 * time.Minute)
		response, err := http.Post(page+"/approve", "", strings.NewReader(""))
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		after, err := e.Resolve(t.Context(), p.ID)
		require.NoError(t, err)
		require.Equal(t, payment.Declined, after.State)
		require.Equal(t, "expired", after.DeclineReason)
		_, err = e.Void(t.Context(), payment.VoidRequest{PaymentID: p.ID, VoidID: "v", RequestID: "r"})
		require.NoError(t, err)
		books := e.books(p.OrderID)
		require.Zero(t, books.Authorized+books.Captured)
	}
}

// A buyer who approves in the moment in which the shop gives up pays nothing in the end, whoever comes first: fails when the
// money stays, or goes back twice.
func TestApprovalRacesVoid(t *testing.T) {
	t.Parallel()
	e := newEngine(t, sandboxserver.Config{AllEvents: true}, payment.Config{})
	for range 20 {
		r := request(1_000, "")
		r.Method = "qr"
		p, err := e.Authorize(t.Context(), r)
		require.NoError(t, err)
		var wg sync.WaitGroup
		wg.Go(func() {
			response, err := http.Post(p.NextAction.URL+"/approve", "", strings.NewReader(""))
			if err != nil || response.Body.Close() != nil {
				t.Error(err)
			}
			for _, body := range e.eventsOf(r.OrderID) {
				if err := e.deliver(body); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			if _, err := e.Void(context.WithoutCancel(t.Context()), payment.VoidRequest{PaymentID: p.ID, VoidID: "v", RequestID: "r"}); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		after, err := e.Resolve(t.Context(), p.ID)
		require.NoError(t, err)
		for _, body := range e.eventsOf(r.OrderID) {
			require.NoError(t, e.deliver(body))
		}
		after = e.get(after.ID)
		require.Contains(t, []payment.State{payment.Voided, payment.Refunded, payment.Declined}, after.State)
		books := e.books(r.OrderID)
		require.Equal(t, books.Captured, books.Refunded)
		require.Equal(t, []int64{books.Captured, books.Refunded}, []int64{after.Captured, after.Refunded})
	}
}

// eventsOf are the provider's notifications about an order that nobody has taken yet.
func (e *engine) eventsOf(order string) (bodies [][]byte) {
	e.t.Helper()
	for _, body := range e.provider.Events() {
		var event sandboxserver.Event
		require.NoError(e.t, json.Unmarshal(body, &event))
		if event.Operation.OrderReference == order {
			bodies = append(bodies, body)
		}
	}
	return bodies
}

// A refund that the provider refused first and paid out later is found when somebody asks: elsewhere a refund that had ended was
// never looked at again, whatever the provider said since. Fails when what is final cannot be asked about, or when asking
// about a true failure changes anything.
func TestWhatFailedCanBeAskedAboutAgain(t *testing.T) {
	t.Parallel()
	e := newEngine(t, sandboxserver.Config{AllEvents: true}, payment.Config{})
	p, _ := e.doubtful(payment.Refund, sandboxserver.FaultDropReply)
	refund := p.Operations[len(p.Operations)-1]
	for _, body := range e.eventsOf(p.OrderID) {
		var event sandboxserver.Event
		require.NoError(t, json.Unmarshal(body, &event))
		if event.Operation.MerchantReference != refund.ID {
			continue
		}
		event.Operation.Status, event.Operation.Reason = "failed", "refused"
		body, err := json.Marshal(event)
		require.NoError(t, err)
		require.NoError(t, e.deliver(body))
	}
	require.Equal(t, payment.Captured, e.get(p.ID).State)
	after, err := e.Resolve(t.Context(), p.ID)
	require.NoError(t, err)
	require.Equal(t, payment.Refunded, after.State)
	require.Len(t, e.ledger(p.ID), 4)
	require.Positive(t, e.queue.told(p.ID))

	declined := e.authorize(1_000, "tok_declined")
	again, err := e.Resolve(t.Context(), declined.ID)
	require.NoError(t, err)
	require.Equal(t, payment.Declined, again.State)
	require.Equal(t, declined.Version, again.Version, "nothing was written")
}

// Nobody waits for a provider with rows locked: elsewhere a payment call inside of the transaction that held stock stopped every
// other checkout for as long as the provider took. Fails when the adapter sends while a transaction is open.
func TestProviderIsNotCalledInsideATransaction(t *testing.T) {
	t.Parallel()
	e := newEngine(t, sandboxserver.Config{}, payment.Config{})
	r := request(1_000, "tok_ok")
	err := e.pool.Tx(t.Context(), func(ctx context.Context) error {
		_, err := e.adapter.Authorize(ctx, payment.Call{
			Operation: payment.Operation{ID: "op-in-tx", OrderID: r.OrderID, Kind: payment.Authorize, Amount: 1_000, Currency: "GBP"}, Method: "card", Token: "tok_ok",
		})
		return err
	})
	require.ErrorContains(t, err, "inside a transaction")
	require.Empty(t, e.provider.Summary(""))
}

// News for the order's owner is not lost when the first try of it fails: elsewhere the stored event was taken for its delivery, and
// what was sent at last was the state of long ago. Fails when a notice is given up, or carries anything that can be stale.
func TestNoticesReachAnOwnerThatWasDown(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.cart.mu.Lock()
	s.cart.down = 2
	s.cart.mu.Unlock()
	p := s.authorize(ask(5_000, "card", "tok_3ds"))
	s.buyer(p.GetNextAction().GetUrl(), "approve")
	require.Eventually(t, func() bool { return s.cart.told(p.GetId()) > 0 }, 2*waitFor, tick)
	s.cart.mu.Lock()
	defer s.cart.mu.Unlock()
	require.Zero(t, s.cart.down, "it was refused before")
	for _, notice := range s.cart.notices {
		require.Equal(t, p.GetOrderId(), notice.GetOrderId())
		require.NotEmpty(t, notice.GetEventId(), "ids only: what the payment is now is asked for")
	}
}
