package operator

import (
	"context"
	"fmt"

	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/cart/internal/saga"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/cartwright-shop/cartwright/services/platform/page"
)

// Sizes of the lists.
const (
	pageDefault = 50
	pageLimit   = 200
)

// Service shows sagas to people and acts for them. Every method is for staff.
type Service struct {
	store  Store
	runner *saga.Runner
}

// New makes the service. The runner knows which sagas can be reversed.
func New(store Store, runner *saga.Runner) *Service {
	return &Service{store: store, runner: runner}
}

// Page is one page of sagas.
type Page struct {
	// Sagas are oldest first.
	Sagas []View
	// NextToken continues the list; empty on the last page.
	NextToken string
}

// ListSagas lists the sagas that match.
func (s *Service) ListSagas(ctx context.Context, f Filter, size int32, token string) (Page, error) {
	if err := staffOnly(ctx); err != nil {
		return Page{}, err
	}
	limit, err := page.Size(size, pageDefault, pageLimit)
	if err != nil {
		return Page{}, err
	}
	scope := fmt.Sprintf("sagas|%+v", f)
	if err := page.Decode(scope, token, &f.After); err != nil {
		return Page{}, err
	}
	sagas, err := s.store.ListSagas(ctx, f, limit+1)
	if err != nil {
		return Page{}, fmt.Errorf("list sagas: %w", err)
	}
	for i := range sagas {
		s.judge(&sagas[i])
	}
	if len(sagas) <= limit {
		return Page{Sagas: sagas}, nil
	}
	sagas = sagas[:limit]
	last := sagas[limit-1]
	next, err := page.Encode(scope, Cursor{CreatedAt: last.CreatedAt, ID: last.Saga.ID})
	return Page{Sagas: sagas, NextToken: next}, err
}

// GetSaga reads one saga; ErrNotFound when there is none.
func (s *Service) GetSaga(ctx context.Context, sagaID string) (View, error) {
	if err := staffOnly(ctx); err != nil {
		return View{}, err
	}
	view, err := s.store.FindSaga(ctx, sagaID)
	if err != nil {
		return View{}, fmt.Errorf("get saga: %w", err)
	}
	s.judge(&view)
	return view, nil
}

func (s *Service) judge(v *View) { v.Reversible = s.runner.Reversible(&v.Saga) }

// ActionPage is one page of what was done to a saga.
type ActionPage struct {
	// Actions are oldest first.
	Actions []Action
	// NextToken continues the list; empty on the last page.
	NextToken string
}

// ListSagaActions lists what people did to a saga.
func (s *Service) ListSagaActions(ctx context.Context, sagaID string, size int32, token string) (ActionPage, error) {
	if err := staffOnly(ctx); err != nil {
		return ActionPage{}, err
	}
	limit, err := page.Size(size, pageDefault, pageLimit)
	if err != nil {
		return ActionPage{}, err
	}
	var after int64
	scope := "saga-actions|" + sagaID
	if err := page.Decode(scope, token, &after); err != nil {
		return ActionPage{}, err
	}
	if _, err := s.store.FindSaga(ctx, sagaID); err != nil {
		return ActionPage{}, fmt.Errorf("get saga: %w", err)
	}
	actions, err := s.store.ListActions(ctx, sagaID, after, limit+1)
	if err != nil {
		return ActionPage{}, fmt.Errorf("list saga actions: %w", err)
	}
	if len(actions) <= limit {
		return ActionPage{Actions: actions}, nil
	}
	actions = actions[:limit]
	next, err := page.Encode(scope, actions[limit-1].ID)
	return ActionPage{Actions: actions, NextToken: next}, err
}

// ResumeSaga makes a saga act now. It joins the caller's transaction.
func (s *Service) ResumeSaga(ctx context.Context, sagaID, reason string) (View, Action, error) {
	return s.act(ctx, Action{SagaID: sagaID, Kind: Resume, Reason: reason}, func(ctx context.Context, v View) error {
		if v.Saga.State.Ended() {
			return ErrEnded.New("The saga has ended as %s.", v.Saga.State)
		}
		return s.store.RetrySaga(ctx, sagaID)
	})
}

// CompensateSaga makes a checkout give back what it took. A run that places the order at this moment waits for the lock and
// then sees the request; one that was faster makes this ErrNotReversible.
func (s *Service) CompensateSaga(ctx context.Context, sagaID, reason string) (View, Action, error) {
	return s.act(ctx, Action{SagaID: sagaID, Kind: Compensate, Reason: reason}, func(ctx context.Context, v View) error {
		switch {
		case v.Saga.State.Ended():
			return ErrEnded.New("The saga has ended as %s.", v.Saga.State)
		case !v.Reversible && v.Saga.Kind == order.CheckoutKind:
			return ErrNotReversible.New("The order is placed. Cancel or refund it instead.")
		case !v.Reversible:
			return ErrNotReversible.New("A %s that was begun is finished.", v.Saga.Kind)
		}
		_, err := s.store.CancelSaga(ctx, sagaID)
		return err
	})
}

// MarkSagaHandled takes the call for a person off a saga and, for a checkout, off its order.
func (s *Service) MarkSagaHandled(ctx context.Context, sagaID, reason string) (View, Action, error) {
	return s.act(ctx, Action{SagaID: sagaID, Kind: Handled, Reason: reason}, func(ctx context.Context, v View) error {
		if !v.Saga.NeedsAttention {
			return ErrNoAttention.New("Nobody was called to this saga.")
		}
		orderID := ""
		if v.Saga.Kind == order.CheckoutKind {
			orderID = v.Saga.OrderID
		}
		return s.store.CalmSaga(ctx, sagaID, orderID)
	})
}

// act does something to a locked saga and writes it down in the same transaction.
func (s *Service) act(ctx context.Context, a Action, do func(context.Context, View) error) (View, Action, error) {
	if err := staffOnly(ctx); err != nil {
		return View{}, Action{}, err
	}
	a.Actor = order.ActorOf(ctx)
	var after View
	err := s.store.Tx(ctx, func(ctx context.Context) error {
		before, err := s.store.LockSaga(ctx, a.SagaID)
		if err != nil {
			return err
		}
		s.judge(&before)
		if err := do(ctx, before); err != nil {
			return err
		}
		a.State, a.Step = before.Saga.State, before.Saga.Step
		if err := s.store.AppendAction(ctx, &a); err != nil {
			return err
		}
		after, err = s.store.FindSaga(ctx, a.SagaID)
		return err
	})
	if err != nil {
		return View{}, Action{}, fmt.Errorf("%s saga: %w", a.Kind, err)
	}
	s.judge(&after)
	return after, a, nil
}

func staffOnly(ctx context.Context) error {
	switch identity.From(ctx).Kind {
	case identity.Staff, identity.Service:
		return nil
	case identity.Anonymous:
		return errs.Unauthorized.New("Log in as staff.")
	default:
		return errs.Forbidden.New("Only staff may see and move sagas.")
	}
}
