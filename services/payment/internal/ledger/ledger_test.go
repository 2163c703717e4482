package ledger

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// Every kind of entry balances: an entry that does not would be refused at the commit, with the buyer's payment.
func TestEntriesBalance(t *testing.T) {
	t.Parallel()
	about := Entry{Source: "s", OrderID: "o", GiftCardID: "g"}
	for _, e := range []Entry{
		Captured(about, "sandbox", 5, "GBP"), Refunded(about, "sandbox", 5, "GBP"), GiftCardIssued(about, 5, "GBP"),
		GiftCardPosted(about, 5, "JPY"), GiftCardRefunded(about, 5, "KWD"),
	} {
		require.NoError(t, e.Balanced(), e.Kind)
		e.Postings[0].Amount++
		require.Error(t, e.Balanced(), e.Kind)
	}
	require.Error(t, Captured(about, "sandbox", 0, "GBP").Balanced())
	require.Error(t, about.Balanced())
}

// A list of entries is asked for by one thing: fails when the whole book could be asked for at once.
func TestFilters(t *testing.T) {
	t.Parallel()
	require.NoError(t, Filter{OrderID: "o"}.Validate())
	require.Equal(t, "FILTER_INVALID", errs.ReasonOf(Filter{}.Validate()))
	require.Equal(t, "FILTER_INVALID", errs.ReasonOf(Filter{OrderID: "o", GiftCardID: "g"}.Validate()))
}
