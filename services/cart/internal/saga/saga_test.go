package saga_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cartwright-shop/cartwright/services/cart/internal/saga"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// A service that comes back after an outage is not met by everybody at once, nobody waits longer than 45 seconds, and after an outage
// of minutes not longer than 12.
func TestBackoffIsSpreadAndBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		attempts := rapid.IntRange(1, 1<<30).Draw(t, "attempts")
		delay := saga.Backoff(attempts)
		require.GreaterOrEqual(t, delay, 100*time.Millisecond)
		require.LessOrEqual(t, delay, 45*time.Second)
		switch {
		case attempts > 30:
			require.GreaterOrEqual(t, delay, 15*time.Second)
		case attempts > 6:
			require.GreaterOrEqual(t, delay, 4*time.Second)
			require.LessOrEqual(t, delay, 12*time.Second)
		}
	})
}

// A timeout or a lost connection must never be taken for a refusal: the buyer's money may have moved.
func TestOnlyRefusalsAreDefinite(t *testing.T) {
	t.Parallel()
	for code, definite := range map[errs.Code]bool{
		errs.Invalid: true, errs.NotFound: true, errs.AlreadyExists: true, errs.FailedPrecondition: true, errs.Unprocessable: true, errs.TooLarge: true,
		errs.Aborted: false, errs.ResourceExhausted: false, errs.Unavailable: false, errs.DeadlineExceeded: false, errs.Internal: false,
		errs.Canceled: false, errs.PermissionDenied: false, errs.Unauthenticated: false, errs.Unimplemented: false,
	} {
		require.Equal(t, definite, saga.Definite(errs.Define(code, "REASON", "").New("text")), "%s", code)
	}
	require.False(t, saga.Definite(context.DeadlineExceeded))
	require.False(t, saga.Definite(errors.New("connection reset")))
}
