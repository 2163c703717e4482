package errs_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

var (
	errSoldOut  = errs.Define(errs.FailedPrecondition, "SOLD_OUT", "There is not enough stock for a line.")
	errRejected = errs.Define(errs.Unprocessable, "GIFTCARD_REJECTED", "The card cannot be used.")
	errOther    = errs.Define(errs.FailedPrecondition, "OTHER", "Something else.")
)

// A caller in another process must see what a caller in this one sees, or it compensates the wrong thing.
func TestRoundTripKeepsEverythingButTheCause(t *testing.T) {
	t.Parallel()
	secret := errors.New("secret cause")
	sent := errSoldOut.At("lines[3].quantity", "Only %d left.", 2).Field("lines[4].quantity", "SOLD_OUT", "None left.").
		Meta("available", "2").RetryAfter(1500 * time.Millisecond).Because(secret)

	wire := errs.ToGRPC(fmt.Errorf("reserve stock: %w", sent))
	require.Equal(t, codes.FailedPrecondition, status.Code(wire))
	require.NotContains(t, fmt.Sprint(status.Convert(wire).Proto()), "secret")
	got := errs.FromGRPC(wire)

	require.ErrorIs(t, got, errSoldOut.Err())
	require.NotErrorIs(t, got, errOther.Err())
	require.Equal(t, "SOLD_OUT", errs.ReasonOf(got))
	require.Equal(t, errs.FailedPrecondition, errs.CodeOf(got))
	require.Equal(t, sent.Fields(), errs.FieldsOf(got))
	require.Equal(t, "2", errs.MetaOf(got, "available"))
	require.Equal(t, 1500*time.Millisecond, errs.RetryAfterOf(got))
	var e *errs.Error
	require.ErrorAs(t, got, &e)
	require.Equal(t, "Only 2 left.", e.Message())
	require.Equal(t, map[string]string{"available": "2"}, e.Metadata())
	require.Equal(t, wire.Error(), errs.ToGRPC(got).Error(), "a relayed error is the same error")
}

// The public status of an error must not depend on how many services it passed through.
func TestEveryCodeSurvivesTheWire(t *testing.T) {
	t.Parallel()
	want := map[errs.Code]int{
		errs.Invalid: 400, errs.Unauthenticated: 401, errs.PermissionDenied: 403, errs.NotFound: 404, errs.AlreadyExists: 409,
		errs.FailedPrecondition: 409, errs.Aborted: 409, errs.Unprocessable: 422, errs.ResourceExhausted: 429, errs.TooLarge: 413,
		errs.Unavailable: 503, errs.DeadlineExceeded: 504, errs.Unimplemented: 501, errs.Internal: 500, errs.Canceled: 499,
	}
	for code := errs.Invalid; code <= errs.Canceled; code++ {
		kind := errs.Define(code, "SOME_REASON", "Doc.")
		got := errs.FromGRPC(errs.ToGRPC(kind.New("Message.")))
		require.Equal(t, code, errs.CodeOf(got), code.String())
		require.True(t, errs.Has(got, kind), code.String())
		require.Equal(t, want[code], code.HTTP(), code.String())
		require.Empty(t, errs.MetaOf(got, "http_status"), "http_status is not a fact for callers")
	}
	require.Equal(t, http.StatusInternalServerError, errs.Code(0).HTTP())
}

// Clients switch on the reason of a refused field; it must be that of the first field, not a general one.
func TestInvalidFieldIsNamedByItsFirstField(t *testing.T) {
	t.Parallel()
	err := errs.InvalidField.New("The request is wrong.").Field("lines[0].quantity", "QTY_RANGE", "Too many.").Field("sku", "SKU_INVALID", "Bad.")
	require.Equal(t, "QTY_RANGE", errs.ReasonOf(err))
	for _, seen := range []error{err, errs.FromGRPC(errs.ToGRPC(err))} {
		require.True(t, errs.Has(seen, errs.InvalidField))
		require.Equal(t, "QTY_RANGE", errs.ReasonOf(seen))
		require.Len(t, errs.FieldsOf(seen), 2)
	}
	require.False(t, errs.Has(errSoldOut.At("lines[0]", "No."), errs.InvalidField), "only invalid arguments are invalid fields")
	require.Equal(t, "INVALID_VALUE", errs.ReasonOf(errs.InvalidField.New("Wrong.")))
}

// Text of a foreign error may hold SQL, hosts or secrets; none of it may reach a client.
func TestUnknownErrorsAreInternalAndSayNothing(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		errors.New("SELECT secret"), status.Error(codes.Unknown, "secret host"), status.Error(codes.Internal, "secret stack"),
		fmt.Errorf("wrapped: %w", errors.New("secret")),
	} {
		wire := errs.ToGRPC(err)
		require.Equal(t, codes.Internal, status.Code(wire))
		require.NotContains(t, fmt.Sprint(status.Convert(wire).Proto()), "secret")
		require.Equal(t, "INTERNAL", errs.ReasonOf(errs.FromGRPC(wire)))
		require.ErrorIs(t, errs.Known(err), err, "the log still gets the cause")
	}
}

// A caller must be able to tell "no time left" and "I gave up" from a fault.
func TestContextsAndLibraryStatusesHaveAReason(t *testing.T) {
	t.Parallel()
	cases := map[string]error{
		"DEADLINE_EXCEEDED":      fmt.Errorf("query: %w", context.DeadlineExceeded),
		"CANCELLED":              fmt.Errorf("query: %w", context.Canceled),
		"DEPENDENCY_UNAVAILABLE": status.Error(codes.Unavailable, "connection refused"),
		"UNIMPLEMENTED":          status.Error(codes.Unimplemented, "unknown method"),
		"LIMIT_REACHED":          status.Error(codes.ResourceExhausted, "too many"),
		"INVALID_VALUE":          status.Error(codes.OutOfRange, "out of range"),
		"NOT_FOUND":              status.Error(codes.NotFound, "gone"),
	}
	for reason, err := range cases {
		require.Equal(t, reason, errs.ReasonOf(errs.FromGRPC(errs.ToGRPC(err))), reason)
	}
	require.Equal(t, time.Second, errs.RetryAfterOf(errs.FromGRPC(cases["DEPENDENCY_UNAVAILABLE"])))
	foreign := errors.New("not a status")
	require.Equal(t, foreign, errs.FromGRPC(foreign))
	require.NoError(t, errs.FromGRPC(nil))
	require.NoError(t, errs.ToGRPC(nil))
	require.Empty(t, errs.ReasonOf(nil))
	require.Zero(t, errs.CodeOf(nil))
}

// A cause of another kind must stay visible to the code that handles it.
func TestCausesAreFoundByKind(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("checkout: %w", errRejected.New("Rejected.").Because(errs.NotFoundKind.New("No card.")))
	require.True(t, errs.Has(err, errs.NotFoundKind))
	require.Equal(t, "GIFTCARD_REJECTED", errs.ReasonOf(err))
	require.Contains(t, err.Error(), "NOT_FOUND: No card.")
}

// One wrong byte in a message must not cost the client the whole error.
func TestQuotedClientBytesCannotSpoilTheStatus(t *testing.T) {
	t.Parallel()
	err := errSoldOut.At("a\xff", "bad \xff text").Meta("k", "v\xff")
	got := errs.FromGRPC(errs.ToGRPC(err))
	require.Equal(t, "SOLD_OUT", errs.ReasonOf(got))
	require.Equal(t, "a\uFFFD", errs.FieldsOf(got)[0].Path)
}

func ExampleKind() {
	soldOut := errs.Define(errs.FailedPrecondition, "SOLD_OUT", "There is not enough stock for a line.")
	err := fmt.Errorf("reserve stock: %w", soldOut.At("lines[0].quantity", "Only %d left.", 3).Meta("available", "3"))
	if errs.Has(err, soldOut) {
		fmt.Println(errs.ReasonOf(err), errs.FieldsOf(err)[0].Path, errs.MetaOf(err, "available"))
	}
	// Output: SOLD_OUT lines[0].quantity 3
}
