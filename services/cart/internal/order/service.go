package order

import (
	"context"
	"fmt"
	"strings"

	"github.com/cartwright-shop/cartwright/services/cart/internal/saga"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/cartwright-shop/cartwright/services/platform/page"
)

// Sizes of the lists.
const (
	ordersDefault = 24
	eventsDefault = 50
	pageLimit     = 200
)

// Service answers for orders.
type Service struct {
	store  Store
	runner *saga.Runner
}

// NewService makes the service and registers the machines of its operations with the runner.
func NewService(store Store, peers Peers, runner *saga.Runner) *Service {
	runner.Add(&refundMachine{store: store, peers: peers})
	runner.Add(&shipmentMachine{store: store, peers: peers})
	return &Service{store: store, runner: runner}
}

// GetOrder reads an order the caller may see; ErrNotFound otherwise.
func (s *Service) GetOrder(ctx context.Context, orderID string) (*Order, error) {
	o, err := s.store.GetOrder(ctx, orderID)
	if err != nil {
		return nil, fmt.Errorf("get order: %w", err)
	}
	if err := Visible(ctx, o); err != nil {
		return nil, err
	}
	return o, nil
}

// Visible answers ErrNotFound unless the caller may see the order: staff and services all, a customer their own, anybody a
// guest's whose id they know.
func Visible(ctx context.Context, o *Order) error {
	p := identity.From(ctx)
	switch {
	case p.Kind == identity.Staff, p.Kind == identity.Service:
		return nil
	case o.CustomerID == "":
		return nil
	case p.Kind == identity.Customer && p.Subject == o.CustomerID:
		return nil
	}
	return NotFound(o.ID)
}

// NotFound is the one answer for orders that do not exist and orders of others.
func NotFound(orderID string) error { return ErrNotFound.New("There is no order %s.", orderID) }

// Page is one page of orders.
type Page struct {
	// Orders are newest first.
	Orders []Summary
	// NextToken continues the list; empty on the last page.
	NextToken string
}

// ListOrders lists the customer's own orders, or for staff all that match.
func (s *Service) ListOrders(ctx context.Context, f Filter, size int32, token string) (Page, error) {
	f, err := permitted(ctx, f)
	if err != nil {
		return Page{}, err
	}
	limit, err := page.Size(size, ordersDefault, pageLimit)
	if err != nil {
		return Page{}, err
	}
	scope := fmt.Sprintf("orders|%+v", f)
	if err := page.Decode(scope, token, &f.After); err != nil {
		return Page{}, err
	}
	orders, err := s.store.ListOrders(ctx, f, limit+1)
	if err != nil {
		return Page{}, fmt.Errorf("list orders: %w", err)
	}
	if len(orders) <= limit {
		return Page{Orders: orders}, nil
	}
	orders = orders[:limit]
	last := orders[limit-1]
	next, err := page.Encode(scope, Cursor{CreatedAt: last.CreatedAt, ID: last.ID})
	if err != nil {
		return Page{}, err
	}
	return Page{Orders: orders, NextToken: next}, nil
}

// permitted narrows a filter to what the caller may list.
func permitted(ctx context.Context, f Filter) (Filter, error) {
	if !f.From.IsZero() && !f.Until.IsZero() && !f.Until.After(f.From) {
		return f, ErrRange.At("createdUntil", "The range must end after it begins.")
	}
	f.Email = strings.ToLower(f.Email)
	p := identity.From(ctx)
	switch p.Kind {
	case identity.Staff, identity.Service:
		return f, nil
	case identity.Customer:
		if f.Email != "" || f.NeedsAttention || (f.CustomerID != "" && f.CustomerID != p.Subject) {
			return f, ErrFilter.New("Only staff may filter by e-mail, customer or attention.")
		}
		f.CustomerID = p.Subject
		f.BoughtOnly = f.Status == ""
		return f, nil
	default:
		return f, errs.Unauthorized.New("Log in to list orders.")
	}
}

// EventPage is one page of an order's history.
type EventPage struct {
	// Events are oldest first.
	Events []Event
	// NextToken continues the list; empty on the last page.
	NextToken string
}

// ListOrderEvents reads the history of an order. Staff only.
func (s *Service) ListOrderEvents(ctx context.Context, orderID string, size int32, token string) (EventPage, error) {
	if err := staffOnly(ctx); err != nil {
		return EventPage{}, err
	}
	limit, err := page.Size(size, eventsDefault, pageLimit)
	if err != nil {
		return EventPage{}, err
	}
	var after int64
	scope := "order-events|" + orderID
	if err := page.Decode(scope, token, &after); err != nil {
		return EventPage{}, err
	}
	if _, err := s.GetOrder(ctx, orderID); err != nil {
		return EventPage{}, err
	}
	events, err := s.store.ListEvents(ctx, orderID, after, limit+1)
	if err != nil {
		return EventPage{}, fmt.Errorf("list order events: %w", err)
	}
	if len(events) <= limit {
		return EventPage{Events: events}, nil
	}
	events = events[:limit]
	next, err := page.Encode(scope, events[limit-1].ID)
	if err != nil {
		return EventPage{}, err
	}
	return EventPage{Events: events, NextToken: next}, nil
}

func staffOnly(ctx context.Context) error {
	switch identity.From(ctx).Kind {
	case identity.Staff, identity.Service:
		return nil
	case identity.Anonymous:
		return errs.Unauthorized.New("Log in as staff.")
	default:
		return errs.Forbidden.New("Only staff may do this.")
	}
}
