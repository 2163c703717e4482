package rpc

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/checkout"
	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// Full names of the methods whose answers are stored.
const (
	checkoutMethod       = "cartwright.cart.v1.CheckoutService/Checkout"
	resumeCheckoutMethod = "cartwright.cart.v1.CheckoutService/ResumeCheckout"
	cancelOrderMethod    = "cartwright.cart.v1.OrderService/CancelOrder"
	refundOrderMethod    = "cartwright.cart.v1.OrderService/RefundOrder"
	createShipmentMethod = "cartwright.cart.v1.OrderService/CreateShipment"
)

// CheckoutServer serves CheckoutService.
type CheckoutServer struct {
	cartv1.UnimplementedCheckoutServiceServer
	service *checkout.Service
	keeper  *idempotency.Keeper
	kick    func()
}

// NewCheckoutServer makes the server. Kick makes the worker look for due work at once.
func NewCheckoutServer(service *checkout.Service, keeper *idempotency.Keeper, kick func()) *CheckoutServer {
	return &CheckoutServer{service: service, keeper: keeper, kick: kick}
}

// queueTime is how long the steps of a checkout queue for a database connection: buyers who come all at once are served one after
// the other, while what can be asked again, such as a cart, is refused sooner.
const queueTime = 15 * time.Second

// OrderServer serves OrderService.
type OrderServer struct {
	cartv1.UnimplementedOrderServiceServer
	service *order.Service
	keeper  *idempotency.Keeper
}

// NewOrderServer makes the server.
func NewOrderServer(service *order.Service, keeper *idempotency.Keeper) *OrderServer {
	return &OrderServer{service: service, keeper: keeper}
}

// reference is what is stored as the answer of a call that began an operation: which one it is. A repeat of the call answers
// what became of it.
type reference interface {
	proto.Message
	*cartv1.CheckoutResponse | *cartv1.CancelOrderResponse | *cartv1.RefundOrderResponse | *cartv1.CreateShipmentResponse
}

// claimOnce takes the key of a call and stores the reference in the same transaction as the operation itself.
func claimOnce[R reference](k *idempotency.Keeper, call idempotency.Call, refer func(operationID string) R) order.Claim {
	return func(ctx context.Context, operationID string) error {
		if err := k.Claim(ctx, call); err != nil {
			return err
		}
		return k.Answer(ctx, call, refer(operationID))
	}
}

// operation is a call that begins a refund, a shipment or a cancellation of an order, and goes on in the background.
type operation[R reference] struct {
	call    idempotency.Call
	orderID string
	begin   func(claim order.Claim) (order.Outcome, error)
	// refer makes the answer that is stored, find reads it.
	refer func(operationID string) R
	find  func(stored R) (operationID string)
}

// run begins the operation once per key, or tells what became of the one that was begun with it.
func (o operation[R]) run(ctx context.Context, s *OrderServer) (order.Outcome, error) {
	if done, found, err := o.replay(ctx, s); found || err != nil {
		return done, err
	}
	began := false
	claim := claimOnce(s.keeper, o.call, o.refer)
	done, err := o.begin(func(ctx context.Context, operationID string) error {
		err := claim(ctx, operationID)
		began = err == nil
		return err
	})
	if err != nil && lostRace(err, began) {
		// The same key may have begun it while this call looked at the order.
		if earlier, found, replayErr := o.replay(ctx, s); found || replayErr != nil {
			return earlier, replayErr
		}
	}
	return done, err
}

func (o operation[R]) replay(ctx context.Context, s *OrderServer) (order.Outcome, bool, error) {
	var empty R
	stored, found, err := idempotency.Lookup(ctx, s.keeper, o.call, empty)
	if err != nil || !found {
		return order.Outcome{}, false, err
	}
	done, err := s.service.Replay(ctx, o.orderID, o.find(stored))
	return done, true, err
}

// needKey refuses a call without an idempotency key: it moves money or stock.
func needKey(requestID string) error {
	if requestID == "" {
		return errs.IdempotencyKeyRequired.At("requestId", "The call needs an idempotency key.")
	}
	return nil
}
