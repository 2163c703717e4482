package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/cart/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/cart/internal/saga"
	"github.com/cartwright-shop/cartwright/services/cart/internal/tracing"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// InsertSaga implements saga.Store. The saga keeps the trace that it is begun in.
func (s *OrderStore) InsertSaga(ctx context.Context, g *saga.Saga, deadline, lease time.Duration) error {
	memory := g.Memory
	if len(memory) == 0 {
		memory = []byte("{}")
	}
	err := s.queries.InsertSaga(ctx, db.InsertSagaParams{
		ID: g.ID, Kind: g.Kind, OrderID: g.OrderID, State: string(g.State), Step: g.Step, Lease: g.Lease,
		LeaseSeconds: lease.Seconds(), DeadlineSeconds: deadline.Seconds(), Memory: memory,
		Traceparent: tracing.Cause(ctx),
	})
	if err != nil {
		return fmt.Errorf("insert saga: %w", err)
	}
	g.Version = 1
	if deadline > 0 {
		// Only that there is a deadline matters to the run; whether it has passed is read from the database.
		g.Deadline = time.Now().Add(deadline)
	}
	return nil
}

// ClaimSagas implements saga.Store.
func (s *OrderStore) ClaimSagas(ctx context.Context, token string, limit int, lease time.Duration) ([]*saga.Saga, error) {
	rows, err := s.queries.ClaimSagas(ctx, db.ClaimSagasParams{Lease: token, LeaseSeconds: lease.Seconds(), MaxRows: int32(limit)})
	if err != nil {
		return nil, fmt.Errorf("claim sagas: %w", err)
	}
	sagas := make([]*saga.Saga, len(rows))
	for i, row := range rows {
		sagas[i] = toSaga(db.GetSagaRow(row))
	}
	return sagas, nil
}

// TakeSaga implements saga.Store. Who takes one is a request with a trace of its own, which leads to that of the saga.
func (s *OrderStore) TakeSaga(ctx context.Context, id, token string, lease time.Duration) (*saga.Saga, bool, error) {
	row, err := s.queries.TakeSaga(ctx, db.TakeSagaParams{ID: id, Lease: token, LeaseSeconds: lease.Seconds()})
	if postgres.NoRows(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("take saga: %w", err)
	}
	tracing.Link(ctx, row.Traceparent)
	return toSaga(db.GetSagaRow(row)), true, nil
}

// RenewSaga implements saga.Store.
func (s *OrderStore) RenewSaga(ctx context.Context, id, token string, lease time.Duration) (bool, error) {
	n, err := s.queries.RenewSaga(ctx, db.RenewSagaParams{ID: id, Lease: token, LeaseSeconds: lease.Seconds()})
	if err != nil {
		return false, fmt.Errorf("renew saga: %w", err)
	}
	return n == 1, nil
}

// SaveSaga implements saga.Store.
func (s *OrderStore) SaveSaga(ctx context.Context, g *saga.Saga, save saga.Save) error {
	memory := g.Memory
	if len(memory) == 0 {
		memory = []byte("{}")
	}
	history, err := json.Marshal(g.History)
	if err != nil {
		return fmt.Errorf("encode history of saga: %w", err)
	}
	if g.History == nil {
		history = []byte("[]")
	}
	row, err := s.queries.SaveSaga(ctx, db.SaveSagaParams{
		ID: g.ID, Version: g.Version, Lease: g.Lease, State: string(g.State), Step: g.Step, Attempts: int32(g.Attempts),
		LastError: g.LastError, NeedsAttention: g.NeedsAttention, Memory: memory, Wakes: g.Wakes,
		History:      history,
		KeepDeadline: !g.Deadline.IsZero(), DelaySeconds: save.Delay.Seconds(), LeaseSeconds: save.Lease.Seconds(),
	})
	if postgres.NoRows(err) {
		return saga.ErrFenced
	}
	if err != nil {
		return fmt.Errorf("save saga: %w", err)
	}
	g.Version, g.Wakes, g.CancelRequested, g.Expired = row.Version, row.Wakes, row.CancelRequested, row.Expired
	return nil
}

// GetSaga implements saga.Store.
func (s *OrderStore) GetSaga(ctx context.Context, id string) (*saga.Saga, error) {
	row, err := s.queries.GetSaga(ctx, id)
	if postgres.NoRows(err) {
		return nil, errs.NotFoundKind.New("There is no saga %s.", id)
	}
	if err != nil {
		return nil, fmt.Errorf("get saga: %w", err)
	}
	return toSaga(row), nil
}

// WakeSagas implements saga.Store.
func (s *OrderStore) WakeSagas(ctx context.Context, orderID string) error {
	if err := s.queries.WakeSagas(ctx, orderID); err != nil {
		return fmt.Errorf("wake sagas: %w", err)
	}
	return nil
}

// CancelSaga implements saga.Store.
func (s *OrderStore) CancelSaga(ctx context.Context, id string) (bool, error) {
	n, err := s.queries.CancelSaga(ctx, id)
	if err != nil {
		return false, fmt.Errorf("cancel saga: %w", err)
	}
	return n == 1, nil
}

// ActiveSaga implements order.Store.
func (s *OrderStore) ActiveSaga(ctx context.Context, orderID string) (string, error) {
	id, err := s.queries.FindActiveSaga(ctx, orderID)
	if postgres.NoRows(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("find active saga: %w", err)
	}
	return id, nil
}

// SagaStats counts the sagas that have not ended.
func (s *OrderStore) SagaStats(ctx context.Context) ([]saga.Stat, error) {
	rows, err := s.queries.CountActiveSagas(ctx)
	if err != nil {
		return nil, fmt.Errorf("count sagas: %w", err)
	}
	stats := make([]saga.Stat, len(rows))
	for i, row := range rows {
		stats[i] = saga.Stat{
			Kind: row.Kind, State: saga.State(row.State), Count: row.Total, Attention: row.Attention,
			Oldest: time.Duration(row.OldestSeconds * float64(time.Second)),
		}
	}
	return stats, nil
}

// PaymentToWatch implements checkout.Store.
func (s *OrderStore) PaymentToWatch(ctx context.Context, orderID string) (string, error) {
	paymentID, err := s.queries.FindPaymentToWatch(ctx, orderID)
	if postgres.NoRows(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("find payment to watch: %w", err)
	}
	return paymentID, nil
}

// TakeEvent implements checkout.Store.
func (s *OrderStore) TakeEvent(ctx context.Context, eventID string) (bool, error) {
	n, err := s.queries.TakeEvent(ctx, eventID)
	if err != nil {
		return false, fmt.Errorf("take event: %w", err)
	}
	return n == 1, nil
}

// PurgeTakenEvents forgets events older than age, at most limit, and says how many.
func (s *OrderStore) PurgeTakenEvents(ctx context.Context, age time.Duration, limit int) (int64, error) {
	n, err := s.queries.PurgeTakenEvents(ctx, db.PurgeTakenEventsParams{AgeSeconds: age.Seconds(), MaxRows: int32(limit)})
	if err != nil {
		return 0, fmt.Errorf("purge taken events: %w", err)
	}
	return n, nil
}

func toSaga(row db.GetSagaRow) *saga.Saga {
	g := &saga.Saga{
		ID: row.ID, Kind: row.Kind, OrderID: row.OrderID, State: saga.State(row.State), Step: row.Step, Version: row.Version,
		Attempts: int(row.Attempts), LastError: row.LastError, NextRunAt: row.NextRunAt, Expired: row.Expired,
		CancelRequested: row.CancelRequested, NeedsAttention: row.NeedsAttention, Memory: row.Memory, Wakes: row.Wakes, Lease: row.Lease,
		Cause: row.Traceparent, Age: time.Duration(row.AgeSeconds * float64(time.Second)),
	}
	if row.Deadline != nil {
		g.Deadline = *row.Deadline
	}
	// A history that cannot be read is one of another release: it is for people only and no reason to stop the saga.
	_ = json.Unmarshal(row.History, &g.History)
	return g
}
