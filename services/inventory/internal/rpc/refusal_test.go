package rpc_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// refusal is a request that must be refused with a code and a reason, at a path where there is one.
type refusal struct {
	name   string
	call   func(ctx context.Context) error
	code   errs.Code
	reason string
	path   string
}

// with changes a copy of a valid request and sends it.
func with[Req proto.Message, Resp any](call func(context.Context, Req, ...grpc.CallOption) (Resp, error), valid Req, change func(Req)) func(context.Context) error {
	return func(ctx context.Context) error {
		request := proto.CloneOf(valid)
		change(request)
		_, err := call(ctx, request)
		return err
	}
}

// When it fails, a wrong request is taken, is answered without saying what is wrong, or leaves rows behind.
func TestWrongRequestsAreRefusedAndWriteNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.stocked(5, "A")
	held := reserveRequest(line("A", 2))
	_, err := f.Reserve(f.ctx, held)
	require.NoError(t, err)
	before := f.checksum()
	for _, r := range append(f.reservationRefusals(held), f.stockRefusals()...) {
		err := r.call(f.ctx)
		require.Equal(t, r.reason, errs.ReasonOf(err), "%s: %v", r.name, err)
		require.Equal(t, r.code, errs.CodeOf(err), r.name)
		if r.path != "" {
			require.Equal(t, r.path, errs.FieldsOf(err)[0].Path, r.name)
		}
	}
	require.Equal(t, before, f.checksum())
}

func (f *fixture) reservationRefusals(held *inventoryv1.ReserveRequest) []refusal {
	reserve := func(change func(*inventoryv1.ReserveRequest)) func(context.Context) error {
		return with(f.Reserve, reserveRequest(line("A", 1)), change)
	}
	ship := &inventoryv1.CreateShipmentRequest{
		ShipmentId: id.New(), OrderId: held.GetOrderId(), ReservationId: held.GetReservationId(),
		Lines: []*inventoryv1.CreateShipmentLine{{Sku: "A", Quantity: 1}},
	}
	takeBack := &inventoryv1.ReceiveReturnRequest{
		ReturnId: id.New(), OrderId: held.GetOrderId(), Lines: []*inventoryv1.ReturnLine{{Sku: "A", Quantity: 1}},
	}
	release := &inventoryv1.ReleaseAllocationRequest{ReleaseId: id.New(), ReservationId: held.GetReservationId()}
	return []refusal{
		{"no lines", reserve(func(r *inventoryv1.ReserveRequest) { r.Lines = nil }), errs.Invalid, "FIELD_REQUIRED", "lines"},
		{"501 lines", reserve(func(r *inventoryv1.ReserveRequest) {
			for range 500 {
				r.Lines = append(r.Lines, line("A", 1))
			}
		}), errs.Invalid, "LIST_TOO_LONG", "lines"},
		{"long customer key", reserve(func(r *inventoryv1.ReserveRequest) { r.CustomerKey = strings.Repeat("x", 65) }), errs.Invalid, "FIELD_TOO_LONG", "customerKey"},
		{"customer key with a space", reserve(func(r *inventoryv1.ReserveRequest) { r.CustomerKey = "ada lovelace" }), errs.Invalid, "PATTERN_MISMATCH", "customerKey"},
		{"no ttl", reserve(func(r *inventoryv1.ReserveRequest) { r.TtlSeconds = 0 }), errs.Invalid, "TTL_RANGE", "ttlSeconds"},
		{"ttl of seven days and a second", reserve(func(r *inventoryv1.ReserveRequest) { r.TtlSeconds = 604_801 }), errs.Invalid, "TTL_RANGE", "ttlSeconds"},
		{"ttl of ten years", reserve(func(r *inventoryv1.ReserveRequest) { r.TtlSeconds = 315_360_000 }), errs.Invalid, "TTL_RANGE", "ttlSeconds"},
		{"other lines", reserve(func(r *inventoryv1.ReserveRequest) {
			r.ReservationId, r.OrderId = held.GetReservationId(), held.GetOrderId()
		}), errs.Unprocessable, "IDEMPOTENCY_KEY_REUSED", "reservationId"},
		{"quantity 0", reserve(func(r *inventoryv1.ReserveRequest) { r.Lines[0].Quantity = 0 }), errs.Invalid, "QTY_RANGE", "lines[0].quantity"},
		{"quantity -1", reserve(func(r *inventoryv1.ReserveRequest) { r.Lines[0].Quantity = -1 }), errs.Invalid, "QTY_RANGE", "lines[0].quantity"},
		{"sum over a million", reserve(func(r *inventoryv1.ReserveRequest) {
			r.Lines = []*inventoryv1.ReserveLine{line("A", 600_000), line("A", 600_000)}
		}), errs.Invalid, "QTY_RANGE", "lines[1].quantity"},
		{"sku with a newline", reserve(func(r *inventoryv1.ReserveRequest) { r.Lines[0].Sku = "A\nB" }), errs.Invalid, "SKU_INVALID", "lines[0].sku"},
		{"sku of 65 characters", reserve(func(r *inventoryv1.ReserveRequest) { r.Lines[0].Sku = strings.Repeat("a", 65) }), errs.Invalid, "SKU_INVALID", "lines[0].sku"},
		{"empty sku", reserve(func(r *inventoryv1.ReserveRequest) { r.Lines[0].Sku = "" }), errs.Invalid, "SKU_INVALID", "lines[0].sku"},
		{"emoji sku", reserve(func(r *inventoryv1.ReserveRequest) { r.Lines[0].Sku = "🛒" }), errs.Invalid, "SKU_INVALID", "lines[0].sku"},
		{"id that is no uuid", reserve(func(r *inventoryv1.ReserveRequest) { r.ReservationId = "1" }), errs.Invalid, "ID_INVALID", "reservationId"},
		{"order id", reserve(func(r *inventoryv1.ReserveRequest) { r.OrderId = id.New() }), errs.Invalid, "ID_INVALID", "orderId"},
		{"channel", reserve(func(r *inventoryv1.ReserveRequest) { r.Channel = "" }), errs.Invalid, "FIELD_REQUIRED", "channel"},
		{"commit unknown", with(f.CommitReservation, &inventoryv1.CommitReservationRequest{ReservationId: id.New()}, func(*inventoryv1.CommitReservationRequest) {}), errs.NotFound, "RESERVATION_NOT_FOUND", "reservationId"},
		{"get unknown", with(f.GetReservation, &inventoryv1.GetReservationRequest{ReservationId: id.New()}, func(*inventoryv1.GetReservationRequest) {}), errs.NotFound, "RESERVATION_NOT_FOUND", ""},
		{"release what is only held", with(f.ReleaseAllocation, release, func(*inventoryv1.ReleaseAllocationRequest) {}), errs.FailedPrecondition, "RESERVATION_NOT_COMMITTED", ""},
		{"ship what is only held", with(f.CreateShipment, ship, func(*inventoryv1.CreateShipmentRequest) {}), errs.FailedPrecondition, "RESERVATION_NOT_COMMITTED", ""},
		{"ship another order", with(f.CreateShipment, ship, func(r *inventoryv1.CreateShipmentRequest) { r.OrderId = id.Secret() }), errs.NotFound, "RESERVATION_NOT_FOUND", ""},
		{"long tracking number", with(f.CreateShipment, ship, func(r *inventoryv1.CreateShipmentRequest) { r.TrackingNumber = strings.Repeat("9a", 2500) }), errs.Invalid, "FIELD_TOO_LONG", "trackingNumber"},
		{"unknown shipment", with(f.GetShipment, &inventoryv1.GetShipmentRequest{ShipmentId: id.New()}, func(*inventoryv1.GetShipmentRequest) {}), errs.NotFound, "SHIPMENT_NOT_FOUND", ""},
		{"return what never left", with(f.ReceiveReturn, takeBack, func(*inventoryv1.ReceiveReturnRequest) {}), errs.FailedPrecondition, "QTY_EXCEEDS", "lines[0].quantity"},
		{"return to nowhere", with(f.ReceiveReturn, takeBack, func(r *inventoryv1.ReceiveReturnRequest) { r.LocationKey = "moon" }), errs.NotFound, "LOCATION_NOT_FOUND", "locationKey"},
	}
}

func (f *fixture) stockRefusals() []refusal {
	set := func(change func(*inventoryv1.SetStockRequest)) func(context.Context) error {
		return with(f.SetStock, &inventoryv1.SetStockRequest{
			RequestId: id.New(), Reason: "count", Entries: []*inventoryv1.SetStockEntry{{Sku: "A", LocationKey: "main", OnHand: 7}},
		}, change)
	}
	adjust := func(change func(*inventoryv1.AdjustStockRequest)) func(context.Context) error {
		return with(f.AdjustStock, &inventoryv1.AdjustStockRequest{
			RequestId: id.New(), Reason: "lost", Entries: []*inventoryv1.AdjustStockEntry{{Sku: "A", LocationKey: "main", Delta: -1}},
		}, change)
	}
	location := func(change func(*inventoryv1.CreateLocationRequest)) func(context.Context) error {
		return with(f.CreateLocation, &inventoryv1.CreateLocationRequest{RequestId: id.New(), Key: "new", Name: "New", CountryCode: "FR"}, change)
	}
	policy := func(change func(*inventoryv1.SetBackorderPolicyRequest)) func(context.Context) error {
		return with(f.SetBackorderPolicy, &inventoryv1.SetBackorderPolicyRequest{
			RequestId: id.New(), Sku: "A", Mode: inventoryv1.BackorderMode_BACKORDER_MODE_ALLOW, Limit: 1,
		}, change)
	}
	limit := func(change func(*inventoryv1.SetPurchaseLimitRequest)) func(context.Context) error {
		return with(f.SetPurchaseLimit, &inventoryv1.SetPurchaseLimitRequest{RequestId: id.New(), Sku: "A", Quantity: 1, WindowDays: 1}, change)
	}
	return []refusal{
		{"below reserved", set(func(r *inventoryv1.SetStockRequest) { r.Entries[0].OnHand = 1 }), errs.FailedPrecondition, "STOCK_BELOW_RESERVED", "entries[0].onHand"},
		{"negative count", set(func(r *inventoryv1.SetStockRequest) { r.Entries[0].OnHand = -1 }), errs.Invalid, "QTY_RANGE", "entries[0].onHand"},
		{"no key", set(func(r *inventoryv1.SetStockRequest) { r.RequestId = "" }), errs.Invalid, "IDEMPOTENCY_KEY_REQUIRED", "requestId"},
		{"long key", set(func(r *inventoryv1.SetStockRequest) { r.RequestId = strings.Repeat("k", 256) }), errs.Invalid, "IDEMPOTENCY_KEY_INVALID", "requestId"},
		{"no reason", set(func(r *inventoryv1.SetStockRequest) { r.Reason = "" }), errs.Invalid, "FIELD_REQUIRED", "reason"},
		{"unknown location", set(func(r *inventoryv1.SetStockRequest) { r.Entries[0].LocationKey = "moon" }), errs.NotFound, "LOCATION_NOT_FOUND", "entries[0].locationKey"},
		{"entry twice", set(func(r *inventoryv1.SetStockRequest) { r.Entries = append(r.Entries, r.Entries[0]) }), errs.Invalid, "ENTRY_DUPLICATE", "entries[1]"},
		{"takes what is reserved", adjust(func(r *inventoryv1.AdjustStockRequest) { r.Entries[0].Delta = -4 }), errs.FailedPrecondition, "STOCK_BELOW_RESERVED", "entries[0].delta"},
		{"no difference", adjust(func(r *inventoryv1.AdjustStockRequest) { r.Entries[0].Delta = 0 }), errs.Invalid, "QTY_RANGE", "entries[0].delta"},
		{"too much", adjust(func(r *inventoryv1.AdjustStockRequest) { r.Entries[0].Delta = 1_000_000_000 }), errs.Invalid, "QTY_RANGE", "entries[0].delta"},
		{"key taken", location(func(r *inventoryv1.CreateLocationRequest) { r.Key = "main" }), errs.AlreadyExists, "LOCATION_EXISTS", "key"},
		{"unknown country", location(func(r *inventoryv1.CreateLocationRequest) { r.CountryCode = "UK" }), errs.Invalid, "COUNTRY_INVALID", "countryCode"},
		{"key in capitals", location(func(r *inventoryv1.CreateLocationRequest) { r.Key = "Main" }), errs.Invalid, "PATTERN_MISMATCH", "key"},
		{"no limit", policy(func(r *inventoryv1.SetBackorderPolicyRequest) { r.Limit = 0 }), errs.Invalid, "LIMIT_RANGE", "limit"},
		{"limit without backorders", policy(func(r *inventoryv1.SetBackorderPolicyRequest) { r.Mode = inventoryv1.BackorderMode_BACKORDER_MODE_NONE }), errs.Invalid, "LIMIT_RANGE", "limit"},
		{"unknown mode", policy(func(r *inventoryv1.SetBackorderPolicyRequest) { r.Mode = 9 }), errs.Invalid, "ENUM_UNKNOWN", "mode"},
		{"negative limit", limit(func(r *inventoryv1.SetPurchaseLimitRequest) { r.Quantity = -1 }), errs.Invalid, "PURCHASE_LIMIT_RANGE", "quantity"},
		{"limit of more than a million", limit(func(r *inventoryv1.SetPurchaseLimitRequest) { r.Quantity = 1_000_001 }), errs.Invalid, "PURCHASE_LIMIT_RANGE", "quantity"},
		{"negative window", limit(func(r *inventoryv1.SetPurchaseLimitRequest) { r.WindowDays = -1 }), errs.Invalid, "PURCHASE_LIMIT_RANGE", "windowDays"},
		{"window of more than ten years", limit(func(r *inventoryv1.SetPurchaseLimitRequest) { r.WindowDays = 3651 }), errs.Invalid, "PURCHASE_LIMIT_RANGE", "windowDays"},
		{"window without a limit", limit(func(r *inventoryv1.SetPurchaseLimitRequest) { r.Quantity = 0 }), errs.Invalid, "PURCHASE_LIMIT_RANGE", "windowDays"},
		{"negative page", with(f.ListStock, &inventoryv1.ListStockRequest{PageSize: -1}, func(*inventoryv1.ListStockRequest) {}), errs.Invalid, "PAGE_SIZE_INVALID", "pageSize"},
		{"forged token", with(f.ListStock, &inventoryv1.ListStockRequest{PageToken: "e30"}, func(*inventoryv1.ListStockRequest) {}), errs.Invalid, "PAGE_TOKEN_INVALID", ""},
		{"501 skus", with(f.BatchGetAvailability, &inventoryv1.BatchGetAvailabilityRequest{Skus: strings.Split(strings.Repeat("a,", 500)+"a", ","), Channel: channel}, func(*inventoryv1.BatchGetAvailabilityRequest) {}), errs.Invalid, "LIST_TOO_LONG", "skus"},
		{"no skus", with(f.BatchGetAvailability, &inventoryv1.BatchGetAvailabilityRequest{Channel: channel}, func(*inventoryv1.BatchGetAvailabilityRequest) {}), errs.Invalid, "FIELD_REQUIRED", "skus"},
	}
}

// When it fails, a caller that undoes a checkout, or comes too late, is not told what happened to the stock.
func TestFinalStatesAreNamed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.stocked(5, "A")
	commit := func(r string) error {
		_, err := f.CommitReservation(f.ctx, &inventoryv1.CommitReservationRequest{ReservationId: r})
		return err
	}
	early := reserveRequest(line("A", 1))
	released, err := f.ReleaseReservation(f.ctx, &inventoryv1.ReleaseReservationRequest{ReservationId: early.GetReservationId(), RequestId: "undo"})
	require.NoError(t, err)
	require.Equal(t, inventoryv1.ReservationState_RESERVATION_STATE_RELEASED, released.GetReservation().GetState())
	require.Nil(t, released.GetReservation().GetExpireTime())
	_, err = f.Reserve(f.ctx, early)
	require.Equal(t, "RESERVATION_RELEASED", errs.ReasonOf(err))
	require.Equal(t, "RESERVATION_RELEASED", errs.ReasonOf(commit(early.GetReservationId())))

	short := reserveRequest(line("A", 6))
	_, err = f.Reserve(f.ctx, short)
	require.Equal(t, "SOLD_OUT", errs.ReasonOf(err))
	require.Equal(t, "RESERVATION_REFUSED", errs.ReasonOf(commit(short.GetReservationId())))
	read, err := f.GetReservation(f.ctx, &inventoryv1.GetReservationRequest{ReservationId: short.GetReservationId()})
	require.NoError(t, err)
	require.Equal(t, inventoryv1.ReservationState_RESERVATION_STATE_REFUSED, read.GetReservation().GetState())

	kept := reserveRequest(line("A", 1))
	_, err = f.Reserve(f.ctx, kept)
	require.NoError(t, err)
	require.NoError(t, commit(kept.GetReservationId()))
	_, err = f.ReleaseReservation(f.ctx, &inventoryv1.ReleaseReservationRequest{ReservationId: kept.GetReservationId()})
	require.Equal(t, "RESERVATION_COMMITTED", errs.ReasonOf(err))
}
