package app_test

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/timestamppb"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/payment/internal/sandboxserver"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// mutate changes one field somewhere in a message.
func mutate(r *rand.Rand, m protoreflect.Message) {
	fields := m.Descriptor().Fields()
	if fields.Len() == 0 {
		return
	}
	switch fd := fields.Get(r.IntN(fields.Len())); {
	case fd.IsMap():
		m.Mutable(fd).Map().Set(protoreflect.ValueOfString(text(r)).MapKey(), protoreflect.ValueOfString(text(r)))
	case fd.IsList():
		list := m.Mutable(fd).List()
		switch {
		case list.Len() > 0 && r.IntN(2) == 0:
			list.Truncate(r.IntN(list.Len()))
		case fd.Message() != nil:
			mutate(r, list.AppendMutable().Message())
		default:
			list.Append(scalar(r, fd))
		}
	case fd.Message() != nil && r.IntN(4) == 0:
		m.Clear(fd)
	case fd.Message() != nil:
		mutate(r, m.Mutable(fd).Message())
	default:
		m.Set(fd, scalar(r, fd))
	}
}

func text(r *rand.Rand) string {
	texts := []string{
		"", " ", "x", "\x00", "a\nb", "'; DROP TABLE payment; --", "👕", "\u202e", "%_\\", strings.Repeat("ä", 300), strings.Repeat("x", 70_000),
		"00000000-0000-0000-0000-000000000000", id.New(), id.Secret(), "uk-web", "UK", "GB", "GBP", "JPY", "XXX", "tok_ok", "tok_declined", "tok_3ds",
		"card", "wallet", "qr", "voucher", "sandbox", "http://[::1]/", "http://localhost/", "javascript:x", "4242424242424242", "AAAA-AAAA-AAAA-AAAA-AAAA", "-", "e30",
	}
	return texts[r.IntN(len(texts))]
}

func scalar(r *rand.Rand, fd protoreflect.FieldDescriptor) protoreflect.Value {
	numbers := []int64{0, 1, -1, 2, 49, 5_000, 5_001, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64}
	number := numbers[r.IntN(len(numbers))]
	switch fd.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(text(r))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte(text(r)))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(r.IntN(2) == 0)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(r.IntN(16) - 1))
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(int32(max(min(number, math.MaxInt32), math.MinInt32)))
	default:
		return protoreflect.ValueOfInt64(number)
	}
}

// templates are a good request of every RPC.
func (s *shop) templates() map[string]proto.Message {
	captured := s.authorize(ask(5_000, "card", "tok_ok"))
	s.capture(captured.GetId(), 4_000, false)
	card := s.issue(math.MaxInt32)
	hold := holdOf(card.GetGiftCard().GetId(), 100)
	_, err := s.hold(hold)
	require.NoError(s.t, err)
	eventID, body := s.eventOf(&sandboxserver.Operation{
		ID: "sbx_1", Kind: "authorize", Status: "succeeded", Merchant: "cartwright-demo", Mode: "sandbox", MerchantReference: "nobody", Amount: 1, Currency: "GBP",
	})
	now := timestamppb.New(time.Now().Add(time.Hour))
	return map[string]proto.Message{
		"ListPaymentMethods":        &paymentv1.ListPaymentMethodsRequest{Channel: "uk-web", CountryCode: "GB", CurrencyCode: "GBP"},
		"ListPaymentMethodSettings": &paymentv1.ListPaymentMethodSettingsRequest{Channel: "uk-web"},
		"SetPaymentMethod": &paymentv1.SetPaymentMethodRequest{RequestId: "r", Setting: &paymentv1.PaymentMethodSetting{
			Channel: "other", Method: "qr", Title: "QR", Countries: []string{"GB"}, Currencies: []string{"GBP"}, Minimums: []*typev1.Money{gbp(1)}, Version: 1,
		}},
		"AuthorizePayment": ask(5_000, "card", "tok_ok"),
		"GetPayment":       &paymentv1.GetPaymentRequest{PaymentId: captured.GetId()},
		"BatchGetPayments": &paymentv1.BatchGetPaymentsRequest{OrderIds: []string{captured.GetOrderId()}},
		"ListPayments": &paymentv1.ListPaymentsRequest{
			OrderId: captured.GetOrderId(), State: paymentv1.PaymentState_PAYMENT_STATE_CAPTURED, Method: "card", CreateTimeFrom: now, CreateTimeUntil: now,
		},
		"CapturePayment":      &paymentv1.CapturePaymentRequest{PaymentId: captured.GetId(), CaptureId: "c", RequestId: "r", Amount: gbp(1)},
		"VoidPayment":         &paymentv1.VoidPaymentRequest{PaymentId: id.New(), VoidId: "v", RequestId: "r", OrderId: id.Secret()},
		"RefundPayment":       &paymentv1.RefundPaymentRequest{PaymentId: captured.GetId(), RefundId: "f", RequestId: "r", Amount: gbp(1)},
		"ResolvePayment":      &paymentv1.ResolvePaymentRequest{PaymentId: captured.GetId()},
		"ReceiveWebhook":      &paymentv1.ReceiveWebhookRequest{Provider: "sandbox", Headers: sandboxserver.Sign(testSecret, eventID, time.Now(), body), Body: body},
		"ListOperations":      &paymentv1.ListOperationsRequest{Status: paymentv1.OperationStatus_OPERATION_STATUS_OK},
		"IssueGiftCard":       &paymentv1.IssueGiftCardRequest{RequestId: id.New(), Amount: gbp(100), ExpiresAt: now, Note: "n"},
		"GetGiftCard":         &paymentv1.GetGiftCardRequest{GiftCardId: card.GetGiftCard().GetId()},
		"ListGiftCards":       &paymentv1.ListGiftCardsRequest{Last4: card.GetGiftCard().GetLast4()},
		"DisableGiftCard":     &paymentv1.DisableGiftCardRequest{GiftCardId: id.New()},
		"LookupGiftCard":      &paymentv1.LookupGiftCardRequest{Code: card.GetCode(), CurrencyCode: "GBP", AttemptScope: "cart"},
		"HoldGiftCard":        holdOf(card.GetGiftCard().GetId(), 100),
		"PostGiftCardHold":    &paymentv1.PostGiftCardHoldRequest{HoldId: hold.GetHoldId(), RequestId: "r", Amount: gbp(60)},
		"ReleaseGiftCardHold": &paymentv1.ReleaseGiftCardHoldRequest{HoldId: id.New(), RequestId: "r"},
		"RefundToGiftCard":    &paymentv1.RefundToGiftCardRequest{RefundId: "f", RequestId: "r", HoldId: hold.GetHoldId(), Amount: gbp(1)},
		"RunReconciliation": &paymentv1.RunReconciliationRequest{
			RequestId: id.New(), Provider: "sandbox", From: timestamppb.New(time.Now().Add(-time.Hour)), Until: now,
		},
		"ListReconciliations":        &paymentv1.ListReconciliationsRequest{Provider: "sandbox"},
		"ListReconciliationFindings": &paymentv1.ListReconciliationFindingsRequest{Provider: "sandbox", IncludeClosed: true},
		"ListWebhookEvents":          &paymentv1.ListWebhookEventsRequest{State: paymentv1.WebhookEventState_WEBHOOK_EVENT_STATE_APPLIED},
		"ReplayWebhookEvent":         &paymentv1.ReplayWebhookEventRequest{Provider: "sandbox", EventId: "e", RequestId: "r"},
		"GetTrialBalance":            &paymentv1.GetTrialBalanceRequest{},
		"ListLedgerEntries":          &paymentv1.ListLedgerEntriesRequest{OrderId: captured.GetOrderId()},
	}
}

// Whatever is sent, it is answered or refused with a reason: fails when a request breaks the service, or moves money that the
// books do not show.
func TestNoRequestBreaksTheService(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	templates := s.templates()
	methods := paymentv1.File_cartwright_payment_v1_payment_service_proto.Services().ByName("PaymentService").Methods()
	require.Len(t, templates, methods.Len(), "every RPC")
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 2))
	for range 2_000 {
		method := methods.Get(r.IntN(methods.Len()))
		request := proto.Clone(templates[string(method.Name())])
		for range r.IntN(4) {
			mutate(r, request.ProtoReflect())
		}
		answer, err := protoregistry.GlobalTypes.FindMessageByName(method.Output().FullName())
		require.NoError(t, err)
		ctx := []context.Context{staff(), customer("c"), t.Context()}[r.IntN(3)]
		err = s.conn.Invoke(ctx, "/cartwright.payment.v1.PaymentService/"+string(method.Name()), request, answer.New().Interface())
		if err != nil {
			require.NotContains(t, []errs.Code{errs.Internal, errs.Unavailable}, errs.CodeOf(err), "%s %v: %v", method.Name(), request, err)
			require.NotEmpty(t, errs.ReasonOf(err))
		}
	}
	s.balanced()
}
