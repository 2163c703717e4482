package peer

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"google.golang.org/grpc"
)

// ErrPatience is the cause of a context that the gateway itself has ended, before the deadline that the client gave.
var ErrPatience = errors.New("the gateway waits no longer")

// How long one call to a service may take, by what it does. The deadline of the request bounds all of them too.
const (
	// readTime is for what only reads. A reader who waits longer goes away and comes back.
	readTime = 5 * time.Second
	// stockTime is for the stock of a page, which does without it.
	stockTime = time.Second
	// writeTime is for what changes something within one service.
	writeTime = 10 * time.Second
)

// callTime returns how long a call of the method may take; 0 means as long as the request. What moves money waits for a
// provider: cutting it short would leave its outcome unknown without need.
func callTime(method string) time.Duration {
	switch method {
	case "/cartwright.inventory.v1.InventoryService/BatchGetAvailability":
		return stockTime
	case "/cartwright.cart.v1.CheckoutService/Checkout", "/cartwright.cart.v1.CheckoutService/ResumeCheckout",
		"/cartwright.cart.v1.OrderService/CancelOrder", "/cartwright.cart.v1.OrderService/RefundOrder",
		"/cartwright.cart.v1.OrderService/CreateShipment":
		return 0
	}
	if Reads(method) {
		return readTime
	}
	return writeTime
}

// Reads tells whether a method only reads, which its name says by the rule of the contracts.
func Reads(method string) bool {
	name := method[strings.LastIndexByte(method, '/')+1:]
	for _, verb := range []string{"Get", "List", "BatchGet", "Search"} {
		if strings.HasPrefix(name, verb) {
			return true
		}
	}
	return false
}

// Bounded gives each unary call over a connection its time.
type Bounded struct {
	grpc.ClientConnInterface
	// Peer is the name of the service in errors.
	Peer string
}

// Invoke implements grpc.ClientConnInterface. A read that the gateway has cut short is a service that does not answer:
// unlike a write it can be repeated without thought, and the client is told so.
func (b Bounded) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	limit := callTime(method)
	if limit == 0 {
		return b.ClientConnInterface.Invoke(ctx, method, args, reply, opts...)
	}
	call, cancel := context.WithTimeoutCause(ctx, limit, ErrPatience)
	defer cancel()
	err := b.ClientConnInterface.Invoke(call, method, args, reply, opts...)
	if errs.CodeOf(err) == errs.DeadlineExceeded && Reads(method) && cutShort(call) {
		return errs.DependencyUnavailable.New("A service this call needs does not answer in time.").
			Meta("peer", b.Peer).RetryAfter(time.Second).Because(err)
	}
	return err
}

// cutShort tells whether a call ended by the gateway's patience and not by the deadline of its client. The service counts the
// same time with a clock of its own, so its refusal can come in before the call has ended here.
func cutShort(call context.Context) bool {
	return call.Err() == nil || errors.Is(context.Cause(call), ErrPatience)
}
