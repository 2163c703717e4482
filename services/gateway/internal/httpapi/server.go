package httpapi

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/cartwright-shop/cartwright/services/gateway/internal/caller"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/contract"
	"github.com/rs/cors"
	"go.uber.org/zap"
)

// Limits bound what one request may ask of the process (reliability: slow clients, large bodies, long addresses).
type Limits struct {
	// Body is the largest JSON body of a storefront route in bytes.
	Body int64
	// AdminBody is the largest JSON body of a back office route in bytes.
	AdminBody int64
	// Header is the largest header section in bytes.
	Header int
	// PerClient is how many requests a second one client address may send on average; 0 means no limit.
	PerClient float64
	// Deadline is how long one request may take.
	Deadline time.Duration
	// ConnectionAge is when a client is asked to connect anew, so that new processes get work; 0 means never.
	ConnectionAge time.Duration
}

const (
	// maxURI bounds path and query.
	maxURI = 8000
	// writeGrace is how long after a request's deadline its answer may still be on the way to a slow reader.
	writeGrace = 10 * time.Second
	// preflightAge is how long a browser may remember a CORS preflight, in seconds.
	preflightAge = 600
	// headerSlack is how many times the limit of the header section the server reads: only of what it has read can a
	// client be told what is too large about it.
	headerSlack = 4
	// maxStreams bounds the requests at once on one HTTP/2 connection.
	maxStreams = 250
)

// Front is what the HTTP server serves.
type Front struct {
	// REST answers the annotated routes.
	REST http.Handler
	// GRPC answers gRPC calls on the same port.
	GRPC http.Handler
	// Raw answers paths that are not JSON in and JSON out: the reference, files, webhooks. The key is the path, or a prefix
	// of one more segment when it ends in "/".
	Raw map[string]Raw
	// Routes are the annotated routes, to tell a wrong path from a wrong method.
	Routes []contract.Route
	// Methods are the full names of the gRPC methods, and whether each streams: those may take as long as a file takes.
	Methods map[string]bool
	// Origins may call from a browser; "*" allows any, none allows no other origin than the gateway's own.
	Origins []string
	// Proxies stand before the gateway and say whom they speak for.
	Proxies caller.Proxies
	// Limits bound a request.
	Limits Limits
	// Log gets a line for each request that failed on our side.
	Log *zap.Logger
	// Refusals writes what is refused before it becomes a call.
	Refusals *Refusals
}

// Raw is a handler outside of the contracts and the HTTP methods it takes. HEAD goes with GET.
type Raw struct {
	Methods []string
	Handler http.Handler
}

// front is a Front at work.
type front struct {
	Front
	paths   *paths
	limiter *limiter
}

// Server returns an HTTP server for HTTP/1.1 and HTTP/2 without TLS, which ends at the load balancer.
func (f Front) Server() *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:           f.Handler(),
		Protocols:         protocols,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      f.Limits.Deadline + writeGrace,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    headerSlack * f.Limits.Header,
		ErrorLog:          zap.NewStdLog(f.Log),
		ConnContext:       connected,
	}
}

// Handler returns the whole chain: request id, CORS, limits, routing.
func (f Front) Handler() http.Handler {
	at := &front{Front: f, paths: newPaths(f.Routes, f.Raw), limiter: newLimiter(f.Limits.PerClient)}
	var handler http.Handler = http.HandlerFunc(at.admit)
	if len(f.Origins) > 0 {
		handler = cors.New(cors.Options{
			AllowedOrigins: f.Origins,
			AllowedMethods: []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete},
			AllowedHeaders: []string{"Authorization", "Content-Type", headerIdempotency, headerRequestID, "If-None-Match", "Traceparent"},
			ExposedHeaders: []string{headerRequestID, headerReplayed, "ETag", "Retry-After"},
			MaxAge:         preflightAge,
		}).Handler(handler)
	}
	return at.identify(handler)
}

type connectionStart struct{}

// connected remembers when a connection began.
func connected(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, connectionStart{}, time.Now())
}

// aged tells whether the request's connection is older than it should get.
func (f *front) aged(r *http.Request) bool {
	start, ok := r.Context().Value(connectionStart{}).(time.Time)
	return ok && f.Limits.ConnectionAge > 0 && time.Since(start) > f.Limits.ConnectionAge
}
