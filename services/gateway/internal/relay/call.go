package relay

import (
	"context"

	"github.com/cartwright-shop/cartwright/services/gateway/internal/callkey"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// requestIDField is the field of the internal contracts that takes the idempotency key.
const requestIDField protoreflect.Name = "request_id"

// replayedHeader tells that an answer was stored when the same key came first; it goes on to the client.
const replayedHeader = "idempotent-replayed"

// method is a method of a generated client.
type method[Req, Resp proto.Message] func(context.Context, Req, ...grpc.CallOption) (Resp, error)

// Call copies the public request into the service's, sends it, and copies the answer back. Both messages are made of the
// types of send and Out. A field that the service does not know is found by a test over all contracts, not here.
func Call[Out, Req, Resp proto.Message](ctx context.Context, m *Mapper, public proto.Message, send method[Req, Resp]) (Out, error) {
	var none Out
	inner := empty[Req]()
	out := empty[Out]()
	message := inner.ProtoReflect()
	if err := m.Copy(message, public.ProtoReflect()); err != nil {
		return none, err
	}
	if field := message.Descriptor().Fields().ByName(requestIDField); field != nil {
		message.Set(field, protoreflect.ValueOfString(callkey.RequestID(ctx)))
	}
	var header metadata.MD
	answer, err := send(ctx, inner, grpc.Header(&header))
	if len(header.Get(replayedHeader)) > 0 {
		_ = grpc.SetHeader(ctx, metadata.Pairs(replayedHeader, "true"))
	}
	if err != nil {
		return none, publicPaths(err)
	}
	if err := m.Copy(out.ProtoReflect(), answer.ProtoReflect()); err != nil {
		return none, err
	}
	return out, nil
}

// empty makes an empty message of a generated type.
func empty[M proto.Message]() M {
	var zero M
	return zero.ProtoReflect().New().Interface().(M)
}
