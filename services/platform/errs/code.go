package errs

import (
	"net/http"
	"strconv"

	"google.golang.org/grpc/codes"
)

// Code is the class of an error. Each has one gRPC code and one HTTP status.
type Code uint8

// The classes. Two of them share a gRPC code with another and are told apart by http_status in the metadata.
const (
	// Invalid is a request that is wrong whatever the state: INVALID_ARGUMENT, 400.
	Invalid Code = iota + 1
	// Unauthenticated is a caller we do not know: 401.
	Unauthenticated
	// PermissionDenied is a caller we know and refuse: 403.
	PermissionDenied
	// NotFound is a thing that is not there, or not for this caller: 404.
	NotFound
	// AlreadyExists is a name that is taken: 409.
	AlreadyExists
	// FailedPrecondition is a state that forbids the request: 409.
	FailedPrecondition
	// Aborted is a clash with another request, worth a retry after a fresh read: 409.
	Aborted
	// Unprocessable is a request refused by a business rule: FAILED_PRECONDITION, 422.
	Unprocessable
	// ResourceExhausted is a limit that was reached: 429.
	ResourceExhausted
	// TooLarge is a message over its size limit: RESOURCE_EXHAUSTED, 413.
	TooLarge
	// Unavailable is a dependency that is down; the same request may work later: 503.
	Unavailable
	// DeadlineExceeded is a request that ran out of time; its effect is unknown: 504.
	DeadlineExceeded
	// Unimplemented is a method that does not exist: 501.
	Unimplemented
	// Internal is a fault of ours: 500.
	Internal
	// Canceled is a caller that went away: CANCELLED, 499.
	Canceled
)

// StatusClientClosedRequest is the HTTP status of Canceled, which nobody is left to read but access logs.
const StatusClientClosedRequest = 499

const httpStatusKey = "http_status"

// String is the gRPC name of the code.
func (c Code) String() string { return c.GRPC().String() }

// GRPC is the status code on the wire.
func (c Code) GRPC() codes.Code {
	switch c {
	case Invalid:
		return codes.InvalidArgument
	case Unauthenticated:
		return codes.Unauthenticated
	case PermissionDenied:
		return codes.PermissionDenied
	case NotFound:
		return codes.NotFound
	case AlreadyExists:
		return codes.AlreadyExists
	case FailedPrecondition, Unprocessable:
		return codes.FailedPrecondition
	case Aborted:
		return codes.Aborted
	case ResourceExhausted, TooLarge:
		return codes.ResourceExhausted
	case Unavailable:
		return codes.Unavailable
	case DeadlineExceeded:
		return codes.DeadlineExceeded
	case Unimplemented:
		return codes.Unimplemented
	case Canceled:
		return codes.Canceled
	default:
		return codes.Internal
	}
}

// HTTP is the status of the public API.
func (c Code) HTTP() int {
	switch c {
	case Invalid:
		return http.StatusBadRequest
	case Unauthenticated:
		return http.StatusUnauthorized
	case PermissionDenied:
		return http.StatusForbidden
	case NotFound:
		return http.StatusNotFound
	case AlreadyExists, FailedPrecondition, Aborted:
		return http.StatusConflict
	case Unprocessable:
		return http.StatusUnprocessableEntity
	case ResourceExhausted:
		return http.StatusTooManyRequests
	case TooLarge:
		return http.StatusRequestEntityTooLarge
	case Unavailable:
		return http.StatusServiceUnavailable
	case DeadlineExceeded:
		return http.StatusGatewayTimeout
	case Unimplemented:
		return http.StatusNotImplemented
	case Canceled:
		return StatusClientClosedRequest
	default:
		return http.StatusInternalServerError
	}
}

func (c Code) needsHTTPStatus() bool { return c == Unprocessable || c == TooLarge }

func codeFromGRPC(c codes.Code, httpStatus string) Code {
	status, err := strconv.Atoi(httpStatus)
	if err == nil && c == codes.FailedPrecondition && status == http.StatusUnprocessableEntity {
		return Unprocessable
	}
	if err == nil && c == codes.ResourceExhausted && status == http.StatusRequestEntityTooLarge {
		return TooLarge
	}
	for code := Invalid; code <= Canceled; code++ {
		if code.GRPC() == c {
			return code
		}
	}
	switch c {
	case codes.OutOfRange:
		return Invalid
	case codes.DataLoss, codes.Unknown, codes.OK:
		return Internal
	default:
		return Internal
	}
}
