package rpc_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// cartModel is what a buyer would write on the back of an envelope: how many of what.
type cartModel struct {
	f      *cartFixture
	ctx    context.Context
	id     string
	units  map[string]int32
	cart   *cartv1.Cart // as last answered
	repeat func() (*cartv1.Cart, error)
}

// prices are those of the goods that the neighbours sell.
func (m *cartModel) prices() map[string]int64 { return map[string]int64{"MUG": 1250, "BOOK": 999} }

func (m *cartModel) sku(t *rapid.T) string {
	return rapid.SampledFrom([]string{"MUG", "BOOK"}).Draw(t, "sku")
}

// took notes an answer, and the call, so that it can come once more.
func (m *cartModel) took(t *rapid.T, call func() (*cartv1.Cart, error)) {
	before := m.cart
	got, err := call()
	require.NoError(t, err)
	require.GreaterOrEqual(t, got.GetVersion(), before.GetVersion(), "versions only grow")
	m.cart, m.repeat = got, call
}

func (m *cartModel) add(t *rapid.T) {
	sku, n := m.sku(t), rapid.Int32Range(1, 20).Draw(t, "units")
	req := &cartv1.AddLinesRequest{CartId: m.id, RequestId: id.New(), Lines: lines(sku, int(n))}
	m.took(t, func() (*cartv1.Cart, error) {
		resp, err := m.f.AddLines(m.ctx, req)
		return resp.GetCart(), err
	})
	m.units[sku] += n
}

// line is one of the cart; nil when it is empty.
func (m *cartModel) line(t *rapid.T) *cartv1.CartLine {
	all := m.cart.GetLines()
	if len(all) == 0 {
		return nil
	}
	return all[rapid.IntRange(0, len(all)-1).Draw(t, "line")]
}

func (m *cartModel) set(t *rapid.T) {
	line, n := m.line(t), rapid.Int32Range(0, 20).Draw(t, "units")
	if line == nil {
		return
	}
	req := &cartv1.UpdateLineRequest{CartId: m.id, RequestId: id.New(), LineId: line.GetId(), Quantity: n}
	m.took(t, func() (*cartv1.Cart, error) {
		resp, err := m.f.UpdateLine(m.ctx, req)
		return resp.GetCart(), err
	})
	if m.units[line.GetSku()] = n; n == 0 {
		delete(m.units, line.GetSku())
	}
}

func (m *cartModel) remove(t *rapid.T) {
	line := m.line(t)
	if line == nil {
		return
	}
	req := &cartv1.RemoveLineRequest{CartId: m.id, RequestId: id.New(), LineId: line.GetId()}
	m.took(t, func() (*cartv1.Cart, error) {
		resp, err := m.f.RemoveLine(m.ctx, req)
		return resp.GetCart(), err
	})
	delete(m.units, line.GetSku())
}

// again is a call whose answer got lost: it changes nothing and answers what it answered.
func (m *cartModel) again(t *rapid.T) {
	if m.repeat == nil {
		return
	}
	got, err := m.repeat()
	require.NoError(t, err)
	require.True(t, proto.Equal(m.cart, got), "a repeat answers what was answered")
}

// stale is a change made on an old picture of the cart.
func (m *cartModel) stale(t *rapid.T) {
	_, err := m.f.AddLines(m.ctx, &cartv1.AddLinesRequest{
		CartId: m.id, RequestId: id.New(), Lines: lines(m.sku(t), 1), ExpectedVersion: m.cart.GetVersion() + 7,
	})
	require.ErrorIs(t, err, errs.VersionConflict.Err())
}

// check compares what a reader sees with the envelope.
func (m *cartModel) check(t *rapid.T) {
	resp, err := m.f.GetCart(m.ctx, &cartv1.GetCartRequest{CartId: m.id})
	require.NoError(t, err)
	got := resp.GetCart()
	found, sum := map[string]int32{}, int64(0)
	for _, l := range got.GetLines() {
		require.Zero(t, found[l.GetSku()], "one line per SKU")
		found[l.GetSku()] = l.GetQuantity()
		sum += m.prices()[l.GetSku()] * int64(l.GetQuantity())
	}
	require.Equal(t, m.units, found)
	require.Equal(t, sum, got.GetTotals().GetSubtotal().GetMinorUnits())
	require.True(t, proto.Equal(m.cart, got), "what a change answered is what a reader sees")
}

// A cart that anybody changes in any order, with repeats and old pictures in between, holds what was put in, at the price of it.
// Without that a buyer pays for units they took out, or gets fewer than they saw.
func TestCartAgainstItsModel(t *testing.T) {
	t.Parallel()
	f := newCartFixture(t)
	rapid.Check(t, func(t *rapid.T) {
		ctx, cancel := context.WithTimeout(f.guest, 5*time.Minute)
		defer cancel()
		resp, err := f.CreateCart(ctx, &cartv1.CreateCartRequest{Channel: "uk-web"})
		require.NoError(t, err)
		m := &cartModel{f: f, ctx: ctx, id: resp.GetCart().GetId(), units: map[string]int32{}, cart: resp.GetCart()}
		t.Repeat(map[string]func(*rapid.T){"add": m.add, "set": m.set, "remove": m.remove, "again": m.again, "stale": m.stale, "": m.check})
	})
}
