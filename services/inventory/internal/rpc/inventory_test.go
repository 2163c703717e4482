package rpc_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

// When it fails, an order cannot go its way from the cart to the buyer and back.
func TestAnOrdersWholeWay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.stocked(10, "A", "B")
	request := reserveRequest(line("B", 1), line("A", 2), line("A", 1))
	reserved, err := f.Reserve(f.ctx, request)
	require.NoError(t, err)
	r := reserved.GetReservation()
	require.Equal(t, inventoryv1.ReservationState_RESERVATION_STATE_HELD, r.GetState())
	require.NotNil(t, r.GetExpireTime())
	require.Equal(t, []string{"A", "B"}, []string{r.GetLines()[0].GetSku(), r.GetLines()[1].GetSku()})
	require.Equal(t, int32(3), r.GetLines()[0].GetQuantity())
	repeated, err := f.Reserve(f.ctx, request)
	require.NoError(t, err)
	require.True(t, proto.Equal(reserved, repeated))

	committed, err := f.CommitReservation(f.ctx, &inventoryv1.CommitReservationRequest{ReservationId: r.GetId()})
	require.NoError(t, err)
	require.Equal(t, inventoryv1.ReservationState_RESERVATION_STATE_COMMITTED, committed.GetReservation().GetState())
	parcel, err := f.CreateShipment(f.ctx, &inventoryv1.CreateShipmentRequest{
		ShipmentId: id.New(), OrderId: r.GetOrderId(), ReservationId: r.GetId(), Carrier: "DPD", RequestId: "ship-1",
		Lines: []*inventoryv1.CreateShipmentLine{{Sku: "A", Quantity: 2}},
	})
	require.NoError(t, err)
	edited, err := f.UpdateShipment(f.ctx, &inventoryv1.UpdateShipmentRequest{
		RequestId: id.New(), ShipmentId: parcel.GetShipment().GetId(), Carrier: "DPD", TrackingNumber: "15501", Version: 1,
	})
	require.NoError(t, err)
	read, err := f.GetShipment(f.ctx, &inventoryv1.GetShipmentRequest{ShipmentId: parcel.GetShipment().GetId()})
	require.NoError(t, err)
	require.True(t, proto.Equal(edited.GetShipment(), read.GetShipment()))
	require.Equal(t, "15501", read.GetShipment().GetTrackingNumber())

	given, err := f.ReleaseAllocation(f.ctx, &inventoryv1.ReleaseAllocationRequest{ReleaseId: id.New(), ReservationId: r.GetId()})
	require.NoError(t, err)
	a := given.GetReservation().GetLines()[0]
	require.Equal(t, []int32{3, 2, 1}, []int32{a.GetQuantity(), a.GetShipped(), a.GetReleased()})
	back, err := f.ReceiveReturn(f.ctx, &inventoryv1.ReceiveReturnRequest{
		ReturnId: id.New(), OrderId: r.GetOrderId(), Reason: "too big",
		Lines: []*inventoryv1.ReturnLine{{Sku: "A", Quantity: 1, Restock: true}, {Sku: "A", Quantity: 1}},
	})
	require.NoError(t, err)
	require.Len(t, back.GetReceived().GetItems(), 2)
	returns, err := f.ListReturns(f.ctx, &inventoryv1.ListReturnsRequest{OrderId: r.GetOrderId()})
	require.NoError(t, err)
	require.True(t, proto.Equal(back.GetReceived(), returns.GetReturns()[0]))

	levels, err := f.ListStock(f.ctx, &inventoryv1.ListStockRequest{})
	require.NoError(t, err)
	require.Equal(t, []int32{9, 0, 9}, []int32{levels.GetLevels()[0].GetOnHand(), levels.GetLevels()[0].GetReserved(), levels.GetLevels()[0].GetAvailable()})
	movements, err := f.ListMovements(f.ctx, &inventoryv1.ListMovementsRequest{Sku: "A"})
	require.NoError(t, err)
	var told []string
	for _, m := range movements.GetMovements() {
		told = append(told, fmt.Sprint(m.GetKind(), " ", m.GetDelta(), " ", m.GetActor(), " ", m.GetReason()))
	}
	require.Equal(t, []string{
		"MOVEMENT_KIND_RETURN 1 service:cart too big", "MOVEMENT_KIND_SHIP -2 service:cart shipment", "MOVEMENT_KIND_SET 10 service:cart count",
	}, told)
	require.Equal(t, "ship-1", movements.GetMovements()[1].GetRequestId())
}

// When it fails, a caller cannot tell the buyer what is left, or operators do not see that goods run out.
func TestSoldOutCrossesTheWire(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.stocked(2, "A")
	var lines []*inventoryv1.ReserveLine
	for i := range 499 {
		lines = append(lines, line(fmt.Sprintf("a-sku-of-a-length-that-does-happen-in-real-catalogues-%04d", i), 1))
	}
	_, err := f.Reserve(f.ctx, reserveRequest(append(lines, line("A", 3))...))
	require.Equal(t, "SOLD_OUT", errs.ReasonOf(err))
	require.Equal(t, errs.FailedPrecondition, errs.CodeOf(err))
	fields := errs.FieldsOf(err)
	require.Len(t, fields, 500, "the largest refusal fits the wire")
	require.Equal(t, errs.FieldViolation{
		Path: "lines[499].quantity", Reason: "SOLD_OUT", Message: `2 of 3 units of "A" can be reserved.`,
	}, fields[499])
	require.Equal(t, []string{"3", "2"}, []string{errs.MetaOf(err, "lines[499].requested"), errs.MetaOf(err, "lines[499].available")})
	require.NoError(t, testutil.GatherAndCompare(f.metrics, strings.NewReader(`
		# HELP inventory_reservations_total Requests to reserve, commit and release by outcome: ok or the reason of the error.
		# TYPE inventory_reservations_total counter
		inventory_reservations_total{outcome="SOLD_OUT",step="reserve"} 1
	`), "inventory_reservations_total"))
}

// When it fails, a buyer is not told why there is no more for them, or a repeated edit of a limit is taken for a new one.
func TestAPurchaseLimitCrossesTheWire(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.stocked(9, "A", "B")
	request := &inventoryv1.SetPurchaseLimitRequest{RequestId: "limit", Sku: "A", Quantity: 2, WindowDays: 30}
	set, err := f.SetPurchaseLimit(f.ctx, request)
	require.NoError(t, err)
	again, err := f.SetPurchaseLimit(f.ctx, request)
	require.NoError(t, err)
	require.True(t, proto.Equal(set, again))
	stored, err := f.GetPurchaseLimit(f.ctx, &inventoryv1.GetPurchaseLimitRequest{Sku: "A"})
	require.NoError(t, err)
	require.True(t, proto.Equal(set.GetLimit(), stored.GetLimit()))
	require.Equal(t, []int32{2, 30}, []int32{stored.GetLimit().GetQuantity(), stored.GetLimit().GetWindowDays()})
	none, err := f.GetPurchaseLimit(f.ctx, &inventoryv1.GetPurchaseLimitRequest{Sku: "B"})
	require.NoError(t, err)
	require.True(t, proto.Equal(&inventoryv1.PurchaseLimit{Sku: "B"}, none.GetLimit()))

	first := reserveRequest(line("A", 1))
	first.CustomerKey = "ada"
	_, err = f.Reserve(f.ctx, first)
	require.NoError(t, err)
	first.CustomerKey = ""
	_, err = f.Reserve(f.ctx, first)
	require.NoError(t, err, "a repetition by a caller of an older release gets its answer")
	second := reserveRequest(line("B", 1), line("A", 1), line("A", 1))
	second.CustomerKey = "ada"
	_, err = f.Reserve(f.ctx, second)
	require.Equal(t, "PURCHASE_LIMIT", errs.ReasonOf(err))
	require.Equal(t, errs.FailedPrecondition, errs.CodeOf(err))
	fields := errs.FieldsOf(err)
	require.Equal(t, []string{"lines[1].quantity", "lines[2].quantity"}, []string{fields[0].Path, fields[1].Path})
	require.Equal(t, errs.FieldViolation{
		Path: "lines[1].quantity", Reason: "PURCHASE_LIMIT",
		Message: `One customer may have 2 units of "A": 1 are held or bought already, 2 more were asked for.`,
	}, fields[0])
	require.Equal(t, []string{"2", "1"}, []string{errs.MetaOf(err, "lines[1].limit"), errs.MetaOf(err, "lines[1].held")})
}

// When it fails, a repeated import or edit takes effect twice, or a reused key hides a different change.
func TestStaffCallsAreRepeatable(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.stocked(5, "A")
	request := &inventoryv1.AdjustStockRequest{
		RequestId: "delivery 7", Reason: "received", Entries: []*inventoryv1.AdjustStockEntry{{Sku: "A", LocationKey: "main", Delta: 3}},
	}
	first, err := f.AdjustStock(f.ctx, request)
	require.NoError(t, err)
	var header metadata.MD
	again, err := f.AdjustStock(f.ctx, request, grpc.Header(&header))
	require.NoError(t, err)
	require.True(t, proto.Equal(first, again))
	require.Equal(t, []string{"true"}, header.Get(idempotency.ReplayedHeader))
	require.Equal(t, int32(8), again.GetLevels()[0].GetOnHand())
	request.Entries[0].Delta = 4
	_, err = f.AdjustStock(f.ctx, request)
	require.Equal(t, "IDEMPOTENCY_KEY_REUSED", errs.ReasonOf(err))
	require.Equal(t, errs.Unprocessable, errs.CodeOf(err))

	edit := &inventoryv1.UpdateLocationRequest{RequestId: "edit", Key: "main", Name: "Main", CountryCode: "GB", Version: 1, Active: true}
	_, err = f.UpdateLocation(f.ctx, edit)
	require.NoError(t, err)
	_, err = f.UpdateLocation(f.ctx, edit)
	require.NoError(t, err, "the repeat gets the stored answer although the version has moved on")
	edit.RequestId = "other edit"
	_, err = f.UpdateLocation(f.ctx, edit)
	require.Equal(t, "VERSION_CONFLICT", errs.ReasonOf(err))

	policy := &inventoryv1.SetBackorderPolicyRequest{RequestId: "p", Sku: "A", Mode: inventoryv1.BackorderMode_BACKORDER_MODE_ALLOW, Limit: 4}
	_, err = f.SetBackorderPolicy(f.ctx, policy)
	require.NoError(t, err)
	stored, err := f.GetBackorderPolicy(f.ctx, &inventoryv1.GetBackorderPolicyRequest{Sku: "A"})
	require.NoError(t, err)
	require.Equal(t, int32(4), stored.GetPolicy().GetLimit())
	found, err := f.BatchGetAvailability(f.ctx, &inventoryv1.BatchGetAvailabilityRequest{Skus: []string{"A", "none"}, Channel: channel})
	require.NoError(t, err)
	require.True(t, proto.Equal(&inventoryv1.BatchGetAvailabilityResponse{Availabilities: []*inventoryv1.Availability{
		{Sku: "A", Available: 8, Band: inventoryv1.StockBand_STOCK_BAND_IN, Backorderable: true, BackorderAvailable: 4, Tracked: true},
		{Sku: "none", Band: inventoryv1.StockBand_STOCK_BAND_OUT},
	}}, found))
}

// When it fails, staff who leaf through a list miss rows or see them twice.
func TestListsContinueWhereTheyStopped(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.stocked(9, "A", "B", "C")
	for _, key := range []string{"x", "y"} {
		f.location(key)
	}
	r := reserveRequest(line("A", 3))
	_, err := f.Reserve(f.ctx, r)
	require.NoError(t, err)
	_, err = f.CommitReservation(f.ctx, &inventoryv1.CommitReservationRequest{ReservationId: r.GetReservationId()})
	require.NoError(t, err)
	for range 3 {
		_, err := f.CreateShipment(f.ctx, &inventoryv1.CreateShipmentRequest{
			ShipmentId: id.New(), OrderId: r.GetOrderId(), ReservationId: r.GetReservationId(), Lines: []*inventoryv1.CreateShipmentLine{{Sku: "A", Quantity: 1}},
		})
		require.NoError(t, err)
		_, err = f.ReceiveReturn(f.ctx, &inventoryv1.ReceiveReturnRequest{
			ReturnId: id.New(), OrderId: r.GetOrderId(), Lines: []*inventoryv1.ReturnLine{{Sku: "A", Quantity: 1, Restock: true}},
		})
		require.NoError(t, err)
	}
	lists := map[string]func(token string) (int, string, error){
		"locations": func(token string) (int, string, error) {
			resp, err := f.ListLocations(f.ctx, &inventoryv1.ListLocationsRequest{PageSize: 2, PageToken: token})
			return len(resp.GetLocations()), resp.GetNextPageToken(), err
		},
		"stock": func(token string) (int, string, error) {
			resp, err := f.ListStock(f.ctx, &inventoryv1.ListStockRequest{PageSize: 2, PageToken: token})
			return len(resp.GetLevels()), resp.GetNextPageToken(), err
		},
		"shipments": func(token string) (int, string, error) {
			resp, err := f.ListShipments(f.ctx, &inventoryv1.ListShipmentsRequest{OrderId: r.GetOrderId(), PageSize: 2, PageToken: token})
			return len(resp.GetShipments()), resp.GetNextPageToken(), err
		},
		"returns": func(token string) (int, string, error) {
			resp, err := f.ListReturns(f.ctx, &inventoryv1.ListReturnsRequest{OrderId: r.GetOrderId(), PageSize: 2, PageToken: token})
			return len(resp.GetReturns()), resp.GetNextPageToken(), err
		},
		"movements": func(token string) (int, string, error) {
			resp, err := f.ListMovements(f.ctx, &inventoryv1.ListMovementsRequest{Sku: "A", PageSize: 6, PageToken: token})
			return len(resp.GetMovements()) - 4, resp.GetNextPageToken(), err
		},
	}
	for name, list := range lists {
		n, token, err := list("")
		require.NoError(t, err, name)
		require.Equal(t, 2, n, name)
		rest, last, err := list(token)
		require.NoError(t, err, name)
		require.Equal(t, map[bool]int{true: -3, false: 1}[name == "movements"], rest, name)
		require.Empty(t, last, name)
		for other, foreign := range lists {
			if other != name {
				_, _, err = foreign(token)
				require.Equal(t, "PAGE_TOKEN_INVALID", errs.ReasonOf(err), "%s with a token of %s", other, name)
			}
		}
	}
}
