// Package httpapi is the HTTP front of the gateway: limits, CORS, caching and the REST routes that the contracts
// annotate. It knows the shape of requests and answers, and no business fact.
package httpapi

import (
	"context"
	"net/http"

	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/callkey"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/contract"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/jsoncheck"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/policy"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/relay"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
)

// Names of headers that clients see.
const (
	headerRequestID   = "X-Request-Id"
	headerIdempotency = "Idempotency-Key"
	headerReplayed    = "Idempotent-Replayed"
)

// REST is what the annotated routes need.
type REST struct {
	// Policies say how an answer may be cached.
	Policies policy.Table
	// Checker checks bodies.
	Checker *jsoncheck.Checker
	// Refusals writes what is refused before it becomes a call.
	Refusals *Refusals
	// Tracer starts a trace for each request; nil traces nothing.
	Tracer trace.Tracer
}

// NewMux returns the router for the annotated methods. Handlers are registered on it by generated code.
func NewMux(r REST) (*runtime.ServeMux, error) {
	routes := contract.Routes()
	inputs, err := newInputs(routes)
	if err != nil {
		return nil, err
	}
	rest := &rest{REST: r, paths: newPaths(routes, nil), inputs: inputs}
	middlewares := []runtime.Middleware{rest.bind}
	if r.Tracer != nil {
		middlewares = append(middlewares, traced(r.Tracer))
	}
	return runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, newCodec(r.Checker)),
		runtime.WithIncomingHeaderMatcher(func(string) (string, bool) { return "", false }),
		runtime.WithOutgoingHeaderMatcher(outgoingHeader),
		runtime.WithMetadata(incomingMetadata),
		runtime.WithErrorHandler(rest.errorHandler()),
		runtime.WithRoutingErrorHandler(rest.routingErrorHandler()),
		runtime.WithForwardResponseOption(rest.beforeAnswer),
		runtime.WithDisablePathLengthFallback(),
		runtime.WithMiddlewares(middlewares...),
	), nil
}

// incomingMetadata passes on what the interceptors read and nothing else: a client cannot set metadata by headers.
func incomingMetadata(ctx context.Context, r *http.Request) metadata.MD {
	md := metadata.Pairs(identity.RequestIDKey, identity.RequestID(ctx))
	if keys := r.Header.Values(headerIdempotency); len(keys) > 0 {
		md.Append(callkey.MetadataKey, keys...)
	}
	return md
}

func outgoingHeader(name string) (string, bool) {
	if name == relay.ReplayedHeader {
		return headerReplayed, true
	}
	return "", false
}

// rest is a REST at work.
type rest struct {
	REST
	paths  *paths
	inputs inputs
}

// errorHandler answers with the error of a call, or with that of its body, which generated code has taken for an error
// of the call.
func (s *rest) errorHandler() runtime.ErrorHandlerFunc {
	return func(ctx context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
		if md, ok := runtime.ServerMetadataFromContext(ctx); ok && len(md.HeaderMD.Get(relay.ReplayedHeader)) > 0 {
			w.Header().Set(headerReplayed, "true")
		}
		if body, ok := r.Body.(*payload); ok && body.err != nil {
			s.Refusals.write(w, r, body.err)
			return
		}
		writeProblem(w, r, err)
	}
}

// routingErrorHandler answers when no method has the path or the verb.
func (s *rest) routingErrorHandler() runtime.RoutingErrorHandlerFunc {
	return func(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, status int) {
		err := s.paths.check(r)
		if err == nil {
			// The router is stricter than the templates, such as about a path that is no path.
			err = ErrRouteNotFound.New("The API has no such route.")
		}
		if status == http.StatusMethodNotAllowed {
			s.paths.setAllow(w, r)
		}
		s.Refusals.write(w, r, err)
	}
}

// beforeAnswer sets the caching that the method's policy allows. An answer to a caller with a token is for that caller.
func (s *rest) beforeAnswer(ctx context.Context, w http.ResponseWriter, _ proto.Message) error {
	method, _ := runtime.RPCMethod(ctx)
	w.Header().Set("Cache-Control", cacheControl(ctx, s.Policies[method]))
	return nil
}

func cacheControl(ctx context.Context, rule *typev1.Policy) string {
	switch {
	case rule.GetCacheControl() == "":
		return noStore
	case authorized(ctx):
		return "private, no-cache"
	default:
		return rule.GetCacheControl()
	}
}
