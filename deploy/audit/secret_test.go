package audit

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// When this fails the hash of a quote in a stored answer is taken for a card number, or a card number for a hash.
func TestHashesInStoredMessagesAreNoCards(t *testing.T) {
	t.Parallel()
	s := newSecrets(nil)
	for _, body := range []string{
		`R@4ae7548ed743d7b8d9e285305a34a01b4242424242424242ce201fbe89e4fb87ZL`,
		`\012$01a2192e-4242-4242-4242-4242424242422$`,
	} {
		_, found := s.find(unescape(body))
		require.False(t, found, body)
	}
	for _, body := range []string{`note\0224242424242424242Z`, `card 4242 4242 4242 4242`} {
		_, found := s.find(unescape(body))
		require.True(t, found, body)
	}
}
