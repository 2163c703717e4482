package app_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/payment/internal/sandboxserver"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/prooftest"
)

// news is one event of a payment's set: about the operation that a caller named, with a status of the provider.
type news struct {
	about  string
	status string
}

// story is a payment about which answers were lost, and the events that the provider then sends.
type story struct {
	build  func(e *engine) *payment.Payment
	events []news
}

func stories() map[string]story {
	unanswered := func(e *engine, kind, action string, step func() error) {
		e.provider.Apply(sandboxserver.Control{Faults: []sandboxserver.Fault{{Kind: kind, Action: action, Count: 1}}})
		require.NoError(e.t, step())
	}
	return map[string]story{
		"captures": {
			build: func(e *engine) *payment.Payment {
				p := e.authorize(10_000, "tok_ok")
				for caller, minor := range map[string]int64{"c1": 3_000, "c2": 5_000, "c3": 2_000} {
					unanswered(e, "capture", sandboxserver.FaultDropReply, func() error { _, _, err := e.Capture(e.t.Context(), move(p.ID, caller, minor)); return err })
				}
				return e.get(p.ID)
			},
			events: []news{{"", "succeeded"}, {"c1", "pending"}, {"c1", "succeeded"}, {"c2", "succeeded"}, {"c3", "pending"}, {"c3", "failed"}},
		},
		"refunds": {
			build: func(e *engine) *payment.Payment {
				p := e.authorize(10_000, "tok_ok")
				_, _, err := e.Capture(e.t.Context(), move(p.ID, "c1", 8_000))
				require.NoError(e.t, err)
				for caller, minor := range map[string]int64{"f1": 2_000, "f2": 6_000} {
					unanswered(e, "refund", sandboxserver.FaultDropReply, func() error { _, _, err := e.Refund(e.t.Context(), move(p.ID, caller, minor)); return err })
				}
				return e.get(p.ID)
			},
			events: []news{{"", "succeeded"}, {"c1", "succeeded"}, {"f1", "pending"}, {"f1", "succeeded"}, {"f2", "pending"}, {"f2", "failed"}},
		},
		"challenge": {
			build: func(e *engine) *payment.Payment {
				r := request(10_000, "tok_3ds")
				e.provider.Apply(sandboxserver.Control{Faults: []sandboxserver.Fault{{Kind: "authorize", Action: sandboxserver.FaultDropReply, Count: 1}}})
				p, err := e.Authorize(e.t.Context(), r)
				require.NoError(e.t, err)
				return e.get(p.ID)
			},
			events: []news{{"", "pending"}, {"", "failed"}, {"", "succeeded"}, {"", "succeeded"}},
		},
	}
}

// copyOf makes a payment like another one, with ids of its own, as it stands in the store.
func (e *engine) copyOf(p *payment.Payment) (copied string, operations map[string]string) {
	e.t.Helper()
	copied, operations = id.New(), map[string]string{}
	e.exec(`INSERT INTO payment SELECT (jsonb_populate_record(p, jsonb_build_object('id', $2::text, 'order_id', $2::text))).* FROM payment AS p WHERE id = $1`, p.ID, copied)
	for _, op := range p.Operations {
		caller := op.CallerID
		if op.Kind == payment.Authorize {
			caller = copied
		}
		key := id.New()
		operations[strings.TrimPrefix(caller, copied)] = key
		e.exec(`INSERT INTO operation SELECT (jsonb_populate_record(o, jsonb_build_object('id', $2::text, 'payment_id', $3::text, 'order_id', $3::text,
				'caller_id', $4::text, 'provider_reference', CASE WHEN o.provider_reference = '' THEN '' ELSE 'sbx-' || $2::text END, 'next_check_at', now() + interval '1 day'
			))).* FROM operation AS o WHERE id = $1 AND next_check_at IS NOT NULL
			UNION ALL SELECT (jsonb_populate_record(o, jsonb_build_object('id', $2::text, 'payment_id', $3::text, 'order_id', $3::text,
				'caller_id', $4::text, 'provider_reference', 'sbx-' || $2::text))).* FROM operation AS o WHERE id = $1 AND next_check_at IS NULL`,
			op.ID, key, copied, caller)
	}
	return copied, operations
}

// bodyOf is a notification about an operation of a copied payment.
func (e *engine) bodyOf(p *payment.Payment, n news, order, key string) []byte {
	e.t.Helper()
	i := slices.IndexFunc(p.Operations, func(op payment.Operation) bool {
		return op.CallerID == n.about || n.about == "" && op.Kind == payment.Authorize
	})
	op := p.Operations[i]
	body, err := json.Marshal(sandboxserver.Event{
		ID: "evt_" + id.New(), Type: "x", Merchant: "cartwright-demo", Mode: "sandbox", Operation: &sandboxserver.Operation{
			ID: "sbx-" + key, Kind: string(op.Kind), Status: n.status, Reason: map[string]string{"failed": "refused"}[n.status],
			Merchant: "cartwright-demo", Mode: "sandbox", MerchantReference: key, OrderReference: order, Amount: op.Amount, Currency: "GBP",
		},
	})
	require.NoError(e.t, err)
	return body
}

// ending is all that a payment came to, without the ids that set copies apart.
func (e *engine) ending(paymentID string, operations map[string]string) string {
	e.t.Helper()
	p := e.get(paymentID)
	lines := []string{fmt.Sprintf("%+v %v", p.Summary, p.NextAction)}
	names := []string{paymentID, "PAYMENT"}
	for about, key := range operations {
		names = append(names, key, "OP-"+about)
	}
	for _, op := range p.Operations {
		lines = append(lines, fmt.Sprint(op.ID, op.Kind, op.Status, op.Amount, op.FailureReason, op.Integrity, op.Acted, op.NeedsAttention, op.ProviderReference))
	}
	lines = append(lines, e.ledger(paymentID)...)
	for i := range lines {
		lines[i] = strings.NewReplacer(names...).Replace(lines[i])
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// ordersOf are all orders of n things.
func ordersOf(n int) [][]int {
	if n == 0 {
		return [][]int{{}}
	}
	var orders [][]int
	for _, shorter := range ordersOf(n - 1) {
		for at := range n {
			orders = append(orders, slices.Insert(slices.Clone(shorter), at, n-1))
		}
	}
	return orders
}

// The provider's news comes in any order and more than once: elsewhere three webhooks at once settled an order three times, and
// an expired one was taken for paid. All orders of each set of events, with every event twice, have to end in one payment and
// one ledger, in the store; fails when two orders differ in anything. A usual run tries some of the orders, chosen anew each
// time.
func TestEveryOrderOfNewsEndsInOneStateAndOneLedger(t *testing.T) {
	t.Parallel()
	e := newEngine(t, sandboxserver.Config{}, payment.Config{})
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 3))
	for name, c := range stories() {
		p := c.build(e)
		orders := ordersOf(len(c.events))
		random.Shuffle(len(orders), func(i, j int) { orders[i], orders[j] = orders[j], orders[i] })
		orders = orders[:min(len(orders), prooftest.Rounds(40, len(orders)))]
		endings := make([]string, len(orders))
		var wg sync.WaitGroup
		slots := make(chan struct{}, 8)
		for i, order := range orders {
			slots <- struct{}{}
			wg.Go(func() {
				defer func() { <-slots }()
				copied, operations := e.copyOf(p)
				for range 2 {
					for _, at := range order {
						n := c.events[at]
						if err := e.deliver(e.bodyOf(p, n, copied, operations[n.about])); err != nil {
							t.Error(err)
						}
					}
				}
				endings[i] = e.ending(copied, operations)
			})
		}
		wg.Wait()
		for i := range endings {
			require.Equal(t, endings[0], endings[i], "%s: %v and %v", name, orders[0], orders[i])
		}
		require.NotContains(t, endings[0], "Integrity:true", name)
	}
	m, err := e.Measure(t.Context())
	require.NoError(t, err)
	require.Zero(t, m.ParkedEvents+m.DeadEvents, "all was applied")
}
