package usa_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/cart/internal/usa"
)

// When it fails, sales tax cannot be found for an address in the United States.
func TestStates(t *testing.T) {
	t.Parallel()
	require.Len(t, usa.States(), 51)
	state, ok := usa.FindState("CA")
	require.True(t, ok)
	require.Equal(t, "California", state.Name)
	for _, code := range []string{"", "PR", "ca", "XX"} {
		_, ok := usa.FindState(code)
		require.False(t, ok, code)
	}
}
