package app_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cartwright-shop/cartwright/services/gateway/internal/app"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/contract"
	"github.com/stretchr/testify/require"
)

const (
	cartPath  = "/v1/carts/mfrggzdfmztwq2lknnwg23tpoa"
	linesPath = cartPath + "/lines"
)

// raw sends bytes on a connection of its own and reads one answer. It returns the connection too.
func (s *shop) raw(text string) (answer, net.Conn) {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = conn.Close() })
	_, err = io.WriteString(conn, text)
	require.NoError(s.t, err)
	return s.read(conn), conn
}

func (s *shop) read(conn net.Conn) answer {
	s.t.Helper()
	require.NoError(s.t, conn.SetReadDeadline(time.Now().Add(30*time.Second)))
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(s.t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return answer{status: response.StatusCode, header: response.Header, body: string(body), closed: response.Close}
}

// wrong is a request and how it must be refused.
type wrong struct {
	request request
	status  int
	reason  string
	path    string
}

func post(body string) request { return request{method: "POST", path: linesPath, body: body} }

func ofType(contentType string) request {
	return request{method: "POST", path: linesPath, body: `{}`, header: http.Header{"Content-Type": {contentType}}}
}

func accepting(accept string) request {
	return request{method: "GET", path: cartPath, header: http.Header{"Accept": {accept}}}
}

// wrongTransport are wrong before anything is read of them.
func wrongTransport() map[string]wrong {
	long := strings.Repeat("a", 64<<10)
	return map[string]wrong{
		"body of 64 KiB and one":      {post(`{"lines":"` + long + `"}`), 413, "BODY_TOO_LARGE", ""},
		"admin body of 1 MiB and one": {request{method: "POST", path: "/admin/v1/products", body: strings.Repeat(" ", 1<<20) + "{}"}, 413, "BODY_TOO_LARGE", ""},
		"address of 9000 characters":  {request{method: "GET", path: "/v1/products?query=" + long[:9000]}, 414, "URI_TOO_LONG", ""},
		"headers of 17 KiB":           {request{method: "GET", path: cartPath, header: http.Header{"X-Long": {long[:17<<10]}}}, 431, "HEADERS_TOO_LARGE", ""},
		"XML":                         {ofType("text/xml"), 415, "UNSUPPORTED_MEDIA_TYPE", ""},
		"form":                        {ofType("application/x-www-form-urlencoded"), 415, "UNSUPPORTED_MEDIA_TYPE", ""},
		"no type that is one":         {ofType("json"), 415, "UNSUPPORTED_MEDIA_TYPE", ""},
		"gRPC over HTTP/1":            {ofType("application/grpc"), 415, "UNSUPPORTED_MEDIA_TYPE", ""},
		"other charset":               {ofType("application/json; charset=iso-8859-1"), 415, "UNSUPPORTED_MEDIA_TYPE", ""},
		"encoded body": {request{method: "POST", path: linesPath, body: "{}", header: http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}}},
			415, "UNSUPPORTED_MEDIA_TYPE", ""},
		"accepts gRPC only":   {accepting("application/grpc"), 406, "NOT_ACCEPTABLE", ""},
		"accepts no JSON":     {accepting("text/html, application/json;q=0"), 406, "NOT_ACCEPTABLE", ""},
		"no body":             {request{method: "POST", path: linesPath}, 400, "BODY_REQUIRED", ""},
		"white space":         {post("  \n"), 400, "BODY_REQUIRED", ""},
		"body beside a query": {request{method: "GET", path: cartPath, body: "{}"}, 400, "BODY_NOT_TAKEN", ""},
		"body of a DELETE":    {request{method: "DELETE", path: linesPath + "/01936e7a-5f2b-7c3d-8e4f-a0b1c2d3e4f5", body: "{}"}, 400, "BODY_NOT_TAKEN", ""},
	}
}

// wrongBodies have a body that is wrong.
func wrongBodies() map[string]wrong {
	long := strings.Repeat("a", 64<<10)
	return map[string]wrong{
		"truncated":                 {post(`{"lines":`), 400, "JSON_MALFORMED", ""},
		"trailing data":             {post(`{}{}`), 400, "JSON_MALFORMED", ""},
		"key twice":                 {post(`{"lines":[{"quantity":1,"quantity":9}]}`), 400, "JSON_DUPLICATE_KEY", "lines[0].quantity"},
		"deep":                      {post(`{"a":` + strings.Repeat("[", 10_000)), 400, "JSON_TOO_DEEP", ""},
		"unknown field":             {post(`{"lines":[{"sku":"A","foo":1}]}`), 400, "FIELD_UNKNOWN", "lines[0].foo"},
		"price of the client's own": {post(`{"lines":[{"sku":"A","unitPrice":{}}]}`), 400, "FIELD_READ_ONLY", "lines[0].unitPrice"},
		"invalid UTF-8":             {post("{\"cartId\":\"\xff\"}"), 400, "UTF8_INVALID", ""},
		"NUL":                       {request{method: "PATCH", path: cartPath, body: `{"note":"a\u0000"}`}, 400, "CHAR_NOT_ALLOWED", "note"},
		"bidirectional text":        {request{method: "PATCH", path: cartPath, body: `{"note":"a\u202e"}`}, 400, "CHAR_NOT_ALLOWED", "note"},
		"lone surrogate":            {post(`{"cartId":"\ud800"}`), 400, "UTF8_INVALID", ""},
		"huge number":               {post(`{"lines":[{"sku":"A","quantity":1e400}]}`), 400, "NUMBER_RANGE", "lines[0].quantity"},
		"NaN":                       {post(`{"lines":[{"sku":"A","quantity":NaN}]}`), 400, "JSON_MALFORMED", ""},
		"SQL for a number":          {post(`{"lines":[{"sku":"A","quantity":"1; DROP"}]}`), 400, "TYPE_MISMATCH", "lines[0].quantity"},
		"fraction":                  {post(`{"lines":[{"sku":"A","quantity":1.5}]}`), 400, "TYPE_MISMATCH", "lines[0].quantity"},
		"null":                      {post(`{"lines":null}`), 400, "FIELD_REQUIRED", "lines"},
		"no quantity":               {post(`{"lines":[{"sku":"A"}]}`), 400, "QTY_RANGE", "lines[0].quantity"},
		"SKU of 65":                 {post(`{"lines":[{"sku":"` + long[:65] + `","quantity":1}]}`), 400, "SKU_INVALID", "lines[0].sku"},
		"other cart in the body":    {post(`{"cartId":"nbswy3dpeb3w64tmmqqhi33omu"}`), 400, "PATH_MISMATCH", "cartId"},
	}
}

// wrongQueries have a wrong query, or an id that is none.
func wrongQueries() map[string]wrong {
	return map[string]wrong{
		"query beside a body":    {request{method: "POST", path: linesPath + "?dryRun=true", body: "{}"}, 400, "FIELD_UNKNOWN", "dryRun"},
		"unknown parameter":      {request{method: "GET", path: "/v1/products?color=red"}, 400, "FIELD_UNKNOWN", "color"},
		"parameter twice":        {request{method: "GET", path: "/v1/products?pageSize=1&pageSize=2"}, 400, "QUERY_INVALID", "pageSize"},
		"parameter by two names": {request{method: "GET", path: "/v1/products?pageSize=1&page_size=2"}, 400, "QUERY_INVALID", "page_size"},
		"parameter of the path":  {request{method: "GET", path: "/v1/products/a?product=b"}, 400, "FIELD_UNKNOWN", "product"},
		"message as parameter":   {request{method: "GET", path: "/admin/v1/products?filter=a"}, 400, "FIELD_UNKNOWN", "filter"},
		"parameter of a message": {request{method: "GET", path: "/v1/products?channel.key=a"}, 400, "FIELD_UNKNOWN", "channel.key"},
		"number that is none":    {request{method: "GET", path: "/v1/products?pageSize=ten"}, 400, "QUERY_INVALID", "pageSize"},
		"query that is none":     {request{method: "GET", path: "/v1/products?a=%zz"}, 400, "QUERY_INVALID", ""},
		"id that is none":        {request{method: "GET", path: "/v1/carts/UPPER"}, 400, "ID_INVALID", "cartId"},
	}
}

// wrongPaths go nowhere.
func wrongPaths() map[string]wrong {
	return map[string]wrong{
		"path that climbs":         {request{method: "GET", path: "/v1/orders/..%2f..%2fadmin"}, 404, "ROUTE_NOT_FOUND", ""},
		"unknown path":             {request{method: "GET", path: "/v2/products"}, 404, "ROUTE_NOT_FOUND", ""},
		"unknown path, XML":        {request{method: "POST", path: "/v2/products", body: "<a/>", header: http.Header{"Content-Type": {"text/xml"}}}, 404, "ROUTE_NOT_FOUND", ""},
		"trailing slash":           {request{method: "GET", path: "/v1/products/"}, 404, "ROUTE_NOT_FOUND", ""},
		"double slash":             {request{method: "GET", path: "//v1/products"}, 404, "ROUTE_NOT_FOUND", ""},
		"empty id":                 {request{method: "POST", path: "/v1/carts//lines", body: "{}"}, 404, "ROUTE_NOT_FOUND", ""},
		"webhook without provider": {request{method: "POST", path: "/webhooks/", body: "{}"}, 404, "ROUTE_NOT_FOUND", ""},
		"webhook below a provider": {request{method: "POST", path: "/webhooks/a/b", body: "{}"}, 404, "ROUTE_NOT_FOUND", ""},
		"wrong method":             {request{method: "DELETE", path: "/v1/products"}, 405, "METHOD_NOT_ALLOWED", ""},
		"method of nobody":         {request{method: "BREW", path: "/v1/products"}, 405, "METHOD_NOT_ALLOWED", ""},
		"wrong method for a file":  {request{method: "GET", path: "/admin/v1/products/import"}, 405, "METHOD_NOT_ALLOWED", ""},
		"method override":          {request{method: "POST", path: cartPath, body: "{}", header: http.Header{"X-Http-Method-Override": {"DELETE"}, "Content-Type": {"application/json"}}}, 405, "METHOD_NOT_ALLOWED", ""},
	}
}

// wrongCallers come from somebody who may not.
func wrongCallers(customer string) map[string]wrong {
	long := strings.Repeat("a", 64<<10)
	return map[string]wrong{
		"two tokens":        {request{method: "GET", path: cartPath, header: http.Header{"Authorization": {"Bearer a", "Bearer b"}}}, 400, "AUTHORIZATION_REPEATED", ""},
		"token of 9 KiB":    {request{method: "GET", path: cartPath, token: long[:9<<10]}, 401, "TOKEN_INVALID", ""},
		"no bearer":         {request{method: "GET", path: cartPath, header: http.Header{"Authorization": {"Basic YTpi"}}}, 401, "TOKEN_INVALID", ""},
		"no token":          {request{method: "GET", path: "/v1/me/cart"}, 401, "TOKEN_MISSING", ""},
		"customer as staff": {request{method: "GET", path: "/admin/v1/orders", token: customer}, 403, "SCOPE_MISSING", ""},
		"no key":            {request{method: "POST", path: cartPath + "/checkout", body: "{}"}, 400, "IDEMPOTENCY_KEY_REQUIRED", ""},
		"key of 256":        {request{method: "POST", path: cartPath + "/checkout", body: "{}", key: long[:256]}, 400, "IDEMPOTENCY_KEY_INVALID", ""},
	}
}

// A storefront developer must be told what is wrong with a request, whatever it is, and never that the shop broke.
func TestWrongRequestsAreNamed(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, all := range []map[string]wrong{wrongTransport(), wrongBodies(), wrongQueries(), wrongPaths(), wrongCallers(s.customer())} {
		for name, c := range all {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				got := s.send(c.request)
				if c.path == "" {
					got.refused(t, c.status, c.reason)
				} else {
					got.refused(t, c.status, c.reason, c.path)
				}
				require.NotEmpty(t, got.header.Get("X-Request-Id"))
				if c.status == 405 {
					require.Contains(t, got.header.Get("Allow"), "OPTIONS")
				}
			})
		}
	}
	t.Cleanup(func() { require.NotContains(t, s.log.String(), "panic") })
}

// A token that is refused comes with the challenge that tells a client what kind of token to get.
func TestRefusedTokensComeWithAChallenge(t *testing.T) {
	t.Parallel()
	s := open(t)
	for want, r := range map[string]request{
		`Bearer realm="cartwright"`:                             {method: "GET", path: "/v1/me/cart"},
		`Bearer realm="cartwright", error="invalid_token"`:      {method: "GET", path: "/v1/me/cart", token: "x"},
		`Bearer realm="cartwright", error="insufficient_scope"`: {method: "GET", path: "/admin/v1/orders", token: s.customer()},
	} {
		require.Equal(t, want, s.send(r).header.Get("WWW-Authenticate"))
	}
}

// Card numbers must come no further than the door, wherever they are, and must not be in the log afterwards.
func TestCardNumbersAreRefusedEverywhere(t *testing.T) {
	t.Parallel()
	s := open(t)
	const card, wide = "4242 4242 4242 4242", "４２４２４２４２４２４２４２４２"
	for name, r := range map[string]request{
		"path":            {method: "GET", path: "/v1/products/4242424242424242"},
		"escaped path":    {method: "GET", path: "/v1/products/4242%204242%204242%204242"},
		"unknown path":    {method: "GET", path: "/cards/4242-4242-4242-4242"},
		"query":           {method: "GET", path: "/v1/search?query=4242+4242+4242+4242"},
		"escaped query":   {method: "GET", path: "/v1/search?query=4242%204242%204242%204242"},
		"name in a query": {method: "GET", path: "/v1/search?4242424242424242=1"},
		"wide query":      {method: "GET", path: "/v1/search?query=%EF%BC%94%EF%BC%92%EF%BC%94%EF%BC%92%EF%BC%94%EF%BC%92%EF%BC%94%EF%BC%92%EF%BC%94%EF%BC%92%EF%BC%94%EF%BC%92%EF%BC%94%EF%BC%92%EF%BC%94%EF%BC%92"},
		"key":             {method: "POST", path: linesPath, body: "{}", key: "4242424242424242"},
		"request id":      {method: "GET", path: cartPath, header: http.Header{"X-Request-Id": {"4242424242424242"}}},
		"text":            {method: "PATCH", path: cartPath, body: `{"note":"` + card + `"}`},
		"wide text":       {method: "PATCH", path: cartPath, body: `{"note":"` + wide + `"}`},
		"JSON key":        {method: "PATCH", path: cartPath, body: `{"` + card + `":1}`},
		"number":          {method: "POST", path: linesPath, body: `{"lines":[{"sku":"A","quantity":4242424242424242}]}`},
		"payment token":   {method: "POST", path: cartPath + "/checkout", body: `{"payment":{"method":"card","token":"` + card + `"}}`, key: "k"},
		"admin":           {method: "POST", path: "/admin/v1/products/search", body: `{"query":"` + card + `"}`, token: s.staff()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := s.send(r)
			got.refused(t, 422, "PAN_NOT_ACCEPTED")
			require.NotContains(t, got.body+got.header.Get("X-Request-Id"), "4242")
		})
	}
	s.send(request{method: "PATCH", path: cartPath, body: `{"cvv":"123"}`}).refused(t, 400, "FIELD_UNKNOWN", "cvv")
	require.NotRegexp(t, `4242.?4242.?4242`, s.log.String())
	require.Empty(t, s.journal.since(0), "no service has seen one")
}

// A body that does not end is told so after the time for reading, and headers that do not end get no time at all.
func TestBodiesThatDoNotEndAreTimedOut(t *testing.T) {
	t.Parallel()
	s := open(t)
	head := "POST " + linesPath + " HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n"
	t.Run("chunked", func(t *testing.T) {
		t.Parallel()
		got, _ := s.raw(head + "Transfer-Encoding: chunked\r\n\r\n2\r\n{\"\r\n")
		got.refused(t, 408, "BODY_TIMEOUT")
	})
	t.Run("with a length", func(t *testing.T) {
		t.Parallel()
		got, _ := s.raw(head + "Content-Length: 100\r\n\r\n{")
		got.refused(t, 408, "BODY_TIMEOUT")
	})
	t.Run("cut off", func(t *testing.T) {
		t.Parallel()
		conn, err := net.Dial("tcp", s.addr)
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
		_, err = io.WriteString(conn, head+"Content-Length: 100\r\n\r\n{")
		require.NoError(t, err)
		require.NoError(t, conn.(*net.TCPConn).CloseWrite())
		s.read(conn).refused(t, 400, "BODY_INCOMPLETE")
	})
	t.Run("headers", func(t *testing.T) {
		t.Parallel()
		conn, err := net.Dial("tcp", s.addr)
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
		_, err = io.WriteString(conn, head)
		require.NoError(t, err)
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(15*time.Second)))
		_, err = io.ReadAll(conn)
		require.NoError(t, err, "the connection is closed")
	})
	t.Run("headers without measure", func(t *testing.T) {
		t.Parallel()
		got, _ := s.raw("GET /docs HTTP/1.1\r\nHost: shop\r\nX-Long: " + strings.Repeat("a", 100<<10) + "\r\n\r\n")
		require.Equal(t, 431, got.status)
	})
}

// A length beside chunks makes two servers see two requests. The chunks count, and nothing after them is read.
func TestNothingIsReadAfterChunks(t *testing.T) {
	t.Parallel()
	s := open(t)
	smuggled := "GET /v1/channels HTTP/1.1\r\nHost: shop\r\n\r\n"
	got, conn := s.raw("POST " + linesPath + " HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nContent-Length: 5\r\n" +
		"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + smuggled)
	require.Contains(t, []int{200, 400}, got.status)
	require.True(t, got.closed)
	rest, _ := io.ReadAll(conn)
	require.NotContains(t, string(rest), "uk-web")
	for _, line := range []string{"Content-Length: 2\r\nContent-Length: 3\r\n", "Content-Length: -1\r\n", "Transfer-Encoding: gzip, chunked\r\n"} {
		got, _ := s.raw("POST " + linesPath + " HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n" + line + "\r\n{}")
		require.Contains(t, []int{400, 501}, got.status, line)
	}
}

// Clients that send byte by byte must not take the room of those who do not.
func TestSlowBodiesHoldNoRoom(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *app.Config) { c.MaxConcurrent = 4 })
	for range 100 {
		conn, err := net.Dial("tcp", s.addr)
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
		_, err = io.WriteString(conn, "POST "+linesPath+" HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
		require.NoError(t, err)
	}
	for range 20 {
		require.Equal(t, http.StatusOK, s.get(cartPath).status)
	}
}

// Under overload a client is told so at once and when to come back, over REST and over gRPC.
func TestOverloadIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *app.Config) { c.MaxConcurrent = 1 })
	s.cart.on("/cartwright.cart.v1.CartService/GetCart", hang)
	go func() { _, _ = s.trySend(request{method: "GET", path: cartPath}) }()
	require.Eventually(t, func() bool { return len(s.cart.got("/cartwright.cart.v1.CartService/GetCart")) == 1 }, 10*time.Second, time.Millisecond)
	s.get("/v1/channels").refused(t, 503, "OVERLOADED")
	require.Equal(t, "OVERLOADED", invoke(t, s.dial(), routeTo(t, "ListProducts").Method))
	require.Equal(t, http.StatusOK, s.get("/docs").status)
}

// One client that sends without measure is slowed down alone.
func TestOneClientCannotTakeAll(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *app.Config) { c.ClientRate, c.TrustedProxies = 1, []string{"127.0.0.1"} })
	from := func(address string) request {
		return request{method: "GET", path: "/v1/channels", header: http.Header{"X-Forwarded-For": {address}}}
	}
	refused := 0
	for range 20 {
		if got := s.send(from("198.51.100.1")); got.status == http.StatusTooManyRequests {
			got.refused(t, 429, "TOO_MANY_REQUESTS")
			refused++
		}
	}
	require.Greater(t, refused, 10)
	require.Equal(t, http.StatusOK, s.send(from("198.51.100.2")).status)
	require.Equal(t, "TOO_MANY_REQUESTS", invokeUntil(t, s, "TOO_MANY_REQUESTS"))
}

// invokeUntil calls over gRPC until the reason comes or fifty calls are through.
func invokeUntil(t *testing.T, s *shop, reason string) string {
	t.Helper()
	conn, got := s.dial(), ""
	for range 50 {
		if got = invoke(t, conn, routeTo(t, "ListChannels").Method); got == reason {
			break
		}
	}
	return got
}

// HEAD and OPTIONS are asked by caches, monitors and people.
func TestHeadAndOptions(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, path := range []string{cartPath, "/docs", "/openapi.json", "/v1/channels"} {
		get, head := s.get(path), s.send(request{method: "HEAD", path: path})
		require.Equal(t, http.StatusOK, head.status, path)
		require.Empty(t, head.body)
		require.Equal(t, get.header.Get("ETag"), head.header.Get("ETag"), path)
		require.Equal(t, get.header.Get("Content-Type"), head.header.Get("Content-Type"), path)
	}
	for path, allow := range map[string]string{
		"/v1/channels": "GET, HEAD, OPTIONS", cartPath: "GET, HEAD, PATCH, OPTIONS", "/webhooks/sandbox": "POST, OPTIONS",
		"/admin/v1/products/import": "POST, OPTIONS", "/admin/v1/products/x": "DELETE, GET, HEAD, PUT, OPTIONS",
	} {
		got := s.send(request{method: "OPTIONS", path: path})
		require.Equal(t, http.StatusNoContent, got.status, path)
		require.Equal(t, allow, got.header.Get("Allow"), path)
	}
	s.send(request{method: "OPTIONS", path: "/v2"}).refused(t, 404, "ROUTE_NOT_FOUND")
	s.send(request{method: "HEAD", path: "/v1/me/cart"})
	for _, route := range contract.Routes() {
		path := placeholder().ReplaceAllString(route.Template, "x")
		require.Contains(t, s.send(request{method: "OPTIONS", path: path}).header.Get("Allow"), route.Verb, path)
	}
}

// Support finds a request by the id that the client saw, whoever made it up.
func TestEveryAnswerHasItsRequestID(t *testing.T) {
	t.Parallel()
	s := open(t)
	with := func(id string) answer {
		return s.send(request{method: "GET", path: "/v1/me/cart", header: http.Header{"X-Request-Id": {id}}})
	}
	require.Equal(t, "mine-1", with("mine-1").header.Get("X-Request-Id"))
	require.Contains(t, s.log.String(), `"request_id":"mine-1"`)
	for _, bad := range []string{"", "two words", "ümlaut", strings.Repeat("a", 129)} {
		require.NotEqual(t, bad, with(bad).header.Get("X-Request-Id"), bad)
		require.NotEmpty(t, with(bad).header.Get("X-Request-Id"))
	}
	first, second := s.get("/docs"), s.get("/docs")
	require.NotEqual(t, first.header.Get("X-Request-Id"), second.header.Get("X-Request-Id"))
}

// A client that asks and never reads must not hold what its answers take: it is cut off a while after the deadline.
func TestAClientThatReadsNothingIsCutOff(t *testing.T) {
	t.Parallel()
	s := open(t, shortDeadline)
	size := len(s.get("/openapi.json").body)
	const asked = 60
	conn, err := net.Dial("tcp", s.addr)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, strings.Repeat("GET /openapi.json HTTP/1.1\r\nHost: shop\r\n\r\n", asked))
	require.NoError(t, err)
	cutOff := time.NewTimer(2*time.Second + 10*time.Second + 3*time.Second)
	defer cutOff.Stop()
	<-cutOff.C
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(20*time.Second)))
	got, err := io.Copy(io.Discard, conn)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the connection has ended")
	require.Less(t, got, int64(asked*size))
}
