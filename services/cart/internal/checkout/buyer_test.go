package checkout

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// When this fails, a guest gets more of a limited item by writing one address in several ways, strangers share a limit, or
// the stock service learns who buys.
func TestOneBuyerHasOneCustomerKey(t *testing.T) {
	t.Parallel()
	same := map[string][]string{
		"ada@example.com":    {"Ada@Example.COM", " ada@example.com ", "ada+drop1@example.com", "ada@example.com."},
		"adaone@gmail.com":   {"ada.one@gmail.com", "A.D.A.One+x@GoogleMail.com", "adaone+@gmail.com"},
		"+ada@example.com":   {"+Ada@example.com"},
		"no address at all":  {"No address at all"},
		"a.d.a@example.com":  {"a.d.a+1@example.com"},
		"ada@other.com":      nil,
		"ada@gmail.com.test": nil,
	}
	seen := map[string]string{}
	for plain, others := range same {
		key := customerKey("", plain)
		require.Regexp(t, `^e\.[A-Za-z0-9_-]{43}$`, key)
		require.Empty(t, seen[key], "%s and %s", plain, seen[key])
		seen[key] = plain
		for _, other := range others {
			require.Equal(t, key, customerKey("", other), other)
		}
	}
	account := customerKey("customer-1", "ada@example.com")
	require.Equal(t, account, customerKey("customer-1", "other@example.com"), "an account has one limit whatever address it gives")
	require.NotEqual(t, account, customerKey("customer-2", "ada@example.com"))
	require.NotEqual(t, customerKey("ada@example.com", ""), customerKey("", "ada@example.com"))
	require.Empty(t, customerKey("", ""))
}

// When this fails, a release counts everybody's limits from nothing: whoever bought before may buy again.
func TestCustomerKeysStayTheSame(t *testing.T) {
	t.Parallel()
	require.Equal(t, "c.bTQ8xgDDG-vEwGjn7mx7x9gYbWeV9t0kW1HN5PlLVLI", customerKey("customer-1", ""))
	require.Equal(t, "e.sT13h4kfNk-upd-ewiYeO_L1WSB6-B1ff1pPLUXWCws", customerKey("", "ada@example.com"))
}
