package order

import (
	"context"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/identity"
)

// Event is one thing that happened to an order.
type Event struct {
	// ID grows with time.
	ID int64
	// OrderID names the order.
	OrderID string
	// Kind is what happened.
	Kind string
	// Actor is who did it.
	Actor Actor
	// At is when, by the database's clock.
	At time.Time
	// Data are the facts.
	Data map[string]string
}

// Actor is who asked for something and in which request.
type Actor struct {
	// Kind is anonymous, customer, staff, service, or system for what the machine does by itself.
	Kind string `json:"kind"`
	// Subject is who; empty for anonymous and system.
	Subject string `json:"subject,omitempty"`
	// RequestID is the request it came from.
	RequestID string `json:"request_id,omitempty"`
}

// System is the actor of what the machine does by itself.
const System = "system"

// ActorOf is who makes the call.
func ActorOf(ctx context.Context) Actor {
	p := identity.From(ctx)
	return Actor{Kind: p.Kind.String(), Subject: p.Subject, RequestID: identity.RequestID(ctx)}
}

// AsService is the context of calls to other services: they are made by this service for whoever owns the work, so
// that a repeat by a worker is the same call as the first one in a request.
func AsService(ctx context.Context, a Actor) context.Context {
	ctx = identity.With(ctx, identity.Principal{Kind: identity.Service, Subject: "cart"})
	if a.RequestID != "" {
		ctx = identity.WithRequestID(ctx, a.RequestID)
	}
	return ctx
}
