package replay

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"sync"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/demo"
	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
)

const (
	// linesPerCall is the most lines one call adds.
	linesPerCall = 100
	// patience is how long a call that the shop asks to repeat is repeated.
	patience = 3 * time.Minute
)

// errSaleRefused is a refund of a sale that did not come about.
var errSaleRefused = errors.New("the sale it returns was refused")

// Player plays a plan.
type Player struct {
	// Shop and Staff call the public API.
	Shop, Staff *shopclient.Client
	// Run makes idempotency keys of this run differ from those of others.
	Run string
	// Workers is how many customers buy at once.
	Workers int
	// Rate is the most steps started a second; 0 means as fast as it goes.
	Rate float64
	// Progress is told of every finished step.
	Progress func()
}

// Placed is what the shop did with a sale.
type Placed struct {
	Sale     *Sale
	OrderID  string
	Order    *storefrontv1.Order
	Refused  error
	Checkout time.Duration
	Whole    time.Duration
}

// Refunded is what the shop did with a refund.
type Refunded struct {
	Refund  Refund
	OrderID string
	Amount  *typev1.Amount
	Refused error
}

// Outcome is everything the shop did.
type Outcome struct {
	mu      sync.Mutex
	Placed  map[string]*Placed
	Refunds []*Refunded
	Started time.Time
	Ended   time.Time
}

// Play runs the steps: those of one customer in order, those of different customers side by side.
func (p *Player) Play(ctx context.Context, plan *Plan) (*Outcome, error) {
	outcome := &Outcome{Placed: map[string]*Placed{}, Started: time.Now()}
	queues := make([]chan Step, p.Workers)
	var workers sync.WaitGroup
	for i := range queues {
		queues[i] = make(chan Step, len(plan.Steps))
		workers.Go(func() {
			for step := range queues[i] {
				p.step(ctx, step, outcome)
				p.Progress()
			}
		})
	}
	p.feed(ctx, plan, queues)
	workers.Wait()
	outcome.Ended = time.Now()
	return outcome, ctx.Err()
}

func (p *Player) feed(ctx context.Context, plan *Plan, queues []chan Step) {
	defer func() {
		for _, queue := range queues {
			close(queue)
		}
	}()
	for i, step := range plan.Steps {
		if p.Rate > 0 {
			due := time.Duration(float64(i) / p.Rate * float64(time.Second))
			timer := time.NewTimer(due - time.Since(startOf(ctx)))
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return
			}
		}
		queues[p.queueOf(i, step, len(queues))] <- step
	}
}

type startKey struct{}

// WithStart returns a context that remembers when the run began, for its rate.
func WithStart(ctx context.Context) context.Context {
	return context.WithValue(ctx, startKey{}, time.Now())
}

func startOf(ctx context.Context) time.Time {
	start, _ := ctx.Value(startKey{}).(time.Time)
	return start
}

func (p *Player) queueOf(i int, step Step, queues int) int {
	if step.Customer == "" {
		return i % queues
	}
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(step.Customer))
	return int(hash.Sum32()) % queues
}

func (p *Player) step(ctx context.Context, step Step, outcome *Outcome) {
	if step.Sale != nil {
		placed := p.buy(ctx, step.Sale)
		outcome.mu.Lock()
		outcome.Placed[step.Sale.Key] = placed
		outcome.mu.Unlock()
		return
	}
	for _, refund := range step.Refunds {
		outcome.mu.Lock()
		bought := outcome.Placed[refund.Sale]
		outcome.mu.Unlock()
		done := p.refund(ctx, refund, bought)
		outcome.mu.Lock()
		outcome.Refunds = append(outcome.Refunds, done)
		outcome.mu.Unlock()
	}
}

// buy makes a cart of the sale and checks it out.
func (p *Player) buy(ctx context.Context, sale *Sale) *Placed {
	placed := &Placed{Sale: sale}
	start := time.Now()
	cart, err := p.fill(ctx, sale)
	if err == nil {
		err = p.address(ctx, sale, cart)
	}
	if err == nil {
		checkout := time.Now()
		err = p.checkout(ctx, sale, cart, placed)
		placed.Checkout = time.Since(checkout)
	}
	placed.Whole, placed.Refused = time.Since(start), err
	return placed
}

func (p *Player) fill(ctx context.Context, sale *Sale) (string, error) {
	var inputs []*storefrontv1.LineInput
	for _, line := range sale.Lines {
		inputs = append(inputs, &storefrontv1.LineInput{Sku: line.SKU, Quantity: int32(line.Quantity)})
	}
	created := &storefrontv1.CreateCartResponse{}
	err := p.Shop.DoPatiently(ctx, patience, shopclient.Call{
		Verb: http.MethodPost, Path: "/v1/carts", Key: p.key(sale.Key, "cart"),
		In: &storefrontv1.CreateCartRequest{
			Channel: channel().Key, CountryCode: sale.Place.CountryCode, Lines: inputs[:min(linesPerCall, len(inputs))],
		},
	}, created)
	if err != nil {
		return "", fmt.Errorf("create cart: %w", err)
	}
	id := created.GetCart().GetId()
	for n := linesPerCall; n < len(inputs); n += linesPerCall {
		err := p.Shop.DoPatiently(ctx, patience, shopclient.Call{
			Verb: http.MethodPost, Path: "/v1/carts/" + id + "/lines", Key: p.key(sale.Key, fmt.Sprint("lines-", n)),
			In: &storefrontv1.AddLinesRequest{Lines: inputs[n:min(n+linesPerCall, len(inputs))]},
		}, nil)
		if err != nil {
			return "", fmt.Errorf("add lines: %w", err)
		}
	}
	return id, nil
}

func (p *Player) address(ctx context.Context, sale *Sale, cart string) error {
	name := "Customer " + sale.Customer
	if sale.Customer == "" {
		name = "Guest of " + sale.Invoice
	}
	email := "guest-" + sale.Invoice + "@example.com"
	err := p.Shop.DoPatiently(ctx, patience, shopclient.Call{
		Verb: http.MethodPatch, Path: "/v1/carts/" + cart, Key: p.key(sale.Key, "address"),
		In: &storefrontv1.UpdateCartRequest{Email: &email, ShippingAddress: &typev1.Address{
			FullName: name, Line1: "1 Main Square", City: sale.Place.City, Region: sale.Place.Region, PostalCode: sale.Place.PostalCode,
			CountryCode: sale.Place.CountryCode,
		}},
	}, nil)
	if err != nil {
		return fmt.Errorf("set address: %w", err)
	}
	err = p.Shop.DoPatiently(ctx, patience, shopclient.Call{
		Verb: http.MethodPut, Path: "/v1/carts/" + cart + "/shipping-option", Key: p.key(sale.Key, "shipping"),
		In: &storefrontv1.SetShippingOptionRequest{Key: demo.StandardMethod},
	}, nil)
	if err != nil {
		return fmt.Errorf("choose delivery: %w", err)
	}
	return nil
}

func (p *Player) checkout(ctx context.Context, sale *Sale, cart string, placed *Placed) error {
	answer := &storefrontv1.CheckoutResponse{}
	err := p.Shop.DoPatiently(ctx, patience, shopclient.Call{
		Verb: http.MethodPost, Path: "/v1/carts/" + cart + "/checkout", Key: p.key(sale.Key, "checkout"),
		In: &storefrontv1.CheckoutRequest{Payment: &storefrontv1.PaymentInput{
			Method: "card", Token: "tok_ok_" + p.Run + "_" + sale.Key, ReturnUrl: "http://localhost/return",
		}},
	}, answer)
	if err != nil {
		return fmt.Errorf("check out: %w", err)
	}
	placed.OrderID = answer.GetOrder().GetId()
	placed.Order, err = p.settle(ctx, answer.GetOrder())
	return err
}

// settle reads an order until its checkout has ended.
func (p *Player) settle(ctx context.Context, order *storefrontv1.Order) (*storefrontv1.Order, error) {
	deadline := time.Now().Add(patience)
	for !settled(order) {
		if time.Now().After(deadline) {
			return order, fmt.Errorf("order %s is %s after %s", order.GetId(), order.GetStatus(), patience)
		}
		select {
		case <-ctx.Done():
			return order, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
		answer := &storefrontv1.GetOrderResponse{}
		if err := p.Shop.DoPatiently(ctx, patience, shopclient.Call{Verb: http.MethodGet, Path: "/v1/orders/" + order.GetId()}, answer); err != nil {
			return order, fmt.Errorf("read order: %w", err)
		}
		order = answer.GetOrder()
	}
	if order.GetStatus() != storefrontv1.OrderStatus_ORDER_STATUS_PLACED && order.GetStatus() != storefrontv1.OrderStatus_ORDER_STATUS_COMPLETED {
		return order, fmt.Errorf("order %s is %s: %s", order.GetId(), order.GetStatus(), order.GetFailure().GetReason())
	}
	return order, nil
}

// settled tells whether nothing is going on: the order has failed, or is placed and paid.
func settled(order *storefrontv1.Order) bool {
	switch order.GetStatus() {
	case storefrontv1.OrderStatus_ORDER_STATUS_PENDING:
		return false
	case storefrontv1.OrderStatus_ORDER_STATUS_PLACED:
		return order.GetPaymentStatus() == storefrontv1.PaymentStatus_PAYMENT_STATUS_CAPTURED
	default:
		return true
	}
}

// refund gives the units back that the plan says, of the order that the plan's sale became.
func (p *Player) refund(ctx context.Context, refund Refund, bought *Placed) *Refunded {
	done := &Refunded{Refund: refund}
	if bought == nil || bought.Refused != nil {
		done.Refused = errSaleRefused
		return done
	}
	done.OrderID = bought.OrderID
	request := &adminv1.RefundOrderRequest{Restock: true, Reason: "invoice " + refund.Invoice}
	for _, line := range refund.Lines {
		for _, sold := range bought.Order.GetLines() {
			if sold.GetSku() == line.SKU {
				request.Lines = append(request.Lines, &adminv1.RefundItem{OrderLineId: sold.GetId(), Quantity: int32(line.Quantity)})
			}
		}
	}
	answer := &adminv1.RefundOrderResponse{}
	err := p.Staff.DoPatiently(ctx, patience, shopclient.Call{
		Verb: http.MethodPost, Path: "/admin/v1/orders/" + bought.OrderID + "/refunds", Key: p.key(refund.Invoice, refund.Sale), In: request,
	}, answer)
	if err != nil {
		done.Refused = fmt.Errorf("refund: %w", err)
		return done
	}
	done.Amount = answer.GetRefund().GetTotal()
	return done
}

func (p *Player) key(parts ...string) string {
	key := "replay-" + p.Run
	for _, part := range parts {
		key += "-" + part
	}
	return key
}
