package relay

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// When this fails a client is told of a field that it never sent.
func TestPublicPaths(t *testing.T) {
	t.Parallel()
	negative := errs.Define(errs.Invalid, "AMOUNT_NEGATIVE", "")
	refused := publicPaths(negative.At("entries[0].amount.minorUnits", "must not be negative").Field("entries[1].sku", "SKU_INVALID", "wrong").Meta("a", "b"))
	require.Equal(t, "AMOUNT_NEGATIVE", errs.ReasonOf(refused))
	require.Equal(t, "b", errs.MetaOf(refused, "a"))
	fields := errs.FieldsOf(refused)
	require.Equal(t, "entries[0].amount.amount", fields[0].Path)
	require.Equal(t, "entries[1].sku", fields[1].Path)
	other := errors.New("not ours")
	require.Equal(t, other, publicPaths(other))
}
