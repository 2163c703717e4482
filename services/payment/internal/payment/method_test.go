package payment

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// A buyer who pays is sent back to the shop and to nobody else: an open redirect here serves phishers.
func TestReturnURLs(t *testing.T) {
	t.Parallel()
	allowed := []string{"shop.example.com", ".example.org", "localhost", "127.0.0.1"}
	for _, good := range []string{
		"", "http://localhost", "http://localhost:3000/x?y=z#f", "https://shop.example.com/a", "https://SHOP.example.com/", "https://de.example.org", "http://127.0.0.1:8080/",
	} {
		require.NoError(t, checkReturnURL(good, allowed), good)
	}
	for _, bad := range []string{
		"https://example.com/", "https://example.org/", "https://evilexample.org/", "https://shop.example.com.evil.test", "https://evil.test/shop.example.com",
		"https://shop.example.com@evil.test/", "https://user:pw@shop.example.com/", "ftp://localhost/", "javascript:alert(1)", "//localhost/", "/path",
		"localhost", "http:///x", "http://", "https://evil.test\\@localhost/", "http://localhost\r\nX: y", "http://local host/", "http://[::1", "data:text/html,x",
	} {
		err := checkReturnURL(bad, allowed)
		require.Equal(t, "URL_NOT_ALLOWED", errs.ReasonOf(err), bad)
	}
	require.Error(t, checkReturnURL("http://localhost/", nil))
}

// A channel's own setting replaces the default, whichever is read first.
func TestChannelSettingsOverrideDefaults(t *testing.T) {
	t.Parallel()
	defaults := MethodSetting{Method: "card", Enabled: true, Position: 2}
	own := MethodSetting{Channel: "uk-web", Method: "card", Position: 1}
	other := MethodSetting{Method: "qr", Enabled: true, Position: 1}
	for _, settings := range [][]MethodSetting{{defaults, own, other}, {own, other, defaults}} {
		require.Equal(t, []MethodSetting{own, other}, effective(settings))
	}
}
