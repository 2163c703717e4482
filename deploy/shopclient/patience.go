package shopclient

import (
	"context"
	"errors"
	"net/http"
	"time"

	"google.golang.org/protobuf/proto"
)

// DoPatiently is Do for a call that may be repeated: it has a key, or only reads. While the shop asks for a later try, or
// the connection breaks, the call is sent again with the same key, for at most patience.
func (c *Client) DoPatiently(ctx context.Context, patience time.Duration, call Call, out proto.Message) error {
	deadline := time.Now().Add(patience)
	for {
		err := c.Do(ctx, call, out)
		wait, again := retryable(err)
		if !again || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// retryable tells refusals that ask for a later try, and broken connections, from the rest.
func retryable(err error) (time.Duration, bool) {
	if err == nil || errors.Is(err, context.Canceled) {
		return 0, false
	}
	var problem *Problem
	if !errors.As(err, &problem) {
		return 200 * time.Millisecond, true
	}
	switch {
	case problem.Status == http.StatusServiceUnavailable, problem.Status == http.StatusTooManyRequests,
		problem.Status == http.StatusGatewayTimeout, problem.Reason == "IDEMPOTENCY_IN_PROGRESS", problem.Reason == "VERSION_CONFLICT", problem.Reason == "CONFLICT":
		return time.Duration(problem.RetrySeconds()) * time.Second, true
	default:
		return 0, false
	}
}
