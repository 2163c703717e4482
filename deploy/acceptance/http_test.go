package acceptance_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
)

// When this fails browsers cannot call the shop from a storefront on another host.
func TestCORSPreflight(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	guest := theShop.guest(t)
	answer := guest.send(shopclient.Call{Verb: http.MethodOptions, Path: "/v1/carts", Header: http.Header{
		"Origin": {"https://storefront.example.com"}, "Access-Control-Request-Method": {"POST"},
		"Access-Control-Request-Headers": {"content-type,idempotency-key"},
	}})
	require.Less(t, answer.Status, 300)
	require.NotEmpty(t, answer.Header.Get("Access-Control-Allow-Origin"))
	require.Contains(t, answer.Header.Get("Access-Control-Allow-Methods"), "POST")
	require.Contains(t, strings.ToLower(answer.Header.Get("Access-Control-Allow-Headers")), "idempotency-key")
	read := guest.send(shopclient.Call{Verb: http.MethodGet, Path: "/v1/products?pageSize=1&channel=" + m.channel, Header: http.Header{"Origin": {"https://storefront.example.com"}}})
	require.NotEmpty(t, read.Header.Get("Access-Control-Allow-Origin"))
	require.Contains(t, read.Header.Get("Access-Control-Expose-Headers"), "X-Request-Id")
}

// When this fails support cannot find what a customer complains about: every answer names its request, also a refusal, and
// keeps the name that the client gave.
func TestRequestID(t *testing.T) {
	t.Parallel()
	guest := theShop.guest(t)
	for _, path := range []string{"/v1/channels", "/v1/nowhere", "/openapi.json", "/docs", "/admin/v1/orders", "/webhooks/sandbox"} {
		named := guest.send(shopclient.Call{Verb: http.MethodGet, Path: path, Header: http.Header{"X-Request-Id": {"journey-" + theShop.run}}})
		require.Equal(t, "journey-"+theShop.run, named.Header.Get("X-Request-Id"), path)
		made := guest.send(shopclient.Call{Verb: http.MethodGet, Path: path, Header: http.Header{"X-Request-Id": {"\"; drop table\t"}}})
		require.NotContains(t, made.Header.Get("X-Request-Id"), "drop", path)
		require.NotEmpty(t, made.Header.Get("X-Request-Id"), path)
	}
}

// When this fails nobody can write a client: the description and the reference page are served, and need no other host.
func TestReference(t *testing.T) {
	t.Parallel()
	guest := theShop.guest(t)
	described := guest.send(shopclient.Call{Verb: http.MethodGet, Path: "/openapi.json"})
	require.Contains(t, string(described.Body), `"openapi": "3.1`)
	page := guest.send(shopclient.Call{Verb: http.MethodGet, Path: "/docs"})
	require.Contains(t, page.Header.Get("Content-Type"), "text/html")
	require.NotContains(t, string(page.Body), `src="http`)
	require.NotContains(t, string(page.Body), `href="http`)
}
