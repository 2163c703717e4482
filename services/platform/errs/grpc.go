package errs

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Domain is the domain of ErrorInfo in every status of ours.
const Domain = "cartwright.dev"

// ToGRPC turns err into a status error with ErrorInfo, BadRequest and RetryInfo. Only what an Error says for the client is
// sent; an error of any other type becomes INTERNAL without its text. A status that has been made already is kept.
func ToGRPC(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.status().Err()
	}
	if st, ok := status.FromError(err); ok && hasErrorInfo(st) {
		return st.Err()
	}
	return Known(err).status().Err()
}

// Known gives the Error in err, or the closest kind for an error that is none: contexts that ended and statuses of the
// gRPC library have one, all others are InternalError with err as the cause.
func Known(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return DeadlineReached.New("The time given for the call is over.").Because(err)
	case errors.Is(err, context.Canceled):
		return CallCanceled.New("The caller gave up.").Because(err)
	}
	if st, ok := status.FromError(err); ok {
		if e := fromStatus(st); e.kind.code != Internal {
			return e.Because(err)
		}
	}
	return InternalError.New("Something broke on our side.").Because(err)
}

// GRPCStatus lets the gRPC library send an Error that no interceptor has seen.
func (e *Error) GRPCStatus() *status.Status { return e.status() }

func (e *Error) status() *status.Status {
	st := status.New(e.kind.code.GRPC(), sendable(e.message))
	meta := make(map[string]string, len(e.meta)+1)
	for k, v := range e.meta {
		meta[k] = sendable(v)
	}
	if e.kind.code.needsHTTPStatus() {
		meta[httpStatusKey] = strconv.Itoa(e.kind.code.HTTP())
	}
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{Reason: e.Reason(), Domain: Domain, Metadata: meta}}
	if len(e.fields) > 0 {
		bad := &errdetails.BadRequest{}
		for _, f := range e.fields {
			bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{
				Field: sendable(f.Path), Reason: f.Reason, Description: sendable(f.Message),
			})
		}
		details = append(details, bad)
	}
	if wait := e.Wait(); wait > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(wait)})
	}
	full, err := st.WithDetails(details...)
	if err != nil {
		return st
	}
	return full
}

// FromGRPC turns the status error of a call into an Error with the same reason, fields and metadata. An error that is not
// a status of ours gets the reason of its gRPC code. Errors that are no status at all are returned as they are.
func FromGRPC(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	st, ok := status.FromError(err)
	if !ok {
		return err
	}
	return fromStatus(st)
}

func fromStatus(st *status.Status) *Error {
	e := &Error{message: st.Message()}
	var info *errdetails.ErrorInfo
	for _, detail := range st.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			info = d
		case *errdetails.BadRequest:
			for _, f := range d.GetFieldViolations() {
				e.Field(f.GetField(), f.GetReason(), f.GetDescription())
			}
		case *errdetails.RetryInfo:
			e.retryAfter = max(0, d.GetRetryDelay().AsDuration())
		}
	}
	if info == nil || info.GetDomain() != Domain {
		code := codeFromGRPC(st.Code(), "")
		e.kind = Kind{code: code, reason: defaultReason(code)}
		if code == Unavailable && e.retryAfter == 0 {
			e.retryAfter = time.Second
		}
		return e
	}
	e.kind = Kind{code: codeFromGRPC(st.Code(), info.GetMetadata()[httpStatusKey]), reason: info.GetReason()}
	for k, v := range info.GetMetadata() {
		if k != httpStatusKey {
			e.Meta(k, v)
		}
	}
	return e
}

func hasErrorInfo(st *status.Status) bool {
	return slices.ContainsFunc(st.Details(), func(d any) bool {
		info, ok := d.(*errdetails.ErrorInfo)
		return ok && info.GetDomain() == Domain
	})
}

func defaultReason(c Code) string {
	kinds := map[Code]Kind{
		Invalid: InvalidField, Unauthenticated: Unauthorized, PermissionDenied: Forbidden, NotFound: NotFoundKind,
		AlreadyExists: AlreadyExistsKind, FailedPrecondition: StateConflict, Aborted: Conflict,
		ResourceExhausted: LimitReached, Unavailable: DependencyUnavailable, DeadlineExceeded: DeadlineReached,
		Unimplemented: MethodUnknown, Canceled: CallCanceled, Internal: InternalError,
	}
	return kinds[c].reason
}

// sendable keeps a text that quotes a client's bytes from spoiling the encoding of the whole status.
func sendable(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// Ours tells whether err is a status that a service of ours wrote, rather than the gRPC library or a proxy.
func Ours(err error) bool {
	st, ok := status.FromError(err)
	return ok && err != nil && hasErrorInfo(st)
}
