// Package httpapi is the HTTP front of the gateway: limits, CORS, caching and the REST routes that the contracts
// annotate. It knows the shape of requests and answers, and no business fact.
package httpapi

import (
	"context"
	"net/http"

	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/jsoncheck"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/policy"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/problem"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
)

// Names of headers that clients see.
const (
	headerRequestID   = "X-Request-Id"
	headerIdempotency = "Idempotency-Key"
	headerReplayed    = "Idempotent-Replayed"
)

// NewMux returns the router for the annotated methods. Handlers are registered on it by generated code.
func NewMux(table policy.Table, checker *jsoncheck.Checker) *runtime.ServeMux {
	rest := &rest{table: table}
	return runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, newCodec(checker)),
		runtime.WithIncomingHeaderMatcher(func(string) (string, bool) { return "", false }),
		runtime.WithOutgoingHeaderMatcher(outgoingHeader),
		runtime.WithMetadata(incomingMetadata),
		runtime.WithErrorHandler(rest.errorHandler()),
		runtime.WithRoutingErrorHandler(rest.routingErrorHandler()),
		runtime.WithForwardResponseOption(rest.beforeAnswer),
		runtime.WithDisablePathLengthFallback(),
		runtime.SetQueryParameterParser(queryParser{inner: &runtime.DefaultQueryParser{}}),
	)
}

// incomingMetadata passes on what the interceptors read and nothing else: a client cannot set metadata by headers.
func incomingMetadata(ctx context.Context, r *http.Request) metadata.MD {
	md := metadata.Pairs(identity.RequestIDKey, identity.RequestID(ctx))
	if keys := r.Header.Values(headerIdempotency); len(keys) > 0 {
		md.Append("idempotency-key", keys...)
	}
	return md
}

func outgoingHeader(name string) (string, bool) {
	if name == "idempotent-replayed" {
		return headerReplayed, true
	}
	return "", false
}

type rest struct {
	table policy.Table
}

// errorHandler renders what a method answered instead of a response.
func (s *rest) errorHandler() runtime.ErrorHandlerFunc {
	return func(ctx context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
		if md, ok := runtime.ServerMetadataFromContext(ctx); ok && len(md.HeaderMD.Get("idempotent-replayed")) > 0 {
			w.Header().Set(headerReplayed, "true")
		}
		writeProblem(w, r, uncarry(err))
	}
}

// routingErrorHandler answers when no method has the path or the verb.
func (s *rest) routingErrorHandler() runtime.RoutingErrorHandlerFunc {
	return func(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, status int) {
		if status == http.StatusMethodNotAllowed {
			writeProblem(w, r, ErrMethodNotAllowed.New("The route does not take %s.", r.Method))
			return
		}
		writeProblem(w, r, ErrRouteNotFound.New("There is no route %s %s.", r.Method, r.URL.Path))
	}
}

// beforeAnswer sets the caching that the method's policy allows. An answer to a caller with a token is for that caller.
func (s *rest) beforeAnswer(ctx context.Context, w http.ResponseWriter, _ proto.Message) error {
	method, _ := runtime.RPCMethod(ctx)
	w.Header().Set("Cache-Control", s.cacheControl(ctx, s.table[method]))
	return nil
}

func (s *rest) cacheControl(ctx context.Context, rule *typev1.Policy) string {
	md, _ := metadata.FromOutgoingContext(ctx)
	switch {
	case rule.GetCacheControl() == "":
		return "no-store"
	case len(md.Get("authorization")) > 0:
		return "private, no-cache"
	default:
		return rule.GetCacheControl()
	}
}

func writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	requestID := identity.RequestID(r.Context())
	if status, ok := statusOverrides[errs.ReasonOf(err)]; ok {
		problem.WriteStatus(w, status, err, requestID)
		return
	}
	problem.Write(w, err, requestID)
}
