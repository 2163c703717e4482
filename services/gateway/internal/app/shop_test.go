package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/app"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/authtest"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/contract"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/policy"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/problem"
	"github.com/cartwright-shop/cartwright/services/platform/service"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// shop is a gateway with real ports before stand-ins of the services.
type shop struct {
	t        testing.TB
	url      string
	addr     string
	ops      string
	issuer   *authtest.Issuer
	log      *logBuffer
	web      *http.Client
	instance *service.Instance
	journal  *journal

	product, pricing, inventory, payment, cart *standin
}

// logBuffer is a log that may be read while it is written.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// settings are those of a gateway for tests.
func settings(s *shop) app.Config {
	return app.Config{
		Config: service.Config{
			OpsAddr: "127.0.0.1:0", GRPCAddr: "127.0.0.1:0", LogLevel: "info", DrainTimeout: 5 * time.Second, DefaultDeadline: 10 * time.Second,
			MaxConnectionAge: time.Hour, MaxConnectionAgeGrace: time.Hour, CallTimeout: 5 * time.Second, Version: "test",
		},
		HTTPAddr: "127.0.0.1:0", ProductAddr: s.product.addr, PricingAddr: s.pricing.addr, InventoryAddr: s.inventory.addr,
		PaymentAddr: s.payment.addr, CartAddr: s.cart.addr, Issuer: s.issuer.URL, Audience: authtest.Audience, RequireAccessToken: true,
		Origins: []string{"https://shop.example.com"}, RequestDeadline: 25 * time.Second, BrowseDeadline: 10 * time.Second, MaxConcurrent: 1024,
	}
}

// open starts a gateway with stand-ins of all services.
func open(t testing.TB, change ...func(*app.Config)) *shop {
	t.Helper()
	j := &journal{}
	s := &shop{
		t: t, issuer: authtest.New(t), log: &logBuffer{}, journal: j,
		product:   startStandin(t, j, "cartwright.product.v1.ProductService"),
		pricing:   startStandin(t, j, "cartwright.pricing.v1.PricingService"),
		inventory: startStandin(t, j, "cartwright.inventory.v1.InventoryService"),
		payment:   startStandin(t, j, "cartwright.payment.v1.PaymentService"),
		cart: startStandin(t, j, "cartwright.cart.v1.CartService", "cartwright.cart.v1.CheckoutService", "cartwright.cart.v1.OrderService", "cartwright.cart.v1.SagaService",
			"cartwright.cart.v1.ShippingService", "cartwright.cart.v1.TaxService", "cartwright.cart.v1.ChannelSettingsService",
			"cartwright.cart.v1.AddressService"),
	}
	s.product.on(productv1.ProductService_ListChannels_FullMethodName, func(context.Context, proto.Message) (proto.Message, error) { return channels(), nil })
	s.product.onStream(productv1.ProductService_ImportProducts_FullMethodName, s.product.takeFile)
	s.product.onStream(productv1.ProductService_ExportProducts_FullMethodName, giveFile)
	config := settings(s)
	for _, c := range change {
		c(&config)
	}
	instance, err := service.Start(t.Context(), app.Program(), config, s.log)
	require.NoError(t, err)
	t.Cleanup(instance.Stop)
	s.instance, s.addr, s.ops = instance, instance.HTTPAddrs()[0], instance.OpsAddr()
	s.url = "http://" + s.addr
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	s.web = &http.Client{Transport: transport, Timeout: time.Minute}
	return s
}

// answer is what came back over HTTP.
type answer struct {
	status int
	header http.Header
	body   string
	closed bool
}

// request is what a test sends over HTTP.
type request struct {
	method, path, body, token, key string
	header                         http.Header
}

func (s *shop) send(r request) answer {
	s.t.Helper()
	got, err := s.trySend(r)
	require.NoError(s.t, err)
	return got
}

func (s *shop) trySend(r request) (answer, error) {
	var body io.Reader
	if r.body != "" {
		body = strings.NewReader(r.body)
	}
	out, err := http.NewRequestWithContext(s.t.Context(), r.method, s.url+r.path, body)
	if err != nil {
		return answer{}, err
	}
	if r.body != "" {
		out.Header.Set("Content-Type", "application/json")
	}
	if r.token != "" {
		out.Header.Set("Authorization", "Bearer "+r.token)
	}
	if r.key != "" {
		out.Header.Set("Idempotency-Key", r.key)
	}
	for name, values := range r.header {
		out.Header[name] = values
	}
	response, err := s.web.Do(out)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return answer{status: response.StatusCode, header: response.Header, body: string(text), closed: response.Close}, err
}

// get asks for a path as an anonymous visitor.
func (s *shop) get(path string) answer {
	s.t.Helper()
	return s.send(request{method: http.MethodGet, path: path})
}

// message reads the answer, which must be a good one.
func (a answer) message(t testing.TB, into proto.Message) {
	t.Helper()
	require.Equal(t, http.StatusOK, a.status, a.body)
	require.NoError(t, protojson.Unmarshal([]byte(a.body), into), a.body)
}

// refused reads the answer, which must be a well-formed refusal.
func (a answer) refused(t testing.TB, status int, reason string, paths ...string) problem.Document {
	t.Helper()
	doc := a.problem(t)
	require.Equal(t, reason, doc.Reason, a.body)
	require.Equal(t, status, a.status, a.body)
	var named []string
	for _, field := range doc.Errors {
		named = append(named, field.Path)
	}
	for _, path := range paths {
		require.Contains(t, named, path, a.body)
	}
	return doc
}

// problem reads the answer as a problem document and checks what is the same for all of them.
func (a answer) problem(t testing.TB) problem.Document {
	t.Helper()
	var doc problem.Document
	require.Equal(t, problem.ContentType, a.header.Get("Content-Type"), "%d %s", a.status, a.body)
	require.NoError(t, json.Unmarshal([]byte(a.body), &doc), a.body)
	require.Equal(t, a.status, doc.Status, a.body)
	require.NotEmpty(t, doc.Reason, a.body)
	require.NotEmpty(t, doc.Title, a.body)
	require.Equal(t, "/docs#"+doc.Reason, doc.Type)
	require.Equal(t, a.header.Get("X-Request-Id"), doc.Instance, a.body)
	require.Equal(t, "no-store", a.header.Get("Cache-Control"), a.body)
	if a.status == http.StatusServiceUnavailable || a.status == http.StatusTooManyRequests {
		require.NotEmpty(t, a.header.Get("Retry-After"), a.body)
	}
	return doc
}

// dial opens a gRPC connection to the public port.
func (s *shop) dial() *grpc.ClientConn {
	s.t.Helper()
	conn, err := grpc.NewClient(s.addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// table is the policy of every public method.
func table(t testing.TB) policy.Table {
	t.Helper()
	found, err := policy.Load(contract.Files()...)
	require.NoError(t, err)
	return found
}

// publicMethods are all methods of the public API.
func publicMethods() []protoreflect.MethodDescriptor {
	var methods []protoreflect.MethodDescriptor
	for _, file := range contract.Files() {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				methods = append(methods, service.Methods().Get(j))
			}
		}
	}
	return methods
}

// fullName is a method as gRPC calls it.
func fullName(method protoreflect.MethodDescriptor) string {
	return "/" + string(method.Parent().FullName()) + "/" + string(method.Name())
}

// scopes are all scopes of the back office.
func scopes(t testing.TB) []string {
	var list []string
	seen := map[string]bool{"": true}
	for _, rule := range table(t) {
		if !seen[rule.GetScope()] {
			seen[rule.GetScope()] = true
			list = append(list, rule.GetScope())
		}
	}
	return list
}

// staff is a token with every scope.
func (s *shop) staff() string { return s.issuer.Token("staff-1", strings.Join(scopes(s.t), " ")) }

// customer is a token of a signed-in customer.
func (s *shop) customer() string { return s.issuer.Token("customer-1", "") }
