package saga_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/cart/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/cart/internal/saga"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	platform "github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
)

// workers are the processes that fight for one saga.
const workers = 3

// sagaModel is what one saga must be, next to the real row: a few plain fields instead of SQL.
type sagaModel struct {
	ctx   context.Context
	db    *platform.DB
	store *postgres.OrderStore
	id    string

	state     saga.State
	step      string
	version   int64
	lease     string // token of whoever holds it
	over      bool   // the lease has ended
	due       bool
	wakes     int64
	cancelled bool
	attention bool

	held [workers]*saga.Saga // what each process believes
}

func (m *sagaModel) active() bool { return !m.state.Ended() }

func (m *sagaModel) free() bool { return m.lease == "" || m.over }

// take lets a process take the saga when nobody works on it.
func (m *sagaModel) take(t *rapid.T) {
	w := rapid.IntRange(0, workers-1).Draw(t, "process")
	got, taken, err := m.store.TakeSaga(m.ctx, m.id, saga.NewLease(), saga.Lease)
	require.NoError(t, err)
	require.Equal(t, m.active() && m.free() && m.due, taken, "a saga is taken when it is due and free, and only then")
	if taken {
		m.version++
		m.lease, m.over = got.Lease, false
		m.held[w] = got
	}
}

// lapse is time passing: the lease ends, or the saga becomes due.
func (m *sagaModel) lapse(t *rapid.T) {
	if rapid.Bool().Draw(t, "lease") {
		m.exec(t, "UPDATE saga SET lease_until = LEAST(lease_until, now() - interval '1 second') WHERE id = $1")
		m.over = true
		return
	}
	m.exec(t, "UPDATE saga SET next_run_at = now() - interval '1 second' WHERE id = $1")
	m.due = true
}

func (m *sagaModel) exec(t *rapid.T, sql string) {
	_, err := m.db.Exec(m.ctx, sql, m.id)
	require.NoError(t, err)
}

// renew lets a process keep its lease: a lease that ended and that nobody took is still its own.
func (m *sagaModel) renew(t *rapid.T) {
	g := m.someone(t)
	if g == nil {
		return
	}
	kept, err := m.store.RenewSaga(m.ctx, m.id, g.Lease, saga.Lease)
	require.NoError(t, err)
	require.Equal(t, m.active() && g.Lease == m.lease, kept)
	if kept {
		m.over = false
	}
}

// someone is what one of the processes believes; nil when it has nothing in hand.
func (m *sagaModel) someone(t *rapid.T) *saga.Saga {
	return m.held[rapid.IntRange(0, workers-1).Draw(t, "process")]
}

// save lets a process write what it believes: only the one that has the lease under the last version does.
func (m *sagaModel) save(t *rapid.T) {
	believed := m.someone(t)
	if believed == nil {
		return
	}
	g := *believed
	save := saga.Save{Lease: saga.Lease}
	switch rapid.SampledFrom([]string{"advance", "wait", "fail", "end"}).Draw(t, "how") {
	case "advance":
		g.Step, g.State = g.Step+"i", saga.Running
	case "wait":
		g.State, save = saga.Waiting, saga.Save{Delay: time.Hour}
	case "fail":
		g.Attempts, save = g.Attempts+1, saga.Save{Delay: time.Hour}
	case "end":
		g.State, save = rapid.SampledFrom([]saga.State{saga.Done, saga.Failed}).Draw(t, "state"), saga.Save{}
	}
	newsCame := g.Wakes != m.wakes
	mine := g.Lease == m.lease && g.Version == m.version
	err := m.store.SaveSaga(m.ctx, &g, save)
	if !mine {
		require.ErrorIs(t, err, saga.ErrFenced, "whoever lost the saga writes nothing")
		return
	}
	require.NoError(t, err)
	m.version++
	m.state, m.step, m.attention = g.State, g.Step, g.NeedsAttention
	if m.state == saga.Waiting && newsCame {
		m.state = saga.Running
	}
	m.due = save.Delay == 0 || newsCame
	m.over = false
	if save.Lease == 0 {
		m.lease = ""
	}
	require.Equal(t, m.version, g.Version, "versions have no gaps")
	require.Equal(t, m.cancelled, g.CancelRequested, "a request to end is seen with the next write")
	for w := range m.held {
		if m.held[w] != nil && m.held[w].Lease == g.Lease {
			if g.State = m.state; save.Lease == 0 {
				m.held[w] = nil
				continue
			}
			kept := g
			m.held[w] = &kept
		}
	}
}

// news come for the order, or somebody presses resume.
func (m *sagaModel) wake(t *rapid.T) {
	if rapid.Bool().Draw(t, "by a person") {
		require.NoError(t, m.store.RetrySaga(m.ctx, m.id))
	} else {
		require.NoError(t, m.store.WakeSagas(m.ctx, m.id))
	}
	m.woken()
}

func (m *sagaModel) woken() {
	if !m.active() {
		return
	}
	m.wakes++
	m.due = true
	if m.state == saga.Waiting {
		m.state = saga.Running
	}
}

func (m *sagaModel) cancel(t *rapid.T) {
	active, err := m.store.CancelSaga(m.ctx, m.id)
	require.NoError(t, err)
	require.Equal(t, m.active(), active)
	m.cancelled = m.cancelled || active
	m.woken()
}

// calm is a person who has taken care of it: whoever works on it has to read it anew.
func (m *sagaModel) calm(t *rapid.T) {
	require.NoError(t, m.store.CalmSaga(m.ctx, m.id, ""))
	m.version++
	m.lease, m.attention = "", false
}

// check compares the row with the model.
func (m *sagaModel) check(t *rapid.T) {
	g, err := m.store.GetSaga(m.ctx, m.id)
	require.NoError(t, err)
	require.Equal(t, m.state, g.State)
	require.Equal(t, m.step, g.Step)
	require.Equal(t, m.version, g.Version)
	require.Equal(t, m.lease, g.Lease)
	require.Equal(t, m.wakes, g.Wakes)
	require.Equal(t, m.cancelled, g.CancelRequested)
	require.Equal(t, m.attention, g.NeedsAttention)
	require.Equal(t, m.due, !g.NextRunAt.After(time.Now().Add(time.Minute)), "news end a wait, and nothing else does")
}

// Processes that take a saga, lose it, wake up and write, while news come and people press buttons: whatever the order of it, the
// saga has one writer, no news are lost, and what ended stays ended. Without that two processes charge one buyer.
func TestSagaAgainstItsModel(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t, "cart", postgres.Migrations())
	store := postgres.NewOrderStore(database.DB)
	ctx := platform.Patient(t.Context(), time.Minute)
	rapid.Check(t, func(t *rapid.T) {
		m := &sagaModel{ctx: ctx, db: database.DB, store: store, id: id.Secret(), state: saga.Running, version: 1, due: true}
		require.NoError(t, store.InsertOrder(ctx, &order.Order{ID: m.id, CartID: m.id, Channel: "uk-web", Currency: "GBP", Status: order.Pending}))
		require.NoError(t, store.InsertSaga(ctx, &saga.Saga{ID: m.id, Kind: order.CheckoutKind, OrderID: m.id, State: saga.Running}, 0, 0))
		t.Repeat(map[string]func(*rapid.T){
			"take": m.take, "lapse": m.lapse, "renew": m.renew, "save": m.save, "wake": m.wake, "cancel": m.cancel, "calm": m.calm, "": m.check,
		})
	})
}
