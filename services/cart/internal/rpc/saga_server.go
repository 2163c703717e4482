package rpc

import (
	"context"

	"google.golang.org/protobuf/proto"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/operator"
	"github.com/cartwright-shop/cartwright/services/cart/internal/order"
	"github.com/cartwright-shop/cartwright/services/cart/internal/saga"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
)

const sagaService = "cartwright.cart.v1.SagaService/"

// SagaServer serves SagaService.
type SagaServer struct {
	cartv1.UnimplementedSagaServiceServer
	service *operator.Service
	keeper  *idempotency.Keeper
	kick    func()
}

// NewSagaServer makes the server. Kick makes the worker look for due work at once.
func NewSagaServer(service *operator.Service, keeper *idempotency.Keeper, kick func()) *SagaServer {
	return &SagaServer{service: service, keeper: keeper, kick: kick}
}

// sagaWish is a request to do something to a saga.
type sagaWish interface {
	proto.Message
	GetSagaId() string
	GetRequestId() string
	GetReason() string
}

// sagaAct is one method of SagaService that does something to a saga.
type sagaAct struct {
	method string
	do     func(ctx context.Context, sagaID, reason string) (operator.View, operator.Action, error)
}

// actOnce acts once per key, in one transaction with the stored answer, and lets the worker look at once.
func actOnce[R proto.Message](
	ctx context.Context, s *SagaServer, req sagaWish, act sagaAct, respond func(*cartv1.Saga, *cartv1.SagaAction) R,
) (R, error) {
	var none R
	if err := needKey(req.GetRequestId()); err != nil {
		return none, err
	}
	call := idempotency.NewCall(ctx, sagaService+act.method, req.GetRequestId(), req)
	resp, err := idempotency.Do(ctx, s.keeper, call, none, func(ctx context.Context) (R, error) {
		view, action, err := act.do(ctx, req.GetSagaId(), req.GetReason())
		if err != nil {
			return none, err
		}
		return respond(sagaToProto(view), actionToProto(action)), nil
	})
	if err != nil {
		return none, err
	}
	s.kick()
	return resp, nil
}

func sagaKinds() map[string]cartv1.SagaKind {
	return map[string]cartv1.SagaKind{
		order.CheckoutKind: cartv1.SagaKind_SAGA_KIND_CHECKOUT,
		order.RefundKind:   cartv1.SagaKind_SAGA_KIND_REFUND,
		order.ShipmentKind: cartv1.SagaKind_SAGA_KIND_SHIPMENT,
	}
}

func sagaStates() map[saga.State]cartv1.SagaState {
	return map[saga.State]cartv1.SagaState{
		saga.Running:      cartv1.SagaState_SAGA_STATE_RUNNING,
		saga.Waiting:      cartv1.SagaState_SAGA_STATE_WAITING,
		saga.Compensating: cartv1.SagaState_SAGA_STATE_COMPENSATING,
		saga.Done:         cartv1.SagaState_SAGA_STATE_DONE,
		saga.Failed:       cartv1.SagaState_SAGA_STATE_FAILED,
	}
}

func actionKinds() map[operator.Kind]cartv1.SagaActionKind {
	return map[operator.Kind]cartv1.SagaActionKind{
		operator.Resume:     cartv1.SagaActionKind_SAGA_ACTION_KIND_RESUME,
		operator.Compensate: cartv1.SagaActionKind_SAGA_ACTION_KIND_COMPENSATE,
		operator.Handled:    cartv1.SagaActionKind_SAGA_ACTION_KIND_HANDLED,
	}
}

func sagaToProto(v operator.View) *cartv1.Saga {
	g := v.Saga
	msg := &cartv1.Saga{
		SagaId: g.ID, Kind: sagaKinds()[g.Kind], State: sagaStates()[g.State], Step: g.Step, Attempts: int32(g.Attempts), LastError: g.LastError,
		Deadline: timestamp(g.Deadline), CreatedAt: timestamp(v.CreatedAt), UpdatedAt: timestamp(v.UpdatedAt),
		AgeSeconds: int64(v.Age.Seconds()), NeedsAttention: g.NeedsAttention, CancelRequested: g.CancelRequested,
		InProgress: v.InProgress, Reversible: v.Reversible, OrderId: g.OrderID, OrderNumber: v.OrderNumber,
		PaymentId: v.PaymentID, ReservationId: v.ReservationID, Version: g.Version,
	}
	if !g.State.Ended() {
		msg.NextRunAt = timestamp(g.NextRunAt)
	}
	return msg
}

func passesToProto(passes []saga.Pass) []*cartv1.SagaPass {
	var all []*cartv1.SagaPass
	for _, p := range passes {
		all = append(all, &cartv1.SagaPass{
			Step: p.Step, State: sagaStates()[p.State], Outcome: string(p.Outcome), Times: int32(p.Times), Error: p.Error, OccurredAt: timestamp(p.At),
		})
	}
	return all
}

func actionToProto(a operator.Action) *cartv1.SagaAction {
	return &cartv1.SagaAction{
		Id: a.ID, SagaId: a.SagaID, Kind: actionKinds()[a.Kind], ActorKind: a.Actor.Kind, Actor: a.Actor.Subject,
		RequestId: a.Actor.RequestID, Reason: a.Reason, State: sagaStates()[a.State], Step: a.Step, OccurredAt: timestamp(a.At),
	}
}
