package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/cart/internal/operator"
	"github.com/cartwright-shop/cartwright/services/cart/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/cart/internal/saga"
)

var _ operator.Store = (*OrderStore)(nil)

// ListSagas implements operator.Store. Which query reads depends on the filter, so that each is served by an index.
func (s *OrderStore) ListSagas(ctx context.Context, f operator.Filter, limit int) ([]operator.View, error) {
	ids, err := s.sagaIDs(ctx, f, int32(limit))
	if err != nil {
		return nil, fmt.Errorf("list sagas: %w", err)
	}
	return s.sagaViews(ctx, ids...)
}

func (s *OrderStore) sagaIDs(ctx context.Context, f operator.Filter, limit int32) ([]string, error) {
	age, after := f.MinAge.Seconds(), f.After
	switch {
	case f.NeedsAttention:
		return s.queries.ListAttentionSagaIDs(ctx, db.ListAttentionSagaIDsParams{
			State: string(f.State), OrderID: f.OrderID, Kind: f.Kind, Step: f.Step, MinAgeSeconds: age,
			AfterTime: after.CreatedAt, AfterID: after.ID, MaxRows: limit,
		})
	case f.OrderID != "":
		return s.queries.ListSagaIDsOfOrder(ctx, db.ListSagaIDsOfOrderParams{
			OrderID: f.OrderID, State: string(f.State), Kind: f.Kind, Step: f.Step, MinAgeSeconds: age,
			AfterTime: after.CreatedAt, AfterID: after.ID, MaxRows: limit,
		})
	case f.State.Ended():
		return s.queries.ListEndedSagaIDs(ctx, db.ListEndedSagaIDsParams{
			State: string(f.State), Kind: f.Kind, Step: f.Step, MinAgeSeconds: age, AfterTime: after.CreatedAt, AfterID: after.ID, MaxRows: limit,
		})
	default:
		return s.queries.ListActiveSagaIDs(ctx, db.ListActiveSagaIDsParams{
			State: string(f.State), Kind: f.Kind, Step: f.Step, MinAgeSeconds: age, AfterTime: after.CreatedAt, AfterID: after.ID, MaxRows: limit,
		})
	}
}

func (s *OrderStore) sagaViews(ctx context.Context, ids ...string) ([]operator.View, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := s.queries.FindSagaViews(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read sagas: %w", err)
	}
	views := make([]operator.View, len(rows))
	for i, row := range rows {
		views[i] = toView(row)
	}
	return views, nil
}

func toView(row db.FindSagaViewsRow) operator.View {
	g := saga.Saga{
		ID: row.ID, Kind: row.Kind, OrderID: row.OrderID, State: saga.State(row.State), Step: row.Step, Version: row.Version,
		Attempts: int(row.Attempts), LastError: row.LastError, NextRunAt: row.NextRunAt, Deadline: moment(row.Deadline),
		CancelRequested: row.CancelRequested, NeedsAttention: row.NeedsAttention,
	}
	_ = json.Unmarshal(row.History, &g.History) // of another release: shown without
	return operator.View{
		Saga: g, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt, Age: time.Duration(row.AgeSeconds) * time.Second,
		InProgress: row.InProgress, OrderNumber: row.OrderNumber, PaymentID: row.PaymentID, ReservationID: row.ReservationID,
	}
}

// FindSaga implements operator.Store.
func (s *OrderStore) FindSaga(ctx context.Context, sagaID string) (operator.View, error) {
	views, err := s.sagaViews(ctx, sagaID)
	if err != nil {
		return operator.View{}, err
	}
	if len(views) == 0 {
		return operator.View{}, operator.ErrNotFound.New("There is no saga %s.", sagaID)
	}
	return views[0], nil
}

// LockSaga implements operator.Store.
func (s *OrderStore) LockSaga(ctx context.Context, sagaID string) (operator.View, error) {
	if err := s.queries.LockSaga(ctx, sagaID); err != nil {
		return operator.View{}, fmt.Errorf("lock saga: %w", err)
	}
	return s.FindSaga(ctx, sagaID)
}

// RetrySaga implements operator.Store.
func (s *OrderStore) RetrySaga(ctx context.Context, sagaID string) error {
	if _, err := s.queries.RetrySaga(ctx, sagaID); err != nil {
		return fmt.Errorf("retry saga: %w", err)
	}
	return nil
}

// CalmSaga implements operator.Store.
func (s *OrderStore) CalmSaga(ctx context.Context, sagaID, orderID string) error {
	if err := s.queries.CalmSaga(ctx, sagaID); err != nil {
		return fmt.Errorf("calm saga: %w", err)
	}
	if orderID == "" {
		return nil
	}
	if err := s.queries.CalmOrder(ctx, orderID); err != nil {
		return fmt.Errorf("calm order: %w", err)
	}
	return nil
}

// AppendAction implements operator.Store.
func (s *OrderStore) AppendAction(ctx context.Context, a *operator.Action) error {
	actor, err := json.Marshal(a.Actor)
	if err != nil {
		return fmt.Errorf("encode actor: %w", err)
	}
	row, err := s.queries.AppendSagaAction(ctx, db.AppendSagaActionParams{
		SagaID: a.SagaID, Kind: string(a.Kind), Actor: actor, Reason: a.Reason, State: string(a.State), Step: a.Step,
	})
	if err != nil {
		return fmt.Errorf("append saga action: %w", err)
	}
	a.ID, a.At = row.ID, row.CreatedAt
	return nil
}

// ListActions implements operator.Store.
func (s *OrderStore) ListActions(ctx context.Context, sagaID string, after int64, limit int) ([]operator.Action, error) {
	rows, err := s.queries.ListSagaActions(ctx, db.ListSagaActionsParams{SagaID: sagaID, AfterID: after, MaxRows: int32(limit)})
	if err != nil {
		return nil, fmt.Errorf("list saga actions: %w", err)
	}
	actions := make([]operator.Action, len(rows))
	for i, row := range rows {
		actions[i] = operator.Action{
			ID: row.ID, SagaID: row.SagaID, Kind: operator.Kind(row.Kind), Reason: row.Reason,
			State: saga.State(row.State), Step: row.Step, At: row.CreatedAt,
		}
		if err := json.Unmarshal(row.Actor, &actions[i].Actor); err != nil {
			return nil, fmt.Errorf("decode actor of saga action %d: %w", row.ID, err)
		}
	}
	return actions, nil
}
