package app_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/payment/internal/sandboxserver"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// opened is a payment in a state, and the request that opened it.
type opened struct {
	request payment.AuthorizeRequest
	id      string
}

// inState makes a payment in a state, by what leads there in a shop.
func (e *engine) inState(state payment.State) opened {
	e.t.Helper()
	r := request(1_000, "tok_ok")
	fault := func(kind, action string) {
		e.provider.Apply(sandboxserver.Control{Faults: []sandboxserver.Fault{{Kind: kind, Action: action, Count: 1}}})
	}
	var then []func(ctx context.Context) error
	capture := func(minor int64) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			_, _, err := e.Capture(ctx, move(r.PaymentID, "c0", minor))
			return err
		}
	}
	refund := func(minor int64) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			_, _, err := e.Refund(ctx, move(r.PaymentID, "f0", minor))
			return err
		}
	}
	void := func(ctx context.Context) error {
		_, err := e.Void(ctx, payment.VoidRequest{PaymentID: r.PaymentID, VoidID: "v0", RequestID: "r"})
		return err
	}
	switch state {
	case payment.NotNeeded:
		r.Amount.Minor = 0
	case payment.Processing:
		fault("authorize", sandboxserver.FaultDropReply)
	case payment.RequiresAction:
		r.Token = "tok_3ds"
	case payment.WaitsForProvider:
		fault("authorize", sandboxserver.FaultPending)
	case payment.PartiallyCaptured:
		then = append(then, capture(400))
	case payment.Captured:
		then = append(then, capture(1_000))
	case payment.PartiallyRefunded:
		then = append(then, capture(1_000), refund(300))
	case payment.Refunded:
		then = append(then, capture(1_000), refund(1_000))
	case payment.Voided:
		then = append(then, void)
	case payment.Voiding:
		fault("authorize", sandboxserver.FaultDropReply)
		then = append(then, void)
	case payment.Declined:
		r.Token = "tok_declined"
	case payment.IntegrityFailure:
		fault("authorize", sandboxserver.FaultLieAmount)
	case payment.Expired:
		then = append(then, func(ctx context.Context) error {
			e.endsIn(r.PaymentID, -time.Second)
			_, err := e.ReleaseLapsed(ctx)
			return err
		})
	}
	_, err := e.Authorize(e.t.Context(), r)
	require.NoError(e.t, err)
	for _, step := range then {
		require.NoError(e.t, step(e.t.Context()))
	}
	require.Equal(e.t, state, e.get(r.PaymentID).State)
	return opened{request: r, id: r.PaymentID}
}

// commands are all that can be done to a payment.
func (e *engine) commands() map[string]func(ctx context.Context, o opened) error {
	return map[string]func(ctx context.Context, o opened) error{
		"authorize": func(ctx context.Context, o opened) error { _, err := e.Authorize(ctx, o.request); return err },
		"authorize other": func(ctx context.Context, o opened) error {
			o.request.OrderID = "another"
			_, err := e.Authorize(ctx, o.request)
			return err
		},
		"capture": func(ctx context.Context, o opened) error {
			_, _, err := e.Capture(ctx, move(o.id, "c1", 100))
			return err
		},
		"capture too much": func(ctx context.Context, o opened) error {
			_, _, err := e.Capture(ctx, move(o.id, "c2", 1_001))
			return err
		},
		"refund": func(ctx context.Context, o opened) error {
			_, _, err := e.Refund(ctx, move(o.id, "f1", 100))
			return err
		},
		"refund too much": func(ctx context.Context, o opened) error {
			_, _, err := e.Refund(ctx, move(o.id, "f2", 1_001))
			return err
		},
		"void": func(ctx context.Context, o opened) error {
			_, err := e.Void(ctx, payment.VoidRequest{PaymentID: o.id, VoidID: "v1", RequestID: "r"})
			return err
		},
		"resolve": func(ctx context.Context, o opened) error { _, err := e.Resolve(ctx, o.id); return err },
	}
}

// cell is what a command does in a state: the reason it is refused with, or the state that it leads to.
type cell struct {
	reason string
	state  payment.State
}

// transitions is the whole table: what is not listed here must not exist.
func transitions() map[payment.State]map[string]cell {
	const no, other, much = "PAYMENT_STATE", "IDEMPOTENCY_KEY_REUSED", "AMOUNT_EXCEEDS"
	row := func(state payment.State, capture, captureMuch, refund, refundMuch string, void cell, resolve payment.State) map[string]cell {
		refused := func(reason string) cell { return cell{reason, state} }
		return map[string]cell{
			"authorize": {"", state}, "authorize other": refused(other), "capture": refused(capture), "capture too much": refused(captureMuch),
			"refund": refused(refund), "refund too much": refused(refundMuch), "void": void, "resolve": {"", resolve},
		}
	}
	stays := func(state payment.State) cell { return cell{"", state} }
	table := map[payment.State]map[string]cell{
		payment.NotNeeded:         row(payment.NotNeeded, no, no, no, no, cell{"", payment.Voided}, payment.NotNeeded),
		payment.Processing:        row(payment.Processing, no, no, no, no, cell{"", payment.Voiding}, payment.Authorized),
		payment.RequiresAction:    row(payment.RequiresAction, no, no, no, no, cell{"", payment.Voided}, payment.RequiresAction),
		payment.WaitsForProvider:  row(payment.WaitsForProvider, no, no, no, no, cell{"", payment.Voided}, payment.WaitsForProvider),
		payment.Authorized:        row(payment.Authorized, "", much, no, no, cell{"", payment.Voided}, payment.Authorized),
		payment.PartiallyCaptured: row(payment.PartiallyCaptured, "", much, "", much, cell{"", payment.Captured}, payment.PartiallyCaptured),
		payment.Captured:          row(payment.Captured, no, no, "", much, cell{no, payment.Captured}, payment.Captured),
		payment.PartiallyRefunded: row(payment.PartiallyRefunded, no, no, "", much, cell{no, payment.PartiallyRefunded}, payment.PartiallyRefunded),
		payment.Refunded:          row(payment.Refunded, no, no, much, much, cell{no, payment.Refunded}, payment.Refunded),
		payment.Voided:            row(payment.Voided, no, no, no, no, stays(payment.Voided), payment.Voided),
		payment.Voiding:           row(payment.Voiding, no, no, no, no, stays(payment.Voiding), payment.Voided),
		payment.Declined:          row(payment.Declined, no, no, no, no, stays(payment.Declined), payment.Declined),
		payment.IntegrityFailure:  row(payment.IntegrityFailure, no, no, no, no, stays(payment.IntegrityFailure), payment.IntegrityFailure),
		payment.Expired:           row(payment.Expired, "AUTH_EXPIRED", "AUTH_EXPIRED", no, no, stays(payment.Expired), payment.Expired),
	}
	table[payment.Authorized]["capture"] = cell{"", payment.PartiallyCaptured}
	table[payment.PartiallyCaptured]["refund"] = cell{"", payment.PartiallyRefunded}
	table[payment.Captured]["refund"] = cell{"", payment.PartiallyRefunded}
	return table
}

// Every command has one answer in every state, and the same again when it is repeated: elsewhere "settled to settled" was an
// error that a buyer saw who had paid. Fails when a state or a command has no cell, or a cell another answer.
func TestEveryCommandInEveryState(t *testing.T) {
	t.Parallel()
	e := newEngine(t, sandboxserver.Config{}, payment.Config{})
	table, commands := transitions(), e.commands()
	require.Len(t, table, len(payment.States()), "every state has a row")
	for _, state := range payment.States() {
		require.Len(t, table[state], len(commands), "every command has a cell: %s", state)
		for name, command := range commands {
			want, listed := table[state][name]
			require.True(t, listed, "%s in %s", name, state)
			o := e.inState(state)
			for try := range 2 {
				require.Equal(t, want.reason, errs.ReasonOf(command(t.Context(), o)), "%s in %s, try %d", name, state, try)
				require.Equal(t, want.state, e.get(o.id).State, "%s in %s, try %d", name, state, try)
			}
		}
	}
}
