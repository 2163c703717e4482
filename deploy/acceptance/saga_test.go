package acceptance_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	storefrontv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/storefront/v1"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// unpaid is an order that was placed and whose capture the bank then refused.
func (s *shop) unpaid(t *testing.T, b *basket) *storefrontv1.Order {
	t.Helper()
	order := b.buy(redirect("wallet"))
	s.misbehave(t, fault{Kind: "capture", OrderReference: order.GetId(), Action: "refuse", Count: 1})
	s.decide(t, order.GetPayment().GetNextAction().GetUrl(), "approve")
	b.resume(order.GetId())
	order = b.settled(order.GetId())
	require.Equal(t, storefrontv1.PaymentStatus_PAYMENT_STATUS_PROBLEM, order.GetPaymentStatus())
	return order
}

func sagaCall(sagaID, action, reason string) shopclient.Call {
	return shopclient.Call{Verb: http.MethodPost, Path: "/admin/v1/sagas/" + sagaID + "/" + action, Key: id.New(), In: &adminv1.ResumeSagaRequest{Reason: reason}}
}

func (c *caller) saga(sagaID string) *adminv1.Saga {
	c.t.Helper()
	answer := &adminv1.GetSagaResponse{}
	c.get("/admin/v1/sagas/"+sagaID, answer)
	require.NotEmpty(c.t, answer.GetHistory())
	return answer.GetSaga()
}

func (c *caller) sagaActions(sagaID string) []*adminv1.SagaAction {
	c.t.Helper()
	answer := &adminv1.ListSagaActionsResponse{}
	c.get("/admin/v1/sagas/"+sagaID+"/actions", answer)
	return answer.GetActions()
}

// When this fails nobody can end a checkout whose buyer is gone: its stock stays held, and the person at night has no button.
func TestOperatorEndsACheckout(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 1}, m)
	staff := theShop.staff(t)
	b := theShop.guest(t).fill(m, units(thing, 1)).ready()
	order := b.buy(redirect("wallet"))
	thing.left(1, 0)

	waiting := &adminv1.ListSagasResponse{}
	staff.get("/admin/v1/sagas?"+url.Values{"orderId": {order.GetId()}, "state": {"SAGA_STATE_WAITING"}}.Encode(), waiting)
	require.Len(t, waiting.GetSagas(), 1)
	found := waiting.GetSagas()[0]
	require.Equal(t, "await_payment", found.GetStep())
	require.True(t, found.GetReversible())
	require.NotEmpty(t, found.GetReservationId())
	require.NotEmpty(t, found.GetPaymentId())

	staff.refused(http.StatusBadRequest, "FIELD_REQUIRED", shopclient.Call{Verb: http.MethodPost, Path: "/admin/v1/sagas/" + order.GetId() + "/compensate", In: &adminv1.CompensateSagaRequest{}}, "reason")
	call := sagaCall(order.GetId(), "compensate", "the buyer called")
	for range 2 { // an impatient thumb
		require.NoError(t, staff.try(call, nil))
	}
	require.Equal(t, cancelled, b.settled(order.GetId()).GetStatus())
	thing.left(1, 1)
	require.Equal(t, adminv1.SagaState_SAGA_STATE_FAILED, staff.saga(order.GetId()).GetState())
	actions := staff.sagaActions(order.GetId())
	require.Len(t, actions, 1, "pressed twice, done once")
	require.Equal(t, adminv1.SagaActionKind_SAGA_ACTION_KIND_COMPENSATE, actions[0].GetKind())
	require.Equal(t, "the buyer called", actions[0].GetReason())
	require.NotEmpty(t, actions[0].GetActor())
	staff.refused(http.StatusConflict, "SAGA_ENDED", sagaCall(order.GetId(), "resume", "try"))
	b.bought(card("ok"))
}

// When this fails an order is undone behind its buyer's back, or an order that nobody paid is found by nobody, or goes on calling
// although somebody has taken care of it.
func TestOperatorCannotUndoAnOrder(t *testing.T) {
	t.Parallel()
	m := theShop.market(gb)
	thing := theShop.sell(t, goods{price: "10.00", stock: 5}, m)
	staff := theShop.staff(t)
	order := theShop.unpaid(t, theShop.guest(t).fill(m, units(thing, 1)).ready())
	flagged := &adminv1.ListSagasResponse{}
	staff.get("/admin/v1/sagas?"+url.Values{"needsAttention": {"true"}, "orderId": {order.GetId()}}.Encode(), flagged)
	require.Len(t, flagged.GetSagas(), 1)
	require.Equal(t, order.GetNumber(), flagged.GetSagas()[0].GetOrderNumber())
	require.False(t, flagged.GetSagas()[0].GetReversible())
	staff.refused(http.StatusConflict, "SAGA_ENDED", sagaCall(order.GetId(), "compensate", "nobody paid"))
	require.NoError(t, staff.try(sagaCall(order.GetId(), "handled", "paid by transfer"), nil))
	require.False(t, staff.saga(order.GetId()).GetNeedsAttention())
	require.False(t, staff.adminOrder(order.GetId()).GetNeedsAttention())
	staff.refused(http.StatusConflict, "SAGA_NO_ATTENTION", sagaCall(order.GetId(), "handled", "again"))
	staff.refused(http.StatusNotFound, "SAGA_NOT_FOUND", sagaCall(id.Secret(), "handled", "x"))
	require.Equal(t, placed, theShop.guest(t).order(order.GetId()).GetStatus())
}
