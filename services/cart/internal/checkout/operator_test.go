package checkout_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
)

// stuck is a checkout that cannot go on because the service behind method does not answer it; nobody works on it, and it calls for
// a person.
func (s *shop) stuck(p *process, b *buyer, token, method string) *order.Order {
	o := s.stuckAt(p, b, token, method)
	_, err := s.database.DB.Exec(patient(), "UPDATE saga SET next_run_at = now() + interval '1 hour', needs_attention = true WHERE id = $1", o.ID)
	require.NoError(s.t, err)
	return o
}

func (s *shop) stuckAt(p *process, b *buyer, token, method string) *order.Order {
	s.faults.fail(b.requestID, method, lostRequest)
	ctx, hangUp := context.WithCancel(b.calling(p.ctx))
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = p.checkouts.Checkout(ctx, b.request(id.New(), "card", token)) // hangs until the buyer hangs up
	}()
	holds := func(condition string) func() bool {
		return func() bool {
			var found bool
			err := s.database.DB.QueryRow(patient(), "SELECT count(*) = 1 FROM saga JOIN sales_order ON sales_order.id = order_id WHERE cart_id = $1 AND "+condition, b.cart.ID).Scan(&found)
			return err == nil && found
		}
	}
	require.Eventually(s.t, holds("attempts > 0"), pickedUp, 20*time.Millisecond)
	hangUp()
	<-gone
	require.Eventually(s.t, holds("lease = '' AND attempts > 0"), pickedUp, 20*time.Millisecond)
	return b.order()
}

func (p *process) listSagas(t *testing.T, req *cartv1.ListSagasRequest) []*cartv1.Saga {
	resp, err := p.sagas.ListSagas(asStaff(p.ctx), req)
	require.NoError(t, err)
	return resp.GetSagas()
}

// Somebody who is called at night finds the checkout that hangs, reads where and why, and makes it go on at once; what they did
// and why is on record, once, however often the button was pressed.
func TestOperatorResumesAStuckCheckout(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p := s.process().work()
	b := s.buyer("", true, 1200)
	o := s.stuck(p, b, "tok_ok", "Reserve")

	found := p.listSagas(t, &cartv1.ListSagasRequest{NeedsAttention: true, Step: "reserve_stock", Kind: cartv1.SagaKind_SAGA_KIND_CHECKOUT})
	require.Len(t, found, 1)
	require.Equal(t, o.ID, found[0].GetSagaId())
	require.Equal(t, o.PaymentID, found[0].GetPaymentId())
	require.Equal(t, o.ReservationID, found[0].GetReservationId())
	require.True(t, found[0].GetReversible())
	require.False(t, found[0].GetInProgress())
	require.NotNil(t, found[0].GetDeadline())
	require.NotNil(t, found[0].GetNextRunAt())
	require.Contains(t, found[0].GetLastError(), "reserve stock")
	require.Positive(t, found[0].GetAttempts())
	got, err := p.sagas.GetSaga(asStaff(p.ctx), &cartv1.GetSagaRequest{SagaId: o.ID})
	require.NoError(t, err)
	require.Len(t, got.GetHistory(), 2)
	require.Equal(t, "confirm_quote ok", got.GetHistory()[0].GetStep()+" "+got.GetHistory()[0].GetOutcome())
	require.Equal(t, "reserve_stock failed", got.GetHistory()[1].GetStep()+" "+got.GetHistory()[1].GetOutcome())
	require.Equal(t, found[0].GetAttempts(), got.GetHistory()[1].GetTimes())

	s.faults.mend(b.requestID, "Reserve")
	req := &cartv1.ResumeSagaRequest{SagaId: o.ID, RequestId: id.New(), Reason: "inventory is back"}
	var first *cartv1.ResumeSagaResponse
	for range 3 {
		resp, err := p.sagas.ResumeSaga(asStaff(b.calling(p.ctx)), req)
		require.NoError(t, err)
		if first == nil {
			first = resp
		}
		require.Equal(t, first.GetAction().GetId(), resp.GetAction().GetId())
	}
	_, err = p.sagas.ResumeSaga(asStaff(p.ctx), &cartv1.ResumeSagaRequest{SagaId: o.ID, RequestId: req.GetRequestId(), Reason: "another"})
	require.ErrorIs(t, err, errs.IdempotencyKeyReused.Err())
	s.ended(o.ID, pickedUp)
	b.bought(t, o.ID)
	require.Empty(t, p.listSagas(t, &cartv1.ListSagasRequest{NeedsAttention: true}), "what went on calls nobody")

	trail, err := p.sagas.ListSagaActions(asStaff(p.ctx), &cartv1.ListSagaActionsRequest{SagaId: o.ID})
	require.NoError(t, err)
	require.Len(t, trail.GetActions(), 1)
	done := trail.GetActions()[0]
	require.Equal(t, cartv1.SagaActionKind_SAGA_ACTION_KIND_RESUME, done.GetKind())
	require.Equal(t, "staff clerk: inventory is back", done.GetActorKind()+" "+done.GetActor()+": "+done.GetReason())
	require.Equal(t, b.requestID, done.GetRequestId())
	require.Equal(t, "reserve_stock", done.GetStep())
	require.NotNil(t, done.GetOccurredAt())
	_, err = p.sagas.ResumeSaga(asStaff(p.ctx), &cartv1.ResumeSagaRequest{SagaId: o.ID, RequestId: id.New(), Reason: "again"})
	require.Equal(t, "SAGA_ENDED", errs.ReasonOf(err))
}

// A checkout that will never get through is ended by a person: the buyer has the cart back and nothing is held. Once the order is
// placed that button does nothing but say what to press instead: an order is never undone behind the buyer's back.
func TestOperatorCompensates(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p := s.process().work()
	compensate := func(sagaID string) (*cartv1.Saga, error) {
		resp, err := p.sagas.CompensateSaga(asStaff(p.ctx), &cartv1.CompensateSagaRequest{SagaId: sagaID, RequestId: id.New(), Reason: "provider is gone for good"})
		return resp.GetSaga(), err
	}
	b := s.buyer("", true, 1200)
	o := s.stuck(p, b, "tok_ok", "AuthorizePayment")
	saga, err := compensate(o.ID)
	require.NoError(t, err)
	require.True(t, saga.GetCancelRequested())
	s.ended(o.ID, pickedUp)
	b.gaveUp(t, o.ID)
	require.Equal(t, order.Cancelled, b.order().Status)
	require.Empty(t, p.listSagas(t, &cartv1.ListSagasRequest{NeedsAttention: true}), "what has ended calls nobody")
	_, err = compensate(o.ID)
	require.Equal(t, "SAGA_ENDED", errs.ReasonOf(err))

	b = s.buyer("", true, 1200)
	o = s.stuck(p, b, "tok_ok", "CommitReservation")
	_, err = compensate(o.ID)
	require.Equal(t, "SAGA_NOT_REVERSIBLE", errs.ReasonOf(err))
	require.Equal(t, errs.FailedPrecondition, errs.CodeOf(err))
	require.Contains(t, err.Error(), "Cancel or refund")
	trail, err := p.sagas.ListSagaActions(asStaff(p.ctx), &cartv1.ListSagaActionsRequest{SagaId: o.ID})
	require.NoError(t, err)
	require.Empty(t, trail.GetActions(), "what was refused was not done")
	s.faults.mend(b.requestID, "CommitReservation")
	_, err = p.sagas.ResumeSaga(asStaff(p.ctx), &cartv1.ResumeSagaRequest{SagaId: o.ID, RequestId: id.New(), Reason: "try"})
	require.NoError(t, err)
	s.ended(o.ID, pickedUp)
	b.bought(t, o.ID)

	d := s.sold(p, "", "card", "tok_slowrefund", 0)
	refund, err := d.refund(&cartv1.RefundOrderRequest{Lines: d.item(0, 1)})
	require.NoError(t, err)
	_, err = compensate(refund.GetId())
	require.Equal(t, "SAGA_NOT_REVERSIBLE", errs.ReasonOf(err))
	_, err = compensate(id.Secret())
	require.Equal(t, "SAGA_NOT_FOUND", errs.ReasonOf(err))
}

// A person who presses compensate while the order is being placed gets one of two honest answers, never a placed order whose
// payment was given back.
func TestCompensateRacesThePivot(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p := s.process().work()
	var crowd sync.WaitGroup
	for range 12 {
		b := s.buyer("", true, 1200)
		crowd.Go(func() { _, _ = b.buy(p, "card", "tok_ok") })
		crowd.Go(func() {
			var o *order.Order
			for o == nil {
				o = b.order()
			}
			_, err := p.sagas.CompensateSaga(asStaff(p.ctx), &cartv1.CompensateSagaRequest{SagaId: o.ID, RequestId: id.New(), Reason: "race"})
			s.ended(o.ID, pickedUp)
			if err == nil {
				b.gaveUp(t, o.ID)
				return
			}
			require.Contains(t, []string{"SAGA_NOT_REVERSIBLE", "SAGA_ENDED"}, errs.ReasonOf(err))
			b.bought(t, o.ID)
		})
	}
	crowd.Wait()
}

// What was taken care of stops calling, with a note of what was done, and calls again only when it goes on failing.
func TestOperatorMarksHandled(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p := s.process()
	handle := func(sagaID, note string) error {
		_, err := p.sagas.MarkSagaHandled(asStaff(p.ctx), &cartv1.MarkSagaHandledRequest{SagaId: sagaID, RequestId: id.New(), Reason: note})
		return err
	}
	d := s.sold(p, "", "card", "tok_nocapture", 0)
	flagged := p.listSagas(t, &cartv1.ListSagasRequest{NeedsAttention: true})
	require.Len(t, flagged, 1)
	require.Equal(t, d.order.GetId(), flagged[0].GetSagaId(), "an order that calls is found by its checkout, also when that has ended")
	require.Equal(t, cartv1.SagaState_SAGA_STATE_DONE, flagged[0].GetState())
	require.Equal(t, d.order.GetNumber(), flagged[0].GetOrderNumber())
	require.NoError(t, handle(d.order.GetId(), "the buyer pays by transfer"))
	require.Empty(t, p.listSagas(t, &cartv1.ListSagasRequest{NeedsAttention: true}))
	require.False(t, d.b.order().NeedsAttention)
	require.True(t, d.b.order().Money.Problem, "the fact stays: nothing ships before it is paid")
	require.Equal(t, "SAGA_NO_ATTENTION", errs.ReasonOf(handle(d.order.GetId(), "again")))

	b := s.buyer("", false, 0)
	o := s.stuck(p, b, "tok_ok", "Reserve")
	require.NoError(t, handle(o.ID, "told the people of inventory"))
	got, err := p.sagas.GetSaga(asStaff(p.ctx), &cartv1.GetSagaRequest{SagaId: o.ID})
	require.NoError(t, err)
	require.False(t, got.GetSaga().GetNeedsAttention())
	require.Zero(t, got.GetSaga().GetAttempts())
	s.faults.mend(b.requestID, "Reserve")
	_, err = p.sagas.ResumeSaga(asStaff(p.ctx), &cartv1.ResumeSagaRequest{SagaId: o.ID, RequestId: id.New(), Reason: "inventory is back"})
	require.NoError(t, err)
	p.work()
	s.ended(o.ID, pickedUp)
	b.bought(t, o.ID)

	trail, err := p.sagas.ListSagaActions(asStaff(p.ctx), &cartv1.ListSagaActionsRequest{SagaId: o.ID, PageSize: 1})
	require.NoError(t, err)
	require.Equal(t, "told the people of inventory", trail.GetActions()[0].GetReason())
	trail, err = p.sagas.ListSagaActions(asStaff(p.ctx), &cartv1.ListSagaActionsRequest{SagaId: o.ID, PageToken: trail.GetNextPageToken()})
	require.NoError(t, err)
	require.Len(t, trail.GetActions(), 1)
	require.Equal(t, cartv1.SagaActionKind_SAGA_ACTION_KIND_RESUME, trail.GetActions()[0].GetKind())
	for _, forgery := range []string{"UPDATE saga_action SET reason = 'x'", "DELETE FROM saga_action", "TRUNCATE saga_action"} {
		_, err := s.database.DB.Exec(p.ctx, forgery)
		require.ErrorContains(t, err, "42501", "%s must be refused by the database", forgery)
	}
}

// Pages of stuck checkouts show each once, the filters add up, and nobody but staff sees any.
func TestListSagasPagesAndFilters(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	p := s.process()
	want := map[string]bool{}
	for range 5 {
		b := s.buyer("", false, 0)
		o, err := b.buy(p, "card", "tok_3ds")
		require.NoError(t, err)
		want[o.GetId()] = true
	}
	done := s.sold(p, "", "card", "tok_ok", 0).order
	refused := s.buyer("", false, 0)
	_, err := refused.buy(p, "card", "tok_declined")
	require.Error(t, err)
	req := &cartv1.ListSagasRequest{State: cartv1.SagaState_SAGA_STATE_WAITING, PageSize: 2}
	for pages := 0; ; pages++ {
		require.Less(t, pages, 3)
		resp, err := p.sagas.ListSagas(asStaff(p.ctx), req)
		require.NoError(t, err)
		for _, g := range resp.GetSagas() {
			require.True(t, want[g.GetSagaId()], "each comes once")
			delete(want, g.GetSagaId())
		}
		if resp.GetNextPageToken() == "" {
			break
		}
		req.PageToken = resp.GetNextPageToken()
		_, err = p.sagas.ListSagas(asStaff(p.ctx), &cartv1.ListSagasRequest{PageToken: req.GetPageToken()})
		require.Equal(t, "PAGE_TOKEN_INVALID", errs.ReasonOf(err))
	}
	require.Empty(t, want)
	require.Len(t, p.listSagas(t, &cartv1.ListSagasRequest{}), 5, "what ended is left out")
	require.Empty(t, p.listSagas(t, &cartv1.ListSagasRequest{MinAgeSeconds: 3600}))
	require.Empty(t, p.listSagas(t, &cartv1.ListSagasRequest{Kind: cartv1.SagaKind_SAGA_KIND_REFUND}))
	require.Equal(t, done.GetId(), p.listSagas(t, &cartv1.ListSagasRequest{OrderId: done.GetId()})[0].GetSagaId())
	require.Equal(t, refused.order().ID, p.listSagas(t, &cartv1.ListSagasRequest{State: cartv1.SagaState_SAGA_STATE_FAILED})[0].GetSagaId())
	ada := identity.With(p.ctx, identity.Principal{Kind: identity.Customer, Subject: "ada"})
	for ctx, code := range map[context.Context]errs.Code{p.ctx: errs.Unauthenticated, ada: errs.PermissionDenied} {
		_, err := p.sagas.ListSagas(ctx, &cartv1.ListSagasRequest{})
		require.Equal(t, code, errs.CodeOf(err))
		_, err = p.sagas.GetSaga(ctx, &cartv1.GetSagaRequest{SagaId: done.GetId()})
		require.Equal(t, code, errs.CodeOf(err))
		_, err = p.sagas.ListSagaActions(ctx, &cartv1.ListSagaActionsRequest{SagaId: done.GetId()})
		require.Equal(t, code, errs.CodeOf(err))
		_, err = p.sagas.CompensateSaga(ctx, &cartv1.CompensateSagaRequest{SagaId: done.GetId(), RequestId: id.New(), Reason: "x"})
		require.Equal(t, code, errs.CodeOf(err))
	}
}
