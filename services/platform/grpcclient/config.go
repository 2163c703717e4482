package grpcclient

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"

	"github.com/cartwright-shop/cartwright/services/platform/clock"
	"github.com/cartwright-shop/cartwright/services/platform/mtls"
)

// Config says how to reach one peer. Zero values mean the default given at each field.
type Config struct {
	// Peer is the name of the dependency in errors, logs and metrics.
	Peer string
	// Addr is host:port; all addresses of the host share the calls. An address with a scheme is taken as it is.
	Addr string
	// Log receives programming errors and changes of the breaker. Default: none.
	Log *zap.Logger
	// Metrics is where the counters are registered. Default: a registry of its own.
	Metrics prometheus.Registerer
	// Timeout is given to unary calls whose context has no deadline. Default: 5 s.
	Timeout time.Duration
	// StreamTimeout is given to streams whose context has no deadline. Default: 10 min.
	StreamTimeout time.Duration
	// Idempotent names methods ("cartwright.product.v1.ProductService/GetProduct") or whole services that may be sent
	// again when the peer is unavailable.
	Idempotent []string
	// MaxRecvBytes is the largest answer that is taken. Default: 16 MiB.
	MaxRecvBytes int
	// Clock tells the breaker the time. Default: the clock of the machine.
	Clock clock.Clock
	// Stats are handlers for tracing.
	Stats []stats.Handler
	// TLS, when it is set, shows our certificate to the peer and wants the one of the service named Peer. Default: plaintext.
	TLS *mtls.Identity
	// Options are added to the dial options, such as a dialer or credentials.
	Options []grpc.DialOption
}

func (c Config) withDefaults() Config {
	c.Log = cmp.Or(c.Log, zap.NewNop())
	c.Metrics = cmp.Or[prometheus.Registerer](c.Metrics, prometheus.NewRegistry())
	c.Timeout = cmp.Or(c.Timeout, 5*time.Second)
	c.StreamTimeout = cmp.Or(c.StreamTimeout, 10*time.Minute)
	c.MaxRecvBytes = cmp.Or(c.MaxRecvBytes, 16<<20)
	c.Clock = cmp.Or(c.Clock, clock.System())
	return c
}

func (c Config) target() string {
	if strings.Contains(c.Addr, "://") || strings.HasPrefix(c.Addr, "unix:") {
		return c.Addr
	}
	return "dns:///" + c.Addr
}

type methodName struct {
	Service string `json:"service"`
	Method  string `json:"method,omitempty"`
}

type retryPolicy struct {
	MaxAttempts          int      `json:"maxAttempts"`
	InitialBackoff       string   `json:"initialBackoff"`
	MaxBackoff           string   `json:"maxBackoff"`
	BackoffMultiplier    float64  `json:"backoffMultiplier"`
	RetryableStatusCodes []string `json:"retryableStatusCodes"`
}

type methodConfig struct {
	Name        []methodName `json:"name"`
	RetryPolicy retryPolicy  `json:"retryPolicy"`
}

type serviceConfig struct {
	LoadBalancing   []map[string]struct{} `json:"loadBalancingConfig"`
	HealthCheck     map[string]string     `json:"healthCheckConfig"`
	MethodConfig    []methodConfig        `json:"methodConfig,omitempty"`
	RetryThrottling map[string]float64    `json:"retryThrottling"`
}

// serviceConfig is the gRPC service config: calls go round all healthy addresses, and the methods named idempotent are
// tried three times within a budget that a failing peer uses up after about five retries.
func (c Config) serviceConfig() (string, error) {
	config := serviceConfig{
		LoadBalancing:   []map[string]struct{}{{"round_robin": {}}},
		HealthCheck:     map[string]string{"serviceName": ""},
		RetryThrottling: map[string]float64{"maxTokens": 10, "tokenRatio": 0.1},
	}
	if len(c.Idempotent) > 0 {
		retry := methodConfig{RetryPolicy: retryPolicy{MaxAttempts: 3, InitialBackoff: "0.05s", MaxBackoff: "0.5s", BackoffMultiplier: 2,
			RetryableStatusCodes: []string{"UNAVAILABLE"}}}
		for _, name := range c.Idempotent {
			service, method, _ := strings.Cut(strings.TrimPrefix(name, "/"), "/")
			retry.Name = append(retry.Name, methodName{Service: service, Method: method})
		}
		config.MethodConfig = []methodConfig{retry}
	}
	text, err := json.Marshal(config)
	if err != nil {
		return "", fmt.Errorf("encode service config: %w", err)
	}
	return string(text), nil
}
