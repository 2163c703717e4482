package audit

import (
	"math/rand/v2"
	"regexp"
	"strings"
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

// When this fails a search by hand leaves out what the pattern finds, and a card number beside an id is not seen, or an id is taken for
// one.
func TestIdsAreTakenOutAsByAPattern(t *testing.T) {
	t.Parallel()
	octal, ids := regexp.MustCompile(`\\[0-7]{3}`), regexp.MustCompile(`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32,}`)
	pieces := []string{
		"4", "af", "0123456789abcdef", "01234567", "-", "1a2b", "-1a2b-1a2b-1a2b-", "01a2192e-4242-4242-4242-424242424242", `\`, `\012`, `\0`, "Z", " 4242424242424242",
	}
	chosen := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		var body strings.Builder
		for range chosen.IntN(12) {
			body.WriteString(pieces[chosen.IntN(len(pieces))])
		}
		require.Equal(t, ids.ReplaceAllString(octal.ReplaceAllString(body.String(), "\n"), "\n"), unescape(body.String()), body.String())
	}
}
