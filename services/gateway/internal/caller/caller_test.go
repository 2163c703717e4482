package caller_test

import (
	"net/http"
	"testing"

	"github.com/cartwright-shop/cartwright/services/gateway/internal/caller"
	"github.com/stretchr/testify/require"
)

// Gift cards are guessed without limit when a client can choose the address he is counted by, and a whole country is
// locked out when everybody behind a proxy counts as one.
func TestClientIsFoundBehindProxies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		remote    string
		forwarded []string
		trusted   []string
		want      string
	}{
		"no proxy":                        {remote: "203.0.113.7:4711", want: "203.0.113.7"},
		"header of a stranger":            {remote: "203.0.113.7:4711", forwarded: []string{"198.51.100.1"}, want: "203.0.113.7"},
		"stranger outside of the network": {remote: "203.0.113.7:1", forwarded: []string{"198.51.100.1"}, trusted: []string{"10.0.0.0/8"}, want: "203.0.113.7"},
		"one proxy":                       {remote: "10.1.2.3:1", forwarded: []string{"198.51.100.1"}, trusted: []string{"10.0.0.0/8"}, want: "198.51.100.1"},
		"forged first hop":                {remote: "10.1.2.3:1", forwarded: []string{"1.1.1.1, 198.51.100.1"}, trusted: []string{"10.0.0.0/8"}, want: "198.51.100.1"},
		"two headers":                     {remote: "10.1.2.3:1", forwarded: []string{"1.1.1.1", "198.51.100.1"}, trusted: []string{"10.0.0.0/8"}, want: "198.51.100.1"},
		"two proxies":                     {remote: "10.1.2.3:1", forwarded: []string{"198.51.100.1, 10.9.9.9"}, trusted: []string{"10.0.0.0/8"}, want: "198.51.100.1"},
		"proxy named alone":               {remote: "10.1.2.3:1", forwarded: []string{"198.51.100.1:5555"}, trusted: []string{"10.1.2.3"}, want: "198.51.100.1"},
		"nonsense":                        {remote: "10.1.2.3:1", forwarded: []string{"198.51.100.1, unknown"}, trusted: []string{"10.0.0.0/8"}, want: "10.1.2.3"},
		"proxy without header":            {remote: "10.1.2.3:1", trusted: []string{"10.0.0.0/8"}, want: "10.1.2.3"},
		"IPv6 counts by site":             {remote: "[2001:db8:1:2:3:4:5:6]:1", want: "2001:db8:1:2::/64"},
		"IPv6 in brackets":                {remote: "[::1]:1", forwarded: []string{"[2001:db8:1:2::9]:443"}, trusted: []string{"::1"}, want: "2001:db8:1:2::/64"},
		"IPv4 in IPv6":                    {remote: "[::ffff:10.1.2.3]:1", forwarded: []string{"::ffff:198.51.100.1"}, trusted: []string{"10.0.0.0/8"}, want: "198.51.100.1"},
		"no address":                      {remote: "pipe", want: "pipe"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxies, err := caller.ParseProxies(c.trusted)
			require.NoError(t, err)
			request := &http.Request{RemoteAddr: c.remote, Header: http.Header{}}
			for _, value := range c.forwarded {
				request.Header.Add("X-Forwarded-For", value)
			}
			require.Equal(t, c.want, proxies.Client(request))
		})
	}
	_, err := caller.ParseProxies([]string{"10.0.0.0/33"})
	require.ErrorContains(t, err, "10.0.0.0/33")
}

// A handler that limits by address must get the one the front has found.
func TestAddressTravelsInTheContext(t *testing.T) {
	t.Parallel()
	require.Equal(t, "203.0.113.7", caller.Address(caller.With(t.Context(), "203.0.113.7")))
	require.Empty(t, caller.Address(t.Context()))
}
