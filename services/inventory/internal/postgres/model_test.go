package postgres_test

import (
	"cmp"
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/prooftest"
)

// model is inventory as a child would keep it: two locations by priority, no locks, no SQL.
type model struct {
	onHand       map[stock.Key]int32
	reserved     map[stock.Key]int32
	limit        map[string]int32
	owed         map[string]int32
	perCustomer  map[string]int32 // 0: no limit
	reservations []*promise
}

type promise struct {
	request stock.ReserveRequest
	state   stock.State
	open    map[stock.Key]int32
	shipped map[string]int32
	// units are what counts against the limits of its customer, if it counts.
	units  map[string]int32
	counts bool
}

var (
	modelSKUs      = []string{"A", "B", "C"}
	modelLocations = []string{"near", "far"} // by priority
)

func newModel() *model {
	return &model{
		onHand: map[stock.Key]int32{}, reserved: map[stock.Key]int32{}, limit: map[string]int32{}, owed: map[string]int32{},
		perCustomer: map[string]int32{},
	}
}

func (m *model) free(k stock.Key) int32 { return m.onHand[k] - m.reserved[k] }

// has is what a customer has of a SKU.
func (m *model) has(customer, sku string) int32 {
	var units int32
	for _, p := range m.reservations {
		if p.counts && p.request.CustomerKey == customer && (p.state == stock.Held || p.state == stock.Committed) {
			units += p.units[sku]
		}
	}
	return units
}

// beyondLimit says whether a cart has more than its customer may have. A cart that no limit applies to does not count later.
func (m *model) beyondLimit(p *promise) bool {
	beyond := false
	for _, l := range p.request.Lines {
		if limit := m.perCustomer[l.SKU]; limit > 0 && p.request.CustomerKey != "" {
			p.counts = true
			beyond = beyond || l.Quantity > limit-m.has(p.request.CustomerKey, l.SKU)
		}
	}
	return beyond
}

// reserve is the rule: within the limits, locations by priority, then what may be owed, all lines or none.
func (m *model) reserve(r stock.ReserveRequest) errs.Kind {
	p := &promise{request: r, state: stock.Held, open: map[stock.Key]int32{}, shipped: map[string]int32{}, units: map[string]int32{}}
	beyond := m.beyondLimit(p)
	m.reservations = append(m.reservations, p)
	if beyond {
		p.state = stock.Refused
		return stock.ErrPurchaseLimit
	}
	for _, l := range r.Lines {
		p.units[l.SKU] = l.Quantity
		left := l.Quantity
		for _, location := range modelLocations {
			k := stock.Key{SKU: l.SKU, Location: location}
			if take := min(left, m.free(k)); take > 0 {
				p.open[k] = take
				left -= take
			}
		}
		if left > 0 && left > m.limit[l.SKU]-m.owed[l.SKU] {
			p.state, p.open = stock.Refused, map[stock.Key]int32{}
			return stock.ErrSoldOut
		}
		if left > 0 {
			p.open[stock.Key{SKU: l.SKU}] = left
		}
	}
	for k, n := range p.open {
		m.move(k, n)
	}
	return errs.Kind{}
}

// move adds to what is promised at a key.
func (m *model) move(k stock.Key, n int32) {
	if k.Location == "" {
		m.owed[k.SKU] += n
		return
	}
	m.reserved[k] += n
}

func (m *model) end(p *promise, state stock.State) {
	p.state = state
	for k, n := range p.open {
		m.move(k, -n)
	}
	p.open = map[stock.Key]int32{}
}

// take removes n units of a SKU from what a promise owes, in the order given, and says whether there were as many.
func (p *promise) take(sku string, n int32, order []string) (map[stock.Key]int32, bool) {
	taken := map[stock.Key]int32{}
	for _, location := range order {
		k := stock.Key{SKU: sku, Location: location}
		if q := min(n, p.open[k]); q > 0 {
			taken[k] = q
			n -= q
		}
	}
	if n > 0 {
		return nil, false
	}
	for k, q := range taken {
		p.open[k] -= q
	}
	return taken, true
}

// fill gives free units to committed promises, the oldest first.
func (m *model) fill() {
	for _, p := range m.reservations {
		for _, sku := range modelSKUs {
			for _, location := range modelLocations {
				k, none := stock.Key{SKU: sku, Location: location}, stock.Key{SKU: sku}
				if q := min(p.open[none], m.free(k)); p.state == stock.Committed && q > 0 {
					p.open[none] -= q
					p.open[k] += q
					m.owed[sku] -= q
					m.reserved[k] += q
				}
			}
		}
	}
}

// When it fails, some order of events makes inventory answer or count other than the rules say.
func TestInventoryFollowsTheModel(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.location("near", 0)
	f.location("far", 1)
	for range prooftest.Rounds(1, 5) {
		rapid.Check(t, f.walk)
	}
}

// walk takes steps at random and compares after each.
func (f *fixture) walk(rt *rapid.T) {
	f.reset()
	m := newModel()
	w := &walk{f: f, m: m, rt: rt, ctx: context.Background()}
	w.set(rt)
	w.reserve(rt) // the steps below have at least one reservation to choose
	rt.Repeat(map[string]func(*rapid.T){
		"set":     w.set,
		"policy":  w.policy,
		"limit":   w.limit,
		"reserve": w.reserve,
		"commit":  w.commit,
		"release": w.release,
		"expire":  w.expire,
		"giveUp":  w.giveUp,
		"ship":    w.ship,
		"return":  w.sendBack,
		"fill":    w.fill,
		"":        func(*rapid.T) { w.compare() },
	})
	f.audit()
}

// reset forgets everything but the locations.
func (f *fixture) reset() {
	f.asOwner(`TRUNCATE stock, backorder, purchase_limit, stock_movement, reservation_key, reservation, allocation, allocation_release,
		allocation_release_item, shipment, shipment_item, stock_return, stock_return_item`)
}

// walk takes steps in the service and the model and compares what they say.
type walk struct {
	f   *fixture
	m   *model
	rt  *rapid.T
	ctx context.Context
}

func (w *walk) lines(t *rapid.T, most int32) []stock.Line {
	skus := rapid.SliceOfNDistinct(rapid.SampledFrom(modelSKUs), 1, 3, rapid.ID[string]).Draw(t, "skus")
	lines := make([]stock.Line, len(skus))
	for i, sku := range skus {
		lines[i] = line(sku, rapid.Int32Range(1, most).Draw(t, "quantity"))
	}
	slices.SortFunc(lines, func(a, b stock.Line) int { return cmp.Compare(a.SKU, b.SKU) })
	return lines
}

func (w *walk) any(t *rapid.T) *promise {
	return rapid.SampledFrom(w.m.reservations).Draw(t, "reservation")
}

func (w *walk) set(t *rapid.T) {
	k := stock.Key{SKU: rapid.SampledFrom(modelSKUs).Draw(t, "sku"), Location: rapid.SampledFrom(modelLocations).Draw(t, "location")}
	units := rapid.Int32Range(0, 12).Draw(t, "units")
	_, err := w.f.SetStock(w.ctx, stock.Correction{Reason: "count", Entries: []stock.Entry{{Key: k, Units: units}}})
	if units < w.m.reserved[k] {
		require.True(t, errs.Has(err, stock.ErrBelowReserved), "%v", err)
		return
	}
	require.NoError(t, err)
	w.m.onHand[k] = units
}

func (w *walk) policy(t *rapid.T) {
	sku, limit := rapid.SampledFrom(modelSKUs).Draw(t, "sku"), rapid.Int32Range(0, 4).Draw(t, "limit")
	_, err := w.f.SetBackorderPolicy(w.ctx, stock.BackorderPolicy{SKU: sku, Allowed: limit > 0, Limit: limit})
	require.NoError(t, err)
	w.m.limit[sku] = limit
}

func (w *walk) limit(t *rapid.T) {
	sku, limit := rapid.SampledFrom(modelSKUs).Draw(t, "sku"), rapid.Int32Range(0, 9).Draw(t, "limit")
	_, err := w.f.SetPurchaseLimit(w.ctx, stock.PurchaseLimit{SKU: sku, Quantity: limit})
	require.NoError(t, err)
	w.m.perCustomer[sku] = limit
}

func (w *walk) reserve(t *rapid.T) {
	r := cart(w.lines(t, 6)...)
	r.CustomerKey = rapid.SampledFrom([]string{"", "ada", "bob"}).Draw(t, "customer")
	want := w.m.reserve(r)
	for range 2 { // the repeat must say the same
		_, err := w.f.Reserve(w.ctx, r)
		if want != (errs.Kind{}) {
			require.True(t, errs.Has(err, want), "%v", err)
			continue
		}
		require.NoError(t, err)
	}
}

func (w *walk) commit(t *rapid.T) {
	p := w.any(t)
	_, err := w.f.CommitReservation(w.ctx, p.request.ID)
	if p.state == stock.Held || p.state == stock.Committed {
		require.NoError(t, err)
		p.state = stock.Committed
		return
	}
	require.Error(t, err)
}

func (w *walk) release(t *rapid.T) {
	p := w.any(t)
	_, err := w.f.ReleaseReservation(w.ctx, p.request.ID, "")
	if p.state == stock.Committed {
		require.True(t, errs.Has(err, stock.ErrReservationCommitted))
		return
	}
	require.NoError(t, err)
	if p.state == stock.Held {
		w.m.end(p, stock.Released)
	}
}

func (w *walk) expire(t *rapid.T) {
	w.f.overdue()
	_, err := w.f.ExpireReservations(w.ctx)
	require.NoError(t, err)
	for _, p := range w.m.reservations {
		if p.state == stock.Held {
			w.m.end(p, stock.ExpiredState)
		}
	}
}

// all takes every line from the promise or nothing.
func (w *walk) all(p *promise, lines []stock.Line, order []string) (map[stock.Key]int32, bool) {
	before := map[stock.Key]int32{}
	for k, n := range p.open {
		before[k] = n
	}
	total := map[stock.Key]int32{}
	for _, l := range lines {
		taken, ok := p.take(l.SKU, l.Quantity, order)
		if !ok {
			p.open = before
			return nil, false
		}
		for k, n := range taken {
			total[k] = n
		}
	}
	return total, true
}

func (w *walk) giveUp(t *rapid.T) {
	p, lines := w.any(t), w.lines(t, 3)
	_, err := w.f.ReleaseAllocation(w.ctx, stock.ReleaseRequest{ID: id.New(), ReservationID: p.request.ID, Lines: lines})
	if p.state != stock.Committed {
		require.Error(t, err)
		return
	}
	taken, ok := w.all(p, lines, []string{"", "far", "near"})
	if !ok {
		require.True(t, errs.Has(err, stock.ErrQtyExceeds), "%v", err)
		return
	}
	require.NoError(t, err)
	for k, n := range taken {
		w.m.move(k, -n)
		p.units[k.SKU] -= n
	}
}

func (w *walk) ship(t *rapid.T) {
	p, lines := w.any(t), w.lines(t, 3)
	_, err := w.f.CreateShipment(w.ctx, ship(stock.Reservation{ID: p.request.ID, OrderID: p.request.OrderID}, lines...))
	if p.state != stock.Committed {
		require.Error(t, err)
		return
	}
	taken, ok := w.all(p, lines, modelLocations)
	if !ok {
		require.True(t, errs.Has(err, stock.ErrQtyExceeds), "%v", err)
		return
	}
	require.NoError(t, err)
	for k, n := range taken {
		w.m.reserved[k] -= n
		w.m.onHand[k] -= n
		p.shipped[k.SKU] += n
	}
}

func (w *walk) sendBack(t *rapid.T) {
	p, sku := w.any(t), rapid.SampledFrom(modelSKUs).Draw(t, "sku")
	quantity, restock := rapid.Int32Range(1, 3).Draw(t, "quantity"), rapid.Bool().Draw(t, "restock")
	request := sendBack(p.request.OrderID, back(sku, quantity, restock))
	request.Location = rapid.SampledFrom(modelLocations).Draw(t, "location")
	_, err := w.f.ReceiveReturn(w.ctx, request)
	if quantity > p.shipped[sku] {
		require.True(t, errs.Has(err, stock.ErrQtyExceeds), "%v", err)
		return
	}
	require.NoError(t, err)
	p.shipped[sku] -= quantity
	if restock {
		w.m.onHand[stock.Key{SKU: sku, Location: request.Location}] += quantity
	}
}

func (w *walk) fill(t *rapid.T) {
	_, err := w.f.FillBackorders(w.ctx)
	require.NoError(t, err)
	w.m.fill()
}

// compare looks at every figure.
func (w *walk) compare() {
	levels, err := w.f.ListStock(w.ctx, stock.LevelFilter{}, 100)
	require.NoError(w.rt, err)
	got := map[stock.Key][2]int32{}
	for _, l := range levels {
		got[l.Key] = [2]int32{l.OnHand, l.Reserved}
	}
	for _, sku := range modelSKUs {
		for _, location := range modelLocations {
			k := stock.Key{SKU: sku, Location: location}
			require.Equal(w.rt, [2]int32{w.m.onHand[k], w.m.reserved[k]}, got[k], "%v", k)
		}
		policy, err := w.f.GetBackorderPolicy(w.ctx, sku)
		require.NoError(w.rt, err)
		require.Equal(w.rt, w.m.owed[sku], policy.Backordered, "owed of %s", sku)
	}
}
