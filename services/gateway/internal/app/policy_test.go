package app_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// invoke calls any public method over gRPC with a request that says nothing, and returns the reason of the refusal.
func invoke(t *testing.T, conn *grpc.ClientConn, method protoreflect.MethodDescriptor, headers ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx, headers...)
	in, out := messageType(t, method.Input()).New().Interface(), messageType(t, method.Output()).New().Interface()
	if !method.IsStreamingClient() && !method.IsStreamingServer() {
		return errs.ReasonOf(errs.FromGRPC(conn.Invoke(ctx, fullName(method), in, out)))
	}
	desc := &grpc.StreamDesc{ClientStreams: method.IsStreamingClient(), ServerStreams: method.IsStreamingServer()}
	stream, err := conn.NewStream(ctx, desc, fullName(method))
	if err == nil {
		_ = stream.SendMsg(in)
		_ = stream.CloseSend()
		err = stream.RecvMsg(out)
	}
	return errs.ReasonOf(errs.FromGRPC(err))
}

// A back office method that anybody can call is the end of the shop. The matrix is made from the contracts, so that a new
// method is in it.
func TestEveryMethodHoldsItsPolicy(t *testing.T) {
	t.Parallel()
	s := open(t)
	conn := s.dial()
	policies, all := table(t), scopes(t)
	customer, staff := s.customer(), s.staff()
	missing, denied, count := "TOKEN_MISSING", "SCOPE_MISSING", 0
	for _, method := range publicMethods() {
		rule := policies[fullName(method)]
		require.NotNil(t, rule, method.FullName())
		require.NotEqual(t, typev1.Audience_AUDIENCE_UNSPECIFIED, rule.GetAudience(), method.FullName())
		others := s.issuer.Token("staff-2", strings.Join(slices.DeleteFunc(slices.Clone(all), func(scope string) bool { return scope == rule.GetScope() }), " "))
		anonymous := invoke(t, conn, method)
		byCustomer := invoke(t, conn, method, "authorization", "Bearer "+customer)
		byOthers := invoke(t, conn, method, "authorization", "Bearer "+others)
		byStaff := invoke(t, conn, method, "authorization", "Bearer "+staff)
		switch rule.GetAudience() {
		case typev1.Audience_AUDIENCE_STAFF:
			require.Equal(t, missing, anonymous, method.FullName())
			require.Equal(t, denied, byCustomer, method.FullName())
			require.Equal(t, denied, byOthers, method.FullName())
		case typev1.Audience_AUDIENCE_CUSTOMER:
			require.Equal(t, missing, anonymous, method.FullName())
			require.NotContains(t, []string{missing, denied}, byCustomer, method.FullName())
		case typev1.Audience_AUDIENCE_ANYONE:
			require.NotContains(t, []string{missing, denied}, anonymous, method.FullName())
		}
		require.NotContains(t, []string{missing, denied, "INTERNAL"}, byStaff, method.FullName())
		require.Equal(t, "TOKEN_INVALID", invoke(t, conn, method, "authorization", "Bearer x.y.z"), method.FullName())
		require.Equal(t, "AUTHORIZATION_REPEATED", invoke(t, conn, method, "authorization", "Bearer "+staff, "authorization", "Bearer "+staff), method.FullName())
		count++
	}
	require.Greater(t, count, 100)
}

// A client that repeats a call without a key pays twice; one that is asked for a key by a method that only reads cannot
// call it at all.
func TestEveryMethodHoldsItsKeyRule(t *testing.T) {
	t.Parallel()
	s := open(t)
	conn := s.dial()
	policies, staff := table(t), s.staff()
	as := func(method protoreflect.MethodDescriptor, headers ...string) string {
		return invoke(t, conn, method, append([]string{"authorization", "Bearer " + staff}, headers...)...)
	}
	for _, method := range publicMethods() {
		rule := policies[fullName(method)].GetIdempotencyKey()
		without := as(method)
		require.Equal(t, rule == typev1.KeyRule_KEY_RULE_REQUIRED, without == "IDEMPOTENCY_KEY_REQUIRED", "%s: %s", method.FullName(), without)
		for _, key := range []string{"", "two words", strings.Repeat("k", 256)} {
			got := as(method, "idempotency-key", key)
			require.Equal(t, rule != typev1.KeyRule_KEY_RULE_UNSPECIFIED, got == "IDEMPOTENCY_KEY_INVALID", "%s with %q: %s", method.FullName(), key, got)
		}
		got := as(method, "idempotency-key", "a", "idempotency-key", "b")
		require.Equal(t, rule != typev1.KeyRule_KEY_RULE_UNSPECIFIED, got == "IDEMPOTENCY_KEY_INVALID", "%s with two keys: %s", method.FullName(), got)
		if rule != typev1.KeyRule_KEY_RULE_UNSPECIFIED {
			require.Equal(t, "PAN_NOT_ACCEPTED", as(method, "idempotency-key", "4242424242424242"), method.FullName())
			good := as(method, "idempotency-key", strings.Repeat("k", 255))
			require.NotContains(t, []string{"IDEMPOTENCY_KEY_INVALID", "IDEMPOTENCY_KEY_REQUIRED"}, good, method.FullName())
		}
	}
}
