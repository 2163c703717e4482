package app_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cartwright-shop/cartwright/services/gateway/internal/app"
	"github.com/stretchr/testify/require"
)

func preflight(origin, method, headers string) request {
	return request{method: "OPTIONS", path: "/v1/carts", header: http.Header{
		"Origin": {origin}, "Access-Control-Request-Method": {method}, "Access-Control-Request-Headers": {headers},
	}}
}

// A shop's own pages must be able to call, and no other page: a token in a browser is worth something.
func TestCORSLetsInWhomTheSettingsName(t *testing.T) {
	t.Parallel()
	s := open(t)
	const ours, theirs = "https://shop.example.com", "https://evil.example.com"
	got := s.send(preflight(ours, "POST", "authorization,content-type,idempotency-key"))
	require.Equal(t, ours, got.header.Get("Access-Control-Allow-Origin"))
	require.Contains(t, got.header.Get("Access-Control-Allow-Methods"), "POST")
	require.Empty(t, got.header.Get("Access-Control-Allow-Credentials"))
	for _, refused := range []request{
		preflight(theirs, "POST", "content-type"), preflight("null", "POST", "content-type"), preflight(ours+".evil.com", "POST", "content-type"),
		preflight("http://shop.example.com", "POST", "content-type"),
	} {
		require.Empty(t, s.send(refused).header.Get("Access-Control-Allow-Origin"), refused.header.Get("Origin"))
	}
	require.Empty(t, s.send(preflight(ours, "BREW", "")).header.Get("Access-Control-Allow-Methods"))
	require.Empty(t, s.send(preflight(ours, "POST", "x-evil")).header.Get("Access-Control-Allow-Headers"))

	for origin, allowed := range map[string]string{ours: ours, theirs: ""} {
		got := s.send(request{method: "GET", path: "/v1/channels", header: http.Header{"Origin": {origin}}})
		require.Equal(t, http.StatusOK, got.status)
		require.Equal(t, allowed, got.header.Get("Access-Control-Allow-Origin"))
		require.Contains(t, got.header.Values("Vary"), "Origin")
		refused := s.send(request{method: "GET", path: "/v1/me/cart", header: http.Header{"Origin": {origin}}})
		refused.refused(t, 401, "TOKEN_MISSING")
		require.Equal(t, allowed, refused.header.Get("Access-Control-Allow-Origin"), "a page must be able to read a refusal")
	}
	exposed := s.send(request{method: "GET", path: "/v1/channels", header: http.Header{"Origin": {ours}}}).header.Get("Access-Control-Expose-Headers")
	for _, header := range []string{"X-Request-Id", "Idempotent-Replayed", "Etag", "Retry-After"} {
		require.Contains(t, exposed, header)
	}
}

// A shop that names no origins is open to none, and one that names * to all.
func TestCORSIsClosedUnlessOpened(t *testing.T) {
	t.Parallel()
	closed := open(t, func(c *app.Config) { c.Origins = nil })
	require.Empty(t, closed.send(preflight("https://any.example.com", "POST", "")).header.Get("Access-Control-Allow-Origin"))
	require.Empty(t, closed.send(request{method: "GET", path: "/v1/channels", header: http.Header{"Origin": {"https://any.example.com"}}}).
		header.Get("Access-Control-Allow-Origin"))
	all := open(t, func(c *app.Config) { c.Origins = []string{"*"} })
	require.Equal(t, "*", all.send(preflight("https://any.example.com", "POST", "")).header.Get("Access-Control-Allow-Origin"))
}

// A phone that has the page already must not load it again, and nobody may get the page of somebody else's prices.
func TestCatalogueReadsAreConditional(t *testing.T) {
	t.Parallel()
	s := open(t)
	goods(s)
	with := func(tag, token string) answer {
		return s.send(request{method: "GET", path: "/v1/products", token: token, header: http.Header{"If-None-Match": {tag}}})
	}
	first := s.get("/v1/products")
	tag := first.header.Get("ETag")
	require.NotEmpty(t, tag)
	require.Equal(t, fmt.Sprint(len(first.body)), first.header.Get("Content-Length"))
	for _, condition := range []string{tag, `"x", ` + tag, "*", strings.TrimPrefix(tag, "W/")} {
		got := with(condition, "")
		require.Equal(t, http.StatusNotModified, got.status, condition)
		require.Empty(t, got.body)
		require.Equal(t, tag, got.header.Get("ETag"))
		require.Equal(t, "public, max-age=30", got.header.Get("Cache-Control"))
		require.Contains(t, got.header.Values("Vary"), "Authorization")
		require.NotEmpty(t, got.header.Get("X-Request-Id"))
	}
	require.Equal(t, http.StatusOK, with(`W/"other"`, "").status)
	signedIn := with(tag, s.customer())
	require.Equal(t, http.StatusNotModified, signedIn.status, "the same bytes are the same for everybody")
	require.Equal(t, "private, no-cache", signedIn.header.Get("Cache-Control"))
	for _, path := range []string{cartPath, "/v1/orders/nbswy3dpeb3w64tmmqqhi33omu"} {
		got := s.send(request{method: "GET", path: path, header: http.Header{"If-None-Match": {"*"}}})
		require.Equal(t, http.StatusOK, got.status, path)
		require.Equal(t, "no-store", got.header.Get("Cache-Control"), path)
		require.Empty(t, got.header.Get("ETag"), path)
	}
	posted := s.send(request{method: "POST", path: "/v1/carts", body: "{}"})
	require.Equal(t, "no-store", posted.header.Get("Cache-Control"))
}

// The reference page works in a network without any other host, runs nothing but its own script, and caches.
func TestTheReferenceNeedsNoOtherHost(t *testing.T) {
	t.Parallel()
	s := open(t)
	page := s.get("/docs")
	require.Equal(t, "text/html; charset=utf-8", page.header.Get("Content-Type"))
	require.NotContains(t, page.body, "http://")
	require.NotContains(t, page.body, "https://")
	require.NotContains(t, page.body, "//cdn")
	policy := page.header.Get("Content-Security-Policy")
	require.Contains(t, policy, "default-src 'none'")
	require.NotContains(t, policy, "unsafe-inline")
	require.Equal(t, 2, strings.Count(policy, "'sha256-"))
	require.NotContains(t, page.body, " style=", "an inline style would be refused by the policy")
	require.NotContains(t, page.body, "onclick=")
	for _, path := range []string{"/docs", "/openapi.json"} {
		tag := s.get(path).header.Get("ETag")
		require.Equal(t, http.StatusNotModified, s.send(request{method: "GET", path: path, header: http.Header{"If-None-Match": {tag}}}).status)
		s.send(request{method: "POST", path: path, body: "{}"}).refused(t, 405, "METHOD_NOT_ALLOWED")
	}
}

// Balancers speak HTTP/2 without TLS to the port, for REST and gRPC alike, and get one answer for one request.
func TestHTTP2WithoutTLS(t *testing.T) {
	t.Parallel()
	s := open(t)
	goods(s)
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: protocols}
	defer transport.CloseIdleConnections()
	s.web = &http.Client{Transport: transport, Timeout: time.Minute}
	got := s.get("/v1/products")
	require.Equal(t, http.StatusOK, got.status)
	require.Equal(t, http.StatusNotModified, s.send(request{method: "GET", path: "/v1/products", header: http.Header{"If-None-Match": {got.header.Get("ETag")}}}).status)
	require.Empty(t, s.send(request{method: "HEAD", path: "/v1/products"}).body)
	s.send(request{method: "POST", path: linesPath, body: `{`}).refused(t, 400, "JSON_MALFORMED")
	s.send(request{method: "POST", path: linesPath, body: "{}", header: http.Header{"Content-Type": {"application/grpc-web"}}}).refused(t, 415, "UNSUPPORTED_MEDIA_TYPE")
}

// An aged connection is closed after its answer, so that new processes get their share of the clients.
func TestAgedConnectionsAreClosed(t *testing.T) {
	t.Parallel()
	young, old := open(t), open(t, func(c *app.Config) { c.MaxConnectionAge = time.Nanosecond })
	require.False(t, young.get("/v1/channels").closed)
	require.True(t, old.get("/v1/channels").closed)
	require.Empty(t, invoke(t, old.dial(), routeTo(t, "ListChannels").Method), "gRPC clients connect anew by themselves")
}

// The port stays the only one: a second, empty gRPC port would be open to whoever finds it.
func TestThereIsNoSecondGRPCPort(t *testing.T) {
	t.Parallel()
	require.Empty(t, open(t).instance.GRPCAddr())
}

// A provider's notice reaches payment byte for byte, and the provider is told what to do with it.
func TestNoticesOfProvidersGoOnUnread(t *testing.T) {
	t.Parallel()
	s := open(t)
	const receive = "/cartwright.payment.v1.PaymentService/ReceiveWebhook"
	body := "{\"a\": 1,  \"a\": 2, \"card\":\"4242 4242 4242 4242\"}\n"
	got := s.send(request{method: "POST", path: "/webhooks/sandbox", body: body, token: "secret", header: http.Header{
		"Webhook-Signature": {"v1,abc"}, "Cookie": {"session=1"}, "X-Huge": {strings.Repeat("a", 9<<10)},
	}})
	require.Equal(t, http.StatusNoContent, got.status, got.body)
	notice := s.payment.last(receive).request.ProtoReflect()
	fields := notice.Descriptor().Fields()
	require.Equal(t, body, string(notice.Get(fields.ByName("body")).Bytes()))
	require.Equal(t, "sandbox", notice.Get(fields.ByName("provider")).String())
	headers := notice.Get(fields.ByName("headers")).Map()
	text := fmt.Sprint(notice.Interface())
	require.Positive(t, headers.Len())
	require.Contains(t, text, "v1,abc")
	for _, hidden := range []string{"secret", "session", "x-huge"} {
		require.NotContains(t, text, hidden)
	}
	require.True(t, s.payment.last(receive).principal.IsZero())

	s.send(request{method: "POST", path: "/webhooks/sandbox", body: strings.Repeat("a", 64<<10+1)}).refused(t, 413, "NOTICE_TOO_LARGE")
	s.send(request{method: "POST", path: "/webhooks/NOBODY", body: "{}"}).problem(t)
	conn, err := net.Dial("tcp", s.addr)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, "POST /webhooks/sandbox HTTP/1.1\r\nHost: shop\r\nContent-Length: 100\r\n\r\n{")
	require.NoError(t, err)
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	s.read(conn).refused(t, 400, "NOTICE_INCOMPLETE")
	s.send(request{method: "GET", path: "/webhooks/sandbox"}).refused(t, 405, "METHOD_NOT_ALLOWED")
	s.payment.stop()
	s.send(request{method: "POST", path: "/webhooks/sandbox", body: "{}"}).refused(t, 503, "DEPENDENCY_UNAVAILABLE")
}
