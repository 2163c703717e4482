package watching_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	tracing "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"

	"github.com/cartwright-shop/cartwright/deploy/audit"
	"github.com/cartwright-shop/cartwright/deploy/audit/telling"
	"github.com/cartwright-shop/cartwright/deploy/local/stack"
	"github.com/cartwright-shop/cartwright/deploy/prove/load"
	"github.com/cartwright-shop/cartwright/deploy/shopclient"
)

// watched is the shop under test. TestMain sets it before the first test and nobody changes it.
var watched *scene

// scene is a running shop whose traces come here.
type scene struct {
	shop      *stack.Shop
	options   stack.Options
	collector *collector
	server    *grpc.Server
	crowd     *load.Crowd
	ledger    *load.Ledger
	heard     *hearing
	auditor   *telling.Auditor
	dismiss   context.CancelFunc
	// starts are how long one more process of each service took to be ready.
	starts map[string]time.Duration
	// spare is the public address of a gateway that nobody else uses.
	spare string
}

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctx := context.Background()
	s, err := open(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "watching:", err)
		return 1
	}
	watched = s
	code := m.Run()
	if err := s.close(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "watching:", err)
		return 1
	}
	return code
}

// open starts a collector and a shop that traces every request and logs every call.
func open(ctx context.Context) (*scene, error) {
	root, err := filepath.Abs("../..")
	if err != nil {
		return nil, err
	}
	if err := stack.InstallPostgres(ctx, func(text string) { fmt.Println(text) }); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "cartwright-watching-")
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &scene{collector: &collector{}, server: grpc.NewServer()}
	tracing.RegisterTraceServiceServer(s.server, s.collector)
	go func() { _ = s.server.Serve(listener) }()
	ports, err := stack.FreePorts()
	if err != nil {
		return nil, err
	}
	door, err := free(1)
	if err != nil {
		return nil, err
	}
	s.spare = fmt.Sprintf("127.0.0.1:%d", door[0])
	s.options = stack.Options{
		Root: root, Dir: dir, Bin: filepath.Join(root, ".local", "test-bin"), Ports: ports, Output: os.Stdout,
		EnvOf: s.settings, Env: []string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://" + listener.Addr().String(), "TRACE_RATIO=1", "LOG_LEVEL=debug"},
	}
	if err := stack.Build(ctx, s.options); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if s.shop, err = stack.Start(ctx, s.options); err != nil {
		return nil, errors.Join(err, stack.Remove(s.options), os.RemoveAll(dir))
	}
	if err := errors.Join(s.clock(ctx), s.stock(ctx)); err != nil {
		return nil, errors.Join(err, s.close(ctx))
	}
	return s, s.audit(ctx)
}

// settings are those of one more gateway, with an address and the heap that its chart gives it, and without what makes it slow.
func (s *scene) settings(program string) []string {
	if program != spare {
		return nil
	}
	return []string{"HTTP_ADDR=" + s.spare, "GOMEMLIMIT=345MiB", "LOG_LEVEL=info", "OTEL_EXPORTER_OTLP_ENDPOINT="}
}

// audit lets the auditor look at the shop while the tests use it.
func (s *scene) audit(ctx context.Context) error {
	url, err := s.shop.AuditorURL()
	if err != nil {
		return errors.Join(err, s.close(ctx))
	}
	ctx, s.dismiss = context.WithCancel(ctx)
	s.auditor = &telling.Auditor{
		Audit: func(ctx context.Context) (*audit.Report, error) {
			return audit.Run(ctx, audit.Options{Database: url, ConfirmAfter: time.Second})
		},
		Every: time.Minute, Ended: func(*audit.Report) {}, Failed: func(err error) { fmt.Println("audit:", err) },
	}
	go s.auditor.Run(ctx)
	return nil
}

// stock opens a market and lets somebody buy in each of some ways, so that metrics that come with work are there.
func (s *scene) stock(ctx context.Context) error {
	token, err := s.shop.StaffToken()
	if err != nil {
		return err
	}
	s.heard = &hearing{ids: map[string]string{}}
	client := s.shop.Client().WithTransport(s.heard.wrap)
	market, err := load.Open(ctx, client, shopclient.New(s.shop.URL()).WithToken(token), s.shop.SandboxURL())
	if err != nil {
		return err
	}
	if s.ledger, err = load.OpenLedger(filepath.Join(s.options.Dir, "promises.jsonl")); err != nil {
		return err
	}
	s.crowd = load.NewCrowd(market, s.ledger, 1)
	for _, kind := range []load.Kind{load.Declined, load.GiftCard, load.Coupon, load.Voucher} { // payment calls cart for the voucher
		if _, err := s.buy(ctx, kind); err != nil {
			return fmt.Errorf("buy as %s: %w", kind, err)
		}
	}
	// product calls pricing and inventory for it
	export, err := market.Staff.Send(ctx, shopclient.Call{Verb: http.MethodGet, Path: "/admin/v1/products/export?priceListKey=" + load.AtOnce + "&locationKey=prove"})
	if err == nil && export.Status != http.StatusOK {
		err = fmt.Errorf("export of products: %d %.300s", export.Status, export.Body)
	}
	return err
}

// buy goes through a whole purchase and returns the order's id, empty when there is none.
func (s *scene) buy(ctx context.Context, kind load.Kind) (string, error) {
	one := s.crowd.One(kind)
	if err := one.Fill(ctx); err != nil {
		return "", err
	}
	order, err := one.Checkout(ctx)
	if err != nil || order == nil {
		return "", err
	}
	if page := order.GetPayment().GetNextAction().GetUrl(); page != "" {
		if err := load.Click(ctx, page, "pay"); err != nil {
			return "", err
		}
	}
	_, err = one.Settled(ctx, order.GetId())
	return order.GetId(), err
}

func (s *scene) close(ctx context.Context) error {
	var err error
	if s.dismiss != nil {
		s.dismiss()
	}
	if s.ledger != nil {
		err = s.ledger.Close()
	}
	err = errors.Join(err, s.shop.Stop(ctx))
	s.server.Stop()
	return errors.Join(err, stack.Remove(s.options), os.RemoveAll(s.options.Dir))
}

// collector stands in for an OpenTelemetry collector and keeps what it gets.
type collector struct {
	tracing.UnimplementedTraceServiceServer
	mu    sync.Mutex
	spans []span
}

// span is one span with the service that sent it.
type span struct {
	service string
	*tracepb.Span
}

// Export implements the collector's service.
func (c *collector) Export(_ context.Context, request *tracing.ExportTraceServiceRequest) (*tracing.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range request.GetResourceSpans() {
		service := ""
		for _, attribute := range resource.GetResource().GetAttributes() {
			if attribute.GetKey() == "service.name" {
				service = attribute.GetValue().GetStringValue()
			}
		}
		for _, scope := range resource.GetScopeSpans() {
			for _, one := range scope.GetSpans() {
				c.spans = append(c.spans, span{service, one})
			}
		}
	}
	return &tracing.ExportTraceServiceResponse{}, nil
}

// trace are the spans of one trace that have come so far.
func (c *collector) trace(id []byte) []span {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []span
	for _, one := range c.spans {
		if string(one.GetTraceId()) == string(id) {
			list = append(list, one)
		}
	}
	return list
}

// traces are the ids of the traces that have a span of that name.
func (c *collector) traces(name string) [][]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list [][]byte
	for _, one := range c.spans {
		if one.GetName() == name {
			list = append(list, one.GetTraceId())
		}
	}
	return list
}
