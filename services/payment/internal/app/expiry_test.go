package app_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/payment/internal/sandboxserver"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// endsIn moves the end of a payment's authorization, as if time had passed until then.
func (e *engine) endsIn(paymentID string, left time.Duration) {
	e.t.Helper()
	e.exec("UPDATE payment SET capture_before = now() + make_interval(secs => $2) WHERE id = $1", paymentID, left.Seconds())
}

// Who sells on an authorization learns in time that it ends: elsewhere shops shipped goods weeks after the bank had dropped
// the hold, and were never paid. Fails when the order's owner is not told twelve hours before, is told again and again, or is
// told about what needs nothing.
func TestAuthorizationsThatEndSoonAreTold(t *testing.T) {
	t.Parallel()
	e := newEngine(t, sandboxserver.Config{}, payment.Config{})
	soon, part, later, done, voided := e.authorize(5_000, "tok_ok"), e.authorize(5_000, "tok_ok"), e.authorize(5_000, "tok_ok"), e.authorize(5_000, "tok_ok"), e.authorize(5_000, "tok_ok")
	_, _, err := e.Capture(t.Context(), move(part.ID, "c", 2_000))
	require.NoError(t, err)
	_, _, err = e.Capture(t.Context(), move(done.ID, "c", 5_000))
	require.NoError(t, err)
	_, err = e.Void(t.Context(), payment.VoidRequest{PaymentID: voided.ID, VoidID: "v", RequestID: "r"})
	require.NoError(t, err)
	for _, p := range []*payment.Payment{soon, part, done, voided} {
		e.endsIn(p.ID, 11*time.Hour+59*time.Minute)
	}
	e.endsIn(later.ID, 12*time.Hour+time.Minute)
	for range 3 {
		_, err := e.TendExpiring(t.Context())
		require.NoError(t, err)
	}
	for p, want := range map[*payment.Payment]int{soon: 1, part: 1, later: 0, done: 0, voided: 0} {
		require.Equal(t, want, e.queue.told(p.ID))
	}
	m, err := e.Measure(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(2), m.Expiring)
	require.Equal(t, payment.Authorized, e.get(soon.ID).State, "what to do is the owner's to say")
}

// A shop that rather takes the money than loses it gets it, once: fails when the capture is missing, is made twice by a sweep
// that died in between, or takes what was captured before.
func TestExpiringAuthorizationsAreCapturedWhereThatIsThePolicy(t *testing.T) {
	t.Parallel()
	e := newEngine(t, sandboxserver.Config{}, payment.Config{Expiry: payment.CaptureExpiring})
	whole, part := e.authorize(5_000, "tok_ok"), e.authorize(5_000, "tok_ok")
	_, _, err := e.Capture(t.Context(), move(part.ID, "c", 2_000))
	require.NoError(t, err)
	e.endsIn(whole.ID, time.Hour)
	e.endsIn(part.ID, time.Hour)
	for range 2 {
		_, err := e.TendExpiring(t.Context())
		require.NoError(t, err)
		e.exec("DELETE FROM expiry_notice") // the sweep died before it had noted that it was there
	}
	for _, p := range []*payment.Payment{whole, part} {
		after := e.get(p.ID)
		require.Equal(t, payment.Captured, after.State)
		require.Equal(t, int64(5_000), e.books(p.OrderID).Captured)
		require.Positive(t, e.queue.told(p.ID))
	}
	require.Len(t, e.get(whole.ID).Operations, 2)
	require.Len(t, e.get(part.ID).Operations, 3)
}

// An authorization that ran out is said to have run out, and its order's owner is told: fails when it still looks like money,
// or like an order that somebody cancelled.
func TestLapsedAuthorizationIsExpired(t *testing.T) {
	t.Parallel()
	e := newEngine(t, sandboxserver.Config{}, payment.Config{})
	whole, part := e.authorize(5_000, "tok_ok"), e.authorize(5_000, "tok_ok")
	_, _, err := e.Capture(t.Context(), move(part.ID, "c", 2_000))
	require.NoError(t, err)
	e.endsIn(whole.ID, -time.Second)
	e.endsIn(part.ID, -time.Second)
	_, _, err = e.Capture(t.Context(), move(whole.ID, "late", 5_000))
	require.Equal(t, "AUTH_EXPIRED", errs.ReasonOf(err))
	_, err = e.ReleaseLapsed(t.Context())
	require.NoError(t, err)
	require.Equal(t, payment.Expired, e.get(whole.ID).State)
	require.Equal(t, payment.Captured, e.get(part.ID).State, "what was captured stays, the rest is released")
	require.Equal(t, int64(3_000), e.get(part.ID).Voided)
	require.Positive(t, e.queue.told(whole.ID))
	require.Positive(t, e.queue.told(part.ID))
	_, _, err = e.Capture(t.Context(), move(whole.ID, "later", 5_000))
	require.Equal(t, "AUTH_EXPIRED", errs.ReasonOf(err))
	n, err := e.ReleaseLapsed(t.Context())
	require.NoError(t, err)
	require.Zero(t, n, "once")
}

// A capture that was on its way when the authorization ended counts if it came in time: fails when the sweep takes it for
// unwanted and gives the money for shipped goods back.
func TestLapseLeavesACaptureUnderWayAlone(t *testing.T) {
	t.Parallel()
	e := newEngine(t, sandboxserver.Config{}, payment.Config{})
	p := e.authorize(5_000, "tok_ok")
	e.provider.Apply(sandboxserver.Control{Faults: []sandboxserver.Fault{{Kind: "capture", Action: sandboxserver.FaultDropReply, Count: 1}}})
	_, op, err := e.Capture(t.Context(), move(p.ID, "c", 5_000))
	require.NoError(t, err)
	require.Equal(t, payment.Unknown, op.Status)
	e.endsIn(p.ID, -time.Second)
	_, err = e.ReleaseLapsed(t.Context())
	require.NoError(t, err)
	require.False(t, e.get(p.ID).VoidRequested)
	after, err := e.Resolve(t.Context(), p.ID)
	require.NoError(t, err)
	require.Equal(t, payment.Captured, after.State)
	require.Zero(t, e.books(p.OrderID).Refunded)
	require.Equal(t, int64(5_000), e.books(p.OrderID).Captured)
}
