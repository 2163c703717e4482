package checkout_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// took are the ended spans of workers that took up sagas.
func (s *shop) took() (list []sdktrace.ReadOnlySpan) {
	for _, one := range s.spans.Ended() {
		if one.Name() == "saga checkout" {
			list = append(list, one)
		}
	}
	return list
}

// dies lets a checkout by card begin in a process that dies when it asks for the payment, and returns the span it began in.
func (s *shop) dies(traced bool) (*buyer, trace.SpanContext) {
	b, victim := s.buyer("", false, 0), s.process()
	s.faults.arm(b.requestID, "AuthorizePayment", armed{fault: killBefore, kill: victim.kill})
	span := trace.SpanFromContext(context.Background())
	if traced {
		victim.ctx, span = s.tracer.Start(victim.ctx, "request")
	}
	_, _ = b.buy(victim, "card", "tok_ok") // what a dying process answers nobody hears
	require.True(s.t, s.faults.wasHit(b.requestID, "AuthorizePayment"))
	return b, span.SpanContext()
}

// When it fails, whoever looks at the trace of a checkout whose process died sees it stop, and not how it ended.
func TestASagaGoesOnInTheTraceItBeganIn(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	b, cause := s.dies(true)
	s.process().work()
	s.ended(b.order().ID, pickedUp)
	b.bought(t, b.order().ID)
	require.Eventually(t, func() bool { return len(s.took()) == 1 }, pickedUp, 20*time.Millisecond)
	span := s.took()[0]
	require.Equal(t, cause.TraceID(), span.SpanContext().TraceID())
	require.Equal(t, cause.SpanID(), span.Parent().SpanID())
}

// When it fails, the trace of a checkout that waits for days grows with every look at it, or nothing leads from a late look to the
// request that began it.
func TestAnOldSagaHasATraceOfItsOwnWithALink(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	b, cause := s.dies(true)
	s.age(b.order().ID)
	s.process().work()
	s.ended(b.order().ID, pickedUp)
	require.Eventually(t, func() bool { return len(s.took()) == 1 }, pickedUp, 20*time.Millisecond)
	span := s.took()[0]
	require.NotEqual(t, cause.TraceID(), span.SpanContext().TraceID())
	require.False(t, span.Parent().IsValid())
	require.Len(t, span.Links(), 1)
	require.Equal(t, cause.SpanID(), span.Links()[0].SpanContext.SpanID())
}

// age makes a saga as old as one that waited for its buyer over lunch.
func (s *shop) age(sagaID string) {
	_, err := s.database.DB.Exec(patient(), "UPDATE saga SET created_at = created_at - interval '1 hour' WHERE id = $1", sagaID)
	require.NoError(s.t, err)
}

// When it fails, sagas of the last release, and of requests that nobody traces, are not worked on or fill traces of their own.
func TestASagaWithoutATraceHasNone(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	b, _ := s.dies(false)
	var kept *string
	require.NoError(t, s.database.DB.QueryRow(patient(), "SELECT traceparent FROM saga WHERE id = $1", b.order().ID).Scan(&kept))
	require.Nil(t, kept)
	s.process().work()
	s.ended(b.order().ID, pickedUp)
	b.bought(t, b.order().ID)
	require.Empty(t, s.took())
}

// When it fails, nothing leads from the request of a buyer who comes back from the bank to the checkout that it went on with.
func TestARequestThatGoesOnWithASagaIsLinkedToItsTrace(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	b, p := s.buyer("", false, 0), s.process()
	calling := p.ctx
	began, cause := s.tracer.Start(calling, "checkout")
	p.ctx = began
	o, err := b.buy(p, "card", "tok_3ds")
	require.NoError(t, err)
	require.Equal(t, cartv1.OrderStatus_ORDER_STATUS_REQUIRES_ACTION, o.GetStatus())
	s.payment.approve(o.GetId())
	back, request := s.tracer.Start(calling, "resume")
	_, err = p.checkouts.ResumeCheckout(b.calling(back), &cartv1.ResumeCheckoutRequest{OrderId: o.GetId(), RequestId: id.New()})
	require.NoError(t, err)
	b.bought(t, o.GetId())
	request.End()
	span, ok := request.(sdktrace.ReadOnlySpan)
	require.True(t, ok)
	require.NotEmpty(t, span.Links())
	require.Equal(t, cause.SpanContext().SpanID(), span.Links()[0].SpanContext.SpanID())
	require.NotEqual(t, cause.SpanContext().TraceID(), span.SpanContext().TraceID())
}
