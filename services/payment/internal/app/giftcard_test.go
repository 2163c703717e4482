package app_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	paymentv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

func (s *shop) issue(minor int64) *paymentv1.IssueGiftCardResponse {
	s.t.Helper()
	response, err := s.IssueGiftCard(staff(), &paymentv1.IssueGiftCardRequest{RequestId: id.New(), Amount: gbp(minor)})
	require.NoError(s.t, err)
	return response
}

func holdOf(card string, minor int64) *paymentv1.HoldGiftCardRequest {
	return &paymentv1.HoldGiftCardRequest{
		HoldId: id.New(), RequestId: id.New(), GiftCardId: card, OrderId: id.Secret(), Amount: gbp(minor), Ttl: durationpb.New(time.Hour),
	}
}

func (s *shop) hold(r *paymentv1.HoldGiftCardRequest) (*paymentv1.GiftCardHold, error) {
	response, err := s.HoldGiftCard(context.Background(), r)
	return response.GetHold(), err
}

func (s *shop) post(hold string, amount *typev1.Money) (*paymentv1.GiftCardHold, error) {
	response, err := s.PostGiftCardHold(context.Background(), &paymentv1.PostGiftCardHoldRequest{HoldId: hold, RequestId: "r", Amount: amount})
	return response.GetHold(), err
}

func (s *shop) release(hold string) (*paymentv1.GiftCardHold, error) {
	response, err := s.ReleaseGiftCardHold(context.Background(), &paymentv1.ReleaseGiftCardHoldRequest{HoldId: hold, RequestId: "r"})
	return response.GetHold(), err
}

func (s *shop) refundToCard(hold, refund string, minor int64) error {
	_, err := s.RefundToGiftCard(context.Background(), &paymentv1.RefundToGiftCardRequest{RefundId: refund, RequestId: "r", HoldId: hold, Amount: gbp(minor)})
	return err
}

func (s *shop) card(card string) *paymentv1.GiftCard {
	s.t.Helper()
	response, err := s.GetGiftCard(context.Background(), &paymentv1.GetGiftCardRequest{GiftCardId: card})
	require.NoError(s.t, err)
	return response.GetGiftCard()
}

// A holder's code is safe with us and can be given again to who asked for it: fails when it can be read from the database,
// is short, or changes when the request is repeated.
func TestIssuedCodeIsSecretAndRepeatable(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	r := &paymentv1.IssueGiftCardRequest{RequestId: "gift-1", Amount: gbp(2_500), Note: "thanks"}
	first, err := s.IssueGiftCard(staff(), r)
	require.NoError(t, err)
	require.Regexp(t, `^([0-9A-HJKMNP-TV-Z]{4}-){4}[0-9A-HJKMNP-TV-Z]{4}$`, first.GetCode())
	for _, again := range storm(t, 20, func(context.Context) (*paymentv1.IssueGiftCardResponse, error) { return s.IssueGiftCard(staff(), r) }) {
		require.Equal(t, first.GetCode(), again.GetCode())
		require.Equal(t, first.GetGiftCard().GetId(), again.GetGiftCard().GetId())
	}
	other := proto.CloneOf(r)
	other.Amount = gbp(2_501)
	_, err = s.IssueGiftCard(staff(), other)
	require.Equal(t, "IDEMPOTENCY_KEY_REUSED", errs.ReasonOf(err))
	_, err = s.IssueGiftCard(customer("c-1"), r)
	require.Equal(t, "PERMISSION_DENIED", errs.ReasonOf(err))

	plain := strings.ReplaceAll(first.GetCode(), "-", "")
	for _, table := range []string{"gift_card", "gift_card_hold", "ledger_transaction", "idempotency_key", "attempt"} {
		var found int
		require.NoError(t, s.db.DB.QueryRow(t.Context(), "SELECT count(*) FROM "+table+" AS t WHERE t::text ILIKE $1 OR t::text ILIKE $2",
			"%"+plain+"%", "%"+first.GetCode()+"%").Scan(&found))
		require.Zero(t, found, table)
	}
	found, err := s.LookupGiftCard(customer("c-1"), &paymentv1.LookupGiftCardRequest{Code: " " + strings.ToLower(plain[:10]) + " " + plain[10:], CurrencyCode: "GBP"})
	require.NoError(t, err)
	require.Equal(t, first.GetGiftCard().GetId(), found.GetGiftCardId())
	require.Equal(t, int64(2_500), found.GetAvailable().GetMinorUnits())
}

// A thief who guesses codes learns nothing and is stopped after ten tries: fails when answers differ, or when a right code
// gets past the limit.
func TestGuessingCodesIsPointless(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	spent, disabled, good := s.issue(1_000), s.issue(1_000), s.issue(1_000)
	h, err := s.hold(holdOf(spent.GetGiftCard().GetId(), 1_000))
	require.NoError(t, err)
	_, err = s.post(h.GetId(), nil)
	require.NoError(t, err)
	_, err = s.DisableGiftCard(staff(), &paymentv1.DisableGiftCardRequest{GiftCardId: disabled.GetGiftCard().GetId()})
	require.NoError(t, err)
	expired := s.issue(1_000)
	_, err = s.db.DB.Exec(t.Context(), "UPDATE gift_card SET expires_at = now() - interval '1 s' WHERE id = $1", expired.GetGiftCard().GetId())
	require.NoError(t, err)

	lookup := func(who context.Context, code, currency string) error {
		_, err := s.LookupGiftCard(who, &paymentv1.LookupGiftCardRequest{Code: code, CurrencyCode: currency})
		return err
	}
	thief, texts := customer("thief"), map[string]bool{}
	for _, code := range []string{"AAAA-AAAA-AAAA-AAAA-AAAA", "x", "ÄÖÜ", spent.GetCode(), disabled.GetCode(), expired.GetCode(), strings.Repeat("9", 64)} {
		err := lookup(thief, code, "EUR")
		require.Equal(t, "GIFTCARD_REJECTED", errs.ReasonOf(err), code)
		require.Equal(t, errs.Unprocessable, errs.CodeOf(err))
		texts[err.Error()] = true
	}
	require.Len(t, texts, 1, "one answer, to the letter")
	require.Equal(t, "CURRENCY_MISMATCH", errs.ReasonOf(lookup(thief, good.GetCode(), "EUR")))
	require.NoError(t, lookup(thief, good.GetCode(), "GBP"))
	require.NoError(t, lookup(thief, good.GetCode(), "GBP"))
	err = lookup(thief, good.GetCode(), "GBP")
	require.Equal(t, "GIFTCARD_RATE_LIMITED", errs.ReasonOf(err), "the eleventh try in a minute, though the code is right")
	require.Equal(t, errs.ResourceExhausted, errs.CodeOf(err))
	require.Positive(t, errs.RetryAfterOf(err))
	require.NoError(t, lookup(customer("honest"), good.GetCode(), "GBP"), "others are not held up")

	var wg sync.WaitGroup
	var through atomic.Int64
	for range 100 {
		wg.Go(func() {
			_, err := s.LookupGiftCard(t.Context(), &paymentv1.LookupGiftCardRequest{Code: "1", AttemptScope: "cart-1"})
			if errs.ReasonOf(err) != "GIFTCARD_RATE_LIMITED" {
				through.Add(1)
			}
		})
	}
	wg.Wait()
	require.Equal(t, int64(10), through.Load())
}

// A gift card is worth what is on it, however many buy at once: fails when parallel use spends more.
func TestParallelUseSpendsNoMoreThanThereIs(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	card := s.issue(1_000).GetGiftCard().GetId()
	var wg sync.WaitGroup
	var held, refused atomic.Int64
	for range 200 {
		wg.Go(func() {
			h, err := s.hold(holdOf(card, 100))
			if errs.ReasonOf(err) == "GIFTCARD_INSUFFICIENT" {
				refused.Add(1)
				return
			}
			if err == nil {
				_, err = s.post(h.GetId(), nil)
			}
			if err != nil {
				t.Error(err)
				return
			}
			held.Add(1)
		})
	}
	wg.Wait()
	require.Equal(t, int64(10), held.Load())
	require.Equal(t, int64(190), refused.Load())
	require.Zero(t, s.card(card).GetBalance().GetMinorUnits())
	s.balanced()
}

// Every use of a hold in every state answers the same each time: fails when a state allows what it must not, or refuses
// with another reason.
func TestHoldStatesAndCommands(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	card := s.issue(100_000).GetGiftCard().GetId()
	in, commands, want := s.holdStates(card), s.holdCommands(card), holdReasons()
	for state, make := range in {
		for name, command := range commands {
			hold := make()
			reason, listed := want[state][name]
			require.True(t, listed, "%s %s", state, name)
			for range 2 {
				require.Equal(t, reason, errs.ReasonOf(command(hold)), "%s %s", state, name)
			}
		}
	}
	s.balanced()
}

// holdStates make a hold in every state.
func (s *shop) holdStates(card string) map[string]func() string {
	t := s.t
	in := map[string]func() string{
		"unknown": id.New,
		"tombstone": func() string {
			hold := id.New()
			_, err := s.release(hold)
			require.NoError(t, err)
			return hold
		},
		"held": func() string {
			h, err := s.hold(holdOf(card, 100))
			require.NoError(t, err)
			return h.GetId()
		},
	}
	in["posted"] = func() string {
		hold := in["held"]()
		_, err := s.post(hold, gbp(60))
		require.NoError(t, err)
		return hold
	}
	in["released"] = func() string {
		hold := in["held"]()
		_, err := s.release(hold)
		require.NoError(t, err)
		return hold
	}
	var expired []string
	for range 10 {
		expired = append(expired, in["held"]())
	}
	_, err := s.db.DB.Exec(t.Context(), "UPDATE gift_card_hold SET expires_at = now() - interval '1 s' WHERE id = ANY($1)", expired)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		var left int
		require.NoError(t, s.db.DB.QueryRow(t.Context(), "SELECT count(*) FROM gift_card_hold WHERE id = ANY($1) AND state = 'held'", expired).Scan(&left))
		return left == 0
	}, waitFor, tick, "the sweep gives them back")
	in["expired"] = func() string {
		hold := expired[0]
		expired = expired[1:]
		return hold
	}
	return in
}

// holdCommands are all that can be done to a hold.
func (s *shop) holdCommands(card string) map[string]func(hold string) error {
	orders := map[string]string{}
	return map[string]func(hold string) error{
		"hold": func(hold string) error {
			r := holdOf(card, 100)
			if orders[hold] == "" {
				orders[hold] = r.GetOrderId()
			}
			r.HoldId, r.OrderId = hold, orders[hold]
			_, err := s.hold(r)
			return err
		},
		"post":        func(hold string) error { _, err := s.post(hold, gbp(60)); return err },
		"post other":  func(hold string) error { _, err := s.post(hold, gbp(61)); return err },
		"post more":   func(hold string) error { _, err := s.post(hold, gbp(101)); return err },
		"release":     func(hold string) error { _, err := s.release(hold); return err },
		"refund":      func(hold string) error { return s.refundToCard(hold, "f", 60) },
		"refund more": func(hold string) error { return s.refundToCard(hold, "f", 61) },
	}
}

// holdReasons say what every command answers in every state.
func holdReasons() map[string]map[string]string {
	return map[string]map[string]string{
		"unknown": {
			"hold": "", "post": "GIFTCARD_HOLD_NOT_FOUND", "post other": "GIFTCARD_HOLD_NOT_FOUND", "post more": "GIFTCARD_HOLD_NOT_FOUND",
			"release": "", "refund": "GIFTCARD_HOLD_NOT_FOUND", "refund more": "GIFTCARD_HOLD_NOT_FOUND",
		},
		"tombstone": {
			"hold": "GIFTCARD_HOLD_RELEASED", "post": "GIFTCARD_HOLD_RELEASED", "post other": "GIFTCARD_HOLD_RELEASED",
			"post more": "GIFTCARD_HOLD_RELEASED", "release": "", "refund": "GIFTCARD_HOLD_OPEN", "refund more": "GIFTCARD_HOLD_OPEN",
		},
		"held": {
			"hold": "IDEMPOTENCY_KEY_REUSED", "post": "", "post other": "", "post more": "AMOUNT_EXCEEDS", "release": "",
			"refund": "GIFTCARD_HOLD_OPEN", "refund more": "GIFTCARD_HOLD_OPEN",
		},
		"posted": {
			"hold": "IDEMPOTENCY_KEY_REUSED", "post": "", "post other": "IDEMPOTENCY_KEY_REUSED", "post more": "IDEMPOTENCY_KEY_REUSED",
			"release": "GIFTCARD_HOLD_POSTED", "refund": "", "refund more": "AMOUNT_EXCEEDS",
		},
		"released": {
			"hold": "IDEMPOTENCY_KEY_REUSED", "post": "GIFTCARD_HOLD_RELEASED", "post other": "GIFTCARD_HOLD_RELEASED",
			"post more": "GIFTCARD_HOLD_RELEASED", "release": "", "refund": "GIFTCARD_HOLD_OPEN", "refund more": "GIFTCARD_HOLD_OPEN",
		},
		"expired": {
			"hold": "IDEMPOTENCY_KEY_REUSED", "post": "GIFTCARD_HOLD_EXPIRED", "post other": "GIFTCARD_HOLD_EXPIRED",
			"post more": "GIFTCARD_HOLD_EXPIRED", "release": "", "refund": "GIFTCARD_HOLD_OPEN", "refund more": "GIFTCARD_HOLD_OPEN",
		},
	}
}

// A gift card covers a part, the rest of the hold comes back, and a refund restores it: fails when a penny is lost on the
// way, also on a card that was disabled meanwhile.
func TestPartialUseAndRefundToCard(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	card := s.issue(5_000).GetGiftCard().GetId()
	r := holdOf(card, 3_000)
	h, err := s.hold(r)
	require.NoError(t, err)
	require.Equal(t, int64(2_000), s.card(card).GetAvailable().GetMinorUnits())
	again := holdOf(card, 100)
	again.OrderId = r.GetOrderId()
	_, err = s.hold(again)
	require.Equal(t, "GIFTCARD_DUPLICATE", errs.ReasonOf(err))
	_, err = s.post(h.GetId(), gbp(2_400))
	require.NoError(t, err)
	require.Equal(t, int64(2_600), s.card(card).GetAvailable().GetMinorUnits())
	require.Equal(t, int64(-2_400), s.due(r.GetOrderId()))

	_, err = s.DisableGiftCard(staff(), &paymentv1.DisableGiftCardRequest{GiftCardId: card})
	require.NoError(t, err)
	_, err = s.hold(holdOf(card, 1))
	require.Equal(t, "GIFTCARD_REJECTED", errs.ReasonOf(err))
	for range 3 {
		require.NoError(t, s.refundToCard(h.GetId(), "f-1", 400))
	}
	require.Equal(t, "IDEMPOTENCY_KEY_REUSED", errs.ReasonOf(s.refundToCard(h.GetId(), "f-1", 401)))
	require.NoError(t, s.refundToCard(h.GetId(), "f-2", 2_000))
	require.Equal(t, "AMOUNT_EXCEEDS", errs.ReasonOf(s.refundToCard(h.GetId(), "f-3", 1)))
	require.Equal(t, int64(5_000), s.card(card).GetBalance().GetMinorUnits())
	require.Zero(t, s.card(card).GetAvailable().GetMinorUnits(), "disabled")
	require.Zero(t, s.due(r.GetOrderId()))
}

// Bad requests about gift cards are refused before anything is written: fails when one gets in or breaks something.
func TestBadGiftCardInput(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	card := s.issue(5_000).GetGiftCard().GetId()
	for name, c := range map[string]struct {
		change func(r *paymentv1.HoldGiftCardRequest)
		reason string
	}{
		"no time":        {func(r *paymentv1.HoldGiftCardRequest) { r.Ttl = durationpb.New(0) }, "TTL_RANGE"},
		"ten years":      {func(r *paymentv1.HoldGiftCardRequest) { r.Ttl = durationpb.New(87_600 * time.Hour) }, "TTL_RANGE"},
		"beyond time":    {func(r *paymentv1.HoldGiftCardRequest) { r.Ttl = &durationpb.Duration{Seconds: 1 << 62} }, "TTL_RANGE"},
		"nothing":        {func(r *paymentv1.HoldGiftCardRequest) { r.Amount = gbp(0) }, "AMOUNT_RANGE"},
		"other currency": {func(r *paymentv1.HoldGiftCardRequest) { r.Amount.CurrencyCode = "EUR" }, "CURRENCY_MISMATCH"},
		"too much":       {func(r *paymentv1.HoldGiftCardRequest) { r.Amount = gbp(5_001) }, "GIFTCARD_INSUFFICIENT"},
		"no card":        {func(r *paymentv1.HoldGiftCardRequest) { r.GiftCardId = id.New() }, "GIFTCARD_NOT_FOUND"},
	} {
		r := holdOf(card, 100)
		c.change(r)
		_, err := s.hold(r)
		require.Equal(t, c.reason, errs.ReasonOf(err), name)
	}
	for name, c := range map[string]struct {
		request *paymentv1.IssueGiftCardRequest
		reason  string
	}{
		"past":        {&paymentv1.IssueGiftCardRequest{RequestId: "1", Amount: gbp(1), ExpiresAt: timestamppb.New(time.Now().Add(-time.Hour))}, "EXPIRY_PAST"},
		"beyond time": {&paymentv1.IssueGiftCardRequest{RequestId: "2", Amount: gbp(1), ExpiresAt: &timestamppb.Timestamp{Seconds: 1 << 60}}, "TIME_INVALID"},
		"nothing":     {&paymentv1.IssueGiftCardRequest{RequestId: "3", Amount: gbp(0)}, "AMOUNT_RANGE"},
		"no amount":   {&paymentv1.IssueGiftCardRequest{RequestId: "4"}, "FIELD_REQUIRED"},
	} {
		_, err := s.IssueGiftCard(staff(), c.request)
		require.Equal(t, c.reason, errs.ReasonOf(err), name)
	}
	require.Zero(t, s.card(card).GetHeld().GetMinorUnits())
}
