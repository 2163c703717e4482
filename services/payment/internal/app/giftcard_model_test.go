package app_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cartwright-shop/cartwright/services/payment/internal/giftcard"
	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/payment/internal/sandboxserver"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/prooftest"
)

// Whatever is done to a gift card, in whatever order, its balance is what the commands say: elsewhere a card was spent twice
// because spending and giving back did not know of each other. Fails when a sequence that nobody thought of makes or loses
// money.
func TestGiftCardAgainstModel(t *testing.T) {
	t.Parallel()
	e := newEngine(t, sandboxserver.Config{}, payment.Config{})
	steps := 0
	for steps < prooftest.Rounds(1_500, 20_000) && !t.Failed() {
		rapid.Check(t, func(rt *rapid.T) {
			if steps >= prooftest.Rounds(1_500, 20_000) {
				return
			}
			initial := rapid.Int64Range(1, 1_000).Draw(rt, "initial")
			m := &cardModel{engine: e, card: issue(t, e.cards, initial), balance: initial, holds: map[string]*holdModel{}}
			rt.Repeat(map[string]func(*rapid.T){
				"hold": m.hold, "post": m.post, "release": m.release, "refund": m.refund, "expire": m.expire,
				"": func(rt *rapid.T) { steps++; m.agrees(rt) },
			})
		})
	}
	drift, err := e.store.CardDrift(t.Context())
	require.NoError(t, err)
	require.Zero(t, drift)
}

type holdModel struct {
	state                    string
	amount, posted, refunded int64
}

// cardModel is what a card must be, kept in the simplest way.
type cardModel struct {
	engine        *engine
	card          string
	balance, held int64
	holds         map[string]*holdModel
	names         []string
}

func (m *cardModel) pick(t *rapid.T) (string, *holdModel) {
	name := rapid.SampledFrom(append([]string{"new"}, m.names...)).Draw(t, "hold")
	if name == "new" {
		name = id.New()
		m.names = append(m.names, name)
		m.holds[name] = &holdModel{state: "unknown"}
	}
	return name, m.holds[name]
}

func (m *cardModel) hold(t *rapid.T) {
	name, h := m.pick(t)
	amount := rapid.Int64Range(1, 1_200).Draw(t, "amount")
	_, err := m.engine.cards.Hold(context.Background(), giftcard.HoldRequest{
		HoldID: name, RequestID: "r", CardID: m.card, OrderID: id.Secret(), Amount: *pounds(amount), TTL: time.Hour,
	})
	if h.state == "unknown" && amount <= m.balance-m.held {
		require.NoError(t, err)
		h.state, h.amount = "held", amount
		m.held += amount
		return
	}
	require.Error(t, err)
}

func (m *cardModel) post(t *rapid.T) {
	name, h := m.pick(t)
	amount := rapid.Int64Range(1, 1_200).Draw(t, "amount")
	_, err := m.engine.cards.Post(context.Background(), name, "r", pounds(amount))
	switch {
	case h.state == "held" && amount <= h.amount:
		require.NoError(t, err)
		m.held -= h.amount
		m.balance -= amount
		h.state, h.posted = "posted", amount
	case h.state == "posted" && amount == h.posted:
		require.NoError(t, err)
	default:
		require.Error(t, err)
	}
}

func (m *cardModel) release(t *rapid.T) {
	name, h := m.pick(t)
	_, err := m.engine.cards.Release(context.Background(), name, "r", "")
	if h.state == "posted" {
		require.Equal(t, "GIFTCARD_HOLD_POSTED", errs.ReasonOf(err))
		return
	}
	require.NoError(t, err)
	if h.state == "held" {
		m.held -= h.amount
	}
	if h.state != "expired" {
		h.state = "released"
	}
}

func (m *cardModel) expire(t *rapid.T) {
	name, h := m.pick(t)
	m.engine.exec("UPDATE gift_card_hold SET expires_at = now() - interval '1 s' WHERE id = $1", name)
	_, err := m.engine.cards.FreeExpired(context.Background())
	require.NoError(t, err)
	if h.state == "held" {
		m.held -= h.amount
		h.state = "expired"
	}
}

func (m *cardModel) refund(t *rapid.T) {
	name, h := m.pick(t)
	amount := rapid.Int64Range(1, 600).Draw(t, "amount")
	_, err := m.engine.cards.RefundToCard(context.Background(), giftcard.RefundRequest{RefundID: id.New(), HoldID: name, RequestID: "r", Amount: *pounds(amount)})
	if h.state == "posted" && amount <= h.posted-h.refunded {
		require.NoError(t, err)
		h.refunded += amount
		m.balance += amount
		return
	}
	require.Error(t, err)
}

func (m *cardModel) agrees(t *rapid.T) {
	card, err := m.engine.cards.Get(context.Background(), m.card)
	require.NoError(t, err)
	require.Equal(t, []int64{m.balance, m.held}, []int64{card.Balance, card.Held})
}
