package checkout_test

import (
	"context"
	"fmt"
	"sync"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

const (
	held      = inventoryv1.ReservationState_RESERVATION_STATE_HELD
	committed = inventoryv1.ReservationState_RESERVATION_STATE_COMMITTED
	released  = inventoryv1.ReservationState_RESERVATION_STATE_RELEASED
	expired   = inventoryv1.ReservationState_RESERVATION_STATE_EXPIRED
	refused   = inventoryv1.ReservationState_RESERVATION_STATE_REFUSED
)

// inventoryPeer keeps the promises of the inventory service's contract: all or nothing, tombstones, each id once.
type inventoryPeer struct {
	inventoryv1.UnimplementedInventoryServiceServer
	mu           sync.Mutex
	available    map[string]int32
	reservations map[string]*reservation
	done         map[string]bool // releases, shipments and returns by id
	returned     map[string]int32
	limit        int32 // units of one SKU that one customer may have; 0: no limit
}

type reservation struct {
	order    string
	customer string
	beyond   bool // the refusal was that of the limit
	state    inventoryv1.ReservationState
	lines    map[string]int32
	gone     map[string]int32 // shipped or released
}

func newInventoryPeer() *inventoryPeer {
	return &inventoryPeer{
		available: map[string]int32{}, reservations: map[string]*reservation{}, done: map[string]bool{}, returned: map[string]int32{},
	}
}

func (p *inventoryPeer) Reserve(_ context.Context, req *inventoryv1.ReserveRequest) (*inventoryv1.ReserveResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, seen := p.reservations[req.GetReservationId()]
	if !seen {
		r = &reservation{order: req.GetOrderId(), customer: req.GetCustomerKey(), state: held, lines: map[string]int32{}, gone: map[string]int32{}}
		p.reservations[req.GetReservationId()] = r
		for _, l := range req.GetLines() {
			r.lines[l.GetSku()] += l.GetQuantity()
		}
		for sku, quantity := range r.lines {
			r.beyond = r.beyond || p.limit > 0 && quantity > p.limit
			if p.available[sku] < quantity || r.beyond {
				r.state = refused
			}
		}
		if r.state == held {
			p.move(r, -1)
		}
	}
	switch r.state {
	case held, committed:
		return &inventoryv1.ReserveResponse{Reservation: &inventoryv1.Reservation{Id: req.GetReservationId(), State: r.state}}, nil
	case refused:
		if r.beyond {
			return nil, errs.Define(errs.FailedPrecondition, "PURCHASE_LIMIT", "").At("lines[0].quantity", "One customer may have 1.").
				Meta("lines[0].limit", "1").Meta("lines[0].held", "1")
		}
		return nil, errs.Define(errs.FailedPrecondition, "SOLD_OUT", "").At("lines[0].quantity", "There is not enough stock.")
	}
	return nil, errs.Define(errs.FailedPrecondition, "RESERVATION_RELEASED", "").New("The reservation is over.")
}

func (p *inventoryPeer) move(r *reservation, sign int32) {
	for sku, quantity := range r.lines {
		p.available[sku] += sign * quantity
	}
}

func (p *inventoryPeer) CommitReservation(_ context.Context, req *inventoryv1.CommitReservationRequest) (*inventoryv1.CommitReservationResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, ok := p.reservations[req.GetReservationId()]
	if !ok {
		return nil, errs.Define(errs.NotFound, "RESERVATION_NOT_FOUND", "").New("There is no such reservation.")
	}
	if r.state != held && r.state != committed {
		return nil, errs.Define(errs.FailedPrecondition, "RESERVATION_EXPIRED", "").New("The reservation is over.")
	}
	r.state = committed
	return &inventoryv1.CommitReservationResponse{}, nil
}

func (p *inventoryPeer) ReleaseReservation(_ context.Context, req *inventoryv1.ReleaseReservationRequest) (*inventoryv1.ReleaseReservationResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, ok := p.reservations[req.GetReservationId()]
	if !ok {
		p.reservations[req.GetReservationId()] = &reservation{state: released}
		return &inventoryv1.ReleaseReservationResponse{}, nil
	}
	switch r.state {
	case committed:
		return nil, errs.Define(errs.FailedPrecondition, "RESERVATION_COMMITTED", "").New("The reservation is committed.")
	case held:
		p.move(r, 1)
		r.state = released
	}
	return &inventoryv1.ReleaseReservationResponse{}, nil
}

// take counts units out of a committed reservation once per id.
func (p *inventoryPeer) take(id, reservationID string, lines map[string]int32) (bool, error) {
	if p.done[id] {
		return false, nil
	}
	r, ok := p.reservations[reservationID]
	if !ok || r.state != committed {
		return false, errs.Define(errs.FailedPrecondition, "RESERVATION_NOT_COMMITTED", "").New("The reservation is not committed.")
	}
	for sku, quantity := range lines {
		if r.lines[sku]-r.gone[sku] < quantity {
			return false, errs.Define(errs.FailedPrecondition, "QTY_EXCEEDS", "").New("Only %d units are left.", r.lines[sku]-r.gone[sku])
		}
	}
	for sku, quantity := range lines {
		r.gone[sku] += quantity
	}
	p.done[id] = true
	return true, nil
}

func (p *inventoryPeer) ReleaseAllocation(_ context.Context, req *inventoryv1.ReleaseAllocationRequest) (*inventoryv1.ReleaseAllocationResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	lines := map[string]int32{}
	for _, l := range req.GetLines() {
		lines[l.GetSku()] += l.GetQuantity()
	}
	first, err := p.take(req.GetReleaseId(), req.GetReservationId(), lines)
	if err != nil {
		return nil, err
	}
	for sku, quantity := range lines {
		if first {
			p.available[sku] += quantity
		}
	}
	return &inventoryv1.ReleaseAllocationResponse{}, nil
}

func (p *inventoryPeer) CreateShipment(_ context.Context, req *inventoryv1.CreateShipmentRequest) (*inventoryv1.CreateShipmentResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	lines := map[string]int32{}
	for _, l := range req.GetLines() {
		lines[l.GetSku()] += l.GetQuantity()
	}
	if _, err := p.take(req.GetShipmentId(), req.GetReservationId(), lines); err != nil {
		return nil, err
	}
	return &inventoryv1.CreateShipmentResponse{}, nil
}

func (p *inventoryPeer) ReceiveReturn(_ context.Context, req *inventoryv1.ReceiveReturnRequest) (*inventoryv1.ReceiveReturnResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.done[req.GetReturnId()] {
		p.done[req.GetReturnId()] = true
		for _, l := range req.GetLines() {
			p.returned[req.GetOrderId()+"/"+l.GetSku()] += l.GetQuantity()
			if l.GetRestock() {
				p.available[l.GetSku()] += l.GetQuantity()
			}
		}
	}
	return &inventoryv1.ReceiveReturnResponse{}, nil
}

// expire puts what a reservation of the order holds back on sale, as the sweeper would.
func (p *inventoryPeer) expire(orderID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.reservations {
		if r.order == orderID && r.state == held {
			p.move(r, 1)
			r.state = expired
		}
	}
}

func (p *inventoryPeer) set(sku string, units int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.available[sku] = units
}

func (p *inventoryPeer) shirts() int32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.available[skuA]
}

// stateOf lists the states of the order's reservations that hold something: nothing but one committed, or none, is right at
// the end.
func (p *inventoryPeer) stateOf(orderID string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	counts := map[inventoryv1.ReservationState]int{}
	for _, r := range p.reservations {
		if r.order == orderID && (r.state == held || r.state == committed) {
			counts[r.state]++
		}
	}
	return fmt.Sprintf("%d held, %d committed", counts[held], counts[committed])
}
