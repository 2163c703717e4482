package clocktest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/clock/clocktest"
)

// Tests that decide by time rely on a clock that moves only when told, in UTC.
func TestFakeMovesOnlyWhenTold(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("CET", 3600))
	c := clocktest.New(start)
	require.Equal(t, start.UTC(), c.Now())
	c.Advance(time.Hour)
	require.Equal(t, start.Add(time.Hour).UTC(), c.Now())
	c.Set(start)
	require.Equal(t, start.UTC(), c.Now())
}
