package grpcserver

import (
	"context"
	"time"

	"google.golang.org/grpc"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

func (c *chain) deadlineUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	ctx, cancel, err := c.bounded(ctx, c.cfg.DefaultDeadline, c.cfg.MaxDeadline)
	if err != nil {
		return nil, err
	}
	defer cancel()
	return handler(ctx, req)
}

func (c *chain) deadlineStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if isHealth(info.FullMethod) {
		return handler(srv, stream)
	}
	ctx, cancel, err := c.bounded(stream.Context(), c.cfg.StreamDeadline, c.cfg.StreamDeadline)
	if err != nil {
		return err
	}
	defer cancel()
	return handler(srv, &contextStream{ServerStream: stream, ctx: ctx})
}

// bounded gives ctx the default deadline when it has none, cuts it at the longest, and refuses a call with too little time
// left to do anything but waste work.
func (c *chain) bounded(ctx context.Context, byDefault, longest time.Duration) (context.Context, context.CancelFunc, error) {
	deadline, ok := ctx.Deadline()
	if !ok {
		ctx, cancel := context.WithTimeout(ctx, byDefault)
		return ctx, cancel, nil
	}
	remaining := time.Until(deadline)
	if remaining < c.cfg.MinRemaining {
		return nil, nil, errs.DeadlineReached.New("The time given for the call is over.")
	}
	if remaining > longest {
		ctx, cancel := context.WithTimeout(ctx, longest)
		return ctx, cancel, nil
	}
	return ctx, func() {}, nil
}
