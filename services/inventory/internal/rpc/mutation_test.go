package rpc_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// When it fails, something a client can send breaks the service instead of being refused.
func TestNoMutationBreaksTheService(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.stocked(100, "A", "B")
	r := reserveRequest(line("A", 9), line("B", 9))
	_, err := f.Reserve(f.ctx, r)
	require.NoError(t, err)
	_, err = f.CommitReservation(f.ctx, &inventoryv1.CommitReservationRequest{ReservationId: r.GetReservationId()})
	require.NoError(t, err)
	calls := f.calls(r)
	random := rand.New(rand.NewPCG(7, 11))
	refused := 0
	for range 3000 {
		call := calls[random.IntN(len(calls))]
		request := proto.Clone(call.valid)
		for range 1 + random.IntN(3) {
			mutate(random, request.ProtoReflect())
		}
		err := call.send(request)
		if err == nil {
			continue
		}
		refused++
		require.NotContains(t, []errs.Code{errs.Internal, errs.Unimplemented, errs.DeadlineExceeded, errs.Unavailable}, errs.CodeOf(err), "%T %v: %v", request, request, err)
	}
	require.Greater(t, refused, 1000)
}

type mutable struct {
	valid proto.Message
	send  func(proto.Message) error
}

func (f *fixture) calls(r *inventoryv1.ReserveRequest) []mutable {
	ship := &inventoryv1.CreateShipmentRequest{
		ShipmentId: id.New(), OrderId: r.GetOrderId(), ReservationId: r.GetReservationId(), Carrier: "DPD",
		Lines: []*inventoryv1.CreateShipmentLine{{Sku: "A", Quantity: 1}},
	}
	return []mutable{
		{ship, func(m proto.Message) error {
			_, err := f.CreateShipment(f.ctx, m.(*inventoryv1.CreateShipmentRequest))
			return err
		}},
		{reserveRequest(line("A", 1), line("B", 2)), func(m proto.Message) error {
			_, err := f.Reserve(f.ctx, m.(*inventoryv1.ReserveRequest))
			return err
		}},
		{&inventoryv1.SetStockRequest{RequestId: "x", Reason: "count", Entries: []*inventoryv1.SetStockEntry{{Sku: "A", LocationKey: "main", OnHand: 90}}}, func(m proto.Message) error {
			_, err := f.SetStock(f.ctx, m.(*inventoryv1.SetStockRequest))
			return err
		}},
		{&inventoryv1.AdjustStockRequest{RequestId: "y", Reason: "lost", Entries: []*inventoryv1.AdjustStockEntry{{Sku: "B", LocationKey: "main", Delta: 1}}}, func(m proto.Message) error {
			_, err := f.AdjustStock(f.ctx, m.(*inventoryv1.AdjustStockRequest))
			return err
		}},
		{&inventoryv1.ReceiveReturnRequest{ReturnId: id.New(), OrderId: r.GetOrderId(), Lines: []*inventoryv1.ReturnLine{{Sku: "A", Quantity: 1, Restock: true}}}, func(m proto.Message) error {
			_, err := f.ReceiveReturn(f.ctx, m.(*inventoryv1.ReceiveReturnRequest))
			return err
		}},
		{&inventoryv1.ReleaseAllocationRequest{ReleaseId: id.New(), ReservationId: r.GetReservationId(), Lines: []*inventoryv1.ReleaseAllocationLine{{Sku: "A", Quantity: 1}}}, func(m proto.Message) error {
			_, err := f.ReleaseAllocation(f.ctx, m.(*inventoryv1.ReleaseAllocationRequest))
			return err
		}},
		{&inventoryv1.UpdateLocationRequest{RequestId: "z", Key: "main", Name: "Main", CountryCode: "GB", Channels: []string{"uk-web"}, Version: 1}, func(m proto.Message) error {
			_, err := f.UpdateLocation(f.ctx, m.(*inventoryv1.UpdateLocationRequest))
			return err
		}},
		{&inventoryv1.SetBackorderPolicyRequest{RequestId: "p", Sku: "A", Mode: inventoryv1.BackorderMode_BACKORDER_MODE_ALLOW, Limit: 2}, func(m proto.Message) error {
			_, err := f.SetBackorderPolicy(f.ctx, m.(*inventoryv1.SetBackorderPolicyRequest))
			return err
		}},
		{&inventoryv1.SetPurchaseLimitRequest{RequestId: "q", Sku: "A", Quantity: 1000, WindowDays: 7}, func(m proto.Message) error {
			_, err := f.SetPurchaseLimit(f.ctx, m.(*inventoryv1.SetPurchaseLimitRequest))
			return err
		}},
		{&inventoryv1.ListStockRequest{Skus: []string{"A"}, LocationKey: "main"}, func(m proto.Message) error {
			_, err := f.ListStock(f.ctx, m.(*inventoryv1.ListStockRequest))
			return err
		}},
		{&inventoryv1.BatchGetAvailabilityRequest{Skus: []string{"A", "B"}, Channel: channel}, func(m proto.Message) error {
			_, err := f.BatchGetAvailability(f.ctx, m.(*inventoryv1.BatchGetAvailabilityRequest))
			return err
		}},
	}
}

// mutate changes one field of a message, or of a message in it, to something a client might send.
func mutate(random *rand.Rand, m protoreflect.Message) {
	fields := m.Descriptor().Fields()
	field := fields.Get(random.IntN(fields.Len()))
	if !field.IsList() {
		m.Set(field, value(random, field))
		return
	}
	list := m.Mutable(field).List()
	switch n := list.Len(); {
	case n > 0 && random.IntN(4) == 0:
		list.Truncate(n - 1)
	case field.Message() == nil:
		list.Append(value(random, field))
	case n > 0 && random.IntN(3) == 0:
		list.Append(protoreflect.ValueOfMessage(proto.Clone(list.Get(n - 1).Message().Interface()).ProtoReflect()))
	case n > 0:
		mutate(random, list.Get(random.IntN(n)).Message())
	}
}

func value(random *rand.Rand, field protoreflect.FieldDescriptor) protoreflect.Value {
	number := []int64{0, -1, 1, 59, 61, 1_000_000, 1_000_001, 1_000_000_000, math.MaxInt32, math.MinInt32}[random.IntN(10)]
	switch field.Kind() {
	case protoreflect.StringKind:
		texts := []string{
			"", " ", "A", "a", "B ", "main", "moon", "uk-web", id.New(), id.Secret(), "00000000-0000-0000-0000-000000000000",
			strings.ToUpper(id.New()), "'; DROP TABLE stock; --", "\x00", "\x7f", "\u202e", "日本語", "🛒", "%s%n", "{}", "\\", "NaN",
			strings.Repeat("x", 64), strings.Repeat("x", 65), strings.Repeat("ä", 200), strings.Repeat("x", 10_000),
		}
		return protoreflect.ValueOfString(texts[random.IntN(len(texts))])
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(random.IntN(2) == 0)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(number))
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64([]int64{number, math.MaxInt64, math.MinInt64}[random.IntN(3)])
	default:
		return protoreflect.ValueOfInt32(int32(number))
	}
}
