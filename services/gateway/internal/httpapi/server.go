package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/cartwright-shop/cartwright/services/gateway/internal/caller"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/rs/cors"
	"go.uber.org/zap"
)

// Limits bound what one request may ask of the process (reliability: slow clients, large bodies, long addresses).
type Limits struct {
	// Body is the largest JSON body in bytes.
	Body int64
	// Header is the largest header section in bytes.
	Header int
	// Concurrent is how many requests are worked on at once; more are refused with OVERLOADED.
	Concurrent int
	// PerClient is how many requests a second one client address may send on average; 0 means no limit.
	PerClient float64
	// Deadline is how long one request may take.
	Deadline time.Duration
}

// maxURI bounds path and query.
const maxURI = 8000

// Front is what the HTTP server serves.
type Front struct {
	// REST answers the annotated routes.
	REST http.Handler
	// GRPC answers gRPC calls on the same port.
	GRPC http.Handler
	// Raw answers exact paths that are not JSON in and JSON out: the reference, uploads, webhooks. The key is the path, or
	// a prefix when it ends in "/".
	Raw map[string]http.Handler
	// Origins may call from a browser; "*" allows any.
	Origins []string
	// Limits bound a request.
	Limits Limits
	// Log gets a line for each request that failed on our side.
	Log *zap.Logger
}

// Server returns an HTTP server for HTTP/1.1 and HTTP/2 without TLS, which ends at the load balancer.
func (f *Front) Server() *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:           f.Handler(),
		Protocols:         protocols,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: 250},
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    f.Limits.Header,
		ErrorLog:          zap.NewStdLog(f.Log),
	}
}

// Handler returns the whole chain: request id, limits, CORS, routing.
func (f *Front) Handler() http.Handler {
	shared := cors.New(cors.Options{
		AllowedOrigins: f.Origins,
		AllowedMethods: []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete},
		AllowedHeaders: []string{"Authorization", "Content-Type", headerIdempotency, headerRequestID, "If-None-Match"},
		ExposedHeaders: []string{headerRequestID, headerReplayed, "ETag", "Retry-After"},
		MaxAge:         600,
	})
	limiter := newLimiter(f.Limits)
	return f.identify(limiter.wrap(shared.Handler(http.HandlerFunc(f.route))))
}

// identify gives the request its id, which every answer carries, and sets the headers that every answer needs.
func (f *Front) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requestID := r.Header.Get(headerRequestID)
		if !identity.ValidRequestID(requestID) {
			requestID = id.New()
		}
		header := w.Header()
		header.Set(headerRequestID, requestID)
		header.Set("X-Content-Type-Options", "nosniff")
		r = r.WithContext(caller.WithAddress(identity.WithRequestID(r.Context(), requestID), r.RemoteAddr))
		defer f.recoverPanic(w, r)
		next.ServeHTTP(w, r)
	})
}

func (f *Front) recoverPanic(w http.ResponseWriter, r *http.Request) {
	reason := recover()
	if reason == nil {
		return
	}
	if reason == http.ErrAbortHandler { //nolint:errorlint // the sentinel is compared as net/http documents it
		panic(reason)
	}
	f.Log.Error("panic in HTTP handler", zap.Any("panic", reason), zap.String("path", r.URL.Path), zap.Stack("stack"),
		zap.String("request_id", identity.RequestID(r.Context())))
	writeProblem(w, r, errs.InternalError.New("Something broke on our side."))
}

func (f *Front) route(w http.ResponseWriter, r *http.Request) {
	if isGRPC(r) {
		f.GRPC.ServeHTTP(w, r)
		return
	}
	if len(r.RequestURI) > maxURI {
		writeProblem(w, r, ErrURITooLong.New("The address is longer than %d bytes.", maxURI))
		return
	}
	if handler := f.raw(r.URL.Path); handler != nil {
		handler.ServeHTTP(w, r)
		return
	}
	if err := checkMediaTypes(r); err != nil {
		writeProblem(w, r, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), f.Limits.Deadline)
	defer cancel()
	r = r.WithContext(ctx)
	if r.Body != nil {
		r.Body = http.MaxBytesReader(w, r.Body, f.Limits.Body)
	}
	if r.Method == http.MethodGet {
		serveConditional(f.REST, w, r)
		return
	}
	f.REST.ServeHTTP(w, r)
}

func (f *Front) raw(path string) http.Handler {
	if handler, ok := f.Raw[path]; ok {
		return handler
	}
	if cut := strings.LastIndexByte(path, '/'); cut > 0 {
		return f.Raw[path[:cut+1]]
	}
	return nil
}

func isGRPC(r *http.Request) bool {
	return r.ProtoMajor == 2 && strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc")
}

// checkMediaTypes refuses bodies that are not JSON and clients that do not take JSON. Encoded bodies are refused whole,
// so that no body unfolds to more than its limit.
func checkMediaTypes(r *http.Request) error {
	if accept := r.Header.Get("Accept"); accept != "" && !acceptsJSON(accept) {
		return ErrNotAcceptable.New("The route answers in application/json only.")
	}
	if r.Method == http.MethodGet || r.Method == http.MethodDelete || r.Method == http.MethodHead {
		return nil
	}
	if r.Header.Get("Content-Encoding") != "" {
		return ErrMediaType.New("Send the body without a content encoding.")
	}
	mediaType, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	mediaType = strings.ToLower(strings.TrimSpace(mediaType))
	if mediaType == "application/json" || r.ContentLength == 0 && mediaType == "" {
		return nil
	}
	return ErrMediaType.New("Send the body as application/json.")
}

func acceptsJSON(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		mediaType, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		switch strings.ToLower(mediaType) {
		case "*/*", "application/*", "application/json", "application/problem+json":
			return true
		}
	}
	return false
}
