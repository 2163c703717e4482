package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

func ship(r stock.Reservation, lines ...stock.Line) stock.ShipRequest {
	return stock.ShipRequest{
		ID: id.New(), OrderID: r.OrderID, ReservationID: r.ID, Lines: lines, Carrier: "Royal Mail", TrackingNumber: "RM1",
	}
}

func sendBack(orderID string, lines ...stock.ReturnLine) stock.ReturnRequest {
	return stock.ReturnRequest{ID: id.New(), OrderID: orderID, Lines: lines, Reason: "too small"}
}

func back(sku string, quantity int32, restock bool) stock.ReturnLine {
	return stock.ReturnLine{Line: line(sku, quantity), Restock: restock}
}

// When it fails, a parcel is counted twice, not at all, or holds more than the order.
func TestShipmentsTakeUnitsOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := t.Context()
	f.location("main", 0)
	f.location("spare", 1)
	f.stock("main", map[string]int32{"A": 3, "B": 9})
	f.stock("spare", map[string]int32{"A": 5})
	r := f.committed(line("A", 5), line("B", 2))

	request := ship(r, line("A", 2), line("A", 2))
	first, err := f.CreateShipment(ctx, request)
	require.NoError(t, err)
	require.Equal(t, []stock.Pick{
		{Key: stock.Key{SKU: "A", Location: "main"}, Quantity: 3}, {Key: stock.Key{SKU: "A", Location: "spare"}, Quantity: 1},
	}, first.Items)
	again, err := f.CreateShipment(ctx, request)
	require.NoError(t, err)
	require.Equal(t, first, again)
	f.requireLevel("A", "main", 0, 0)
	f.requireLevel("A", "spare", 4, 1)
	request.Lines = []stock.Line{line("A", 3)}
	_, err = f.CreateShipment(ctx, request)
	require.True(t, errs.Has(err, errs.IdempotencyKeyReused))

	_, err = f.CreateShipment(ctx, ship(r, line("B", 1), line("A", 2)))
	require.True(t, errs.Has(err, stock.ErrQtyExceeds))
	require.Equal(t, "lines[1].quantity", errs.FieldsOf(err)[0].Path)
	atMain := ship(r, line("A", 1))
	atMain.Location = "main"
	_, err = f.CreateShipment(ctx, atMain)
	require.True(t, errs.Has(err, stock.ErrQtyExceeds), "that location owes nothing any more")

	second, err := f.CreateShipment(ctx, ship(r, line("A", 1), line("B", 2)))
	require.NoError(t, err)
	shipments, err := f.ListShipments(ctx, r.OrderID, stock.Mark{}, 10)
	require.NoError(t, err)
	require.Equal(t, []stock.Shipment{first, second}, shipments)
	shipments, err = f.ListShipments(ctx, r.OrderID, stock.Mark{Time: first.CreatedAt, ID: first.ID}, 10)
	require.NoError(t, err)
	require.Equal(t, []stock.Shipment{second}, shipments)
	movements, err := f.ListMovements(ctx, stock.MovementFilter{SKU: "B", Before: 1 << 40}, 1)
	require.NoError(t, err)
	require.Equal(t, second.ID, movements[0].Cause.Reference)
	require.Equal(t, int32(-2), movements[0].Delta)
}

// When it fails, goods leave for an order that is not placed, or for somebody else's.
func TestOnlyCommittedReservationsShip(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := t.Context()
	f.location("main", 0)
	f.stock("main", map[string]int32{"A": 9})
	held := f.reserve(cart(line("A", 1)))
	_, err := f.CreateShipment(ctx, ship(held, line("A", 1)))
	require.True(t, errs.Has(err, stock.ErrReservationNotCommitted))
	_, err = f.ReleaseReservation(ctx, held.ID, "")
	require.NoError(t, err)
	_, err = f.CreateShipment(ctx, ship(held, line("A", 1)))
	require.True(t, errs.Has(err, stock.ErrReservationReleased))

	r := f.committed(line("A", 1))
	foreign := ship(r, line("A", 1))
	foreign.OrderID = id.Secret()
	_, err = f.CreateShipment(ctx, foreign)
	require.True(t, errs.Has(err, stock.ErrReservationNotFound))
	sent, err := f.CreateShipment(ctx, ship(r, line("A", 1)))
	require.NoError(t, err)
	taken := ship(f.committed(line("A", 1)), line("A", 1))
	taken.ID = sent.ID
	_, err = f.CreateShipment(ctx, taken)
	require.True(t, errs.Has(err, errs.IdempotencyKeyReused), "the id of another order's shipment")
	f.requireLevel("A", "main", 8, 1)
}

// When it fails, staff overwrite each other's tracking numbers.
func TestUpdateShipment(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.location("main", 0)
	f.stock("main", map[string]int32{"A": 9})
	sent, err := f.CreateShipment(t.Context(), ship(f.committed(line("A", 1)), line("A", 1)))
	require.NoError(t, err)
	edited, err := f.UpdateShipment(t.Context(), stock.Shipment{ID: sent.ID, Carrier: "DPD", TrackingNumber: "D2", Version: 1})
	require.NoError(t, err)
	require.Equal(t, []any{"DPD", "D2", int64(2)}, []any{edited.Carrier, edited.TrackingNumber, edited.Version})
	_, err = f.UpdateShipment(t.Context(), stock.Shipment{ID: sent.ID, Version: 1})
	require.True(t, errs.Has(err, errs.VersionConflict))
	_, err = f.UpdateShipment(t.Context(), stock.Shipment{ID: id.New(), Version: 1})
	require.True(t, errs.Has(err, stock.ErrShipmentNotFound))
	_, err = f.GetShipment(t.Context(), id.New())
	require.True(t, errs.Has(err, stock.ErrShipmentNotFound))
}

// When it fails, more comes back than left, or returned goods are sold that are broken.
func TestReturns(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := t.Context()
	f.location("main", 0)
	f.location("desk", 9)
	f.stock("main", map[string]int32{"A": 5, "B": 5})
	r := f.committed(line("A", 4), line("B", 1))
	_, err := f.ReceiveReturn(ctx, sendBack(r.OrderID, back("A", 1, true)))
	require.True(t, errs.Has(err, stock.ErrQtyExceeds), "nothing was shipped yet")
	_, err = f.CreateShipment(ctx, ship(r, line("A", 3), line("B", 1)))
	require.NoError(t, err)
	f.requireLevel("A", "main", 2, 1)

	request := sendBack(r.OrderID, back("A", 1, true), back("A", 1, false))
	first, err := f.ReceiveReturn(ctx, request)
	require.NoError(t, err)
	again, err := f.ReceiveReturn(ctx, request)
	require.NoError(t, err)
	require.Equal(t, first, again)
	f.requireLevel("A", "main", 3, 1)
	request.Reason = "other"
	_, err = f.ReceiveReturn(ctx, request)
	require.True(t, errs.Has(err, errs.IdempotencyKeyReused))

	_, err = f.ReceiveReturn(ctx, sendBack(r.OrderID, back("B", 1, true), back("A", 1, true), back("A", 1, false)))
	require.True(t, errs.Has(err, stock.ErrQtyExceeds))
	require.Equal(t, "lines[1].quantity", errs.FieldsOf(err)[0].Path)
	elsewhere := sendBack(r.OrderID, back("A", 1, true))
	elsewhere.Location = "moon"
	_, err = f.ReceiveReturn(ctx, elsewhere)
	require.True(t, errs.Has(err, stock.ErrLocationNotFound))
	elsewhere.Location = "desk"
	second, err := f.ReceiveReturn(ctx, elsewhere)
	require.NoError(t, err)
	f.requireLevel("A", "desk", 1, 0)
	returns, err := f.ListReturns(ctx, r.OrderID, stock.Mark{}, 10)
	require.NoError(t, err)
	require.Equal(t, []stock.Return{first, second}, returns)
	movements, err := f.ListMovements(ctx, stock.MovementFilter{SKU: "A", Before: 1 << 40}, 1)
	require.NoError(t, err)
	require.Equal(t, "too small", movements[0].Cause.Reason)
}
