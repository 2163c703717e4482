package acceptance_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// When this fails strangers learn which carts and orders exist: what belongs to somebody else must look like nothing, byte
// for byte.
func TestForeignThingsLookMissing(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 10}, m)
	ada := theShop.customer(t)
	order := ada.fill(m, units(thing, 1)).ready().bought(card("ok")).GetId()
	cart := ada.fill(m, units(thing, 1))
	line := cart.cart.GetLines()[0].GetId()
	nobody := id.Secret()
	request := id.New()
	for _, stranger := range []*caller{theShop.guest(t), theShop.customer(t)} {
		for _, call := range []shopclient.Call{
			{Verb: http.MethodGet, Path: "/v1/carts/CART"},
			raw(http.MethodPatch, "/v1/carts/CART", `{"note":"x"}`),
			raw(http.MethodPost, "/v1/carts/CART/lines", `{"lines":[{"sku":"`+thing.sku+`","quantity":1}]}`),
			raw(http.MethodPatch, "/v1/carts/CART/lines/"+line, `{"quantity":2}`),
			{Verb: http.MethodDelete, Path: "/v1/carts/CART/lines/" + line},
			{Verb: http.MethodGet, Path: "/v1/carts/CART/shipping-options"},
			raw(http.MethodPut, "/v1/carts/CART/shipping-option", `{"key":"standard"}`),
			raw(http.MethodPost, "/v1/carts/CART/coupons", `{"code":"SPRING"}`),
			{Verb: http.MethodDelete, Path: "/v1/carts/CART/coupons/SPRING"},
			raw(http.MethodPost, "/v1/carts/CART/checkout", `{"payment":{"method":"card","token":"tok_ok"}}`),
			{Verb: http.MethodGet, Path: "/v1/orders/ORDER"},
			raw(http.MethodPost, "/v1/orders/ORDER/cancel", `{}`),
			raw(http.MethodPost, "/v1/orders/ORDER/resume", `{}`),
		} {
			bodyOf := func(cartID, orderID string) string {
				one := call
				if body, ok := call.Raw.(*strings.Reader); ok {
					_, err := body.Seek(0, io.SeekStart)
					require.NoError(t, err)
				}
				one.Path = strings.NewReplacer("CART", cartID, "ORDER", orderID).Replace(call.Path)
				one.Key, one.Header = id.New(), http.Header{"X-Request-Id": {request}}
				answer := stranger.send(one)
				require.Equal(t, http.StatusNotFound, answer.Status, "%s %s: %s", one.Verb, one.Path, answer.Body)
				return strings.NewReplacer(cartID, "what was asked for", orderID, "what was asked for").Replace(string(answer.Body))
			}
			require.Equal(t, bodyOf(nobody, nobody), bodyOf(cart.cart.GetId(), order), "%s %s", call.Verb, call.Path)
		}
	}
	require.Equal(t, cart.cart.GetVersion(), cart.read().GetVersion(), "nothing was changed")
	require.Equal(t, placed, ada.order(order).GetStatus())
}

// document is the API's own description.
type document struct {
	Paths map[string]map[string]struct {
		OperationID string `json:"operationId"`
		Parameters  []struct{ Name, In string }
	} `json:"paths"`
}

// parameters are the query parameters of a route.
func (d document) parameters(verb, route string) []string {
	var names []string
	for _, p := range d.Paths[route][strings.ToLower(verb)].Parameters {
		if p.In == "query" {
			names = append(names, p.Name)
		}
	}
	return names
}

func (c *caller) document() document {
	c.t.Helper()
	answer := c.send(shopclient.Call{Verb: http.MethodGet, Path: "/openapi.json"})
	require.Equal(c.t, http.StatusOK, answer.Status)
	var doc document
	require.NoError(c.t, json.Unmarshal(answer.Body, &doc))
	require.NotEmpty(c.t, doc.Paths)
	return doc
}

// When this fails somebody without the right can use the back office, or read a customer's things: every route, no token,
// a customer's token, a token with the wrong scope.
func TestEveryRouteAsksForItsRight(t *testing.T) {
	t.Parallel()
	guest, customer := theShop.guest(t), theShop.customer(t)
	reader := theShop.bearer(t, claims{Subject: "reader", Scope: "nothing:read"})
	private := 0
	for path, verbs := range guest.document().Paths {
		for verb := range verbs {
			call := func() shopclient.Call { return emptyCall(strings.ToUpper(verb), path) }
			switch {
			case strings.HasPrefix(path, "/admin/"):
				guest.refused(http.StatusUnauthorized, "TOKEN_MISSING", call())
				customer.refused(http.StatusForbidden, "SCOPE_MISSING", call())
				reader.refused(http.StatusForbidden, "SCOPE_MISSING", call())
				private++
			case strings.HasPrefix(path, "/v1/me/"):
				guest.refused(http.StatusUnauthorized, "TOKEN_MISSING", call())
				private++
			}
		}
	}
	require.Greater(t, private, 70)
}

// emptyCall is a request of a route with nothing in it.
func emptyCall(verb, path string) shopclient.Call {
	path = strings.NewReplacer("{", "", "}", "").Replace(path)
	if verb == http.MethodGet || verb == http.MethodDelete {
		return shopclient.Call{Verb: verb, Path: path}
	}
	call := raw(verb, path, "{}")
	if strings.HasSuffix(path, "/import") {
		call.ContentType = "text/csv"
	}
	return call
}

// When this fails a token for one area of the back office opens another.
func TestScopes(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 10}, m)
	order := theShop.guest(t).fill(m, units(thing, 1)).ready().bought(card("ok"))
	clerk := theShop.bearer(t, claims{Subject: "clerk", Scope: "orders:read catalog:read"})
	require.Equal(t, order.GetId(), clerk.adminOrder(order.GetId()).GetId())
	refusal := clerk.refused(http.StatusForbidden, "SCOPE_MISSING", raw(http.MethodPost, "/admin/v1/orders/"+order.GetId()+"/refunds", `{"shipping":true}`))
	require.Contains(t, refusal.Detail, "orders:refund", "the answer names the scope")
	clerk.refused(http.StatusForbidden, "SCOPE_MISSING", raw(http.MethodPost, "/admin/v1/products", `{}`))
	clerk.refused(http.StatusForbidden, "SCOPE_MISSING", shopclient.Call{Verb: http.MethodGet, Path: "/admin/v1/gift-cards"})
	require.Empty(t, clerk.adminOrder(order.GetId()).GetRefunds())
}
