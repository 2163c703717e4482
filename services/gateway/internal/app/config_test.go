package app_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cartwright-shop/cartwright/services/gateway/internal/app"
	"github.com/cartwright-shop/cartwright/services/platform/config"
	"github.com/cartwright-shop/cartwright/services/platform/service"
	"github.com/stretchr/testify/require"
)

// Whoever deploys the gateway must see every wrong setting before it takes traffic.
func TestWrongSettingsAreNamed(t *testing.T) {
	t.Parallel()
	good := app.Config{
		Issuer: "https://issuer.example.com", Audience: "cartwright", RequestDeadline: time.Second, BrowseDeadline: time.Second, MaxConcurrent: 1,
		Origins: []string{"https://shop.example.com", "http://localhost:3000", "*"}, TrustedProxies: []string{"10.0.0.0/8", "::1"},
	}
	check := app.Program().Check
	require.NoError(t, check(good))
	for name, change := range map[string]func(*app.Config){
		"OIDC_ISSUER":      func(c *app.Config) { c.Issuer = "issuer" },
		"OIDC_AUDIENCE":    func(c *app.Config) { c.Audience = "" },
		"CORS_ORIGINS":     func(c *app.Config) { c.Origins = []string{"https://shop.example.com/"} },
		"TRUSTED_PROXIES":  func(c *app.Config) { c.TrustedProxies = []string{"balancer"} },
		"REQUEST_DEADLINE": func(c *app.Config) { c.RequestDeadline = 0 },
		"BROWSE_DEADLINE":  func(c *app.Config) { c.BrowseDeadline = -1 },
		"MAX_CONCURRENT":   func(c *app.Config) { c.MaxConcurrent = 0 },
		"MIN_CONCURRENT":   func(c *app.Config) { c.MinConcurrent = -1 },
		"CLIENT_RATE":      func(c *app.Config) { c.ClientRate = -1 },
	} {
		wrong := good
		change(&wrong)
		require.ErrorContains(t, check(wrong), name)
	}
	require.ErrorContains(t, check(app.Config{Origins: []string{"shop.example.com"}}), "OIDC_ISSUER", "all is told at once")
}

// An operator who reads the README must find the settings that the program has, with their defaults.
func TestTheREADMEListsTheSettings(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	settings := config.Settings[app.Config]()
	for i, line := range strings.Split(strings.TrimSpace(config.Table(settings)), "\n")[2:] {
		// Those that every service has and that mean nothing to one without a database are left out.
		own := i >= len(config.Settings[service.Config]())
		if own || strings.Contains(string(readme), "| `"+settings[i].Name+"` |") {
			require.Contains(t, string(readme), line)
		}
	}
}

// A deploy must cost no client an answer: what runs when the stop begins is answered, over REST and over gRPC.
func TestStopAnswersWhatRuns(t *testing.T) {
	t.Parallel()
	s := open(t)
	entered, goOn := make(chan struct{}, 2), make(chan struct{})
	const get = "/cartwright.cart.v1.CartService/GetCart"
	s.cart.on(get, slowly(entered, goOn, filled(t, methodOutput(t, get))))
	rest := make(chan int, 1)
	go func() {
		got, err := s.trySend(request{method: http.MethodGet, path: cartPath})
		if err != nil {
			got.status = -1
		}
		rest <- got.status
	}()
	called := make(chan error, 1)
	conn, method := s.dial(), routeTo(t, "GetCart").Method
	in, out := decoded(t, messageType(t, method.Input()), map[string]any{"cartId": "mfrggzdfmztwq2lknnwg23tpoa"}), methodType(t, "GetCart")
	go func() { called <- conn.Invoke(context.WithoutCancel(t.Context()), fullName(method), in, out) }()
	<-entered
	<-entered
	stopped := make(chan struct{})
	go func() {
		s.instance.Stop()
		close(stopped)
	}()
	require.Eventually(t, func() bool { return strings.Contains(s.log.String(), "stopping") }, 5*time.Second, time.Millisecond)
	close(goOn)
	require.Equal(t, http.StatusOK, <-rest)
	require.NoError(t, <-called)
	<-stopped
}

// Whoever looks at the gateway at night must see what it refuses and how full it is.
func TestRefusalsAndWorkAreCounted(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.send(request{method: http.MethodPost, path: linesPath, body: "{"}).refused(t, 400, "JSON_MALFORMED")
	s.send(request{method: http.MethodGet, path: "/v1/products?a=1"}).refused(t, 400, "FIELD_UNKNOWN")
	s.get("/v2").refused(t, 404, "ROUTE_NOT_FOUND")
	s.get("/v1/me/cart").refused(t, 401, "TOKEN_MISSING")
	response, err := s.web.Get("http://" + s.ops + "/metrics")
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	for _, line := range []string{
		`gateway_refused_total{reason="JSON_MALFORMED"} 1`, `gateway_refused_total{reason="FIELD_UNKNOWN"} 1`,
		`gateway_refused_total{reason="ROUTE_NOT_FOUND"} 1`, `gateway_shed_total{class="browse"} 0`, "gateway_work_in_progress 0",
		"gateway_work_limit ", `gateway_queue_seconds_count{class="browse"} `,
	} {
		require.Contains(t, string(text), line)
	}
	require.NotContains(t, string(text), `gateway_refused_total{reason="TOKEN_MISSING"}`, "it is in the account of calls")
}
