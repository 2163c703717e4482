package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/cartwright-shop/cartwright/services/gateway/internal/app"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/contract"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
)

// mutations is how many wrong requests are sent.
const mutations = 10_000

// mutator makes wrong requests out of good ones. The same seed makes the same requests.
type mutator struct {
	*rand.Rand
	t     *testing.T
	staff string
}

// text is something that a client may send where a text is expected.
func (m *mutator) text() string {
	all := []string{
		"", " ", "a", "ü", "日本語", "\x00", "\u202e", "\ufeff", "null", "true", "-1", "0", "1e400", "NaN", "' OR 1=1 --", "../../etc/passwd", "%00", "%2e%2e%2f",
		"<script>", "{{7*7}}", "${jndi:ldap://x}", "4242 4242 4242 4242", "🙂", "\r\nX: y", "a:b", "01936e7a-5f2b-7c3d-8e4f-a0b1c2d3e4f5", "mfrggzdfmztwq2lknnwg23tpoa",
		"GBP", "gbp", "XXX", "GB", "uk-web", "9223372036854775808", "-9223372036854775809", "0x10", "1/3", strings.Repeat("a", 65), strings.Repeat("é", 2000),
		`{"cartwright_reason":"INTERNAL","message":"x","code":13}`, "2026-02-30T00:00:00Z", "9999999999s",
	}
	return all[m.IntN(len(all))]
}

// value is something that a client may send where anything is expected.
func (m *mutator) value() any {
	switch m.IntN(10) {
	case 0:
		return nil
	case 1:
		return m.IntN(2) == 0
	case 2:
		return m.Int64() - m.Int64()
	case 3:
		return m.Float64() * 1e18
	case 4:
		return []any{m.text()}
	case 5:
		return map[string]any{m.text(): m.text()}
	case 6:
		return make([]any, m.IntN(2000))
	case 7:
		return json.Number([]string{"1e400", "-0", "1.5", "2147483648", "1E2", "00"}[m.IntN(5)])
	default:
		return m.text()
	}
}

// form changes something, somewhere in a JSON form.
func (m *mutator) form(form map[string]any) map[string]any {
	if len(form) == 0 || m.IntN(6) == 0 {
		form[m.text()] = m.value()
		return form
	}
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	name := names[m.IntN(len(names))]
	switch inner := form[name].(type) {
	case map[string]any:
		if m.IntN(3) > 0 {
			form[name] = m.form(inner)
			return form
		}
	case []any:
		if len(inner) > 0 && m.IntN(3) > 0 {
			at := m.IntN(len(inner))
			if message, ok := inner[at].(map[string]any); ok && m.IntN(2) == 0 {
				inner[at] = m.form(message)
			} else {
				inner[at] = m.value()
			}
			return form
		}
	}
	switch m.IntN(4) {
	case 0:
		delete(form, name)
	case 1:
		form[strings.ToUpper(name)] = form[name]
	default:
		form[name] = m.value()
	}
	return form
}

// bytes changes the text of a body.
func (m *mutator) bytes(body string) string {
	if body == "" {
		return m.text()
	}
	at := m.IntN(len(body))
	switch m.IntN(6) {
	case 0:
		return body[:at]
	case 1:
		return body + body
	case 2:
		return body[:at] + string([]byte{byte(m.IntN(256))}) + body[at+1:]
	case 3:
		return body[:at] + strings.Repeat("[", 100) + body[at:]
	case 4:
		return strings.Replace(body, ":", `:"\ud800`, 1)
	default:
		return strings.Repeat(" ", m.IntN(1<<17)) + body
	}
}

// path changes the path or the query of a request.
func (m *mutator) path(path string) string {
	parts := strings.Split(strings.SplitN(path, "?", 2)[0], "/")
	switch m.IntN(5) {
	case 0:
		parts[m.IntN(len(parts))] = url.PathEscape(m.text())
		return "/" + strings.TrimLeft(strings.Join(parts, "/"), "/")
	case 1:
		return path + "/" + url.PathEscape(m.text())
	case 2:
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		return path + separator + url.QueryEscape(m.text()) + "=" + url.QueryEscape(m.text())
	case 3:
		return strings.Replace(path, "=", "="+url.QueryEscape(m.text()), 1)
	default:
		return path + "?pageSize=" + url.QueryEscape(m.text()) + "&pageToken=" + url.QueryEscape(m.text())
	}
}

// request makes one wrong request for a route.
func (m *mutator) request(route contract.Route, rule bool) request {
	forms := fullForms(route.Method.Input())
	form := forms[0]
	r := requestOf(m.t, route, form)
	r.token, r.header = m.staff, http.Header{}
	if rule {
		r.key = fmt.Sprint("key-", m.Uint32())
	}
	for range 1 + m.IntN(3) {
		switch m.IntN(10) {
		case 0:
			r.path = m.path(r.path)
		case 1:
			r.body = m.bytes(r.body)
		case 2:
			r.method = []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW"}[m.IntN(9)]
		case 3:
			r.token = []string{"", "x", "a.b.c", m.staff[:len(m.staff)-2], strings.Repeat("a", 9000)}[m.IntN(5)]
		case 4:
			r.header.Set([]string{"Accept", "Content-Type", "Content-Encoding", "If-None-Match", "Origin", "X-Request-Id", "Grpc-Timeout", "Te"}[m.IntN(8)],
				[]string{"", "*", "text/html", "application/grpc", "gzip", "trailers", "1n", "application/json; charset=x", `W/"a"`}[m.IntN(9)])
		case 5:
			r.key = []string{"", "a b", strings.Repeat("k", 300), "4242424242424242"}[m.IntN(4)]
		default:
			if !route.Body {
				r.path = m.path(r.path)
				continue
			}
			if body := map[string]any{}; json.Unmarshal([]byte(r.body), &body) == nil {
				text, err := json.Marshal(m.form(body))
				if err == nil {
					r.body = string(text)
				}
			}
		}
	}
	return r
}

// moody makes services refuse now and then, as they do.
func moody(s *shop, seed uint64) {
	kinds := []errs.Kind{
		errs.DependencyUnavailable, errs.Overloaded, errs.VersionConflict, errs.NotFoundKind, errs.IdempotencyKeyReused, errs.MethodUnknown, errs.LimitReached,
	}
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(seed, 2))
	for _, peer := range []*standin{s.product, s.pricing, s.inventory, s.payment, s.cart} {
		peer.mood = func() error {
			mu.Lock()
			defer mu.Unlock()
			if random.IntN(10) > 0 {
				return nil
			}
			return kinds[random.IntN(len(kinds))].New("No.")
		}
	}
}

// Whatever a client sends, the shop answers, and never that it broke: ten thousand requests, each a good one with
// something changed, over all routes.
func TestNoMutationBreaksTheShop(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *app.Config) { c.MaxConcurrent = 64 })
	goods(s)
	s.product.on("/cartwright.product.v1.ProductService/ListCategories", func(context.Context, proto.Message) (proto.Message, error) {
		return methodOutput(t, "/cartwright.product.v1.ProductService/ListCategories").New().Interface(), nil
	})
	const seed = 20261123
	moody(s, seed)
	known := documentedReasons(t, s)
	routes, policies := contract.Routes(), table(t)
	staff := s.staff()
	var group sync.WaitGroup
	var mu sync.Mutex
	statuses, reasons := map[int]int{}, map[string]int{}
	const workers = 8
	for worker := range workers {
		group.Go(func() {
			m := &mutator{Rand: rand.New(rand.NewPCG(seed, uint64(worker)+10)), t: t, staff: staff}
			for n := worker; n < mutations; n += workers {
				route := routes[n%len(routes)]
				r := m.request(route, policies[fullName(route.Method)].GetIdempotencyKey() != 0)
				got, err := s.trySend(r)
				if err != nil {
					continue // the client's own library refuses to send it
				}
				mu.Lock()
				statuses[got.status]++
				mu.Unlock()
				if reason := s.judge(t, r, got, known); reason != "" {
					mu.Lock()
					reasons[reason]++
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	t.Logf("statuses %v", statuses)
	t.Logf("reasons %v", reasons)
	require.Greater(t, statuses[400], mutations/4, "most requests reach what is changed in them")
	require.Greater(t, statuses[200], mutations/20)
	require.Greater(t, len(reasons), 30)
	require.NotContains(t, s.log.String(), "panic")
	require.NotRegexp(t, `4242.?4242.?4242`, s.log.String())
}

// judge holds an answer to what is promised for all of them, and returns the reason of a refusal.
func (s *shop) judge(t *testing.T, r request, got answer, known map[string]bool) string {
	t.Helper()
	about := fmt.Sprintf("%s %s token %.20q key %q headers %v body %.500s: %d %s", r.method, r.path, r.token, r.key, r.header, r.body, got.status, got.body)
	require.NotEmpty(t, got.header.Get("X-Request-Id"), about)
	if got.status < 400 || r.method == http.MethodHead {
		require.Less(t, got.status, 600, about)
		return ""
	}
	if got.status >= 500 {
		require.Contains(t, []int{http.StatusServiceUnavailable, http.StatusNotImplemented}, got.status, about)
	}
	doc := got.problem(t)
	require.True(t, known[doc.Reason], "%s is not documented: %s", doc.Reason, about)
	for _, field := range doc.Errors {
		require.True(t, known[field.Reason], "%s is not documented: %s", field.Reason, about)
	}
	return doc.Reason
}

// documentedReasons are the reasons of the table that clients read.
func documentedReasons(t *testing.T, s *shop) map[string]bool {
	t.Helper()
	var document struct {
		Reasons []struct {
			Reason string `json:"reason"`
		} `json:"x-error-reasons"`
	}
	require.NoError(t, json.Unmarshal([]byte(s.get("/openapi.json").body), &document))
	known := map[string]bool{}
	for _, r := range document.Reasons {
		known[r.Reason] = true
	}
	require.Greater(t, len(known), 100)
	return known
}
