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

// needKey refuses a call without an idempotency key: it moves money or stock.
func needKey(requestID string) error {
	if requestID == "" {
		return errs.IdempotencyKeyRequired.At("requestId", "The call needs an idempotency key.")
	}
	return nil
}
