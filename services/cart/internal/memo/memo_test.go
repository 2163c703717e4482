package memo_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/cart/internal/memo"
	"github.com/cartwright-shop/cartwright/services/platform/clock/clocktest"
)

// A changed tax rate must count soon, here at once: what was read before the change is never remembered after it.
func TestWhatIsRememberedIsNeverOlderThanItsLife(t *testing.T) {
	t.Parallel()
	now := clocktest.New(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	m := memo.New[string, int](now, 5*time.Second)
	stored, reads := 1, 0
	read := func(context.Context) (int, error) { reads++; return stored, nil }
	get := func() int {
		value, err := m.Get(t.Context(), "key", read)
		require.NoError(t, err)
		return value
	}
	require.Equal(t, []int{1, 1}, []int{get(), get()})
	require.Equal(t, 1, reads)
	stored = 2
	require.Equal(t, 1, get())
	now.Advance(5 * time.Second)
	require.Equal(t, 2, get())

	_, err := m.Get(t.Context(), "other", func(context.Context) (int, error) { m.Clear(); return 7, nil })
	require.NoError(t, err)
	value, err := m.Get(t.Context(), "other", func(context.Context) (int, error) { return 8, nil })
	require.NoError(t, err)
	require.Equal(t, 8, value, "7 was read before the change")
	_, err = m.Get(t.Context(), "broken", func(context.Context) (int, error) { return 0, errors.New("down") })
	require.Error(t, err)
	value, err = m.Get(t.Context(), "broken", func(context.Context) (int, error) { return 9, nil })
	require.NoError(t, err)
	require.Equal(t, 9, value, "a failure is not remembered")
}
