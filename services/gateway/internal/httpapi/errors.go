package httpapi

import (
	"fmt"
	"net/http"
	"time"

	"github.com/cartwright-shop/cartwright/services/gateway/internal/problem"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/prometheus/client_golang/prometheus"
)

// Refusals of the HTTP front itself.
var (
	ErrRouteNotFound    = errs.Define(errs.NotFound, "ROUTE_NOT_FOUND", "The API has no such route.")
	ErrMethodNotAllowed = errs.Define(errs.Unimplemented, "METHOD_NOT_ALLOWED", "The route does not take this HTTP method.")
	ErrBodyTooLarge     = errs.Define(errs.TooLarge, "BODY_TOO_LARGE", "The body is larger than the route takes.")
	ErrBodyNotTaken     = errs.Define(errs.Invalid, "BODY_NOT_TAKEN", "The request has a body where none is read.")
	ErrBodyIncomplete   = errs.Define(errs.Invalid, "BODY_INCOMPLETE", "The body ended before its end.")
	ErrBodyTimeout      = errs.Define(errs.DeadlineExceeded, "BODY_TIMEOUT", "The body did not arrive in time.")
	ErrHeadersTooLarge  = errs.Define(errs.TooLarge, "HEADERS_TOO_LARGE", "The headers are larger than 16 KiB.")
	ErrURITooLong       = errs.Define(errs.Invalid, "URI_TOO_LONG", "The address is longer than 8,000 bytes.")
	ErrMediaType        = errs.Define(errs.Invalid, "UNSUPPORTED_MEDIA_TYPE", "The body is not of a media type that the route takes.")
	ErrNotAcceptable    = errs.Define(errs.Invalid, "NOT_ACCEPTABLE", "The route cannot answer in a media type the client accepts.")
	ErrTooManyRequests  = errs.Define(errs.ResourceExhausted, "TOO_MANY_REQUESTS", "This client sends more requests than one may; try again later.")
	ErrQueryInvalid     = errs.Define(errs.Invalid, "QUERY_INVALID", "A query parameter is wrong.")
	ErrPathMismatch     = errs.Define(errs.Invalid, "PATH_MISMATCH", "A field of the body is not what the path says it is.")
)

// retryAfter is when a client may come back that sent too much.
const retryAfter = time.Second

// StatusOf is the HTTP status of a reason whose status is finer than that of its class, else 0.
func StatusOf(reason string) int {
	switch reason {
	case ErrMethodNotAllowed.Reason():
		return http.StatusMethodNotAllowed
	case ErrURITooLong.Reason():
		return http.StatusRequestURITooLong
	case ErrMediaType.Reason():
		return http.StatusUnsupportedMediaType
	case ErrNotAcceptable.Reason():
		return http.StatusNotAcceptable
	case ErrBodyTimeout.Reason():
		return http.StatusRequestTimeout
	case ErrHeadersTooLarge.Reason():
		return http.StatusRequestHeaderFieldsTooLarge
	default:
		return 0
	}
}

func writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	requestID := identity.RequestID(r.Context())
	if code := StatusOf(errs.ReasonOf(err)); code != 0 {
		problem.WriteStatus(w, code, err, requestID)
		return
	}
	problem.Write(w, err, requestID)
}

// Refusals writes what is refused before it becomes a call, in the form of the request, and counts it: it is in no account
// of calls.
type Refusals struct {
	count *prometheus.CounterVec
}

// NewRefusals returns refusals that are counted in metrics.
func NewRefusals(metrics prometheus.Registerer) (*Refusals, error) {
	count := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "gateway_refused_total", Help: "Requests refused before they became calls, by reason.",
	}, []string{"reason"})
	if err := metrics.Register(count); err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	return &Refusals{count: count}, nil
}

func (f *Refusals) write(w http.ResponseWriter, r *http.Request, err error) {
	f.count.WithLabelValues(errs.ReasonOf(err)).Inc()
	if isGRPC(r) {
		writeGRPC(w, err)
		return
	}
	writeProblem(w, r, err)
}
