package stock

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// State is where a reservation is in its life.
type State string

// The states. Held goes to Committed, Released or Expired; all others are final.
const (
	// Held keeps units for a time.
	Held State = "held"
	// Committed units belong to the order.
	Committed State = "committed"
	// Released units were given back, or the id was refused in advance.
	Released State = "released"
	// ExpiredState is a hold whose time ran out.
	ExpiredState State = "expired"
	// Refused is a cart that did not fit the stock, or what its customer may have.
	Refused State = "refused"
)

// Allocation is what one location owes of one SKU to a reservation. Backordered units have no location.
type Allocation struct {
	Key
	// Quantity is the units owed in all.
	Quantity int32
	// Shipped of them have left.
	Shipped int32
	// Released of them were given back.
	Released int32
}

// Open is what is still owed.
func (a Allocation) Open() int32 { return a.Quantity - a.Shipped - a.Released }

// Backordered says that no stock stands behind the units.
func (a Allocation) Backordered() bool { return a.Location == "" }

// Shortage is a SKU that did not fit the stock or, where Limit is above 0, what the customer may have.
type Shortage struct {
	// SKU is the stock keeping unit.
	SKU string `json:"sku"`
	// Requested is the units asked for.
	Requested int32 `json:"requested"`
	// Available is the units that could have been reserved.
	Available int32 `json:"available"`
	// Limit is the most units one customer may have.
	Limit int32 `json:"limit,omitempty"`
	// Held is how many of them this one had.
	Held int32 `json:"held,omitempty"`
}

// Reservation is a promise of stock to one order, or the refusal of one.
type Reservation struct {
	// ID was chosen by the caller.
	ID string
	// OrderID is the order it is for; empty on one released before it was asked for.
	OrderID string
	// Channel is where it was sold.
	Channel string
	// State is where it is in its life.
	State State
	// Fingerprint tells what was asked for; nil on one released before it was asked for.
	Fingerprint []byte
	// Shortages are the SKUs that did not fit, on a refused one.
	Shortages []Shortage
	// ExpiresAt is when held units go back on sale; zero on one that never held any.
	ExpiresAt time.Time
	// CreatedAt is when it was first seen.
	CreatedAt time.Time
	// Allocations are what it owes, in key order.
	Allocations []Allocation
}

// ReserveRequest asks for a whole cart.
type ReserveRequest struct {
	// ID names the reservation and makes repeats safe.
	ID string
	// OrderID is the order it is for.
	OrderID string
	// Channel decides which locations may serve it.
	Channel string
	// CustomerKey is whom purchase limits are counted for; without one no limit applies.
	CustomerKey string
	// Lines are wanted all or none; equal SKUs are added up.
	Lines []Line
	// TTL is how long to hold the stock.
	TTL time.Duration
	// RequestID is the caller's, for the audit.
	RequestID string
}

// Cart is a checked ReserveRequest as a Reserver takes it.
type Cart struct {
	// ID names the reservation.
	ID string
	// OrderID is the order it is for.
	OrderID string
	// Channel decides which locations may serve it.
	Channel string
	// CustomerKey is whom purchase limits are counted for; without one no limit applies.
	CustomerKey string
	// Lines are sorted by SKU, each SKU once.
	Lines []Line
	// TTL is how long to hold the stock, in whole seconds.
	TTL time.Duration
	// Fingerprint tells what is asked for.
	Fingerprint []byte
	// Cause says who asks.
	Cause Cause
}

// Reserve holds a whole cart or refuses it with ErrSoldOut or ErrPurchaseLimit; the outcome is stored under the id and given
// again to whoever repeats the request. A request with other content under a used id fails with IdempotencyKeyReused. Whom it
// counts for is no part of the content: a caller that is deployed in between may have learned to say so.
func (s *Service) Reserve(ctx context.Context, r ReserveRequest) (Reservation, error) {
	if r.TTL < MinTTL || r.TTL > MaxTTL {
		return Reservation{}, ErrTTLRange.At("ttlSeconds", "Stock can be held for %d to %d seconds.", int(MinTTL.Seconds()), int(MaxTTL.Seconds()))
	}
	if len(r.Lines) == 0 {
		return Reservation{}, ErrQtyRange.At("lines", "A reservation needs at least one line.")
	}
	lines, err := sumLines(r.Lines)
	if err != nil {
		return Reservation{}, err
	}
	cart := Cart{
		ID: r.ID, OrderID: r.OrderID, Channel: r.Channel, CustomerKey: r.CustomerKey, Lines: lines, TTL: r.TTL,
		Fingerprint: fingerprint([]string{"reserve/1", r.OrderID, r.Channel}, lines),
		Cause:       causeOf(ctx, r.RequestID, "reserve", r.OrderID),
	}
	outcome, err := s.reserver.Reserve(ctx, cart)
	if err != nil {
		return Reservation{}, fmt.Errorf("reserve stock: %w", err)
	}
	if outcome.Fingerprint != nil && !bytes.Equal(outcome.Fingerprint, cart.Fingerprint) {
		return Reservation{}, errs.IdempotencyKeyReused.At("reservationId", "This reservation id was used for another order, channel or other lines.")
	}
	if outcome.State == Refused {
		for _, short := range outcome.Shortages {
			s.forget(short.SKU)
		}
		return Reservation{}, refusal(r.Lines, outcome.Shortages)
	}
	if s.memo != nil && outcome.State == Held {
		s.memo.taken(outcome, s.band)
	}
	return outcome, outcome.requireState(Held, Committed)
}

// refusal names every line of the request whose SKU is short or beyond its limit. Beyond a limit comes first: more stock would
// not help that buyer.
func refusal(lines []Line, shortages []Shortage) error {
	short := make(map[string][]Shortage, len(shortages))
	limited := 0
	for _, sh := range shortages {
		short[sh.SKU] = append(short[sh.SKU], sh)
		if sh.Limit > 0 {
			limited++
		}
	}
	err := ErrSoldOut.New("There is not enough stock for %d item(s).", len(shortages))
	if limited > 0 {
		err = ErrPurchaseLimit.New("%d item(s) are more than one customer may have.", limited)
	}
	for i, line := range lines {
		for _, sh := range short[line.SKU] {
			err = sh.tell(err, i)
		}
	}
	return err
}

// tell adds what is wrong with the line at place i.
func (sh Shortage) tell(err *errs.Error, i int) *errs.Error {
	if sh.Limit > 0 {
		return err.Field(quantityPath(i), ErrPurchaseLimit.Reason(), fmt.Sprintf(
			"One customer may have %d units of %q: %d are held or bought already, %d more were asked for.", sh.Limit, sh.SKU, sh.Held, sh.Requested)).
			Meta(fmt.Sprintf("lines[%d].limit", i), fmt.Sprint(sh.Limit)).
			Meta(fmt.Sprintf("lines[%d].held", i), fmt.Sprint(sh.Held))
	}
	return err.Field(quantityPath(i), ErrSoldOut.Reason(), fmt.Sprintf("%d of %d units of %q can be reserved.", sh.Available, sh.Requested, sh.SKU)).
		Meta(fmt.Sprintf("lines[%d].requested", i), fmt.Sprint(sh.Requested)).
		Meta(fmt.Sprintf("lines[%d].available", i), fmt.Sprint(sh.Available))
}

// requireState is nil when the reservation is in one of the states, else the error that names the one it is in.
func (r Reservation) requireState(states ...State) error {
	for _, state := range states {
		if r.State == state {
			return nil
		}
	}
	switch r.State {
	case Held:
		return ErrReservationNotCommitted.New("The reservation is not committed yet.")
	case Committed:
		return ErrReservationCommitted.New("The reservation is committed already.")
	case ExpiredState:
		return ErrReservationExpired.New("The reservation expired at %s.", r.ExpiresAt.UTC().Format(time.RFC3339))
	case Refused:
		return ErrReservationRefused.New("The reservation was refused when it was asked for.")
	default:
		return ErrReservationReleased.New("The reservation was released.")
	}
}

// GetReservation returns a reservation in whatever state it is.
func (s *Service) GetReservation(ctx context.Context, id string) (Reservation, error) {
	r, err := s.store.GetReservation(ctx, id)
	if err != nil {
		return Reservation{}, fmt.Errorf("get reservation: %w", err)
	}
	return r, nil
}

// CommitReservation makes held units the order's own. Of a commit and an expiry at the same moment one wins, and the other
// sees it.
func (s *Service) CommitReservation(ctx context.Context, id string) (Reservation, error) {
	r, committed, err := s.store.CommitReservation(ctx, id)
	if err != nil {
		return Reservation{}, fmt.Errorf("commit reservation: %w", err)
	}
	if committed {
		return r, nil
	}
	if r, err = s.store.GetReservation(ctx, id); err != nil {
		return Reservation{}, fmt.Errorf("commit reservation: %w", err)
	}
	return r, r.requireState(Committed)
}

// ReleaseReservation gives held units back. An id never seen is refused from now on, so that a request to reserve that is
// still on its way holds nothing when it arrives.
func (s *Service) ReleaseReservation(ctx context.Context, id, requestID string) (Reservation, error) {
	r, err := s.reserver.Release(ctx, Release{ID: id, Cause: causeOf(ctx, requestID, "release", "")})
	if err != nil {
		return Reservation{}, fmt.Errorf("release reservation: %w", err)
	}
	return r, r.requireState(Released, ExpiredState, Refused)
}

// Expired is the result of one round of expiry.
type Expired struct {
	// Reservations is how many were ended.
	Reservations int
	// Lag is how long the oldest of them was overdue.
	Lag time.Duration
}

const expiryBatch = 500

// ExpireReservations ends all overdue reservations in batches and frees their stock. Any number of processes may run it
// at the same time.
func (s *Service) ExpireReservations(ctx context.Context) (Expired, error) {
	var total Expired
	for {
		round, err := s.store.ExpireReservations(ctx, expiryBatch)
		if err != nil {
			return total, fmt.Errorf("expire reservations: %w", err)
		}
		total.Reservations += round.Reservations
		total.Lag = max(total.Lag, round.Lag)
		if round.Reservations < expiryBatch {
			return total, nil
		}
	}
}

// purgeBatch is small: nobody should wait for a purge.
const purgeBatch = 1000

// PurgeReservations deletes what came to nothing before age and says how many. Whoever still asks for such an id is told that
// it was released; it never holds stock again. Any number of processes may run it at the same time.
func (s *Service) PurgeReservations(ctx context.Context, age time.Duration) (int, error) {
	total := 0
	for {
		n, err := s.store.PurgeReservations(ctx, max(age, LeastRetention), purgeBatch)
		if err != nil {
			return total, fmt.Errorf("purge reservations: %w", err)
		}
		if total += n; n < purgeBatch {
			return total, nil
		}
	}
}
