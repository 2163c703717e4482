package payment

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// sent is a payment whose operations were all sent and about which nothing is known.
func sent(separates bool, ops ...Operation) *Payment {
	p := &Payment{ID: "p", Amount: 100, Currency: "GBP", SeparatesCapture: separates}
	for i, op := range ops {
		op.Status, op.Currency, op.CallerID = Sending, "GBP", fmt.Sprint(i)
		p.Operations = append(p.Operations, op)
	}
	p.Summary = Derive(p)
	return p
}

func outcome(id string, status Status, amount int64) Outcome {
	return Outcome{Key: id, Status: status, Reference: "ref-" + id, Amount: amount, Currency: "GBP"}
}

func permutations[T any](items []T, visit func([]T)) {
	var walk func(k int)
	walk = func(k int) {
		if k == len(items) {
			visit(items)
			return
		}
		for i := k; i < len(items); i++ {
			items[k], items[i] = items[i], items[k]
			walk(k + 1)
			items[k], items[i] = items[i], items[k]
		}
	}
	walk(0)
}

// News about a payment may come in any order: all 720 orders of six events, and each with every event twice, must end in one
// and the same payment, or a buyer's order depends on the weather in the network.
func TestEveryOrderOfEventsEndsInOnePayment(t *testing.T) {
	t.Parallel()
	action := outcome("auth", Pending, 100)
	action.NextAction = &NextAction{Type: "redirect", URL: "u"}
	for name, c := range map[string]struct {
		separates bool
		ops       []Operation
		events    []Outcome
		want      Summary
	}{
		"captured in parts, refunded": {
			separates: true,
			ops: []Operation{
				{ID: "auth", Kind: Authorize, Amount: 100}, {ID: "c1", Kind: Capture, Amount: 30}, {ID: "c2", Kind: Capture, Amount: 50, Final: true},
				{ID: "r1", Kind: Refund, Amount: 20},
			},
			events: []Outcome{
				action, outcome("auth", Pending, 100), outcome("auth", OK, 100), outcome("c1", OK, 30), outcome("c2", OK, 50), outcome("r1", OK, 20),
			},
			want: Summary{State: PartiallyRefunded, Authorized: 100, Captured: 80, Refunded: 20, Voided: 20, Closing: true},
		},
		"voided": {
			separates: true,
			ops:       []Operation{{ID: "auth", Kind: Authorize, Amount: 100}, {ID: "v", Kind: Void, Amount: 100}},
			events: []Outcome{
				action, outcome("auth", Pending, 100), outcome("auth", OK, 100), outcome("v", Pending, 100), outcome("v", OK, 100), outcome("v", OK, 100),
			},
			want: Summary{State: Voided, Authorized: 100, Voided: 100},
		},
		"capture refused": {
			separates: true,
			ops:       []Operation{{ID: "auth", Kind: Authorize, Amount: 100}, {ID: "c1", Kind: Capture, Amount: 60}, {ID: "c2", Kind: Capture, Amount: 40}},
			events: []Outcome{
				outcome("auth", Pending, 100), outcome("auth", OK, 100), outcome("c1", Pending, 60), outcome("c1", Failed, 60),
				outcome("c2", Pending, 40), outcome("c2", OK, 40),
			},
			want: Summary{State: PartiallyCaptured, Authorized: 100, Captured: 40},
		},
		"first no, then yes": {
			separates: false,
			ops:       []Operation{{ID: "auth", Kind: Authorize, Amount: 100}},
			events: []Outcome{
				action, outcome("auth", Pending, 100), outcome("auth", Failed, 100), outcome("auth", OK, 100), action, outcome("auth", Failed, 100),
			},
			want: Summary{State: Captured, Authorized: 100, Captured: 100},
		},
		"another amount": {
			separates: true,
			ops:       []Operation{{ID: "auth", Kind: Authorize, Amount: 100}},
			events: []Outcome{
				outcome("auth", OK, 101), outcome("auth", OK, 100), action, outcome("auth", Pending, 100), outcome("auth", Failed, 99), outcome("auth", OK, 100),
			},
			want: Summary{State: IntegrityFailure, Authorized: 100},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen string
			permutations(c.events, func(order []Outcome) {
				p := sent(c.separates, c.ops...)
				for range 2 {
					for _, event := range order {
						Apply(p, event.Key, event)
					}
				}
				got := p.Summary
				require.Equal(t, c.want, got)
				require.Equal(t, got, Derive(p))
				ops := fmt.Sprint(p.Operations, p.NextAction)
				if seen == "" {
					seen = statuses(p)
				}
				require.Equal(t, seen, statuses(p), ops)
			})
		})
	}
}

func statuses(p *Payment) string {
	text := ""
	for _, op := range p.Operations {
		text += fmt.Sprint(op.ID, op.Status, op.Integrity, op.Acted, op.ProviderReference, ";")
	}
	return text
}

// An operation's status only rises, in whatever order its news comes; a success that was reported never becomes a failure,
// or a paid order would be cancelled.
func TestStatusesOnlyRise(t *testing.T) {
	t.Parallel()
	for i, a := range Statuses() {
		for j, b := range Statuses() {
			require.Equal(t, Statuses()[max(i, j)], Join(a, b))
			require.Equal(t, Join(a, b), Join(b, a))
		}
	}
	require.True(t, OK.Final() && Failed.Final())
	require.False(t, Sending.Final() || Unknown.Final() || Pending.Final())
}

// Whatever a provider reports, the sums stay possible: more captured than authorized, or more refunded than captured, would
// be money out of nothing.
func TestSumsStayPossible(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := sent(rapid.Bool().Draw(t, "separates"), Operation{ID: "auth", Kind: Authorize, Amount: 100})
		Apply(p, "auth", outcome("auth", OK, 100))
		for i := range rapid.IntRange(0, 8).Draw(t, "operations") {
			kind := rapid.SampledFrom([]Kind{Capture, Refund, Void}).Draw(t, "kind")
			op := Operation{ID: fmt.Sprint(i), Kind: kind, Status: Sending, Currency: "GBP", CallerID: fmt.Sprint(i), Amount: rapid.Int64Range(1, 100).Draw(t, "amount")}
			trial := *p
			trial.Operations = append(slices.Clone(p.Operations), op)
			if consistent(Derive(&trial)) { // the guards of the store
				p.Operations, p.Summary = trial.Operations, Derive(&trial)
			}
			for range rapid.IntRange(0, 4).Draw(t, "events") {
				op := rapid.SampledFrom(p.Operations).Draw(t, "about")
				Apply(p, op.ID, outcome(op.ID, rapid.SampledFrom([]Status{Pending, Failed, OK}).Draw(t, "status"), op.Amount))
				require.True(t, consistent(p.Summary), "%+v", p.Summary)
				require.Equal(t, Derive(p), p.Summary)
				require.Contains(t, States(), p.State)
			}
		}
	})
}

// What a requested void does next is decided for every state an authorization can be in: a cell that is missing here is money
// that nobody gives back.
func TestWhatARequestedVoidNeedsNext(t *testing.T) {
	t.Parallel()
	type cell struct {
		status    Status
		separates bool
	}
	for c, want := range map[cell][]Kind{
		{Sending, true}: nil, {Unknown, true}: nil, {Pending, true}: {Void}, {Failed, true}: nil, {OK, true}: {Void},
		{Sending, false}: nil, {Unknown, false}: nil, {Pending, false}: {Void}, {Failed, false}: nil, {OK, false}: {Refund},
	} {
		p := sent(c.separates, Operation{ID: "auth", Kind: Authorize, Amount: 100})
		require.Nil(t, Plan(p, ""), "nobody asked")
		p.Operations[0].Status = c.status
		p.Summary = Derive(p)
		require.NoError(t, RequestVoid(p, Operation{CallerID: "v"}))
		var kinds []Kind
		planned := Plan(p, "")
		for _, op := range planned {
			kinds = append(kinds, op.Kind)
		}
		require.Equal(t, want, kinds, "%+v", c)
		if len(planned) == 0 {
			continue
		}
		op := planned[0]
		op.ID, op.Status, op.Currency = "next", Sending, "GBP"
		p.Operations = append(p.Operations, op)
		p.Summary = Derive(p)
		require.Empty(t, Plan(p, ""), "once")
		require.Empty(t, Plan(p, "again"), "not while it is under way")
		p.Operations[1].Status = Failed
		p.Summary = Derive(p)
		require.Empty(t, Plan(p, ""), "what was refused is not repeated by itself")
		require.Len(t, Plan(p, "again"), 1, "but when a caller asks again")
	}
}
