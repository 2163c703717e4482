package postgres_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	inventory "github.com/cartwright-shop/cartwright/services/inventory/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/inventory/internal/stock"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/prooftest"
)

// deed is one call about one SKU, as its caller sent it.
type deed struct {
	kind     string // reserve, commit, release, expire or look
	sku      string
	who      int // the number of the reservation
	quantity int32
}

// unknown is the answer that did not come. The deed was done at some time, or never.
const unknown = "unknown"

// ledger is the state of one SKU as if all deeds were done one after the other: the free units, and a letter for each
// reservation: - never seen, h held, c committed, r released, e expired, x refused.
type ledger struct {
	free    int32
	letters string
}

const perSKU = 400 // reservations of one SKU in a history, at most

func (l ledger) with(who int, letter byte, free int32) ledger {
	letters := []byte(l.letters)
	letters[who] = letter
	return ledger{free: l.free + free, letters: string(letters)}
}

// finals are the answers of reservations that hold nothing any more.
var finals = map[byte]string{'r': "RESERVATION_RELEASED", 'e': "RESERVATION_EXPIRED", 'x': "RESERVATION_REFUSED", '-': "RESERVATION_NOT_FOUND"}

// do is the rule: what a deed answers and what it leaves.
func (l ledger) do(d deed) (string, ledger) {
	now := l.letters[d.who]
	switch d.kind {
	case "look":
		return fmt.Sprint(l.free), l
	case "reserve":
		return l.reserve(d, now)
	case "commit":
		if now == 'h' || now == 'c' {
			return "ok", l.with(d.who, 'c', 0)
		}
		return finals[now], l
	case "release":
		switch now {
		case 'h':
			return "ok", l.with(d.who, 'r', d.quantity)
		case '-':
			return "ok", l.with(d.who, 'r', 0)
		case 'c':
			return "RESERVATION_COMMITTED", l
		}
		return "ok", l
	default: // expire
		if now == 'h' {
			return "e", l.with(d.who, 'e', d.quantity)
		}
		return string(now), l
	}
}

func (l ledger) reserve(d deed, now byte) (string, ledger) {
	switch {
	case now == 'h' || now == 'c':
		return "ok", l
	case now == 'x':
		return "SOLD_OUT", l
	case now != '-':
		return finals[now], l
	case d.quantity <= l.free:
		return "ok", l.with(d.who, 'h', -d.quantity)
	}
	return "SOLD_OUT", l.with(d.who, 'x', 0)
}

// register is the ledger as porcupine takes it, one for each SKU.
func register(units int32) porcupine.Model {
	return porcupine.Model{
		Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
			by := map[string][]porcupine.Operation{}
			for _, op := range history {
				by[op.Input.(deed).sku] = append(by[op.Input.(deed).sku], op)
			}
			var parts [][]porcupine.Operation
			for _, part := range by {
				parts = append(parts, part)
			}
			return parts
		},
		Init: func() any { return ledger{free: units, letters: strings.Repeat("-", perSKU)} },
		Step: func(state, input, output any) (bool, any) {
			answer, next := state.(ledger).do(input.(deed))
			return output == unknown || output == answer, next
		},
		Equal: func(a, b any) bool { return a == b },
		DescribeOperation: func(input, output any) string {
			return fmt.Sprintf("%v -> %v", input, output)
		},
	}
}

// teller writes a history: what several callers asked of several processes at once, and what they were told.
type teller struct {
	*crowd
	began time.Time
	mu    sync.Mutex
	ops   []porcupine.Operation
	ids   map[string][]string // by SKU
	lost  atomic.Bool         // some call was never answered
}

const ever = int64(1) << 60 // the end of a deed whose answer did not come

// one does a deed, again under the same id while the answer does not come, and writes each try down. After a hundred tries
// it is plain that something else is wrong than a cut connection.
func (h *teller) one(caller int, d deed) {
	for range 100 {
		asked := int64(time.Since(h.began))
		answer := h.ask(caller, d)
		told := int64(time.Since(h.began))
		if answer == unknown {
			told = ever
		}
		h.mu.Lock()
		h.ops = append(h.ops, porcupine.Operation{ClientId: caller, Input: d, Call: asked, Output: answer, Return: told})
		h.mu.Unlock()
		if answer != unknown {
			return
		}
	}
	h.lost.Store(true)
}

func (h *teller) ask(caller int, d deed) string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	h.mu.Lock()
	reservation := h.ids[d.sku][d.who]
	h.mu.Unlock()
	process := h.any(caller)
	switch d.kind {
	case "look":
		got, err := process.BatchGetAvailability(ctx, channel, []string{d.sku})
		if err != nil {
			return unknown
		}
		return fmt.Sprint(got[0].Available)
	case "reserve":
		r := cart(line(d.sku, d.quantity))
		r.ID, r.OrderID = reservation, "order"
		_, err := process.Reserve(ctx, r)
		return told(err)
	case "commit":
		_, err := process.CommitReservation(ctx, reservation)
		return told(err)
	case "release":
		_, err := process.ReleaseReservation(ctx, reservation, "")
		return told(err)
	default:
		return h.expire(ctx, process, reservation)
	}
}

// told is a refusal by its reason; whatever else went wrong leaves open what happened.
func told(err error) string {
	if err == nil {
		return "ok"
	}
	switch reason := errs.ReasonOf(err); reason {
	case "SOLD_OUT", "RESERVATION_RELEASED", "RESERVATION_EXPIRED", "RESERVATION_REFUSED", "RESERVATION_NOT_FOUND", "RESERVATION_COMMITTED":
		return reason
	}
	return unknown
}

// expire lets the time of a hold be over and sweeps until it is not held, by whoever came first.
func (h *teller) expire(ctx context.Context, process *stock.Service, reservation string) string {
	for {
		_, err := h.db.Exec(ctx, "UPDATE reservation SET expires_at = now() - interval '1 s' WHERE id = $1 AND state = 'held'", reservation)
		if err != nil {
			return unknown
		}
		if _, err := process.ExpireReservations(ctx); err != nil {
			return unknown
		}
		r, err := process.GetReservation(ctx, reservation)
		switch {
		case errs.Has(err, stock.ErrReservationNotFound):
			return "-"
		case err != nil:
			return unknown
		case r.State == stock.Refused:
			return "x"
		case r.State != stock.Held:
			return string(r.State)[:1]
		}
	}
}

// history lets callers do deeds at random and returns what was written down.
func (h *teller) history(skus []string, callers, deeds int) []porcupine.Operation {
	h.began, h.ops, h.ids = time.Now(), nil, map[string][]string{}
	for _, sku := range skus {
		for range perSKU {
			h.ids[sku] = append(h.ids[sku], id.New())
		}
	}
	var mu sync.Mutex
	used := map[string]int{}
	var group sync.WaitGroup
	for caller := range callers {
		group.Go(func() {
			for range deeds / callers {
				sku := skus[rand.N(len(skus))]
				mu.Lock()
				d := deed{kind: []string{"reserve", "reserve", "commit", "release", "expire", "look", "reserve"}[rand.N(7)], sku: sku}
				if used[sku] == 0 || d.kind == "reserve" && used[sku] < perSKU && rand.N(4) > 0 {
					d.kind, d.who = "reserve", used[sku]
					used[sku]++
				} else {
					d.who = max(0, used[sku]-1-rand.N(12)) // of the latest ones, where callers meet
				}
				mu.Unlock()
				d.quantity = int32(1 + d.who%3)
				h.one(caller, d)
			}
		})
	}
	group.Wait()
	return h.ops
}

// When it fails, there is no order in which the calls can have happened: a buyer was told what was not so at any moment of
// the call, on some pod, perhaps after a connection broke in the middle.
func TestHistoriesOfASKUHaveAnOrder(t *testing.T) {
	t.Parallel()
	h := &teller{crowd: newCrowd(t, 0)}
	var cutters []*cutter
	for range 3 {
		c, dsn := newCutter(t, h.db.Pool().Config().ConnString())
		pool, err := postgres.Open(t.Context(), postgres.Config{URL: dsn, MaxConns: 6, AcquireTimeout: time.Minute})
		require.NoError(t, err)
		t.Cleanup(pool.Close)
		h.processes = append(h.processes, grouped(t, inventory.New(pool)))
		cutters = append(cutters, c)
	}
	h.location("main", 0)
	const units = 9
	seen := map[any]int{}
	for round := range prooftest.Rounds(6, 200) {
		skus := []string{fmt.Sprint(round, "-a"), fmt.Sprint(round, "-b"), fmt.Sprint(round, "-c")}
		h.stock("main", map[string]int32{skus[0]: units, skus[1]: units, skus[2]: units})
		for _, c := range cutters {
			c.oneIn.Store(int64(round%2) * 150) // every other history has cuts
		}
		history := h.history(skus, 12, prooftest.Rounds(480, 1000))
		for _, c := range cutters {
			c.oneIn.Store(0)
		}
		for _, op := range history {
			seen[op.Output]++
		}
		require.False(t, h.lost.Load(), "a call was never answered")
		require.Equal(t, porcupine.Ok, porcupine.CheckOperationsTimeout(register(units), history, 2*time.Minute), "history %d", round)
	}
	require.Positive(t, seen[unknown], "no call was cut off")
	for _, answer := range []string{"ok", "SOLD_OUT", "RESERVATION_COMMITTED", "RESERVATION_EXPIRED", "RESERVATION_RELEASED", "e", "c", "0"} {
		require.Positive(t, seen[answer], "%s was never answered: %v", answer, seen)
	}
}

// When it fails, the checker of histories finds an order where there is none, and proves nothing.
func TestAWrongHistoryIsFound(t *testing.T) {
	t.Parallel()
	op := func(caller int, from, to int64, d deed, answer string) porcupine.Operation {
		d.sku = "a"
		return porcupine.Operation{ClientId: caller, Input: d, Call: from, Output: answer, Return: to}
	}
	reserve := func(who int) deed { return deed{kind: "reserve", who: who, quantity: 1} }
	for name, history := range map[string][]porcupine.Operation{
		"one unit sold twice":            {op(1, 0, 1, reserve(1), "ok"), op(2, 0, 1, reserve(2), "ok")},
		"sold out while there was stock": {op(1, 0, 1, reserve(1), "SOLD_OUT"), op(2, 2, 3, reserve(2), "ok")},
		"a sale undone": {
			op(1, 0, 1, reserve(1), "ok"), op(1, 2, 3, deed{kind: "commit", who: 1, quantity: 1}, "ok"), op(2, 4, 5, deed{kind: "look"}, "1"),
		},
		"a hold both bought and ended": {
			op(1, 0, 1, reserve(1), "ok"), op(1, 2, 9, deed{kind: "commit", who: 1, quantity: 1}, "ok"),
			op(2, 2, 9, deed{kind: "expire", who: 1, quantity: 1}, "e"),
		},
	} {
		require.Equal(t, porcupine.Illegal, porcupine.CheckOperationsTimeout(register(1), history, time.Minute), name)
	}
	fine := []porcupine.Operation{op(1, 0, ever, reserve(1), unknown), op(2, 2, 3, reserve(2), "SOLD_OUT")}
	require.Equal(t, porcupine.Ok, porcupine.CheckOperationsTimeout(register(1), fine, time.Minute))
}
