package overload

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/bench"
	"github.com/cartwright-shop/cartwright/deploy/demo"
)

// How often a storefront sends a refused request again, with the same key, after the time that the refusal asks for and up
// to a second more. Pages are not asked for again.
const (
	cartTries = 4
	tillTries = 10
)

// visitors are the people of one shop.
type visitors struct {
	wire *wire
	host string
	run  string
}

// visit is one reader of a page, or one buyer: 16 of 17 read, and a buyer sends three writes to a cart and one checkout, which
// makes 80 % pages, 15 % cart writes and 5 % checkouts.
func (v *visitors) visit(ctx context.Context, n int, t *tally) {
	if rand.IntN(17) == 0 { //nolint:gosec // who buys is no secret
		v.buy(ctx, n, t)
		return
	}
	v.browse(ctx, n, t)
}

func (v *visitors) browse(_ context.Context, n int, t *tally) {
	path := "/v1/products/" + bench.Handle(n%bench.Products)
	switch n % 10 {
	case 0, 1, 2:
		path = "/v1/products?pageSize=24"
	case 3, 4:
		path = "/v1/search?query=" + bench.Words()[n%len(bench.Words())]
	}
	v.once(Browse, v.request(http.MethodGet, path, "", nil), t)
}

// buy is a guest's way from the first line to the order.
func (v *visitors) buy(ctx context.Context, n int, t *tally) {
	cart, ok := v.fill(ctx, n, t)
	if !ok {
		return
	}
	t.count(&t.atTill)
	key := fmt.Sprintf("%s-%d", v.run, n)
	body := map[string]any{"payment": map[string]any{"method": "card", "token": "tok_ok_" + key}}
	a, ok := v.patiently(ctx, Checkout, v.request(http.MethodPost, "/v1/carts/"+cart+"/checkout", key, body), t)
	if !ok {
		return
	}
	var placed struct {
		Order struct{ Status string }
	}
	if err := json.Unmarshal(a.body, &placed); err == nil && (placed.Order.Status == "ORDER_STATUS_PLACED" || placed.Order.Status == "ORDER_STATUS_COMPLETED") {
		t.count(&t.paid)
		return
	}
	t.note(fmt.Sprintf("order not placed: %.200s", a.body))
}

// fill makes a cart that is ready to be paid.
func (v *visitors) fill(ctx context.Context, n int, t *tally) (cart string, ok bool) {
	t.count(&t.buyers)
	key := fmt.Sprintf("%s-cart-%d", v.run, n)
	sku := bench.SKU(n%bench.Products, n%bench.Variants)
	a, ok := v.patiently(ctx, CartWrite, v.request(http.MethodPost, "/v1/carts", key,
		map[string]any{"lines": []any{map[string]any{"sku": sku, "quantity": 1}}}), t)
	if !ok {
		return "", false
	}
	var made struct{ Cart struct{ ID string } }
	if err := json.Unmarshal(a.body, &made); err != nil || made.Cart.ID == "" {
		t.note(fmt.Sprintf("cart without id: %.200s", a.body))
		return "", false
	}
	address := map[string]any{"fullName": "Ada Lovelace", "line1": "12 St James's Square", "city": "London", "postalCode": "SW1Y 4LB", "countryCode": "GB"}
	path := "/v1/carts/" + made.Cart.ID
	if _, ok = v.patiently(ctx, CartWrite, v.request(http.MethodPatch, path, "", map[string]any{"email": "crowd@example.com", "shippingAddress": address}), t); !ok {
		return "", false
	}
	_, ok = v.patiently(ctx, CartWrite, v.request(http.MethodPut, path+"/shipping-option", "", map[string]any{"key": demo.StandardMethod}), t)
	return made.Cart.ID, ok
}

// patiently sends a request again while the shop asks for a later try.
func (v *visitors) patiently(ctx context.Context, k Kind, request []byte, t *tally) (answer, bool) {
	tries := cartTries
	if k == Checkout {
		tries = tillTries
	}
	for try := 1; ; try++ {
		a, ok := v.once(k, request, t)
		if ok || a.retryAfter == 0 || try == tries {
			return a, ok
		}
		select {
		case <-ctx.Done():
			return a, false
		case <-time.After(a.retryAfter + rand.N(time.Second)): //nolint:gosec // spreads clients
		}
	}
}

func (v *visitors) once(k Kind, request []byte, t *tally) (answer, bool) {
	began := time.Now()
	a, err := v.wire.send(request)
	f := fateOf(a, err)
	t.add(k, f, began)
	if f == failed {
		t.note(fmt.Sprintf("%s: %v %d %.200s", k, err, a.status, a.body))
	}
	return a, f == good
}

func fateOf(a answer, err error) fate {
	switch {
	case errors.Is(err, errNotSent):
		return unsent
	case err != nil:
		return failed
	case a.status/100 == 2:
		return good
	case a.status == http.StatusTooManyRequests, a.status == http.StatusServiceUnavailable && bytes.Contains(a.body, []byte(`"OVERLOADED"`)):
		return refused
	default:
		return failed
	}
}

func (v *visitors) request(verb, path, key string, body map[string]any) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", verb, path, v.host)
	if key != "" {
		fmt.Fprintf(&b, "Idempotency-Key: %s\r\n", key)
	}
	if body == nil {
		b.WriteString("\r\n")
		return b.Bytes()
	}
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // it is made of texts and numbers
	}
	fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
	return b.Bytes()
}
