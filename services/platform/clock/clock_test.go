package clock_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/clock"
)

// Times of different services are compared as text in places; all must be UTC.
func TestSystemIsUTC(t *testing.T) {
	t.Parallel()
	require.Equal(t, time.UTC, clock.System().Now().Location())
}
